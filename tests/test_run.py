"""``vigie run`` as a process: it starts, takes, keeps, stops, and refuses what it must."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.sync.client import connect

from vigie import cli, jsonl
from vigie.instants import parse
from vigie.sim import exercise
from vigie.sim.detections import PLB, START, YACHT, at, detection
from vigie.store.journal import Journal
from vigie.store.rows import detection_body

STOPS_WITHIN_S = 3.0


@dataclass
class Running:
    """A service as a process."""

    process: subprocess.Popen[str]
    url: str
    store: Path

    def get(self, path: str) -> Any:
        return httpx.get(self.url + path, timeout=10).json()

    def post(self, *bodies: dict[str, Any]) -> httpx.Response:
        content = "\n".join(jsonl.line(body) for body in bodies)
        return httpx.post(f"{self.url}/api/detections", content=content, timeout=20)

    def wait_for(self, path: str, true: Any, timeout_s: float = 30.0) -> Any:
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            value = self.get(path)
            if true(value):
                return value
            time.sleep(0.1)
        raise AssertionError(f"{path} stayed {value}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> float:
        """Seconds it took to end."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(10)
        return time.monotonic() - began


def vigie(*arguments: str, home: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "XDG_DATA_HOME": str(home), "PYTHONWARNINGS": "error"}
    return subprocess.Popen(
        [sys.executable, "-m", "vigie", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command says that must end at once with exit 2 and one sentence (in this process: it starts nothing)."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    def say(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["vigie", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        assert (ended.value.code, told.out) == (2, "")
        assert len(told.err.strip().splitlines()) == 1, told.err
        return told.err

    return say


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Any]:
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, store: Path | None = None) -> Running:
        given = () if store is None else ("--store", str(store))
        process = vigie("run", "--no-browser", "--port", "0", *given, *arguments, home=tmp_path)
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise AssertionError(process.communicate()[1])
        url = next(word.rstrip(",") for word in line.split() if word.startswith("http://"))
        return Running(process, url, store or tmp_path / "vigie" / "exercise.sqlite")

    yield begin
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def replayed(store: Path, home: Path) -> tuple[int, list[dict[str, Any]], str]:
    process = vigie("replay", str(store), home=home)
    out, err = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def sigmf(folder: Path, name: str, seconds: float, *, dated: bool = True) -> Path:
    """The first seconds of the exercise as a SigMF recording."""
    played = exercise.Exercise(exercise.load(), lambda: START)
    rate_hz, centre_hz = played.play.rate_hz, played.play.centre_hz
    blocks, count = [], 0
    for block in played.samples():
        blocks.append(block.iq)
        count += len(block.iq)
        if count >= seconds * rate_hz:
            break
    np.concatenate(blocks).tofile(folder / f"{name}.sigmf-data")
    capture: dict[str, Any] = {"core:sample_start": 0, "core:frequency": centre_hz}
    if dated:
        capture["core:datetime"] = "2026-11-22T06:00:00Z"
    meta = {
        "global": {"core:datatype": "cf32_le", "core:sample_rate": rate_hz, "core:version": "1.2.0"},
        "captures": [capture],
        "annotations": [],
    }
    path = folder / f"{name}.sigmf-meta"
    path.write_text(json.dumps(meta))
    return path


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_three_seconds_with_pages_open_and_the_journal_whole(start: Any, how: signal.Signals) -> None:
    running = start()
    assert running.get("/healthz")["status"] == "ok"
    with connect(running.url.replace("http", "ws") + "/ws") as page, connect(running.url.replace("http", "ws") + "/ws"):
        assert json.loads(page.recv())["type"] == "hello"
        assert running.post(detection_body(detection(PLB))).status_code == 200
        took = running.stop(how)
    assert took < STOPS_WITHIN_S
    assert running.process.returncode == 0
    with sqlite3.connect(running.store) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


def test_the_exercise_gives_its_first_distress_alert_within_seconds_and_marks_it(start: Any, tmp_path: Path) -> None:
    running = start()
    began = time.monotonic()
    found = running.wait_for("/api/alerts", lambda value: value["alerts"], 20.0)
    assert time.monotonic() - began < 10.0  # the machine may be busy; benchmarks/alert_latency.py measures
    alert = found["alerts"][0]
    assert alert["id"].startswith("X-")
    assert alert["category_words"] == "EXERCISE - distress"
    assert alert["exercise"] is True
    assert running.get("/healthz")["sources"][0]["state"] == "receiving"
    running.stop()
    assert replayed(running.store, tmp_path)[0] == 0


def test_an_exercise_goes_on_in_its_journal_or_begins_afresh(start: Any) -> None:
    first = start()
    first.post(detection_body(detection(PLB)))
    first.stop()
    hex_id = detection(PLB).message.hex_id
    second = start()
    assert hex_id in [alert["id"] for alert in second.get("/api/alerts")["alerts"]]
    second.stop()
    third = start("--afresh")
    assert hex_id not in [alert["id"] for alert in third.get("/api/alerts")["alerts"]]
    third.stop()
    kept = Journal.open(str(third.store.with_suffix(".previous.sqlite")), read_only=True)
    assert kept.alert(str(hex_id)) is not None
    kept.close()


def test_a_recording_is_received_and_shown_and_replay_agrees(start: Any, tmp_path: Path) -> None:
    path = sigmf(tmp_path, "one", 26.0)
    running = start(str(path), store=tmp_path / "a.sqlite")
    health = running.wait_for("/healthz", lambda value: value["sources"][0]["state"] == "ended")
    assert health["sources"][0]["detections"] == 3
    listed = running.get("/api/alerts")["alerts"]
    assert [alert["state"] for alert in listed].count("self_test") == 1
    assert {alert["beacon_type"] for alert in listed} == {"EPIRB", "ELT_DT"}
    assert not any(alert["exercise"] for alert in listed)
    first = min(listed, key=lambda alert: alert["first_seen"])
    assert at(0.4) < parse(first["first_seen"]) < at(0.42)  # light takes 8 ms to the satellite
    row = running.get(f"/api/alerts/{first['id']}")["detections"][0]
    assert (row["source"], row["time_known"]) == (str(path), True)
    assert running.stop() < STOPS_WITHIN_S
    code, alerts, words = replayed(running.store, tmp_path)
    assert (code, words) == (0, "")
    assert {alert["id"]: alert for alert in alerts} == {
        alert["id"]: {key: value for key, value in alert.items() if key != "seq"} for alert in listed
    }


def test_a_recording_without_a_time_is_dated_by_the_clock_and_says_so(start: Any, tmp_path: Path) -> None:
    running = start(str(sigmf(tmp_path, "one", 4.0, dated=False)), store=tmp_path / "a.sqlite")
    health = running.wait_for("/healthz", lambda value: value["sources"][0]["state"] == "ended")
    assert health["sources"][0]["time_known"] is False
    alert = running.get("/api/alerts")["alerts"][0]
    assert running.get(f"/api/alerts/{alert['id']}")["detections"][0]["time_known"] is False


def test_a_source_that_fails_says_so_and_stops_no_other(start: Any, tmp_path: Path) -> None:
    good, bad = sigmf(tmp_path, "good", 4.0), sigmf(tmp_path, "bad", 4.0)
    running = start(str(bad), str(good), "--speed", "1", store=tmp_path / "a.sqlite")
    os.truncate(tmp_path / "bad.sigmf-data", 0)
    health = running.wait_for(
        "/healthz", lambda value: [source["state"] for source in value["sources"]][1] == "ended", 40.0
    )
    assert health["sources"][1]["detections"] == 1
    assert health["sources"][0]["state"] in ("failed", "ended")
    assert len(running.get("/api/alerts")["alerts"]) >= 1


def test_a_posted_detection_is_on_disk_before_the_answer(start: Any, tmp_path: Path) -> None:
    running = start()
    answer = running.post(detection_body(detection(YACHT)))
    running.process.kill()
    running.process.wait()
    assert answer.status_code == 200
    journal = Journal.open(str(running.store))
    row = journal.rows(after=answer.json()["seq"] - 2)[0]
    assert row.kind == "detection"
    assert journal.alert(str(row.beacon)) is not None
    journal.close()


def test_killed_under_load_nothing_acknowledged_is_lost_and_it_goes_on(start: Any, tmp_path: Path) -> None:
    store = tmp_path / "load.sqlite"
    running = start(store=store)
    acknowledged: list[int] = []
    sent = threading.Event()

    def load(part: int) -> None:
        for number in range(10_000):
            seconds = 100_000 * part + 50 * number
            try:
                answer = running.post(detection_body(detection(YACHT, seconds)))
            except httpx.HTTPError:
                return
            if answer.status_code == 200:
                acknowledged.append(seconds)
            if len(acknowledged) > 60:
                sent.set()

    threads = [threading.Thread(target=load, args=(part,)) for part in range(3)]
    for thread in threads:
        thread.start()
    assert sent.wait(60)
    running.process.send_signal(signal.SIGKILL)
    running.process.wait()
    for thread in threads:
        thread.join()

    journal = Journal.open(str(store))
    times = {row.time for row in journal.rows(kinds={"detection"})}
    assert {jsonl.plain(detection(YACHT, seconds).time) for seconds in acknowledged} <= times
    journal.close()
    again = start(store=store)
    alerts = {alert["id"]: alert for alert in again.get("/api/alerts")["alerts"]}
    hex_id = detection(YACHT).message.hex_id
    assert alerts[hex_id]["bursts"] >= len(acknowledged)
    again.stop()
    assert replayed(store, tmp_path)[0] == 0


def test_replay_says_where_a_journal_differs_from_its_rules(start: Any, tmp_path: Path) -> None:
    store = tmp_path / "a.sqlite"
    journal = Journal.open(str(store))
    journal.append([detection(PLB)])
    journal.close()
    code, alerts, words = replayed(store, tmp_path)
    assert code == 1
    assert len(alerts) == 1
    assert "is not recorded" in words
    running = start(store=store)  # a service writes what is missing
    running.stop()
    assert replayed(store, tmp_path)[0] == 0


def test_replay_reads_a_stream_of_detections(tmp_path: Path) -> None:
    stream = tmp_path / "detections.jsonl"
    lines = [jsonl.line(detection_body(detection(YACHT, 50.0 * number))) for number in range(3)]
    stream.write_text("\n".join(lines) + "\n")
    code, alerts, words = replayed(stream, tmp_path)
    assert (code, words) == (0, "")
    assert [alert["bursts"] for alert in alerts] == [3]
    stream.write_text("\n".join([lines[0], '{"hex": "12"}', lines[1]]))
    code, alerts, words = replayed(stream, tmp_path)
    assert (code, alerts[0]["bursts"]) == (1, 2)
    assert "line 2" in words


def test_a_port_in_use_is_refused_and_nothing_else_touched(tmp_path: Path, refused: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = refused("run", "--no-browser", "--port", str(port))
    assert f"port {port} is in use" in words
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "unencrypted"),
        (("--host", "0.0.0.0", "--insecure-http"), "vigie users add"),
        (("--name", "vigie.example"), "vigie users add"),
        (("--tls-cert", "none.pem"), "there is no file none.pem"),
        (("--proxy", "somewhere"), "is no IP address or network"),
        (("--host", "vigie.example"), "is no IP address"),
        (("station.toml",), "station.toml cannot be read: No such file"),
        (("--speed", "2"), "played in real time"),
        (("--afresh", "--store", "mine.sqlite"), "no other journal"),
        (("nothing.sigmf-meta",), "nothing.sigmf-meta"),
    ],
)
def test_wrong_use_is_one_sentence(tmp_path: Path, refused: Any, arguments: tuple[str, ...], words: str) -> None:
    assert words in refused("run", "--no-browser", "--port", "0", *arguments)
    assert not list(tmp_path.iterdir())


def test_a_store_that_cannot_be_used_is_one_sentence(tmp_path: Path, refused: Any) -> None:
    place = tmp_path / "notes"
    place.write_text("no database\n" * 10)
    for command in (("run", "--no-browser", "--port", "0", "--store", str(place)), ("replay", str(place))):
        assert "no SQLite database" in refused(*command)
    assert "there is no store" in refused("replay", str(tmp_path / "none"))


def test_two_services_do_not_share_a_store(start: Any, refused: Any) -> None:
    running = start()
    words = refused("run", "--no-browser", "--port", "0")
    assert f"another Vigie writes it (process {running.process.pid})" in words
    assert running.get("/healthz")["status"] == "ok"
