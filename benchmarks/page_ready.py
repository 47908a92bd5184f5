"""How long the console takes to be ready: from the start of the navigation until list and map are drawn.

    python benchmarks/page_ready.py --alerts 100,5000 --runs 7

Starts the service over a fresh journal on loopback, opens the page in a fresh profile of headless Chromium
(``--disable-gpu``), and reads the page's own mark ``vigie-ready``. Needs playwright and Debian's chromium.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "web"))

import web_traffic as traffic
from playwright.sync_api import Browser, sync_playwright
from web_station import CHROMIUM, CHROMIUM_ARGS, Station

TARGET_S = 1.5


def filled(folder: Path, count: int) -> Station:
    """A service with this many alerts, three in ten of them exercises and tests."""
    station = Station(folder / f"{count}.sqlite").start()
    bodies = [
        traffic.burst(text, 7.0 * index, exercise=index % 5 == 0) for index, text in enumerate(traffic.many(count))
    ]
    for start in range(0, count, 1000):
        station.post(bodies[start : start + 1000])
    return station


def ready_s(browser: Browser, url: str) -> float:
    """One load in a fresh profile."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        page = context.new_page()
        page.goto(url)
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        milliseconds: float = page.evaluate("performance.getEntriesByName('vigie-ready')[0].startTime")
        return milliseconds / 1000
    finally:
        context.close()


def measure(counts: list[int], runs: int, chromium: Path) -> list[dict[str, Any]]:
    """A row for each number of alerts."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=CHROMIUM_ARGS)
        for count in counts:
            station = filled(Path(folder), count)
            ready_s(browser, station.url)  # the first load also starts the browser's own processes
            times = [ready_s(browser, station.url) for _ in range(runs)]
            station.stop()
            rows.append(
                {
                    "alerts": count,
                    "runs": runs,
                    "median_s": statistics.median(times),
                    "worst_s": max(times),
                    "all_s": times,
                }
            )
        browser.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--alerts", default="100,5000", help="numbers of alerts, comma-separated")
    parser.add_argument("--runs", type=int, default=7, help="loads for each number")
    parser.add_argument("--chromium", type=Path, default=CHROMIUM)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    if not options.chromium.exists():
        sys.exit(f"no browser at {options.chromium}: install chromium, or name one with --chromium")
    rows = measure([int(text) for text in options.alerts.split(",")], options.runs, options.chromium)
    if options.json:
        for row in rows:
            print(json.dumps(row))
        return
    print(f"{'alerts':>7} {'runs':>5} {'median s':>9} {'worst s':>8}   target {TARGET_S} s")
    for row in rows:
        print(f"{row['alerts']:>7} {row['runs']:>5} {row['median_s']:>9.2f} {row['worst_s']:>8.2f}")


if __name__ == "__main__":
    main()
