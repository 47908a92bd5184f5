"""The picture at a moment of the past: marked as such, while what is live goes on."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import pytest
import web_traffic as traffic
from web_station import DESK, PHONE, Open, Station

from vigie.message import beacon

PLB_ID = str(beacon.decode(traffic.PLB).hex_id)
EPIRB_ID = str(beacon.decode(traffic.MARITIME).hex_id)


def two_times(station: Station) -> str:
    """One alert; a second later, another. A moment between them, as its field takes it."""
    station.post([traffic.burst(traffic.PLB)])
    time.sleep(1.1 - datetime.now(UTC).microsecond / 1e6)
    moment = datetime.now(UTC).isoformat(timespec="seconds")[:19]
    time.sleep(1.0)
    station.post([traffic.burst(traffic.MARITIME), traffic.burst(traffic.PLB)])
    return moment


def test_list_map_and_detail_as_they_were(station: Station, look: Open) -> None:
    moment = two_times(station)
    with look(f"#/alert/{PLB_ID}") as page:
        page.wait_for_selector(".burst >> nth=1")
        page.keyboard.press("h")
        page.wait_for_selector("text=The journal begins at")
        page.fill(".history input[type=datetime-local]", moment)
        page.wait_for_selector(".banner.past")
        stamp = moment.replace("T", " ")
        assert page.inner_text(".banner.past strong") == f"As of {stamp} UTC: the past, not now."
        assert page.inner_text(".as-of") == f"As of {stamp} UTC"
        assert page.locator(".row").count() == 1
        assert "1 burst" in page.inner_text(".row")
        page.wait_for_function("() => document.querySelectorAll('.burst').length === 1")
        assert "Decisions are for the present" in page.inner_text("[data-section=decide]")
        assert stamp[11:] in page.title()
        # the clock goes on, and news is told
        assert not page.inner_text(".clock").startswith(stamp)
        station.post([traffic.burst(traffic.UNLOCATED)])
        page.wait_for_selector(".toast")
        assert "New alert. DISTRESS" in page.inner_text("[aria-live=assertive]")
        assert page.locator(".row").count() == 1
        page.click(".toast")  # what is new is of now
        page.wait_for_selector(".banner.past", state="hidden")
        page.wait_for_function("() => document.querySelectorAll('.row').length === 3")
        assert page.is_hidden(".as-of")
        assert page.is_hidden(".history")


def test_the_slider_goes_back_and_forth_by_the_keyboard(station: Station, look: Open) -> None:
    two_times(station)
    with look() as page:
        page.keyboard.press("h")
        page.wait_for_selector("text=The journal begins at")
        assert page.evaluate("document.activeElement.type") == "range"
        page.keyboard.press("Home")
        page.wait_for_selector(".banner.past")
        assert re.fullmatch(
            r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC",
            page.locator(".history [type=range]").get_attribute("aria-valuetext") or "",
        )
        page.wait_for_function("() => document.querySelectorAll('.row').length === 1")
        page.keyboard.press("End")
        page.wait_for_function("() => document.querySelectorAll('.row').length === 2")
        page.click(".banner.past button")
        page.wait_for_selector(".banner.past", state="hidden")
        assert page.title() == "(2) Vigie"


@pytest.mark.parametrize("viewport", [DESK, PHONE])
def test_the_past_is_accessible(station: Station, look: Open, viewport: dict[str, int]) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    station.post(traffic.mixed())
    with look(viewport=viewport) as page:
        page.keyboard.press("h")
        page.wait_for_selector("text=The journal begins at")
        page.keyboard.press("Home")
        page.wait_for_selector(".banner.past")
        found = axe.Axe().run(page).response["violations"]
        assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
