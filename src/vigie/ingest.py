"""Detections from outside, as JSON: what ``vigie receive --json`` prints, sent by another station or kept in a file.

The bits are the truth: the message is decoded here from ``hex_received``, else ``hex``, whatever the sender made of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np

from vigie import instants
from vigie.errors import HexError, InputError
from vigie.message import beacon
from vigie.records import Detection


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
    digits = (read.hex_received or read.hex) if read.hex or read.message else None
    if not digits:
        raise InputError("it is no detection: hex is missing, so there is no message")
    try:
        message = beacon.decode(digits)
    except HexError as error:
        raise InputError(f"hex is no beacon message: {error}") from None
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
        source=read.source or source,
        exercise=read.exercise,
        time_known=read.time_known and read.time is not None,
        at=read.at,
    )
