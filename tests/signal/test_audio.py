"""Bursts out of discriminator and phase audio, whatever the receiver has done to it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import signal

from vigie.message.bch import BCH1, BCH2
from vigie.records import Samples
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC, Modulation, modulate
from vigie.signal.receiver import receive


def message(seed: int, long: bool = True) -> str:
    rng = np.random.default_rng(seed)
    bits = (
        BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(int(rng.integers(0, 2**60)) | (int(long) << 60)), "082b")
    )
    return bits + (format(BCH2.encode(int(rng.integers(0, 2**26))), "038b") if long else "010101")


def discriminator(
    bits: str, rate_hz: float, cn0_dbhz: float = 60.0, clock: float = 0.0, quiet: bool = True
) -> np.ndarray:
    """Audio of an FM receiver 8 kHz wide; the squelch is closed outside the burst when ``quiet``."""
    wide = 96e3
    wave = modulate(
        bits, wide, Modulation(bit_rate_bps=400 * (1 + clock)), frequency_hz=400, start_s=0.25, duration_s=1.0
    )
    rng = np.random.default_rng(len(bits) + int(cn0_dbhz))
    noise = rng.standard_normal(2 * len(wave), np.float32).view(np.complex64) * np.float32(np.sqrt(wide / 2))
    taps = signal.firwin(201, 5e3, fs=wide)
    iq = np.convolve(wave * 10 ** (cn0_dbhz / 20) + noise, taps, "same")
    audio = np.angle(iq[1:] * iq[:-1].conj()) * wide / (2 * np.pi * 5e3)
    if quiet:
        audio[: int(0.27 * wide)] = audio[int((0.25 + 0.1605 + len(bits) / 400) * wide) :] = 0
    return signal.resample_poly(audio, int(rate_hz / 50), int(wide / 50)).astype(np.float32)


def heard(audio: np.ndarray, rate_hz: float, kind: str = "discriminator") -> list[str]:
    block = Samples(audio.astype(np.complex64), rate_hz, None, None, audio=kind)  # type: ignore[arg-type]
    return ["".join("1" if value < 0 else "0" for value in burst.soft) for burst in receive([block])]


@pytest.mark.parametrize("rate_hz", [8000.0, 11025.0, 22050.0, 48000.0])
@pytest.mark.parametrize("long", [True, False])
def test_plain_audio(rate_hz: float, long: bool) -> None:
    bits = message(1, long)
    assert heard(discriminator(bits, rate_hz), rate_hz) == [bits]


@pytest.mark.parametrize("gain", [1.0, -1.0, 1e-4, -30.0])
def test_level_polarity_and_constant_do_not_matter(gain: float) -> None:
    bits = message(2)
    assert heard(gain * (discriminator(bits, 24000.0) + 0.1), 24000.0) == [bits]


def test_de_emphasis_and_a_sound_card() -> None:
    bits, rate_hz = message(3), 24000.0
    audio = discriminator(bits, rate_hz)
    audio = signal.lfilter(*signal.butter(1, 300, fs=rate_hz), audio)  # 530 us
    audio = signal.lfilter(*signal.butter(1, 20, "high", fs=rate_hz), audio)
    assert bits in heard(audio.astype(np.float32), rate_hz)


def test_phase_audio() -> None:
    bits, rate_hz = message(4), 24000.0
    phase = np.cumsum(discriminator(bits, rate_hz) - 0.08) / 4
    phase = signal.lfilter(*signal.butter(1, 30, "high", fs=rate_hz), phase)
    assert bits in heard(phase.astype(np.float32), rate_hz, "phase")


@pytest.mark.parametrize("clock", [-0.01, -0.004, 0.006, 0.01])
def test_bit_rates_off_by_up_to_one_percent(clock: float) -> None:
    bits = message(5)
    assert heard(discriminator(bits, 22050.0, clock=clock), 22050.0) == [bits]


def test_open_squelch() -> None:
    bits = message(6)
    assert bits in heard(discriminator(bits, 22050.0, cn0_dbhz=52.0, quiet=False), 22050.0)


def test_noise_is_no_burst() -> None:
    noise = np.random.default_rng(1).standard_normal(300_000).astype(np.float32)
    assert len(heard(noise, 22050.0)) < 6
    assert heard(np.zeros(50_000, np.float32), 22050.0) == []
