"""The audio of an SDR program over UDP: 16-bit numbers, as gqrx (port 7355), SDR++ and others send them.

Nothing numbers the packets, so a lost one is noticed only by the clock, and nobody answers, so nothing tells a program
that is not running from one that is silent.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass

from vigie.errors import ConfigError
from vigie.live.feed import Feed

RATE_HZ = 48_000.0
PORT = 7355
_POLL_S = 0.5
_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class UdpAudio:
    """A driver for ``Feed``."""

    host: str
    """the address of this machine to listen at"""
    port: int = PORT

    def __call__(self, feed: Feed) -> None:
        """Listen until ``feed.stop``. Raises ConfigError for an address that cannot be listened at."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
            bound.settimeout(_POLL_S)
            try:
                bound.bind((self.host, self.port))
            except OSError as error:
                raise ConfigError(f"udp://{self.host}:{self.port} cannot be listened at: {error.strerror}") from None
            feed.connected()
            heard = time.monotonic()
            while not feed.stop.is_set():
                try:
                    raw = bound.recv(_LARGEST)
                except TimeoutError:
                    silent_s = time.monotonic() - heard
                    if silent_s > feed.stall_s:
                        feed.silent(f"no audio for {silent_s:.0f} s")
                    continue
                if time.monotonic() - heard > _POLL_S:
                    feed.resume()
                heard = time.monotonic()
                feed.give(raw)
