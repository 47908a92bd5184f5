"""What the page shows beside the journal: plots of bursts and positions, the register, areas, and who heard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import evidence_scene as scene
import pytest
import web_traffic as traffic
from web_station import Open, Station

LOADED_MS = 200_000
"""a busy machine takes its time to draw a burst"""


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """A centre with areas, orbits, a register and a source that keeps samples."""
    made = scene.station(tmp_path).start()
    yield made
    made.stop()


def test_a_burst_is_drawn_from_its_samples_and_told_in_words(station: Station, look: Open) -> None:
    station.feed([scene.first_generation(station)])
    with look(f"#/alert/{scene.PLB_ID}", allowed="willReadFrequently") as page:  # this test reads the canvas back
        page.click(".burst [data-plots=burst] summary")
        page.wait_for_selector(".burst .plot >> nth=2", timeout=LOADED_MS)
        titles = page.locator(".burst .plot-title").all_inner_texts()
        assert titles == ["Spectrogram", "Phase over the burst", "Constellation"]
        said = page.locator(".burst .canvas").first.get_attribute("aria-label") or ""
        assert re.fullmatch(r"Spectrogram: The burst begins at 100 ms; \d+ dB from the quiet level .*", said)
        # the picture is there: light where the burst is, dark before it
        light = page.evaluate(
            """() => { const canvas = document.querySelector('.cells'); const context = canvas.getContext('2d');
                 const mean = (x) => { const all = context.getImageData(Math.round(x * canvas.width), 0, 1, canvas.height).data;
                   let sum = 0; for (let at = 0; at < all.length; at += 4) sum = Math.max(sum, all[at + 1]); return sum; };
                 return [mean(0.05), mean(0.5)]; }"""  # noqa: E501
        )
        assert light[1] > light[0] + 60
        plot = page.locator(".canvas").nth(1)
        plot.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        assert re.fullmatch(r"-?[\d.]+: -?[\d.]+", page.locator(".plot").nth(1).locator("[aria-live]").inner_text())
        assert plot.locator(".cursor").get_attribute("visibility") == "visible"
        assert page.locator(".detail-head .hex").inner_text() == scene.PLB_ID  # the arrows moved no row
        href = page.get_by_role("link", name="SigMF archive").get_attribute("href") or ""
        assert re.fullmatch(r"\./api/bursts/\d+/samples", href)
        # another burst comes: what was opened stays open
        station.post([traffic.burst(traffic.PLB)])
        page.wait_for_function("() => document.querySelectorAll('.burst').length === 2")
        assert page.locator(".burst .plot").count() == 3


def test_without_samples_the_page_says_why(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB)])
    with look(f"#/alert/{scene.PLB_ID}") as page:
        page.click(".burst [data-plots=burst] summary")
        page.wait_for_selector(".burst .why")
        assert page.inner_text(".burst .why").startswith("No plots: The burst came from another station")


def test_the_curve_behind_a_position(station: Station, look: Open) -> None:
    heard, sides = scene.satellite_pass()
    station.feed([*heard, *sides])
    with look(f"#/alert/{scene.PLB_ID}") as page:
        position = page.locator(".position", has_text="probability 80 %")
        position.locator("[data-plots=curve] summary").click()
        position.locator(".plot").nth(1).wait_for(timeout=LOADED_MS)
        text = position.inner_text()
        assert "13 receptions by satellite 38771. 1 that no place explains are crossed." in text
        left = re.search(r"([\d.]+) Hz \(RMS\) are left", text)
        assert left
        assert float(left[1]) < 0.6
        assert "406.0280" in text
        assert position.locator(".plot").first.locator("path.line").count() == 2  # this side and the other
        other = page.locator(".position", has_text="probability 20 %")
        other.locator("[data-plots=curve] summary").click()
        other.locator(".plot").nth(1).wait_for(timeout=LOADED_MS)
        worse = re.search(r"([\d.]+) Hz \(RMS\) are left", other.inner_text())
        assert worse
        assert float(worse[1]) > 50 * float(left[1])


def test_who_heard_it_with_footprints_and_service_areas_with_buffers(station: Station, look: Open) -> None:
    heard, sides = scene.satellite_pass()
    station.feed([*heard, *sides])
    with look(f"#/alert/{scene.PLB_ID}") as page:
        page.wait_for_selector(".position")
        page.click(".layers > summary")
        assert "Distress" in page.inner_text(".legend-list")
        page.check("[data-layer=areas]")
        page.wait_for_function(
            "() => document.querySelector('.layers').dataset.shown === 'area buffer'", timeout=LOADED_MS
        )
        page.check("[data-layer=sky]")
        page.wait_for_function("() => document.querySelector('.layers').dataset.shown.includes('beam')")
        shown = str(page.get_attribute(".layers", "data-shown")).split()
        assert shown == ["area", "buffer", "footprint", "satellite", "beam"]
        assert "As the satellites stood at 2026-08-22" in page.inner_text(".layers")
        page.keyboard.press("Escape")  # no alert is open: nobody to be shown
        page.wait_for_function("() => document.querySelector('.layers').innerText.includes('Open an alert')")
        assert page.get_attribute(".layers", "data-shown") == "area buffer"
        page.reload()
        page.wait_for_selector("html[data-ready]")
        page.wait_for_function("() => document.querySelector('.layers').dataset.shown === 'area buffer'")  # remembered


def test_the_register_entry_of_a_beacon(station: Station, look: Open) -> None:
    station.post([traffic.burst(traffic.PLB), traffic.burst(traffic.MARITIME)])
    with look(f"#/alert/{scene.PLB_ID}") as page:
        page.click("[data-plots=register] summary")
        page.wait_for_selector(".entry")
        assert "Marie Le Goff" in page.inner_text(".entry")
        page.click(".row:has-text('EPIRB')")
        page.wait_for_function("() => document.querySelector('.entry') === null")
        page.click("[data-plots=register] summary")
        page.wait_for_selector("text=The register has no entry for this beacon.")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_plots_and_layers_are_accessible(station: Station, look: Open, theme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    heard, sides = scene.satellite_pass()
    station.feed([*heard, *sides, scene.first_generation(station)])
    with look(f"#/alert/{scene.PLB_ID}", theme=theme) as page:
        page.wait_for_selector(".burst")
        for plots in ("curve", "burst", "register"):
            page.locator(f"[data-plots={plots}] summary").first.click()
        page.click(".layers > summary")
        page.locator(".burst").first.locator(".plot, .why").first.wait_for(timeout=LOADED_MS)
        page.locator(".position .plot").first.wait_for(timeout=LOADED_MS)
        found = axe.Axe().run(page).response["violations"]
        serious = [
            f"{one['id']} {node['target']} {node['failureSummary']}"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]
        assert serious == []
