"""How long from the end of a burst on the air to its row in the journal, on a WebSocket, and in the page.

Plays a recording of bursts at its own speed through ``vigie run``, as a process of its own, and takes the time from the
moment the last sample of each burst was let through to the row's appearance. The recording carries this machine's
clock as its time, so a burst's own time of arrival tells when it was on the air.

    python benchmarks/alert_latency.py --bursts 20
    python benchmarks/alert_latency.py --bursts 20 --page     also in the page, with Chromium through playwright
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from websockets.sync.client import connect

from vigie import instants
from vigie.instants import Instant, after
from vigie.signal.fgb import modulate
from vigie.sim.detections import YACHT, message
from vigie.store.journal import Journal

RATE_HZ = 48_000.0
CENTRE_HZ = 406.031e6
LENGTH_S = 0.44
"""a short message with its carrier"""


def recording(folder: Path, bursts: int, every_s: float, rng: np.random.Generator) -> tuple[Path, list[float]]:
    """A SigMF recording of bursts at random places in each stretch, and when each one ends, s past its start."""
    digits = message(YACHT).received
    wave = modulate(format(int(digits, 16), "0112b"), RATE_HZ, frequency_hz=-3000.0)
    wave *= np.float32((10 ** (42 / 10) / RATE_HZ) ** 0.5)
    count = round((bursts * every_s + 4.0) * RATE_HZ)
    iq = rng.standard_normal((count, 2), np.float32).view(np.complex64)[:, 0] * np.float32(0.5**0.5)
    ends = []
    for number in range(bursts):
        first = int((number * every_s + rng.uniform(0.2, every_s - 0.8)) * RATE_HZ)
        iq[first : first + len(wave)] += wave
        ends.append(first / RATE_HZ + LENGTH_S)
    iq.tofile(folder / "bench.sigmf-data")
    return folder / "bench.sigmf-meta", ends


def date(meta: Path) -> None:
    """Write the metadata, without a time: the service dates the samples by the clock as it lets them through."""
    values: dict[str, Any] = {
        "global": {"core:datatype": "cf32_le", "core:sample_rate": RATE_HZ, "core:version": "1.2.0"},
        "captures": [{"core:sample_start": 0, "core:frequency": CENTRE_HZ}],
        "annotations": [],
    }
    meta.write_text(json.dumps(values))


@contextmanager
def served(meta: Path, store: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``vigie run`` on the recording at real time."""
    command = [sys.executable, "-m", "vigie", "run", str(meta), "--speed", "1", "--no-browser", "--port", "0"]
    process = subprocess.Popen([*command, "--store", str(store)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield next(word.rstrip(",") for word in line.split() if word.startswith("http://")), process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def watch_socket(url: str, seen: dict[str, float], stop: threading.Event) -> None:
    """When each alert row came over the WebSocket: its ``changed`` -> Unix seconds."""
    with connect(url.replace("http", "ws") + "/ws?after=0") as socket:
        while not stop.is_set():
            try:
                told = json.loads(socket.recv(timeout=0.5))
            except TimeoutError:
                continue
            if told["type"] == "row" and told["kind"] == "alert":
                seen.setdefault(told["body"]["changed"], time.time())


@contextmanager
def page(url: str) -> Iterator[Any]:
    """The console in Chromium, noting when the row of the alert first shows each count of bursts."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        )
        opened = browser.new_page()
        opened.add_init_script(
            """window.shown = {};
            addEventListener('DOMContentLoaded', () => {
              new MutationObserver(() => {
                for (const count of document.querySelectorAll('.rows .count')) {
                  const bursts = parseInt(count.innerText);
                  window.shown[bursts] ??= Date.now() / 1000;
                }
              }).observe(document.body, {subtree: true, childList: true, characterData: true});
            });"""
        )
        opened.goto(url)
        yield opened
        browser.close()


def table(name: str, delays_s: list[float]) -> dict[str, Any]:
    """One line of the result."""
    if not delays_s:
        return {"to": name, "bursts": 0}
    return {
        "to": name,
        "bursts": len(delays_s),
        "median_s": round(float(np.median(delays_s)), 3),
        "p90_s": round(float(np.quantile(delays_s, 0.9)), 3),
        "worst_s": round(max(delays_s), 3),
    }


def unix(instant: Instant) -> float:
    """Unix seconds, good to a microsecond."""
    return float(instants.seconds_past(instant, np.datetime64(0, "ns")))


def main() -> None:
    """Play, watch, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bursts", type=int, default=20)
    parser.add_argument("--every", type=float, default=5.0, metavar="S", help="one burst in each stretch so long")
    parser.add_argument("--seed", type=int, default=406)
    parser.add_argument("--page", action="store_true", help="measure in the page too")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        meta, ends = recording(folder, given.bursts, given.every, np.random.default_rng(given.seed))
        date(meta)
        seen: dict[str, float] = {}
        shown: dict[str, float] = {}
        stop = threading.Event()
        with served(meta, folder / "bench.sqlite") as (url, _):
            watcher = threading.Thread(target=watch_socket, args=(url, seen, stop))
            watcher.start()
            if given.page:
                with page(url) as opened:
                    opened.wait_for_timeout((ends[-1] + 6.0) * 1000)
                    shown = opened.evaluate("window.shown")
            else:
                time.sleep(ends[-1] + 6.0)
            stop.set()
            watcher.join()
        results = results_of(folder / "bench.sqlite", seen, shown, len(ends))
    if given.json:
        print(json.dumps(results))
        return
    print(f"{given.bursts} bursts at real time, from the last sample of a burst, seconds")
    for row in results:
        print("  " + "  ".join(f"{key} {value}" for key, value in row.items()))


def results_of(store: Path, seen: dict[str, float], shown: dict[str, float], bursts: int) -> list[dict[str, Any]]:
    """Delays to the journal, the WebSocket and the page."""
    journal = Journal.open(str(store), read_only=True)
    rows = journal.rows(kinds={"alert"})
    journal.close()
    with sqlite3.connect(store) as raw:
        written = [str(at) for (at,) in raw.execute("SELECT written FROM journal WHERE kind='alert' ORDER BY seq")]
    raw.close()
    ends = [after(instants.parse(str(row.time)), LENGTH_S) for row in rows]
    to_disk = [unix(instants.parse(at)) - unix(end) for at, end in zip(written, ends, strict=True)]
    to_socket = [seen[str(row.time)] - unix(end) for row, end in zip(rows, ends, strict=True) if str(row.time) in seen]
    to_page = [
        shown[str(row.body["bursts"])] - unix(end)
        for row, end in zip(rows, ends, strict=True)
        if str(row.body["bursts"]) in shown
    ]
    results = [table("journal", to_disk), table("websocket", to_socket)]
    if shown:
        results.append(table("page", to_page))
    if len(rows) != bursts:
        results.append({"to": "missed", "bursts": bursts - len(rows)})
    return results


if __name__ == "__main__":
    main()
