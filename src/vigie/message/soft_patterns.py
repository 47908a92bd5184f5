"""Which patterns of wrong bits are tried: the cheap ones first, then pairs of them that fit together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vigie.message.soft_basis import Basis, Floats, Numbers

MARGIN = 4.0
"""patterns that cost this much (nats) more than the best word are still looked at, for the list and its priors"""
SURE = 9.0
"""no further search when all words not yet tried are together this much (nats) less likely than the best"""
_STRIDE = 2000.0
"""more than any bit can cost"""
_MOST = 4
"""wrong basis bits in any pattern tried"""


@dataclass(frozen=True)
class Effort:
    """How far the search goes."""

    order: int
    """wrong basis bits tried at most, all patterns that are cheap enough"""
    patterns: int
    """patterns tried per word and order at most; the cheapest are kept"""
    chunk: int
    """words worked on together"""
    band: int = 0
    """width of the band in which two patterns must fit together, 0: no matching; at most 16"""


EFFORT = {"BCH-1": Effort(3, 6000, 128), "BCH-2": Effort(3, 3000, 256), "BCH": Effort(2, 30000, 32, 16)}


class Tried(NamedTuple):
    """Patterns tried, each of them a code word."""

    word: NDArray[np.int64]
    """the received word each belongs to"""
    places: NDArray[np.int16]
    """(..., 4) wrong basis bits, the most reliable first; -1: none"""
    flips: Numbers
    """wrong parity bits"""
    cost: Floats
    """of all wrong bits"""
    spent: Floats
    """of the wrong basis bits alone"""


def _joined(parts: list[Tried]) -> Tried:
    return Tried(*(np.concatenate([getattr(part, name) for part in parts]) for name in Tried._fields))


def log_untried(basis: Basis, share: Floats) -> Floats:
    """(W,) log-probability of all code words of patterns not tried, as for a random code.

    ``share`` (W,): the sum of exp(-basis cost) over the patterns tried.
    """
    return np.asarray(np.log(np.clip(1.0 - np.exp(basis.log_right) * share, 1e-16, 1.0)) - basis.parity * np.log(2.0))


def patterns(basis: Basis, effort: Effort, log_hard: Floats) -> tuple[Tried, Floats]:
    """Every pattern worth trying, and the sum of exp(-basis cost) of what was covered for each word (W,)."""
    tried, share = _cheap(basis, effort)
    if effort.band:
        tried = _deepened(tried, share, basis, effort, log_hard)
    return tried, share


def _parity_cost(word: NDArray[np.int64], flips: Numbers, table: Floats) -> Floats:
    groups = table.shape[1]
    flat = table.reshape(-1)
    pattern = flips.astype("<u8", copy=False).view(np.uint8).reshape(-1, 8)
    at = word * (groups * 256)
    cost: Floats = np.take(flat, at + pattern[:, 0])
    for group in range(1, groups):
        cost += np.take(flat, at + (group * 256) + pattern[:, group])
    return cost


def _cheap(basis: Basis, effort: Effort) -> tuple[Tried, Floats]:
    """Patterns of up to ``order`` wrong basis bits that cost less than the best word found so far, order by order."""
    count, size = basis.cost.shape
    # one rising sequence over all words, so that one search tells how many basis bits are cheap enough
    keys = (basis.cost + _STRIDE * np.arange(count)[:, None]).reshape(-1)
    costs, flips = basis.cost.reshape(-1), basis.flips.reshape(-1)
    word = np.arange(count)
    limit = np.full(count, size)
    spent, flipped = np.zeros(count), basis.base
    places = np.full((count, _MOST), -1, np.int16)
    cost = _parity_cost(word, flipped, basis.table)
    best = cost.copy()
    share = np.ones(count)
    levels = [Tried(word, places, flipped, cost, spent)]
    for level in range(effort.order):
        number = _cheap_enough(keys, word, spent, limit, best + MARGIN, effort.patterns, level)
        if not number.any():
            break
        parent = np.repeat(np.arange(word.size), number)
        limit = np.arange(parent.size) - (np.cumsum(number) - number)[parent]
        word = word[parent]
        at = word * size + limit
        spent, flipped = spent[parent] + costs[at], flipped[parent] ^ flips[at]
        places = places[parent]
        places[:, level] = limit
        cost = spent + _parity_cost(word, flipped, basis.table)
        np.minimum.at(best, word, cost)
        share += np.bincount(word, np.exp(-spent), minlength=count)
        levels.append(Tried(word, places, flipped, cost, spent))
    return _joined(levels), share


def _cheap_enough(
    keys: Floats, word: NDArray[np.int64], spent: Floats, limit: NDArray[np.int64], bound: Floats, most: int, level: int
) -> NDArray[np.int64]:
    """How many basis bits below ``limit`` each pattern can still take within its word's ``bound``.

    A word with more than ``most`` patterns gets a lower bound.
    """
    count = bound.size
    size = keys.size // count
    number = np.zeros(word.size, np.int64)
    for _ in range(8):
        room = np.minimum(bound[word] - spent, _STRIDE / 2)
        below = np.searchsorted(keys, _STRIDE * word + np.maximum(room, 0)) - word * size
        number = np.where(room > 0, np.minimum(limit, below), 0)
        per_word = np.bincount(word, number, minlength=count)
        over = per_word > most
        if not over.any():
            break
        shrink = 0.97 * (most / per_word[over]) ** (1 / (level + 1))
        bound[over] *= np.maximum(shrink, 0.5)
    return number


def _deepened(tried: Tried, share: Floats, basis: Basis, effort: Effort, log_hard: Floats) -> Tried:
    """``tried`` with patterns of three and four for the words still unsure; ``share`` grows by what was covered.

    Box and match (Valembois and Fossorier, IEEE Trans. Inf. Theory 50, 2004): of all pairs of patterns of up to two
    wrong bits only those are looked at that leave no error, then one, in the band of the most reliable parity bits;
    a table of the band's bits finds them at once.
    """
    best = np.full(log_hard.size, np.inf)
    np.minimum.at(best, tried.word, tried.cost)
    parts = [tried]
    for errors, covered in enumerate(_shares(basis, effort.band)):
        unsure = np.flatnonzero(log_untried(basis, share) > log_hard - best - SURE)
        for word in unsure.tolist():
            more = _matched(tried, basis, word, best[word] + MARGIN, effort.band, errors)
            parts.append(more)
            best[word] = min(best[word], more.cost.min(initial=np.inf))
        share[unsure] += covered[unsure]
    return _joined(parts)


def _matched(tried: Tried, basis: Basis, word: int, limit: float, width: int, errors: int) -> Tried:
    """Patterns of three and four of one word that cost less than ``limit``, with 0 or 1 ``errors`` in the band."""
    mine = np.flatnonzero(tried.word == word)
    high, low, spent = tried.places[mine, 0], tried.places[mine, 1], tried.spent[mine]
    flips = tried.flips[mine]
    view = np.zeros(flips.size, np.uint16)
    for bit, row in enumerate(np.argsort(-basis.parity_cost[word], kind="stable")[:width]):
        view |= ((flips >> np.uint64(row) & np.uint64(1)) << np.uint64(bit)).astype(np.uint16)
    order = np.argsort(view, kind="stable")
    number_of = np.bincount(view, minlength=1 << width)
    start = np.cumsum(number_of) - number_of
    pairs = np.flatnonzero(low >= 0)
    ones, twos = [], []
    for mask in (0,) if errors == 0 else (1 << bit for bit in range(width)):
        # each holds the syndrome once, as does the first, which flips nothing: three together hold it once
        target = view[pairs] ^ view[0] ^ np.uint16(mask)
        many = number_of[target]
        one = np.repeat(pairs, many)
        two = order[np.repeat(start[target] - np.cumsum(many) + many, many) + np.arange(one.size)]
        fits = (high[two] >= 0) & (high[two] < low[one])
        one, two = one[fits], two[fits]
        cheap = spent[one] + spent[two] < limit
        ones.append(one[cheap])
        twos.append(two[cheap])
    one, two = np.concatenate(ones), np.concatenate(twos)
    both, total_spent = flips[one] ^ flips[two] ^ basis.base[word], spent[one] + spent[two]
    place = np.zeros(one.size, np.int64)
    cost = total_spent + _parity_cost(place, both, basis.table[word : word + 1])
    near = cost < limit
    one, two = one[near], two[near]
    joined = np.stack([high[one], low[one], high[two], low[two]], axis=1)
    return Tried(place[near] + word, joined, both[near], cost[near], total_spent[near])


def _shares(basis: Basis, band: int) -> tuple[Floats, Floats]:
    """Sum of exp(-basis cost) over all patterns of three and four, times the probability of 0 and 1 band errors."""
    odds = np.exp(-basis.cost)
    p1, p2, p3, p4 = (np.sum(odds**power, axis=1) for power in (1, 2, 3, 4))
    three = (p1**3 - 3 * p1 * p2 + 2 * p3) / 6
    four = (p1**4 - 6 * p1**2 * p2 + 3 * p2**2 + 8 * p1 * p3 - 6 * p4) / 24
    surest = np.exp(-np.sort(basis.parity_cost, axis=1)[:, -band:])
    none = np.exp(-np.log1p(surest).sum(axis=1))
    return (three + four) * none, (three + four) * none * surest.sum(axis=1)
