"""A real service on a free loopback port, which can be stopped and started again; how to start the browser."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import uvicorn

from vigie.evidence import Evidence
from vigie.links.traffic import Plan
from vigie.records import Record
from vigie.service import Service
from vigie.store.journal import Journal
from vigie.web.app import create_app
from vigie.web.door import Door
from vigie.web.hub import Hub
from vigie.web.server import options

if TYPE_CHECKING:
    from playwright.sync_api import Page

DESK = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
Open = Callable[..., AbstractContextManager["Page"]]
"""opens the page: see the fixture ``look``"""
CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class Station:
    """A journal with a service in front of it, which can be stopped and started again."""

    def __init__(
        self, file: Path, port: int = 0, door: Door | None = None, plan: Plan | None = None, **joined: Any
    ) -> None:
        """``joined``: more of a service, such as its sources, its centre and its orbits."""
        self.file, self.joined = file, joined
        self.door, self.plan = door or Door(), plan or Plan()
        self.port = port
        self.service: Service | None = None
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.door.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> Station:
        bound = socket.socket()
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", self.port))
        self.port = bound.getsockname()[1]
        service = self.service = Service(Journal.open(str(self.file)), Hub(), plan=self.plan, **self.joined)
        service.traffic.start(service.stop)
        app = create_app(
            service.journal, service.hub, service.ingest, health=service.health, door=self.door,
            receipts=service.traffic.receipts, order=service.order, evidence=Evidence(service),
        )  # fmt: skip
        self._server = uvicorn.Server(uvicorn.Config(app, **options(self.door)))
        self._thread = threading.Thread(target=self._server.run, args=([bound],), daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        if self._server is None or self._thread is None or self.service is None:
            return
        self.service.hub.close()
        self._server.should_exit = True
        self._thread.join(10)
        self.service.close()
        self._server = None

    def post(self, bodies: Iterable[dict[str, Any]]) -> dict[str, Any]:
        text = "\n".join(json.dumps(body) for body in bodies)
        reply = httpx.post(f"{self.url}/api/detections", content=text, timeout=120)
        assert reply.status_code == 200, reply.text
        told: dict[str, Any] = reply.json()
        return told

    def feed(self, records: Iterable[Record]) -> int:
        assert self.service is not None
        return self.service.chain.feed(list(records))
