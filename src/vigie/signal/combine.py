"""Soft bits of several bursts that carry one message, put together.

Log-likelihood ratios of independent receptions of one bit add: N equal bursts read as one that is 10 log N stronger.
So it is with the bursts that a beacon repeats, and with one burst heard through several satellites or antennas. Before
they are added it must be known that they do carry one message, and where a message has changed in a way that can be
foreseen (a counter, and the parity that follows it), which bits are turned over: the bits themselves tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.errors import InputError
from vigie.records import Sync

if TYPE_CHECKING:
    from vigie.signal.sgb_fitting import Fit

Soft = NDArray[np.floating[Any]]


def agreement(one: Soft, other: Soft) -> Any:
    """Log-odds, in nats, that two receptions (..., n) carry the same bits rather than unrelated ones, (...).

    Of LLRs a and b, the bits are alike with the chance (1 + tanh(a/2) tanh(b/2)) / 2; unrelated ones with 1/2.
    """
    return np.log1p(_alike(one, other)).sum(axis=-1)


def _alike(one: Soft, other: Soft) -> NDArray[np.float64]:
    """Twice the chance that two bits are alike, less 1."""
    both = np.tanh(np.asarray(one, np.float64) / 2) * np.tanh(np.asarray(other, np.float64) / 2)
    bounded: NDArray[np.float64] = np.clip(both, -1 + 1e-12, 1 - 1e-12)
    return bounded


def turned(soft: Soft, difference: ArrayLike) -> Soft:
    """LLRs (..., n) of the message that differs from the one received in the bits where ``difference`` is 1."""
    return np.where(np.asarray(difference) == 1, -soft, soft)


class Match(NamedTuple):
    """How one reception goes with another."""

    odds: float
    """log-odds, in nats, that it does rather than not"""
    difference: int
    """the likeliest of the differences that were given"""
    share: float
    """probability of that difference among all"""


def match(one: Soft, other: Soft, differences: ArrayLike, chances: ArrayLike | None = None) -> Match:
    """How well ``other`` (n,) carries the message of ``one`` (n,), but for one of the differences (M, n) of 0 and 1.

    chances (M,): prior probability of each difference, given that the two belong together; equal if not given.
    """
    patterns = np.atleast_2d(np.asarray(differences))
    prior = np.full(len(patterns), 1 / len(patterns)) if chances is None else np.asarray(chances, np.float64)
    alike = _alike(one, other)
    logs = np.log1p(alike).sum() + patterns @ (np.log1p(-alike) - np.log1p(alike)) + np.log(prior)
    best = int(logs.argmax())
    whole = float(np.logaddexp.reduce(logs))
    return Match(whole, best, float(np.exp(logs[best] - whole)))


def add(soft: Sequence[Soft] | Soft, differences: ArrayLike | None = None, most: float = np.inf) -> NDArray[np.float32]:
    """LLRs (n,) of the message of the first of several receptions (N, n), all of them taken together.

    differences (N, n): where each differs from the first. most: no single reception is believed more, in nats, for
    clicks obey no Gaussian law. Raises InputError for receptions of unlike length.
    """
    lengths = {len(one) for one in soft}
    if len(lengths) != 1:
        raise InputError(f"receptions of one message have one length, not {sorted(lengths)}")
    rows: Soft = np.clip(np.asarray(soft, np.float64), -most, most)
    if differences is not None:
        rows = turned(rows, differences)
    total: NDArray[np.float32] = rows.sum(axis=0).astype(np.float32)
    return total


class Reception(NamedTuple):
    """Where a second-generation burst lies in samples, as ``sgb_fitting.demodulate`` takes it."""

    iq: NDArray[np.complex64]
    rate_hz: float
    start_s: float
    frequency_hz: float
    drift_hz_per_s: float = 0.0
    stretch: float = 0.0


def demodulate_together(
    receptions: Sequence[Reception], *, sync: Sync = "normal", passes: int = 3, stretch_reach: float = 1e-6
) -> list[Fit | None]:
    """One second-generation message received several times, each time too weakly to follow the carrier alone.

    Each pass hands every reception what the others say of the bits, so that their carriers can be followed down to
    levels at which no single one could be; the soft bits that come out are each reception's own, ready for ``add``.
    None stands for a reception that holds no preamble.
    """
    from vigie.signal.sgb_fitting import demodulate

    fits: list[Fit | None] = [None] * len(receptions)
    total: NDArray[np.float64] | None = None
    for _ in range(passes if len(receptions) > 1 else 1):
        fits = [
            demodulate(
                one.iq,
                one.rate_hz,
                one.start_s,
                one.frequency_hz,
                one.drift_hz_per_s,
                sync=sync,
                stretch=one.stretch,
                stretch_reach=stretch_reach,
                prior=None if total is None else total - (0 if fit is None else fit.soft),
            )
            for one, fit in zip(receptions, fits, strict=True)
        ]
        total = np.sum([fit.soft for fit in fits if fit is not None], axis=0, dtype=np.float64)
        if not np.ndim(total):
            break
    return fits
