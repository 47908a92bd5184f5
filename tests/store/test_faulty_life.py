"""Short runs of the faults benchmark: real processes, killed, starved of disk, corrupted; nothing is lost."""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("faults")
    for name in ("faults", "load"):
        sys.modules.pop(name, None)


def kept(told: dict[str, Any]) -> bool:
    return (told["lost"], told["twice"], told["replay_equals_journal"]) == (0, 0, True)


def test_killed_under_load(faults: Any, store_url: str) -> None:
    told = faults.kills(store_url, random.Random(1), 1)
    assert kept(told)
    assert told["replay_equals_live"]


def test_deliveries_that_come_again_and_out_of_order(faults: Any, store_url: str) -> None:
    told = faults.disorder(store_url, random.Random(2), 20)
    assert kept(told)
    assert told["journalled"] == 100 < told["deliveries"]
    assert told["replay_equals_live"]


def test_a_clock_that_steps(faults: Any, store_url: str) -> None:
    told = faults.clock_steps(store_url, random.Random(3), 40)
    assert kept(told)
    assert told["journalled"] == 40
    assert told["replay_equals_live"]


def test_a_disk_that_fills_up(faults: Any, tmp_path: Path) -> None:
    told = faults.full_disk(f"sqlite:///{tmp_path / 'a.sqlite'}", random.Random(4), 1)
    assert kept(told)
    assert told["told_so"] == 1
    assert told["replay_equals_live"]


def test_a_last_page_that_is_corrupted(faults: Any, tmp_path: Path) -> None:
    told = faults.corrupted(f"sqlite:///{tmp_path / 'a.sqlite'}", random.Random(5), 2)
    assert told["noticed_or_harmless"] == 2
