"""Which message a change of an alert calls for, and who gets it (R Table 2.1). Decided here, written elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vigie.alert import resend, states
from vigie.alert.entry import Entry
from vigie.alert.matching import kind
from vigie.alert.network import Network
from vigie.alert.practice import Practice
from vigie.alert.routing import PROVIDERS, REPOSITORY, Registered, Route, Subject, held, named
from vigie.alert.rules import LADR_APART_S, REDETECTION_S, ROTATING_S
from vigie.alert.spans import seconds
from vigie.instants import Instant
from vigie.records import Solution

TOLD = ("distress", "national", "cancelled", "unreliable")
"""categories that are ever told; tests and system beacons are not (R 3.2.4.1)"""
_LOCATED_FIRST = "406 BEACON INITIAL LOCATED ALERT"
_UPDATE = "406 BEACON POSITION UPDATE"
_ENCODED = "406 BEACON ENCODED POSITION UPDATE"
_CONFLICT = "406 BEACON POSITION CONFLICT ALERT"
_REDETECTED = "406 BEACON DETECTION UPDATE"
_UNLOCATED = "406 BEACON UNLOCATED FIRST ALERT"
_CANCELLED = "406 BEACON USER CANCELLATION"
_ROTATING = "406 BEACON ROTATING FIELD UPDATE ALERT"
STATUS = "406 BEACON NO DETECTION/SITE STATUS REPORT"
_NOTIFIED = "NOTIFICATION OF COUNTRY OF REGISTRATION"
_DOA_MATCH = "406 BEACON DOA POSITION MATCH"
_UNRESOLVED = "406 BEACON UNRESOLVED DOPPLER POSITION MATCH"


class Change(NamedTuple):
    """What happened to an alert."""

    event: str
    row: states.Row
    words: str
    time: Instant
    """the latest detection in what brought it"""
    found: tuple[Solution, ...] = ()
    """the positions it brought"""
    route: Route = Route()
    sources: tuple[str, ...] = ()
    corroborates: bool = False
    again: bool = False
    """the beacon calls again after a cancellation"""
    rotating: int | None = None
    """type of the rotating field it brought"""
    link_changed: bool = False
    confirms: bool = False
    """the position is confirmed by it"""


class Draft(NamedTuple):
    """A message decided on, not yet numbered."""

    number: str
    to: str
    title: str
    why: str
    source: str
    inferred: bool = False


class Wanted(NamedTuple):
    """The message a change calls for."""

    number: str
    title: str
    why: str = ""
    source: str = ""
    inferred: bool | None = None


def drafts(
    entry: Entry, change: Change, practice: Practice, network: Network, registered: Registered | None
) -> list[Draft]:
    """The messages that a change calls for, one for each destination."""
    if entry.category not in TOLD or (entry.category == "unreliable" and not entry.solutions):
        return []
    in_register = registered(entry.hex_id) if registered and entry.hex_id else None
    choice = wanted(entry, change, practice, in_register)
    if _stopped(entry, change, practice, network):
        choice = None
    made: dict[str, Draft] = {}
    if choice is not None:
        for name in recipients(entry, choice, network):
            made[name] = draft(entry, change, choice, name)
    if entry.state not in ("closed", *states.ENDING):
        told = entry.told
        fresh = [name for name in entry.to if name not in made and name not in told and name != REPOSITORY]
        first = _first(entry, practice, in_register) if fresh else None
        for name in fresh if first is not None else ():
            assert first is not None
            made[name] = draft(entry, change, first, name)
    made |= _notified(entry, change)
    made |= _provider(entry, change, choice)
    made |= _repository(entry, change)
    if not made:
        return []
    return _released(entry, change, list(made.values()), network, practice, in_register)


def wanted(entry: Entry, change: Change, practice: Practice, in_register: bool | None) -> Wanted | None:
    """The message that those who know of the alert get; None when there is no news for them."""
    row, event = change.row, change.event
    if row.sit == "176":
        return Wanted("176", STATUS) if practice.applies("no_detection") else None
    if event == "cancelled" and row.to == "cancelled":
        return Wanted("179", _CANCELLED)
    if not row.sit:
        return None
    if entry.flies:
        return _flying(entry, change)
    number = _number(entry, change, practice, in_register)
    return number or _rotating(entry, change)


def _stopped(entry: Entry, change: Change, practice: Practice, network: Network) -> bool:
    """Whether a centre of LEOSAR and GEOSAR alone has told all it tells: it stops after confirmation (conference slides
    of 2013; that conflicts, cancellations and closures are told all the same is ours). One with MEOSAR goes on."""
    own = network.destinations.get(network.own)
    systems = own.capability.partition("+")[0] if own is not None else ""
    if not practice.lg_stops or not systems or "M" in systems:
        return False
    return entry.reference is not None and not change.confirms and change.event in _UPDATES


_UPDATES = ("burst", "same", "moved", "better", "matching", "unresolved")


def _number(entry: Entry, change: Change, practice: Practice, in_register: bool | None) -> Wanted | None:
    row, event, found = change.row, change.event, change.found
    if change.again and row.sit == "177":
        return Wanted("177", _REDETECTED, "The beacon calls again after the cancellation.", inferred=True)
    if row.sit == "170":
        return _first(entry, practice, in_register)
    if row.sit == "177":
        return _redetected(entry, change, practice)
    if row.sit in ("171", "174"):
        title = _UPDATE if row.sit == "174" and _located_told(entry) else _LOCATED_FIRST
        return Wanted(row.sit, title)
    if event == "unresolved":
        return Wanted("172", _UNRESOLVED)
    sure = entry.state in states.SURE
    if event in ("matching", "conflicting") and resend.repeats(entry, found, event, practice):
        return None
    if event == "conflicting":
        return Wanted("175" if sure else "173", _CONFLICT)
    if event in ("matching", "renewed"):
        return Wanted("175", _UPDATE)
    if all(new.method == "encoded" for new in found):
        return Wanted("179", _ENCODED)
    return Wanted("175" if sure else "172", _UPDATE)


def _first(entry: Entry, practice: Practice, in_register: bool | None) -> Wanted | None:
    """The first message that a destination gets: with the position, where there is one."""
    if entry.reference is not None:
        return Wanted("175", _UPDATE, "This destination is newly concerned.", "R 3.2.3.8.2 (6)", True)
    if entry.solutions:
        return Wanted("171", _LOCATED_FIRST)
    if entry.category == "unreliable":
        return None
    if practice.unlocated_needs_name and not in_register and not named(entry.facts):
        return None
    return Wanted("170", _UNLOCATED)


def _redetected(entry: Entry, change: Change, practice: Practice) -> Wanted | None:
    if not practice.applies("redetection") or not entry.sent:
        return None
    if change.corroborates:
        return Wanted("177", _REDETECTED, "A second detection corroborates the first.", "R 3.2.7, Table 2.1 (SIT 177)")
    last = max(sent.time for sent in entry.sent)
    if seconds(change.time, last) >= REDETECTION_S.value:
        return Wanted("177", _REDETECTED, "The beacon is still heard.", "R Table 2.1 (SIT 177)")
    return None


def _rotating(entry: Entry, change: Change) -> Wanted | None:
    """A new rotating field, where nothing else is to be told (R Table 2.1)."""
    if change.rotating is None or not entry.sent:
        return None
    last = entry.rotating.get(change.rotating)
    if last is not None and seconds(change.time, last) < ROTATING_S.value:
        return None
    words = f"Rotating field {change.rotating} of the message was received."
    return Wanted("179", _ROTATING, words, "R Table 2.1 (SIT 179)")


def _flying(entry: Entry, change: Change) -> Wanted | None:
    """R 3.2.3.9 (7) and (8): by time, whatever the position says."""
    if not (resend.quick(entry, change.time, change.found) or resend.due(entry, change.time)):
        entry.waiting = True
        return None
    return flying_kind(entry, change)


def flying_kind(entry: Entry, change: Change) -> Wanted:
    """The message about an ELT(DT): what it holds decides."""
    source = "R 3.2.3.9 (7), (8)"
    if not change.found:
        return Wanted("177", _REDETECTED, source=source) if entry.sent else Wanted("170", _UNLOCATED)
    if not _located_told(entry):
        return Wanted("171", _LOCATED_FIRST)
    if change.event == "conflicting":
        return Wanted("173", _CONFLICT, source="R 3.2.3.9 (4)")
    kinds = {kind(new) for new in change.found}
    if "doa" in kinds:
        matched = "is not confirmed" in change.words
        return Wanted("172", _DOA_MATCH if matched else _UPDATE, source=source)
    return Wanted("179", _ENCODED, source=source)


def _located_told(entry: Entry) -> bool:
    return any(sent.solutions for sent in entry.sent)


def recipients(entry: Entry, choice: Wanted, network: Network) -> Sequence[str]:
    """Who gets it. A site report goes to rescue centres that have been told, not to other centres (R 3.6)."""
    if choice.number != "176":
        return [name for name in entry.to if name != REPOSITORY]
    told = [name for name in entry.told if name in entry.to]
    return [name for name in told if network.destination(name).kind in ("rcc", "spoc")]


def addressed(entry: Entry, change: Change, choice: Wanted, network: Network) -> list[Draft]:
    """One message to all who get it."""
    return [draft(entry, change, choice, name) for name in recipients(entry, choice, network)]


def as_it_stands(entry: Entry) -> Wanted:
    """The message that says how an alert stands now, for one who has not got the others."""
    if entry.state == "cancelled":
        return Wanted("179", _CANCELLED)
    if entry.reference is not None:
        return Wanted("175", _UPDATE)
    return Wanted("171", _LOCATED_FIRST) if entry.solutions else Wanted("170", _UNLOCATED)


def _notified(entry: Entry, change: Change) -> dict[str, Draft]:
    """Notification of country of registration: once, with the first position outside its area (R Table 2.1)."""
    fresh = [name for name in entry.home if name not in entry.nocr and name not in entry.removed]
    if not fresh or not entry.solutions or entry.state not in (*states.ACTIVE, "unreliable"):
        return {}
    choice = Wanted("178", _NOTIFIED, "The beacon is outside the area of its country.", "R 3.2.3.8.2 (4)")
    return {name: draft(entry, change, choice, name) for name in fresh}


def _provider(entry: Entry, change: Change, choice: Wanted | None) -> dict[str, Draft]:
    """The return link provider's centre: at confirmation, and whenever the feedback changes after it (R 3.2.3.8.2)."""
    if entry.link is None or entry.reference is None or not (change.confirms or change.link_changed):
        return {}
    name = PROVIDERS.get(entry.link.provider)
    if name is None:
        return {}
    words = f"Return link: the acknowledgement is {entry.link.state}."
    used = choice or Wanted("177", _REDETECTED, inferred=True)
    return {name: draft(entry, change, used._replace(why=words, source="R 3.2.3.8.2 (9)"), name)}


def _repository(entry: Entry, change: Change) -> dict[str, Draft]:
    """The repository of aircraft in distress: located alerts 3 s apart, and a confirmed cancellation (R 2.1.8)."""
    if REPOSITORY not in entry.to:
        return {}
    times = [sent.time for sent in entry.sent if REPOSITORY in sent.to]
    apart = all(abs(seconds(change.time, time)) >= LADR_APART_S.value for time in times)
    cancelled = change.event == "cancelled" and change.row.to == "cancelled"
    if not (cancelled or (change.found and apart)):
        return {}
    title = _CANCELLED if cancelled else _ENCODED
    return {REPOSITORY: draft(entry, change, Wanted("179", title, source="R 2.1.8"), REPOSITORY)}


def draft(entry: Entry, change: Change, choice: Wanted, name: str) -> Draft:
    number = choice.number if resend.generation(entry) == "FGB" else f"3{choice.number[1:]}"
    words = [choice.why or change.words or change.row.words, *change.route.notes]
    inferred = change.row.inferred if choice.inferred is None else choice.inferred
    source = choice.source or change.row.source
    why = " ".join(dict.fromkeys(word for word in words if word))
    return Draft(number, name, choice.title, why, source, inferred or not change.route.sure)


def _released(
    entry: Entry,
    change: Change,
    made: list[Draft],
    network: Network,
    practice: Practice,
    in_register: bool | None,
) -> list[Draft]:
    """Without those that must not have an alert that one burst by one satellite made (R 3.2.7)."""
    if not entry.uncorroborated:
        return made
    places = [(s.lat_deg, s.lon_deg) for s in entry.solutions]
    subject = Subject(entry.facts, entry.hex_id, places, entry.category != "unreliable", entry.flies, in_register)
    return [d for d in made if not held(network.destination(d.to), subject, change.sources, network, practice)]
