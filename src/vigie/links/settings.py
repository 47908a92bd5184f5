"""Settings of links and outputs: the tables ``[[link]]``, ``[[exchange]]`` and ``[[output]]`` of a configuration."""

from __future__ import annotations

import ipaddress
import os
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from vigie.errors import ConfigError


def secret(value: str | None, file: str | None, name: str) -> str | None:
    """A secret: given, in a file of its own, or as ``env:NAME`` in the environment. Raises ConfigError."""
    if file is not None:
        if value is not None:
            raise ConfigError(f"{name} and {name}_file are both given: one of them")
        try:
            value = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name}_file {file} cannot be read: {error}") from None
    if value is not None and value.startswith("env:"):
        found = os.environ.get(value[4:])
        if not found:
            raise ConfigError(f"{name}: there is no {value[4:]} in the environment")
        return found
    return value


def url_of(text: str, schemes: tuple[str, ...], name: str) -> SplitResult:
    """A URL of one of these schemes, with a host. Raises ConfigError."""
    try:
        url = urlsplit(text)
        good = url.scheme in schemes and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        good = False
    if not good:
        raise ConfigError(f"{name}: {text!r} is no address such as {schemes[0]}://centre.example")
    if url.password is not None:
        raise ConfigError(f"{name}: no password in an address, which ends up in logs; there is a setting for it")
    return url


def loopback(host: str | None) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[link]]``: what this station receives goes to a centre."""

    to: str
    """``wss://HOST[:PORT]`` (one WebSocket), ``https://HOST[:PORT]`` (a POST for each batch), or ``tls://HOST[:PORT]``
    and ``nats://HOST[:PORT]`` (a NATS broker, from which several workers take)"""
    token: str | None = None
    """of the role ``station``, made at the centre by ``vigie users token``; ``env:NAME`` reads it from there"""
    token_file: str | None = None
    name: str | None = None
    """how it is called in ``/healthz``; None: the host"""
    spool: str | None = None
    """file of what waits; None: in the folder of the journal"""
    spool_mb: float = 256.0
    """the spool grows no larger; what has no place in it waits in the journal"""
    exercise: bool = False
    """exercise detections go as well (marked)"""
    relay: bool = False
    """what other stations sent here goes on too"""
    ca: str | None = None
    """PEM file of the authorities to be trusted in place of the system's"""
    insecure: bool = False
    """unencrypted to another machine: for a network that is encrypted by other means"""
    stream: str = "VIGIE"
    """NATS: name of the stream"""
    parts: int = 8
    """NATS: into how many parts the beacons are divided; the same at all stations and workers"""

    def check(self) -> SplitResult:
        """The address. Raises ConfigError for one that cannot be used, or would give the token away."""
        url = url_of(self.to, ("wss", "https", "ws", "http", "tls", "nats"), "link.to")
        if url.scheme in ("ws", "http", "nats") and not (self.insecure or loopback(url.hostname)):
            raise ConfigError(f"link.to {self.to}: unencrypted, everybody on the way could read the token: use wss://")
        return url


class Broker(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[broker]]``: detections are taken from NATS JetStream, by one of several workers."""

    servers: tuple[str, ...]
    """``tls://HOST[:4222]``, or ``nats://`` without encryption"""
    name: str = "nats"
    stream: str = "VIGIE"
    parts: int = 8
    take: tuple[int, ...] | None = None
    """the parts that this worker takes, numbered from 0; None: all. No part may be taken by two workers"""
    token: str | None = None
    token_file: str | None = None
    ca: str | None = None
    insecure: bool = False


Category = Literal["distress", "test", "self_test", "orbitography", "national", "cancelled", "unreliable"]
URGENT: tuple[Category, ...] = ("distress", "cancelled", "unreliable", "national")
"""what mail, webhook and Cursor on Target carry unless told otherwise: not tests, not calibration beacons"""


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", kw_only=True):
    """``[[output]]``: what all outputs have."""

    name: str | None = None
    """how it is called in ``/healthz``; None: kind and address"""
    records: tuple[Literal["detection", "solution", "alert"], ...] = ("detection", "solution", "alert")
    categories: tuple[Category, ...] | None = None
    """alerts of these only; None: all"""
    exercise: bool = True
    """exercise records go out as well, marked"""
    every: bool = True
    """False: an alert goes out only when its state, category or position has changed"""


class JsonLines(Output, frozen=True, forbid_unknown_fields=True, tag="jsonl", kw_only=True):
    """JSON lines, as the live stream gives them."""

    to: str = "-"
    """``-`` (standard output), a file, ``tcp://HOST:PORT`` or ``udp://HOST:PORT``"""
    rotate_mb: float = 50.0
    """a file is put aside as ``NAME.1`` when it has grown to this"""
    keep: int = 5
    """files put aside that are kept"""


class Text(Output, frozen=True, forbid_unknown_fields=True, tag="text", kw_only=True):
    """A line for people."""

    to: str = "-"
    rotate_mb: float = 50.0
    keep: int = 5


class Csv(Output, frozen=True, forbid_unknown_fields=True, tag="csv", kw_only=True):
    """Comma-separated values with a header (RFC 4180)."""

    to: str
    rotate_mb: float = 50.0
    keep: int = 5


class Syslog(Output, frozen=True, forbid_unknown_fields=True, tag="syslog", kw_only=True):
    """Syslog (RFC 5424): one message a datagram, or a line over TCP. A live distress alert is critical."""

    to: str = "udp://127.0.0.1:514"
    """``udp://HOST:PORT`` or ``tcp://HOST:PORT``"""
    records: tuple[Literal["detection", "solution", "alert"], ...] = ("alert",)
    every: bool = False


class Influx(Output, frozen=True, forbid_unknown_fields=True, tag="influx", kw_only=True):
    """InfluxDB's line protocol: a point of ``vigie_KIND`` for each row that has a number."""

    to: str
    """``udp://HOST:PORT``, ``tcp://HOST:PORT`` (a Telegraf socket listener), ``-`` or a file"""
    rotate_mb: float = 50.0
    keep: int = 5


class GeoJson(Output, frozen=True, forbid_unknown_fields=True, tag="geojson", kw_only=True):
    """A file of all positions, replaced whole at each change."""

    to: str
    records: tuple[Literal["detection", "solution", "alert"], ...] = ("alert",)


class Kml(Output, frozen=True, forbid_unknown_fields=True, tag="kml", kw_only=True):
    """The same as KML."""

    to: str
    records: tuple[Literal["detection", "solution", "alert"], ...] = ("alert",)


class Mqtt(Output, frozen=True, forbid_unknown_fields=True, tag="mqtt", kw_only=True):
    """MQTT: ``PREFIX/KIND/BEACON``, quality of service 1; ``PREFIX/status`` is ``online`` or ``offline``, retained."""

    to: str
    """``mqtt://HOST[:1883]`` or ``mqtts://HOST[:8883]``"""
    prefix: str = "vigie"
    user: str | None = None
    password: str | None = None
    password_file: str | None = None
    ca: str | None = None
    retain: bool = True
    """alerts are retained: whoever subscribes later sees how each stands"""


class Webhook(Output, frozen=True, forbid_unknown_fields=True, tag="webhook", kw_only=True):
    """A POST of JSON, signed."""

    to: str
    secret: str | None = None
    """key of the HMAC-SHA256 in ``Vigie-Signature``"""
    secret_file: str | None = None
    ca: str | None = None
    timeout_s: float = 10.0
    records: tuple[Literal["detection", "solution", "alert"], ...] = ("alert",)
    categories: tuple[Category, ...] | None = URGENT
    exercise: bool = False
    every: bool = False


class Mail(Output, frozen=True, forbid_unknown_fields=True, tag="mail", kw_only=True):
    """A mail for each change of an alert."""

    server: str
    """``smtp://HOST[:587]`` (STARTTLS), ``smtps://HOST[:465]``; ``smtp+plain://`` without encryption"""
    sender: str
    to: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    password_file: str | None = None
    ca: str | None = None
    console: str | None = None
    """address of the console, for a link in the mail"""
    records: tuple[Literal["detection", "solution", "alert"], ...] = ("alert",)
    categories: tuple[Category, ...] | None = URGENT
    exercise: bool = False
    every: bool = False


class Cot(Output, frozen=True, forbid_unknown_fields=True, tag="cot", kw_only=True):
    """Cursor on Target for TAK: one event for each change of an alert with a position."""

    to: str
    """``tcp://HOST:PORT``, ``tls://HOST:PORT`` or ``udp://HOST:PORT`` (multicast too)"""
    stale_s: float = 600.0
    """how long a TAK client shows an event as current"""
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    records: tuple[Literal["detection", "solution", "alert"], ...] = ("alert",)
    categories: tuple[Category, ...] | None = URGENT
    exercise: bool = False


AnyOutput = JsonLines | Text | Csv | Syslog | Influx | GeoJson | Kml | Mqtt | Webhook | Mail | Cot
"""what ``[[output]]`` may be, told apart by ``kind``"""


class Exchange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[[exchange]]``: messages between centres as files (C/S A.002 Annex E, Issue 6 Rev 1)."""

    own: str
    """our name in file names, such as FMCC"""
    partner: str
    """theirs, such as USMCC"""
    source: str
    """our facility number in headers, such as 2270"""
    destination: str
    """theirs in headers"""
    outgoing: str
    """a folder, or ``ftp://USER@HOST[:PORT]/FOLDER`` or ``ftps://...``: the folder on their server with our name"""
    incoming: str
    """a folder, the one with their name that our server receives into, or an FTP address to fetch from"""
    password: str | None = None
    password_file: str | None = None
    ledger: str | None = None
    """file of what was sent and received; None: in the folder of the journal"""
    poll_s: float = 2.0
    exercise: bool = False
    """exercise messages may leave by this way"""
    ca: str | None = None
