"""Detections shared by several workers through NATS JetStream (extra ``nats``): published once, taken once.

The stream ``STREAM`` holds every detection under ``STREAM.detections.P``, P being the part of its beacon: a digest of
the beacon's identity, modulo the number of parts. A worker takes some of the parts, so all that is known of one beacon
is in one book. Where a worker stands is its own knowledge, kept beside its journal and written after it: the broker's
acknowledgements are not relied on, and whatever happens to the broker's consumers, a worker reads on from there.

What is not done: a message whose identity cannot be trusted goes to the part of its bits, so it is not compared with
the beacons of other parts.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import threading
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from vigie.errors import ConfigError, StoreError
from vigie.links.receipts import Receipts, Station
from vigie.links.settings import Broker, Link, loopback, secret, url_of

_log = logging.getLogger(__name__)
BATCH = 200
RETRY_S = 1.0
ANSWER_S = 10.0
SCHEMES = ("nats", "tls")
KEPT_S = 30 * 86400.0
"""how long the stream keeps detections: a worker that was away longer has missed some, and says so"""
SAME_S = 3600.0
"""a delivery that comes again within this time is known by the broker already"""


def part_of(body: Mapping[str, Any], parts: int) -> int:
    """The part of a detection: of its beacon, or of its bits where the identity is not to be trusted."""
    message = body.get("message")
    identity = message.get("hex_id") if isinstance(message, dict) else None
    key = identity or body.get("hex") or body.get("hex_received") or ""
    return zlib.crc32(str(key).encode()) % parts


def check_library() -> None:
    """Raise ConfigError without nats-py."""
    if importlib.util.find_spec("nats") is None:
        raise ConfigError("NATS needs nats-py: pip install 'vigie[nats]'")


async def connected(servers: Sequence[str], token: str | None, ca: str | None, name: str, **more: Any) -> Any:
    """A connection to the broker; when it breaks, the caller begins anew."""
    import nats

    options: dict[str, Any] = {"name": name, "allow_reconnect": False, "connect_timeout": 5, **more}
    if token:
        options["token"] = token
    if any(server.startswith("tls:") for server in servers):
        import ssl

        options["tls"] = ssl.create_default_context(cafile=ca)
    return await nats.connect(list(servers), error_cb=_quiet, **options)


async def _quiet(error: Exception) -> None:
    _log.debug("nats: %s", error)


async def stream_of(jetstream: Any, name: str) -> Any:
    """The stream, made if it is not there: on disk, every detection once."""
    from nats.js.api import DiscardPolicy, StorageType, StreamConfig
    from nats.js.errors import NotFoundError

    try:
        return await jetstream.stream_info(name)
    except NotFoundError:
        config = StreamConfig(
            name=name, subjects=[f"{name}.detections.*"], storage=StorageType.FILE, discard=DiscardPolicy.NEW,
            max_age=KEPT_S, duplicate_window=SAME_S,
        )  # fmt: skip
        return await jetstream.add_stream(config)


def publish(
    settings: Link, sender: str, token: str | None, batch: Callable[[], Sequence[Any]], done: Callable[[int], None],
    more: Callable[[], bool],
) -> None:  # fmt: skip
    """Publish items of a spool (``n``, ``body``) until ``more`` says no; each is done when the broker has it on disk.

    Raises OSError when the broker cannot be reached or does not acknowledge.
    """
    asyncio.run(_publish(settings, sender, token, batch, done, more))


async def _publish(
    settings: Link, sender: str, token: str | None, batch: Callable[[], Sequence[Any]], done: Callable[[int], None],
    more: Callable[[], bool],
) -> None:  # fmt: skip
    from nats.errors import Error

    try:
        connection = await connected([settings.to], token, settings.ca, settings.name or "vigie")
        try:
            jetstream = connection.jetstream(timeout=ANSWER_S)
            await stream_of(jetstream, settings.stream)
            done(0)
            while more():
                items = await asyncio.to_thread(batch)
                if not items:
                    if not connection.is_connected:
                        raise OSError("the broker is gone")
                    continue
                answers = []
                for item in items:
                    subject = f"{settings.stream}.detections.{part_of(json.loads(item.body), settings.parts)}"
                    headers = {"Nats-Msg-Id": f"{sender}-{item.n}"}
                    answers.append(jetstream.publish(subject, item.body.encode(), headers=headers))
                for answer in answers:  # one after the other: the order is that of the spool
                    await answer
                done(items[-1].n)
        finally:
            with contextlib.suppress(Error, OSError, asyncio.TimeoutError):
                await connection.close()
    except (Error, TimeoutError) as error:
        raise OSError(f"NATS: {type(error).__name__}: {error}") from None


class Worker:
    """Takes parts of the stream into the service, run by a thread."""

    def __init__(
        self, settings: Broker, receipts: Receipts, take: Callable[[Sequence[int], Sequence[Mapping[str, Any]]], Any]
    ) -> None:
        """``take(numbers, bodies)`` returns when they are on disk, or raises StoreError. Raises ConfigError."""
        check_library()
        for server in settings.servers:
            url = url_of(server, SCHEMES, "broker.servers")
            if settings.token and url.scheme != "tls" and not (settings.insecure or loopback(url.hostname)):
                raise ConfigError(f"broker.servers {server}: the token would cross the network unencrypted: use tls://")
        self.parts = settings.take if settings.take is not None else tuple(range(settings.parts))
        if not settings.servers or not all(0 <= part < settings.parts for part in self.parts):
            raise ConfigError(f"broker.take: parts are numbered 0 to {settings.parts - 1}")
        self._settings, self._receipts, self._take = settings, receipts, take
        self._token = secret(settings.token, settings.token_file, "broker.token")
        self.name, self.state, self.error = settings.name, "waiting", None
        self.failures = self.received = self.expired = 0

    state: str
    error: str | None

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        names = ("name", "state", "error", "failures", "received", "expired")
        return {**{name: getattr(self, name) for name in names}, "parts": list(self.parts)}

    def run(self, stop: threading.Event) -> None:
        """Take until ``stop`` is set."""
        while not stop.is_set():
            try:
                asyncio.run(self._run(stop))
            except Exception as error:  # whatever the library raises, a worker must not be silent, and goes on
                words = f"{type(error).__name__}: {error}"
                self.failures += 1
                if words != self.error:
                    _log.warning("broker %s: %s; it goes on from where the journal stands", self.name, words)
                self.state, self.error = "failing", words
                stop.wait(RETRY_S)

    async def _run(self, stop: threading.Event) -> None:
        settings = self._settings
        connection = await connected(settings.servers, self._token, settings.ca, settings.name)
        try:
            jetstream = connection.jetstream(timeout=ANSWER_S)
            info = await stream_of(jetstream, settings.stream)
            self.state, self.error = "connected", None
            made, oldest = str(info.created), int(info.state.first_seq)
            async with asyncio.TaskGroup() as group:
                for part in self.parts:
                    station = self._receipts.station(f"{settings.stream}/{part}@{made}", f"{settings.stream}/{part}")
                    if 0 < station.last < oldest - 1:
                        self.expired = oldest - 1 - station.last
                        words = "broker %s, part %d: away too long, up to %d detections of all parts are gone"
                        _log.error(words, self.name, part, self.expired)
                    group.create_task(self._part(connection, jetstream, part, station, stop))
        except* StoreError as several:
            raise several.exceptions[0] from None
        except* Exception as several:
            raise OSError(str(several.exceptions[0]) or type(several.exceptions[0]).__name__) from None
        finally:
            with contextlib.suppress(Exception):
                await connection.close()

    async def _part(self, connection: Any, jetstream: Any, part: int, station: Station, stop: threading.Event) -> None:
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        name = self._settings.stream
        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=station.last + 1,
            ack_policy=AckPolicy.EXPLICIT, inactive_threshold=60.0,
        )  # fmt: skip
        subscription = await jetstream.pull_subscribe(f"{name}.detections.{part}", stream=name, config=config)
        expected = 1
        while not stop.is_set():
            if not connection.is_connected:
                raise OSError("the broker is gone")
            try:
                messages = await subscription.fetch(BATCH, timeout=1.0)
            except TimeoutError:
                continue
            places = [message.metadata.sequence.consumer for message in messages]
            if places != list(range(expected, expected + len(messages))):
                raise OSError(f"part {part}: messages were left out on the way: read again")
            await asyncio.to_thread(self._deliver, station, messages)
            for message in messages:
                await message.ack()
            expected += len(messages)

    def _deliver(self, station: Station, messages: Sequence[Any]) -> None:
        numbers, bodies = [], []
        for message in messages:
            number = message.metadata.sequence.stream
            try:
                body = json.loads(message.data)
            except ValueError:
                body = None
            numbers.append(number)
            bodies.append(body if isinstance(body, dict) else {})  # refused in words by whoever reads it
        _, taken = self._receipts.deliver(
            station, numbers[0], bodies,
            lambda new: self._take([numbers[index] for index in new], [bodies[index] for index in new]),
            numbers=numbers,
        )  # fmt: skip
        for item in getattr(taken, "refused", ()):
            station.refused += 1
            _log.warning("broker %s: detection %d was refused: %s", self.name, item.line, item.message)
        self.received += len(numbers)
