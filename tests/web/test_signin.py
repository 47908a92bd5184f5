"""The sign-in page in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from web_station import Station

from vigie.sim.detections import PLB, detection
from vigie.web import door
from vigie.web.accounts import Accounts
from vigie.web.door import Door
from vigie.web.settings import Access

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PASSWORD = "correct horse battery"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Station]:
    accounts = Accounts(tmp_path / "accounts.sqlite")
    accounts.add_user("dora", "duty", PASSWORD)
    made = Station(tmp_path / "journal.sqlite", door=Door(Access(), accounts, required=True)).start()
    yield made
    made.stop()
    accounts.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_one_signs_in_sees_what_was_asked_for_and_signs_out(
    browser: Browser, guarded: Station, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setattr(door, "RECHECK_S", 0.0)
    guarded.feed([detection(PLB, 0, latitude=45.0, longitude=-5.0)])
    hex_id = detection(PLB).message.hex_id
    page = browser.new_page(viewport={"width": width, "height": 844})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
    page.goto(f"{guarded.url}/#/alert/{hex_id}")
    page.wait_for_url(f"**/signin.html#/alert/{hex_id}")
    page.fill("#user", "dora")
    page.fill("#password", "not this one")
    page.press("#password", "Enter")
    page.get_by_text("the name or the password is wrong").wait_for()
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_url(f"{guarded.url}/#/alert/{hex_id}")
    page.locator("html[data-ready=true]").wait_for(timeout=30_000)
    assert page.title().endswith("Vigie")
    page.get_by_role("button", name="Sign out dora").click()
    page.wait_for_url("**/signin.html**")
    assert faults == []
    page.close()


def test_a_console_whose_session_is_taken_away_asks_to_sign_in(
    browser: Browser, guarded: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RECHECK_S", 0.0)
    page = browser.new_page()
    page.goto(guarded.url)
    page.fill("#user", "dora")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.locator("html[data-ready=true]").wait_for(timeout=30_000)
    assert guarded.door.accounts is not None
    guarded.door.accounts.remove("dora")
    guarded.feed([detection(PLB, 0)])
    page.wait_for_url("**/signin.html**", timeout=30_000)
    page.close()
