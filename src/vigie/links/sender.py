"""From a spool to a centre: sent in order, kept until the centre has it on disk, sent again after any failure."""

from __future__ import annotations

import http.client
import json
import logging
import random
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from vigie import __version__
from vigie.errors import ConfigError, StoreError
from vigie.links.settings import Link, secret
from vigie.links.spool import Item, Spool, SpoolFullError

_log = logging.getLogger(__name__)
BATCH = 100
"""detections in one message"""
WINDOW = 4
"""messages under way without an answer: more would only fill the buffers between"""
ANSWER_S = 30.0
"""a centre that answers nothing for so long is taken for dead"""
RETRY_S = (0.5, 30.0)
"""first and longest wait before the next attempt"""
AGENT = f"vigie/{__version__}"


class LostError(Exception):
    """The link is gone; ``wait_s``: how long the centre asks for before the next attempt."""

    def __init__(self, words: str, wait_s: float = 0.0) -> None:
        super().__init__(words)
        self.wait_s = wait_s


class Sender:
    """One link of a station, run by a thread."""

    def __init__(self, settings: Link, spool: Spool) -> None:
        """Raises ConfigError for settings that cannot be used."""
        self._url = settings.check()
        self._settings, self.spool = settings, spool
        if self._url.scheme in ("nats", "tls"):
            from vigie.links.broker import check_library

            check_library()
        self._token = secret(settings.token, settings.token_file, "link.token")
        self._tls = _context(settings) if self._url.scheme in ("wss", "https") else None
        self.name = settings.name or str(self._url.hostname)
        self.state, self.error = "waiting", None
        self.sent = self.failures = self.refused = 0
        self._acknowledged: float | None = None
        self._wake = threading.Condition()
        self._stop: threading.Event = threading.Event()

    state: str
    """waiting, connected, failing"""
    error: str | None

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        past = None if self._acknowledged is None else round(time.monotonic() - self._acknowledged, 1)
        return {
            "name": self.name,
            "to": self._settings.to,
            "state": self.state,
            "error": self.error,
            "waiting": self.spool.waiting,
            "sent": self.sent,
            "refused": self.refused,
            "failures": self.failures,
            "acknowledged_s": past,
        }

    def wake(self) -> None:
        """Something has been put into the spool."""
        with self._wake:
            self._wake.notify_all()

    def run(self, stop: threading.Event, *, until_empty: bool = False) -> None:
        """Deliver until ``stop`` is set, or until nothing waits any more."""
        self._stop = stop
        wait_s = RETRY_S[0]
        ways = {"http": self._post, "https": self._post, "nats": self._nats, "tls": self._nats}
        once = ways.get(self._url.scheme, self._websocket)
        while not stop.is_set() and not (until_empty and not self.spool.waiting):
            sent = self.sent
            try:
                once(until_empty)
                wait_s = RETRY_S[0]
            except (LostError, StoreError) as error:
                self.failures += 1
                if self.error != str(error):
                    _log.warning("link %s: %s; what is received waits in the spool", self.name, error)
                self.state, self.error = "failing", str(error)
                if self.sent > sent:
                    wait_s = RETRY_S[0]
                asked_s = getattr(error, "wait_s", 0.0)
                stop.wait(max(asked_s, wait_s * random.uniform(0.5, 1.0)))
                wait_s = min(wait_s * 2, RETRY_S[1])

    def _live(self) -> None:
        if self.state == "failing":
            _log.info("link %s: connected again, %d waiting", self.name, self.spool.waiting)
        self.state, self.error = "connected", None

    def _done(self, upto: int, refused: list[tuple[int, str]]) -> None:
        self.sent += self.spool.done(upto, refused)
        self.refused += len(refused)
        self._acknowledged = time.monotonic()
        for n, why in refused:
            _log.warning(
                "link %s: the centre refused detection %d: %s (kept in %s)", self.name, n, why, self.spool.file
            )

    # one WebSocket

    def _websocket(self, until_empty: bool) -> None:
        from websockets.exceptions import InvalidStatus, WebSocketException
        from websockets.sync.client import connect

        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        url = f"{self._settings.to.rstrip('/')}/api/link"
        try:
            with connect(
                url, ssl=self._tls, additional_headers=headers, user_agent_header=AGENT, open_timeout=10,
                close_timeout=2, max_size=2**22, proxy=None,
            ) as socket:  # fmt: skip
                socket.send(json.dumps({"type": "hello", "sender": self.spool.sender, "protocol": 1}))
                welcome = self._read(socket.recv(timeout=ANSWER_S))
                if welcome.get("type") != "welcome":
                    raise LostError(f"it is no Vigie centre: {str(welcome)[:100]}")
                self._done(int(welcome["last"]), [])  # the answer to these was lost, they were not
                self._live()
                _Flow(self, socket, int(welcome["last"])).run(until_empty)
        except InvalidStatus as error:
            code = error.response.status_code
            raise LostError(_refusal(code), RETRY_S[1] if code in (401, 403) else 0.0) from None
        except (OSError, WebSocketException, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise LostError(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from None

    @staticmethod
    def _read(data: str | bytes) -> dict[str, Any]:
        value = json.loads(data)
        if not isinstance(value, dict):
            raise LostError("the centre sent what is no message")
        return value

    # POST

    def _post(self, until_empty: bool) -> None:
        while not self._stop.is_set():
            batch = self.spool.batch(limit=BATCH)
            if not batch:
                if until_empty:
                    return
                with self._wake:
                    if not self.spool.waiting:
                        self._wake.wait(0.5)
                continue
            runs = _consecutive(batch)
            self._post_one(runs)

    def _post_one(self, batch: list[Item]) -> None:
        headers = {
            "Content-Type": "application/x-ndjson",
            "User-Agent": AGENT,
            "Vigie-Sender": self.spool.sender,
            "Vigie-First": str(batch[0].n),
        }
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self._settings.to.rstrip('/')}/api/detections"
        data = "\n".join(item.body for item in batch).encode()
        request = urllib.request.Request(url, data, headers, method="POST")
        handlers: list[Any] = [urllib.request.ProxyHandler({}), _NoRedirect()]
        if self._tls is not None:
            handlers.append(urllib.request.HTTPSHandler(context=self._tls))
        try:
            with urllib.request.build_opener(*handlers).open(request, timeout=ANSWER_S) as reply:
                status, told = reply.status, json.loads(reply.read(1_000_000))
        except urllib.error.HTTPError as error:
            with error:
                status, told = error.code, _json(error.read(1_000_000))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise LostError(f"{type(error).__name__}: {error}") from None
        if not isinstance(told, dict) or "accepted" not in told or status not in (200, 400):
            words = _refusal(status) if status in (401, 403) else f"the centre answered {status}: {str(told)[:200]}"
            raise LostError(words, RETRY_S[1] if status in (401, 403) else 0.0)
        refused = [(batch[0].n + item["line"] - 1, str(item["message"])) for item in told.get("errors", ())]
        self._live()
        self._done(batch[-1].n, refused)

    # NATS

    def _nats(self, until_empty: bool) -> None:
        from vigie.links.broker import publish

        def batch() -> list[Item]:
            items = self.spool.batch(limit=BATCH)
            if not items and not until_empty:
                with self._wake:
                    if not self.spool.waiting:
                        self._wake.wait(0.5)
            return items

        def done(upto: int) -> None:
            self._live()
            if upto:
                self._done(upto, [])

        def more() -> bool:
            return not self._stop.is_set() and not (until_empty and not self.spool.waiting)

        try:
            publish(self._settings, self.spool.sender, self._token, batch, done, more)
        except OSError as error:
            raise LostError(f"{error}") from None


class _Flow:
    """What is under way on one WebSocket: this thread sends, another reads the answers."""

    def __init__(self, sender: Sender, socket: Any, last: int) -> None:
        self._sender, self._socket, self._last = sender, socket, last
        self._under_way: list[int] = []
        self._faults: list[Exception] = []
        self._heard = time.monotonic()

    def run(self, until_empty: bool) -> None:
        sender, wake = self._sender, self._sender._wake
        reader = threading.Thread(target=self._listen, name=f"link {sender.name}, answers", daemon=True)
        reader.start()
        try:
            while not sender._stop.is_set():
                if self._faults:
                    raise self._faults[0]
                batch = [] if len(self._under_way) >= WINDOW else sender.spool.batch(self._last, BATCH)
                if batch:
                    self._send(_consecutive(batch))
                    continue
                if until_empty and not sender.spool.waiting:
                    return
                with wake:
                    if self._under_way and time.monotonic() - self._heard > ANSWER_S:
                        raise LostError(f"the centre has not answered for {ANSWER_S:.0f} s")
                    waiting = sender.spool.waiting > 0 and not self._under_way
                    if not self._faults and not waiting:
                        wake.wait(0.5)
        finally:
            self._socket.close()
            reader.join(3.0)

    def _send(self, batch: list[Item]) -> None:
        bodies = ",".join(item.body for item in batch)
        with self._sender._wake:
            if not self._under_way:
                self._heard = time.monotonic()
            self._under_way.append(batch[-1].n)
        self._socket.send(f'{{"type":"deliver","first":{batch[0].n},"detections":[{bodies}]}}')
        self._last = batch[-1].n

    def _listen(self) -> None:
        sender = self._sender
        try:
            for data in self._socket:
                answer = sender._read(data)
                if answer.get("type") == "wait":
                    raise LostError(f"the centre cannot take it now: {answer.get('message')}", float(answer["seconds"]))
                if answer.get("type") == "ack":
                    refused = [(int(item["n"]), str(item["message"])) for item in answer["refused"]]
                    sender._done(int(answer["upto"]), refused)
                    with sender._wake:
                        if self._under_way:
                            self._under_way.pop(0)
                        self._heard = time.monotonic()
                        sender._wake.notify_all()
            fault: Exception = LostError("the centre has closed the link")
        except (LostError, StoreError) as error:
            fault = error
        except Exception as error:  # whatever else it is, the link must not look alive
            fault = LostError(f"{type(error).__name__}: {error}")
        with sender._wake:
            self._faults.append(fault)
            sender._wake.notify_all()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A token is never carried to another address."""

    def redirect_request(self, *arguments: Any) -> None:
        return None


def _consecutive(batch: list[Item]) -> list[Item]:
    """The first items whose numbers follow one another."""
    for index, item in enumerate(batch):
        if item.n != batch[0].n + index:
            return batch[:index]
    return batch


def _refusal(code: int) -> str:
    if code in (401, 403):
        return f"the centre refuses the token ({code}): make one there with 'vigie users token NAME'"
    return f"the centre answered {code}"


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")


def _context(settings: Link) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"link.ca {settings.ca} cannot be read: {error}") from None


def spool_name(to: str) -> str:
    """A file name for the spool of this destination."""
    parts = urlsplit(to)
    return (
        "spool-"
        + "".join(sign if sign.isalnum() else "-" for sign in f"{parts.hostname}-{parts.port or ''}").strip("-")
        + ".sqlite"
    )


class Pump:
    """From the journal into the spool: what the station received, once each, however often either is restarted."""

    def __init__(self, rows: Callable[[int, int], list[Any]], last_seq: Callable[[], int], sender: Sender,
                 wanted: Callable[[Any], bool]) -> None:  # fmt: skip
        """``rows(after, limit)`` gives journal rows of detections; ``wanted`` says which of them go out."""
        self._rows, self._sender, self._wanted = rows, sender, wanted
        cursor = sender.spool.cursor
        if cursor is None:
            cursor = last_seq()  # a link begins with what is received from now on
            sender.spool.put([], cursor)
        self._cursor = cursor
        self.full = False
        self.fault: str | None = None

    def step(self, limit: int = 500) -> bool:
        """Put the next rows into the spool; False when there are none, or no place for them."""
        rows = self._rows(self._cursor, limit)
        self.fault = None
        if not rows:
            return False
        bodies = [json.dumps(row.body, separators=(",", ":")) for row in rows if self._wanted(row)]
        try:
            self._sender.spool.put(bodies, rows[-1].seq)
        except StoreError as error:
            if len(rows) > 1:
                return self.step(max(limit // 10, 1))
            self.full, self.fault = isinstance(error, SpoolFullError), str(error)
            return False
        self._cursor, self.full = rows[-1].seq, False
        self._sender.wake()
        return True
