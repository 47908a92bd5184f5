"""The rtl_tcp client against a real server on a real socket."""

from __future__ import annotations

import itertools
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vigie.errors import ConfigError, RecordingError
from vigie.live import feed as feeds
from vigie.live.urls import Radio as Settings
from vigie.live.urls import open_feed, open_source
from vigie.message.bch import BCH1, BCH2
from vigie.records import Samples
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC
from vigie.signal.recording import Wanted

from .radio import CENTRE_HZ, RATE_HZ, Radio, as_cu8, burst, paced

Make = Callable[..., Radio]


def message(seed: int = 1) -> str:
    rng = np.random.default_rng(seed)
    data = (1 << 60) | (227 << 49) | (2 << 45) | int(rng.integers(0, 2**45))
    return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + format(BCH2.encode(123456), "038b")


def noise(duration_s: float, seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    return as_cu8(0.2 * rng.standard_normal(2 * int(duration_s * RATE_HZ), np.float32).view(np.complex64))


def told(url: str, *flags: str, timeout_s: float = 60.0) -> tuple[list[dict[str, Any]], str, int]:
    command = [sys.executable, "-m", "vigie", "receive", url, "--json", *flags]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, timeout=timeout_s, env=environment, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr, done.returncode


def test_receive_from_a_radio(radio: Make) -> None:
    bits = message()
    samples = burst(bits, -72_000.0) + noise(1.0)
    server: Radio

    def play(connection: socket.socket, _: int) -> None:
        paced(connection, noise(0.3) + samples, server.closed)
        server.closed.wait(20)

    server = radio(play)
    before = time.time_ns()
    command = [sys.executable, "-m", "vigie", "receive", server.url, "--json", "--gain", "40", "--ppm", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        row = json.loads(process.stdout.readline())
        after = time.time_ns()
        process.terminate()
        process.communicate()
    assert row["hex"] == format(int(bits, 2), "036X")
    assert row["frequency_hz"] == pytest.approx(CENTRE_HZ - 72_000, abs=2)
    at = np.datetime64(row["time"].rstrip("Z"), "ns").astype(np.int64)
    assert before < at < after - int(0.5e9)
    assert server.commands == [(2, 250_000), (5, 3), (1, 406_100_000), (8, 0), (3, 1), (4, 400)]


def test_what_is_no_radio_is_told_in_a_sentence(radio: Make) -> None:
    rows, words, code = told("rtl_tcp://127.0.0.1:1")
    assert (rows, code) == ([], 2)
    assert "connection refused: is rtl_tcp running there?" in words
    other = radio(lambda connection, _: time.sleep(5), magic=b"HTTP")
    assert "is no rtl_tcp server" in told(other.url)[1]
    for url, wrong in (
        ("rtl_tcp://", "names no host"),
        ("rtl_tcp://here:70000", "is no port"),
        ("rtl_tcp://here?gain=3", "did you mean gain_db?"),
        ("rtl_tcp://here?rate_hz=48000", "cannot sample at 48000 Hz"),
        ("rtl_tcp://here?rate_hz=fast", "is no number"),
        ("hackrf://here", "are unknown; known are rtl_tcp"),
    ):
        with pytest.raises((ConfigError, RecordingError), match=wrong.replace("?", r"\?")):
            open_feed(url)


def take(feed: feeds.Feed, until: Callable[[list[Samples]], bool], timeout_s: float = 20.0) -> list[Samples]:
    """Blocks until enough have come."""
    blocks: list[Samples] = []
    ends = time.monotonic() + timeout_s
    for block in feed.blocks():
        blocks.append(block)
        if until(blocks) or time.monotonic() > ends:
            feed.close()
    assert until(blocks)
    return blocks


def test_a_radio_that_goes_away_is_tried_again_and_the_gap_is_dated(
    radio: Make, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(feeds, "_BACK_OFF_S", (0.7, 1.0))
    server: Radio

    def play(connection: socket.socket, number: int) -> None:
        paced(connection, noise(1.0, number), server.closed)

    server = radio(play)
    feed = open_feed(server.url)
    with caplog.at_level(logging.WARNING):
        blocks = take(feed, lambda blocks: feed.counts.connections == 2 and feed.counts.samples > 350_000)
    starts = [block.start for block in blocks]
    assert all(later > earlier for earlier, later in itertools.pairwise(starts))
    jumps = [b for a, b in itertools.pairwise(blocks) if b.first != a.first + len(a.iq)]
    assert len(jumps) == 2  # the flush, and the radio again
    assert len(jumps[0].iq) == 1  # tells the receiver not to wait
    for a, b in itertools.pairwise(blocks):  # index and time agree, across the gap too
        apart_s = float((b.start - a.start) / np.timedelta64(1, "s"))
        assert apart_s == pytest.approx((b.first - a.first) / RATE_HZ, abs=0.15)
    assert feed.counts.gaps == 1
    assert feed.counts.missing / RATE_HZ == pytest.approx(0.9, abs=0.4)
    assert "lost at 20" in caplog.text
    assert "the server closed the connection; next try in 1 s" in caplog.text
    assert "s of samples are missing before 20" in caplog.text


def test_a_connection_without_samples_is_no_source(radio: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "_BACK_OFF_S", (0.1,))
    server: Radio

    def play(connection: socket.socket, number: int) -> None:
        if number > 1:
            paced(connection, noise(1.0), server.closed)
        server.closed.wait(20)

    server = radio(play)
    feed = open_feed(f"{server.url}?stall_s=0.5")
    reader = threading.Thread(target=lambda: take(feed, lambda blocks: len(blocks) >= 3))
    reader.start()
    seen = set()
    while reader.is_alive():
        seen.add((feed.state, feed.error))
        time.sleep(0.01)
    assert ("lost", "connected, but no samples for 0.5 s") in seen
    assert feed.health()["connections"] == 2


def test_what_the_receiver_is_too_slow_for_is_dropped_counted_and_dated(
    radio: Make, caplog: pytest.LogCaptureFixture
) -> None:
    server: Radio

    def play(connection: socket.socket, _: int) -> None:
        paced(connection, noise(4.0), server.closed, speed=20)
        server.closed.wait(20)

    server = radio(play)
    feed = open_feed(server.url)
    feed.queue_s = 0.5
    blocks: list[Samples] = []
    with caplog.at_level(logging.WARNING):
        for block in feed.blocks():
            blocks.append(block)
            assert feed.health()["queue_s"] <= 0.5
            time.sleep(0.1)
            if len(blocks) == 6:
                feed.close()
    assert feed.counts.dropped > 250_000
    whole = [block for block in blocks if len(block.iq) > 1]  # one sample alone says: nothing more for now
    assert sum(len(block.iq) for block in whole) + feed.counts.dropped <= feed.counts.samples
    assert whole[-1].first > sum(len(block.iq) for block in whole[:-1])  # the index knows what was dropped
    assert "the receiver is behind" in caplog.text


def test_samples_that_a_radio_loses_in_silence_are_noticed_by_the_clock(caplog: pytest.LogCaptureFixture) -> None:
    clock = [np.datetime64("2026-11-22T00:00:00", "ns")]
    raw = bytes(50_000)

    def driver(feed: feeds.Feed) -> None:
        feed.connected()
        for turn in range(200):
            clock[0] += np.timedelta64(100_010 + 20_000 * (turn % 3 == 0), "us")  # 100 ppm slow, delays of 20 ms
            feed.give(raw)
            clock[0] -= np.timedelta64(20_000 * (turn % 3 == 0), "us")
            if turn == 100:
                clock[0] += np.timedelta64(400, "ms")

    feed = open_feed("rtl_tcp://nowhere")
    feed.driver, feed.now, feed.queue_s = driver, lambda: clock[0], 1000.0
    with caplog.at_level(logging.WARNING):
        blocks = list(feed.blocks())
    assert feed.counts.gaps == 1
    assert feed.counts.missing / RATE_HZ == pytest.approx(0.4, abs=0.03)
    assert "s of samples are missing before 2026-11-22T00:00:1" in caplog.text
    last = blocks[-1]
    end = last.start + np.timedelta64(round(len(last.iq) / RATE_HZ * 1e9), "ns")
    assert abs(clock[0] - end) < np.timedelta64(30, "ms")


def test_clipping_is_said(caplog: pytest.LogCaptureFixture) -> None:
    def driver(feed: feeds.Feed) -> None:
        feed.connected()
        for _ in range(20):
            feed.give(b"\xff\x00" * 10_000)

    feed = open_feed("rtl_tcp://nowhere")
    feed.driver = driver
    with caplog.at_level(logging.WARNING):
        list(feed.blocks())
    assert "the level is too high" in caplog.text
    assert feed.health()["clipped"] > 0.5


def test_the_flags_win_over_the_url() -> None:
    feed = open_feed("rtl_tcp://here:99?gain_db=20&rate_hz=1e6&ppm=2.5", Wanted(rate_hz=2.4e6), Settings(gain_db=30.0))
    assert feed.rate_hz == pytest.approx(2.4e6 * (1 + 0.5e-6))
    assert feed.driver.commands(2.4e6)[-1] == (4, 300)  # type: ignore[attr-defined]
    assert feed.name == "rtl_tcp://here:99"
    with pytest.raises(ConfigError, match="a start cannot be given"):
        open_source("rtl_tcp://here", Wanted(start=np.datetime64("2026-01-01", "ns")))
