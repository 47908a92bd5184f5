"""What holds memory in a service, structure by structure, over days of the simulated world with its clock running.

Each day is a world of its own (its own seed): new beacons and new stray bursts. Its detections go into the chain of a
service in this process, fifty at a time, with a tick a minute of the stream, so that alerts close and pass; outputs and
the console's picture are kept as in ``vigie run``. Told are the process's own memory (RssAnon) and the size of what can
grow, each thing counted once, in MB: alerts in the book, the console's picture, the GeoJSON output, the rows kept for
outputs, the parts and values that the journal remembers. With --same every day is the first one again, later.

    python benchmarks/memory.py --days 3
    python benchmarks/memory.py --hours 6 --days 14 --json
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from vigie import ingest, instants
from vigie.links.settings import GeoJson, JsonLines
from vigie.links.sinks import Whole
from vigie.links.traffic import Plan
from vigie.records import Detection, Record, Tick
from vigie.service import Service
from vigie.sim import scenario
from vigie.sim.run import simulate
from vigie.store.journal import Journal
from vigie.web.board import Board
from vigie.web.hub import Hub

AT_ONCE = 50
TICK_S = 60.0


def world(name: str, hours: float, seed: int, folder: Path) -> Path:
    """The detections of one day."""
    text = scenario.path_of(name).read_text(encoding="utf-8")
    text = re.sub(r"^duration_s = .*$", f"duration_s = {hours * 3600:.0f}", text, flags=re.MULTILINE)
    text = re.sub(r"^seed = .*$", f"seed = {seed}", text, flags=re.MULTILINE)
    path = folder / f"{seed}.toml"
    path.write_text(text, encoding="utf-8")
    simulate(scenario.load(path), folder / str(seed))
    return folder / str(seed) / "detections.jsonl"


def day(stream: Path, later_s: float) -> Iterator[Detection]:
    """What was delivered, so much later."""
    with stream.open(encoding="utf-8") as file:
        for line in file:
            body = json.loads(line)
            for key in ("time", "toa", "delivered"):
                if body.get(key):
                    body[key] = instants.text(instants.after(instants.parse(body[key]), later_s))
            yield ingest.detection(body)


class Clock:
    """The clock of the stream, which goes on between the days."""

    def __init__(self) -> None:
        self._time: np.datetime64 | None = None

    def ticking(self, detections: Iterator[Detection]) -> Iterator[Record]:
        """The detections with a tick a minute, and nothing earlier after it."""
        step = np.timedelta64(round(TICK_S), "s")
        for detection in detections:
            self._time = self._time or detection.time
            while detection.time - self._time > 2 * step:
                self._time = self._time + step
                yield Tick(self._time)
            yield detection


def size(root: Any, seen: set[int]) -> int:
    """Bytes of everything that is reached from here and was not seen before."""
    total, waiting = 0, [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, ModuleType | FunctionType | type):
            continue
        seen.add(id(thing))
        total += sys.getsizeof(thing)
        waiting.extend(gc.get_referents(thing))
    return total


def sample(service: Service, board: Board) -> dict[str, Any]:
    """One line of the table."""
    told, _ = board.message(packed=True), gc.collect()
    (own_kb,) = re.findall(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    book, traffic = service.chain.book, service.traffic
    seen: set[int] = set()
    size(book._desk, seen)  # the network and its areas: they do not grow
    files = [runner._sink for runner in traffic.runners if isinstance(runner._sink, Whole)]
    parts = {
        "book": book.memory,
        "picture": [board._alerts, told],
        "geojson": [one._alerts for one in files],
        "recent rows": traffic._recent and traffic._recent._rows,
        "journal's parts": service.journal._packer._known,
        "journal's values": service.journal._packer._longs,
    }
    sizes = {name: round(size(part, seen) / 1e6, 2) for name, part in parts.items()}
    closed = sum(alert.state == "closed" for alert in book.alerts())
    listed = len(board.snapshot()["alerts"])
    return {
        "alerts": len(book.alerts()),
        "closed": closed,
        "listed": listed,
        "own_mb": round(int(own_kb) / 1024, 1),
        **sizes,
    }


def main() -> None:
    """Play, sample, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="world")
    parser.add_argument("--hours", type=float, default=24.0, help="length of a day")
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--same", action="store_true", help="the same beacons every day")
    parser.add_argument("--samples", type=int, default=4, help="a day")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder, taken = Path(stack.enter_context(tempfile.TemporaryDirectory())), 0
        outputs = [GeoJson(to=str(folder / "a.geojson")), JsonLines(to=str(folder / "a.jsonl"), rotate_mb=50, keep=1)]
        service = Service(Journal.open(str(folder / "journal.sqlite")), Hub(), plan=Plan(outputs=outputs))
        service.traffic.start(service.stop)
        board, began, clock = Board(service.journal), time.process_time(), Clock()
        maker = stack.enter_context(ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1))
        for number in range(given.days):
            if number == 0 or not given.same:
                stream = maker.submit(world, given.scenario, given.hours, 406 + number, folder).result()
                with stream.open() as file:
                    total = sum(1 for _ in file)
            group: list[Record] = []
            # days of six hours follow one another as days do: what is closed for a week must pass
            for count, record in enumerate(clock.ticking(day(stream, number * 86_400.0)), 1):
                group.append(record)
                taken += isinstance(record, Detection)
                if len(group) == AT_ONCE:
                    service.chain.feed(group)
                    group = []
                if count % max(1, total // given.samples) == 0:
                    cpu_s = round(time.process_time() - began)
                    row = {"day": round(number + count / total, 2), "detections": taken, "cpu_s": cpu_s}
                    row |= sample(service, board)
                    print(json.dumps(row) if given.json else "  ".join(f"{k} {v}" for k, v in row.items()), flush=True)
            service.chain.feed(group)
        service.close()


if __name__ == "__main__":
    main()
