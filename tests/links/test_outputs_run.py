"""Every output at once, out of one ``vigie run``, into receivers that really listen."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from links_tools import until

from vigie.message.encode import encode

HEX = encode({"protocol": "std_plb_serial", "country_code": 227, "tac": 1020, "serial_number": 1, "latitude": 45.0,
              "longitude": -5.0})  # fmt: skip
CONFIG = """
[web]
port = 0
browser = false
[store]
url = "station.sqlite"
[access]
required = false
[centre]
name = "FMCC"
code = "2270"
[[output]]
kind = "text"
to = "all.txt"
[[output]]
kind = "jsonl"
to = "all.jsonl"
[[output]]
kind = "csv"
to = "all.csv"
[[output]]
kind = "geojson"
to = "alerts.geojson"
[[output]]
kind = "kml"
to = "alerts.kml"
[[output]]
kind = "jsonl"
to = "tcp://127.0.0.1:{tcp}"
[[output]]
kind = "jsonl"
to = "udp://127.0.0.1:{udp}"
[[output]]
kind = "syslog"
to = "udp://127.0.0.1:{syslog}"
[[output]]
kind = "influx"
to = "udp://127.0.0.1:{influx}"
[[output]]
kind = "cot"
to = "udp://127.0.0.1:{cot}"
[[output]]
kind = "webhook"
to = "http://127.0.0.1:{http}/hook"
[[output]]
kind = "mail"
server = "smtp+plain://127.0.0.1:{smtp}"
sender = "vigie@example.org"
to = ["duty@example.org"]
"""


class Ears:
    """Receivers of every kind, on ports of their own, and what each heard."""

    def __init__(self) -> None:
        self.heard: dict[str, list[bytes]] = {}
        self.ports: dict[str, int] = {}
        self._sockets: list[socket.socket] = []
        for name in ("udp", "syslog", "influx", "cot"):
            self._listen(name, socket.SOCK_DGRAM)
        self._listen("tcp", socket.SOCK_STREAM)
        ears = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                ears.heard.setdefault("http", []).append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: Any) -> None:
                pass

        self._http = HTTPServer(("127.0.0.1", 0), Hook)
        self.ports["http"] = self._http.server_port
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def _listen(self, name: str, kind: socket.SocketKind) -> None:
        made = socket.socket(socket.AF_INET, kind)
        made.bind(("127.0.0.1", 0))
        self.ports[name], self.heard[name] = made.getsockname()[1], []
        self._sockets.append(made)
        threading.Thread(target=self._hear, args=(name, made, kind), daemon=True).start()

    def _hear(self, name: str, made: socket.socket, kind: socket.SocketKind) -> None:
        try:
            if kind == socket.SOCK_STREAM:
                made.listen()
                made = made.accept()[0]
                self._sockets.append(made)
            while data := made.recv(65536):
                self.heard[name].append(data)
        except OSError:
            return

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        for one in self._sockets:
            one.close()


def test_every_output_tells_of_an_alert(tmp_path: Path) -> None:
    pytest.importorskip("aiosmtpd")
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Sink

    class Keeper(Sink):
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
            ears.heard.setdefault("smtp", []).append(envelope.content)
            return "250 kept"

    ears = Ears()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ears.ports["smtp"] = free.getsockname()[1]
    mail = Controller(Keeper(), hostname="127.0.0.1", port=ears.ports["smtp"])
    mail.start()
    config = tmp_path / "station.toml"
    text = CONFIG.format(**ears.ports)
    broker = None
    mosquitto = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
    if mosquitto:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (tmp_path / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        broker = subprocess.Popen([mosquitto, "-c", str(tmp_path / "mosquitto.conf")], stderr=subprocess.DEVNULL)
        text += f'[[output]]\nkind = "mqtt"\nto = "mqtt://127.0.0.1:{port}"\n'
    config.write_text(text)
    service = subprocess.Popen([sys.executable, "-m", "vigie", "run", str(config)], stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout is not None
        url = next(found[1] for line in service.stdout if (found := re.search(r"at (http://\S+?),", line)))
        line = {
            "hex": HEX,
            "time": "2026-11-22T06:00:00Z",
            "frequency_hz": 406.031e6,
            "cn0_dbhz": 40.5,
            "source": "roof",
        }
        httpx.post(f"{url}/api/detections", content=json.dumps(line)).raise_for_status()

        def all_told() -> bool:
            told = httpx.get(f"{url}/healthz").json()
            return all(output["seq"] == told["seq"] for output in told["outputs"])

        until(all_told)
        until(lambda: all(ears.heard.get(name) for name in ears.ports))
        until(lambda: httpx.get(f"{url}/healthz").json()["seq"] > 0 and all_told())
        states = {output["name"]: output["state"] for output in httpx.get(f"{url}/healthz").json()["outputs"]}
        assert set(states.values()) == {"working"}, states
        own = httpx.get(f"{url}/api/alerts").json()["alerts"][0]["hex_id"]
        for name in ("all.txt", "all.jsonl", "all.csv", "alerts.geojson", "alerts.kml"):
            until(lambda path=tmp_path / name: own in path.read_text())
        for name, heard in ears.heard.items():
            assert own in b"".join(heard).decode().replace("=\r\n", ""), name
        ElementTree.fromstring((tmp_path / "alerts.kml").read_text())
        assert json.loads((tmp_path / "alerts.geojson").read_text())["features"]
        assert ears.heard["syslog"][0].startswith(b"<130>1 ")
        assert any(point.startswith(b"vigie_alert,") for point in ears.heard["influx"])
        assert f"{url}/api/alerts.kml" in httpx.get(f"{url}/api/network.kml").text
        assert "vigie_" in httpx.get(f"{url}/metrics").text
    finally:
        service.send_signal(signal.SIGINT)
        service.communicate(timeout=30)
        mail.stop()
        ears.close()
        if broker:
            broker.kill()
            broker.wait()
