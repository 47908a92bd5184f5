"""Positions of one beacon compared: which are independent, which agree, which conflict.

An encoded position is what the beacon says of itself. Two of them never confirm one another, however often it repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from vigie.alert.rules import (
    DOA_APART_S,
    DOA_PORTION_S,
    DOPPLER_APART_S,
    LOCATING_SATELLITES,
    MATCH_M,
    UPDATE_M,
)
from vigie.alert.spans import seconds
from vigie.geodesy import distance_m
from vigie.records import Detection, Message, Reference, Solution

Judgement = Literal["first", "same", "moved", "conflicting", "matching", "unresolved", "renewed"]


class Verdict(NamedTuple):
    """What new positions mean beside the known ones."""

    event: Judgement
    words: str = ""
    agreed: tuple[Solution, ...] = ()
    """the positions that agree, where some do"""


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
        satellites=(detection.satellite,) if detection.satellite else (),
        more=detection.more,
    )


@lru_cache(1024)
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


def apart_m(one: Solution | Reference, other: Solution | Reference) -> float:
    """Distance between two positions along the Earth, m."""
    if (one.lat_deg, one.lon_deg) == (other.lat_deg, other.lon_deg):
        return 0.0
    return float(distance_m(one.lat_deg, one.lon_deg, other.lat_deg, other.lon_deg))


def kind(solution: Solution) -> str:
    """encoded, doppler or doa; a fused solution counts as a DOA one, which is ours."""
    return "doa" if solution.method == "fused" else solution.method


def independent(one: Solution, other: Solution) -> bool:
    """Whether agreement of two solutions is evidence (R Table 3.2.4). Distance does not matter here.

    The time of closest approach of a Doppler solution is taken as the middle of its bursts. Where the satellites of a
    solution are not known, only time can tell: it then confirms later rather than sooner. A location in which a pass
    was used together with other satellites confirms that pass only when the others would locate by themselves (ours:
    the table is for stations that process each kind of satellite apart).
    """
    methods = {kind(one), kind(other)}
    if methods == {"encoded"}:
        return False
    if methods == {"doppler", "doa"}:
        shared = set(one.satellites) & set(other.satellites)
        if shared and one.start <= other.end and other.start <= one.end:
            doa = one if kind(one) == "doa" else other
            return len(set(doa.satellites) - shared) >= LOCATING_SATELLITES.value
        return True
    if len(methods) == 2:
        return True
    if methods == {"doppler"}:
        if one.satellites and other.satellites and set(one.satellites).isdisjoint(other.satellites):
            return True
        middles = [s.start + (s.end - s.start) // 2 for s in (one, other)]
        return abs(seconds(*middles)) >= DOPPLER_APART_S.value
    if abs(seconds(one.end, other.end)) >= DOA_APART_S.value:
        return True
    mine, theirs = set(one.satellites), set(other.satellites)
    portions = (one.start, other.start), (one.end, other.end)
    apart = max(abs(seconds(a, b)) for a, b in portions) >= DOA_PORTION_S.value
    return bool(mine - theirs and theirs - mine) and apart


def two_sides(one: Solution, other: Solution) -> bool:
    """Whether these are the two sides of one Doppler pass by one station: one finding, no movement."""
    return (
        one.method == other.method == "doppler"
        and (one.start, one.end, one.satellites) == (other.start, other.end, other.satellites)
        and (one.lat_deg, one.lon_deg) != (other.lat_deg, other.lon_deg)
    )


def blurs(new: Solution, known: Sequence[Solution]) -> bool:
    """Whether an encoded position only repeats the newest known one more coarsely: that one lies in its cell.

    Such is the burst of an ELT(DT) that carries the operator in place of the fine position, or one whose second
    protected field could not be mended. It must not replace what is known better. Ours.
    """
    last = next((other for other in known if other.method == new.method == "encoded"), None)
    if last is None or new.ehe_m is None or last.ehe_m is None or new.ehe_m <= 2 * last.ehe_m:
        return False
    return apart_m(new, last) <= new.ehe_m + UPDATE_M.value


def judge(
    group: Sequence[Solution],
    known: Sequence[Solution],
    *,
    news: Solution | None = None,
    flies: bool = False,
    reference: Reference | None = None,
) -> Verdict:
    """What the new solutions of one alert (a DOA or encoded position, both, or the sides of a pass) mean.

    ``known``: those before, newest first. ``news``: the last encoded position that was told as news, so that many small
    steps add up to one. ``flies``: the beacon is an ELT(DT), never confirmed. ``reference``: the MCC reference position
    where the position is confirmed.
    """
    group = [new for new in group if not blurs(new, known)]
    if not group:
        return Verdict("same")
    if flies:
        return _flying(group, known, news)
    if reference is not None:
        return _confirmed(group, known, news, reference)
    return _open(group, known, news)


# -- before confirmation ----------------------------------------------------------------------------------------------


def _open(group: Sequence[Solution], known: Sequence[Solution], news: Solution | None) -> Verdict:
    pairs = list(_pairs(group, known))
    unresolved = _unresolved(group, known)
    good = [pair for pair in pairs if not _ambiguous(*pair, group, known, unresolved)]
    near = min(good, key=lambda pair: apart_m(*pair), default=None)
    if near is not None and apart_m(*near) <= MATCH_M.value:
        return Verdict("matching", _sentence(*near), near)
    if not known:
        return Verdict("first")
    if unresolved:
        words = "Both sides of the new Doppler pass match the sides of an earlier one: which is real cannot be told."
        return Verdict("unresolved", words, tuple(unresolved))
    outer = [pair for pair in pairs if pair[1] in known]
    if outer and all(apart_m(*pair) > MATCH_M.value for pair in outer):
        return Verdict("conflicting", _sentence(*min(outer, key=lambda pair: apart_m(*pair))))
    return _alike(group, known, news)


def _pairs(group: Sequence[Solution], known: Sequence[Solution]) -> Iterable[tuple[Solution, Solution]]:
    """Each new position with every independent one, known or of the same alert."""
    for index, new in enumerate(group):
        for other in (*known, *group[:index]):
            if independent(new, other) and not two_sides(new, other):
                yield new, other


def _sides(one: Solution, among: Sequence[Solution]) -> list[Solution]:
    return [one, *(other for other in among if two_sides(one, other))]


def _unresolved(group: Sequence[Solution], known: Sequence[Solution]) -> list[Solution]:
    """The sides of an earlier, independent pass of which each matches another of the new ones (R Table 3.2.4, note)."""
    new = [one for one in group if one.method == "doppler"]
    if len(new) < 2:
        return []
    for old in known:
        if old.method != "doppler" or not independent(new[0], old):
            continue
        sides = _sides(old, known)
        hits = {id(side): [n for n in new if apart_m(n, side) <= MATCH_M.value] for side in sides}
        if len(sides) == 2 and all(hits.values()) and len({id(n) for near in hits.values() for n in near}) > 1:
            return sides
    return []


def _ambiguous(
    new: Solution, old: Solution, group: Sequence[Solution], known: Sequence[Solution], unresolved: Sequence[Solution]
) -> bool:
    """Whether a match of two Doppler sides would confirm nothing: the passes match on both sides, or a side has an
    image that is not known (ours: then which of them matches cannot be told)."""
    if new.method != "doppler" or old.method != "doppler":
        return False
    if old in unresolved:
        return True
    alone = [len(_sides(one, among)) == 1 and one.probability < 1 for one, among in ((new, group), (old, known))]
    return any(alone)


def _alike(group: Sequence[Solution], known: Sequence[Solution], news: Solution | None) -> Verdict:
    """Nothing independent to compare with."""
    verdict = Verdict("same")
    for new in group:
        before = next((other for other in known if kind(other) == kind(new)), None)
        if before is None:
            verdict = Verdict("moved", f"{_name(new)} was added.")
        elif new.method != "doppler" and (gone_m := _apart_of_all(new, before, group, known)) > MATCH_M.value:
            return Verdict("conflicting", f"{_name(new)} lies {_km(gone_m)} from the previous one, {_limit()}.")
        elif new.method == "encoded":
            verdict = _moved(new, before, news)
    return verdict


def _apart_of_all(new: Solution, before: Solution, group: Sequence[Solution], known: Sequence[Solution]) -> float:
    """Least distance (m) between the places of two findings of one kind, either of which may leave several open."""
    places = [one for one in group if kind(one) == kind(new)]
    earlier = [one for one in known if kind(one) == kind(before) and (one.start, one.end) == (before.start, before.end)]
    return min(apart_m(one, other) for one in places for other in earlier)


def _moved(new: Solution, previous: Solution, news: Solution | None) -> Verdict:
    last = news if news is not None and news.method == new.method else previous
    gone_m = apart_m(new, last)
    finer = previous.ehe_m is not None and new.ehe_m is not None and new.ehe_m < previous.ehe_m / 2
    if gone_m > UPDATE_M.value:
        return Verdict("moved", f"{_name(new)} lies {_km(gone_m)} from the one told last.")
    if finer:
        return Verdict("moved", f"{_name(new)} is finer than the previous one.")
    return Verdict("same")


# -- an ELT(DT) -------------------------------------------------------------------------------------------------------


def _flying(group: Sequence[Solution], known: Sequence[Solution], news: Solution | None) -> Verdict:
    """Only a DOA and an encoded position of the same alert are compared (R 3.2.2.1, 3.2.3.9 (4))."""
    fresh = [other for other in known if any(_together(new, other) for new in group)]
    pairs = [pair for pair in _pairs(group, fresh) if {kind(p) for p in pair} == {"doa", "encoded"}]
    if pairs:
        gap_m = apart_m(*pairs[0])
        words = f"{_sentence(*pairs[0])[:-1]}; an ELT(DT) is not confirmed."
        if gap_m > MATCH_M.value:
            return Verdict("conflicting", words)
        return Verdict("moved" if known else "first", words, pairs[0])
    if not known:
        return Verdict("first")
    new = group[-1]
    before = next((other for other in known if kind(other) == kind(new)), None)
    return _moved(new, before, news) if before else Verdict("moved", f"{_name(new)} was added.")


def _together(one: Solution, other: Solution) -> bool:
    """Whether two solutions are of the same bursts: their times overlap, within 2 s."""
    gap = max(seconds(one.start, other.end), seconds(other.start, one.end))
    return gap <= DOA_PORTION_S.value


# -- after confirmation -----------------------------------------------------------------------------------------------


def _confirmed(
    group: Sequence[Solution], known: Sequence[Solution], news: Solution | None, reference: Reference
) -> Verdict:
    """New positions beside the reference, an encoded one beside the previous encoded one (R Table 2.1)."""
    heard = [new for new in group if new.method == "encoded"]
    found = [new for new in group if new.method != "encoded"]
    if found:
        near = min(found, key=lambda new: apart_m(new, reference))
        if apart_m(near, reference) <= MATCH_M.value:
            gap = _km(apart_m(near, reference))
            return Verdict("matching", f"{_name(near)} lies {gap} from the reference position, {_limit()}.", (near,))
        repeated = all(any(kind(new) == "doppler" and same_pass(new, other) for other in known) for new in found)
        if repeated:
            return Verdict("same")
        return _against(found, known, reference, near)
    new = heard[-1]
    before = next((other for other in known if other.method == "encoded"), None)
    if before is None and apart_m(new, reference) <= MATCH_M.value:
        return Verdict("moved", f"{_name(new)} was added.")
    if before is None or apart_m(new, before) > MATCH_M.value:
        return _against(heard, known, reference, new, before)
    return _moved(new, before, news)


def _against(
    group: Sequence[Solution],
    known: Sequence[Solution],
    reference: Reference,
    near: Solution,
    before: Solution | None = None,
) -> Verdict:
    """A conflict with the reference, unless what came since agrees: then the reference is established anew.

    R 3.2.2.2.1 says that new data must conflict consistently and the reference get no updates; when that is so is
    ours: a new position and one later than all that made the reference agree and are independent.
    """
    recent = [other for other in known if other.end > reference.end and apart_m(other, reference) > MATCH_M.value]
    for pair in _pairs(group, recent):
        if pair[1] in recent and not _ambiguous(*pair, group, known, ()) and apart_m(*pair) <= MATCH_M.value:
            words = f"{_sentence(*pair)} The reference position was established anew from new positions alone."
            return Verdict("renewed", words, pair)
    base: Solution | Reference = before or reference
    other = "previous encoded position" if before else "reference position"
    return Verdict("conflicting", f"{_name(near)} lies {_km(apart_m(near, base))} from the {other}, {_limit()}.")


def same_pass(one: Solution, other: Solution) -> bool:
    """Whether two Doppler solutions are of one pass of one satellite, perhaps by two stations."""
    return one.method == other.method == "doppler" and not independent(one, other)


def _sentence(new: Solution, other: Solution) -> str:
    return f"{_name(new)} lies {_km(apart_m(new, other))} from the {_word(other)} position, {_limit()}."


def _word(solution: Solution) -> str:
    return {"doppler": "Doppler", "doa": "DOA"}.get(solution.method, solution.method)


def _name(solution: Solution) -> str:
    return f"The new {_word(solution)} position"


def _km(metres: float) -> str:
    return f"{metres / 1000:.1f} km"


def _limit() -> str:
    return f"where {MATCH_M.value / 1000:.0f} km is the limit"
