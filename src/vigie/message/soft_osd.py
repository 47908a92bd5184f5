"""Ordered-statistics list decoding of the BCH codes, a batch of words at a time.

Fossorier and Lin, Soft-decision decoding of linear block codes based on ordered statistics, IEEE Trans. Inf. Theory 41
(1995), in its syndrome form: the least reliable positions whose columns of the check matrix are independent are the
parity, all others the basis. Every pattern of up to ``order`` wrong basis bits gives one code word. Patterns that
already cost more than the best code word found are passed over, so the effort follows the noise.

Cost of a code word: the sum of |LLR| where it differs from the hard decision; the most likely word costs least. Its
probability before the code is known is the product of its bits' probabilities, ``exp(log_hard - cost)``.

What was not listed is estimated as for a random code (Galligan et al., Upgrade error detection to prediction with
GRAND, 2023; the idea of Forney's erasure rule, 1968): the probability of all basis patterns not tried, times 2^-(n-k)
for the parity bits that would have to fit. For the short code the sum over *all* code words is exact: ``total``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vigie.message.bch import Code
from vigie.message.soft_basis import Basis, Floats, basis_of, columns
from vigie.message.soft_patterns import EFFORT, SURE, Effort, Tried, log_untried, patterns

Bits = NDArray[np.uint8]

CERTAIN = 500.0
"""the largest |LLR| used; a known bit has it, so no finite noise outweighs a known bit"""
LISTED = 25.0
"""code words this much (nats) less likely than the best are not listed"""
_EXACT = 12
"""parity bits up to which the sum over all code words is computed exactly (2^12 words of the dual code)"""


@dataclass(frozen=True, slots=True)
class Listed:
    """Code words found for each of W received words, the most likely first."""

    bits: Bits
    """(W, L, n); rows past ``count`` are zero"""
    cost: Floats
    """(W, L) nats; inf past ``count``"""
    log_hard: Floats
    """(W,) log-probability of the hard decision; a word's is ``log_hard - cost``"""
    log_rest: Floats
    """(W,) log-probability of all code words not in the list, estimated (exact for the short code)"""

    @property
    def log_mass(self) -> Floats:
        """(W, L) log-probability of each listed word, the code not yet known."""
        return self.log_hard[:, None] - self.cost


@cache
def _dual(code: Code) -> Floats:
    """(n, 2^(n-k)) every word of the dual code, as 0.0 and 1.0; word u has <column, u> in each position."""
    combination = np.arange(1 << (code.n - code.k), dtype=np.uint64) & columns(code)[:, None]
    return np.asarray(np.bitwise_count(combination) & 1, np.float64)


def total(code: Code, llr: Floats) -> Floats:
    """(W,) log-probability that independent bits with these LLRs make any code word: exact, by the dual code.

    Hartmann and Rudolph, An optimum symbol-by-symbol decoding rule, 1976: the sum over a code is a sum over its dual,
    each term the product of tanh(LLR/2) over the dual word. Its sign follows from the hard decision's syndrome.
    """
    llr = np.clip(llr, -CERTAIN, CERTAIN)
    size = np.log(np.maximum(np.tanh(np.abs(llr) / 2), 1e-300))
    syndrome = np.bitwise_xor.reduce(np.where(llr < 0, columns(code), np.uint64(0)), axis=1).astype(np.uint32)
    negative = np.bitwise_count(np.arange(1 << (code.n - code.k), dtype=np.uint32) & syndrome[:, None]) & 1
    terms = np.exp(size @ _dual(code))
    whole = terms.sum(axis=-1) - 2 * np.einsum("wu,wu->w", terms, negative)
    return np.asarray(np.log(np.maximum(whole / terms.shape[1], 1e-300)))


def search(code: Code, llr: Floats, keep: int = 16, effort: Effort | None = None) -> Listed:
    """The ``keep`` most likely code words of each row of ``llr`` (W, n), ln P(0)/P(1)."""
    effort = effort or EFFORT[code.name]
    llr = np.clip(np.nan_to_num(np.asarray(llr, np.float64), posinf=CERTAIN, neginf=-CERTAIN), -CERTAIN, CERTAIN)
    parts = [
        _chunk(code, llr[start : start + effort.chunk], keep, effort) for start in range(0, len(llr), effort.chunk)
    ]
    if len(parts) == 1:
        return parts[0]
    if not parts:
        empty = np.zeros(0)
        return Listed(np.zeros((0, keep, code.n), np.uint8), np.zeros((0, keep)), empty, empty)
    return Listed(
        np.concatenate([part.bits for part in parts]),
        np.concatenate([part.cost for part in parts]),
        np.concatenate([part.log_hard for part in parts]),
        np.concatenate([part.log_rest for part in parts]),
    )


def _chunk(code: Code, llr: Floats, keep: int, effort: Effort) -> Listed:
    count, n = llr.shape
    hard = (llr < 0).astype(np.uint8)
    reliability = np.abs(llr)
    wrong = np.log1p(np.exp(-reliability))  # -ln of the probability that a bit's hard decision is right
    log_hard = -wrong.sum(axis=1)
    syndrome = np.bitwise_xor.reduce(np.where(hard, columns(code), np.uint64(0)), axis=1)
    bits = np.zeros((count, keep, n), np.uint8)
    cost = np.full((count, keep), np.inf)
    # one pattern tried (no error at all): all other code words lie in 1 - P(hard), thinned by the code
    log_rest = _log_one_less(log_hard) - (n - code.k) * np.log(2)
    clean = (syndrome == 0) & (log_rest < log_hard - 14)
    bits[clean, 0], cost[clean, 0] = hard[clean], 0.0
    rows = np.flatnonzero(~clean)
    if rows.size:
        found = _ordered(code, hard[rows], reliability[rows], wrong[rows], syndrome[rows], keep, effort)
        bits[rows], cost[rows], log_rest[rows] = found
        for row in rows[log_rest[rows] > log_hard[rows] - cost[rows, 0] - SURE]:
            _with_algebraic(code, hard[row], reliability[row], bits[row], cost[row])
        if n - code.k <= _EXACT:
            whole = total(code, llr[rows])
            listed = _log_sum(log_hard[rows, None] - cost[rows])
            log_rest[rows] = whole + _log_one_less(np.minimum(listed - whole, -1e-15))
    return Listed(bits, cost, log_hard, log_rest)


def _with_algebraic(code: Code, hard: Bits, reliability: Floats, bits: Bits, cost: Floats) -> None:
    """Put the algebraic decoder's word into one word's list, so that the search never does worse than it."""
    size = 8 * -(-code.n // 8)
    mended = code.correct(int.from_bytes(np.packbits(hard).tobytes(), "big") >> (size - code.n))
    if mended is None:
        return
    raw = (mended[0] << (size - code.n)).to_bytes(size // 8, "big")
    word = np.unpackbits(np.frombuffer(raw, np.uint8))[: code.n]
    price = float(reliability[word != hard].sum())
    if price >= cost[-1] or (bits[np.isfinite(cost)] == word).all(axis=1).any():
        return
    place = int(np.searchsorted(cost, price))
    bits[place + 1 :], cost[place + 1 :] = bits[place:-1].copy(), cost[place:-1].copy()
    bits[place], cost[place] = word, price


def _log_sum(values: Floats) -> Floats:
    """ln of the sum of exp, along the last axis."""
    top = values.max(axis=-1, keepdims=True)
    return np.asarray((top + np.log(np.exp(values - top).sum(axis=-1, keepdims=True)))[..., 0])


def _log_one_less(log_p: Floats) -> Floats:
    """ln(1 - p) from ln p."""
    return np.asarray(np.log(np.maximum(-np.expm1(log_p), 1e-300)))


def _ordered(
    code: Code, hard: Bits, reliability: Floats, wrong: Floats, syndrome: NDArray[np.uint64], keep: int, effort: Effort
) -> tuple[Bits, Floats, Floats]:
    """Lists of the words that need a search: bits, cost, log-probability of everything not listed."""
    basis = basis_of(code, reliability, wrong, syndrome)
    log_hard = -wrong.sum(axis=1)
    tried, share = patterns(basis, effort, log_hard)
    bits, costs, chosen = _cheapest(tried, basis, hard, keep)
    # not listed: words tried but not kept are counted one by one, those not tried as for a random code
    left_out = np.ones(tried.word.size, bool)
    left_out[chosen] = False
    mass = np.exp(np.maximum(-tried.cost[left_out], -700))
    beyond = np.bincount(tried.word[left_out], mass, minlength=len(hard))
    log_rest = np.logaddexp(log_untried(basis, share), log_hard + np.log(np.maximum(beyond, 1e-300)))
    return bits, costs, log_rest


def _cheapest(tried: Tried, basis: Basis, hard: Bits, keep: int) -> tuple[Bits, Floats, NDArray[np.int64]]:
    """The ``keep`` cheapest code words of each word: bits, costs, and which patterns they are."""
    count, n = hard.shape
    best = np.full(count, np.inf)
    np.minimum.at(best, tried.word, tried.cost)
    near = np.flatnonzero(tried.cost < best[tried.word] + LISTED)
    near = near[np.lexsort((tried.cost[near], tried.word[near]))]
    rank = np.arange(near.size) - np.searchsorted(tried.word[near], np.arange(count))[tried.word[near]]
    chosen, rank = near[rank < keep], rank[rank < keep]
    word = tried.word[chosen]
    found = hard[word]
    flips = tried.flips[chosen, None] >> np.arange(basis.parity, dtype=np.uint64) & np.uint64(1)
    parity_place = basis.parity_place[word]
    np.put_along_axis(found, parity_place, np.take_along_axis(found, parity_place, 1) ^ flips.astype(np.uint8), 1)
    for column in tried.places[chosen].T:
        used = np.flatnonzero(column >= 0)
        found[used, basis.place[word[used], column[used]]] ^= 1
    bits, costs = np.zeros((count, keep, n), np.uint8), np.full((count, keep), np.inf)
    bits[word, rank], costs[word, rank] = found, tried.cost[chosen]
    return bits, costs, chosen
