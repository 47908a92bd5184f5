"""Countries of the maritime identification digits (MID), as the ITU lists them."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources


@cache
def _names() -> dict[int, tuple[str, str]]:
    text = (resources.files("vigie.data") / "mid.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {int(row["mid"]): (row["name"], row["iso_a3"]) for row in rows}


def name(code: int) -> str | None:
    """The administration that a country code (MID) belongs to, or None when the ITU lists no such code."""
    found = _names().get(code)
    return found[0] if found else None


def iso_a3(code: int) -> str | None:
    """ISO 3166 alpha-3 code of the administration, or None."""
    found = _names().get(code)
    return (found[1] or None) if found else None


def codes() -> list[int]:
    """All codes the ITU lists, ascending."""
    return sorted(_names())
