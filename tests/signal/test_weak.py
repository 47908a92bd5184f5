"""Bursts too weak to be read alone: found, told from noise and lines, never said to be sure, and read together."""

from __future__ import annotations

import numpy as np
import pytest

from vigie import stages
from vigie.message.bch import BCH1, BCH2
from vigie.reading import is_burst
from vigie.records import Burst, Samples
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC, Modulation, modulate
from vigie.signal.receiver import receive

RATE_HZ = 12_500.0


def message(rng: np.random.Generator) -> str:
    data = (0b11 << 59) | (227 << 49) | (0b011 << 46) | int(rng.integers(0, 2**43))
    body = format(BCH2.encode(int(rng.integers(0, 2**25))), "038b")
    return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + body


def noise(rng: np.random.Generator, seconds: float, cn0_dbhz: float) -> np.ndarray:
    white = rng.standard_normal(2 * int(seconds * RATE_HZ), np.float32).view(np.complex64)
    return np.asarray(white * np.float32(np.sqrt(RATE_HZ / 2 / 10 ** (cn0_dbhz / 10))), np.complex64)


def heard(
    rng: np.random.Generator, bits: str, cn0_dbhz: float, number: int = 0, carrier_hz: float = 700.0
) -> list[Burst]:
    wave = modulate(
        bits, RATE_HZ, Modulation(bit_rate_bps=400.02), frequency_hz=carrier_hz, drift_hz_per_s=20.0, start_s=0.25,
        phase_rad=rng.uniform(0, 6), duration_s=1.05,
    )  # fmt: skip
    iq = wave + noise(rng, 2.0, cn0_dbhz)[: len(wave)]
    begun = np.datetime64(50 * number, "s").astype("datetime64[ns]")
    return list(receive([Samples(iq, RATE_HZ, 406.05e6, begun)], None))


def test_a_burst_of_24_is_found_in_its_place_and_not_said_to_be_sure() -> None:
    rng, right = np.random.default_rng(1), 0
    for _ in range(8):
        for burst in heard(rng, message(rng), 24.0):
            assert not is_burst(burst)
            reading = stages.read(burst)
            assert reading is None or reading.identity < stages.LEAST_IDENTITY
            assert burst.frequency_offset_hz is not None
            right += abs(burst.sample - 0.25 * RATE_HZ) < 0.0005 * RATE_HZ and abs(burst.frequency_offset_hz - 700) < 3
    assert right >= 6


def test_noise_and_steady_lines_are_no_bursts() -> None:
    rng = np.random.default_rng(2)
    iq = noise(rng, 8.0, 0.0)
    assert not list(receive([Samples(iq, RATE_HZ, 406.05e6, None)], None))
    times_s = np.arange(len(iq)) / RATE_HZ
    for number, cn0_dbhz in enumerate((22.0, 25.0, 28.0, 32.0)):
        iq = iq + np.float32(10 ** (cn0_dbhz / 20)) * np.exp(2j * np.pi * (1300 * number - 2000) * times_s)
    assert not list(receive([Samples(iq.astype(np.complex64), RATE_HZ, 406.05e6, None)], None))


@pytest.mark.parametrize(("count", "cn0_dbhz"), [(4, 25.5), (8, 24.0)])
def test_what_none_of_them_says_they_say_together(count: int, cn0_dbhz: float) -> None:
    rng, read = np.random.default_rng(3), 0
    for _ in range(3):
        bits, reader = message(rng), stages.Reader()
        readings = [reader.read(burst) for number in range(count) for burst in heard(rng, bits, cn0_dbhz, number)]
        sure = [one for one in readings if one is not None and one.identity >= stages.LEAST_IDENTITY]
        for one in sure:
            assert one.bits[24 : None if one.whole else 106] == bits[24 : None if one.whole else 106]
        read += bool(sure)
    assert read >= 2
