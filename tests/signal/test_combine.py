"""Soft bits of several bursts put together: the law of adding, who belongs to whom, what has changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie import stages
from vigie.errors import InputError
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.records import Burst
from vigie.signal import combine, sgb
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC


def received(bits: str, mean: float, rng: np.random.Generator) -> np.ndarray:
    """Soft bits of this mean over white noise: their variance is twice the mean."""
    signs = np.array([1.0 if bit == "0" else -1.0 for bit in bits])
    return (mean * signs + np.sqrt(2 * mean) * rng.standard_normal(len(bits))).astype(np.float32)


def second(rng: np.random.Generator, minutes: int = 7, serial: int | None = None) -> str:
    """A message with rotating field 0: position taken some minutes ago."""
    data = [int(bit) for bit in rng.integers(0, 2, 202)]

    def put(first: int, last: int, value: int) -> None:
        data[first - 1 : last] = [value >> (last - place) & 1 for place in range(first, last + 1)]

    put(31, 40, 227)
    put(141, 154, (1 << 14) - 1)
    put(155, 158, 0)
    put(165, 175, minutes)
    if serial is not None:
        put(17, 30, serial)
    return format(BCH_SGB.encode(int("".join(map(str, data)), 2)), "0250b")


def first(rng: np.random.Generator) -> str:
    data = (1 << 60) | (227 << 49) | (2 << 45) | int(rng.integers(0, 2**45))
    body = format(BCH2.encode(int(rng.integers(0, 2**26))), "038b")
    return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + body


def heard(kind: str, soft: np.ndarray, seconds: float = 0.0) -> Burst:
    start = np.datetime64("2026-01-01", "ns") + np.timedelta64(round(seconds * 1e9), "ns")
    return Burst(kind, start, 0, "normal", soft, 406.05e6, 0.0)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_added_soft_bits_are_those_of_one_stronger_burst(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    bits = "".join(rng.choice(["0", "1"], 4000))
    total = combine.add([received(bits, 0.8, rng) for _ in range(count)])
    agree = total * np.array([1.0 if bit == "0" else -1.0 for bit in bits])
    assert agree.mean() == pytest.approx(0.8 * count, abs=6 * np.sqrt(1.6 * count / 4000))
    assert agree.var() == pytest.approx(1.6 * count, rel=0.2)


def test_bits_tell_who_belongs_together() -> None:
    rng = np.random.default_rng(1)
    one, other = second(rng), second(rng)
    alike = combine.agreement(
        np.stack([received(one, 2.0, rng) for _ in range(200)]), np.stack([received(one, 2.0, rng) for _ in range(200)])
    )
    unlike = combine.agreement(
        np.stack([received(one, 2.0, rng) for _ in range(200)]),
        np.stack([received(other, 2.0, rng) for _ in range(200)]),
    )
    assert alike.min() > 10
    assert unlike.max() < 0


def test_a_foreseen_difference_is_found_and_turned_back() -> None:
    rng = np.random.default_rng(2)
    bits = second(rng)
    difference = np.zeros((3, 250), np.int8)
    difference[1, 170:176] = 1
    difference[2, 100:103] = 1
    changed = "".join(str(int(bit) ^ int(turn)) for bit, turn in zip(bits, difference[1], strict=True))
    found = combine.match(received(bits, 4.0, rng), received(changed, 4.0, rng), difference)
    assert found.difference == 1
    assert found.share > 0.95
    assert np.array_equal(combine.add([np.ones(2), np.ones(2)], [[0, 0], [0, 1]]), [2, 0])


def test_receptions_of_unlike_length_are_refused() -> None:
    with pytest.raises(InputError, match="one length"):
        combine.add([np.ones(112), np.ones(144)])


@pytest.mark.parametrize(("kind", "mean", "make"), [("SGB", 3.0, second), ("FGB", 2.6, first)])
def test_bursts_that_cannot_be_read_alone_are_read_together(kind: str, mean: float, make: object) -> None:
    """Two of three dB less than one needs, and a stranger between them."""
    rng = np.random.default_rng(3)
    bits, stranger = make(rng), make(rng)  # type: ignore[operator]
    right = wrong = 0
    for _ in range(5):
        reader = stages.Reader()
        for number, sent in enumerate((bits, stranger, bits, bits)):
            reading = reader.read(heard(kind, received(sent, mean, rng), 50.0 * number))
            if reading is None or reading.identity < stages.LEAST_IDENTITY or reading.combined == 1:
                continue
            head = slice(24, 106) if kind == "FGB" else slice(None)
            right += reading.bits[head] == sent[head]
            wrong += reading.bits[head] != sent[head]
            assert reading.message.facts["combined_bursts"] == reading.combined
    assert right >= 5
    assert wrong == 0


def test_minutes_that_go_on_do_not_keep_bursts_apart() -> None:
    rng = np.random.default_rng(4)
    state = int(rng.integers(2**32))
    right = 0
    for trial in range(4):
        reader = stages.Reader()
        sent = [second(np.random.default_rng(state + trial), minutes) for minutes in (7, 8, 9)]
        readings = [reader.read(heard("SGB", received(bits, 3.2, rng), 60.0 * n)) for n, bits in enumerate(sent)]
        for bits, reading in zip(sent, readings, strict=True):
            if reading is not None and reading.identity >= stages.LEAST_IDENTITY:
                assert reading.bits == bits
                right += reading.combined > 1
    assert right >= 3


def test_a_message_that_has_changed_is_not_read_as_the_old_one() -> None:
    """Same beacon, another rotating field: what is told of a burst is its own message or nothing."""
    rng = np.random.default_rng(5)
    for _ in range(6):
        old = second(rng)
        data = [int(bit) for bit in old[:202]]
        for place in (176, 180, 196):
            data[place] ^= 1
        new = format(BCH_SGB.encode(int("".join(map(str, data)), 2)), "0250b")
        reader = stages.Reader()
        for sent in (old, old, new):
            reading = reader.read(heard("SGB", received(sent, 3.0, rng)))
            if reading is not None and reading.identity >= stages.LEAST_IDENTITY:
                assert reading.bits == sent


def test_one_burst_by_two_antennas_is_one_message() -> None:
    """Too weak for its second field to be borne out by one of them; it is the same transmission, so it need not be."""
    rng = np.random.default_rng(8)
    right = 0
    for _ in range(8):
        bits = first(rng)
        reader = stages.Reader()
        one, other = heard("FGB", received(bits, 2.8, rng)), heard("FGB", received(bits, 3.4, rng), 0.1)
        reader.read(replace(one, channel="north"))
        reading = reader.read(replace(other, channel="south"))
        if reading is not None and reading.identity >= stages.LEAST_IDENTITY:
            assert reading.bits[24:106] == bits[24:106]
            assert not reading.whole or reading.bits[24:] == bits[24:]
            right += reading.whole
    assert right >= 2


def test_what_is_long_past_is_not_taken_together() -> None:
    rng = np.random.default_rng(6)
    bits = second(rng)
    reader = stages.Reader()
    soft = received(bits, 3.0, rng)
    weak = [replace(heard("SGB", soft), soft=received(bits, 3.0, rng)) for _ in range(2)]
    assert reader.read(weak[0]) is None or reader.read(weak[0]).combined == 1  # type: ignore[union-attr]
    late = replace(weak[1], start=np.datetime64("2026-01-02", "ns"))
    reading = reader.read(late)
    assert reading is None or reading.combined == 1


def test_carriers_are_followed_together_where_none_could_be_alone() -> None:
    rng = np.random.default_rng(7)
    rate_hz, cn0_dbhz = 100_000.0, 22.0
    bits = second(rng)
    receptions = []
    for _ in range(4):
        start_s, drift = 0.01 + rng.uniform(0, 1e-4), rng.uniform(-50, 50)
        iq = sgb.modulate(
            bits, rate_hz, start_s=start_s, duration_s=1.03, drift_hz_per_s=drift, phase_rad=rng.uniform(0, 6)
        )
        iq += rng.standard_normal(2 * len(iq), np.float32).view(np.complex64) * np.float32(
            np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10))
        )
        receptions.append(combine.Reception(iq, rate_hz, start_s + 3e-6, -drift * 5 / 12 + 0.5, drift + 10))
    fits = combine.demodulate_together(receptions)
    total = combine.add([fit.soft for fit in fits if fit is not None])
    errors = sum((value < 0) != (bit == "1") for value, bit in zip(total, bits, strict=True))
    assert errors <= 8
    silent = combine.Reception(np.zeros(1000, np.complex64), rate_hz, 0.0, 0.0)
    assert combine.demodulate_together([silent, silent]) == [None, None]
