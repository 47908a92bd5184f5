"""Rows as lines that other programs read: syslog (RFC 5424) and InfluxDB's line protocol."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from vigie.instants import parse
from vigie.links import words
from vigie.links.settings import URGENT

_FACILITY = 16
"""local0"""
_CRITICAL, _INFORMATION = 2, 6
_TAGS = ("hex_id", "category", "source", "method", "country_code")
_NUMBERS = (
    "latitude", "longitude", "ehe_m", "probability", "bursts", "frequency_hz", "frequency_offset_hz", "cn0_dbhz",
    "sigma_frequency_hz", "sigma_time_s", "confidence",
)  # fmt: skip


def syslog(row: Mapping[str, Any], host: str) -> str:
    """One RFC 5424 message: an alert of a live distress call is critical, all else information."""
    body = row["body"]
    urgent = row["kind"] == "alert" and body.get("category") in URGENT and not words.is_exercise(body)
    severity = _CRITICAL if urgent else _INFORMATION
    said = "".join(sign if sign.isprintable() else " " for sign in words.text(row))
    name = re.sub(r"[^!-~]", "-", host)[:255] or "-"
    when = re.sub(r"(\.\d{6})\d*Z$", r"\1Z", row.get("time") or "-")
    return f"<{_FACILITY * 8 + severity}>1 {when} {name} vigie - {row['kind']} - \ufeff{said}"


def influx(row: Mapping[str, Any]) -> str:
    """One point of the measurement ``vigie_KIND``, with a time in nanoseconds; empty where the row has no number."""
    body = row["body"]
    values = {**(body.get("message") or {}), **(body.get("position") or {}), **body}
    values.setdefault("hex_id", row.get("beacon"))
    tags = "".join(f",{key}={_tag(values[key])}" for key in _TAGS if values.get(key) not in (None, ""))
    tags += f",exercise={'true' if words.is_exercise(body) else 'false'}"
    fields = [f"{key}={float(values[key])!r}" for key in _NUMBERS if _number(values.get(key))]
    fields += [f'{key}="{_quoted(values[key])}"' for key in ("state", "hex") if isinstance(values.get(key), str)]
    if not fields or not row.get("time"):
        return ""
    stamp_ns = parse(row["time"]).astype("int64")
    return f"vigie_{row['kind']}{tags} {','.join(fields)} {stamp_ns}"


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _tag(value: Any) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in str(value)).rstrip("\\")
    return re.sub(r"([,= \\])", r"\\\1", plain) or "-"


def _quoted(value: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in value)
    return plain.replace("\\", "\\\\").replace('"', '\\"')
