"""Decisions of a duty officer in the page: asked for twice, refused in words, and only for who may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import evidence_scene as scene
import httpx
import pytest
import web_traffic as traffic
from web_station import Open, Station

from vigie.web.accounts import Accounts
from vigie.web.door import Door
from vigie.web.settings import Access

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse battery"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    made = scene.station(tmp_path).start()
    yield made
    made.stop()


def decisions(page: Page) -> str:
    return page.inner_text("[data-section=decide]")


def test_a_destination_is_added_told_again_and_taken_off_and_the_alert_closed(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB)])
    with look(f"#/alert/{scene.PLB_ID}") as page:
        page.wait_for_selector(".decisions li")
        assert "GRISNEZ" in decisions(page)
        page.fill(".decide-add input", "cross corsen")
        page.keyboard.press("Enter")
        assert "Add CROSS CORSEN to" in page.inner_text("dialog.order")
        page.click("text=Do nothing")  # nothing is done without the second word
        assert "CROSS CORSEN" not in decisions(page)
        page.click("text=Add a destination")
        page.click("dialog.order .go")
        page.wait_for_selector(".decisions li:has-text('CROSS CORSEN')")
        before = len(httpx.get(f"{station.url}/api/alerts/{scene.PLB_ID}").json()["messages"])
        page.click(".decisions li:has-text('GRISNEZ') >> text=Repeat the message")
        assert "Whether a link carried it away is said by the link." in page.inner_text("dialog.order")
        page.click("dialog.order .go")
        page.wait_for_selector("dialog.order", state="hidden")
        page.click(".decisions li:has-text('CROSS CORSEN') >> text=Take off")
        page.click("dialog.order .go")
        page.wait_for_selector(".decisions li:has-text('CROSS CORSEN')", state="detached")
        assert len(httpx.get(f"{station.url}/api/alerts/{scene.PLB_ID}").json()["messages"]) > before
        page.click(".close-alert")
        page.keyboard.press("Escape")
        assert page.is_hidden("dialog.order")
        page.click(".close-alert")
        page.click("dialog.order .go")
        page.wait_for_selector("text=The alert is closed. The next burst of this beacon begins another activation.")
        assert "The duty officer adds CROSS CORSEN." in page.inner_text(".time-line")
        assert "transmit" not in decisions(page).replace("Nothing is ever transmitted", "")


def test_a_refusal_is_said_where_one_looks(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB)])
    with look(f"#/alert/{scene.PLB_ID}", allowed="400|ERR_FAILED") as page:
        page.wait_for_selector(".decisions li")
        page.fill(".decide-add input", "<script>")
        page.keyboard.press("Enter")
        page.click("dialog.order .go")
        page.wait_for_selector(".wrong:has-text('Not done')")
        assert "is no name of a destination" in page.inner_text(".wrong")
        page.route("**/orders", lambda route: route.abort())
        page.click("dialog.order .go")
        page.wait_for_selector(".wrong:has-text('the service cannot be reached')")
        page.click("text=Do nothing")


@pytest.mark.parametrize(("role", "may"), [("view", False), ("duty", True)])
def test_who_may_only_look_has_no_buttons(browser: Browser, tmp_path: Path, role: str, may: bool) -> None:
    accounts = Accounts(tmp_path / "accounts.sqlite")
    accounts.add_user("dora", role, PASSWORD)
    made = scene.station(tmp_path)
    made.door = Door(Access(), accounts, required=True)
    made.start()
    assert made.service is not None
    page = browser.new_page()
    try:
        made.feed([scene.first_generation(made)])
        page.goto(f"{made.url}/#/alert/{scene.PLB_ID}")
        page.fill("#user", "dora")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.locator("html[data-ready=true]").wait_for(timeout=30_000)
        page.wait_for_selector("[data-section=decide] .note")
        if may:
            page.click(".close-alert")
            page.click("dialog.order .go")
            page.wait_for_selector("text=The alert is closed.")
            order = made.service.journal.rows(kinds=("order",))[-1]
            assert order.body["by"] == "dora"
        else:
            page.wait_for_selector("text=Your role may look, not decide.")
            assert page.locator("[data-section=decide] button").count() == 0
    finally:
        page.close()
        made.stop()
        accounts.close()
