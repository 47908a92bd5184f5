"""An RTL-SDR behind ``rtl_tcp`` (github.com/osmocom/rtl-sdr), read with asyncio alone: no driver is needed here.

The server greets with ``RTL0``, the kind of tuner and how many gains it has, then sends I and Q as unsigned bytes
without end. Commands are a byte and a 32-bit number. Nothing else goes to it: it cannot transmit.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from dataclasses import dataclass

from vigie.errors import ConfigError
from vigie.live.feed import Feed, LostError

log = logging.getLogger(__name__)

PORT = 1234
RATE_HZ = 250_000.0
CENTRE_HZ = 406.1e6
"""default: the constant that these radios add at their centre then lies beside the beacons' channels"""
RATES_HZ = ((225_001.0, 300_000.0), (900_001.0, 3_200_000.0))
"""what an RTL2832U can sample at"""
TUNERS = {1: "E4000", 2: "FC0012", 3: "FC0013", 4: "FC2580", 5: "R820T/R860", 6: "R828D"}
_FREQUENCY, _RATE, _GAIN_MODE, _GAIN, _PPM, _AGC = 1, 2, 3, 4, 5, 8
_CONNECT_S = 5.0
_SETTLE_S = 0.2
"""of samples thrown away after tuning: they may be from before"""
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class RtlTcp:
    """A driver for ``Feed``."""

    host: str
    port: int = PORT
    centre_hz: float = CENTRE_HZ
    gain_db: float | None = None
    """None: the tuner's own automatic gain"""
    ppm: float = 0.0
    """by how much the radio's quartz is fast, millionths"""

    def __call__(self, feed: Feed) -> None:
        """Read until ``feed.stop``; raises LostError."""
        asyncio.run(self._read(feed))

    async def _read(self, feed: Feed) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 20)
        except TimeoutError:
            raise LostError(f"no answer within {_CONNECT_S:.0f} s") from None
        except OSError as error:
            raise LostError(_words(error)) from None
        try:
            await self._greet(reader)
            for command, value in self.commands(feed.rate_hz):
                writer.write(struct.pack(">BI", command, value & 0xFFFFFFFF))
            await writer.drain()
            feed.connected()
            await self._listen(reader, feed)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise LostError(_words(error)) from None
        finally:
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                magic, tuner, gains = struct.unpack(">4sII", await reader.readexactly(12))
        except TimeoutError:
            raise LostError(
                f"it is no rtl_tcp server, or its radio does not start: no greeting in {_CONNECT_S:.0f} s"
            ) from None
        except asyncio.IncompleteReadError:
            raise LostError("it hung up before greeting: another program may be using the radio") from None
        if magic != b"RTL0":
            raise ConfigError(f"{self.host}:{self.port} is no rtl_tcp server: it greets with {magic!r}")
        log.info("%s:%d: tuner %s, %d gains", self.host, self.port, TUNERS.get(tuner, f"of kind {tuner}"), gains)

    def commands(self, rate_hz: float) -> list[tuple[int, int]]:
        """What is sent to the radio, in order."""
        listed = [(_RATE, round(rate_hz)), (_PPM, round(self.ppm)), (_FREQUENCY, round(self.centre_hz)), (_AGC, 0)]
        if self.gain_db is None:
            return [*listed, (_GAIN_MODE, 0)]
        return [*listed, (_GAIN_MODE, 1), (_GAIN, round(self.gain_db * 10))]

    async def _listen(self, reader: asyncio.StreamReader, feed: Feed) -> None:
        silent_s, skip = 0.0, 2 * int(_SETTLE_S * feed.rate_hz)
        while not feed.stop.is_set():
            try:
                async with asyncio.timeout(_POLL_S):
                    raw = await reader.read(1 << 18)
            except TimeoutError:
                silent_s += _POLL_S
                if silent_s >= feed.stall_s:
                    raise LostError(f"connected, but no samples for {feed.stall_s:g} s") from None
                continue
            if not raw:
                raise LostError("the server closed the connection")
            silent_s = 0.0
            if skip:
                dropped = min(skip, len(raw))
                skip, raw = skip - dropped, raw[dropped:]
            if raw:
                feed.give(raw)


def _words(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: is rtl_tcp running there?"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
