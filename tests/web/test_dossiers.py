"""The stories of alerts, read on from where they were."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vigie.chain import Chain
from vigie.records import Order
from vigie.sim.detections import PLB, YACHT, at, detection, message, solution
from vigie.store.journal import Journal
from vigie.web.dossiers import Dossiers


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(str(tmp_path / "a.sqlite"))
    yield opened
    opened.close()


def test_what_was_read_before_is_not_read_again(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, kept, hex_id = Chain(journal, lambda row: None), Dossiers(journal), message(PLB).hex_id or ""
    read: list[int] = []
    rows = journal.rows

    def spied(*given: Any, **named: Any) -> Any:
        found = rows(*given, **named)
        read.append(len(found))
        return found

    monkeypatch.setattr(journal, "rows", spied)
    story = [
        [detection(PLB | {"latitude": 45.0, "longitude": -5.0}, 50.0 * turn) for turn in range(20)],
        [solution("doa", 45.01, -5.0, 1100, facts=PLB), detection(YACHT, 1150)],
        [Order(at(1200), hex_id, "add", to="SPMCC", by="Ana"), detection(PLB, 1250)],
    ]
    for batch in story:
        chain.feed(batch)
        read.clear()
        told = kept.of([hex_id], 5)
        counts = read[:]
        assert told == Dossiers(journal).of([hex_id], 5)
        assert sum(counts) < 12 or batch is story[0]
    words = [line["words"] for line in told["journal"]]
    assert words[0].startswith("First burst")
    assert "Position confirmed: Two independent positions agree." in " ".join(words)
    assert "The duty officer adds SPMCC. By Ana." in words
    assert told["detections_total"] == 21
    assert told["detections"][0]["time"] == "2026-11-22T06:20:50Z"
    assert {"SPMCC"} <= {one["to"] for one in told["messages"]}
