"""Detections from outside, as JSON: what ``vigie receive --json`` prints, sent by another station or kept in a file.

The bits are the truth: the message is decoded here from ``hex``, with what came otherwise by ``hex_received``; without
``hex``, from what was received. Whatever else the sender made of it is not read.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Literal
from weakref import WeakValueDictionary

import msgspec
import numpy as np

from vigie import instants
from vigie.errors import HexError, InputError
from vigie.message import beacon
from vigie.records import Detection, Message
from vigie.store.rows import key

_WHOLE = {"message_28": 112, "message_36": 144, "sgb_63": 250}
"""bits of the forms that hold a whole message"""


class _Body(msgspec.Struct):
    """The keys read; others are ignored."""

    hex: str | None = None
    hex_received: str | None = None
    message: dict[str, Any] | None = None
    time: str | None = None
    sample: int | None = None
    sync: Literal["normal", "self_test"] | None = None
    frequency_hz: float | None = None
    frequency_offset_hz: float | None = None
    drift_hz_per_s: float | None = None
    cn0_dbhz: float | None = None
    sigma_frequency_hz: float | None = None
    sigma_time_s: float | None = None
    confidence: float | None = None
    channel: str | None = None
    source: str | None = None
    exercise: bool = False
    time_known: bool = True
    at: Literal["satellite", "site"] = "site"
    id: str | int | None = None
    uuid: str | None = None
    satellite: str | int = ""
    frequency_at_s: float | None = None


def now() -> instants.Instant:
    """The clock of this machine."""
    return np.datetime64(time.time_ns(), "ns")


def detection(
    body: Mapping[str, Any], *, source: str = "network", clock: Callable[[], instants.Instant] = now
) -> Detection:
    """The detection that a JSON object states. Raises InputError saying which key is wrong and how.

    ``source``: its name when the object gives none. Without a time it is dated by ``clock``, and says so.
    """
    try:
        read = msgspec.convert(dict(body), _Body)
    except msgspec.ValidationError as error:
        raise InputError(f"it is no detection: {error}") from None
    message = _message(read)
    name = read.source or source
    try:
        moment = clock() if read.time is None else instants.parse(read.time)
    except InputError as error:
        raise InputError(f"time: {error}") from None
    return Detection(
        message,
        moment,
        sample=read.sample,
        sync=read.sync or message.facts.get("frame_sync") or "normal",
        frequency_hz=read.frequency_hz,
        frequency_offset_hz=read.frequency_offset_hz,
        drift_hz_per_s=read.drift_hz_per_s,
        cn0_dbhz=read.cn0_dbhz,
        sigma_frequency_hz=read.sigma_frequency_hz,
        sigma_time_s=read.sigma_time_s,
        confidence=read.confidence,
        channel=read.channel or "",
        source=name,
        exercise=read.exercise,
        time_known=read.time_known and read.time is not None,
        at=read.at,
        key=_key(read, body, name, None if read.time is None else moment),
        satellite=str(read.satellite),
        frequency_at_s=read.frequency_at_s,
    )


def _key(read: _Body, body: Mapping[str, Any], source: str, time: instants.Instant | None) -> str | None:
    """What a second delivery of this body has too; None when nothing would tell it from another burst.

    With an ``id`` or ``uuid`` of the sender: that, the time and the digits received, so that a sender who counts from
    1 again after a restart loses nothing. Without: all that was sent, but for what the sender made of the message. A
    body with neither name nor time is one more burst each time it comes.
    """
    name = read.uuid or read.id
    if name is not None:
        told = ["id", source, name, read.time, read.hex, read.hex_received]
        return key(time, msgspec.json.encode(told)).hex()
    if time is None:
        return None
    sent = {item: value for item, value in body.items() if item not in ("message", "corrected")}
    return key(time, msgspec.json.encode([source, sent], order="sorted")).hex()


_held = WeakValueDictionary[str, Message]()
"""decoded messages that somebody still holds, as the book holds the last of each alert"""


@lru_cache(1024)
def _decode(digits: str) -> Message:
    """One burst comes by several antennas, and again with the next: its message is decoded once."""
    message = _held.get(digits)
    if message is None:
        message = _held[digits] = beacon.decode(digits)
    return message


def _message(read: _Body) -> Message:
    """The message of a body's hex digits."""
    digits = read.hex or (read.hex_received if read.message else None)
    if not digits:
        raise InputError("it is no detection: hex is missing, so there is no message")
    try:
        message = _decode(digits)
        if not read.hex or not read.hex_received:
            return message
        came = _decode(read.hex_received)
    except HexError as error:
        raise InputError(f"hex is no beacon message: {error}") from None
    if came.form != message.form:
        raise InputError(f"hex is a {message.form} and hex_received a {came.form}: not one message")
    if came.received == message.received or message.form not in _WHOLE:
        return message
    width = _WHOLE[message.form]
    chosen, received = (format(int(one.received, 16) & (1 << width) - 1, f"0{width}b") for one in (message, came))
    return beacon.mended(chosen, received, sync=read.sync or "normal")
