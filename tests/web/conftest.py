"""Fixtures of the console's tests."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the modules that these tests share

from web_signed import SECRET
from web_station import DESK, Open, Station

if TYPE_CHECKING:
    import httpx
    from playwright.sync_api import Browser, Page, WebSocket

    from vigie.web.accounts import Accounts


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """An empty service."""
    made = Station(tmp_path / "journal.sqlite").start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def quick_hashes() -> Iterator[None]:
    """Argon2 at its lowest cost: what is tested here is not how slow it is."""
    from argon2 import PasswordHasher

    from vigie.web import accounts as accounts_module

    before, quick = accounts_module._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    accounts_module._hasher = lambda: quick
    yield
    accounts_module._hasher = before


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    """A user of each role."""
    from vigie.web.accounts import Accounts

    made = Accounts(tmp_path / "accounts.sqlite")
    for name, role in (("vera", "view"), ("dora", "duty"), ("ada", "admin")):
        made.add_user(name, role, f"{SECRET} {role}")
    yield made
    made.close()


@pytest.fixture
def guarded(tmp_path: Path, accounts: Accounts) -> Iterator[Station]:
    """A service at which everybody signs in."""
    from vigie.web.door import Door
    from vigie.web.settings import Access

    made = Station(tmp_path / "journal.sqlite", door=Door(Access(), accounts, required=True)).start()
    yield made
    made.stop()


@pytest.fixture
def client(guarded: Station) -> Iterator[httpx.Client]:
    """Somebody before its door."""
    import httpx

    with httpx.Client(base_url=guarded.url, timeout=20) as made:
        yield made


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


@pytest.fixture
def look(browser: Browser, station: Station) -> Open:
    """Open the page; afterwards: no request left this machine, and nothing went wrong in the page."""

    @contextmanager
    def opened(
        address: str = "", viewport: Any = DESK, allowed: str = r"^$", theme: Any = "light", **more: Any
    ) -> Iterator[Page]:
        context = browser.new_context(viewport=viewport, color_scheme=theme, reduced_motion="reduce", **more)
        context.grant_permissions(["clipboard-read", "clipboard-write"], origin=station.url)
        page = context.new_page()
        hosts: set[str] = set()
        wrong: list[str] = []
        home = urlsplit(station.url).netloc

        def sees(url: str) -> None:
            parts = urlsplit(url)
            if parts.scheme not in ("data", "blob"):
                hosts.add(parts.netloc)

        def socket(made: WebSocket) -> None:
            sees(made.url)

        page.on("request", lambda request: sees(request.url))
        page.on("websocket", socket)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.extend([said.text] if said.type in ("error", "warning") else []))
        page.goto(f"{station.url}/{address}")
        page.wait_for_selector("html[data-ready]", timeout=15_000)
        yield page
        context.close()
        assert hosts == {home}
        assert [text for text in wrong if not re.search(allowed, text)] == []

    return opened
