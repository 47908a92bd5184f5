"""The JSON Schema of what ``vigie decode --json`` prints, from the tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vigie.message.beacon import CATEGORY_WORDS
from vigie.message.fields import Layout

_TEXT, _TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
_COUNT = {"type": ["integer", "null"], "minimum": 0}
_DEGREES = {"type": ["number", "null"]}
COMMON: dict[str, dict[str, Any]] = {
    "input": _TEXT,
    "generation": {"enum": ["FGB", "SGB"]},
    "kind": _TEXT,
    "layout": _TEXT,
    "protocol": _TEXT,
    "hex_id": {"type": ["string", "null"], "pattern": "^([0-9A-F]{15}|[0-9A-F]{23})$"},
    "hex_id_15": {"type": "string", "pattern": "^[0-9A-F]{15}$"},
    "country_code": {"type": "integer", "minimum": 0, "maximum": 1023},
    "country": {"type": ["string", "null"]},
    "latitude": {**_DEGREES, "minimum": -90, "maximum": 90},
    "longitude": {**_DEGREES, "minimum": -180, "maximum": 180},
    "coarse_latitude": _DEGREES,
    "coarse_longitude": _DEGREES,
    "position_status": {
        "enum": ["encoded", "not_available", "no_capability", "out_of_range", "unreliable", "not_sent"]
    },
    "position_resolution_deg": _DEGREES,
    "bch1_errors": _COUNT,
    "bch2_errors": _COUNT,
    "bch1_encoded": {"type": "string", "pattern": "^[01]{21}$"},
    "bch2_encoded": {"type": "string", "pattern": "^[01]{12}$"},
    "truncated": {"type": "boolean"},
    "rotating_field": {"type": ["object", "string"]},
    "mode": {"enum": ["normal", "self_test", None]},
    "verdict": {"enum": ["ok", "corrected", "unreliable"]},
    "pdf2_verdict": {"enum": ["ok", "corrected", "unreliable"]},
    "corrected_bits": {"type": "array", "items": {"type": "integer", "minimum": 1}},
    "category": {"enum": list(CATEGORY_WORDS)},
    "category_words": _TEXT,
    "odd": _TEXTS,
    "changes": _TEXTS,
    "description": _TEXTS,
    "fields": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "required": ["bits", "raw", "value", "unit"],
            "properties": {
                "bits": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2},
                "raw": {"type": "integer", "minimum": 0},
                "unit": {"type": ["string", "null"]},
                "doc": _TEXT,
            },
        },
    },
}
"""what every message has, whatever its layout"""
REQUIRED = [
    "input",
    "generation",
    "kind",
    "protocol",
    "hex_id",
    "country_code",
    "country",
    "latitude",
    "longitude",
    "verdict",
    "category",
    "description",
    "fields",
]


def json_schema(layouts: Iterable[Layout]) -> dict[str, Any]:
    """The schema of a decoded message: common keys, and each field's values as its codec describes them."""
    values: dict[str, list[Any]] = {}
    for layout in layouts:
        for row in layout.fields:
            if not row.hidden and row.fixed is None and row.name not in COMMON:
                known = values.setdefault(row.name, [])
                schema = dict(row.codec.schema)
                if schema not in known:
                    known.append(schema)
        for key in (key for part in layout.parts for key in part.keys if key not in COMMON):
            values[key] = [{}]
    own = {name: {"anyOf": found} if len(found) > 1 else found[0] for name, found in sorted(values.items())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A decoded 406 MHz beacon message",
        "type": "object",
        "required": REQUIRED,
        "properties": {**COMMON, **own},
    }
