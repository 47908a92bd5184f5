"""Bursts that cannot be read alone, read together with others that carry the same message."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_LONG_BITS
from vigie.reading import LEAST_IDENTITY, LEAST_REST, MOST_TRUST, Reading, read
from vigie.records import Burst
from vigie.signal import combine

_KEPT, _KEPT_S = 64, 1800.0
"""unread bursts, and seconds, that are kept to be read with later ones"""
_RIVALS = 100.0
"""odds against two unread bursts of half an hour carrying one message: about as many beacons can be heard. What is
read of them is weighed by itself, so this need not keep wrong messages out"""
_NEAR_HZ, _NEAR_RIVALS = 3.0, 3.0
"""the same where the carriers are no further apart: a beacon's stands still for a station on the ground"""
_CHANGED = 2.0
"""the same that the rest of a message is unchanged, once its identity is the same"""
_ENOUGH = 50.0
_HOPELESS = 25.0
"""nats by which those taken so far may speak against one message, and others may still turn it"""
_ROUNDS = 2
"""times that each burst's difference is told anew from what all the others say"""
_PATHS_S = 0.4
"""one transmission comes by way of several satellites no further apart than this"""
_MINUTES = 5
"""between bursts that are read together, as far as a counter of minutes is followed"""
_SHIFTED = (-2, -1, 1, 2)
"""bits by which the place of a weak first-generation burst may be wrong: what is known looks much the same there"""
_SHIFT_ODDS = 20.0
"""against each of them"""
_PLACED = 13.0
"""nats, of 16.6, with which bits 1-24 leave no doubt of their place"""
_SAME_BITS = np.r_[0:43, 90:137]
"""of a second-generation message, those that make the 23-hex ID (T.018 Table 3.11)"""


class Reader:
    """Reads bursts, and those that cannot be read alone together with others that carry the same message.

    The soft bits of what could not be read are kept for half an hour, ``_KEPT`` bursts at most. The bits themselves
    tell which of them belong together (``signal.combine``). What they say together is then weighed against all that
    this burst alone may say instead, for its position or rotating field may have changed.
    """

    def __init__(self) -> None:
        self._waiting: deque[Burst] = deque(maxlen=_KEPT)

    def read(self, burst: Burst) -> Reading | None:
        """What a burst says, alone or with those before it."""
        reading = read(burst)
        if reading is not None and reading.identity >= LEAST_IDENTITY and reading.whole:
            return reading
        lengthened = _lengthened(burst)
        others = [one for one in self._waiting if _comparable(one, lengthened)]
        joint = _together(lengthened, others) if others else None
        self._waiting.append(lengthened)
        if joint is None or joint.identity < LEAST_IDENTITY:
            return reading
        known = reading is not None and reading.identity >= LEAST_IDENTITY
        return reading if known and not joint.whole else joint


def _lengthened(burst: Burst) -> Burst:
    """A first-generation burst as one of 144 bits, the last ones perhaps unknown: weak ones seem short by mistake."""
    if burst.kind != "FGB" or len(burst.soft) >= FGB_LONG_BITS:
        return burst
    return replace(burst, soft=np.pad(burst.soft, (0, FGB_LONG_BITS - len(burst.soft))))


def _shifted(burst: Burst, bits: int) -> Burst:
    """The same burst if its bit 1 lies some bits later (or earlier)."""
    from vigie.signal import trust

    return replace(burst, soft=trust.moved(burst.soft, bits))


def _sync_evidence(soft: NDArray[np.floating[Any]], burst: Burst) -> float:
    from vigie.signal import trust

    return trust.evidence(np.asarray(soft, np.float32), burst.sync)


def _places(others: list[Burst], least: NDArray[np.float64]) -> tuple[list[Burst], NDArray[np.float64], list[int]]:
    """Those bursts and, where their place is in doubt, what they are if it is wrong; odds to beat; which is whose."""
    every, limits, whose = list(others), list(least), list(range(len(others)))
    for number, other in enumerate(others):
        if other.kind != "FGB" or _sync_evidence(other.soft, other) > _PLACED:
            continue
        for bits in _SHIFTED:
            every.append(_shifted(other, bits))
            limits.append(least[number] + np.log(_SHIFT_ODDS))
            whose.append(number)
    return every, np.array(limits), whose


def _comparable(one: Burst, other: Burst) -> bool:
    """Whether two bursts may carry one message, whatever their bits say."""
    if (one.kind, one.sync, len(one.soft)) != (other.kind, other.sync, len(other.soft)):
        return False
    if one.start is None or other.start is None:
        return True
    return bool(abs((one.start - other.start) / np.timedelta64(1, "s")) <= _KEPT_S)


def _one_transmission(one: Burst, other: Burst) -> bool:
    """Whether two receivers heard one transmission: no beacon sends twice within seconds."""
    if one.start is None or other.start is None or one.channel == other.channel:
        return False
    return bool(abs((one.start - other.start) / np.timedelta64(1, "s")) < _PATHS_S)


def _least_odds(burst: Burst, others: list[Burst]) -> NDArray[np.float64]:
    """Log-odds by which the bits of each must speak for one message: less where time or carrier do so already."""
    least = np.full(len(others), np.log(_RIVALS))
    for number, other in enumerate(others):
        here, there = burst.frequency_offset_hz, other.frequency_offset_hz
        near = here is not None and there is not None and abs(here - there) < _NEAR_HZ
        if (near and burst.channel == other.channel) or _one_transmission(burst, other):
            least[number] = np.log(_NEAR_RIVALS)
    least += np.log(max(len(others), 1))
    return least


def _together(burst: Burst, others: list[Burst], placed: bool = False) -> Reading | None:
    """The message of a burst and of those others that carry the same; None when there are none.

    ``placed``: the place of the burst has been tested by what they say of bits 1-24 together.
    """
    parts = {"FGB": (slice(24, 106), slice(106, None)), "SGB": (slice(0, None),)}[burst.kind]
    total = burst.soft.copy()
    groups = [_gather(burst, others, parts[0], _least_odds(burst, others), burst.kind == "FGB")]
    members = groups[0].members
    if not members:
        return None
    for part in parts[1:]:  # of the same beacon, and of the same transmission surely the same
        sure = [_one_transmission(burst, one) for one in members]
        groups.append(_gather(burst, members, part, np.where(sure, -np.inf, np.log(_CHANGED))))
    for part, group in zip(parts, groups, strict=True):
        total[part] = group.total
    if burst.kind == "FGB":  # the known bits
        total[: parts[0].start] += np.sum([one.soft[: parts[0].start] for one in members], axis=0)
        if not placed and _sync_evidence(burst.soft, burst) < _PLACED:
            summed = replace(burst, soft=total)
            best = max((0, *_SHIFTED), key=lambda bits: _sync_evidence(_shifted(summed, bits).soft, burst))
            if best:
                return _together(_shifted(burst, best), others, placed=True)
    reading = read(replace(burst, soft=total))
    if reading is None:
        return None
    repeated = any(not _one_transmission(burst, one) for one in members)
    doubts = _own_doubts(burst, reading.bits)
    identity = reading.identity * (1 - doubts[0])
    rest = reading.confidence / max(reading.identity, 1e-9)
    rest *= 1 - doubts[-1] if repeated and len(doubts) > 1 else 1.0
    whole = reading.whole and (burst.kind == "SGB" or rest >= LEAST_REST)
    most = 1 + max(len(group.members) for group in groups)
    facts = {**reading.message.facts, "combined_bursts": most}
    return replace(
        reading,
        message=replace(reading.message, facts=facts),
        identity=identity,
        confidence=identity * rest if whole else identity,
        whole=whole,
        combined=most,
    )


class _Group(NamedTuple):
    """Bursts that carry one message in a part of their bits."""

    members: list[Burst]
    """without the one that they were gathered about"""
    total: NDArray[np.float32]
    """LLRs of that one's bits, all taken together"""


def _gather(
    burst: Burst, others: list[Burst], part: slice, least_odds: NDArray[np.float64], unplaced: bool = False
) -> _Group:
    """Those of the other bursts that carry the same message as one in a part of its bits.

    least_odds (n,): log-odds by which the bits of each must speak for that. unplaced: bit 1 of weak ones may lie a
    little elsewhere; they are returned as they then are.

    The likeliest is taken first, then the likeliest given both, and so on: weak bursts that none of the others could
    vouch for alone are vouched for by all, so what counts is the sum of the odds, over as many as make it largest.
    """
    own = burst.soft[part]
    differences, chances = _differences(burst.kind, len(own))
    whose = list(range(len(others)))
    if unplaced:
        others, least_odds, whose = _places(others, least_odds)
    rows = np.array([one.soft[part] for one in others])
    left, total = list(range(len(others))), own.astype(np.float64)
    taken: list[tuple[Burst, NDArray[np.floating[Any]]]] = []
    odds = most = 0.0
    best_count = 0
    while left:
        if len(differences) == 1:
            matches = [combine.Match(found, 0, 1.0) for found in combine.agreement(total, rows[left])]
        else:
            matches = [combine.match(total, row, differences, chances) for row in rows[left]]
        leads = np.array([found.odds for found in matches]) - least_odds[left]
        best = int(np.argmax(leads))
        odds += min(float(leads[best]), _ENOUGH)
        if odds < most - _HOPELESS:
            break
        one, same = others[left[best]], whose[left[best]]
        left = [number for number in left if whose[number] != same]
        taken.append((one, differences[matches[best].difference]))
        total += _trusted(combine.turned(one.soft[part], taken[-1][1]))
        if odds > most:
            most, best_count = odds, len(taken)
    taken = taken[:best_count]
    turned = np.array([_trusted(combine.turned(one.soft[part], difference)) for one, difference in taken])
    for _ in range(_ROUNDS if len(differences) > 1 else 0):
        for number, (one, _) in enumerate(taken):
            rest = own + turned.sum(axis=0) - turned[number]
            difference = differences[combine.match(rest, one.soft[part], differences, chances).difference]
            turned[number] = _trusted(combine.turned(one.soft[part], difference))
    whole = (own + turned.sum(axis=0) if taken else own).astype(np.float32)
    return _Group([one for one, _ in taken], whole)


def _trusted(soft: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    clipped: NDArray[np.floating[Any]] = np.clip(soft, -MOST_TRUST, MOST_TRUST)
    return clipped


def _own_doubts(burst: Burst, bits: str) -> list[float]:
    """Chances that this very burst says something else than ``bits`` in each of its code words.

    It is decoded by itself, all other words being possible, with a prior of one half for a changed message; of a
    second-generation message the identity is taken for granted, since the bits that bind the bursts are mostly these,
    and messages that differ in a way that can be foreseen are weighed apart, being likelier than any other.
    """
    from vigie.message import bch, soft

    said = np.array([int(bit) for bit in bits], np.int8)
    llr = _trusted(burst.soft).astype(np.float64)
    foreseen = 1.0
    if burst.kind == "SGB":
        known = np.full(bch.BCH_SGB.n, -1, np.int8)
        known[_SAME_BITS] = said[_SAME_BITS]
        words: list[tuple[bch.Code, slice, NDArray[np.int8] | None]] = [(bch.BCH_SGB, slice(0, None), known)]
        differences, chances = _differences(burst.kind, len(said))
        agree = np.where(said == 1, -llr, llr)  # what turning a bit over costs
        logs = np.log(chances) - differences @ agree
        foreseen = float(np.exp(logs[0] - np.logaddexp.reduce(logs)))
    else:
        words = [(bch.BCH1, slice(24, 106), None)]
        if len(said) == FGB_LONG_BITS:
            words.append((bch.BCH2, slice(106, 144), None))
    doubts = []
    for code, part, known_bits in words:
        found = soft.decode(code, llr[part], known=known_bits, expected=(said[part][None], np.array([0.5])))
        same = bool((found.bits == said[part]).all())
        doubts.append(1 - float(found.probability if same else 0.0) * foreseen)
    return doubts


@cache
def _differences(kind: str, count: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """How messages of one beacon may differ in a way that can be foreseen, (M, n), and the chance of each.

    In rotating field 0 of the second generation the minutes since the position was taken go on (T.018 Table 3.3, bits
    165-175), and the parity bits with them: the code is linear, so a difference of data has the parity of its own word.
    """
    from vigie.message.bch import BCH_SGB

    none = np.zeros((1, count), np.int8)
    if kind != "SGB":
        return none, np.ones(1)
    shares: dict[int, float] = {}
    for later in range(1, _MINUTES + 1):
        values = np.arange(2047 - later)
        turns, times = np.unique(values ^ (values + later), return_counts=True)
        for turn, often in zip(turns.tolist(), times.tolist(), strict=True):
            shares[turn] = shares.get(turn, 0.0) + often / len(values) / _MINUTES / 2
    words = [BCH_SGB.encode(turn << (BCH_SGB.k - 175)) for turn in shares]
    rows = np.array([[int(bit) for bit in format(word, f"0{BCH_SGB.n}b")] for word in words], np.int8)
    return np.concatenate([none, rows]), np.array([0.5, *shares.values()])
