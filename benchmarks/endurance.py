"""The memory of a service through a day of the simulated world, and of several.

Plays a scenario for so many hours, starts ``vigie run`` as a process of its own (journal, outputs, and with --locate
the locator with the world's orbits), and posts what the stations deliver over HTTP, in order of delivery, as fast as
the answers come. The stream's own times drive the alerts, so that a day takes minutes. So many consoles are open on
the WebSocket all the while, and one more comes and goes with each sample. Memory is what is the process's own
(RssAnon), in MB. Alerts are kept for ever, so each new one costs memory; what is told at the end is that cost, and what
100,000 detections of known beacons cost beyond it, by least squares over the samples after the first tenth. The second
and later days bring the same beacons again.

    python benchmarks/endurance.py
    python benchmarks/endurance.py --hours 24 --days 3 --plot memory.png
    python benchmarks/endurance.py --hours 6 --locate
"""

from __future__ import annotations

import argparse
import http.client
import json
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from vigie import instants
from vigie.sim import scenario
from vigie.sim.run import simulate

CONFIG = """
{orbits}
[access]
required = false
[web]
browser = false
port = 0
[store]
url = "journal.sqlite"
[[source]]
file = "{recording}"
[[output]]
kind = "jsonl"
to = "all.jsonl"
rotate_mb = 50
keep = 1
[[output]]
kind = "geojson"
to = "alerts.geojson"
"""


def world(name: str, hours: float, folder: Path) -> Path:
    """The scenario for so many hours, and a minute of samples for the one source that the configuration names."""
    text = scenario.path_of(name).read_text(encoding="utf-8")
    text, count = re.subn(r"^duration_s = .*$", f"duration_s = {hours * 3600:.0f}", text, flags=re.MULTILINE)
    assert count == 1
    path = folder / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    simulate(scenario.load(path), folder / "world")
    simulate(scenario.load(scenario.path_of("raft")), folder / "raft", level="samples")
    return folder / "world" / "detections.jsonl"


def lines(stream: Path, days: int, length_s: float) -> Iterator[dict[str, Any]]:
    """What was delivered, so many times over, each later by the length of the scenario."""
    for day in range(days):
        with stream.open(encoding="utf-8") as file:
            for line in file:
                body = json.loads(line)
                for key in ("time", "toa", "delivered"):
                    if day and body.get(key):
                        body[key] = instants.text(instants.after(instants.parse(body[key]), day * length_s))
                yield body


def memory_mb(pid: int) -> tuple[float, float]:
    """RSS, and the part of it that is the process's own."""
    status = Path(f"/proc/{pid}/status").read_text()
    kb = {key: int(value) for key, value in re.findall(r"^(\w+):\s+(\d+) kB", status, re.MULTILINE)}
    return kb["VmRSS"] / 1024, kb["RssAnon"] / 1024


def console(url: str, stop: threading.Event) -> None:
    """An open console: reads whatever comes."""
    with connect(f"ws{url.removeprefix('http')}/ws", max_size=None, ping_interval=None) as socket:
        while not stop.is_set():
            try:
                socket.recv(timeout=1.0)
            except TimeoutError:
                continue
            except ConnectionClosed:  # the service is told to stop a moment before its consoles are
                return


class Service:
    """``vigie run`` in its process."""

    def __init__(self, folder: Path, locate: bool) -> None:
        files = ", ".join(f'"{path}"' for path in sorted((folder / "world" / "orbits").iterdir()))
        (recording,) = (folder / "raft").glob("*.sigmf-meta")
        config = folder / "station.toml"
        orbits = f"[orbits]\nfiles = [{files}]" if locate else ""
        config.write_text(CONFIG.format(orbits=orbits, recording=recording))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vigie", "run", str(config)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = next(found[1] for line in self.process.stdout if (found := re.search(r"at (http://\S+?),", line)))
        self._connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=600)

    def post(self, bodies: list[dict[str, Any]]) -> None:
        """Post, and hold the answer to be good."""
        told = self._ask("POST", "/api/detections", "\n".join(map(json.dumps, bodies)))
        if told.get("refused") and (told["refused"] if isinstance(told["refused"], list) else True):
            raise SystemExit(f"refused: {told}")

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, body: str | None = None) -> Any:
        self._connection.request(method, path, body)
        reply = self._connection.getresponse()
        read = reply.read()
        if reply.status != 200:
            raise SystemExit(f"{method} {path}: {reply.status} {read[:300]!r}")
        return json.loads(read)

    def settle(self) -> None:
        """Until the locator has nothing left to do."""
        before = -1
        while (located := self.get("/healthz")["locator"]["located"]) != before:
            before = located
            time.sleep(3.0)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def sample(service: Service, hour: float, count: int, began: float) -> dict[str, Any]:
    """One line of the table."""
    with connect(f"ws{service.url.removeprefix('http')}/ws", max_size=None) as socket:
        socket.recv(timeout=30)
    rss, own = memory_mb(service.process.pid)
    alerts = len(service.get("/api/alerts?short=true")["alerts"])
    return {"hour": round(hour, 2), "detections": count, "alerts": alerts, "rss_mb": round(rss, 1),
            "own_mb": round(own, 1), "wall_s": round(time.monotonic() - began, 1)}  # fmt: skip


def growth(rows: list[dict[str, Any]]) -> dict[str, float]:
    """What memory grows with: kB an alert, and MB for 100,000 detections."""
    settled = rows[len(rows) // 10 :]
    grown = np.array([[1.0, row["alerts"], row["detections"]] for row in settled])
    _, alert_mb, detection_mb = np.linalg.lstsq(grown, [row["own_mb"] for row in settled], rcond=None)[0]
    return {"kb_an_alert": round(alert_mb * 1e3, 1), "mb_100k_detections": round(detection_mb * 1e5, 2)}


def plot(rows: list[dict[str, Any]], path: str) -> None:
    """A picture of memory over the hours of the world."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4))
    hours = [row["hour"] for row in rows]
    axes.plot(hours, [row["rss_mb"] for row in rows], label="RSS")
    axes.plot(hours, [row["own_mb"] for row in rows], label="own")
    axes.set(xlabel="hours of the world", ylabel="MB", ylim=(0, None))
    axes.legend()
    figure.savefig(path)


def main() -> None:
    """Play, post, sample, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="world")
    parser.add_argument("--hours", type=float, default=24.0, help="length of the scenario, 6 or more")
    parser.add_argument("--days", type=int, default=1, help="so many times over")
    parser.add_argument("--locate", action="store_true", help="with orbits: everything is located too")
    parser.add_argument("--consoles", type=int, default=5)
    parser.add_argument("--lines", type=int, default=50, help="detections a request")
    parser.add_argument("--samples", type=int, default=48)
    parser.add_argument("--plot", metavar="FILE.png")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stream = world(given.scenario, given.hours, folder)
        with stream.open() as file:
            total = sum(1 for _ in file) * given.days
        service = Service(folder, given.locate)
        stack.callback(service.stop)
        stop = threading.Event()
        stack.callback(stop.set)
        for _ in range(given.consoles):
            threading.Thread(target=console, args=(service.url, stop), daemon=True).start()
        rows, batch, began = [], list[dict[str, Any]](), time.monotonic()
        every = max(1, total // given.samples)
        for number, body in enumerate(lines(stream, given.days, given.hours * 3600), 1):
            batch.append(body)
            if len(batch) == given.lines or number in (1, total) or number % every == 0:
                service.post(batch)
                batch = []
            if number == 1 or number % every == 0:
                if given.locate:
                    service.settle()
                rows.append(sample(service, given.hours * given.days * number / total, number, began))
                print(json.dumps(rows[-1]) if given.json else "  ".join(f"{k} {v}" for k, v in rows[-1].items()))
                sys.stdout.flush()
        told = {"detections": total, "first_mb": rows[0]["own_mb"], "half_mb": rows[len(rows) // 2]["own_mb"],
                "last_mb": rows[-1]["own_mb"], "alerts": rows[-1]["alerts"], **growth(rows)}  # fmt: skip
        print(json.dumps(told))
        if given.plot:
            plot(rows, given.plot)


if __name__ == "__main__":
    main()
