"""What a store keeps when things go wrong: counts, on the service as a process of its own.

Senders post detections over HTTP, note which were acknowledged, and send again what was not, as they must. Meanwhile
the process is killed with SIGKILL at random moments, its disk fills up, deliveries come twice and out of order, the
clock steps, the last page of its files is corrupted. Then: is every acknowledged detection in the journal, exactly
once? Does a replay of the journal give the very alerts that the service showed? The service that is killed is a centre,
which leaves messages in a partner's folder: is each message that it journalled there, exactly once?

    python benchmarks/faults.py
    python benchmarks/faults.py kills --times 200 --store postgresql
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))

import load
from vigie import instants
from vigie.chain import LEARNT_FROM, Chain
from vigie.errors import StoreError
from vigie.instants import after
from vigie.store import care
from vigie.store import rows as forms
from vigie.store.journal import Journal

if TYPE_CHECKING:
    from vigie.centre import Settings

Result = dict[str, Any]


@dataclass
class Fleet:
    """What the senders know: every detection made, and which were acknowledged."""

    rng: random.Random
    beacons: int = 40
    made: int = 0
    open: list[tuple[str, bytes]] = field(default_factory=list)
    """made and not acknowledged"""
    taken: set[str] = field(default_factory=set)
    """times of those acknowledged, which are all different"""
    guard: threading.Lock = field(default_factory=threading.Lock)

    def some(self, count: int) -> list[tuple[str, bytes]]:
        """What was not acknowledged, and new detections up to ``count``, in any order."""
        with self.guard:
            chosen = [self.open.pop() for _ in range(min(count // 2, len(self.open)))]
            while len(chosen) < count:
                moment = after(load.START, self.made * 1.7)
                digits = load.hex_of(self.rng.randrange(self.beacons))
                chosen.append((instants.text(moment), load.line(digits, moment, self.made % 4)))
                self.made += 1
            self.rng.shuffle(chosen)
            return chosen

    def answered(self, sent: Sequence[tuple[str, bytes]], *, good: bool) -> None:
        """Note the answer, or that none came."""
        with self.guard:
            if good:
                self.taken.update(name for name, _ in sent)
            else:
                self.open += sent


def send(port: int, fleet: Fleet, stop: threading.Event, lines: int = 5, repeat: float = 0.1) -> None:
    """One sender: posts until told to stop or nobody answers; now and then the same lines twice."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    while not stop.is_set():
        sent = fleet.some(lines)
        good = False
        try:
            for _ in range(2 if fleet.rng.random() < repeat else 1):
                connection.request("POST", "/api/detections", b"\n".join(body for _, body in sent))
                answer = connection.getresponse()
                answer.read()
                good = answer.status == 200
        except (OSError, http.client.HTTPException):
            fleet.answered(sent, good=good)
            break
        fleet.answered(sent, good=good)
        if not good:
            time.sleep(0.05)
    connection.close()


def under_load(port: int, fleet: Fleet, senders: int = 4) -> tuple[threading.Event, list[threading.Thread]]:
    """Senders at work, until the event is set."""
    stop = threading.Event()
    threads = [threading.Thread(target=send, args=(port, fleet, stop)) for _ in range(senders)]
    for thread in threads:
        thread.start()
    return stop, threads


def serve(url: str, folder: Path) -> None:
    """The service as a centre that leaves messages in a folder."""
    from vigie.links.settings import Exchange
    from vigie.links.traffic import Plan

    exchange = Exchange(own="FMCC", partner="GRISNEZ", source="2270", destination="CROSS1", poll_s=0.05,
                        outgoing=str(folder / "out"), incoming=str(folder / "in"),
                        ledger=str(folder / "ledger.sqlite"))  # fmt: skip
    load.serve(url, centre=centre_of(folder), plan=Plan(exchanges=[exchange]))


def centre_of(folder: Path) -> Settings:
    """A centre that notifies one rescue centre of French beacons."""
    from vigie import centre

    table = {
        "centre": {"name": "FMCC", "code": "2270"},
        "destinations": {"GRISNEZ": {"code": "CROSS1", "kind": "rcc"}},
        "countries": {"227": {"unlocated": ["GRISNEZ"]}},
    }
    return centre.read(table, folder)


def sent(url: str, folder: Path) -> Result:
    """The messages to the partner in the journal against the files in its folder."""
    journal = Journal.open(url, read_only=True)
    written = Counter(f"{r.body['serial']:05d}" for r in journal.scan({"sit"}) if r.body["to"] == "GRISNEZ")
    journal.close()
    texts = [file.read_text() for file in (folder / "out").glob("*.TXT")]
    left = Counter(number for text in texts for number in re.findall(r"MSG NO\. (\d{5})", text)[:1])
    return {
        "messages": written.total(),
        "messages_lost": (written - left).total(),
        "messages_twice": (left - written).total(),
    }


class Child:
    """A process forked from this one, which has everything imported: it serves until it is killed or told to end."""

    def __init__(self, serving: Callable[[], None], limit: int | None) -> None:
        inner, self._told = os.pipe()
        heard, outer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for descriptor in (self._told, heard):
                    os.close(descriptor)
                os.dup2(inner, 0)
                os.dup2(outer, 1)
                os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
                sys.stdin = open(0, closefd=False)  # noqa: SIM115
                sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
                if limit is not None:
                    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
                serving()
            finally:
                os._exit(0)
        for descriptor in (inner, outer):
            os.close(descriptor)
        with open(heard) as stream:
            self.port = int(json.loads(stream.readline())["port"])

    def kill(self) -> None:
        """SIGKILL."""
        os.kill(self.pid, signal.SIGKILL)

    def communicate(self) -> None:
        """Tell it to end, unless it has, and wait until it did."""
        os.close(self._told)
        os.waitpid(self.pid, 0)


def start(url: str, limit: int | None = None, folder: Path | None = None) -> tuple[Child, int]:
    """The service on this store, its files limited to so many bytes; its process and port. ``folder``: as a centre."""
    serving = partial(load.serve, url) if folder is None else partial(serve, url, folder)
    child = Child(serving, limit)
    return child, child.port


def end(process: Child) -> None:
    """Stop it properly."""
    process.communicate()


def shown(port: int) -> dict[str, Any]:
    """The alerts as the running service shows them."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/alerts")
    alerts = json.loads(connection.getresponse().read())["alerts"]
    connection.close()
    return {alert["id"]: {key: value for key, value in alert.items() if key != "seq"} for alert in alerts}


def audit(url: str, fleet: Fleet, live: dict[str, Any] | None = None, settings: Settings | None = None) -> Result:
    """What the journal holds against what was acknowledged, and its replay against what was recorded and shown."""
    from vigie.alert.book import AlertBook

    journal = Journal.open(url, read_only=True)
    counts: Counter[str] = Counter()
    book = settings.book() if settings else AlertBook()
    for row in journal.scan(LEARNT_FROM):
        if row.kind == "detection":
            counts[str(row.time)] += 1
        book.take(forms.to_record(row))
    replayed = {alert.id: forms.as_json(forms.alert_body(alert)) for alert in book.alerts()}
    recorded = {str(row.beacon): row.body for row in journal.alerts()}
    journal.close()
    return {
        "acknowledged": len(fleet.taken),
        "journalled": sum(counts.values()),
        "lost": len(fleet.taken - counts.keys()),
        "twice": sum(count - 1 for count in counts.values()),
        "replay_equals_journal": replayed == recorded,
        **({} if live is None else {"replay_equals_live": replayed == live}),
    }


def kills(url: str, rng: random.Random, times: int) -> Result:
    """SIGKILL at random moments while detections are being acknowledged and messages leave, and a start after each."""
    fleet = Fleet(rng, beacons=20_000)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("out", "in"):
            (folder / name).mkdir()
        process, port = start(url, folder=folder)
        for _ in range(times):
            before = len(fleet.taken)
            _, threads = under_load(port, fleet)
            until = time.monotonic() + 20
            while len(fleet.taken) == before and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(rng.uniform(0.0, 0.5))
            process.kill()
            process.communicate()
            for thread in threads:
                thread.join()
            process, port = start(url, folder=folder)
        stop, threads = under_load(port, fleet)
        time.sleep(0.3)
        stop.set()
        for thread in threads:
            thread.join()
        live = shown(port)
        told = sent(url, folder)
        until = time.monotonic() + 120
        while told["messages_lost"] and time.monotonic() < until:  # the last ones are on their way
            time.sleep(0.2)
            told = sent(url, folder)
        end(process)
    return {"kills": times, **audit(url, fleet, live, centre_of(Path())), **told}


def full_disk(url: str, rng: random.Random, times: int) -> Result:
    """The files of an SQLite store may grow no more; later they may again."""
    fleet, refused = Fleet(rng), 0
    process, port = start(url)
    end(process)
    place = Path(url.removeprefix("sqlite:///"))
    for _ in range(times):
        process, port = start(url, place.stat().st_size + rng.randrange(100_000, 400_000))
        stop, threads = under_load(port, fleet, 2)
        until = time.monotonic() + 20
        while time.monotonic() < until and not failing(port):
            time.sleep(0.05)
        refused += failing(port)
        time.sleep(0.1)
        stop.set()
        for thread in threads:
            thread.join()
        end(process)
    process, port = start(url)
    stop, threads = under_load(port, fleet)
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    live = shown(port)
    end(process)
    return {"full_disks": times, "told_so": refused, **audit(url, fleet, live)}


def failing(port: int) -> bool:
    """Whether the service says of itself that its journal cannot be written."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", "/healthz")
        return bool(json.loads(connection.getresponse().read()).get("status") == "failing")
    finally:
        connection.close()


def disorder(url: str, rng: random.Random, times: int) -> Result:
    """Every delivery up to three times, over several connections, in any order."""
    fleet = Fleet(rng)
    process, port = start(url)
    parcels = [fleet.some(5) for _ in range(times)]
    deliveries = [parcel for parcel in parcels for _ in range(rng.randrange(1, 4))]
    rng.shuffle(deliveries)

    def deliver(mine: Sequence[list[tuple[str, bytes]]]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        for sent in mine:
            connection.request("POST", "/api/detections", b"\n".join(body for _, body in sent))
            answer = connection.getresponse()
            answer.read()
            fleet.answered(sent, good=answer.status == 200)
        connection.close()

    threads = [threading.Thread(target=deliver, args=(deliveries[part::4],)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    live = shown(port)
    end(process)
    return {"deliveries": 5 * len(deliveries), "detections": 5 * times, **audit(url, fleet, live)}


def clock_steps(url: str, rng: random.Random, times: int) -> Result:
    """Detections dated by a clock that jumps a day forth and back between them, and ticks of that clock."""
    from vigie import ingest
    from vigie.records import Tick

    journal = Journal.open(url)
    chain = Chain(journal, lambda row: None)
    fleet, clock = Fleet(rng), load.START
    for number in range(times):
        clock = after(clock, rng.choice([0.7, 1.3, 50.0, 86_400.0, -86_400.0, -3.0]))
        moment = after(clock, number * 1e-6)
        body = {"hex": load.hex_of(rng.randrange(fleet.beacons))}
        read = ingest.detection(body, clock=lambda moment=moment: moment)  # type: ignore[misc]
        chain.feed([Tick(clock), read])
        fleet.taken.add(instants.text(moment))
    live = {alert.id: forms.as_json(forms.alert_body(alert)) for alert in chain.book.alerts()}
    journal.close()
    return {"steps": times, **audit(url, fleet, live)}


def corrupted(url: str, rng: random.Random, times: int) -> Result:
    """The last page of the log or of the database is overwritten after a kill: noticed, and the rest is saved."""
    place = Path(url.removeprefix("sqlite:///"))
    noticed = saved = whole = 0
    for number in range(times):
        file = place.with_name(f"{place.stem}{number}.sqlite")
        fleet = Fleet(rng)
        process, port = start(str(file))
        _, threads = under_load(port, fleet, 2)
        time.sleep(rng.uniform(0.2, 0.5))
        if number % 2:
            process.kill()
            process.communicate()
        for_wal = bool(number % 2)
        if not for_wal:
            end(process)
        for thread in threads:
            thread.join()
        target = file.with_name(file.name + "-wal") if for_wal else file
        with target.open("r+b") as stream:
            stream.seek(-4096, os.SEEK_END)
            stream.write(rng.randbytes(4096))
        try:
            journal = Journal.open(str(file))
            found = care.check(journal)
            journal.close()
            missing = len(fleet.taken - times_in(file))
            noticed += bool(found["faults"] or found["lost"]) or missing == 0
            whole += missing == 0
        except StoreError:
            noticed += 1
            told = care.salvage(file, file.with_suffix(".saved"))
            missing = len(fleet.taken - times_in(file.with_suffix(".saved")))
            gone = sum(last - first + 1 for first, last in told["lost"])
            saved += missing <= gone
    return {"corrupted": times, "noticed_or_harmless": noticed, "harmless": whole, "salvaged": saved}


def times_in(file: Path) -> set[str]:
    """Times of the detections in a store."""
    journal = Journal.open(str(file), read_only=True)
    found = {str(row.time) for row in journal.scan({"detection"})}
    journal.close()
    return found


SCENES: dict[str, tuple[Callable[[str, random.Random, int], Result], int, bool]] = {
    "kills": (kills, 200, True),
    "disorder": (disorder, 200, True),
    "clock_steps": (clock_steps, 500, True),
    "full_disk": (full_disk, 10, False),
    "corrupted": (corrupted, 20, False),
}
"""each with how often it is done, and whether PostgreSQL can be put to it as well"""


def main() -> None:
    """Run, print; exit 1 when anything acknowledged was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scene", nargs="*", help=f"{', '.join(SCENES)}; all of them by default")
    parser.add_argument("--times", type=int, help="how often; each scene has its own default")
    parser.add_argument("--store", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seed", type=int, default=406)
    given = parser.parse_args()
    good = True
    import uvicorn  # noqa: F401

    from vigie import centre, service  # noqa: F401
    from vigie.web import app  # noqa: F401

    for kind in given.store:
        with ExitStack() as stack:
            urls = load.stores(kind, stack)
            for name in given.scene or SCENES:
                scene, times, everywhere = SCENES[name]
                if kind != "sqlite" and not everywhere:
                    continue
                began = time.monotonic()
                told = scene(next(urls), random.Random(given.seed), given.times or times)
                names = ("lost", "twice", "messages_lost", "messages_twice")
                good = good and not any(told.get(name) for name in names)
                good = good and told.get("replay_equals_journal", True) and told.get("replay_equals_live", True)
                print(json.dumps({"scene": name, "store": kind, **told, "took_s": round(time.monotonic() - began)}))
                sys.stdout.flush()
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
