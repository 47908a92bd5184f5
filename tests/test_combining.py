"""Bursts read together: weak ones that only all others vouch for, strangers, what has changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vigie import stages
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.records import Burst, Generation
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC


def message(rng: np.random.Generator, kind: Generation) -> str:
    if kind == "FGB":
        data = (1 << 60) | (227 << 49) | (2 << 45) | int(rng.integers(0, 2**45))
        body = format(BCH2.encode(int(rng.integers(0, 2**26))), "038b")
        return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + body
    draw = f"{int.from_bytes(rng.bytes(26), 'big') >> 6:0202b}"
    return format(BCH_SGB.encode(int(draw[:30] + f"{227:010b}" + draw[40:140] + "1" * 14 + draw[154:], 2)), "0250b")


def heard(rng: np.random.Generator, kind: Generation, bits: str, mean: float, number: int, hz: float = 0.0) -> Burst:
    """Ideal soft bits of this mean; their variance is twice that."""
    signs = np.array([1.0 if bit == "0" else -1.0 for bit in bits])
    soft = (mean * signs + np.sqrt(2 * mean) * rng.standard_normal(len(bits))).astype(np.float32)
    return Burst(kind, np.datetime64(50 * number, "s").astype("datetime64[ns]"), 0, "normal", soft, None, hz)


@pytest.mark.parametrize(("kind", "mean"), [("FGB", 1.15), ("SGB", 1.1)])
@pytest.mark.parametrize("spread_hz", [0.5, 5000.0])
def test_weak_bursts_vouch_for_one_another(kind: Generation, mean: float, spread_hz: float) -> None:
    """Eight of more than 8 dB less than one needs: no two of them agree enough by themselves."""
    rng = np.random.default_rng(1)
    right = 0
    for _ in range(3):
        bits, reader = message(rng, kind), stages.Reader()
        for number in range(8):
            burst = heard(rng, kind, bits, mean, number, rng.uniform(-spread_hz, spread_hz))
            reading = reader.read(burst)
        if reading is not None and reading.identity >= stages.LEAST_IDENTITY:
            head = slice(24, 106) if kind == "FGB" else slice(None)
            assert reading.bits[head] == bits[head]
            right += 1
    assert right >= 2


@pytest.mark.parametrize("kind", ["FGB", "SGB"])
@pytest.mark.parametrize("at_once", [False, True])
def test_strangers_are_not_read_together(kind: Generation, at_once: bool) -> None:
    """Bursts of many beacons, one after the other or by two antennas at the same time."""
    rng = np.random.default_rng(2)
    reader = stages.Reader()
    for number in range(24):
        bits = message(rng, kind)
        burst = heard(rng, kind, bits, float(rng.uniform(0.5, 3.5)), number // 2 if at_once else number)
        reading = reader.read(replace(burst, channel=str(number % 2) if at_once else ""))
        if reading is not None and reading.identity >= stages.LEAST_IDENTITY:
            head = slice(24, 106) if kind == "FGB" else slice(None)
            assert reading.bits[head] == bits[head]


def test_one_transmission_by_eight_antennas_is_read_whole() -> None:
    rng = np.random.default_rng(3)
    whole = 0
    for _ in range(4):
        bits, reader = message(rng, "FGB"), stages.Reader()
        for number in range(8):
            burst = replace(heard(rng, "FGB", bits, 1.15, 0), channel=str(number))
            reading = reader.read(burst)
        if reading is not None and reading.identity >= stages.LEAST_IDENTITY and reading.whole:
            assert reading.bits[24:] == bits[24:]
            whole += 1
    assert whole >= 3
