"""When beacons send: the transmission schedules of C/S T.001 2.2.1 and 4.5.6 and of C/S T.018 2.2.1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from vigie.sim.scenario import Schedule

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def bursts(schedule: Schedule, length_s: float, rng: np.random.Generator) -> tuple[Array, Flags]:
    """Beginnings of all bursts within ``length_s`` of the activation, and which of them name the operator."""
    if schedule == "elt_dt_operator":
        at_s, operator = _tracking_operator(length_s, rng)
    else:
        at_s = _MAKERS[schedule](length_s, rng)
        operator = np.zeros(len(at_s), bool)
    inside = at_s < length_s
    return at_s[inside], operator[inside]


def _chain(first_s: float, *gaps: Array) -> Array:
    """A first burst, then one after each gap."""
    return np.cumsum(np.concatenate([[first_s], *gaps]))


def _many(rng: np.random.Generator, low_s: float, high_s: float, length_s: float) -> Array:
    """Gaps flat between two limits, enough for a length."""
    return rng.uniform(low_s, high_s, max(0, int(length_s / low_s) + 2))


def _fgb(length_s: float, rng: np.random.Generator) -> Array:
    """T.001 2.2.1: 47.5 to 52.5 s apart; the first not before one period has passed (4.5.6)."""
    return _chain(rng.uniform(47.5, 52.5), _many(rng, 47.5, 52.5, length_s))


def _tracking(length_s: float, rng: np.random.Generator) -> Array:
    """T.001 2.2.1 and T.018 2.2.1, ELT(DT): 24 bursts at 5 s, 18 at 10 s, then 27 to 30 s. The first within 5 s."""
    fixed = [np.full(23, 5.0) - rng.uniform(0, 0.2, 23), np.full(18, 10.0) - rng.uniform(0, 0.2, 18)]
    return _chain(rng.uniform(0.5, 5.0), *fixed, _many(rng, 27.0, 30.0, length_s))


def _tracking_operator(length_s: float, rng: np.random.Generator) -> tuple[Array, Flags]:
    """T.001 2.2.1, ELT(DT) that sends its operator: every fourth burst of the first 24 from the second on; three more
    among those at 10 s, 5 s after the first of them and after every sixth; later one 15 s after the 16th burst and
    after every 30th beyond it."""
    usual = _tracking(length_s, rng)
    extra_after = [*range(24, 42, 6), *range(42 + 15, len(usual), 30)]
    extra = np.array([usual[index] + (5.0 if index < 42 else 15.0) + rng.uniform(-0.5, 0.5) for index in extra_after])
    at_s = np.concatenate([usual, extra])
    operator = np.concatenate([(np.arange(len(usual)) < 24) & (np.arange(len(usual)) % 4 == 1), np.ones(len(extra))])
    order = np.argsort(at_s, kind="stable")
    return at_s[order], operator[order].astype(bool)


def _sgb(length_s: float, rng: np.random.Generator, many: int = 59) -> Array:
    """T.018 2.2.1: 6 bursts at 5 s, the first within 5 s; 59 at 25 to 35 s; then 115 to 125 s apart."""
    fixed = np.full(5, 5.0) - rng.uniform(0, 0.2, 5)
    return _chain(rng.uniform(0.5, 5.0), fixed, rng.uniform(25.0, 35.0, many), _many(rng, 115.0, 125.0, length_s))


_MAKERS: dict[Schedule, Callable[[float, np.random.Generator], Array]] = {
    "fgb": _fgb,
    "elt_dt": _tracking,
    "sgb": _sgb,
    "sgb_elt_dt": _tracking,
    "sgb_two_way": lambda length_s, rng: _sgb(length_s, rng, 119),
}
