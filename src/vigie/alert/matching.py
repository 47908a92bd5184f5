"""Positions of one beacon compared: which are independent, which agree, which conflict.

An encoded position is what the beacon says of itself. Two of them never confirm one another, however often it repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from vigie.alert.rules import DOA_APART_S, DOPPLER_APART_S, MATCH_M, UPDATE_M
from vigie.geodesy import distance_m
from vigie.instants import seconds_past
from vigie.records import Detection, Message, Solution

Judgement = Literal["first", "same", "moved", "conflicting", "matching"]


def encoded(detection: Detection) -> Solution | None:
    """The position that a trusted message states, or None.

    ``ehe_m`` is half the diagonal of the coding cell: the place the beacon meant lies in that cell; how well its
    navigation receiver knew it is not in the message.
    """
    message = detection.message
    place = message.position_deg
    if place is None or message.hex_id is None or message.verdict == "unreliable":
        return None
    lat_deg, lon_deg = place
    return Solution(
        message.hex_id,
        "encoded",
        lat_deg,
        lon_deg,
        detection.time,
        detection.time,
        cell_m(lat_deg, lon_deg, message.facts.get("position_resolution_deg")),
        exercise=detection.exercise,
    )


def cell_m(lat_deg: float, lon_deg: float, resolution_deg: float | None) -> float | None:
    """Half the diagonal (m) of a cell ``resolution_deg`` wide and high about a place; None when it is unknown."""
    if resolution_deg is None:
        return None
    half = resolution_deg / 2
    south, north = max(lat_deg - half, -90.0), min(lat_deg + half, 90.0)
    return float(distance_m(south, lon_deg - half, north, lon_deg + half)) / 2


def moves(message: Message) -> bool:
    """Whether the beacon may fly: the positions of an ELT(DT) are compared within one alert only (R 3.2.2.1)."""
    return message.facts.get("protocol") == "elt_dt" or message.facts.get("beacon_type") == "ELT_DT"


def apart_m(one: Solution, other: Solution) -> float:
    """Distance between two solutions, m."""
    return float(distance_m(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg))


def independent(one: Solution, other: Solution) -> bool:
    """Whether agreement of two solutions is evidence (R Table 3.2.4).

    A solution names no satellites, so of the manual's cases only those told by time are taken; a Doppler side that
    has an image is never paired with another such side (the manual's "unresolved Doppler position match"); a fused
    solution is taken as a DOA one. All three decisions are ours and confirm later rather than sooner.
    """
    methods = {"doa" if solution.method == "fused" else solution.method for solution in (one, other)}
    if methods == {"encoded"}:
        return False
    if len(methods) == 2:
        return True
    if methods == {"doppler"}:
        middles = [s.start + (s.end - s.start) // 2 for s in (one, other)]
        apart_s = abs(float(seconds_past(*middles)))
        return apart_s >= DOPPLER_APART_S.value and one.probability == other.probability == 1.0
    return abs(float(seconds_past(one.end, other.end))) >= DOA_APART_S.value


def judge(
    new: Solution, known: Sequence[Solution], *, news: Solution | None = None, flies: bool = False
) -> tuple[Judgement, str]:
    """What a new solution means beside the known ones (newest first), and why, in words.

    ``news``: the last one that was told as news, so that many small steps add up to one. ``flies``: the beacon is an
    ELT(DT), whose positions are never confirmed and may differ by any distance.
    """
    if not known:
        return "first", ""
    if blurs(new, known) or any(_two_sides(new, other) for other in known):
        return "same", ""
    if flies:
        return _judge_flying(new, known, news)
    others = [(apart_m(new, other), other) for other in known if independent(new, other)]
    alike = [other for other in known if other.method == new.method]
    if others:
        near_m, near = min(others, key=lambda pair: pair[0])
        if near_m <= MATCH_M.value:
            return "matching", f"{_name(new)} lies {_km(near_m)} from the {near.method} position, {_limit()}."
        return "conflicting", f"{_name(new)} lies {_km(near_m)} from the {near.method} position, {_limit()}."
    if not alike:
        return "moved", f"{_name(new)} was added."
    gone_m = apart_m(new, alike[0])
    if gone_m > MATCH_M.value and new.method == "encoded":
        return "conflicting", f"{_name(new)} lies {_km(gone_m)} from the previous one, {_limit()}."
    return _moved(new, alike[0], news)


def blurs(new: Solution, known: Sequence[Solution]) -> bool:
    """Whether an encoded position only repeats the newest known one more coarsely: that one lies in its cell.

    Such is the burst of an ELT(DT) that carries the operator in place of the fine position, or one whose second
    protected field could not be mended. It must not replace what is known better. Ours.
    """
    last = next((other for other in known if other.method == new.method == "encoded"), None)
    if last is None or new.ehe_m is None or last.ehe_m is None or new.ehe_m <= 2 * last.ehe_m:
        return False
    return apart_m(new, last) <= new.ehe_m + UPDATE_M.value


def _two_sides(one: Solution, other: Solution) -> bool:
    """Whether these are the two sides of one Doppler pass: one finding, no movement."""
    return one.method == other.method == "doppler" and (one.start, one.end) == (other.start, other.end)


def _judge_flying(new: Solution, known: Sequence[Solution], news: Solution | None) -> tuple[Judgement, str]:
    alike = [other for other in known if other.method == new.method]
    if alike:
        return _moved(new, alike[0], news)
    other = known[0]
    gap_m = apart_m(new, other)
    words = f"{_name(new)} lies {_km(gap_m)} from the {other.method} position, {_limit()}; an ELT(DT) is not confirmed."
    return ("moved" if gap_m <= MATCH_M.value else "conflicting"), words


def _moved(new: Solution, previous: Solution, news: Solution | None) -> tuple[Judgement, str]:
    last = news if news is not None and news.method == new.method else previous
    gone_m = apart_m(new, last)
    finer = previous.ehe_m is not None and new.ehe_m is not None and new.ehe_m < previous.ehe_m / 2
    if gone_m > UPDATE_M.value:
        return "moved", f"{_name(new)} lies {_km(gone_m)} from the one told last."
    if finer:
        return "moved", f"{_name(new)} is finer than the previous one."
    return "same", ""


def _name(solution: Solution) -> str:
    return f"The new {'DOA' if solution.method == 'doa' else solution.method} position"


def _km(metres: float) -> str:
    return f"{metres / 1000:.1f} km"


def _limit() -> str:
    return f"where {MATCH_M.value / 1000:.0f} km is the limit"
