"""Outputs over real servers: each gets everything, none holds up another, exercises are marked or stay inside."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import hmac
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import msgspec
import pytest
from links_tools import until
from web_station import Station

from vigie.errors import ConfigError
from vigie.links import sinks, words
from vigie.links.outputs import Marks, Recent, Runner
from vigie.links.settings import (
    AnyOutput,
    Cot,
    Csv,
    GeoJson,
    JsonLines,
    Kml,
    Mail,
    Mqtt,
    Text,
    Webhook,
)
from vigie.links.traffic import Plan, sink_of
from vigie.sim.detections import PLB, TEST, YACHT, detection
from vigie.store.journal import Journal

PLACED = {"latitude": 45.0, "longitude": -5.0}


@pytest.fixture
def stations(tmp_path: Path) -> Iterator[Any]:
    """Starts services with these outputs."""
    made: list[Station] = []

    def start(*outputs: AnyOutput) -> Station:
        made.append(Station(tmp_path / "journal.sqlite", plan=Plan(outputs=outputs)).start())
        return made[-1]

    yield start
    for one in made:
        one.stop()


def health(station: Station, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{station.url}/healthz").json()["outputs"][number]
    return found


def done(station: Station) -> bool:
    told = httpx.get(f"{station.url}/healthz").json()
    return all(output["seq"] == told["seq"] for output in told["outputs"])


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_files_hold_every_row_and_mark_exercises(stations: Any, tmp_path: Path) -> None:
    station = stations(
        JsonLines(to=str(tmp_path / "all.jsonl")),
        Text(to=str(tmp_path / "all.txt"), records=("alert",)),
        Csv(to=str(tmp_path / "all.csv")),
        JsonLines(name="live", to=str(tmp_path / "live.jsonl"), exercise=False),
        JsonLines(name="tests", to=str(tmp_path / "tests.jsonl"), records=("alert",), categories=("test",)),
    )
    station.feed([detection(PLB, 0, **PLACED), detection(YACHT, 10, exercise=True), detection(TEST, 20)])
    until(lambda: done(station))
    journal = Journal.open(str(station.file), read_only=True)
    rows = [row for row in journal.rows() if row.kind != "tick"]
    assert [one["seq"] for one in lines(tmp_path / "all.jsonl")] == [row.seq for row in rows]
    assert [one["body"] for one in lines(tmp_path / "all.jsonl")] == [row.body for row in rows]
    text = (tmp_path / "all.txt").read_text().splitlines()
    assert [("EXERCISE" in line) for line in text] == [False, True, False]
    assert "45.0" in text[0]
    with (tmp_path / "all.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert [(one["kind"], one["exercise"]) for one in table] == [
        (row.kind, str(bool(row.body["exercise"]))) for row in rows
    ]
    assert table[0]["hex_id"] == rows[0].body["message"]["hex_id"]
    assert all(not one["body"]["exercise"] for one in lines(tmp_path / "live.jsonl"))
    assert [one["body"]["category"] for one in lines(tmp_path / "tests.jsonl")] == ["test"]
    assert [one["sent"] for one in httpx.get(f"{station.url}/healthz").json()["outputs"]] == [
        len(rows), 3, len(rows), len([row for row in rows if not row.body["exercise"]]), 1]  # fmt: skip


def test_an_output_reads_on_where_it_stopped(stations: Any, tmp_path: Path) -> None:
    output = JsonLines(to=str(tmp_path / "all.jsonl"), records=("detection",))
    station = stations(output)
    station.feed([detection(PLB, 0)])
    until(lambda: len(lines(tmp_path / "all.jsonl")) == 1)
    until(lambda: done(station))
    station.stop()
    without = Station(station.file).start()
    without.feed([detection(PLB, 50.0 * number) for number in range(1, 300)])
    without.stop()
    station.start()
    until(lambda: len(lines(tmp_path / "all.jsonl")) == 300)
    assert len({one["seq"] for one in lines(tmp_path / "all.jsonl")}) == 300


def test_a_file_is_put_aside_when_it_has_grown(stations: Any, tmp_path: Path) -> None:
    station = stations(Csv(to=str(tmp_path / "x.csv"), rotate_mb=0.002, keep=2))
    for number in range(30):
        station.feed([detection(YACHT, 50.0 * number)])
        until(lambda: done(station))
    names = sorted(path.name for path in tmp_path.glob("x.csv*"))
    assert names == ["x.csv", "x.csv.1", "x.csv.2"]
    for name in names:
        text = (tmp_path / name).read_text()
        assert text.startswith("seq,time,kind")
        assert len(text) < 4000


class Listener:
    """Takes TCP connections and keeps what they send."""

    def __init__(self, port: int = 0) -> None:
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = self._server.getsockname()[1]
        self.data = b""
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                made = self._server.accept()[0]
                self._open.append(made)
                threading.Thread(target=self._read, args=(made,), daemon=True).start()

    def _read(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while part := connection.recv(65536):
                self.data += part

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for one in self._open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def test_lines_over_tcp_come_again_after_the_other_side_was_away(stations: Any) -> None:
    listener = Listener()
    station = stations(JsonLines(to=f"tcp://127.0.0.1:{listener.port}", records=("detection",)))
    station.feed([detection(PLB, 0)])
    until(lambda: listener.data.count(b"\n") == 1)
    listener.close()
    for number in range(1, 4):
        station.feed([detection(PLB, 50.0 * number)])
    until(lambda: health(station)["state"] == "failing")
    again = Listener(listener.port)
    until(lambda: again.data.count(b"\n") == 3)
    assert [json.loads(line)["time"] for line in again.data.splitlines()] == [
        "2026-11-22T06:00:50Z", "2026-11-22T06:01:40Z", "2026-11-22T06:02:30Z"]  # fmt: skip
    assert health(station)["state"] == "working"
    again.close()


def test_lines_and_events_over_udp(stations: Any) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        for listener in (one, two):
            listener.bind(("127.0.0.1", 0))
            listener.settimeout(20)
        station = stations(JsonLines(to=f"udp://127.0.0.1:{one.getsockname()[1]}"),
                           Cot(to=f"udp://127.0.0.1:{two.getsockname()[1]}"))  # fmt: skip
        station.feed([detection(PLB, 0, exercise=True, **PLACED), detection(PLB, 0, **PLACED)])
        kinds = [json.loads(one.recv(65536))["kind"] for _ in range(6)]
        assert kinds == [row.kind for row in Journal.open(str(station.file), read_only=True).rows()]
        event = ElementTree.fromstring(two.recv(65536))  # the exercise has not left
        assert (event.get("type"), event.get("uid", "").startswith("vigie.X-")) == ("b-a-o-tbl", False)
        point = event.find("point")
        assert point is not None
        assert (float(point.get("lat", 0)), float(point.get("lon", 0))) == (45.0, -5.0)
        assert event.get("start") < event.get("stale")  # type: ignore[operator]


def test_a_stalled_output_holds_up_neither_an_alert_nor_another_output(
    stations: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, stalled = threading.Event(), []

    def write(self: Any, data: bytes) -> None:
        stalled.append(len(data))
        free.wait(60)
        raise OSError("it never answered")

    monkeypatch.setattr(sinks._Tcp, "write", write)
    station = stations(JsonLines(to="tcp://127.0.0.1:9"), JsonLines(to=str(tmp_path / "good.jsonl")))
    for number in range(5):
        station.feed([detection(YACHT, 2000.0 * number + 50.0 * part) for part in range(40)])
    until(lambda: health(station, 1)["seq"] == Journal.open(str(station.file), read_only=True).last_seq())
    assert len([one for one in lines(tmp_path / "good.jsonl") if one["kind"] == "detection"]) == 200
    assert (len(stalled), health(station, 0)["sent"]) == (1, 0)
    assert httpx.get(f"{station.url}/healthz").json()["store"]["waiting"] == 0
    free.set()


def test_all_positions_in_one_file_that_is_always_whole(stations: Any, tmp_path: Path) -> None:
    station = stations(
        GeoJson(to=str(tmp_path / "a.geojson")), Kml(to=str(tmp_path / "a.kml")),
        GeoJson(name="live", to=str(tmp_path / "live.geojson"), exercise=False),
    )  # fmt: skip
    station.feed([detection(PLB, 0, **PLACED), detection(PLB, 0, exercise=True, **PLACED), detection(YACHT, 0)])

    def features(name: str) -> list[Any]:
        path = tmp_path / name
        return json.loads(path.read_text())["features"] if path.exists() else []

    until(lambda: len(features("a.geojson")) == 3)
    until(lambda: len(features("live.geojson")) == 2)
    about = {one["properties"]["exercise"]: one for one in features("a.geojson") if one["geometry"]}
    assert about[False]["geometry"]["coordinates"] == [-5.0, 45.0]
    assert about[True]["properties"]["title"].startswith("EXERCISE")
    assert [one for one in features("a.geojson") if one["geometry"] is None]  # without a position, but not left out
    until(lambda: b"EXERCISE" in (tmp_path / "a.kml").read_bytes())
    root = ElementTree.fromstring((tmp_path / "a.kml").read_bytes())
    names = [one.text for one in root.iter("{http://www.opengis.net/kml/2.2}name")]
    assert len([name for name in names if name and name.startswith("EXERCISE ")]) == 1
    assert not list(tmp_path.glob(".a.*"))


class Hook:
    """A receiver of webhooks that answers as told."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                status = hook.answers.pop(0) if hook.answers else 200
                if status == 200:
                    hook.got.append((dict(self.headers), data))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def test_a_webhook_is_signed_tried_again_and_told_of_changes_only(stations: Any) -> None:
    hook = Hook()
    hook.answers = [500, 503]
    station = stations(Webhook(to=hook.url, secret="a key"))
    station.feed([detection(PLB, 0, exercise=True), detection(TEST, 0), detection(PLB, 0)])
    until(lambda: len(hook.got) == 1)
    for number in range(1, 4):
        station.feed([detection(PLB, 50.0 * number)])  # nothing new
    station.feed([detection(PLB, 250, **PLACED)])
    until(lambda: len(hook.got) == 2)
    until(lambda: done(station))
    assert len(hook.got) == 2
    headers, data = hook.got[0]
    stamp, mark = (part.partition("=")[2] for part in headers["Vigie-Signature"].split(","))
    assert hmac.new(b"a key", f"{stamp}.".encode() + data, hashlib.sha256).hexdigest() == mark
    told = json.loads(data)
    assert told["id"] == headers["Idempotency-Key"]
    assert (told["exercise"], told["body"]["category"], told["kind"]) == (False, "distress", "alert")
    assert health(station)["failures"] == 2
    hook.answers = [422]
    station.feed([detection(YACHT, 300)])
    until(lambda: health(station)["refused"] == 1)
    assert health(station)["state"] == "working"
    hook.close()


def test_an_exercise_leaves_only_where_that_is_declared(stations: Any) -> None:
    hook = Hook()
    station = stations(Webhook(name="no", to=hook.url), Webhook(name="yes", to=hook.url, exercise=True))
    station.feed([detection(PLB, 0, exercise=True)])
    until(lambda: done(station) and hook.got)
    assert len(hook.got) == 1
    told = json.loads(hook.got[0][1])
    assert (told["exercise"], told["text"].startswith("EXERCISE")) == (True, True)
    hook.close()


def test_a_mail_says_what_is_known(stations: Any) -> None:
    pytest.importorskip("aiosmtpd")
    from aiosmtpd.controller import Controller

    class Keeper:
        def __init__(self) -> None:
            self.answers: list[str] = ["451 later"]
            self.got: list[Any] = []

        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            if self.answers:
                return self.answers.pop(0)
            self.got.append(envelope)
            return "250 kept"

    keeper = Keeper()
    controller = Controller(keeper, hostname="127.0.0.1", port=0)
    controller.port = _free_port()
    controller.start()
    try:
        station = stations(
            Mail(server=f"smtp+plain://127.0.0.1:{controller.port}", sender="vigie@example.org",
                 to=("duty@example.org", "two@example.org"), console="https://vigie.example")
        )  # fmt: skip
        station.feed([detection(PLB, 0, exercise=True), detection(PLB, 0, **PLACED)])
        until(lambda: keeper.got)
        envelope = keeper.got[0]
        assert (envelope.mail_from, envelope.rcpt_tos) == ("vigie@example.org", ["duty@example.org", "two@example.org"])
        from email import message_from_bytes
        from email.policy import default

        mail = message_from_bytes(envelope.content, policy=default)
        hex_id = detection(PLB).message.hex_id
        assert hex_id in mail["Subject"]
        assert mail["Message-ID"].startswith("<vigie.")
        text = mail.get_content()
        assert "45.0000N 5.0000W" in text
        assert f"https://vigie.example/#/alert/{hex_id}" in text
        until(lambda: done(station))
        assert len(keeper.got) == 1
        assert health(station)["failures"] == 1
    finally:
        controller.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Any]:
    """Debian's mosquitto; a function that starts it again."""
    program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("mosquitto is not installed")
    port, running = _free_port(), []
    (tmp_path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([program, "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL)
        running.append(process)
        until(lambda: _answers(port))
        return process

    start.port = port  # type: ignore[attr-defined]
    start()
    start.running = running  # type: ignore[attr-defined]
    yield start
    for process in running:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


class Reader:
    """Somebody who reads topics."""

    def __init__(self, port: int, topic: str = "#") -> None:
        mqtt = pytest.importorskip("paho.mqtt.client")
        self.got: list[tuple[str, Any, bool]] = []
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.on_message = self._take
        self.client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        subscribed = threading.Event()
        self.client.on_subscribe = lambda *_: subscribed.set()
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert subscribed.wait(20)

    def _take(self, client: Any, data: Any, message: Any) -> None:
        self.got.append((message.topic, message.payload, message.retain))

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def test_mqtt_topics_over_mosquitto(stations: Any, broker: Any) -> None:
    reader = Reader(broker.port)
    station = stations(Mqtt(to=f"mqtt://127.0.0.1:{broker.port}"))
    station.feed([detection(PLB, 0, **PLACED), detection(YACHT, 0, exercise=True)])
    until(lambda: len(reader.got) >= 6)
    plb, yacht = detection(PLB).message.hex_id, detection(YACHT).message.hex_id
    topics = [topic for topic, _, _ in reader.got]
    assert topics[0] == "vigie/status"
    assert set(topics[1:]) == {
        f"vigie/detection/{plb}", f"vigie/alert/{plb}", f"vigie/solution/{plb}",
        f"vigie/exercise/detection/X-{yacht}", f"vigie/exercise/alert/X-{yacht}",
    }  # fmt: skip
    late = Reader(broker.port)
    until(lambda: len(late.got) == 3)
    assert all(retained for _, _, retained in late.got)
    assert {topic: payload for topic, payload, _ in late.got}["vigie/status"] == b"online"
    station.stop()
    until(lambda: late.got[-1][:2] == ("vigie/status", b"offline"))
    reader.close()
    late.close()


def test_mqtt_goes_on_after_the_broker_was_killed(stations: Any, broker: Any) -> None:
    station = stations(Mqtt(to=f"mqtt://127.0.0.1:{broker.port}", records=("detection",)))
    station.feed([detection(PLB, 0)])
    until(lambda: health(station)["sent"] == 1)
    broker.running[0].kill()
    broker.running[0].wait()
    station.feed([detection(PLB, 50.0 * number) for number in range(1, 20)])
    until(lambda: health(station)["state"] == "failing")
    broker()
    reader = Reader(broker.port, "vigie/detection/#")
    until(lambda: health(station)["sent"] == 20)
    until(lambda: len({json.loads(payload)["seq"] for _, payload, _ in reader.got}) >= 1)
    station.feed([detection(PLB, 2000)])
    until(lambda: health(station)["sent"] == 21)
    reader.close()


def test_standard_output_and_a_reader_that_leaves(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom vigie.links.traffic import *\nfrom vigie.links.settings import *\n"
        "from vigie.store.journal import Journal\nfrom vigie.sim.detections import *\nimport threading, time\n"
        "journal = Journal.open(sys.argv[1]); stop = threading.Event()\n"
        "traffic = Traffic(journal, Plan(outputs=[JsonLines(to='-'), JsonLines(name='b', to=sys.argv[2])]))\n"
        "traffic.start(stop); time.sleep(0.3)\n"
        "for n in range(int(sys.argv[3])):\n"
        "    for row in journal.append([detection(PLB, n)]): traffic.publish(row)\n"
        "    time.sleep(0.02)\n"
        "time.sleep(0.5); print(traffic.health()['outputs'][0]['state'], file=sys.stderr); stop.set()\n"
        "traffic.close(time.monotonic() + 2); journal.close()\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "a.sqlite"), str(tmp_path / "b.jsonl"), "20"]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert first["kind"] == "detection"
    process.stdout.close()
    assert process.stderr is not None
    words_ = process.stderr.read().decode()
    process.stderr.close()
    process.wait(60)
    assert "failing" in words_
    assert len(lines(tmp_path / "b.jsonl")) == 20


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (JsonLines(to="tcp://127.0.0.1"), "has no port"),
        (JsonLines(to="http://127.0.0.1:1"), "neither"),
        (Text(to="tcp://:5"), "no address"),
        (Cot(to="tcp://tak"), "has no port"),
        (Cot(to="tls://tak:8089", ca="/nowhere"), "certificates"),
        (Webhook(to="ftp://x"), "no address"),
        (Webhook(to="https://user:pass@x"), "no password in an address"),
        (Mail(server="smtp://mail", sender="vigie", to=("a@b",)), "no mail address"),
        (Mail(server="smtp://mail", sender="vigie@b", to=("a@b\nBcc: c@d",)), "no mail address"),
        (Mail(server="smtp://mail", sender="vigie@b", to=()), "somebody to go to"),
        (Mail(server="smtp+plain://mail", sender="v@b", to=("a@b",), user="x", password="y"), "unencrypted"),
        (Mqtt(to="mqtt://broker", user="x", password="y"), "unencrypted"),
        (Mqtt(to="mqtt://broker", prefix="a/#"), "cannot begin a topic"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(settings: AnyOutput, said: str) -> None:
    journal = Journal.open("sqlite://")
    with pytest.raises(ConfigError, match=said):
        sink_of(settings, journal, "origin")
    journal.close()


def test_a_configuration_names_outputs_by_their_kind() -> None:
    text = b"""
    [[output]]
    kind = "mail"
    server = "smtp://mail.example"
    sender = "vigie@example.org"
    to = ["duty@example.org"]
    [[output]]
    kind = "jsonl"
    """
    found = msgspec.toml.decode(text, type=dict[str, list[AnyOutput]])["output"]
    assert [type(one) for one in found] == [Mail, JsonLines]
    assert (found[0].exercise, found[1].exercise) == (False, True)
    with pytest.raises(msgspec.ValidationError, match="nonsense"):
        msgspec.toml.decode(b'[[output]]\nkind = "jsonl"\nnonsense = 1', type=dict[str, list[AnyOutput]])


def test_what_strangers_write_cannot_break_a_form() -> None:
    body = {
        "id": "X-1", "hex_id": "=cmd|' /C calc'!A0", "category": "distress", "category_words": "<b>\x00\x1b",
        "state": "s", "exercise": True, "position": {"latitude": 1.0, "longitude": 2.0, "method": "x", "ehe_m": None},
    }  # fmt: skip
    row = {"seq": 1, "time": None, "kind": "alert", "beacon": "@x", "body": body}
    values = words.columns(row)
    assert all(not str(value).startswith(("=", "+", "-", "@")) for value in values if isinstance(value, str))
    ElementTree.fromstring(words.kml([body]))
    event = words.cot(body, "2026-01-01T00:00:00Z", "2026-01-01T00:10:00Z")
    assert event is not None
    root = ElementTree.fromstring(event)
    assert (root.get("type"), root.get("how")) == ("b-m-p-s-p-loc", "m-s")  # never an alarm
    assert words.cot({**body, "position": None}, "", "") is None
    assert "EXERCISE - EXERCISE" in words.page(body)


def test_a_test_that_was_told_as_distress_is_told_again(tmp_path: Path) -> None:
    journal = Journal.open("sqlite://")
    settings = Webhook(to="http://127.0.0.1:1")
    runner = Runner(settings, sink_of(settings, journal, "o"), journal, Recent(), Marks(":memory:"))

    def row(category: str) -> Any:
        from vigie.store.journal import Row

        return Row(1, None, "alert", "A", {"id": "A", "category": category, "state": "s", "exercise": False})

    told: dict[str, str] = {}
    assert not runner._wanted(row("test"), told)
    assert runner._wanted(row("distress"), told)
    assert not runner._wanted(row("distress"), told)
    assert runner._wanted(row("test"), told)
    journal.close()


def test_feeds_for_other_programs(station: Station) -> None:
    station.feed([detection(PLB, 0, **PLACED), detection(YACHT, 0, exercise=True, **PLACED)])
    found = httpx.get(f"{station.url}/api/alerts.geojson").json()
    assert len(found["features"]) == 1
    assert len(httpx.get(f"{station.url}/api/alerts.geojson?exercise=true").json()["features"]) >= 1
    root = ElementTree.fromstring(httpx.get(f"{station.url}/api/alerts.kml").content)
    assert root.tag.endswith("kml")
    link = httpx.get(f"{station.url}/api/network.kml?seconds=30&exercise=true")
    assert f"{station.url}/api/alerts.kml?exercise=true" in link.text
    assert httpx.get(f"{station.url}/api/network.kml?seconds=1").status_code == 400
    metrics = httpx.get(f"{station.url}/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'vigie_alerts{category="distress",exercise="false"} 1' in metrics.text
    assert 'vigie_alerts{category="distress",exercise="true"} 1' in metrics.text
    names = [line.split()[2] for line in metrics.text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names))
