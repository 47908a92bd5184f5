"""What a message's number says, by form: the table ``data/sit_numbers.csv`` (RCC manual v5.1)."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources


@cache
def rows() -> tuple[dict[str, str], ...]:
    """Rows of the table: sit, form, generation, meaning, section."""
    text = (resources.files("vigie.data") / "sit_numbers.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


@cache
def _meanings() -> dict[tuple[str, str], str]:
    return {(row["form"], row["sit"]): row["meaning"] for row in rows()}


def meaning(form: str, sit: str | None) -> str | None:
    """What the number says in that form; None where no document read says it."""
    return _meanings().get((form, sit or "")) or (_meanings().get((form, "185")) if form == "sit185" else None)
