"""Records as journal rows and back. What comes back is what went in: a law, tested."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import blake2b
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vigie import instants
from vigie.alert import states
from vigie.errors import InputError, StoreError
from vigie.jsonl import line, plain
from vigie.records import (
    Alert,
    Detection,
    ExerciseSit,
    Message,
    Notice,
    Order,
    Record,
    Reference,
    ReturnLink,
    Sit,
    Solution,
    Tick,
)

if TYPE_CHECKING:
    from vigie.store.row import Row

_MEASURED = (
    "frequency_hz",
    "frequency_offset_hz",
    "drift_hz_per_s",
    "cn0_dbhz",
    "sigma_frequency_hz",
    "sigma_time_s",
    "confidence",
)


_TOLD = ("time", "sample", "sync", *_MEASURED, "channel", "source", "exercise", "time_known", "at")
_FIRST_BIT = {"message_36": 1, "message_28": 1, "message_30": 25, "message_22": 25, "hexid_15": 26}


@lru_cache(4096)
def _text(instant: instants.Instant) -> str:
    return instants.text(instant)


def _value(value: Any) -> Any:
    """A number, text or nothing as JSON has it: what ``plain`` gives, without its many questions."""
    kind = type(value)
    if value is None or kind is str or kind is int or kind is bool:
        return value
    if kind is float:
        return value if isfinite(value) else None
    return _text(value) if kind is np.datetime64 else plain(value)


def kept(record: Record) -> bool:
    """Whether a record of this kind has a place in the journal."""
    return isinstance(record, (Detection, Solution, Alert, Tick, Order, Sit, ExerciseSit))


def key_of(detection: Detection) -> bytes:
    """16 bytes by which a second delivery of a detection is told: its own key, or one made of all that it says.

    Keys begin with the time in seconds, so that those written together lie together on disk.
    """
    if detection.key is not None:
        return bytes.fromhex(detection.key)
    values = (detection.message.received, detection.message.form, *(getattr(detection, name) for name in _TOLD))
    return key(detection.time, repr(values).encode())


def key(time: instants.Instant | None, content: bytes) -> bytes:
    """A key of 16 bytes: the time, in whole seconds, and a digest of the content."""
    seconds = 0 if time is None else int(time.astype("datetime64[s]").astype(np.int64)) & 0xFFFF_FFFF
    return seconds.to_bytes(4, "big") + blake2b(content, digest_size=12).digest()


def from_record(record: Record) -> tuple[str | None, str, str | None, dict[str, Any]]:
    """Time, kind, alert id and JSON body of a record; raises TypeError for samples and bursts."""
    match record:
        case Detection():
            beacon = states.alert_id(record.message, exercise=record.exercise)
            return _text(record.time), "detection", beacon, detection_body(record)
        case Solution():
            beacon = ("X-" if record.exercise else "") + record.hex_id
            body = {"hex_id": record.hex_id, "exercise": record.exercise, **solution_body(record)}
            return _text(record.end), "solution", beacon, body
        case Alert():
            return _text(record.changed or record.last_seen), "alert", record.id, alert_body(record)
        case Tick():
            return _text(record.time), "tick", None, {"time": _text(record.time)}
        case Order():
            body = {"time": record.time, "alert": record.alert, "what": record.what, "to": record.to, "by": record.by}
            return _text(record.time), "order", record.alert, plain(body)
        case Sit():
            return _text(record.time), "sit", record.alert, sit_body(record)
        case ExerciseSit():
            message = record.message
            return _text(message.time), "exercise_sit", message.alert, sit_body(message)
        case _:
            raise TypeError(f"{type(record).__name__} has no place in the journal")


def to_record(row: Row) -> Record:
    """The record a row was made from. Raises StoreError for a row that this version cannot read."""
    try:
        return _READ[row.kind](row.body)
    except (KeyError, TypeError, ValueError, InputError) as error:
        words = f"{type(error).__name__} {error}"
        raise StoreError(
            f"row {row.seq} of the journal, a {row.kind}, cannot be read by this version: {words}"
        ) from None


def as_json(body: dict[str, Any]) -> dict[str, Any]:
    """A body as it comes back from its text: tuples become lists."""
    value: dict[str, Any] = msgspec.json.decode(line(body))
    return value


def detection_body(detection: Detection) -> dict[str, Any]:
    """The line of ``vigie receive --json`` with the way it came by.

    ``hex`` is the message as mended, None where a protected field is past mending; ``hex_received`` is what came.
    """
    message = detection.message
    facts = message.facts
    return {
        "time": _text(detection.time),
        "sample": _value(detection.sample),
        "generation": message.kind,
        "sync": detection.sync,
        **{name: _value(getattr(detection, name)) for name in _MEASURED[:-1]},
        "hex": mended(message),
        "hex_received": message.received,
        "form": message.form,
        "message": facts,  # plain already: message.decode made them, or JSON did
        "corrected": {"bch1": facts.get("bch1_errors"), "bch2": facts.get("bch2_errors")},
        "confidence": _value(detection.confidence),
        "channel": detection.channel,
        "source": detection.source,
        "exercise": detection.exercise,
        "time_known": detection.time_known,
        "at": detection.at,
        "snippet": detection.snippet,
        **({"satellite": detection.satellite} if detection.satellite else {}),
        **({"more": True} if detection.more else {}),
        **({} if detection.frequency_at_s is None else {"frequency_at_s": detection.frequency_at_s}),
    }


def mended(message: Message) -> str | None:
    """The hex digits of a message with its wrong bits turned over; None when not all of it could be mended."""
    facts, digits = message.facts, message.received
    if facts.get("verdict") == "unreliable" or facts.get("pdf2_verdict") == "unreliable":
        return None
    wrong = facts.get("corrected_bits") or ()
    first = _FIRST_BIT.get(message.form)
    if not wrong or first is None:
        return digits
    word = int(digits, 16)
    for bit in wrong:
        word ^= 1 << (len(digits) * 4 - 1 - (bit - first))
    return format(word, f"0{len(digits)}X")


def _detection(body: dict[str, Any]) -> Detection:
    return Detection(
        Message(body["generation"], body["hex_received"], body["form"], body["message"]),
        instants.parse(body["time"]),
        sample=body["sample"],
        sync=body["sync"],
        **{name: body[name] for name in _MEASURED},
        channel=body["channel"],
        source=body["source"],
        exercise=body["exercise"],
        time_known=body["time_known"],
        at=body["at"],
        snippet=body.get("snippet"),
        satellite=body.get("satellite", ""),
        more=body.get("more", False),
        frequency_at_s=body.get("frequency_at_s"),
    )


@lru_cache(4096)
def _listed(solution: Solution) -> dict[str, Any]:
    return solution_body(solution)


def solution_body(solution: Solution) -> dict[str, Any]:
    """A solution as the alert's list of them prints it."""
    return {
        "method": solution.method,
        "latitude": _value(solution.lat_deg),
        "longitude": _value(solution.lon_deg),
        "ehe_m": _value(solution.ehe_m),
        "alt_m": _value(solution.alt_m),
        "covariance_m2": plain(solution.covariance_m2),
        "probability": _value(solution.probability),
        "used": _value(solution.used),
        "start": _text(solution.start),
        "end": _text(solution.end),
        "velocity_mps": plain(solution.velocity_mps),
        "cells": dict(solution.cells),
        **{name: list(getattr(solution, name)) for name in ("satellites", "outside") if getattr(solution, name)},
        **({"source": solution.source} if solution.source else {}),
        **({"more": True} if solution.more else {}),
    }


def _solution(body: dict[str, Any], hex_id: str, exercise: bool) -> Solution:
    covariance, velocity = body["covariance_m2"], body.get("velocity_mps")
    return Solution(
        hex_id,
        body["method"],
        body["latitude"],
        body["longitude"],
        instants.parse(body["start"]),
        instants.parse(body["end"]),
        body["ehe_m"],
        alt_m=body["alt_m"],
        covariance_m2=None if covariance is None else tuple(covariance),
        probability=body["probability"],
        used=body["used"],
        exercise=exercise,
        velocity_mps=None if velocity is None else tuple(velocity),
        cells=tuple(body.get("cells", {}).items()),
        satellites=tuple(body.get("satellites", ())),
        source=body.get("source", ""),
        outside=tuple(body.get("outside", ())),
        more=body.get("more", False),
    )


def alert_body(alert: Alert) -> dict[str, Any]:
    """An alert as the list, the WebSocket and ``vigie replay`` print it."""
    facts = alert.facts
    newest = alert.solutions[0] if alert.solutions else None
    if len(alert.solutions) > 1:
        newest = max(alert.solutions, key=lambda item: (item.end, item.probability))
    position = newest and {
        "latitude": _value(newest.lat_deg),
        "longitude": _value(newest.lon_deg),
        "method": newest.method,
        "ehe_m": _value(newest.ehe_m),
    }
    return {
        "id": alert.id,
        "hex_id": alert.hex_id,
        "state": alert.state,
        "state_words": states.STATES[alert.state],
        "reason": alert.reason,
        "category": alert.category,
        "category_words": states.category_words(alert.category, exercise=alert.exercise),
        "exercise": alert.exercise,
        "first_seen": _text(alert.first_seen),
        "last_seen": _text(alert.last_seen),
        "changed": _value(alert.changed),
        "bursts": alert.bursts,
        **{name: facts.get(name) for name in ("country", "country_code", "beacon_type", "protocol")},
        "position": position,
        "solutions": [_listed(solution) for solution in alert.solutions],
        "facts": facts,
        "site": alert.site,
        "to": list(alert.to),
        "told": list(alert.told),
        "notices": [notice_body(notice) for notice in alert.notices],
        "reference": reference_body(alert.reference),
        "remarks": list(alert.remarks),
        "return_link": alert.return_link and plain(alert.return_link),
        "until": _value(alert.until),
    }


def same_alert(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two bodies tell the same of an alert. The numbers of its messages do not count: they depend on what else
    was sent to a destination, about alerts that may have been moved to an archive."""
    return _unnumbered(one) == _unnumbered(other)


def _unnumbered(body: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "notices": [{**notice, "serial": None} for notice in body.get("notices") or ()]}


def notice_body(notice: Notice) -> dict[str, Any]:
    """A message that is called for, as the alert lists it."""
    body: dict[str, Any] = plain(notice)
    return body


def reference_body(reference: Reference | None) -> dict[str, Any] | None:
    """The MCC reference position as the alert prints it."""
    if reference is None:
        return None
    body: dict[str, Any] = plain(
        {
            "latitude": reference.lat_deg,
            "longitude": reference.lon_deg,
            "start": reference.start,
            "end": reference.end,
            "used": reference.used,
            "renewed": reference.renewed,
        }
    )
    return body


def _reference(body: dict[str, Any] | None) -> Reference | None:
    if body is None:
        return None
    times = instants.parse(body["start"]), instants.parse(body["end"])
    return Reference(body["latitude"], body["longitude"], *times, body["used"], body["renewed"])


def _return_link(body: dict[str, Any] | None) -> ReturnLink | None:
    return None if body is None else ReturnLink(**{**body, "since": instants.parse(body["since"])})


def sit_body(sit: Sit) -> dict[str, Any]:
    """A message between centres."""
    body: dict[str, Any] = plain(sit)
    return body


def _sit(body: dict[str, Any]) -> Sit:
    return Sit(**{**body, "time": instants.parse(body["time"])})


def _order(body: dict[str, Any]) -> Order:
    return Order(**{**body, "time": instants.parse(body["time"])})


def _alert(body: dict[str, Any]) -> Alert:
    changed = body["changed"]
    return Alert(
        body["id"],
        body["hex_id"],
        body["state"],
        body["reason"],
        body["category"],
        body["exercise"],
        instants.parse(body["first_seen"]),
        instants.parse(body["last_seen"]),
        body["bursts"],
        tuple(_solution(item, body["hex_id"], body["exercise"]) for item in body["solutions"]),
        body["facts"],
        None if changed is None else instants.parse(changed),
        body.get("site", 1),
        tuple(body.get("to", ())),
        tuple(body.get("told", ())),
        tuple(Notice(**{**item, "buffers": tuple(item["buffers"])}) for item in body.get("notices", ())),
        _reference(body.get("reference")),
        tuple(body.get("remarks", ())),
        _return_link(body.get("return_link")),
        instants.parse(body["until"]) if body.get("until") else None,
    )


_READ: dict[str, Callable[[dict[str, Any]], Record]] = {
    "detection": _detection,
    "solution": lambda body: _solution(body, body["hex_id"], body["exercise"]),
    "alert": _alert,
    "tick": lambda body: Tick(instants.parse(body["time"])),
    "order": _order,
    "sit": _sit,
    "exercise_sit": lambda body: ExerciseSit(_sit(body)),
}
