"""Detections a second from the socket to the journal to the alert, and how long each waits for its answer.

Starts the service as a process of its own on an empty store, lets it hold so many open alerts, and posts detections of
those beacons over HTTP on the loopback interface: several connections, each with a few lines a request, at a steady
rate. The time of a detection runs from the moment its request was due, not sent, to the answer, which comes when the
journal is on disk: a service that falls behind shows it. Then, with --most, as fast as the answers come.

    python benchmarks/load.py
    python benchmarks/load.py --store postgresql --open 1000 10000 100000 --rate 2000 --seconds 20
    python benchmarks/load.py --store postgresql+psycopg://me@host/empty     a server of your own

A book of 100,000 alerts takes minutes to build; it can be built before, and measured when the machine is idle:

    python benchmarks/load.py --store sqlite:////tmp/large.sqlite --open 100000 --build
    python benchmarks/load.py --store sqlite:////tmp/large.sqlite --open 100000 --built
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vigie import instants
from vigie.instants import Instant, after, parse
from vigie.message.encode import encode

START = parse("2026-11-22T06:00:00Z")
BEACON = {"protocol": "std_plb_serial", "country_code": 227}
SERIALS = 16384
"""serial numbers of one type approval"""


def hex_of(number: int) -> str:
    """The long message of one of many beacons, with a position of its own."""
    tac, serial = divmod(number, SERIALS)
    place = {"latitude": float(number % 120 - 60), "longitude": float(number % 350 - 175)}
    return encode({**BEACON, "tac": 1 + tac, "serial_number": serial, **place})


def line(digits: str, time_: Instant, station: int) -> bytes:
    """A detection as a station sends it."""
    body = {
        "time": instants.text(time_),
        "hex": digits,
        "frequency_hz": 406.031e6 + station,
        "cn0_dbhz": 38.5,
        "sigma_frequency_hz": 0.1,
        "source": f"station {station}",
    }
    return json.dumps(body).encode()


def serve(url: str, **more: Any) -> None:
    """The service alone, without sources, on a free port, which it prints. ``more``: what else ``Service`` takes."""
    import threading

    from vigie import service
    from vigie.store.journal import Journal
    from vigie.web.hub import Hub

    bound = service.listen("127.0.0.1", 0)
    began = time.monotonic()
    running = service.Service(Journal.open(url), Hub(), [], **more)
    opened = time.monotonic() - began

    def ready() -> None:
        print(json.dumps({"port": bound.getsockname()[1], "opened_s": opened}), flush=True)

    def until_told() -> None:
        sys.stdin.read()
        os.kill(os.getpid(), 15)

    threading.Thread(target=until_told, daemon=True).start()
    service.serve(running, bound, ready)


@dataclass
class Server:
    """The service in its process."""

    process: subprocess.Popen[str]
    port: int
    opened_s: float

    def cpu_s(self) -> float:
        """Processor time it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> int:
        """Memory it holds."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000


@contextmanager
def served(url: str) -> Iterator[Server]:
    """The service on this store, until the end of the block."""
    command = [sys.executable, __file__, "--serve", url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    try:
        yield Server(process, told["port"], told["opened_s"])
    finally:
        process.communicate()


@dataclass
class Result:
    """What came of one run."""

    waits_s: list[float] = field(default_factory=list)
    refused: int = 0
    began: float = 0.0
    ended: float = 0.0


async def _post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> bool:
    head = f"POST /api/detections HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    await reader.readexactly(length)
    return answer.startswith(b"HTTP/1.1 200")


async def _connection(port: int, bodies: list[tuple[float, bytes]], lines: int, began: float, result: Result) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for due, body in bodies:
        wait = began + due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        good = await _post(reader, writer, body)
        if good:
            result.waits_s += [time.perf_counter() - began - due] * lines
        else:
            result.refused += lines
    writer.close()


def drive(port: int, bodies: list[bytes], lines: int, rate: float | None, connections: int) -> Result:
    """Post the bodies over so many connections, at so many detections a second (None: as fast as answers come)."""
    result = Result()
    every = lines / rate if rate else 0.0
    plans: list[list[tuple[float, bytes]]] = [[] for _ in range(connections)]
    for number, body in enumerate(bodies):
        plans[number % connections].append((number * every, body))

    async def run() -> None:
        result.began = time.perf_counter()
        await asyncio.gather(*(_connection(port, plan, lines, result.began, result) for plan in plans))
        result.ended = time.perf_counter()

    asyncio.run(run())
    return result


class Traffic:
    """Detections of a fleet of beacons, no two alike."""

    def __init__(self, beacons: int, seed: int, sent: int = 0) -> None:
        self._digits = [hex_of(number) for number in range(beacons)]
        self._rng = np.random.default_rng(seed + sent)
        self._sent = sent

    def everyone(self, lines: int) -> list[bytes]:
        """One detection of each beacon."""
        return self._bodies(np.arange(len(self._digits)), lines)

    def some(self, count: int, lines: int) -> list[bytes]:
        """So many detections of beacons drawn at random."""
        return self._bodies(self._rng.integers(0, len(self._digits), count), lines)

    def _bodies(self, chosen: Any, lines: int) -> list[bytes]:
        made = []
        for number in chosen:
            self._sent += 1
            made.append(line(self._digits[number], after(START, self._sent * 0.05), self._sent % 4))
        return [b"\n".join(made[first : first + lines]) for first in range(0, len(made), lines)]


def build(url: str, traffic: Traffic) -> None:
    """An alert for each beacon, without a server between, and a snapshot, from which the service will start."""
    from vigie import ingest
    from vigie.chain import Chain
    from vigie.restore import take_snapshot
    from vigie.store.journal import Journal

    journal = Journal.open(url)
    chain = Chain(journal, lambda row: None)
    for body in traffic.everyone(500):
        chain.feed([ingest.detection(json.loads(text)) for text in body.split(b"\n")])
    journal.close()
    take_snapshot(Journal.open(url, read_only=True))


def rows_in(url: str) -> int:
    """How many rows a store has."""
    from vigie.store.journal import Journal

    journal = Journal.open(url, read_only=True)
    last = journal.last_seq()
    journal.close()
    return last


def measure(url: str, given: argparse.Namespace, beacons: int) -> dict[str, Any]:
    """One line of the table."""
    traffic = Traffic(beacons, given.seed, rows_in(url) if given.built else 0)
    with served(url) as server:
        if not given.built:
            drive(server.port, traffic.everyone(200), 200, None, 4)
        drive(server.port, traffic.some(given.rate, given.lines), given.lines, None, given.connections)  # warm
        count = int(given.rate * given.seconds)
        bodies = traffic.some(count, given.lines)
        before = server.cpu_s()
        result = drive(server.port, bodies, given.lines, given.rate, given.connections)
        cpu_s = server.cpu_s() - before
        waits_ms = np.array(result.waits_s) * 1e3
        told = {
            "store": url.split(":")[0].split("+")[0],
            "open_alerts": beacons,
            "detections": len(waits_ms),
            "refused": result.refused,
            "asked_per_s": given.rate,
            "per_s": round(len(waits_ms) / (result.ended - result.began)),
            "p50_ms": round(float(np.quantile(waits_ms, 0.5)), 1),
            "p99_ms": round(float(np.quantile(waits_ms, 0.99)), 1),
            "worst_ms": round(float(waits_ms.max()), 1),
            "server_cpu_us": round(cpu_s / len(waits_ms) * 1e6),
            "server_mb": server.memory_mb(),
        }
        if given.most:
            fast = drive(server.port, traffic.some(count, given.lines), given.lines, None, given.connections)
            told["most_per_s"] = round(len(fast.waits_s) / (fast.ended - fast.began))
    return told


def stores(kind: str, stack: ExitStack) -> Iterator[str]:
    """URLs of empty stores, without end (of a server of one's own: one)."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    if kind == "sqlite":
        for number in range(99):
            yield f"sqlite:///{folder / f'load{number}.sqlite'}"
    if kind != "postgresql":
        yield kind
        return
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "store"))
    from postgres_server import Postgres

    folder.chmod(0o755)
    server = stack.enter_context(Postgres.started(folder))
    while True:
        yield server.database()


def main() -> None:
    """Run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", nargs="+", default=["sqlite", "postgresql"], help="sqlite, postgresql or a URL")
    parser.add_argument("--open", nargs="+", type=int, default=[1000, 10_000, 100_000], help="open alerts")
    parser.add_argument("--rate", type=int, default=2000, help="detections a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--connections", type=int, default=32, help="stations, each waiting for its answers")
    parser.add_argument("--lines", type=int, default=10, help="detections a request")
    parser.add_argument("--most", action="store_true", help="also as fast as the answers come")
    parser.add_argument("--seed", type=int, default=406)
    parser.add_argument("--build", action="store_true", help="only build the book, in the store of this URL")
    parser.add_argument("--built", action="store_true", help="the store of this URL has the book already")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve(given.serve)
        return
    for kind in given.store:
        with ExitStack() as stack:
            for url, beacons in zip(stores(kind, stack), given.open, strict=False):
                if given.build:
                    build(url, Traffic(beacons, given.seed))
                    continue
                told = measure(url, given, beacons)
                print(json.dumps(told) if given.json else "  ".join(f"{key} {value}" for key, value in told.items()))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
