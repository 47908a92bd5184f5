"""How plausible a first-generation message is before anything was received: what beacons send, and what they do not.

Each function gives a weight relative to "every pattern equally likely"; over all patterns it averages 1. The weights
rule nothing out: miscoded beacons exist, and theirs may be the distress call (C/S T.001 Annex A).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vigie.message import country, fgb
from vigie.message.fgb_tables import Protocol
from vigie.message.fgb_tails import Tail
from vigie.message.position import USER, Axis, Coding

ODD = 0.005
"""share of messages taken to break one rule: a country code nobody has, a spare protocol, a position off the globe"""


def _rule(holds: bool, share: float) -> float:
    """Weight of a rule that ``share`` of all patterns obey."""
    if share >= 1.0:
        return 1.0
    return (1 - ODD) / share if holds else ODD / (1 - share)


@cache
def _allocated() -> frozenset[int]:
    return frozenset(country.codes())


@cache
def country_weights() -> NDArray[np.float64]:
    """(1024,) weight of each country code."""
    allocated = _allocated()
    return np.array([_rule(code in allocated, len(allocated) / 1024) for code in range(1024)])


def shared_out(chances: Mapping[str, float] | Iterable[str] | None) -> dict[str, float]:
    """Expected hex IDs with their prior probabilities; a plain list shares one half equally."""
    if isinstance(chances, Mapping):
        return dict(chances)
    names = list(dict.fromkeys(chances or ()))
    return dict.fromkeys(names, 0.5 / max(len(names), 1))


def _used(long: bool, protocol: Protocol) -> bool:
    """Whether the standard defines this protocol in this format: no spare code, no short location message (A3.1)."""
    facts = protocol.facts
    if facts["protocol"] in ("spare", "user_sgb_reserved") or "spare" in protocol.name:
        return False
    return long or protocol.when[0] == (26, 26, 1)


@cache
def _used_share() -> float:
    used = 0
    for key in range(1 << 7):
        protocol = fgb.protocol_of((key >> 6) << 59 | (key & 63) << 43, fgb.ID_LAST)
        used += sum(_used(long, protocol) for long in (False, True))
    return used / (1 << 8)


@cache
def _position_share(axis: Axis) -> float:
    """Share of the patterns of one coordinate that are a place on the globe or say that there is none."""
    good = 0
    for raw in range(1 << (axis.degrees_bits + axis.minutes_bits)):
        degrees, minutes = divmod(raw, 1 << axis.minutes_bits)
        numbers = {f"{axis.name}_degrees": degrees, f"{axis.name}_minutes": minutes}
        good += axis.coarse_min(numbers)[1] != "out_of_range"
    return good / (1 << (axis.degrees_bits + axis.minutes_bits))


@cache
def _offset_share(axis: Axis) -> float:
    good = 0
    for raw in range(1 << (axis.offset_minutes_bits + 5)):
        numbers = {
            f"{axis.name}_offset_sign": raw & 1,
            f"{axis.name}_offset_seconds": raw >> 1 & 15,
            f"{axis.name}_offset_minutes": raw >> 5,
        }
        good += not axis.offset_is_odd(numbers)
    return good / (1 << (axis.offset_minutes_bits + 5))


@cache
def _places(coding: Coding) -> list[tuple[str, int, int]]:
    """Name, shift and mask of the fields of a coarse position that ends a word."""
    rows = coding.coarse_fields(1)
    return [(row.name, rows[-1].last - row.last, (1 << row.width) - 1) for row in rows]


def position_bits(protocol: Protocol) -> int:
    """How many of the last bits of the 15-hex ID are a position, which the ID holds at its default (3.3)."""
    return protocol.coding.coarse_fields(1)[-1].last if protocol.coding else 0


def _coarse_weight(coding: Coding, word: int) -> float:
    """Weight of the coarse position that ends a word."""
    raws = {name: word >> shift & mask for name, shift, mask in _places(coding)}
    weight = 1.0
    for axis in coding.axes:
        weight *= _rule(axis.coarse_min(raws)[1] != "out_of_range", _position_share(axis))
    return weight


def pdf1(data: int) -> float:
    """Weight of bits 25-85: an allocated country, a protocol in use, a position on the globe."""
    protocol = fgb.protocol_of(data, fgb.ID_LAST)
    allocated = _allocated()
    weight = _rule(fgb.bit(data, fgb.ID_LAST, 27, 36) in allocated, len(allocated) / 1024)
    weight *= _rule(_used(bool(data >> 60 & 1), protocol), _used_share())
    if protocol.coding and protocol.has_position:
        weight *= _coarse_weight(protocol.coding, data)
    return weight


@cache
def fixed_bits(protocol: Protocol) -> dict[int, int] | None:
    """Bits after 106 that every long message of a protocol fixes: place in BCH-2 -> value. None: no second code."""
    if protocol.tails[-1].fields[-1].name != "bch2":
        return None
    common: set[tuple[int, int]] | None = None
    for tail in protocol.tails:
        places = {
            (row.first - 107 + place, row.fixed >> (row.width - 1 - place) & 1)
            for row in tail.fields
            if row.fixed is not None
            for place in range(row.width)
        }
        common = places if common is None else common & places
    return dict(sorted(common or set()))


def _tail_of(protocol: Protocol, data: int) -> Tail:
    return next(
        row
        for row in protocol.tails
        if all(fgb.bit(data, 132, first, last) == value for first, last, value in row.when)
    )


def pdf2(protocol: Protocol, data: int) -> float:
    """Weight of bits 107-132 of this protocol: offsets in range, user-location positions on the globe.

    The fixed bits are weighed elsewhere (``fixed_bits``), since they are known before any candidate is.
    """
    tail = _tail_of(protocol, data)
    raws = {row.name: fgb.bit(data, 132, row.first, row.last) for row in tail.fields if row.last <= 132}
    weight = 1.0
    if tail.fine and protocol.coding:
        for axis in protocol.coding.axes:
            weight *= _rule(not axis.offset_is_odd(raws), _offset_share(axis))
    elif tail.holds_position:
        weight = _coarse_weight(USER, data)
    return weight
