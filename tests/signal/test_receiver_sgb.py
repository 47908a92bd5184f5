"""Both generations in one stream: block borders, one under the other, what a channel can hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from vigie import stages
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.records import Burst, Samples
from vigie.signal import fgb, sgb, sgb_search
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC
from vigie.signal.receiver import Receiver, receive

RATE_HZ = 80_000.0
START = np.datetime64("2026-01-02T03:04:05", "ns")
NEAR_HZ = 1500.0


class Air:
    """Noise, and bursts put into it."""

    def __init__(self, seconds: float, seed: int = 0, rate_hz: float = RATE_HZ) -> None:
        self.rng, self.rate_hz = np.random.default_rng(seed), rate_hz
        white = self.rng.standard_normal(2 * int(seconds * rate_hz), np.float32).view(np.complex64)
        self.iq = white * np.float32(np.sqrt(rate_hz / 2))
        self.sent: dict[str, tuple[str, float]] = {}
        """bits: generation, start"""

    def put(self, kind: str, start_s: float, frequency_hz: float, cn0_dbhz: float, sync: str = "normal") -> str:
        if kind == "FGB":
            data = (1 << 60) | (227 << 49) | (2 << 45) | int(self.rng.integers(0, 2**45))
            body = format(BCH2.encode(int(self.rng.integers(0, 2**26))), "038b")
            bits = BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + body
        else:
            draw = f"{int.from_bytes(self.rng.bytes(26), 'big') >> 6:0202b}"
            word = draw[:30] + f"{227:010b}" + draw[40:140] + "1" * 14 + draw[154:]
            bits = format(BCH_SGB.encode(int(word, 2)), "0250b")
        first = max(0, int(start_s * self.rate_hz))
        past_s = start_s - first / self.rate_hz
        if kind == "FGB":
            wave = fgb.modulate(bits, self.rate_hz, frequency_hz=frequency_hz, start_s=past_s)
        else:
            wave = sgb.modulate(bits, self.rate_hz, frequency_hz=frequency_hz, start_s=past_s, sync=sync)  # type: ignore[arg-type]
        room = len(self.iq) - first
        self.iq[first : first + len(wave)] += wave[:room] * np.float32(10 ** (cn0_dbhz / 20))
        self.sent[bits] = (kind, start_s)
        return bits

    def blocks(self, size: int, centre_hz: float | None = 406.05e6) -> Iterator[Samples]:
        for first in range(0, len(self.iq), size):
            begun = START + np.timedelta64(round(first / self.rate_hz * 1e9), "ns")
            yield Samples(self.iq[first : first + size], self.rate_hz, centre_hz, begun, first)


def hard(burst: Burst) -> str:
    return "".join("1" if value < 0 else "0" for value in burst.soft)


def test_both_generations_each_burst_once() -> None:
    """Bursts at the start, at the borders of the windows (1.73, 3.2 s), overlapping, and FGB among them."""
    air = Air(6.6)
    for start_s, frequency_hz in ((-0.05, 300), (1.05, -900), (1.725, 800), (3.19, -200), (3.26, 600), (5.4, 0)):
        air.put("SGB", start_s, frequency_hz, 44.0)
    for number, start_s in enumerate((0.3, 1.2, 1.25, 2.7, 3.3, 4.9, 5.9)):
        air.put("FGB", start_s, -30_000 + 8_000 * number, 42.0)
    told = list(receive(air.blocks(3_989), NEAR_HZ))
    assert sorted(hard(burst) for burst in told) == sorted(air.sent)
    for burst in told:
        kind, start_s = air.sent[hard(burst)]
        assert burst.kind == kind
        assert burst.sample == pytest.approx(start_s * RATE_HZ, abs=2)
        assert burst.start is not None
        assert (burst.start - START) / np.timedelta64(1, "s") == pytest.approx(start_s, abs=1e-5)
        assert burst.frequency_hz == pytest.approx(406.05e6 + (burst.frequency_offset_hz or 0))
    for kind in ("FGB", "SGB"):
        order = [burst.sample for burst in told if burst.kind == kind]
        assert order == sorted(order)


def test_no_burst_waits_long_and_memory_is_bounded() -> None:
    air = Air(5.5, seed=1)
    for number, start_s in enumerate((0.1, 1.7, 1.9, 3.0)):
        air.put("SGB", start_s, 500, 40.0)
        air.put("FGB", start_s + 0.05, 20_000 + 3_000 * number, 42.0)
    receiver = Receiver(NEAR_HZ)
    waits: dict[str, list[float]] = {"FGB": [], "SGB": []}
    most = 0
    for block in air.blocks(1000):
        for burst in receiver.take(block):
            waits[burst.kind].append((block.first + len(block.iq) - burst.sample) / RATE_HZ)
        most = max(most, sum(channel.held.end - channel.held.first for channel in receiver._channels.values()))
    assert len(waits["FGB"]) == len(waits["SGB"]) == 4
    assert max(waits["FGB"]) < 1.35
    assert max(waits["SGB"]) < 2.85
    assert most < 3.5 * RATE_HZ


def test_a_strong_burst_of_one_generation_hides_none_of_the_other() -> None:
    air = Air(2.2, seed=2)
    weak = [air.put("SGB", 0.9, 700, 37.0), air.put("FGB", 0.8, -15_000, 65.0)]
    told = {hard(burst) for burst in receive(air.blocks(5_000), NEAR_HZ)}
    assert told >= set(weak)
    air = Air(2.2, seed=3)
    strong, weak = air.put("SGB", 0.9, 700, 54.0), air.put("FGB", 1.2, -15_000, 36.0)
    found = list(receive(air.blocks(5_000), NEAR_HZ))
    assert strong in [hard(burst) for burst in found]
    again = [burst for burst in found if burst.kind == "FGB"]  # the first time with wrong bits, under the strong one
    assert hard(again[-1]) == weak
    assert len(again) <= 2
    assert again[-1].cn0_dbhz == pytest.approx(36, abs=1)


def test_a_strong_burst_leaves_no_ghosts() -> None:
    air = Air(1.8, seed=4)
    bits = air.put("SGB", 0.6, 400, 65.0)
    assert [hard(burst) for burst in receive(air.blocks(5_000), NEAR_HZ)] == [bits]


def test_self_tests_and_what_is_cut_off() -> None:
    air = Air(2.0, seed=5)
    bits = air.put("SGB", 0.2, -600, 42.0, "self_test")
    air.put("SGB", 1.5, 300, 45.0)  # half of it is there
    one, cut = receive(air.blocks(5_000), NEAR_HZ)
    reading = stages.read(one)
    assert reading is not None
    assert (one.sync, reading.bits, len(reading.hex)) == ("self_test", bits, 63)
    assert reading.message.facts["mode"] == "self_test"
    assert reading.message.category == "self_test"
    assert np.count_nonzero(cut.soft) < 120
    unread = stages.read(cut)
    assert unread is None or unread.identity < stages.LEAST_IDENTITY


@pytest.mark.parametrize(
    ("rate_hz", "centre_hz", "words"),
    [
        (37_500.0, None, "too few"),
        (59_999.0, 406.05e6, "too few"),
        (62_500.0, 406.05e6, None),
        (100_000.0, 406.025e6, None),
        (100_000.0, 406.0e6, "leave out"),
        (2.4e6, 437.0e6, "leave out"),
        (2.4e6, 406.9e6, None),
        (250_000.0, None, None),
    ],
)
def test_what_a_channel_can_hold(rate_hz: float, centre_hz: float | None, words: str | None) -> None:
    reason = sgb_search.band(rate_hz, centre_hz)
    assert (reason is None) == (words is None)
    assert words is None or words in str(reason)


def test_a_narrow_channel_off_the_middle_is_enough() -> None:
    air = Air(1.6, seed=6, rate_hz=64_000.0)
    bits = air.put("SGB", 0.3, 3_000, 40.0)
    (burst,) = receive(air.blocks(5_000, 406.047e6), NEAR_HZ)
    assert hard(burst) == bits
    assert burst.frequency_hz == pytest.approx(406.05e6, abs=1)


def test_without_doppler_they_are_not_looked_for() -> None:
    air = Air(1.5, seed=7)
    air.put("SGB", 0.3, 0, 45.0)
    assert list(receive(air.blocks(5_000), None)) == []


@pytest.mark.parametrize("scale", [0.0, 1e-20, 1e18, np.nan])
def test_any_level(scale: float) -> None:
    air = Air(1.4, seed=8)
    bits = air.put("SGB", 0.2, 0, 45.0)
    with np.errstate(over="ignore", invalid="ignore"):
        air.iq = (air.iq / np.float32(np.abs(air.iq).max()) * scale).astype(np.complex64)
    expected = [] if scale in (0.0,) or np.isnan(scale) else [bits]
    assert [hard(burst) for burst in receive(air.blocks(5_000), NEAR_HZ)] == expected
