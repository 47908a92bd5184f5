"""Detections shared by workers over Debian's nats-server, killed and started again."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from links_tools import until
from web_station import Station

from vigie import instants
from vigie.errors import ConfigError
from vigie.links.broker import Worker, part_of
from vigie.links.receipts import Receipts
from vigie.links.settings import Broker, Link
from vigie.links.traffic import Plan
from vigie.sim.detections import YACHT, detection
from vigie.store.journal import Journal
from vigie.store.rows import detection_body

pytest.importorskip("nats")


class Server:
    """nats-server with JetStream."""

    def __init__(self, place: Path) -> None:
        found = shutil.which("nats-server", path=f"{os.environ['PATH']}:/usr/sbin")
        if found is None:
            pytest.skip("nats-server is not installed")
        self._program = found
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self._place, self._process = place, None
        self.start()

    _process: subprocess.Popen[bytes] | None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments = ["-js", "-sd", str(self._place), "-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen([self._program, *arguments], stderr=subprocess.DEVNULL)
        until(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as made:
            return made.recv(4) == b"INFO"
        return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "nats")
    yield made
    made.kill()


def times(station: Station) -> list[str]:
    journal = Journal.open(str(station.file), read_only=True)
    found = [str(row.time) for row in journal.scan({"detection"})]
    journal.close()
    return found


def heard(beacon: int, seconds: float) -> Any:
    return detection({**YACHT, "callsign": f"V{beacon:05d}"}, seconds, source="roof")


def test_workers_share_the_beacons_and_a_killed_broker_loses_nothing(tmp_path: Path, broker: Server) -> None:
    station = Station(tmp_path / "station.sqlite", plan=Plan(links=[Link(to=broker.url)])).start()
    plans = [Plan(brokers=[Broker(servers=(broker.url,), take=parts)]) for parts in ((0, 1, 2, 3), (4, 5, 6, 7))]
    workers = [Station(tmp_path / f"worker{number}.sqlite", plan=plan).start() for number, plan in enumerate(plans)]
    sent = [heard(beacon, 50.0 * turn + beacon) for turn in range(4) for beacon in range(12)]
    station.feed(sent[:20])
    until(lambda: sum(len(times(worker)) for worker in workers) == 20)
    broker.kill()
    station.feed(sent[20:30])
    until(lambda: station.service and station.service.traffic.senders[0].state == "failing")
    workers[1].stop()
    broker.start()
    station.feed(sent[30:])
    until(lambda: station.service and station.service.traffic.senders[0].spool.waiting == 0)
    workers[1].start()  # what came while it was away waits in the stream
    until(lambda: sum(len(times(worker)) for worker in workers) == len(sent))
    for worker in workers:
        worker.stop()
    station.stop()
    both = [times(worker) for worker in workers]
    assert sorted(both[0] + both[1]) == sorted(instants.text(one.time) for one in sent)
    for number, worker in enumerate(workers):
        journal = Journal.open(str(worker.file), read_only=True)
        alerts = journal.alerts()
        assert [row.body["bursts"] for row in alerts] == [4] * len(alerts)  # all of a beacon in one book
        parts = {part_of(row.body, 8) for row in journal.rows(kinds={"detection"})}
        assert parts <= ({0, 1, 2, 3}, {4, 5, 6, 7})[number]
        journal.close()


def test_a_beacon_has_one_part_whoever_hears_it() -> None:
    bodies = [detection_body(heard(3, 50.0 * turn)) for turn in range(5)]
    assert len({part_of(body, 8) for body in bodies}) == 1
    assert len({part_of(detection_body(heard(beacon, 0)), 8) for beacon in range(60)}) == 8
    assert part_of({}, 8) == part_of({"message": None}, 8)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Broker(servers=()), "numbered 0 to 7"),
        (Broker(servers=("nats://x",), take=(8,)), "numbered 0 to 7"),
        (Broker(servers=("http://x",)), "no address"),
        (Broker(servers=("nats://x",), token="secret"), "unencrypted"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: Broker, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Worker(settings, Receipts(":memory:"), lambda *_: None)
