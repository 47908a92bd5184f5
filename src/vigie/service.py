"""The whole chain as a service: sources in threads, the book, the journal, outputs and links, and the console.

A source that fails says why, in words, on the log and in ``/healthz``, and stops none of the others.
"""

from __future__ import annotations

import errno
import gc
import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from vigie import incoming, ingest, sit
from vigie.chain import Chain
from vigie.errors import ConfigError, InputError, VigieError
from vigie.instants import Instant, after, seconds_past
from vigie.links.traffic import Plan, Traffic
from vigie.records import Burst, Detection, Order, Record, Samples, Solution, Tick
from vigie.stages import DOPPLER_HZ
from vigie.store import rows as forms
from vigie.store.journal import Journal, Row

if TYPE_CHECKING:
    from vigie.centre import Settings
    from vigie.enquiries import Enquiries
    from vigie.live.feed import Feed
    from vigie.locating import Locator
    from vigie.orbit.ephemeris import Orbits
    from vigie.signal.band import Band
    from vigie.signal.recording import Wanted
    from vigie.snippets import Keeper
    from vigie.web.door import Door

_log = logging.getLogger(__name__)
TICK_LAG_S = 5.0
"""a tick names the time this far back: a burst is whole, found and decoded well within it"""
_BACKLOG_S = 2.7
STOP_S = 1.5
"""how long open pages and sources get to end"""


@dataclass
class Source:
    """Something that delivers samples, and how it fares."""

    name: str
    samples: Callable[[], Iterable[Samples]]
    exercise: bool = False
    live: bool = False
    """its samples come at the pace of the clock; ticks run while a service has such a source"""
    speed: float | None = None
    """times real time at which the samples are let through; None: as fast as they come"""
    backlog_s: float = 0.0
    """length of the samples that are there at once, as in the buffer of a radio"""
    state: str = "waiting"
    """waiting, receiving, ended or failed"""
    error: str | None = None
    bursts: int = 0
    detections: int = 0
    time_known: bool = True
    lag_s: float = 0.0
    """how far the last block was behind its time, at the pace asked for"""
    feed: Feed | None = None
    """of a radio: its connection"""
    bands: Sequence[Band] = ()
    """only these parts of what is sampled"""
    keeper: Keeper | None = None
    """where the samples of its bursts are kept"""
    satellite: str = ""
    """whose channel it is; empty: what a station on the ground hears"""
    doppler_hz: float | None = DOPPLER_HZ
    """how far from 406.05 MHz second-generation bursts are looked for; None: they are not"""

    @property
    def now(self) -> str:
        """How it stands: as ``state``, and for a radio whether it is connecting, silent or lost."""
        return self.feed.state if self.feed and self.state == "receiving" else self.state

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        told: dict[str, Any] = {
            "name": self.name,
            "state": self.now,
            "error": self.error or (self.feed.error if self.feed else None),
            "exercise": self.exercise,
            "bursts": self.bursts,
            "detections": self.detections,
            "unread_bursts": self.bursts - self.detections,
            "time_known": self.time_known,
            "lag_s": round(self.lag_s, 3),
        }
        if self.feed is not None:
            told["radio"] = {key: value for key, value in self.feed.health().items() if key not in ("state", "error")}
        if self.keeper is not None:
            told["snippets"] = {"written": self.keeper.written, "failed": self.keeper.failed}
        return told

    def records(self, stop: threading.Event) -> Iterator[Record]:
        """What the receiver finds in the samples: bursts, and detections marked with this source."""
        from vigie import stages

        found = self._bursts(stop)
        for record in stages.detections(found, source=self.name, exercise=self.exercise):
            if isinstance(record, Burst):
                self.bursts += 1
            elif isinstance(record, Detection):
                self.detections += 1
                record = record if self.time_known else replace(record, time_known=False)
                if self.satellite:
                    record = replace(record, satellite=self.satellite, at="satellite")
            yield record

    def _bursts(self, stop: threading.Event) -> Iterator[Record]:
        """The bursts in its bands, each with the path of its samples when they are kept."""
        from vigie import stages
        from vigie.signal import band

        samples: Iterable[Record] = band.cut(self._paced(stop), self.bands)
        if self.keeper is None:
            return stages.bursts(samples, doppler_hz=self.doppler_hz)
        return self.keeper.keep(stages.bursts(self.keeper.recent.watch(samples), doppler_hz=self.doppler_hz))

    def close(self) -> None:
        """Let go of what it reads from."""
        if self.feed is not None:
            self.feed.close()

    def _paced(self, stop: threading.Event) -> Iterator[Samples]:
        """The samples at the pace asked for, each with a time: its own, or that of this clock at reading."""
        began, sent_s, opened = time.monotonic() - self.backlog_s, 0.0, ingest.now()
        for block in self.samples():
            if block.start is None:
                self.time_known = False
                block = replace(block, start=after(opened, block.first / block.rate_hz))
            sent_s += len(block.iq) / block.rate_hz
            if self.speed is not None:
                wait_s = began + sent_s / self.speed - time.monotonic()
                self.lag_s = max(-wait_s, 0.0)
                if wait_s > 0:
                    stop.wait(wait_s)
            if stop.is_set():
                return
            yield block


def _warm_up() -> None:
    """Have the receiver's loops compiled before the first burst comes; without it, that burst is told late."""
    from vigie.signal.warm import warm_up

    began = time.monotonic()
    try:
        warm_up()
    except OSError as error:  # a cache that cannot be written: the loops are compiled when they are needed
        _log.warning("the receiver could not be made ready: %s", error)
    else:
        _log.info("the receiver is ready after %.1f s", time.monotonic() - began)


@dataclass
class Told(Source):
    """Messages that others received, each let through when it is due."""

    messages: Callable[[], Iterable[tuple[Instant, Detection]]] = tuple

    def records(self, stop: threading.Event) -> Iterator[Record]:
        """The messages, marked with this source."""
        for due, detection in self.messages():
            stop.wait(max(seconds_past(due, ingest.now()), 0.0))
            if stop.is_set():
                return
            self.bursts += 1
            self.detections += 1
            yield replace(detection, exercise=self.exercise)


def recording(path: str, speed: float | None = None, wanted: Wanted | None = None) -> Source:
    """A recording, from its file; ``wanted`` says what the file does not.

    Whether it can be read is found out at once; raises RecordingError.
    """
    from vigie.signal import recording as recordings

    opened = recordings.open_recording(path, wanted or recordings.Wanted())
    return Source(path, opened.blocks, speed=speed)


def exercise() -> tuple[list[Source], Orbits]:
    """The sources of the built-in exercise, and its orbits. It began a moment ago, so that the first call is there."""
    from vigie.sim.exercise import Exercise, load

    played = Exercise(load(), lambda: after(ingest.now(), -_BACKLOG_S))
    heard = Source(
        "exercise", played.samples, exercise=True, live=True, speed=1.0, backlog_s=_BACKLOG_S,
        satellite=played.satellite_name, doppler_hz=played.play.reach_hz,
    )  # fmt: skip
    told = Told("exercise, other stations", tuple, exercise=True, live=True, messages=played.messages)
    return [heard, told], played.orbits()


def radio(url: str, speed: float | None = None, wanted: Wanted | None = None) -> Source:
    """A live source by its URL, or a recording by its path. Raises RecordingError and ConfigError."""
    from vigie.live import urls

    if not urls.is_live(url):
        return recording(url, speed, wanted)
    feed = urls.open_feed(url) if wanted is None else urls.open_feed(url, wanted)
    return Source(feed.name, feed.blocks, live=True, feed=feed)


@dataclass
class Service:
    """Sources, chain and what the console is told of them."""

    journal: Journal
    hub: Any
    sources: Sequence[Source] = ()
    stop: threading.Event = field(default_factory=threading.Event)
    plan: Plan = field(default_factory=Plan)
    """outputs, links and exchanges"""
    centre: Settings | None = None
    """who sends messages; None: a station that belongs to no centre"""
    orbits: Sequence[Path] | Orbits = ()
    """orbits, or files of them; with them, what names its satellite is located"""
    live: bool = False
    """the clock runs without a live source too: at a centre, to which others deliver"""

    def __post_init__(self) -> None:
        network = self.centre.network if self.centre else None
        self.unread = 0
        """messages from other centres that told of no detection that could be read: they are in the ledger"""
        self.locator: Locator | None = None
        if self.orbits:
            from vigie.locating import Locator

            clock = self._clock if self._is_live() else None
            source = network.own if network else ""
            self.locator = Locator(self.orbits, self.journal, self._found, source=source, clock=clock)
        self.traffic = Traffic(
            self.journal, self.plan, normal=_as_kept, deliver=self._from_broker, take_message=self._from_centre,
            via=network.next_hop if network else lambda name: name,
        )  # fmt: skip
        self.enquiries: Enquiries | None = None
        if self.centre is not None and self.centre.register.outside is not None:
            from vigie.enquiries import Enquiries

            self.enquiries = Enquiries(self.centre.register, self.journal.note, self._publish)
        self.chain = Chain(self.journal, self._publish, self.centre)
        self._threads: list[threading.Thread] = []

    def _publish(self, row: Row) -> None:
        self.hub.publish(row)
        self.traffic.publish(row)
        if self.enquiries is not None:
            self.enquiries.publish(row)
        if self.locator is not None:
            self.locator.wake()

    def start(self) -> None:
        """Start a thread for each source, and one for the ticks; the receiver is made ready while they connect."""
        if self.sources:
            threading.Thread(target=_warm_up, name="warm-up", daemon=True).start()
        for source in self.sources:
            self._run(f"source {source.name}", self._receive, source)
        self._run("ticks", self._tick)
        if self.locator is not None:
            self._run("locator", self.locator.run, self.stop)
        if self.enquiries is not None:
            self._run("register", self.enquiries.run, self.stop)
        self.traffic.start(self.stop)

    def _run(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _receive(self, source: Source) -> None:
        source.state = "receiving"
        try:
            for record in source.records(self.stop):
                if isinstance(record, Detection):
                    self.chain.offer([record])
        except VigieError as error:
            source.state, source.error = "failed", str(error)
            _log.error("%s: %s", source.name, error)
        except Exception as error:  # a fault of ours in one source must not silence the others, and must be seen
            source.state, source.error = "failed", f"the receiver failed: {type(error).__name__}: {error}"
            _log.exception("%s: the receiver failed", source.name)
        else:
            source.state = "ended"
            if not self.stop.is_set():
                _log.info("%s: ended, %d messages in %d bursts", source.name, source.detections, source.bursts)

    def _tick(self) -> None:
        live = self._is_live()
        while not self.stop.wait(1.0):
            self.chain.offer([Tick(self._clock())] if live else [])

    def _is_live(self) -> bool:
        return self.live or any(source.live for source in self.sources)

    @staticmethod
    def _clock() -> Instant:
        """An instant before which nothing is still to come from a receiver."""
        return after(ingest.now(), -TICK_LAG_S)

    def ingest(self, lines: Sequence[Any]) -> Any:
        """Take posted detections (``web.api.Line``): on disk when this returns. Raises StoreError: none was taken."""
        (taken,) = self.ingest_all([lines])
        if isinstance(taken, Exception):
            raise taken
        return taken

    def ingest_all(self, posts: Sequence[Sequence[Any]]) -> list[Any]:
        """What ``ingest`` gives for each of these posts, or the error it raises: written together."""
        from vigie.web.api import Refusal, Taken

        read: list[list[Record]] = []
        refused: list[list[Refusal]] = []
        for lines in posts:
            records, faults = list[Record](), list[Refusal]()
            for line in lines:
                try:
                    records.append(ingest.detection(line.body))
                except InputError as error:
                    faults.append(Refusal(line.number, str(error), error.kind))
            read.append(records)
            refused.append(faults)
        written = iter(self.chain.feed_all([records for records in read if records]))
        told = [next(written) if records else 0 for records in read]
        return [
            seq if isinstance(seq, Exception) else Taken(len(records), seq, faults)
            for records, seq, faults in zip(read, told, refused, strict=True)
        ]

    def _from_broker(self, numbers: Sequence[int], bodies: Sequence[Mapping[str, Any]]) -> Any:
        from vigie.web.api import Line

        return self.ingest([Line(number, dict(body)) for number, body in zip(numbers, bodies, strict=True)])

    def _found(self, solutions: Sequence[Solution]) -> None:
        self.chain.feed(solutions)

    def _from_centre(self, partner: str, text: str) -> None:
        """Take what another centre says; its ledger has it, so what cannot be read is kept too. Raises StoreError."""
        training = self.centre is not None and self.centre.centre.training
        try:
            for first_line, part in sit.split(text):
                message = sit.parse(part, first_line)
                found = incoming.records(message, exercise=training or incoming.is_exercise(message))
                if news := [one for one in found if not self._known(one)]:
                    self.chain.feed(news)
                if not found:
                    self.unread += 1
                    _log.info("a message of %s tells of no detection: %s", partner, part.strip()[:60])
        except InputError as error:
            self.unread += 1
            _log.error("a message of %s cannot be read, and stays in the ledger: %s", partner, error)

    def _known(self, record: Record) -> bool:
        """Whether the journal has a position already: a centre repeats messages. Detections are told by their keys."""
        if not isinstance(record, Solution):
            return False
        _, kind, beacon, body = forms.from_record(record)
        made = forms.as_json(body)
        return any(row.body == made for row in self.journal.rows(kinds=(kind,), beacon=beacon))

    def order(self, order: Order) -> int:
        """What a duty officer decided, on disk when this returns; the seq of the last row. Raises StoreError."""
        return self.chain.feed([order])

    def health(self) -> dict[str, Any]:
        """How the service fares, in words where something is wrong."""
        fault, waiting = self.chain.fault, len(self.chain.waiting)
        failed = [source.name for source in self.sources if source.now in ("failed", "lost", "silent")]
        return {
            "status": "failing" if fault else "degraded" if failed or self._troubled() else "ok",
            "sources": [source.health() for source in self.sources],
            "store": {"name": self.journal.name, "fault": fault, "waiting": waiting},
            **({"locator": self.locator.health()} if self.locator else {}),
            **({"register": self.enquiries.health()} if self.enquiries else {}),
            **({"unwritten_messages": self.chain.unwritten} if self.centre else {}),
            **({"unread_messages": self.unread} if self.plan.exchanges else {}),
            **self.traffic.health(),
        }

    def _troubled(self) -> bool:
        lost = self.locator is not None and self.locator.error is not None
        return lost or self.chain.unwritten > 0 or self.traffic.troubled()

    def close(self) -> list[Record]:
        """Stop the sources, close the journal; what could not be written, in order (else empty)."""
        self.stop.set()
        for source in self.sources:
            source.close()
        if self.locator is not None:
            self.locator.wake()
        until = time.monotonic() + STOP_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        left = [] if self.chain.offer([]) else self.chain.waiting
        self.traffic.close(until)
        self.journal.close()
        return left


def _as_kept(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body of the journal row that a delivered detection becomes."""
    return forms.as_json(forms.detection_body(ingest.detection(body)))


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to an address and a port (0: any free one). Raises ConfigError.

    Whether that is safe is the business of ``web.door.Door.open``, to be called first.
    """
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ConfigError(f"--host {host!r} is no IP address") from None
    bound = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((str(address), port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(f"port {port} is in use: give another with --port, or 0 for any free one") from None
        raise ConfigError(f"{host} port {port} cannot be used: {error.strerror or error}") from None
    return bound


def url_of(bound: socket.socket, door: Door | None = None) -> str:
    """The address of the console: by its first name, where it has one."""
    host, port = bound.getsockname()[:2]
    secure = door is not None and door.tls is not None
    if door is not None and door.settings.hosts:
        host = door.settings.hosts[0]
    elif host in ("0.0.0.0", "::"):
        host = "127.0.0.1"  # the one name that is sure to be answered: see --name
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"


def serve(
    service: Service, bound: socket.socket, ready: Callable[[], None] = lambda: None, *, door: Door | None = None
) -> list[Record]:
    """Run until SIGINT or SIGTERM, then stop within 3 s; what could not be journalled, in order (else empty).

    Called in the main thread. ``ready`` is called once the console answers. ``door``: who may come in; it is closed.
    """
    import uvicorn

    from vigie.evidence import Evidence
    from vigie.web.app import create_app
    from vigie.web.door import Door
    from vigie.web.server import options

    door = door or Door()
    app = create_app(
        service.journal, service.hub, service.ingest, health=service.health, door=door,
        receipts=service.traffic.receipts, order=service.order, ingest_all=service.ingest_all,
        evidence=Evidence(service),
    )  # fmt: skip
    config = uvicorn.Config(app, **options(door))

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            self.force_exit, self.should_exit = self.should_exit, True

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            service.stop.set()
            service.hub.close()
            await super().shutdown(sockets)

    gc.collect()
    gc.freeze()  # a collection would look through all modules and the whole book, and hold up answers by 0.2 s
    service.start()
    try:
        Server(config).run(sockets=[bound])
    finally:
        left = service.close()
        door.close()
    return left
