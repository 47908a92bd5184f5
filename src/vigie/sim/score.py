"""A stream compared with the truth: what was detected, how well it was located, how soon, what was false or lost.

It reads detections (``vigie receive --json``, ``vigie simulate``), solutions (``vigie locate --json``) and alerts
(``vigie replay``), told apart by their keys, from any number of files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from vigie import instants
from vigie.errors import InputError
from vigie.geodesy import distance_m, ecef_m, local_axes
from vigie.sim.truth import Told, Truth

PERCENTILES = (50, 75, 90, 95, 99)
NOT_DISTRESS = ("self_test", "test", "orbitography", "unreliable")
"""states and categories that alarm nobody"""


@dataclass(frozen=True)
class Located:
    """One solution against the truth."""

    beacon: str
    method: str
    time: instants.Instant
    latitude: float
    longitude: float
    error_m: float
    in_ehe: bool | None
    in_ellipse: bool | None
    first: bool
    """the likelier of several places, or the only one"""
    right_side: bool | None
    """of two sides: whether this one is nearer to the truth; filled for the first"""


@dataclass
class Found:
    """What a stream says of one beacon."""

    bursts: set[int] = field(default_factory=set)
    receptions: int = 0
    first_detection: instants.Instant | None = None
    first_location: instants.Instant | None = None
    first_alert: instants.Instant | None = None
    confirmed: instants.Instant | None = None
    state: str | None = None


@dataclass
class Card:
    """Everything that was counted."""

    found: dict[str, Found] = field(default_factory=lambda: defaultdict(Found))
    located: list[Located] = field(default_factory=list)
    strange: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """lines by a hex ID that was never in the world"""
    false_alerts: set[str] = field(default_factory=set)
    unreliable: int = 0
    """detections whose identity is not to be trusted, and that say so"""
    unmatched: int = 0
    """detections of a known beacon at a time at which it sent nothing"""
    detections: int = 0
    solutions: int = 0
    unsolved: int = 0
    alerts: int = 0


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a file. Raises InputError naming the line that is none."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, 1):
                if not line.strip():
                    continue
                try:
                    yield msgspec.json.decode(line, type=dict[str, Any])
                except msgspec.DecodeError as error:
                    raise InputError(f"{path}, line {number}: no JSON object: {error}") from None
    except OSError as error:
        raise InputError(f"{path}: not readable: {error.strerror}") from None


def compare(rows: Iterable[Mapping[str, Any]], truth: Truth) -> Card:
    """Every row of a stream against the truth."""
    card = Card()
    for row in rows:
        if "error" in row:
            continue
        if "state" in row and "first_seen" in row:
            _alert(card, truth, row)
        elif "ehe_m" in row and "method" in row:
            _solution(card, truth, row)
        elif "hex" in row or "hex_received" in row:
            _detection(card, truth, row)
        else:
            raise InputError(f"a line is neither detection, solution nor alert: it has {', '.join(list(row)[:6])}")
    _sides(card)
    return card


def _instant(row: Mapping[str, Any], *keys: str) -> instants.Instant | None:
    for key in keys:
        if row.get(key):
            return instants.parse(str(row[key]))
    return None


def _hex_id(row: Mapping[str, Any]) -> str | None:
    message = row.get("message")
    said = message.get("hex_id") if isinstance(message, Mapping) else None
    name = said or row.get("hex_id") or row.get("beacon")
    if name is None and row.get("hex"):
        from vigie.sim.told import decoded

        name = decoded(str(row["hex"]))[0]
    return None if name is None else str(name)


def _detection(card: Card, truth: Truth, row: Mapping[str, Any]) -> None:
    card.detections += 1
    message = row.get("message")
    if row.get("hex") is None and (not isinstance(message, Mapping) or message.get("verdict") == "unreliable"):
        card.unreliable += 1
        return
    hex_id = _hex_id(row)
    told = truth.of(hex_id)
    if told is None:
        card.strange[str(hex_id)] += 1
        return
    time = _instant(row, "time", "toa")
    burst = None if time is None else told.burst_of(time)
    if time is None or burst is None:
        card.unmatched += 1
        return
    found = card.found[told.facts["name"]]
    found.bursts.add(burst)
    found.receptions += 1
    arrived = _instant(row, "delivered") or time
    found.first_detection = _sooner(found.first_detection, arrived)
    if isinstance(message, Mapping) and message.get("latitude") is not None:
        found.first_location = _sooner(found.first_location, arrived)


def _sooner(one: instants.Instant | None, other: instants.Instant) -> instants.Instant:
    return other if one is None else min(one, other)


def _solution(card: Card, truth: Truth, row: Mapping[str, Any]) -> None:
    card.solutions += 1
    hex_id = _hex_id(row)
    told = truth.of(hex_id)
    if told is None or not len(told.times):
        card.strange[str(hex_id)] += 1
        return
    end = _instant(row, "end")
    if row.get("latitude") is None or row.get("longitude") is None or end is None:
        card.unsolved += 1
        return
    lat, lon = told.place(end)
    error = float(distance_m(row["latitude"], row["longitude"], lat, lon))
    ehe = row.get("ehe_m")
    card.located.append(
        Located(
            beacon=told.facts["name"],
            method=str(row["method"]),
            time=end,
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            error_m=error,
            in_ehe=None if ehe is None else error <= float(ehe),
            in_ellipse=_inside(row, lat, lon),
            first=row.get("side") in (None, "A"),
            right_side=None,
        )
    )
    found = card.found[told.facts["name"]]
    found.first_location = _sooner(found.first_location, _instant(row, "delivered") or end)


def _inside(row: Mapping[str, Any], lat: float, lon: float) -> bool | None:
    """Whether the truth lies in a solution's 95 % ellipse."""
    ellipse = row.get("ellipse")
    if not isinstance(ellipse, Mapping):
        return None
    axes = local_axes(row["latitude"], row["longitude"])
    off = axes @ (ecef_m(lat, lon) - ecef_m(row["latitude"], row["longitude"]))
    turn = np.radians(ellipse["azimuth_deg"])
    along = off[0] * np.sin(turn) + off[1] * np.cos(turn)
    across = off[0] * np.cos(turn) - off[1] * np.sin(turn)
    return bool((along / ellipse["semi_major_m"]) ** 2 + (across / ellipse["semi_minor_m"]) ** 2 <= 1)


def _sides(card: Card) -> None:
    """Of the sides of one pass, whether the one named first is the nearer to the truth."""
    together: dict[tuple[str, str, Any], list[int]] = defaultdict(list)
    for index, item in enumerate(card.located):
        together[item.beacon, item.method, item.time].append(index)
    for group in together.values():
        if len(group) < 2:
            continue
        nearest = min(group, key=lambda index: card.located[index].error_m)
        for index in group:
            item = card.located[index]
            if item.first:
                card.located[index] = Located(**{**_fields(item), "right_side": index == nearest})


def _fields(item: Located) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _alert(card: Card, truth: Truth, row: Mapping[str, Any]) -> None:
    card.alerts += 1
    told = truth.of(row.get("hex_id"))
    calm = row["state"] in NOT_DISTRESS
    if told is None:
        if not calm:
            card.false_alerts.add(str(row.get("hex_id") or row.get("id")))
        return
    name = told.facts["name"]
    if calm or not told.facts["distress"]:
        if not calm and not told.facts["cancelled"]:
            card.false_alerts.add(name)
        return
    found = card.found[name]
    found.state = str(row["state"])
    seen = _instant(row, "alerted_at", "first_seen")
    if seen is not None:
        found.first_alert = _sooner(found.first_alert, seen)
    confirmed = _instant(row, "confirmed_at")
    if confirmed is None and str(row["state"]).startswith("confirmed"):
        confirmed = _instant(row, "changed")
    if confirmed is not None:
        found.confirmed = _sooner(found.confirmed, confirmed)
    located = _instant(row, "located_at")
    if located is not None:
        found.first_location = _sooner(found.first_location, located)
    for solution in row.get("solutions") or ():
        end = _instant(solution, "start", "end")
        if end is not None:
            found.first_location = _sooner(found.first_location, end)


def figures(card: Card, truth: Truth) -> dict[str, Any]:
    """The card as numbers: for all beacons, then by kind, generation and region."""
    groups: dict[str, Callable[[Told], str]] = {
        "kind": lambda told: str(told.facts["beacon_kind"]),
        "generation": lambda told: str(told.facts["generation"]),
        "region": lambda told: str(told.facts["region"]),
    }
    by: dict[str, Any] = {}
    for key, name_of in groups.items():
        names = sorted({name_of(told) for told in truth.beacons.values()})
        by[key] = {
            name: _group(card, [told for told in truth.beacons.values() if name_of(told) == name]) for name in names
        }
    return {
        "scenario": truth.scenario,
        "lines": {"detections": card.detections, "solutions": card.solutions, "alerts": card.alerts},
        "all": _group(card, list(truth.beacons.values())),
        "by": by,
        "alerts": _alerts(card, truth),
        "not_matched": {
            "unknown_identities": dict(card.strange),
            "unreliable": card.unreliable,
            "known_beacon_at_no_burst": card.unmatched,
            "not_located": card.unsolved,
        },
    }


def _alerts(card: Card, truth: Truth) -> dict[str, Any]:
    """False and lost alerts. Without alerts in the stream a beacon is lost when nothing of it was detected."""
    lost = [
        told.facts["name"]
        for told in truth.beacons.values()
        if told.facts["distress"] and np.any(told.tracked > 0) and not _heard(card, told)
    ]
    return {
        "false": sorted(card.false_alerts),
        "lost": lost,
        "distress_beacons": sum(bool(told.facts["distress"]) for told in truth.beacons.values()),
        "distress_in_view": sum(
            bool(told.facts["distress"] and np.any(told.tracked > 0)) for told in truth.beacons.values()
        ),
        "counted_from": "alerts" if card.alerts else "detections",
    }


def _heard(card: Card, told: Told) -> bool:
    found = card.found.get(told.facts["name"])
    if found is None:
        return False
    return found.first_alert is not None if card.alerts else bool(found.bursts or found.first_location)


def _group(card: Card, told: list[Told]) -> dict[str, Any]:
    told = [item for item in told if item.facts["beacon_kind"] != "spurious"]  # there is nothing to be read of it
    names = {item.facts["name"] for item in told}
    sent = sum(len(item.times) for item in told)
    tracked = sum(int(np.sum(item.tracked > 0)) for item in told)
    got = sum(len(card.found[name].bursts) for name in names if name in card.found)
    located = [item for item in card.located if item.beacon in names]
    return {
        "beacons": len(told),
        "bursts_sent": sent,
        "bursts_in_view": tracked,
        "bursts_detected": got,
        "detection_rate": _part(got, tracked),
        "detection_rate_of_all_sent": _part(got, sent),
        "location": {
            method: _errors([item for item in located if item.method == method], names)
            for method in sorted({item.method for item in located})
        },
        "times_s": _times(card, told),
    }


def _part(some: int, of: int) -> float | None:
    return some / of if of else None


def _errors(located: list[Located], names: set[str]) -> dict[str, Any]:
    first = [item for item in located if item.first]
    errors = np.array([item.error_m for item in first])
    sides = [item.right_side for item in first if item.right_side is not None]
    return {
        "solutions": len(first),
        "beacons_located": len({item.beacon for item in first}),
        "of_beacons": len(names),
        "error_m": {f"p{part}": float(np.percentile(errors, part)) for part in PERCENTILES} if errors.size else {},
        "within_5_km": _share(errors <= 5000) if errors.size else None,
        "ehe_containment": _share([item.in_ehe for item in first if item.in_ehe is not None]),
        "ellipse_containment": _share([item.in_ellipse for item in first if item.in_ellipse is not None]),
        "right_side_first": _share(sides),
    }


def _share(flags: Any) -> float | None:
    return float(np.mean(flags)) if len(flags) else None


def _times(card: Card, told: list[Told]) -> dict[str, Any]:
    """Seconds from activation, for beacons of distress, over those that got so far; and how many did."""
    kinds = {
        "detection": "first_detection",
        "alert": "first_alert",
        "location": "first_location",
        "confirmation": "confirmed",
    }
    beacons = [item for item in told if item.facts["distress"]]
    answer = {}
    for kind, name in kinds.items():
        past = since_activation(card, beacons, name)
        answer[f"first_{kind}" if kind != "confirmation" else kind] = {
            "beacons": len(past),
            "of": len(beacons),
            **{f"p{part}": float(np.percentile(past, part)) for part in (50, 95) if past.size},
        }
    return answer


def since_activation(card: Card, told: list[Told], name: str) -> Any:
    """Seconds from each beacon's activation, or the scenario's start for one that was on, to one of ``Found``'s."""
    past = []
    for item in told:
        found = card.found.get(item.facts["name"])
        moment = None if found is None else getattr(found, name)
        if moment is not None:
            began = max(instants.parse(item.facts["on"]), item.begins)
            past.append(float((moment - began) / np.timedelta64(1, "s")))
    return np.array(past)
