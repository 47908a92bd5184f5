"""Searching the list: any form of an ID, names people use, a part of the map, a span of time. And what sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import web_traffic as traffic
from web_station import Open, Station

from vigie.message import beacon
from vigie.records import Order

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLB_ID = str(beacon.decode(traffic.PLB).hex_id)
EPIRB_ID = str(beacon.decode(traffic.MARITIME).hex_id)
SOUTH_ID = str(beacon.decode(traffic.SECOND_PLB).hex_id)


def found(page: Page, count: int) -> set[str]:
    page.wait_for_function("count => document.querySelectorAll('.row').length === count", arg=count)
    return {str(row.get_attribute("data-id")) for row in page.locator(".row").all()}


def test_any_form_of_an_id_finds_the_beacon(station: Station, look: Open) -> None:
    station.post([traffic.burst(text) for text in (traffic.PLB, traffic.MARITIME, traffic.SECOND_PLB)])
    forms = [PLB_ID, PLB_ID.lower(), PLB_ID[:6], traffic.PLB, traffic.PLB[6:], traffic.PLB[6:28], f"{PLB_ID}00000000"]
    with look() as page:
        for form in forms:
            page.fill(".search", form)
            assert found(page, 1) == {PLB_ID}, form
            page.fill(".search", "")
            found(page, 3)
        page.fill(".search", "227123456")  # the vessel's MMSI
        assert found(page, 1) == {EPIRB_ID}
        page.reload()  # short forms of alerts, without their fields, know it too
        page.wait_for_selector("html[data-ready]")
        page.fill(".search", "227123456")
        assert found(page, 1) == {EPIRB_ID}
        page.fill(".search", "FFFFFFFFFFFFFFF")
        found(page, 0)


def test_what_was_closed_a_week_ago_is_found_by_its_id_and_by_its_address(station: Station, look: Open) -> None:
    nine_days_s = 9 * 86_400.0
    station.post([traffic.burst(traffic.PLB, nine_days_s)])
    then = np.datetime64("now", "ns") - np.timedelta64(round(nine_days_s) - 60, "s")
    station.feed([Order(then, PLB_ID, "close")])
    station.post([traffic.burst(traffic.MARITIME)])
    with look() as page:
        assert found(page, 1) == {EPIRB_ID}
        page.fill(".search", traffic.PLB)
        assert found(page, 1) == {PLB_ID}
        page.click(f"#row-{PLB_ID}")
        page.wait_for_selector(".time-line li[data-kind=order]")
    with look(f"#/alert/{PLB_ID}") as page:
        page.wait_for_selector(".time-line li[data-kind=order]")
        assert found(page, 2) == {PLB_ID, EPIRB_ID}


def test_an_area_by_the_view_and_by_a_box(station: Station, look: Open) -> None:
    station.post([traffic.burst(text) for text in (traffic.PLB, traffic.MARITIME, traffic.SECOND_PLB)])
    with look() as page:
        page.click(f"#row-{SOUTH_ID}")
        page.click(".more-filters summary")
        page.select_option(".more-filters select", "view")
        assert found(page, 1) == {SOUTH_ID}
        page.click(".detail .close")
        assert page.inner_text(".hidden-notice") == "2 urgent alerts are hidden by the filter. Show all"
        page.click(".hidden-notice")
        found(page, 3)
        page.click(f"#row-{PLB_ID}")
        page.select_option(".more-filters select", "box")
        box = page.locator(".map").bounding_box()
        assert box
        middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(middle[0] - 60, middle[1] - 60)
        page.mouse.down()
        page.mouse.move(middle[0] + 60, middle[1] + 60, steps=5)
        page.mouse.up()
        assert found(page, 1) == {PLB_ID}
        assert page.inner_text(".more-filters summary") == "Area and time: limited"
        page.select_option(".more-filters select", "box")
        found(page, 3)
        page.keyboard.press("Escape")  # given up
        page.wait_for_function("() => document.querySelector('.more-filters select').value === ''")


def test_a_span_of_time(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB, 7200.0), traffic.burst(traffic.MARITIME, 10.0)])
    with look() as page:
        hour_ago = page.evaluate("new Date(Date.now() - 3600e3).toISOString().slice(0, 16)")
        page.click(".more-filters summary")
        page.fill("[aria-label='Heard from, UTC']", hour_ago)
        assert found(page, 1) == {EPIRB_ID}
        page.fill("[aria-label='Heard from, UTC']", "")
        page.fill("[aria-label='Heard until, UTC']", hour_ago)
        assert found(page, 1) == {PLB_ID}
        page.click("text=Clear all")
        found(page, 2)


COUNTED = """() => { window.tones = []; const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) { window.tones.push(this.frequency.value); return start.call(this, at); }; }"""  # noqa: E501


def test_each_stage_has_a_sound_of_its_own_and_an_alarm_is_acknowledged(station: Station, look: Open) -> None:
    with look() as page:
        page.evaluate(COUNTED)
        page.click("text=Sounds")
        heard = set()
        for stage in ("unlocated", "located", "confirmed", "unreliable", "cancelled", "exercise"):
            page.evaluate("window.tones = []")
            page.click(f"dialog.sounds [data-stage={stage}] button")
            page.wait_for_function("() => window.tones.length > 1")
            heard.add(tuple(page.evaluate("window.tones")))
        assert len(heard) == 6
        page.uncheck("dialog.sounds [data-stage=located] input")
        page.keyboard.press("Escape")
        page.click("text=Sound is off")
        page.wait_for_selector("text=Sound is on")
        page.evaluate("window.tones = []")
        assert page.is_hidden(".alarm")
        station.post([traffic.burst(traffic.PLB)])  # with a position: left out above
        page.wait_for_selector(".row")
        assert page.evaluate("window.tones") == []
        station.post([traffic.burst(traffic.UNLOCATED)])
        page.wait_for_function("() => window.tones.length === 4")
        page.click(".alarm")
        assert page.is_hidden(".alarm")
        assert page.locator(".row[data-unread=true]").count() == 2  # heard is not read
        station.post([traffic.burst(traffic.MARITIME)])  # news: there is something to be acknowledged again
        page.wait_for_selector(".alarm")
        page.keyboard.press("a")
        assert page.is_hidden(".alarm")


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_no_badge_is_cut_short(station: Station, look: Open, width: int, locale: str) -> None:
    station.post([*traffic.mixed(), traffic.burst(traffic.UNRELIABLE, 3.0, exercise=True)])
    with look(viewport={"width": width, "height": 1500}, locale=locale) as page:
        page.wait_for_selector(".row >> nth=10")
        cut = page.evaluate(
            """() => [...document.querySelectorAll('.row .badge, .row .age, .row .next, .row .count, .row .unread')]
                 .filter((e) => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right
                   > e.closest('.row').getBoundingClientRect().right)
                 .map((e) => e.textContent)"""
        )
        assert cut == []
