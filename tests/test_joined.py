"""One configuration file starts everything: real processes that deliver, send, locate, print and obey."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from vigie import centre, config, jsonl, sit, station
from vigie.alert.book import AlertBook
from vigie.chain import Chain
from vigie.errors import ConfigError
from vigie.links.courier import Courier
from vigie.links.exchange import Desk
from vigie.links.ledger import Ledger
from vigie.links.settings import Exchange
from vigie.records import ExerciseSit, Order, Sit
from vigie.sim.detections import PLB, YACHT, at, detection
from vigie.store.journal import Journal
from vigie.store.rows import detection_body, to_record

CENTRE = """
[centre]
name = "FMCC"
code = "2270"
[destinations.GRISNEZ]
code = "CROSS1"
kind = "rcc"
[countries.227]
unlocated = ["GRISNEZ"]
"""
TO_GRISNEZ = """
[[exchange]]
own = "FMCC"
partner = "GRISNEZ"
source = "2270"
destination = "CROSS1"
outgoing = "grisnez"
incoming = "from-grisnez"
poll_s = 0.1
"""


class Process:
    """``vigie run`` of a configuration, which can be killed and started again."""

    def __init__(self, folder: Path, text: str, name: str, *arguments: str) -> None:
        self.folder, self.file, self.arguments = folder, folder / f"{name}.toml", arguments
        self.file.write_text(f'{text}\n[store]\nurl = "{name}.sqlite"\n')
        self.url = ""
        self.start()

    def start(self) -> None:
        port = self.url.rpartition(":")[2] or "0"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vigie", "run", str(self.file), "--no-browser", "--port", port, *self.arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=self.folder,
            env={**os.environ, "XDG_DATA_HOME": str(self.folder), "PYTHONWARNINGS": "error"},
        )  # fmt: skip
        stream = self.process.stderr if "to = '-'" in self.file.read_text() else self.process.stdout
        assert stream is not None
        for line in stream:
            if line.startswith("Vigie at "):
                self.url = line.split()[2].rstrip(",")
                return
        raise AssertionError(self.process.communicate())

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def stop(self) -> tuple[str, str]:
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=20)

    def get(self, path: str) -> Any:
        return httpx.get(self.url + path, timeout=20).json()

    def post(self, *bodies: Any) -> None:
        reply = httpx.post(f"{self.url}/api/detections", content="\n".join(map(jsonl.line, bodies)), timeout=30)
        assert reply.status_code == 200, reply.text

    @property
    def journal(self) -> Path:
        return self.file.with_suffix(".sqlite")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(text: str, name: str, *arguments: str) -> Process:
        started.append(Process(tmp_path, text, name, *arguments))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
        for stream in (one.process.stdout, one.process.stderr):
            if stream is not None:
                stream.close()


def until(good: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if value := good():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not come about")


def body(facts: dict[str, Any], seconds: float, **more: Any) -> dict[str, Any]:
    return {**detection_body(detection(facts, seconds)), **more}


def test_a_station_delivers_to_a_centre_through_kills_of_both(run: Callable[..., Process]) -> None:
    there = run(CENTRE + "[[output]]\nkind = 'jsonl'\nto = 'all.jsonl'\n", "centre")
    here = run(
        f'[station]\nname = "hill"\n[[link]]\nto = "{there.url.replace("http", "ws")}"\nrelay = true\n', "station"
    )
    here.post(body(PLB, 0))
    until(lambda: there.get("/api/alerts")["alerts"])
    there.kill()
    here.post(body(PLB, 50))
    here.kill()
    here.start()
    here.post(body(YACHT, 60))
    there.start()
    alerts = until(lambda: len(found := there.get("/api/alerts")["alerts"]) == 2 and found)
    assert sorted(alert["bursts"] for alert in alerts) == [1, 2]
    told = there.folder / "all.jsonl"
    kinds = until(
        lambda: (
            (k := [json.loads(line)["kind"] for line in told.read_text().splitlines()]).count("detection") == 3 and k
        )
    )
    assert "alert" in kinds
    there.stop()
    journal = Journal.open(str(there.journal), read_only=True)
    assert len(journal.rows(kinds=("detection",))) == 3
    assert journal.rows(kinds=("sit",))
    journal.close()
    replay = [sys.executable, "-m", "vigie", "replay", str(there.journal)]
    assert subprocess.run([*replay, "--config", str(there.file)], capture_output=True).returncode == 0
    assert b"other alerts" in subprocess.run(replay, capture_output=True).stderr  # without its settings


def test_a_partner_gets_each_message_once_and_what_it_says_becomes_an_alert(
    run: Callable[..., Process], tmp_path: Path
) -> None:
    ours = run(CENTRE + TO_GRISNEZ, "centre")
    sent = tmp_path / "grisnez"
    ours.post(body(YACHT, 0), body(YACHT, 0, exercise=True))
    (first,) = until(lambda: sorted(sent.glob("*.TXT")) if sent.exists() else None)
    read = sit.parse(first.read_text())
    assert (read.values["sit"], read.values["dest"], read.values["msg_no"]) == ("185", "CROSS1", "00001")
    ours.kill()
    ours.start()
    ours.post(body(YACHT, 50), body(PLB, 60))
    until(lambda: len(list(sent.glob("*.TXT"))) == 2)
    numbers = [sit.parse(file.read_text()).values["msg_no"] for file in sorted(sent.glob("*.TXT"))]
    assert numbers == ["00001", "00002"]
    orders = f"{ours.url}/api/alerts/{detection(YACHT).message.hex_id}/orders"
    done = httpx.post(orders, json={"what": "resend", "to": "grisnez"}, timeout=20)
    assert done.status_code == 200, done.text
    assert [notice["to"] for notice in done.json()["alert"]["notices"]] == ["GRISNEZ"]
    until(lambda: len(list(sent.glob("*.TXT"))) == 3)
    assert httpx.post(orders, json={"what": "add"}, timeout=20).json()["error"]["message"] == "to: whom is it to add?"
    assert httpx.post(orders, json={"what": "sink"}, timeout=20).status_code == 400
    assert httpx.post(orders.replace("alerts/", "alerts/F"), json={"what": "close"}, timeout=20).status_code == 404
    assert httpx.post(orders, json={"what": "close"}, timeout=20).json()["alert"]["state"] == "closed"
    theirs = tmp_path / "from-grisnez"
    theirs.mkdir(exist_ok=True)
    text = first.read_text().replace("2270", "3660").replace(detection(YACHT).message.hex_id or "", "3EF42F50DFFFBFF")
    (theirs / "GRISNEZ_FMCC_00001.TXT").write_text(text)
    until(lambda: any(a["hex_id"] == "3EF42F50DFFFBFF" for a in ours.get("/api/alerts")["alerts"]))
    health = ours.get("/healthz")
    assert health["unread_messages"] == 0
    assert health["unwritten_messages"] == 0
    ours.stop()
    journal = Journal.open(str(ours.journal), read_only=True)
    rows = journal.rows(kinds=("sit", "exercise_sit"))
    assert {row.kind for row in rows} == {"sit", "exercise_sit"}
    assert isinstance(to_record(next(row for row in rows if row.kind == "exercise_sit")), ExerciseSit)
    journal.close()


def test_records_on_standard_output_stand_there_alone(run: Callable[..., Process]) -> None:
    ours = run("[[output]]\nkind = 'jsonl'\nto = '-'\n", "printing")
    ours.post(body(PLB, 0))
    assert ours.process.stdout is not None
    assert json.loads(ours.process.stdout.readline())["kind"] == "detection"
    ours.process.send_signal(signal.SIGTERM)
    assert all(json.loads(line) for line in ours.process.stdout)
    assert ours.process.wait(20) == 0


def settings(tmp_path: Path, more: str = "") -> centre.Settings:
    file = tmp_path / "c.toml"
    file.write_text(CENTRE + more)
    made = station.centre_of(config.load(file), str(file))
    assert made is not None
    return made


def test_messages_are_journalled_with_their_alert_and_numbers_go_on(tmp_path: Path) -> None:
    ours, journal = settings(tmp_path), Journal.open(str(tmp_path / "j.sqlite"))
    chain = Chain(journal, lambda row: None, ours)
    chain.feed([detection(YACHT, 0)])
    (row,) = [row for row in journal.rows(kinds=("sit",)) if row.body["to"] == "GRISNEZ"]
    message = to_record(row)
    assert isinstance(message, Sit)
    assert (message.serial, message.alert) == (1, detection(YACHT).message.hex_id)
    assert journal.rows(row.seq - 2, limit=1)[0].kind == "alert"
    again = Chain(journal, lambda row: None, ours)
    assert vars(again.book)["_entries"] == vars(chain.book)["_entries"]
    assert again.book.serials == chain.book.serials
    again.feed([Order(at(10), message.alert, "resend", "GRISNEZ", "anna")])
    assert [r.body["serial"] for r in journal.rows(kinds=("sit",)) if r.body["to"] == "GRISNEZ"] == [1, 2]
    journal.close()


def test_a_station_without_a_centre_writes_no_messages() -> None:
    journal = Journal.open("sqlite://")
    Chain(journal, lambda row: None).feed([detection(YACHT, 0)])
    assert not journal.rows(kinds=("sit", "exercise_sit"))
    journal.close()


def test_an_alert_is_never_lost_over_its_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vigie.sit.outgoing.message", lambda *_: 1 / 0)
    journal = Journal.open("sqlite://")
    chain = Chain(journal, lambda row: None, settings(tmp_path))
    chain.feed([detection(YACHT, 0)])
    assert [row.kind for row in journal.rows()] == ["detection", "alert"]
    assert chain.unwritten == 1
    journal.close()


def test_a_message_is_handed_over_once_whatever_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, ledger = Journal.open("sqlite://"), Ledger(tmp_path / "ledger.sqlite")
    chain = Chain(journal, lambda row: None, settings(tmp_path))
    chain.feed([detection(YACHT, 0)])  # before the exchange was set up
    asked = Exchange("FMCC", "GRISNEZ", "2270", "CROSS1", str(tmp_path / "out"), str(tmp_path / "in"))
    desk = Desk(asked, ledger, lambda *_: None)
    courier = Courier(journal, [desk], lambda name: name)
    chain.feed([detection(YACHT, 0, exercise=True)])
    chain.feed([Order(at(10), str(detection(YACHT).message.hex_id), "resend", "GRISNEZ")])
    deliver = desk.deliver

    def dies(message: Sit, seq: int) -> None:
        deliver(message, seq)
        raise KeyboardInterrupt

    monkeypatch.setattr(desk, "deliver", dies)
    with pytest.raises(KeyboardInterrupt):
        courier.step()
    again = Courier(journal, [Desk(asked, ledger, lambda *_: None)], lambda name: name)
    again.step()
    ledger._db.execute("UPDATE handed SET seq = seq - 1")  # even where it forgot how far it was
    third = Courier(journal, [Desk(asked, ledger, lambda *_: None)], lambda name: name)
    third.step()
    texts = [sit.parse(one.text).values for one in ledger.waiting()]
    assert [values["msg_no"] for values in texts] == ["00001"]  # neither what was before nor the exercise
    ledger.close()
    journal.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[acess]\nrequired = true", "line 1: acess: unknown key; did you mean access"),
        ("[access]\nhosts = ['a:b']", r"line 2: access.hosts: 'a:b' is no name of a host"),
        ("[[link]]\nto = 'wss://a'\n[[link]]\nto = 'ws://b.example'", r"line 4: link\[1\].to: .*unencrypted"),
        ("[[link]]\nto = 'wss://a'\ntokn = 'x'", r"line 3: link\[0\].tokn: unknown key; did you mean token"),
        ("[[output]]\nkind = 'csv'\nto = 'x'\nfile = 'y'", r"line 4: output\[0\].file: unknown key"),
        ("[[output]]\nkind = 'fax'", r"line 2: output\[0\].kind: invalid value 'fax'"),
        (TO_GRISNEZ, r"exchange\[0\]: messages are written by a centre"),
        (CENTRE + TO_GRISNEZ + TO_GRISNEZ, "'GRISNEZ' has an exchange already"),
        ("[countries.227]\nunlocated = ['X']", "beside a .centre.: who sends"),
        (CENTRE.replace("kind", "knd"), r"line 7: destinations.GRISNEZ.knd: unknown key; did you mean kind"),
    ],
)
def test_each_table_is_checked_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        config.load(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[orbits]\nfiles = ['none.tle']", "orbits.files: there is no file .*none.tle"),
        (CENTRE + "[register]\ntable = 'none.csv'", "register.table: .*none.csv cannot be read"),
        (CENTRE.replace('GRISNEZ"]', 'ELSEWHERE"]'), "ELSEWHERE"),
        ("[tls]\ncertificate = 'none.pem'", "there is no file .*none.pem"),
        ("[[output]]\nkind = 'csv'\nto = 'ftp://x'", "output.to"),
        ("centre = 'none.toml'", "none.toml cannot be read"),
        (CENTRE + TO_GRISNEZ.replace('"2270"', '"22"'), "exchange.source: '22' is no facility number"),
    ],
)
def test_what_is_asked_for_is_looked_at(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=words):
        station.inspected(config.load(file), str(file))


def test_a_centre_may_stand_in_a_file_of_its_own_and_files_stand_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(CENTRE)
    file = tmp_path / "c.toml"
    file.write_text(
        'centre = "mine.toml"\n[[output]]\nkind = "csv"\nto = "x.csv"\n[[output]]\nkind = "text"\n' + TO_GRISNEZ
    )
    read = config.load(file)
    made, plan = station.centre_of(read, str(file)), station.plan_of(read, str(file))
    assert made is not None
    assert (made.centre.name, made.network.own) == ("FMCC", "FMCC")
    assert [getattr(one, "to", None) for one in plan.outputs] == [str(tmp_path / "x.csv"), "-"]
    assert plan.exchanges[0].outgoing == str(tmp_path / "grisnez")
    assert made.mark != settings(tmp_path, "[destinations.X]\ncode = '1'\n").mark
    assert isinstance(made.book(), AlertBook)
