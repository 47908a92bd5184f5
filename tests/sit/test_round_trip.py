"""What is written from a message's values reads back as the same values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vigie import sit


def comparable(facts: dict[str, Any]) -> dict[str, Any]:
    """The values without the raw text and line numbers, which may differ, and the notes about the text."""
    values = {key: value for key, value in facts.items() if key not in {"text", "notes", "unread"}}
    return values | {"unread": sorted(row["text"] for row in facts["unread"])}


def test_every_sample_survives_being_written(shared: Path) -> None:
    wrong = []
    for path in sorted((shared / "mcc" / "samples").glob("*.*")):
        if path.suffix == ".json":
            continue
        first = sit.parse(path.read_bytes()).facts
        again = sit.parse(sit.format_message({**first, "text": ""})).facts
        a, b = comparable(first), comparable(again)
        wrong += [
            f"{path.name}: {k}: {a.get(k)!r} -> {b.get(k)!r}" for k in a.keys() | b.keys() if a.get(k) != b.get(k)
        ]
    assert not wrong
