"""How smoothly the console's map moves under the hand: the time of every frame while it is dragged.

    python benchmarks/page_panning.py --alerts 5000

Starts the service over a fresh journal on loopback, opens the page in headless Chromium without a GPU
(``--disable-gpu``: the processor draws), drags the map to and fro, and reads the times of
``requestAnimationFrame`` meanwhile. An empty map stands beside it: what the machine itself can do. Needs playwright and
Debian's chromium.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "web"))

from web_station import CHROMIUM, CHROMIUM_ARGS

from page_ready import filled

TARGET_FPS = 30.0
VIEWS = {"ocean": 2, "region": 4}
"""steps of the wheel towards the map's middle before the drag; from further off the world is held in place"""
_WATCH = """() => {
    const times = window.frames_ms = [];
    let last = null;
    window.watching = true;
    const frame = (now) => {
        if (last !== null) times.push(now - last);
        last = now;
        if (window.watching) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def dragged(page: Page, seconds: float) -> list[float]:
    """Frame times, ms, of a drag to and fro."""
    box = page.locator(".map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(_WATCH)
    began, step = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        step += 1
        away = step % 80
        page.mouse.move(x + 4.0 * (away if away < 40 else 80 - away) - 80, y + (step % 40) - 20)
    times: list[float] = page.evaluate("() => { window.watching = false; return window.frames_ms; }")
    page.mouse.up()
    return times


def told(what: str, view: str, count: int, times: list[float]) -> dict[str, Any]:
    """One line of the table."""
    ordered = sorted(times)
    return {
        "map": what,
        "view": view,
        "alerts": count,
        "frames": len(times),
        "mean_fps": 1000 / statistics.fmean(times),
        "p50_ms": statistics.median(times),
        "p95_ms": ordered[int(0.95 * len(ordered))],
        "p99_ms": ordered[int(0.99 * len(ordered))],
        "worst_ms": ordered[-1],
    }


def measure(browser: Browser, url: str, count: int, seconds: float, width: int, height: int) -> list[dict[str, Any]]:
    """Drags of the page over a service."""
    rows = []
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    done = 0
    for view, steps in VIEWS.items():
        box = page.locator(".map").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        for _ in range(steps - done):
            page.mouse.wheel(0, -300)
            page.wait_for_timeout(400)
        done = steps
        page.wait_for_timeout(1500)
        rows.append(told("console", view, count, dragged(page, seconds)))
    context.close()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--alerts", default="0,5000", help="numbers of alerts, comma-separated")
    parser.add_argument("--seconds", type=float, default=6.0, help="length of each drag")
    parser.add_argument("--size", default="1280x720", help="of the window")
    parser.add_argument("--chromium", type=Path, default=CHROMIUM)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    if not options.chromium.exists():
        sys.exit(f"no browser at {options.chromium}: install chromium, or name one with --chromium")
    width, height = (int(number) for number in options.size.split("x"))
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        for count in (int(text) for text in options.alerts.split(",")):
            station = filled(Path(folder), count)
            browser = playwright.chromium.launch(executable_path=str(options.chromium), args=CHROMIUM_ARGS)
            rows += measure(browser, station.url, count, options.seconds, width, height)
            browser.close()
            station.stop()
    if options.json:
        for row in rows:
            print(json.dumps(row))
        return
    print(f"{'alerts':>7} {'view':<10} {'frames':>7} {'fps':>6} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'worst':>7}"
          f"   target {TARGET_FPS:g} fps")  # fmt: skip
    for row in rows:
        print(f"{row['alerts']:>7} {row['view']:<10} {row['frames']:>7} {row['mean_fps']:>6.1f} {row['p50_ms']:>7.1f} "
              f"{row['p95_ms']:>7.1f} {row['p99_ms']:>7.1f} {row['worst_ms']:>7.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
