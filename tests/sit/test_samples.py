"""Every sample message parses to the values its manifest states."""

from __future__ import annotations

import json
from pathlib import Path

from vigie import sit

MESSAGES = 99


def samples(shared: Path) -> list[tuple[str, bytes, dict[str, object]]]:
    folder = shared / "mcc" / "samples"
    rows = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))["messages"]
    return [(row["file"], (folder / row["file"]).read_bytes(), row["expected"]) for row in rows]


def test_every_sample_parses_to_its_manifest(shared: Path) -> None:
    wrong = []
    rows = samples(shared)
    for name, data, expected in rows:
        facts = sit.parse(data).facts
        wrong += [
            f"{name}: {key} is {facts.get(key, 'absent')!r}, not {value!r}"
            for key, value in expected.items()
            if key not in facts or facts[key] != value
        ]
    assert not wrong
    assert len(rows) == MESSAGES
