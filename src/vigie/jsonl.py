"""Records and plain values as JSON lines. Instants become ISO 8601 with ``Z``; NaN and infinities become null."""

from __future__ import annotations

import dataclasses
import math
import sys
from typing import Any

import msgspec

_encode = msgspec.json.Encoder(decimal_format="number").encode


def plain(value: Any) -> Any:
    """``value`` with records as dicts, instants as text, NumPy scalars and arrays as Python ones, NaN as None."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    numpy = sys.modules.get("numpy")  # whoever brings a NumPy value has imported it
    if numpy is not None:
        if isinstance(value, numpy.datetime64):
            from vigie import instants

            return None if numpy.isnat(value) else instants.text(value)
        if isinstance(value, (numpy.generic, numpy.ndarray)):
            return plain(value.tolist())
    return plain(dict(value)) if hasattr(value, "keys") else str(value)


def line(value: Any) -> str:
    """One JSON text on one line, without the line break."""
    return _encode(plain(value)).decode()
