"""Audio over UDP, and a pipe from a program that samples at its own pace."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from vigie.errors import ConfigError
from vigie.live.urls import open_feed
from vigie.records import Samples
from vigie.signal.fgb import modulate

from .radio import burst
from .test_rtl_tcp import message


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def discriminated(bits: str, rate_hz: float = 48_000.0) -> bytes:
    """What an FM receiver's audio output makes of a burst, as s16."""
    wave = modulate(bits, rate_hz, start_s=0.5, duration_s=1.6)
    rng = np.random.default_rng(0)
    heard = wave + 0.05 * rng.standard_normal(2 * len(wave), np.float32).view(np.complex64)
    narrow = np.convolve(heard, np.ones(12) / 12, "same")
    turn = np.angle(narrow[1:] * narrow[:-1].conj())
    return np.clip(turn * 8000, -32767, 32767).astype("<i2").tobytes()


def test_audio_over_udp_is_received_as_a_command() -> None:
    bits, port = message(4), free_port()
    sound = discriminated(bits)
    command = [sys.executable, "-m", "vigie", "receive", f"udp://127.0.0.1:{port}", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        stop = threading.Event()

        def send() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                while not stop.is_set():  # until it listens
                    for at in range(0, len(sound), 1470):
                        out.sendto(sound[at : at + 1470], ("127.0.0.1", port))
                        stop.wait(1470 / 2 / 48_000)

        threading.Thread(target=send, daemon=True).start()
        row = json.loads(process.stdout.readline())
        stop.set()
        process.terminate()
    assert row["hex"] == format(int(bits, 2), "036X")
    assert row["frequency_hz"] is None
    assert row["time"].startswith("20")


def test_silence_is_told_and_the_index_goes_on_with_the_clock() -> None:
    port = free_port()
    feed = open_feed(f"udp://127.0.0.1:{port}?stall_s=0.6")
    blocks: list[Samples] = []
    reader = threading.Thread(target=lambda: blocks.extend(feed.blocks()))
    reader.start()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while feed.state != "receiving":
            out.sendto(bytes(960), ("127.0.0.1", port))
            time.sleep(0.01)
        until = time.monotonic() + 5
        while (feed.state != "silent" or feed.error is None) and time.monotonic() < until:
            time.sleep(0.02)
        assert feed.state == "silent"
        assert (feed.error or "").startswith("no audio for")
        for _ in range(20):
            out.sendto(bytes(960), ("127.0.0.1", port))
            time.sleep(0.01)
    feed.close()
    reader.join(5)
    assert feed.counts.gaps == 1
    last, first = blocks[-1], blocks[0]
    apart_s = float((last.start - first.start) / np.timedelta64(1, "s"))
    assert apart_s == pytest.approx((last.first - first.first) / 48_000, abs=0.05)
    assert apart_s > 0.6


def test_udp_settings_that_do_not_go_together() -> None:
    with pytest.raises(ConfigError, match="do not go together"):
        open_feed("udp://:7355?audio=iq")
    feed = open_feed("udp://:7355?format=cs16&audio=iq&rate_hz=96000&centre_hz=406.05e6")
    assert (feed.audio, feed.rate_hz, feed.centre_hz) == ("iq", 96_000.0, 406.05e6)
    with pytest.raises(ConfigError, match="audio=music"):
        open_feed("udp://:7355?audio=music")


def test_a_program_in_a_pipe(tmp_path: Path) -> None:
    """As rtl_sdr does: cu8 on standard output, as it is taken."""
    bits = message(5)
    (tmp_path / "samples").write_bytes(burst(bits, -60_000.0))
    source = (
        "import sys, time; raw = open(sys.argv[1], 'rb').read()\n"
        "for at in range(0, len(raw), 50000): sys.stdout.buffer.write(raw[at:at + 50000]); time.sleep(0.05)"
    )
    flags = "--live --json --format cu8 --sample-rate 250000 --center-frequency 406.1e6 --band 406.0e6-406.1e6"
    line = f'{sys.executable} -c "{source}" {tmp_path}/samples | {sys.executable} -m vigie receive - {flags}'
    done = subprocess.run(["bash", "-c", line], capture_output=True, timeout=60, text=True)
    (row,) = [json.loads(text) for text in done.stdout.splitlines()]
    assert row["hex"] == format(int(bits, 2), "036X")
    assert row["frequency_hz"] == pytest.approx(406.04e6, abs=2)
    assert row["channel"] == "406.0e6-406.1e6"
    assert done.returncode == 0, done.stderr
    late_s = (np.datetime64(time.time_ns(), "ns") - np.datetime64(row["time"].rstrip("Z"))) / np.timedelta64(1, "s")
    assert 0 < late_s < 30


def test_raw_audio_on_standard_input() -> None:
    bits = message(6)
    command = [sys.executable, "-m", "vigie", "receive", "-", "--json", "--format", "s16", "--sample-rate", "48000"]
    done = subprocess.run(command, input=discriminated(bits), capture_output=True, timeout=60)
    (row,) = [json.loads(text) for text in done.stdout.splitlines()]
    assert row["hex"] == format(int(bits, 2), "036X")


def test_memory_stays_flat_on_an_endless_stream() -> None:
    """More than a minute of a radio at 250,000 samples a second, much faster than real time."""
    script = (
        "import resource, numpy as np, sys\n"
        "from vigie.live.feed import Feed\n"
        "from vigie.live.urls import open_feed\n"
        "from vigie.signal.band import Band, cut\n"
        "from vigie import stages\n"
        "def size():\n"
        "    return int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize()\n"
        "raw = np.random.default_rng(0).integers(100, 156, 500_000, np.uint8).tobytes()\n"
        "def driver(feed):\n"
        "    feed.connected()\n"
        "    for turn in range(70):\n"
        "        while feed._held > 250_000: feed.stop.wait(0.001)\n"
        "        feed.give(raw)\n"
        "feed = open_feed('rtl_tcp://nowhere'); feed.driver = driver\n"
        "sizes, last = [], 0.0\n"
        "def watched(blocks):\n"
        "    for number, block in enumerate(blocks):\n"
        "        if number % 5 == 0: sizes.append(size())\n"
        "        yield block\n"
        "for record in stages.bursts(watched(cut(feed.blocks(), [Band(406.03e6, 406.04e6)]))): pass\n"
        "sizes = np.array(sizes) / 2**20\n"
        "print(len(sizes), sizes[len(sizes) // 4], sizes[-1], sizes.max())\n"
    )
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=120, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    count, early, late, most = (float(text) for text in done.stdout.split())
    assert count >= 10
    assert abs(late - early) < 20
    assert most < 600
