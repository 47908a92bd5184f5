"""Soft-decision decoding of one code: the most likely word from log-likelihood ratios, and how sure it is.

LLRs are ln P(0)/P(1), one a bit, in the order sent. All probabilities are a-posteriori probabilities given those LLRs;
they are as good as the LLRs are calibrated. Word lists come from ``soft_osd``; the probability of a word is its share
of all listed words and of an estimate for those not listed (see there), each weighed by what was known before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.errors import InputError
from vigie.message import soft_osd
from vigie.message.bch import Code
from vigie.message.soft_basis import Floats
from vigie.message.soft_osd import CERTAIN, Bits
from vigie.message.soft_patterns import Effort

Prior = Callable[[Bits], Floats]
"""weights of code words (M, n) relative to all words being equally likely; 1 on average"""
_HOPELESS = 20.0
"""nats: an expected word that much less likely than the best found is not looked into"""


@dataclass(frozen=True, slots=True)
class SoftWord:
    """The most likely code word of each received word; leading axes as in the LLRs."""

    bits: Bits
    """(..., n)"""
    probability: Floats
    """(...) that it is the word sent"""
    corrected: NDArray[np.int64]
    """(...) bits that differ from the hard decision"""
    runner_up: Bits
    """(..., n) the second most likely word found; all zeros with probability 0 when there was none"""
    runner_up_probability: Floats
    unlisted_probability: Floats
    """(...) that the word sent is none of those listed"""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates of W received words with their unnormalised log-probability (known bits and priors included)."""

    bits: Bits
    """(W, L, n)"""
    log_weight: Floats
    """(W, L) descending; -inf past the end"""
    log_rest: Floats
    """(W,) of all words not listed"""
    log_rest_expected: Floats
    """(W, E) of those not listed that belong to each expected pattern; (W, 0) when none was given"""


def decode(
    code: Code,
    llr: ArrayLike,
    *,
    known: ArrayLike | None = None,
    prior: Prior | None = None,
    expected: tuple[ArrayLike, ArrayLike] | None = None,
    keep: int = 16,
    effort: Effort | None = None,
) -> SoftWord:
    """The most likely word of ``code`` for LLRs (..., n).

    known: (..., n) bits known for certain, 0 or 1, -1 where nothing is known; broadcast against ``llr``.
    prior: relative weights of words, applied to every word listed.
    expected: bits (E, n) in {0, 1, -1} of words that may have been sent, and their prior probabilities (E,), which sum
    to at most 1; what is left belongs to all words alike (times ``prior``).
    keep: words listed. A word whose known bits no code word fits has probability 0.

    Raises InputError when the LLRs are not (..., n).
    """
    array = np.asarray(llr, np.float64)
    if array.ndim == 0 or array.shape[-1] != code.n:
        raise InputError(f"{code.name} takes {code.n} log-likelihood ratios a word, not {array.shape}")
    lead = array.shape[:-1]
    rows = array.reshape(-1, code.n)
    fixed = None if known is None else np.broadcast_to(np.asarray(known), array.shape).reshape(-1, code.n)
    ranked = rank(code, rows, known=fixed, prior=prior, expected=expected, keep=max(keep, 2), effort=effort)
    share = shares(ranked)
    first, second = ranked.bits[:, 0], ranked.bits[:, 1]
    return SoftWord(
        bits=first.reshape(array.shape),
        probability=share[:, 0].reshape(lead),
        corrected=(first != (rows < 0)).sum(axis=1).reshape(lead),
        runner_up=second.reshape(array.shape),
        runner_up_probability=share[:, 1].reshape(lead),
        unlisted_probability=share[:, -1].reshape(lead),
    )


def shares(ranked: Ranked) -> Floats:
    """(W, L + 1) posterior probability of each candidate and, last, of everything not listed."""
    logs = np.concatenate([ranked.log_weight, ranked.log_rest[:, None]], axis=1)
    top = logs.max(axis=1, keepdims=True)
    weights = np.exp(logs - np.where(np.isfinite(top), top, 0.0))
    whole = weights.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(weights, whole, out=np.zeros_like(weights), where=whole > 0))


def rank(
    code: Code,
    llr: Floats,
    *,
    known: NDArray[np.int8] | None = None,
    prior: Prior | None = None,
    expected: tuple[ArrayLike, ArrayLike] | None = None,
    keep: int = 16,
    effort: Effort | None = None,
) -> Ranked:
    """Candidates for LLRs (W, n) in order of what is known of them before and after; arguments as ``decode``."""
    seen = pin(llr, known) if known is not None else np.nan_to_num(llr, posinf=CERTAIN, neginf=-CERTAIN)
    found = soft_osd.search(code, seen, keep, effort)
    log_weight, log_rest = found.log_mass, found.log_rest.copy()
    bits = found.bits
    if prior is not None:
        alive = np.isfinite(log_weight)
        log_rest += _log_usual(np.asarray(prior(bits[alive]), np.float64), np.nonzero(alive)[0], len(llr))
    general, rest_expected = 1.0, np.zeros((len(llr), 0))
    if expected is not None:
        patterns, chances = np.asarray(expected[0], np.int8).reshape(-1, code.n), np.asarray(expected[1], np.float64)
        if chances.shape != (len(patterns),) or np.any(chances < 0) or chances.sum() > 1 + 1e-9:
            raise InputError("expected words need one prior probability each, together at most 1")
        general = max(1.0 - float(chances.sum()), 1e-12)
        log_rest += np.log(general)
        bits, log_weight, log_rest, rest_expected = _with_expected(
            code, seen, bits, log_weight, log_rest, patterns, chances, general, effort
        )
    alive = np.isfinite(log_weight)
    if prior is not None or expected is not None:
        listed = bits[alive]
        weight = np.asarray(prior(listed), np.float64) if prior is not None else np.ones(len(listed))
        relative = general * weight
        if expected is not None:
            relative = relative + _expected_weight(code, listed, patterns, chances)
        log_weight[alive] += np.log(np.maximum(relative, 1e-300))
    if known is not None:  # a word that contradicts a known bit is no candidate
        wrong = ((known[:, None, :] >= 0) & (bits != known[:, None, :])).any(axis=2)
        log_weight[wrong] = -np.inf
    order = np.argsort(-log_weight, axis=1, kind="stable")
    return Ranked(
        np.take_along_axis(bits, order[:, :, None], axis=1),
        np.take_along_axis(log_weight, order, axis=1),
        log_rest,
        rest_expected,
    )


def _log_usual(weight: Floats, row: NDArray[np.int64], count: int) -> Floats:
    """(W,) ln of the prior that words not listed have on average.

    Words near the received one share most of its bits, so they are plausible together or not at all: the mean of the
    listed words (the best, likely the right one, left out) tells more than the mean over the code, which is 1.
    """
    first = np.r_[True, row[1:] != row[:-1]] if row.size else np.zeros(0, bool)
    others = ~first
    total = np.bincount(row[others], weight[others], minlength=count)
    number = np.bincount(row[others], minlength=count)
    return np.asarray(np.log((total + 1.0) / (number + 1.0)))


def pin(llr: Floats, known: NDArray[np.int8]) -> Floats:
    """The LLRs with known bits (0 or 1; -1 unknown) made certain."""
    return np.asarray(np.where(known < 0, np.nan_to_num(llr), np.where(known == 1, -CERTAIN, CERTAIN)))


def _log_free(code: Code, patterns: NDArray[np.int8]) -> Floats:
    """ln of how much likelier a word of each pattern is under it than among all words: 2^(data bits it states)."""
    stated = (patterns[:, : code.k] >= 0).sum(axis=1)
    return np.asarray(stated * np.log(2.0))


def _expected_weight(code: Code, bits: Bits, patterns: NDArray[np.int8], chances: Floats) -> Floats:
    """What the expected words add to the relative prior of words (M, n)."""
    weight = np.zeros(len(bits))
    gains = chances * np.exp(_log_free(code, patterns))
    for pattern, gain in zip(patterns, gains, strict=True):
        stated = pattern >= 0
        weight[(bits[:, stated] == pattern[stated]).all(axis=1)] += gain
    return weight


def _with_expected(
    code: Code, llr: Floats, bits: Bits, log_mass: Floats, log_rest: Floats, patterns: NDArray[np.int8],
    chances: Floats, general: float, effort: Effort | None,
) -> tuple[Bits, Floats, Floats, Floats]:  # fmt: skip
    """The list with the words that the expected patterns admit, where those are not hopeless."""
    reliability, hard = np.abs(llr), llr < 0
    log_hard = -np.log1p(np.exp(-reliability)).sum(axis=1)
    stated = patterns >= 0
    # what the stated bits alone cost: no word of the pattern is likelier than that
    cost = np.where(hard, reliability, 0.0) @ (stated & (patterns == 0)).T.astype(np.float64)
    cost += np.where(hard, 0.0, reliability) @ (stated & (patterns == 1)).T.astype(np.float64)
    gain = np.log(np.maximum(chances, 1e-300)) + _log_free(code, patterns)
    promising = log_hard[:, None] - cost + gain > np.log(general) + log_mass[:, :1] - _HOPELESS
    word, which = np.nonzero(promising)
    by_pattern = np.full((len(llr), len(patterns)), -np.inf)
    if not word.size:
        return bits, log_mass, log_rest, by_pattern
    few = 4
    found = soft_osd.search(code, pin(llr[word], patterns[which]), few, effort)
    log_stated = -np.where(
        stated[which], np.log1p(np.exp(np.where(hard[word] == (patterns[which] == 1), -1, 1) * reliability[word])), 0.0
    ).sum(axis=1)
    missing = found.log_rest + log_stated + gain[which]
    by_pattern[word, which] = missing
    rest = log_rest.copy()
    np.logaddexp.at(rest, word, missing)
    place = np.arange(word.size) - np.searchsorted(word, word)
    room = few * (int(place.max()) + 1)
    more = np.zeros((len(llr), room, code.n), np.uint8)
    mass = np.full((len(llr), room), -np.inf)
    differs = found.bits != hard[word][:, None, :]
    fits = (~stated[which][:, None, :] | (found.bits == patterns[which][:, None, :])).all(axis=2)
    true_mass = log_hard[word][:, None] - (differs * reliability[word][:, None, :]).sum(axis=2)
    true_mass = np.where(fits & np.isfinite(found.cost), true_mass, -np.inf)
    for index in range(few):
        more[word, place * few + index] = found.bits[:, index]
        mass[word, place * few + index] = true_mass[:, index]
    bits, log_mass = np.concatenate([bits, more], axis=1), np.concatenate([log_mass, mass], axis=1)
    return bits, _once(bits, log_mass), rest, by_pattern


def _once(bits: Bits, log_mass: Floats) -> Floats:
    """``log_mass`` with every repeated word of a list taken out."""
    kept = log_mass.copy()
    for row, (words, masses) in enumerate(zip(bits, log_mass, strict=True)):
        seen: set[bytes] = set()
        for place in np.flatnonzero(np.isfinite(masses)):
            key = words[place].tobytes()
            if key in seen:
                kept[row, place] = -np.inf
            seen.add(key)
    return kept
