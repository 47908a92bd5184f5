"""From a station to a centre: real services, real processes, killed on either side."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from links_tools import until
from web_station import Station
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from vigie import jsonl
from vigie.errors import ConfigError, StoreError
from vigie.links.sender import Sender
from vigie.links.settings import Link
from vigie.links.spool import Spool
from vigie.links.traffic import Plan
from vigie.sim.detections import PLB, YACHT, detection
from vigie.store.journal import Journal
from vigie.store.rows import detection_body
from vigie.web.accounts import Accounts
from vigie.web.door import Door
from vigie.web.settings import Access


def body(seconds: float, facts: dict[str, Any] = YACHT, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = jsonl.plain(detection_body(detection(facts, seconds, **more)))
    return made


def times(file: Path) -> list[str]:
    journal = Journal.open(str(file), read_only=True)
    found = [str(row.time) for row in journal.scan({"detection"})]
    journal.close()
    return found


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[Accounts]:
    made = Accounts(tmp_path / "accounts.sqlite")
    yield made
    made.close()


@pytest.fixture
def centre(tmp_path: Path, accounts: Accounts) -> Iterator[Station]:
    made = Station(tmp_path / "centre.sqlite", door=Door(Access(), accounts, required=True)).start()
    yield made
    made.stop()


class Running:
    """A sender at work."""

    def __init__(self, settings: Link, file: Path, limit: int = 10**8) -> None:
        self.spool = Spool(file, limit)
        self.sender = Sender(settings, self.spool)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.sender.run, args=(self.stop,), daemon=True)
        self.thread.start()

    def put(self, *bodies: dict[str, Any]) -> None:
        self.spool.put([jsonl.line(one) for one in bodies])
        self.sender.wake()

    def close(self) -> None:
        self.stop.set()
        self.sender.wake()
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.spool.close()


@pytest.mark.parametrize("scheme", ["ws", "http"])
def test_detections_arrive_in_order_and_leave_the_spool(
    centre: Station, accounts: Accounts, tmp_path: Path, scheme: str
) -> None:
    to = centre.url.replace("http", scheme)
    running = Running(Link(to=to, token=accounts.add_token("albany", "station")), tmp_path / "spool.sqlite")
    bodies = [body(50.0 * number) for number in range(250)]
    running.put(*bodies[:3])
    until(lambda: running.spool.waiting == 0)
    running.put(*bodies[3:])
    until(lambda: running.spool.waiting == 0)
    assert times(centre.file) == [one["time"] for one in bodies]
    until(lambda: running.sender.sent == 250)
    health = running.sender.health()
    assert (health["state"], health["sent"], health["failures"], health["refused"]) == ("connected", 250, 0, 0)
    with httpx.Client(headers={"Authorization": f"Bearer {accounts.add_token('w', 'view')}"}) as watch:
        station = watch.get(f"{centre.url}/healthz").json()["stations"][0]
        assert (station["name"], station["last"], station["received"], station["missing"]) == ("albany", 250, 250, 0)
        assert 'vigie_station_received_total{station="albany"} 250' in watch.get(f"{centre.url}/metrics").text
    running.close()


def test_what_the_centre_refuses_is_kept_with_the_reason_and_holds_up_nothing(
    centre: Station, accounts: Accounts, tmp_path: Path
) -> None:
    settings = Link(to=centre.url.replace("http", "ws"), token=accounts.add_token("albany", "station"))
    running = Running(settings, tmp_path / "spool.sqlite")
    running.put(body(0), {"hex": "12"}, body(50))
    until(lambda: running.spool.waiting == 0)
    assert [(item["n"], item["body"]) for item in running.spool.refused()] == [(2, '{"hex":"12"}')]
    assert "hex is no beacon message" in running.spool.refused()[0]["why"]
    assert len(times(centre.file)) == 2
    running.close()


def test_a_wrong_token_says_so_and_nothing_is_lost(centre: Station, accounts: Accounts, tmp_path: Path) -> None:
    for scheme in ("ws", "http"):
        to = centre.url.replace("http", scheme)
        running = Running(Link(to=to, token="vigie_wrong"), tmp_path / f"{scheme}.sqlite")
        running.put(body(0))
        until(lambda running=running: running.sender.error)  # type: ignore[misc]
        assert "refuses the token" in str(running.sender.error)
        assert running.spool.waiting == 1
        running.close()


def test_a_token_that_only_reads_delivers_nothing(centre: Station, accounts: Accounts) -> None:
    headers = {"Authorization": f"Bearer {accounts.add_token('reader', 'view')}"}
    with connect(centre.url.replace("http", "ws") + "/api/link", additional_headers=headers) as link:
        with pytest.raises(ConnectionClosed) as closed:
            link.recv(timeout=5)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4403
    with pytest.raises(InvalidStatus):
        connect(centre.url.replace("http", "ws") + "/api/link", additional_headers={"Authorization": "Bearer x"})


@pytest.mark.parametrize(
    "said",
    ["", "{}", "[]", '{"type":"hello"}', '{"type":"hello","sender":"x"}', '{"type":"deliver","first":1}',
     '{"type":"hello","sender":"12345678","protocol":2}', "\x00" * 10, "[" * 50_000],
)  # fmt: skip
def test_what_is_no_station_is_sent_away(station: Station, said: str) -> None:
    with connect(station.url.replace("http", "ws") + "/api/link") as link:
        link.send(said)
        with pytest.raises(ConnectionClosed) as closed:
            link.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4400


@pytest.mark.parametrize(
    "said", ['{"type":"deliver","first":0,"detections":[{}]}', '{"type":"deliver","first":1,"detections":[]}', "{}"]
)
def test_a_delivery_of_a_wrong_form_is_sent_away(station: Station, said: str) -> None:
    with connect(station.url.replace("http", "ws") + "/api/link") as link:
        link.send('{"type":"hello","sender":"12345678"}')
        assert json.loads(link.recv(timeout=5)) == {"type": "welcome", "last": 0}
        link.send(said)
        with pytest.raises(ConnectionClosed):
            link.recv(timeout=5)


def test_a_centre_that_cannot_write_asks_to_wait(station: Station, tmp_path: Path) -> None:
    def full(*arguments: Any) -> Any:
        raise StoreError("the disk is full")

    assert station.service is not None
    journal: Any = station.service.journal
    append, journal.append = journal.append, full
    running = Running(Link(to=station.url.replace("http", "ws")), tmp_path / "spool.sqlite")
    running.put(body(0))
    until(lambda: running.sender.error)
    assert "the disk is full" in str(running.sender.error)
    assert running.spool.waiting == 1
    journal.append = append
    until(lambda: running.spool.waiting == 0)
    assert len(times(station.file)) == 1
    running.close()


def test_duplicated_and_reordered_deliveries_are_harmless(station: Station) -> None:
    rng = random.Random(406)
    bodies = [body(50.0 * number) for number in range(60)]
    with connect(station.url.replace("http", "ws") + "/api/link") as link:
        link.send('{"type":"hello","sender":"12345678"}')
        link.recv(timeout=5)
        last = 0
        while last < 60:
            first = max(1, last + 1 - rng.randrange(15))  # some of it again
            count = rng.randrange(1, 12)
            link.send(
                json.dumps({"type": "deliver", "first": first, "detections": bodies[first - 1 : first - 1 + count]})
            )
            last = json.loads(link.recv(timeout=10))["upto"]
    assert times(station.file) == [one["time"] for one in bodies]
    journal = Journal.open(str(station.file), read_only=True)
    assert journal.alerts()[0].body["bursts"] == 60
    journal.close()


def test_a_station_passes_on_what_it_receives_itself(station: Station, tmp_path: Path) -> None:
    link = Link(to=station.url.replace("http", "ws"))
    remote = Station(tmp_path / "remote.sqlite", plan=Plan(links=[link]))
    remote.start()
    remote.feed([detection(PLB, 0, source="roof"), detection(PLB, 50, source="far/roof"),
                 detection(PLB, 100, source="roof", exercise=True)])  # fmt: skip
    until(lambda: remote.service and remote.service.traffic.senders[0].sent == 1)
    assert len(times(station.file)) == 1
    remote.stop()
    remote.start()  # what has gone does not go again
    remote.feed([detection(PLB, 150, source="roof")])
    until(lambda: remote.service and remote.service.traffic.senders[0].sent == 1)
    health = httpx.get(f"{remote.url}/healthz").json()["links"][0]
    assert (health["state"], health["waiting"], health["sent"]) == ("connected", 0, 1)
    remote.stop()
    rows = Journal.open(str(station.file), read_only=True).rows(kinds={"detection"})
    assert [(row.time, row.body["source"]) for row in rows] == [
        ("2026-11-22T06:00:00Z", "roof"), ("2026-11-22T06:02:30Z", "roof")]  # fmt: skip


def test_a_full_spool_holds_back_and_the_journal_keeps_the_rest(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
    link = Link(to=f"ws://127.0.0.1:{port}", spool_mb=0.02)
    remote = Station(tmp_path / "remote.sqlite", plan=Plan(links=[link])).start()
    remote.feed([detection(PLB, 50.0 * number, source="roof") for number in range(100)])
    until(lambda: httpx.get(f"{remote.url}/healthz").json()["links"][0]["spool_full"])
    health = httpx.get(f"{remote.url}/healthz").json()
    assert health["status"] == "degraded"
    assert 0 < health["links"][0]["waiting"] < 30
    centre = Station(tmp_path / "centre.sqlite", port=port).start()
    until(lambda: len(times(centre.file)) == 100, 60)
    assert times(centre.file) == sorted(times(centre.file))
    remote.stop()
    centre.stop()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Link(to="ws://centre.example"), "unencrypted"),
        (Link(to="http://192.0.2.1"), "unencrypted"),
        (Link(to="ftp://centre.example"), "is no address"),
        (Link(to="wss://"), "is no address"),
        (Link(to="wss://me:secret@centre.example"), "no password in an address"),
        (Link(to="wss://centre.example", token_file="/nowhere"), "cannot be read"),
        (Link(to="wss://centre.example", token="env:VIGIE_NO_SUCH"), "VIGIE_NO_SUCH"),
        (Link(to="wss://centre.example", ca="/nowhere"), "link.ca"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, settings: Link, words: str) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    with pytest.raises(ConfigError, match=words):
        Sender(settings, spool)
    spool.close()


# processes, killed


def vigie(*arguments: str, home: Path, **more: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "XDG_DATA_HOME": str(home), "PYTHONWARNINGS": "error"}
    return subprocess.Popen([sys.executable, "-m", "vigie", *arguments], env=environment, **more)


def rows(store: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM journal").fetchone()[0])
    except sqlite3.Error:  # not there yet
        return 0


CENTRE = """
import sys
from vigie import service
from vigie.store.journal import Journal
from vigie.web.hub import Hub
service.serve(service.Service(Journal.open(sys.argv[1]), Hub()), service.listen("127.0.0.1", int(sys.argv[2])))
"""


def test_killed_on_either_side_again_and_again_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    """Both ends are killed at random moments; in the end the centre has every detection once, in order."""
    rng = random.Random(121)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store, count = tmp_path / "centre.sqlite", 1000
    stream = tmp_path / "detections.jsonl"
    wanted = [body(10.0 * number) for number in range(count)]
    stream.write_text("".join(jsonl.line(one) + "\n" for one in wanted))
    spool = Spool(tmp_path / "spool.sqlite")
    spool.put([jsonl.line(one) for one in wanted])
    spool.close()
    nothing = tmp_path / "nothing.jsonl"
    nothing.write_text("")
    arguments = ("send", str(nothing), "--to", f"ws://127.0.0.1:{port}", "--spool", str(tmp_path / "spool.sqlite"))

    started: list[subprocess.Popen[bytes]] = []

    def start_centre() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", CENTRE, str(store), str(port)]))
        return started[-1]

    def start_sender() -> subprocess.Popen[bytes]:
        started.append(vigie(*arguments, home=tmp_path))
        return started[-1]

    try:
        centre, sender, kills = start_centre(), start_sender(), 0
        until(lambda: rows(store) > 0)
        while kills < 4 and sender.poll() is None:
            time.sleep(rng.uniform(0.0, 0.3))
            before = rows(store)
            if rng.random() < 0.5:
                centre.kill()
                centre.wait()
                centre = start_centre()
            else:
                sender.kill()
                sender.wait()
                sender = start_sender()
            kills += 1
            end = time.monotonic() + 60
            while rows(store) == before and sender.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
        assert sender.wait(120) == 0
        assert kills >= 2
        assert times(store) == [one["time"] for one in wanted]
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_vigie_send_says_what_became_of_a_file(station: Station, tmp_path: Path) -> None:
    stream = tmp_path / "detections.jsonl"
    stream.write_text("\n".join([jsonl.line(body(0)), "", "no JSON", '{"hex": "12"}', jsonl.line(body(50))]))
    to = station.url.replace("http", "ws")
    process = vigie("send", str(stream), "--to", to, home=tmp_path, stderr=subprocess.PIPE)
    words = process.communicate(timeout=60)[1].decode()
    assert process.returncode == 1
    assert "line 3: it is no JSON object" in words
    assert "line 4: hex is no beacon message" in words
    assert "2 delivered, 2 refused, 0 waiting" in words
    assert len(times(station.file)) == 2


def test_vigie_send_keeps_what_it_cannot_deliver_and_sends_it_the_next_time(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = jsonl.line({key: value for key, value in body(0).items() if key not in ("time", "time_known")}) + "\n"
    arguments = ("send", "-", "--to", f"http://127.0.0.1:{port}", "--give-up", "0.3")
    process = vigie(*arguments, home=tmp_path, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    words = process.communicate(line.encode(), timeout=60)[1].decode()
    assert process.returncode == 1
    assert "0 delivered, 0 refused, 1 waiting" in words
    centre = Station(tmp_path / "centre.sqlite", port=port).start()
    process = vigie("send", "-", "--to", f"http://127.0.0.1:{port}", home=tmp_path, stdin=subprocess.PIPE,
                    stderr=subprocess.PIPE)  # fmt: skip
    words = process.communicate(b"", timeout=60)[1].decode()
    assert (process.returncode, "1 delivered" in words) == (0, True)
    row = Journal.open(str(centre.file), read_only=True).rows(kinds={"detection"})[0]
    assert row.body["time_known"] is False
    centre.stop()
