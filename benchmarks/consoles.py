"""How soon an alert is on every console when many are open.

    python benchmarks/consoles.py --consoles 150 --rate 2 --seconds 30

Runs ``vigie run`` as a process of its own over a fresh journal, opens as many WebSockets as asked for, as browsers open
them (compression offered), and delivers bursts of beacons not heard before at a steady mean rate, at random moments.
The time of an update is from the start of its delivery (an HTTP POST, so decoding and the journal's disk are in it) to
the alert's row on a console. Beside it stands one console alone: what is left is the price of the others. The consoles
only look for the row's head: a browser's own work is measured by ``alert_latency.py --page``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from websockets.asyncio.client import connect

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "web"))

import web_traffic as traffic

TARGET_MS = 100.0
_HEAD = re.compile(r'"kind":"alert","beacon":"([0-9A-F]+)"')
_CONFIG = "[station]\nname = 'bench'\n[centre]\nname = 'FMCC'\ncode = '2270'\n"


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """``vigie run`` as a centre to which others deliver."""
    config = folder / "bench.toml"
    config.write_text(_CONFIG)
    command = [sys.executable, "-m", "vigie", "run", str(config), "--no-browser", "--port", "0"]
    command += ["--store", str(folder / "journal.sqlite")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"})
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        yield next(word.rstrip(",") for word in line.split() if word.startswith("http://")), process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)


async def watch(url: str, seen: list[tuple[str, float]], ready: asyncio.Event) -> None:
    """One console: notes when each alert came."""
    async with connect(f"ws{url.removeprefix('http')}/ws", max_size=None, ping_interval=None) as socket:
        ready.set()
        while True:
            text = await socket.recv()
            now = time.perf_counter()
            if found := _HEAD.search(str(text[:160])):
                seen.append((found[1], now))


async def measure(url: str, consoles: int, rate: float, texts: list[str], rng: np.random.Generator) -> dict[str, Any]:
    """Deliver the messages while so many consoles watch."""
    seen: list[list[tuple[str, float]]] = [[] for _ in range(consoles)]
    ready = [asyncio.Event() for _ in range(consoles)]
    tasks = [asyncio.create_task(watch(url, *pair)) for pair in zip(seen, ready, strict=True)]
    await asyncio.gather(*(one.wait() for one in ready))
    await asyncio.sleep(1.0)
    sent: dict[str, float] = {}
    async with httpx.AsyncClient(base_url=url) as client:
        for text in texts:
            body = json.dumps(traffic.burst(text))
            hex_id = str(traffic.beacon.decode(text).hex_id)
            await asyncio.sleep(rng.exponential(1 / rate))
            sent[hex_id] = time.perf_counter()
            reply = await client.post("/api/detections", content=body)
            reply.raise_for_status()
    await asyncio.sleep(2.0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # a beacon's first alert row: later rows of it are other updates
    times = []
    for rows in seen:
        first: dict[str, float] = {}
        for hex_id, at in rows:
            first.setdefault(hex_id, at)
        times += [(at - sent[hex_id]) * 1000 for hex_id, at in first.items() if hex_id in sent]
    ordered = np.sort(times)
    return {
        "consoles": consoles,
        "rate_per_s": rate,
        "updates": len(sent),
        "received": len(ordered),
        "missing": consoles * len(sent) - len(ordered),
        "p50_ms": float(np.quantile(ordered, 0.5)),
        "p95_ms": float(np.quantile(ordered, 0.95)),
        "p99_ms": float(np.quantile(ordered, 0.99)),
        "worst_ms": float(ordered[-1]),
    }


def cpu_s(process: subprocess.Popen[str]) -> float:
    """Processor time that the service has taken."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--consoles", default="1,150", help="numbers of consoles, comma-separated")
    parser.add_argument("--rate", type=float, default=2.0, help="new alerts a second")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each measurement")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    counts = [int(text) for text in options.consoles.split(",")]
    rng = np.random.default_rng(406)
    number = round(options.rate * options.seconds)
    texts = traffic.many(number * len(counts) + 5)
    rows = []
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as (url, process):
        httpx.post(f"{url}/api/detections", content="\n".join(json.dumps(traffic.burst(text)) for text in texts[:5]))
        for index, count in enumerate(counts):
            before = cpu_s(process)
            part = texts[5 + index * number : 5 + (index + 1) * number]
            row = asyncio.run(measure(url, count, options.rate, part, rng))
            rows.append({**row, "service_cpu_s": cpu_s(process) - before})
    if options.json:
        for row in rows:
            print(json.dumps(row))
        return
    print(f"{'consoles':>8} {'updates':>8} {'missing':>8} {'p50 ms':>7} {'p95 ms':>7} {'p99 ms':>7} {'worst':>7} "
          f"{'cpu s':>6}   target p99 {TARGET_MS:g} ms")  # fmt: skip
    for row in rows:
        times = " ".join(f"{row[name]:>7.1f}" for name in ("p50_ms", "p95_ms", "p99_ms", "worst_ms"))
        print(f"{row['consoles']:>8} {row['updates']:>8} {row['missing']:>8} {times} {row['service_cpu_s']:>6.1f}")


if __name__ == "__main__":
    main()
