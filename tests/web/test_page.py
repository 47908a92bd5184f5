"""The page in a real browser: alerts appear by themselves, links mend, and nothing comes from any other host."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import web_traffic as traffic
from web_station import DESK, PHONE, Open, Station

from vigie.message import beacon
from vigie.service import Source

if TYPE_CHECKING:
    from playwright.sync_api import Page

PLB_ID = str(beacon.decode(traffic.PLB).hex_id)
EPIRB_ID = str(beacon.decode(traffic.MARITIME).hex_id)


def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    wide = page.evaluate(
        """() => [...document.querySelectorAll("body *")].filter((element) => {
             const box = element.getBoundingClientRect();
             return box.width && !element.closest(".ol-viewport, .visually-hidden, .row")
               && getComputedStyle(element).visibility !== "hidden" && box.right > innerWidth + 1;
           }).map((element) => element.className || element.tagName)"""
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def row(hex_id: str) -> str:
    return f"#row-{hex_id}"


def test_an_alert_appears_without_reload_and_is_announced(station: Station, look: Open) -> None:
    with look() as page:
        assert "No alert so far" in page.inner_text(".rows")
        assert page.inner_text(".link") == "live"
        station.post([traffic.burst(traffic.UNLOCATED, 65.0)])
        page.wait_for_selector(".row")
        text = page.inner_text(".row")
        for words in ("DISTRESS", "unread", "Greece", "EPIRB", "no position", "No position yet", "1 burst"):
            assert words in text
        assert re.search(r"\b01:\d\d\b", text)  # age of the last burst
        assert "New alert. DISTRESS" in page.inner_text("[aria-live=assertive]")
        assert page.title() == "(1) Vigie"
        before = page.inner_text(".row .age")
        page.wait_for_function("was => document.querySelector('.row .age').textContent !== was", arg=before)
        station.post([traffic.burst(traffic.UNLOCATED)])
        page.wait_for_function("() => document.querySelector('.row .count').textContent === '2 bursts'")
        page.click(".row")
        assert page.title() == "Vigie"
        assert "unread" not in page.inner_text(".row")


def test_the_list_stands_by_urgency_in_words(station: Station, look: Open) -> None:
    station.post([*traffic.mixed(), traffic.burst(traffic.TEST, 3.0, exercise=True)])
    with look() as page:
        badges = [text.lower() for text in page.locator(".row .badge").all_inner_texts()]
        assert badges[:6] == ["distress"] * 4 + ["identity unreliable", "national use"]
        page.evaluate("document.querySelector('.rows').scrollTop = 1e6")
        page.wait_for_function(
            "() => [...document.querySelectorAll('.row .badge')].at(-1)?.textContent.toLowerCase() === 'orbitography'"
        )
        rest = [text.lower() for text in page.locator(".row .badge").all_inner_texts()]
        assert rest[-5:] == ["exercise - distress", "exercise - test", "test", "self-test", "orbitography"]
        assert "EXERCISE. 2 alerts in the list are exercise traffic" in page.inner_text(".banner.exercise")
        page.click(".chip[data-kind=test]")
        page.wait_for_function("() => document.querySelectorAll('.row').length === 1")
        assert page.inner_text(".hidden-notice") == "6 urgent alerts are hidden by the filter. Show all"
        page.click(".hidden-notice")
        page.wait_for_function("() => document.querySelectorAll('.row').length > 5")
        page.fill(".search", "france plb")
        page.wait_for_function("() => document.querySelectorAll('.row').length === 1")
        assert PLB_ID in page.inner_text(".row")


def test_every_field_bit_burst_and_event_of_one_alert(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.flip(traffic.MARITIME, 50, 58), 90.0), traffic.burst(traffic.MARITIME, 40.0)])
    station.post([traffic.burst(traffic.flip(traffic.MARITIME, 50, 58))])
    with look(f"#/alert/{EPIRB_ID}") as page:
        page.wait_for_selector(".burst")
        detail = page.inner_text(".detail")
        for words in (EPIRB_ID, "France (227)", "User maritime", "49.06667° N", "49° 04′ 00.0″ N", "MMSI 227123456"):
            assert words in detail
        assert "corrected by its error code; BCH-1: 2 corrected" in detail
        facts = beacon.decode(traffic.MARITIME).facts
        assert page.locator(".fields tbody tr").count() == len(facts["fields"])
        assert "".join(page.locator(".bit").all_inner_texts()) == f"{int(traffic.MARITIME, 16):0144b}"
        assert page.locator(".bit[data-fixed=true]").count() == 2
        assert page.locator(".burst").count() == 3
        assert page.locator(".burst >> nth=0").locator("mark").count() == 2
        assert "406.040125 MHz, C/N0 41.3 dBHz, from Toulouse roof" in page.inner_text(".burst >> nth=0")
        assert "Located, not confirmed" in page.inner_text(".time-line")
        page.hover(".bit >> nth=30")
        assert page.locator("tr[data-lit]").inner_text().startswith("Country code")
        page.click("text=Copy ID")
        page.wait_for_selector("text=Copied")
        assert page.evaluate("navigator.clipboard.readText()") == EPIRB_ID
        station.post([traffic.burst(traffic.MARITIME)])
        page.wait_for_function("() => document.querySelectorAll('.burst').length === 4")


def test_doubt_is_shown_both_sides_of_a_doppler_pass(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.UNLOCATED)])
    station.feed(traffic.doppler(traffic.UNLOCATED, [(36.41, 24.9, 3800.0, 0.78), (35.2, 31.4, 5200.0, 0.22)]))
    with look() as page:
        assert "36.410° N 024.900° E doppler 78 % (1 of 2)" in page.inner_text(".row .place")
        page.click(".row")
        page.wait_for_selector(".position >> nth=1")
        heads = page.locator(".position strong").all_inner_texts()
        assert heads == ["Doppler, probability 78 %", "Doppler, probability 22 %"]


def test_an_untrusted_identity_shows_its_bits_as_doubtful(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.UNRELIABLE)])
    with look() as page:
        assert "no trusted ID" in page.inner_text(".row")
        page.click(".row")
        page.wait_for_selector(".bits")
        assert "any of this may be wrong" in page.inner_text(".detail")
        assert f"#/alert/U-{traffic.UNRELIABLE}" in page.url


def test_server_killed_and_started_again(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB)])
    refused = r"ERR_CONNECTION_REFUSED|WebSocket|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|Failed to load resource"
    with look(allowed=refused) as page:
        page.wait_for_selector(row(PLB_ID))
        page.evaluate("window.stayed = true")
        station.stop()
        page.wait_for_selector("text=/Not live since \\d\\d:\\d\\d:\\d\\d UTC/")
        assert re.fullmatch(r"reconnecting since \d\d:\d\d:\d\d UTC", page.inner_text(".link"))
        station.start()
        station.post([traffic.burst(traffic.MARITIME)])  # while nobody watches
        page.wait_for_selector(row(EPIRB_ID), timeout=15_000)
        assert page.inner_text(".link") == "live"
        assert page.is_hidden(".banner.stale")
        assert page.locator(".row").count() == 2
        assert page.evaluate("window.stayed")
        assert EPIRB_ID in page.inner_text("[aria-live=assertive]")  # what was missed is announced


@pytest.mark.parametrize(("viewport", "theme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_both_sizes_fit(station: Station, look: Open, viewport: Any, theme: Any) -> None:
    station.post(traffic.mixed())
    with look(viewport=viewport, theme=theme) as page:
        fits(page)
        page.click(".row >> nth=0")
        page.wait_for_selector(".burst")
        fits(page)
        assert page.is_visible(".detail-head")
        if viewport is PHONE:
            assert page.is_hidden(".rows")
            page.click(".tab[data-tab=map]")
            assert page.is_visible(".map")
            assert page.is_hidden(".detail-head")
            fits(page)
            page.click(".tab[data-tab=list]")
        assert page.is_visible(".row >> nth=0")
        assert page.evaluate("document.documentElement.dataset.theme") == {"light": "day", "dark": "night"}[theme]


def test_a_source_that_fails_is_named(station: Station, look: Open) -> None:
    assert station.service is not None
    roof = Source("roof", list, state="failed", error="rtl_tcp://127.0.0.1:1234 closed the connection")
    station.service.sources = [roof, Source("mast", list, state="receiving")]
    with look() as page:
        page.wait_for_selector(".banner.fault")
        said = "Source roof has failed: rtl_tcp://127.0.0.1:1234 closed the connection."
        assert page.inner_text(".banner.fault") == said
        assert page.inner_text(".sources") == "1 of 2 sources receiving"


def test_keyboard(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB, 50.0), traffic.burst(traffic.MARITIME), traffic.burst(traffic.TEST)])
    with look() as page:
        page.wait_for_selector(row(EPIRB_ID))
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.get_attribute(row(PLB_ID), "data-cursor") == "true"
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        assert page.inner_text(".detail-head .hex") == EPIRB_ID
        assert page.url.endswith(f"#/alert/{EPIRB_ID}")
        page.keyboard.press("Escape")
        page.wait_for_selector(".detail", state="hidden")
        assert page.url.endswith("#/")
        page.keyboard.press("/")
        page.keyboard.type("poland j")
        assert page.input_value(".search") == "poland j"
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert page.is_visible("dialog.help")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog.help", state="hidden")
        page.keyboard.press("t")
        assert page.evaluate("document.documentElement.dataset.theme") == "night"
        page.go_back()
        page.wait_for_selector(f"text={EPIRB_ID} >> visible=true")


def test_a_name_that_looks_like_markup_stays_text(station: Station, look: Open) -> None:
    evil = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    station.post([traffic.burst(traffic.PLB, source=evil)])
    with look(f"#/alert/{PLB_ID}") as page:
        page.wait_for_selector(".burst")
        assert f"from {evil}" in page.inner_text(".burst")
        assert page.locator(".burst img, .burst script").count() == 0
        assert "owned" not in page.title()


def test_a_link_to_an_alert_that_is_not_there_says_so(station: Station, look: Open) -> None:
    with look("#/alert/<b>none</b>", allowed="404") as page:
        page.wait_for_selector("text=there is no alert")
        assert page.locator(".detail-head b").count() == 0


def test_sound_is_off_until_it_is_switched_on(station: Station, look: Open) -> None:
    with look() as page:
        page.evaluate(
            """() => { window.tones = 0; const start = OscillatorNode.prototype.start;
                 OscillatorNode.prototype.start = function (at) { window.tones++; return start.call(this, at); }; }"""
        )
        station.post([traffic.burst(traffic.PLB)])
        page.wait_for_selector(".row")
        assert page.evaluate("window.tones") == 0
        page.click("text=Sound is off")
        page.wait_for_function("() => window.tones >= 4")  # the alarm of the alert may have come too
        page.click("text=Sounds")
        page.click("dialog.sounds button >> nth=0")
        page.wait_for_function("() => window.tones >= 8")
        page.keyboard.press("Escape")
        assert page.is_visible("text=Sound is on")
        was = page.evaluate("window.tones")
        station.post([traffic.burst(traffic.MARITIME)])
        page.wait_for_function("was => window.tones > was", arg=was)


def test_pointer_reads_the_map_and_a_mark_opens_its_alert(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB)])
    with look() as page:
        box = page.locator(".map").bounding_box()
        assert box is not None
        # the map was fitted to the one alert, with room for its ID to the right
        middle = (box["x"] + box["width"] / 2 - 45, box["y"] + box["height"] / 2)
        page.mouse.move(*middle)
        read = page.inner_text(".readout")
        assert re.search(r"46\.\d{5}° N  004\.\d{5}° W\n46° 1\d\.\d{3}′ N  004° 3\d\.\d{3}′ W", read)
        page.mouse.click(*middle)
        page.wait_for_selector(f".detail-head .hex >> text={PLB_ID}")


def test_a_long_list_scrolls_and_holds_few_elements(station: Station, look: Open) -> None:
    station.post([traffic.burst(text, 10.0 * index) for index, text in enumerate(traffic.many(1000))])
    with look() as page:
        assert page.locator(".row").count() < 30
        assert page.inner_text(".chip[data-kind=all] b") == "1000"
        page.evaluate("document.querySelector('.rows').scrollTop = 1e9")
        page.wait_for_selector(".row[aria-posinset='1000']")
        assert page.locator(".row").count() < 30


def test_coordinates_in_the_form_that_was_chosen(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.MARITIME)])
    with look(f"#/alert/{EPIRB_ID}") as page:
        page.wait_for_selector(".burst")
        facts = beacon.decode(traffic.MARITIME).facts
        assert facts["latitude"] == pytest.approx(49 + 4 / 60)
        shown = []
        for form in ("DD", "DMM", "DMS", "UTM", "MGRS"):
            assert page.locator(".tools select").input_value() == form
            shown.append(page.inner_text(".coordinates.chosen"))
            page.keyboard.press("c")
        east = abs(facts["longitude"])
        assert shown[0] == f"49.06667° N  {east:09.5f}° E"
        assert shown[1].startswith("49° 04.000′ N")
        assert shown[2].startswith("49° 04′ 00.0″ N")
        # against an independent implementation: PROJ
        from pyproj import Transformer

        zone = int((facts["longitude"] + 180) // 6) + 1
        x, y = Transformer.from_crs(4326, 32600 + zone, always_xy=True).transform(facts["longitude"], facts["latitude"])
        assert shown[3] == f"{zone}N {round(x)} E {round(y)} N"
        assert re.fullmatch(rf"{zone}U [A-Z]{{2}} {int(x) % 100000:05d} {int(y) % 100000:05d}", shown[4])
        page.select_option(".tools select", "MGRS")
        assert shown[4] in page.inner_text(".row .place")
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert page.locator(".tools select").input_value() == "MGRS"


def test_time_to_the_next_burst(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.UNLOCATED, 20.0)])
    station.post([traffic.burst(traffic.MARITIME, 70.0), traffic.burst(traffic.SELF_TEST, 5.0)])
    with look() as page:
        text = {row.split("\n")[0]: row for row in page.locator(".row").all_inner_texts()}
        rows = page.locator(".row").all_inner_texts()
        waits = [re.search(r"next in 00:(\d\d)", row) for row in rows]
        assert [20 < int(found[1]) < 29 for found in waits if found] == [True], text
        assert sum("next overdue 00:" in row for row in rows) == 1
        assert not any("next" in row for row in rows if "SELF-TEST" in row)


def test_an_alert_is_taken_away_as_a_file(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.UNLOCATED)])
    station.feed(traffic.doppler(traffic.UNLOCATED, [(36.41, 24.9, 3800.0, 0.78), (35.2, 31.4, 5200.0, 0.22)]))
    with look() as page:
        page.click(".row")
        page.wait_for_selector(".position >> nth=1")
        with page.expect_download() as caught:
            page.get_by_role("button", name="GeoJSON").click()
        told = json.loads(Path(caught.value.path()).read_text())
        points = [one for one in told["features"] if one["geometry"]["type"] == "Point"]
        assert {one["properties"]["probability"]: one["geometry"]["coordinates"] for one in points} == {
            0.78: [24.9, 36.41],
            0.22: [31.4, 35.2],
        }
        areas = [one for one in told["features"] if one["geometry"]["type"] == "Polygon"]
        assert len(areas) == 2
        with page.expect_download() as caught:
            page.get_by_role("button", name="KML").click()
        kml = Path(caught.value.path()).read_text()
        assert caught.value.suggested_filename.endswith(".kml")
        assert "24.9,36.41" in kml
        page.emulate_media(media="print")
        assert page.is_hidden(".left")
        assert page.is_visible(".detail .coordinates")


def test_distance_and_bearing_are_measured(station: Station, look: Open) -> None:
    with look() as page:
        box = page.locator(".map").bounding_box()
        assert box
        page.keyboard.press("d")
        places = []
        for x, y in ((0.4, 0.4), (0.6, 0.5), (0.7, 0.3)):
            at = (box["x"] + box["width"] * x, box["y"] + box["height"] * y)
            before = page.inner_text(".readout")
            page.mouse.move(*at)
            page.wait_for_function("was => document.querySelector('.readout').innerText !== was", arg=before)
            read = page.inner_text(".readout").split("\n")[0]
            places.append([float(number) * (-1 if letter in "SW" else 1)
                           for number, letter in re.findall(r"([\d.]+)° ([NSEW])", read)])  # fmt: skip
            page.mouse.click(*at)
        told = page.inner_text(".measured")
        from pyproj import Geod

        geod = Geod(ellps="WGS84")
        legs = [geod.inv(a[1], a[0], b[1], b[0]) for a, b in pairwise(places)]
        kilometres, bearing = legs[-1][2] / 1000, legs[-1][0] % 360
        assert f"Last leg {kilometres:.0f} km" in told
        assert f"{bearing:03.0f}° true" in told
        assert f"2 legs, {sum(leg[2] for leg in legs) / 1000:.0f} km" in told
        page.keyboard.press("Escape")
        assert page.inner_text(".measured") == ""


@pytest.mark.parametrize(("viewport", "theme"), [(DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")])
def test_accessibility_has_no_serious_finding(station: Station, look: Open, viewport: Any, theme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    station.post(traffic.mixed())
    with look(viewport=viewport, theme=theme) as page:
        for step in ("list", "detail", "help"):
            if step == "detail":
                page.click(".row")
                page.wait_for_selector(".burst")
            if step == "help":
                page.keyboard.press("?")
            found = axe.Axe().run(page).response["violations"]
            serious = [
                f"{step}: {one['id']} {node['target']} {node['failureSummary']}"
                for one in found
                if one["impact"] in ("serious", "critical")
                for node in one["nodes"]
            ]
            assert serious == []
