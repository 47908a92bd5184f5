"""Fixtures of the console's tests."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the modules that these tests share

from web_station import Station

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """An empty service."""
    made = Station(tmp_path / "journal.sqlite").start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a display or a network of its own."""
    from web_station import CHROMIUM, CHROMIUM_ARGS

    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"no browser at {CHROMIUM}: install Debian's chromium to test the page")
    with sync_api.sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=CHROMIUM_ARGS)
        yield made
        made.close()
