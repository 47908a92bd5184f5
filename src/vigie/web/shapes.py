"""Shapes of the replies, for the OpenAPI description alone: the replies themselves are plain dicts."""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Fault(msgspec.Struct):
    """What was wrong."""

    kind: str
    message: str


class Problem(msgspec.Struct):
    """Every reply that is not a success."""

    error: Fault


class Health(msgspec.Struct):
    """How the service fares."""

    status: Literal["ok", "degraded", "failing"]
    time: str


class Session(msgspec.Struct):
    """Who one is."""

    user: str
    role: str
    may: list[str]
    sign_in: bool
    """True when a session stands behind it, which can be ended"""
    csrf: str | None
    """to be sent as X-CSRF-Token with everything that changes something"""


class SignedOut(msgspec.Struct):
    """The session has ended."""

    user: None


class AuditLine(msgspec.Struct):
    """Who did what, from where."""

    seq: int
    time: str
    who: str
    address: str
    action: str
    detail: str
    good: bool


class Audit(msgspec.Struct):
    """Lines of the audit."""

    lines: list[AuditLine]


class Alerts(msgspec.Struct):
    """Alerts, and the journal row up to which they were read."""

    seq: int
    alerts: list[dict[str, Any]]


class Accepted(msgspec.Struct):
    """What was taken."""

    accepted: int
    seq: int | None


class Ordered(msgspec.Struct):
    """What was ordered is on disk."""

    seq: int
    alert: dict[str, Any]
    """as it stands now, with the messages that the order called for"""


class Picture(msgspec.Struct):
    """A burst to be drawn; ``why`` says why there is none, or why it was not demodulated."""

    seq: int
    state: Literal["kept", "none"]
    why: str = ""
    generation: str = ""
    spectrogram: dict[str, Any] = {}
    """``cells``: base64, a byte a cell, column by column, from ``low_hz`` up"""
    phase: dict[str, list[float]] = {}
    constellation: dict[str, Any] = {}


class Registered(msgspec.Struct):
    """What the register says of a beacon."""

    hex_id: str
    state: Literal["found", "not_found", "unreachable", "none"]
    why: str
    source: str
    fields: dict[str, str]


class Identified(msgspec.Struct):
    """Which beacon."""

    hex: str
    hex_id: str | None
    why: str


class Sky(msgspec.Struct):
    """Where satellites stood."""

    time: str
    satellites: list[dict[str, Any]]
    """``name``, ``latitude``, ``longitude``, ``altitude_m``, ``reach_m``; or ``name`` and ``why``"""


class Past(msgspec.Struct):
    """The alerts in short as they stood."""

    first: str | None
    now: str
    at: str | None
    seq: int
    alerts: list[dict[str, Any]]


class Collection(msgspec.Struct):
    """A GeoJSON feature collection."""

    type: Literal["FeatureCollection"]
    features: list[dict[str, Any]]
