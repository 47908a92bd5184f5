"""Where lines go: standard output, files with rotation, TCP and UDP; and files of all positions."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from vigie import jsonl
from vigie.errors import ConfigError
from vigie.links import line_forms, words
from vigie.links.lately import Lately
from vigie.links.outputs import RefusedError, as_told
from vigie.links.settings import Cot, Csv, GeoJson, Influx, JsonLines, Kml, Syslog, Text, url_of

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row

CONNECT_S = 10.0
DATAGRAM = 65_000
"""bytes that one UDP datagram may hold"""


AnyLines = JsonLines | Text | Csv | Syslog | Influx


def line_of(settings: AnyLines) -> Callable[[Row], str]:
    """How a row becomes a line, with its end; empty for a row that has no such line."""
    if isinstance(settings, JsonLines):
        return lambda row: jsonl.line(as_told(row)) + "\n"
    if isinstance(settings, Text):
        return lambda row: _one_line(words.text(as_told(row))) + "\n"
    if isinstance(settings, Syslog):
        host = socket.gethostname()
        return lambda row: line_forms.syslog(as_told(row), host) + "\n"
    if isinstance(settings, Influx):
        return lambda row: line + "\n" if (line := line_forms.influx(as_told(row))) else ""
    return lambda row: _csv(words.columns(as_told(row)))


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _csv(values: Sequence[Any]) -> str:
    made = io.StringIO()
    csv.writer(made).writerow(["" if value is None else value for value in values])
    return made.getvalue()


class Lines:
    """Lines to standard output, a file, a TCP or a UDP address."""

    def __init__(self, settings: AnyLines) -> None:
        self._line = line_of(settings)
        header = _csv(words.COLUMNS) if isinstance(settings, Csv) else ""
        to, self.batch = settings.to, 200
        self._carrier: _Stdout | _File | _Tcp | _Udp
        if to == "-":
            self._carrier = _Stdout(header)
        elif to.startswith(("tcp:", "udp:")):
            url = url_of(to, ("tcp", "udp"), "output.to")
            if url.port is None:
                raise ConfigError(f"output.to: {to!r} has no port")
            made = _Tcp if url.scheme == "tcp" else _Udp
            self._carrier = made(str(url.hostname), url.port)
        elif "://" in to:
            raise ConfigError(f"output.to: {to!r} is neither '-', a file, tcp://HOST:PORT nor udp://HOST:PORT")
        elif isinstance(settings, Syslog):
            raise ConfigError(f"output.to: {to!r} is neither udp://HOST:PORT nor tcp://HOST:PORT")
        else:
            self._carrier = _File(Path(to), header, settings.rotate_mb * 1e6, settings.keep)
        if isinstance(self._carrier, _Udp):
            self.batch = 1

    def send(self, rows: Sequence[Row]) -> None:
        """Write the lines."""
        if said := "".join(self._line(row) for row in rows):
            self._carrier.write(said.encode())

    def idle(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Close the file or the connection."""
        self._carrier.close()


class _Stdout:
    def __init__(self, header: str) -> None:
        self._header = header.encode()

    def write(self, data: bytes) -> None:
        sys.stdout.buffer.write(self._header + data)
        sys.stdout.buffer.flush()
        self._header = b""

    def close(self) -> None:
        """Others use it too."""


class _File:
    """A file that is put aside when it has grown, as ``NAME.1``, ``NAME.2`` ..."""

    def __init__(self, path: Path, header: str, most_bytes: float, keep: int) -> None:
        self._path, self._header, self._most, self._keep = path, header.encode(), max(most_bytes, 1000.0), keep
        self._stream: BinaryIO | None = None

    def write(self, data: bytes) -> None:
        if self._stream is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self._path.open("ab", buffering=0)
        size = os.fstat(self._stream.fileno()).st_size
        if size and size + len(data) > self._most:
            self._rotate()
            size = 0
        whole = data if size else self._header + data
        try:
            view = memoryview(whole)
            while view:
                view = view[self._stream.write(view) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._stream.fileno(), size)  # no half a line stays
            raise

    def _rotate(self) -> None:
        assert self._stream is not None
        self._stream.close()
        self._stream = None
        for number in range(self._keep - 1, 0, -1):
            old = Path(f"{self._path}.{number}")
            if old.exists():
                old.replace(f"{self._path}.{number + 1}")
        if self._keep > 0:
            self._path.replace(f"{self._path}.1")
        else:
            self._path.unlink()
        self._stream = self._path.open("ab", buffering=0)

    def close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


class _Tcp:
    """A connection, made anew when it breaks. What the other side has read is not known: TCP does not tell."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        self._host, self._port, self._context = host, port, context
        self._socket: socket.socket | None = None

    def write(self, data: bytes) -> None:
        if self._socket is not None and self._gone(self._socket):
            self.close()
        if self._socket is None:
            made = socket.create_connection((self._host, self._port), CONNECT_S)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            self._socket = self._context.wrap_socket(made, server_hostname=self._host) if self._context else made
        self._socket.sendall(data)

    @staticmethod
    def _gone(connection: socket.socket) -> bool:
        """Whether the other side has closed: else the first rows after that would be lost without an error."""
        connection.settimeout(0.0)
        try:
            while connection.recv(4096):  # what it says is not for us
                pass
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        finally:
            connection.settimeout(CONNECT_S)
        return True

    def close(self) -> None:
        made, self._socket = self._socket, None
        if made is not None:
            made.close()


class _Udp:
    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._socket: socket.socket | None = None
        self._address: Any = None

    def write(self, data: bytes) -> None:
        if len(data) > DATAGRAM:
            raise RefusedError(f"{len(data)} bytes do not fit a datagram")
        if self._socket is None:
            family, _, _, _, self._address = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)[0]
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        self._socket.sendto(data, self._address)

    def close(self) -> None:
        made, self._socket = self._socket, None
        if made is not None:
            made.close()


class CotEvents:
    """Cursor on Target events over TCP, TLS or UDP."""

    batch = 1

    def __init__(self, settings: Cot) -> None:
        url = url_of(settings.to, ("tcp", "tls", "udp"), "output.to")
        if url.port is None:
            raise ConfigError(f"output.to: {settings.to!r} has no port")
        context = None
        if url.scheme == "tls":
            try:
                context = ssl.create_default_context(cafile=settings.ca)
                if settings.certificate:
                    context.load_cert_chain(settings.certificate, settings.key)
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"output {settings.to}: its certificates cannot be read: {error}") from None
        host = str(url.hostname)
        self._carrier: _Udp | _Tcp = _Udp(host, url.port) if url.scheme == "udp" else _Tcp(host, url.port, context)
        self._stale_s = settings.stale_s

    def send(self, rows: Sequence[Row]) -> None:
        """One event a row; none for an alert without a position."""
        for row in rows:
            now = time.time()
            event = words.cot(row.body, _utc(now), _utc(now + self._stale_s))
            if event is not None:
                self._carrier.write(event)

    def idle(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Close the connection."""
        self._carrier.close()


def _utc(seconds: float) -> str:
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{int(seconds % 1 * 1000):03d}Z"


class Whole:
    """A file of all positions, replaced as a whole, so that a reader never sees half of it."""

    batch = 200
    every_s = 1.0

    def __init__(self, settings: GeoJson | Kml, journal: Journal) -> None:
        self._settings, self._path, self._journal = settings, Path(settings.to), journal
        self._alerts: dict[str, bytes] | None = None
        """as JSON: objects take three times as much"""
        self._lately = Lately()
        self._dirty, self._written = True, -1e9

    def send(self, rows: Sequence[Row]) -> None:
        """Remember how the alerts stand, and write the file if it has not just been written."""
        if self._alerts is not None:
            self._take(self._alerts, rows)
        self._dirty = True
        self.idle()

    def idle(self) -> None:
        """Write what has not been written."""
        if not self._dirty or time.monotonic() - self._written < self.every_s:
            return
        if self._alerts is None:
            self._alerts = {}
            self._take(self._alerts, self._journal.alerts())
        settings, kept = self._settings, []
        for alert in map(msgspec.json.decode, self._alerts.values()):
            right = settings.categories is None or alert.get("category") in settings.categories
            if right and (settings.exercise or not alert.get("exercise")):
                kept.append(alert)
        if isinstance(settings, Kml):
            data = words.kml(kept)
        else:
            data = json.dumps({"type": "FeatureCollection", "features": words.features(kept)}).encode()
        _replace(self._path, data)
        self._dirty, self._written = False, time.monotonic()

    def _take(self, alerts: dict[str, bytes], rows: Sequence[Row]) -> None:
        """Keep the alerts of these rows, and let go of what is closed and long past."""
        later = False
        for row in rows:
            if row.kind == "alert":
                alerts[row.body["id"]] = msgspec.json.encode(row.body)
                later |= self._lately.reached(row.body)
        if later:
            for name in [name for name, told in alerts.items() if self._lately.past(msgspec.json.decode(told))]:
                del alerts[name]

    def close(self) -> None:
        """Begin anew with the journal the next time."""
        self._alerts, self._dirty = None, True


def _replace(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
