"""Spoilt samples: what is wrong is said in words, bursts come through where they can, and nothing false is read."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from vigie import stages
from vigie.message.bch import BCH1, BCH2
from vigie.records import Burst, Samples
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC, modulate
from vigie.signal.health import clipped

RATE_HZ = 20e3
OFFSET_HZ = 1700.0


def message() -> str:
    data = (1 << 60) | (227 << 49) | (2 << 45) | 0x123456789AB
    return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + format(BCH2.encode(0x2ABCDEF), "038b")


SENT = message()


def air(cn0_dbhz: float = 42.0, seconds: float = 1.5) -> np.ndarray:
    wave = modulate(SENT, RATE_HZ, frequency_hz=OFFSET_HZ, start_s=0.3, duration_s=seconds)
    noise = np.random.default_rng(0).standard_normal(2 * len(wave), np.float32).view(np.complex64)
    return np.asarray(wave + noise * np.float32(np.sqrt(RATE_HZ / 2 / 10 ** (cn0_dbhz / 10))), np.complex64)


def read(iq: np.ndarray, rate_hz: float = RATE_HZ, size: int = 7000) -> tuple[list[str], list[Burst]]:
    """Messages passed on as sure, and all bursts."""
    blocks = (
        Samples(iq[i : i + size].astype(np.complex64), rate_hz, None, None, first=i) for i in range(0, len(iq), size)
    )
    bursts = [burst for burst in stages.bursts(blocks) if isinstance(burst, Burst)]
    readings = [reading for burst in bursts if (reading := stages.read(burst)) is not None]
    return [one.bits for one in readings if one.whole and one.identity >= stages.LEAST_IDENTITY], bursts


def limited(iq: np.ndarray) -> np.ndarray:
    limit = 0.3 * np.abs(iq).mean()
    return np.asarray(np.clip(iq.real, -limit, limit) + 1j * np.clip(iq.imag, -limit, limit))


@pytest.mark.parametrize(
    ("spoilt", "rate_hz", "words"),
    [
        (limited(air()), RATE_HZ, "clipped"),
        (air() + 0.6, RATE_HZ, "constant offset"),
        (air().imag + 1j * air().real, RATE_HZ, "I and Q are swapped"),
        (air(), 1.02 * RATE_HZ, "rather 20000 Hz"),
        (air(45.0), 0.98 * RATE_HZ, "rather 20000 Hz"),
        (np.where(np.arange(30_000) % 7 == 0, np.nan, air()), RATE_HZ, "samples were no numbers"),
        (np.concatenate([np.zeros(40_000), air()]), RATE_HZ, "silence"),
    ],
    ids=["clipping", "DC", "I/Q swap", "rate 2 % high", "rate 2 % low", "NaN", "silence"],
)
def test_what_is_wrong_is_said_and_the_burst_is_read(
    spoilt: np.ndarray, rate_hz: float, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        sure, _ = read(spoilt, rate_hz)
    assert sure == [SENT]
    assert words in caplog.text
    assert caplog.text.count(words) == 1


def test_sound_samples_are_not_complained_of(caplog: pytest.LogCaptureFixture) -> None:
    noise = np.random.default_rng(2).standard_normal(2 * 60_000, np.float32).view(np.complex64)
    coarse = np.round(3 * noise.real) + 1j * np.round(3 * noise.imag)
    tone = np.round(100 * np.exp(0.3j * np.arange(60_000)))
    with caplog.at_level(logging.WARNING):
        for iq in (air(), coarse, np.clip(tone, -127, 127)):
            read(np.asarray(iq))
    assert caplog.text == ""


def test_missing_samples_between_blocks_are_named(caplog: pytest.LogCaptureFixture) -> None:
    iq = air()
    blocks = [Samples(iq[:15_000], RATE_HZ, None, None), Samples(iq[15_300:], RATE_HZ, None, None, first=15_300)]
    with caplog.at_level(logging.WARNING):
        bursts = list(stages.bursts(iter(blocks)))
    assert "before sample 15000" not in caplog.text
    assert "before sample 15300: 300 samples are missing" in caplog.text
    for burst in bursts:
        assert isinstance(burst, Burst)
        reading = stages.read(burst)
        assert reading is None or reading.bits[24:106] == SENT[24:106] or reading.identity < stages.LEAST_IDENTITY


@pytest.mark.parametrize("lost", [1, 20, 400])
@pytest.mark.parametrize("cn0_dbhz", [33.0, 42.0])
def test_samples_lost_unnoticed_give_no_false_message(lost: int, cn0_dbhz: float) -> None:
    iq = air(cn0_dbhz)
    cut = int(0.62 * RATE_HZ)
    sure, bursts = read(np.concatenate([iq[:cut], iq[cut + lost :]]))
    assert sure in ([], [SENT])
    assert bursts  # and yet it is told that there was a burst


def test_pulses_and_a_sweeping_carrier() -> None:
    iq, t_s = air(), np.arange(30_000) / RATE_HZ
    pulses = iq + 30 * (np.arange(30_000) % 777 < 3)
    sweep = iq + 3 * np.exp(2j * np.pi * (-8000 * t_s + 5000 * t_s**2))
    for spoilt in (pulses, sweep):
        assert read(spoilt)[0] in ([], [SENT])
    assert read(sweep)[0] == [SENT]


def test_a_minute_of_noise_says_nothing() -> None:
    rng = np.random.default_rng(9)
    for _ in range(6):
        noise = rng.standard_normal(2 * 200_000, np.float32).view(np.complex64)
        assert read(noise, size=50_000)[0] == []


def test_clipping_is_a_heap_at_the_limit_and_no_tone() -> None:
    values = np.abs(np.random.default_rng(1).normal(size=20_000)).astype(np.float32)
    assert clipped(values, float(values.max())) == 0
    cut = np.minimum(values, np.float32(1.5))
    assert clipped(cut, 1.5) == pytest.approx(0.134, abs=0.01)
    tone = np.abs(np.round(127 * np.cos(0.31 * np.arange(20_000)))).astype(np.float32)
    assert clipped(tone, 127.0) == 0
