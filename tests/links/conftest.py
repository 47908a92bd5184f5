"""Fixtures of the tests of links and outputs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "web"))  # the station of the console's tests

from web_station import Station


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """An empty service."""
    made = Station(tmp_path / "journal.sqlite").start()
    yield made
    made.stop()
