"""What the page says of an alert beyond its message: who is told and why, how sure its places are, what is over."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import h3
import httpx
import numpy as np
import pytest
import web_traffic as traffic
from web_station import DESK, PHONE, Open, Station

from vigie.message import beacon
from vigie.message.encode import encode
from vigie.records import Order, Sit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

UNLOCATED_ID = str(beacon.decode(traffic.UNLOCATED).hex_id)
EPIRB_ID = str(beacon.decode(traffic.MARITIME).hex_id)
PLB_ID = str(beacon.decode(traffic.PLB).hex_id)


def now() -> np.datetime64:
    return np.datetime64(datetime.now(UTC).replace(tzinfo=None), "ns")


def confirmed(station: Station) -> None:
    """An alert that two passes of two satellites confirm; the newer says that the beacon moves, and in which cells."""
    station.post([traffic.burst(traffic.UNLOCATED, 7300.0)])
    (first,) = traffic.doppler(traffic.UNLOCATED, [(36.41, 24.90, 3800.0, 1.0)], 7200.0)
    (second,) = traffic.doppler(traffic.UNLOCATED, [(36.42, 24.91, 3100.0, 1.0)], 60.0)
    middle = h3.latlng_to_cell(36.42, 24.91, 6)
    cells = tuple((cell, 0.4 if cell == middle else 0.1) for cell in h3.grid_disk(middle, 1))
    station.feed([replace(first, satellites=("10",), source="Toulouse")])
    station.feed(
        [replace(second, satellites=("13",), source="Bari", velocity_mps=(3.0, 4.0), outside=("13",), cells=cells)]
    )


def test_who_would_be_told_and_why_and_what_is_inferred(station: Station, look: Open) -> None:
    confirmed(station)
    with look(f"#/alert/{UNLOCATED_ID}") as page:
        page.wait_for_selector(".message")
        told = page.inner_text("[data-section=told]")
        assert page.locator("[data-destination]").count() >= 1
        assert "a message about this activation was called for" in told
        numbers = [text.split()[1] for text in page.locator(".message strong").all_inner_texts()]
        assert {"171", "174"} <= set(numbers)
        assert "Two independent positions agree." in told
        inferred = page.locator(".message[data-inferred=true]")
        assert inferred.count() >= 1
        assert "inferred: no document that was read says so" in inferred.first.inner_text()
        assert "NEW DOPPLER POSITION DATA SUSPECT" in page.inner_text("[data-section=remarks]")
        assert page.get_attribute(".remarks", "lang") == "en"


def test_a_message_that_was_written_is_shown_with_its_text(station: Station, look: Open) -> None:
    confirmed(station)
    address = f"{station.url}/api/alerts/{UNLOCATED_ID}"
    called = httpx.get(address).json()["messages"]
    assert [notice["text"] for notice in called] == [None] * len(called)
    newest = called[0]
    sit = Sit(
        newest["to"], "2410", newest["number"], newest["serial"], "sit185", "1. DISTRESS COSPAS-SARSAT", now(),
        UNLOCATED_ID, newest["why"],
    )  # fmt: skip
    station.feed([sit])
    told = httpx.get(address).json()
    assert [notice["text"] for notice in told["messages"]] == [sit.text] + [None] * (len(called) - 1)
    assert told["messages_total"] == len(called)
    with look(f"#/alert/{UNLOCATED_ID}") as page:
        page.click("text=Text of the message")
        assert page.inner_text(".message pre") == sit.text


def test_places_reference_movement_satellites_and_cells(station: Station, look: Open) -> None:
    confirmed(station)
    with look(f"#/alert/{UNLOCATED_ID}") as page:
        page.wait_for_selector(".position.reference")
        said = page.inner_text("[data-section=positions]")
        assert page.inner_text(".position >> nth=0").startswith("MCC reference position")
        assert "The centre's estimate from 2 positions that agree" in said
        assert "Moving at 5.0 m/s (9.7 kn) towards 037° true" in said
        assert "satellites 13; found by Bari" in said
        assert "Suspect: outside the footprint of 13" in said
        assert "in 7 cells, 40 % in the likeliest" in said
        assert re.search(r"Heard by\s+13, 10", page.inner_text("[data-section=facts]"))
        page.wait_for_function("() => document.querySelector('.map').dataset.chosen.includes('cell')")
        drawn = str(page.get_attribute(".map", "data-chosen")).split()
        assert drawn.count("cell") == 7
        assert drawn.count("solution") == 2
        assert drawn.count("reference") == drawn.count("ring") == 1


def test_every_side_of_every_pass_is_on_the_map(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.UNLOCATED)])
    station.feed(traffic.doppler(traffic.UNLOCATED, [(36.41, 24.9, 3800.0, 0.78), (35.2, 31.4, 5200.0, 0.22)]))
    with look(f"#/alert/{UNLOCATED_ID}") as page:
        page.wait_for_selector(".position >> nth=1")
        drawn = str(page.get_attribute(".map", "data-chosen")).split()
        assert drawn.count("solution") == drawn.count("area") == 2
        assert "reference" not in drawn


def test_a_track_bears_the_name_of_its_method_once_and_the_times_of_what_lies_apart(
    station: Station, look: Open
) -> None:
    station.post([traffic.burst(traffic.UNLOCATED)])
    (newest,) = traffic.doppler(traffic.UNLOCATED, [(36.41, 24.9, 3800.0, 1.0)])
    track = [replace(newest, lat_deg=36.41 + 0.01 * step, end=newest.end - 60_000_000_000 * step) for step in range(4)]
    apart = replace(newest, lat_deg=38.0, end=newest.end - np.timedelta64(1, "D"))
    station.feed([apart, *reversed(track)])
    with look(f"#/alert/{UNLOCATED_ID}") as page:
        page.wait_for_selector(".position >> nth=4")
        drawn = str(page.get_attribute(".map", "data-names")).split("; ")
        (earlier,) = [name for name in drawn if name.startswith("doppler ")]
        assert drawn.count("doppler") == 1, drawn
        assert earlier == f"doppler {str(apart.end)[:16].replace('T', ' ')}"
        assert UNLOCATED_ID in drawn


def test_what_is_closed_is_told_apart_and_stands_last(station: Station, look: Open) -> None:
    station.post(traffic.mixed())
    station.feed([Order(now(), EPIRB_ID, "close", by="Marie")])
    with look() as page:
        chip = page.locator(".chip[data-kind=closed]")
        assert chip.inner_text().split() == ["○Closed", "1"]
        badges = [text.lower() for text in page.locator(".row .badge").all_inner_texts()]
        assert badges[:4] == ["distress"] * 3 + ["identity unreliable"]
        chip.click()
        page.wait_for_function("() => document.querySelectorAll('.row').length === 1")
        row = page.inner_text(".row")
        assert "CLOSED - distress" in row
        page.click(".row")
        page.wait_for_selector(".time-line li[data-kind=order]")
        assert "Closed by the duty officer. By Marie." in page.inner_text(".detail-head")
        assert "The duty officer closes the alert. By Marie." in page.inner_text(".time-line")
        assert "unless the beacon is heard again" not in page.inner_text(".detail")
        page.click(".chip[data-kind=closed]")
        station.post([traffic.burst(traffic.MARITIME)])  # another activation
        page.wait_for_selector("text=number 2 of this beacon: the earlier ones are closed")
        assert page.is_hidden(".chip[data-kind=closed]")


def test_where_the_return_link_stands(station: Station, look: Open) -> None:
    text = encode(
        {
            "protocol": "rls", "rls_beacon_type": "plb", "rls_tac": 3002, "serial_number": 135, "country_code": 227,
            "latitude": 43.5, "longitude": 1.4, "rls_provider": "galileo", "rlm_type1_capable": True,
        }
    )  # fmt: skip
    station.post([traffic.burst(text)])
    with look(f"#/alert/{beacon.decode(text).hex_id}") as page:
        page.wait_for_selector("[data-section=link]")
        said = page.inner_text("[data-section=link]")
        assert "nothing is owed before the position is confirmed" in said
        assert "galileo" in said
        assert re.search(r"Accepts\s+automatic", said)


def test_sources_outputs_and_links_in_trouble_are_named(station: Station, look: Open) -> None:
    service = station.service
    assert service is not None
    told: dict[str, Any] = {
        **service.health(),
        "status": "degraded",
        "sources": [
            {"name": "roof", "state": "lost", "error": "rtl_tcp://127.0.0.1:1234 closed the connection"},
            {"name": "mast", "state": "silent", "error": "no samples for 12 s"},
            {"name": "hill", "state": "connecting", "error": None},
            {"name": "port", "state": "receiving", "error": None},
        ],
        "outputs": [{"name": "mqtt", "state": "failing", "error": "connection refused"}],
        "links": [{"name": "centre", "state": "failing", "error": "timed out", "waiting": 41, "spool_full": True}],
    }
    with look() as page:
        page.route("**/healthz", lambda route: route.fulfill(json=told))
        page.reload()
        page.wait_for_selector(".banner.fault")
        said = page.inner_text(".banner.fault")
        for words in (
            "Source roof is lost: rtl_tcp://127.0.0.1:1234 closed the connection.",
            "Source mast is silent: no samples for 12 s.",
            "Output mqtt fails: connection refused.",
            "Link centre fails: timed out.",
            "41 rows wait for link centre.",
            "The spool of link centre is full.",
        ):
            assert words in said
        assert page.inner_text(".sources") == "1 of 4 sources receiving, connecting: hill"


@pytest.mark.parametrize("viewport", [DESK, PHONE])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_whole_detail_is_accessible(station: Station, look: Open, viewport: Any, theme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    confirmed(station)
    station.post([traffic.burst(traffic.PLB)])
    station.feed([Order(now() + np.timedelta64(1, "s"), PLB_ID, "close")])
    with look(f"#/alert/{UNLOCATED_ID}", viewport=viewport, theme=theme) as page:
        page.wait_for_selector(".message")
        for address in (f"#/alert/{UNLOCATED_ID}", f"#/alert/{PLB_ID}", "#/"):
            page.evaluate("address => { location.hash = address }", address)
            page.wait_for_timeout(200)
            found = axe.Axe().run(page).response["violations"]
            serious = [
                f"{one['id']} {node['target']} {node['failureSummary']}"
                for one in found
                if one["impact"] in ("serious", "critical")
                for node in one["nodes"]
            ]
            assert serious == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_who_is_told_is_said_in_french(browser: Browser, station: Station) -> None:
    confirmed(station)
    context = browser.new_context(locale="fr-FR", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{station.url}/#/alert/{UNLOCATED_ID}")
    page.wait_for_selector(".message")
    said = page.inner_text(".detail")
    for words in (
        "Position de référence MCC",
        "Estimation du centre d'après 2 positions concordantes",
        "Deux positions indépendantes concordent.",
        "En mouvement à 5.0 m/s (9.7 nd) au 037° vrai",
        "La nouvelle position Doppler est à 1.4 km de la position Doppler, la limite étant",
    ):
        assert words in said
    english = re.compile(r"\b(the|is|are|with|unless|burst|position lies|agree)\b")
    parts = page.evaluate(
        """() => [...document.querySelectorAll('.detail *')].filter((e) => !e.children.length
             && !e.closest('[lang=en], .fields')).map((e) => e.textContent)"""
    )
    assert [part for part in parts if english.search(part)] == []
    context.close()


def test_a_place_near_the_pole_is_drawn_where_it_is(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.UNLOCATED), traffic.burst(traffic.PLB)])
    station.feed(traffic.doppler(traffic.UNLOCATED, [(88.0, 30.0, 3800.0, 1.0)]))
    with look() as page:
        page.wait_for_selector(".row >> nth=1")
        assert page.locator(".projection").input_value() == ""
        page.click(f"#row-{UNLOCATED_ID}")  # Mercator ends at 85 degrees: its pole's view opens
        page.wait_for_function("() => document.querySelector('.map').dataset.projection === 'EPSG:3995'")
        assert page.locator(".projection").input_value() == "north"
        page.wait_for_selector(".position")
        page.wait_for_timeout(300)
        box = page.locator(".map").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        read = page.inner_text(".readout").split("\n")[0]
        found = re.fullmatch(r"([\d.]+)° N  ([\d.]+)° E", read)
        assert found, read
        assert float(found[1]) == pytest.approx(88.0, abs=0.05)
        assert float(found[2]) == pytest.approx(30.0, abs=1.5)
        page.click(".detail .close")
        page.click(f"#row-{PLB_ID}")  # 46 degrees north is still in sight of that view
        page.wait_for_selector(f".detail-head .hex >> text={PLB_ID}")
        assert page.get_attribute(".map", "data-projection") == "EPSG:3995"
        page.keyboard.press("p")
        page.wait_for_function("() => document.querySelector('.map').dataset.projection === 'EPSG:3031'")
        page.select_option(".projection", "")
        page.wait_for_function("() => document.querySelector('.map').dataset.projection === 'EPSG:3857'")
