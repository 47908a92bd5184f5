"""The receiver as a stream: blocks of any size, gaps, channels, what is no signal."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
import pytest

from vigie.errors import InputError
from vigie.message.bch import BCH1, BCH2
from vigie.records import Burst, Samples
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC, modulate
from vigie.signal.receiver import receive

RATE_HZ = 20e3


def message(seed: int, long: bool) -> str:
    rng = np.random.default_rng(seed)
    bits = (
        BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(int(rng.integers(0, 2**60)) | (int(long) << 60)), "082b")
    )
    return bits + (format(BCH2.encode(int(rng.integers(0, 2**26))), "038b") if long else "010101")


def hard(burst: Burst) -> str:
    return "".join("1" if value < 0 else "0" for value in burst.soft)


def with_noise(wave: np.ndarray, rate_hz: float, cn0_dbhz: float) -> np.ndarray:
    noise = np.random.default_rng(0).standard_normal(2 * len(wave), np.float32).view(np.complex64)
    return np.asarray(wave + noise * np.float32(np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10))), np.complex64)


START = np.datetime64("2026-01-02T03:04:05", "ns")


def in_blocks(iq: np.ndarray, size: int, channel: str = "") -> Iterator[Samples]:
    for first in range(0, len(iq), size):
        begun = START + np.timedelta64(round(first / RATE_HZ * 1e9), "ns")
        yield Samples(iq[first : first + size], RATE_HZ, 406.05e6, begun, first, channel)


def traffic(seconds: float, starts_s: list[float]) -> tuple[np.ndarray, list[str]]:
    total = np.zeros(int(seconds * RATE_HZ), np.complex64)
    sent = []
    for number, start_s in enumerate(starts_s):
        sent.append(message(number, number % 2 == 0))
        wave = modulate(sent[-1], RATE_HZ, frequency_hz=-6000 + 1700 * (number % 8), phase_rad=number)
        first = int(start_s * RATE_HZ)
        total[first : first + len(wave)] += wave
    return with_noise(total, RATE_HZ, 42.0), sent


@pytest.mark.parametrize("size", [997, 10_000, 400_000])
def test_every_burst_once_in_the_order_of_time(size: int) -> None:
    starts_s = [0.0, 0.5, 1.9, 2.05, 2.07, 2.5, 4.1, 4.14, 6.2, 6.3, 7.9, 8.2, 10.3]
    iq, sent = traffic(11.0, starts_s)
    bursts = list(receive(in_blocks(iq, size)))
    assert [hard(burst) for burst in bursts] == sent
    for burst, start_s in zip(bursts, starts_s, strict=True):
        assert burst.sample == pytest.approx(start_s * RATE_HZ, abs=3)
        assert burst.start is not None
        assert (burst.start - START) / np.timedelta64(1, "s") == pytest.approx(start_s, abs=1e-4)
        assert burst.frequency_hz == pytest.approx(406.05e6 + (burst.frequency_offset_hz or 0))


def test_a_gap_ends_what_went_before() -> None:
    iq, sent = traffic(3.0, [0.2, 2.0])
    first, second = Samples(iq[:20_000], RATE_HZ, None, None), Samples(iq[35_000:], RATE_HZ, None, None, 35_000)
    assert [hard(burst) for burst in receive([first, second])] == sent


def test_channels_take_turns() -> None:
    one, sent_one = traffic(2.0, [0.3])
    two, sent_two = traffic(2.0, [0.9])
    pairs = zip(in_blocks(one, 5000, "one"), in_blocks(two, 5000, "two"), strict=True)
    bursts = list(receive(block for pair in pairs for block in pair))
    assert {(burst.channel, hard(burst)) for burst in bursts} == {("one", sent_one[0]), ("two", sent_two[0])}


@pytest.mark.parametrize(
    "iq",
    [
        np.zeros(0, np.complex64),
        np.zeros(50_000, np.complex64),
        np.ones(50_000, np.complex64),
        np.full(50_000, np.nan, np.complex64),
        np.exp(2j * np.pi * 0.1 * np.arange(50_000)).astype(np.complex64),
        np.zeros(3, np.complex64) + 1,
        (np.arange(50_000) == 7).astype(np.complex64),
    ],
    ids=["empty", "silent", "constant", "nan", "tone", "three", "click"],
)
def test_no_signal_no_burst_no_exception(iq: np.ndarray) -> None:
    assert list(receive([Samples(iq, RATE_HZ, None, None)])) == []


def test_noise_gives_no_burst_that_reads() -> None:
    noise = np.random.default_rng(5).standard_normal(2 * 400_000, np.float32).view(np.complex64)
    assert len(list(receive([Samples(noise, RATE_HZ, None, None)]))) < 3


def test_samples_that_are_no_numbers_count_as_missing(caplog: pytest.LogCaptureFixture) -> None:
    iq, sent = traffic(1.5, [0.3])
    iq[::50] = np.nan
    iq[1000:1100] = np.inf
    with caplog.at_level(logging.WARNING):
        assert [hard(burst) for burst in receive(in_blocks(iq, 4000))] == sent
    assert "698 of 30000 samples were no numbers" in caplog.text


@pytest.mark.parametrize("scale", [1e-20, 1e-6, 1e6, 1e18])
def test_any_level_and_clipping(scale: float) -> None:
    iq, sent = traffic(1.5, [0.3])
    assert [hard(burst) for burst in receive(in_blocks((iq * np.float32(scale)).astype(np.complex64), 4000))] == sent
    clipped = (np.sign(iq.real) + 1j * np.sign(iq.imag)).astype(np.complex64)
    assert sent[0] in [hard(burst) for burst in receive(in_blocks(clipped, 4000))]


def test_a_mirror_image_is_not_a_second_burst() -> None:
    iq, sent = traffic(1.5, [0.3])
    unlike = iq + np.complex64(0.2) * iq.conj()
    assert [hard(burst) for burst in receive(in_blocks(unlike, 30_000))] == sent


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="positive"):
        list(receive([Samples(np.zeros(10, np.complex64), 0.0, None, None)]))
