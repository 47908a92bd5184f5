"""All that leaves and enters a running service besides its own receivers: outputs, links, what stations delivered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vigie.errors import ConfigError, StoreError
from vigie.links.receipts import RECENT, Receipts
from vigie.links.settings import (
    AnyOutput,
    Broker,
    Cot,
    Csv,
    Exchange,
    GeoJson,
    Influx,
    JsonLines,
    Kml,
    Link,
    Mail,
    Mqtt,
    Syslog,
    Text,
    Webhook,
)

if TYPE_CHECKING:
    from vigie.links.broker import Worker
    from vigie.links.courier import Courier
    from vigie.links.exchange import Desk
    from vigie.links.ledger import Ledger
    from vigie.links.outputs import Marks, Recent, Runner, Sink
    from vigie.links.sender import Pump, Sender
    from vigie.store.journal import Journal, Row


@dataclass(frozen=True)
class Plan:
    """What a configuration asks for."""

    outputs: Sequence[AnyOutput] = ()
    links: Sequence[Link] = ()
    exchanges: Sequence[Exchange] = ()
    brokers: Sequence[Broker] = ()


def folder_of(journal: Journal) -> Path | None:
    """The folder for what belongs to a journal; None for one in memory."""
    if ":memory:" in journal.name or journal.name in ("", "sqlite://"):
        return None
    if "://" in journal.name:  # on a server: by its name, in the user's data
        import platformdirs

        name = "".join(sign if sign.isalnum() else "-" for sign in journal.name)
        return platformdirs.user_data_path("vigie", appauthor=False) / f"{name}-links"
    return Path(f"{journal.name}-links")


@dataclass
class Traffic:
    """Outputs and links of a service, at work between ``start`` and ``close``."""

    journal: Journal
    plan: Plan = field(default_factory=Plan)
    own: Callable[[str], bool] = lambda source: "/" not in source
    """whether a source is one of this station's own"""
    normal: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda body: body
    """makes the body of a journal row of a delivered detection"""

    deliver: Callable[[Sequence[int], Sequence[Mapping[str, Any]]], Any] | None = None
    """takes numbered detections from a broker; returns when they are on disk"""
    take_message: Callable[[str, str], None] | None = None
    """gets each message from another centre (partner, text), which is in the ledger already"""
    via: Callable[[str], str] = lambda name: name
    """the centre through which a destination is reached"""

    def __post_init__(self) -> None:
        folder = folder_of(self.journal)
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"the folder {folder} cannot be made: {error.strerror or error}") from None
        self._folder = folder
        self._threads: list[threading.Thread] = []
        self.senders: list[Sender] = []
        self.runners: list[Runner] = []
        self._pumps: list[Pump] = []
        self.desks: list[Desk] = []
        self.workers: list[Worker] = []
        self._ledgers: list[Ledger] = []
        self.courier: Courier | None = None
        self._recent: Recent | None = None
        self._marks: Marks | None = None
        self.receipts = Receipts(self._file("receipts.sqlite"), self._last_detections, self.normal)
        try:
            self._open_outputs()
            self._open_links()
            self._open_exchanges()
            self._open_brokers()
        except BaseException:
            self.close()
            raise

    def _last_detections(self) -> list[dict[str, Any]]:
        after = max(self.journal.last_seq() - 4 * RECENT, 0)  # about four rows come of a detection
        return [row.body for row in self.journal.rows(after, kinds=("detection",))]

    def _file(self, name: str) -> str:
        return ":memory:" if self._folder is None else str(self._folder / name)

    def _open_outputs(self) -> None:
        if not self.plan.outputs:
            return
        from vigie.links.outputs import Marks, Recent, Runner

        self._recent, self._marks = Recent(), Marks(self._file("outputs.sqlite"))
        for settings in self.plan.outputs:
            sink = sink_of(settings, self.journal, self._marks.origin)
            runner = Runner(settings, sink, self.journal, self._recent, self._marks)
            if any(runner.name == other.name for other in self.runners):
                raise ConfigError(f"there are two outputs named {runner.name!r}: give them names")
            self.runners.append(runner)

    def _open_links(self) -> None:
        if not self.plan.links:
            return
        from vigie.links.sender import Pump, Sender, spool_name
        from vigie.links.spool import Spool

        for settings in self.plan.links:
            file = settings.spool or self._file(spool_name(settings.to))
            if file == ":memory:":
                raise ConfigError("link: a journal in memory has no place for a spool: give link.spool")
            sender = Sender(settings, Spool(file, int(settings.spool_mb * 1e6)))
            self.senders.append(sender)
            self._pumps.append(Pump(self._detections, self.journal.last_seq, sender, self._goes_by(settings)))

    def _open_exchanges(self) -> None:
        for settings in self.plan.exchanges:
            from vigie.links.exchange import Desk
            from vigie.links.ledger import Ledger

            ledger = Ledger(settings.ledger or self._file(f"exchange-{settings.partner}.sqlite"))
            self._ledgers.append(ledger)
            self.desks.append(Desk(settings, ledger, self._message))
        if self.desks:
            from vigie.links.courier import Courier

            self.courier = Courier(self.journal, self.desks, self.via)

    def _open_brokers(self) -> None:
        for settings in self.plan.brokers:
            from vigie.links.broker import Worker

            if self.deliver is None:
                raise ConfigError("broker: there is nobody to deliver to")
            self.workers.append(Worker(settings, self.receipts, self.deliver))

    def _message(self, partner: str, text: str) -> None:
        if self.take_message is not None:
            self.take_message(partner, text)

    def _detections(self, after: int, limit: int) -> list[Row]:
        return self.journal.rows(after, kinds=("detection",), limit=limit)

    def _goes_by(self, settings: Link) -> Callable[[Row], bool]:
        def goes(row: Row) -> bool:
            own = settings.relay or self.own(str(row.body.get("source") or ""))
            return own and (settings.exercise or not row.body.get("exercise"))

        return goes

    def publish(self, row: Row) -> None:
        """A row is on disk. Never waits."""
        if self._recent is not None:
            self._recent.publish(row)
        if row.kind == "detection":
            self._news.set()
        elif row.kind == "sit" and self.courier is not None:
            self.courier.wake()

    _news: threading.Event = field(default_factory=threading.Event)

    def start(self, stop: threading.Event) -> None:
        """A thread for each output and each link."""
        for runner in self.runners:
            self._run(f"output {runner.name}", runner.run, stop)
        for sender in self.senders:
            self._run(f"link {sender.name}", sender.run, stop)
        for worker in self.workers:
            self._run(f"broker {worker.name}", worker.run, stop)
        for desk in self.desks:
            self._run(f"exchange {desk.name}", desk.run, stop)
        if self._pumps:
            self._run("spools", self._pump, stop)
        if self.courier is not None:
            self._run("courier", self.courier.run, stop)

    def _run(self, name: str, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _pump(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self._news.clear()
            moved = False
            for pump in self._pumps:
                try:
                    moved |= pump.step()
                except StoreError as error:  # of the journal: it is in the health of the service already
                    pump.fault = str(error)
            if not moved:
                self._news.wait(0.5)

    def health(self) -> dict[str, Any]:
        """How each output, link and station fares."""
        links = [
            {**sender.health(), "spool_full": pump.full, "spool_fault": pump.fault}
            for sender, pump in zip(self.senders, self._pumps, strict=True)
        ]
        return {
            "outputs": [runner.health() for runner in self.runners],
            "links": links,
            "exchanges": [desk.health() for desk in self.desks],
            **({"messages": self.courier.health()} if self.courier else {}),
            "brokers": [worker.health() for worker in self.workers],
            "stations": self.receipts.health(),
        }

    def troubled(self) -> bool:
        """Whether an output or a link fails."""
        failing = ("failing", "failed")
        states = [*(runner.state for runner in self.runners), *(sender.state for sender in self.senders)]
        states += [desk.state for desk in self.desks] + [worker.state for worker in self.workers]
        lost = self.courier is not None and self.courier.troubled
        return lost or any(state in failing for state in states)

    def close(self, until: float | None = None) -> None:
        """Wait a little for the threads, which have been told to stop, and close the files."""
        import time

        if self._recent is not None:
            self._recent.wake()
        self._news.set()
        for sender in self.senders:
            sender.wake()
        if self.courier is not None:
            self.courier.wake()
        for thread in self._threads:
            thread.join(max(0.0, (until or 0.0) - time.monotonic()))
        for sender in self.senders:
            sender.spool.close()
        for ledger in self._ledgers:
            ledger.close()
        if self._marks is not None:
            self._marks.close()
        self.receipts.close()


def checked(plan: Plan) -> None:
    """Look at everything that can be looked at without connecting to anything. Raises ConfigError."""
    from vigie.links.exchange import check
    from vigie.links.outputs import default_name

    names = [output.name or default_name(output) for output in plan.outputs]
    for index, settings in enumerate(plan.outputs):
        if names[index] in names[:index]:
            raise ConfigError(f"there are two outputs named {names[index]!r}: give them names")
        sink_of(settings, None, "").close()
    for link in plan.links:
        link.check()
    for exchange in plan.exchanges:
        check(exchange)


def sink_of(settings: AnyOutput, journal: Journal | None, origin: str) -> Sink:
    """Where an output writes; without a journal only to see whether it could. Raises ConfigError."""
    from vigie.links import messages, sinks

    match settings:
        case JsonLines() | Text() | Csv() | Syslog() | Influx():
            return sinks.Lines(settings)
        case GeoJson() | Kml():
            return sinks.Whole(settings, cast("Journal", journal))
        case Cot():
            return sinks.CotEvents(settings)
        case Mqtt():
            return messages.MqttTopics(settings)
        case Webhook():
            return messages.WebhookPost(settings, origin)
        case Mail():
            return messages.MailPost(settings, origin)
