"""A server that speaks rtl_tcp, on a real socket, playing samples at their own pace or faster."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from vigie.signal.fgb import modulate

RATE_HZ = 250_000.0
CENTRE_HZ = 406.1e6


def as_cu8(iq: np.ndarray, level: float = 60.0) -> bytes:
    """Samples as an RTL-SDR writes them."""
    numbers = np.asarray(iq, np.complex64).view(np.float32) * level + 127.5
    return np.clip(np.rint(numbers), 0, 255).astype(np.uint8).tobytes()


def burst(bits: str, offset_hz: float, duration_s: float = 2.0, cn0_dbhz: float = 55.0, seed: int = 0) -> bytes:
    """One burst in noise, as cu8."""
    wave = 0.5 * modulate(bits, RATE_HZ, frequency_hz=offset_hz, start_s=0.4, duration_s=duration_s)
    noise = np.random.default_rng(seed).standard_normal(2 * len(wave), np.float32).view(np.complex64)
    return as_cu8(wave + noise * np.float32(0.5 * np.sqrt(RATE_HZ / 2 / 10 ** (cn0_dbhz / 10))))


@dataclass
class Radio:
    """Serves ``play``, called with each connection in turn, until closed."""

    play: Callable[[socket.socket, int], None]
    magic: bytes = b"RTL0"
    commands: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.connections = 0
        self.closed = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"rtl_tcp://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self.closed.is_set():
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection, self.connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                if self.magic:
                    connection.sendall(struct.pack(">4sII", self.magic, 5, 29))
                threading.Thread(target=self._obey, args=(connection,), daemon=True).start()
                self.play(connection, number)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def _obey(self, connection: socket.socket) -> None:
        held = b""
        while True:
            try:
                got = connection.recv(1024)
            except OSError:
                return
            if not got:
                return
            held += got
            while len(held) >= 5:
                self.commands.append(struct.unpack(">BI", held[:5]))
                held = held[5:]

    def close(self) -> None:
        self.closed.set()
        self.listening.close()


def paced(connection: socket.socket, samples: bytes, closed: threading.Event, speed: float = 1.0) -> None:
    """Send cu8 samples as a radio takes them."""
    portion = 16_384
    began = time.monotonic()
    for at in range(0, len(samples), portion):
        due_s = min(at + portion, len(samples)) / 2 / RATE_HZ / speed
        closed.wait(max(0.0, began + due_s - time.monotonic()))
        if closed.is_set():
            return
        connection.sendall(samples[at : at + portion])
