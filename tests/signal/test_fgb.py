"""The waveform of C/S T.001 2.2-2.3, and its way through the receiver under any legal impairment."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vigie.errors import InputError
from vigie.message.bch import BCH1, BCH2
from vigie.records import Burst, Samples, Sync
from vigie.signal import fgb
from vigie.signal.fgb import Modulation, modulate
from vigie.signal.receiver import receive


def message(seed: int, long: bool, sync: Sync = "normal") -> str:
    rng = np.random.default_rng(seed)
    data = int(rng.integers(0, 2**60)) | (int(long) << 60)
    bits = fgb.BIT_SYNC + fgb.FRAME_SYNC[sync] + format(BCH1.encode(data), "082b")
    return bits + (format(BCH2.encode(int(rng.integers(0, 2**26))), "038b") if long else "010101")


def hard(burst: Burst) -> str:
    return "".join("1" if value < 0 else "0" for value in burst.soft)


def with_noise(wave: np.ndarray, rate_hz: float, cn0_dbhz: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal(2 * len(wave), np.float32).view(np.complex64)
    return np.asarray(wave + noise * np.float32(np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10))), np.complex64)


def received(iq: np.ndarray, rate_hz: float) -> list[Burst]:
    return list(receive([Samples(iq, rate_hz, None, None)]))


def test_a_one_is_the_advanced_phase_first() -> None:
    wave = modulate("1" * 112, 40e3, Modulation(rise_s=50e-6))
    phase = np.angle(wave)
    at = 0.160 + 40 / 400
    assert phase[int((at + 0.2 / 400) * 40e3)] == pytest.approx(1.1, abs=1e-3)
    assert phase[int((at + 0.7 / 400) * 40e3)] == pytest.approx(-1.1, abs=1e-3)
    assert np.allclose(phase[: int(0.159 * 40e3)], 0, atol=1e-6)


@pytest.mark.parametrize(("bits", "length_s"), [("10" * 56, 0.440), ("10" * 72, 0.520)])
def test_length_and_envelope(bits: str, length_s: float) -> None:
    wave = modulate(bits, 50e3, start_s=0.1, duration_s=1.0)
    on = np.flatnonzero(np.abs(wave) > 0.5)
    assert len(wave) == 50_000
    assert on[0] / 50e3 == pytest.approx(0.1, abs=1e-4)
    assert (on[-1] - on[0]) / 50e3 == pytest.approx(length_s, abs=1e-4)
    assert np.allclose(np.abs(wave[on]), 1, atol=1e-6)


def test_rise_is_measured_to_95_percent_of_the_swing() -> None:
    t_s = np.arange(-400, 400) * 1e-6
    for rise_s in (50e-6, 150e-6, 250e-6):
        swing = fgb.shape(t_s + 40.5 / 400, np.ones(112, int), Modulation(rise_s=rise_s)).swing  # falls in mid bit
        begin, end = t_s[np.argmax(swing < 0.9999)], t_s[np.argmax(swing < -0.9)]
        assert end - begin == pytest.approx(rise_s, abs=4e-6)


def test_asymmetry_is_that_of_figure_2_7() -> None:
    t_s = np.arange(0, 0.1, 1e-6) + 0.05
    swing = fgb.shape(t_s, np.ones(112, int), Modulation(asymmetry=0.05)).swing
    advanced, retarded = np.mean(swing > 0), np.mean(swing < 0)
    assert (advanced - retarded) / (advanced + retarded) == pytest.approx(0.05, abs=1e-3)


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(InputError, match="112 or 144"):
        modulate("1" * 100, 40e3)
    with pytest.raises(InputError, match="0 and 1"):
        modulate("2" * 112, 40e3)
    with pytest.raises(InputError, match="positive"):
        modulate("1" * 112, 0.0)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32 - 1),
    long=st.booleans(),
    sync=st.sampled_from(["normal", "self_test"]),
    rate_hz=st.sampled_from([8000.0, 11025.0, 37500.0, 48000.0, 96000.0]),
    offset=st.floats(-0.35, 0.35),
    drift=st.floats(-150, 150),
    clock=st.floats(-0.01, 0.01),
    deviation=st.floats(1.0, 1.2),
    rise_us=st.floats(50, 250),
    asymmetry=st.floats(-0.05, 0.05),
    inverted=st.booleans(),
)
def test_any_legal_burst_comes_back(
    seed: int,
    long: bool,
    sync: Sync,
    rate_hz: float,
    offset: float,
    drift: float,
    clock: float,
    deviation: float,
    rise_us: float,
    asymmetry: float,
    inverted: bool,
) -> None:
    bits = message(seed, long, sync)
    modulation = Modulation(deviation, rise_us * 1e-6, asymmetry, 400 * (1 + clock))
    start_s, frequency_hz = 0.2 + seed % 1000 * 1e-5, offset * rate_hz
    wave = modulate(
        bits,
        rate_hz,
        modulation,
        frequency_hz=frequency_hz,
        drift_hz_per_s=drift,
        phase_rad=seed % 7,
        start_s=start_s,
        duration_s=1.0,
    )
    iq = with_noise(wave.conj() if inverted else wave, rate_hz, 45.0, seed)
    (burst,) = received(iq, rate_hz)
    sense = -1 if inverted else 1
    assert hard(burst) == bits
    assert burst.sync == sync
    assert burst.frequency_offset_hz == pytest.approx(sense * frequency_hz, abs=0.5)
    assert burst.drift_hz_per_s == pytest.approx(sense * drift, abs=5)
    assert burst.bit_rate_bps == pytest.approx(modulation.bit_rate_bps, abs=0.2)
    assert burst.cn0_dbhz == pytest.approx(45, abs=1.5)
    assert burst.sample == pytest.approx(start_s * rate_hz, abs=100e-6 * rate_hz + 1)


@pytest.mark.parametrize("rate_hz", [250e3, 2.4e6])
def test_wide_band(rate_hz: float) -> None:
    first, second = message(1, True), message(2, False, "self_test")
    duration_s = 0.9
    total = modulate(first, rate_hz, frequency_hz=0.41 * rate_hz, start_s=0.1, duration_s=duration_s)
    total += modulate(second, rate_hz, frequency_hz=-0.3 * rate_hz, start_s=0.2, duration_s=duration_s)
    bursts = received(with_noise(total, rate_hz, 42.0), rate_hz)
    assert [hard(burst) for burst in bursts] == [first, second]


@pytest.mark.parametrize("seed", range(6))
def test_two_bursts_at_once_half_a_kilohertz_and_6_db_apart(seed: int) -> None:
    rate_hz, rng = 20e3, np.random.default_rng(seed)
    first, second = message(10 + seed, True), message(20 + seed, True)
    total = modulate(first, rate_hz, frequency_hz=1000, phase_rad=1, start_s=0.3, duration_s=1.3)
    start_s = 0.3 + rng.uniform(-0.25, 0.25)
    weak = modulate(second, rate_hz, frequency_hz=1500, phase_rad=2, start_s=start_s, duration_s=1.3)
    iq = with_noise(total + 0.5 * weak, rate_hz, 46.0, seed)
    assert {hard(burst) for burst in received(iq, rate_hz)} == {first, second}


def test_a_self_test_may_stop_at_bit_112_with_the_long_format_flag() -> None:
    bits = message(3, True, "self_test")[:112]  # T.001 4.5.4
    (burst,) = received(with_noise(modulate(bits, 20e3, start_s=0.2, duration_s=1.0), 20e3, 42.0), 20e3)
    assert hard(burst) == bits


def test_a_burst_without_its_carrier() -> None:
    bits = message(4, True)
    wave = modulate(bits, 37.5e3, frequency_hz=1872, drift_hz_per_s=-80)[int(0.159 * 37.5e3) :]
    (burst,) = received(with_noise(np.pad(wave, (0, 20000)), 37.5e3, 42.0), 37.5e3)
    assert hard(burst) == bits
    assert burst.sample == pytest.approx(-0.159 * 37.5e3, abs=10)
    assert burst.frequency_offset_hz == pytest.approx(1872, abs=1)


def test_a_burst_cut_at_its_end_says_nothing_of_what_is_missing() -> None:
    bits = message(5, True)
    wave = modulate(bits, 20e3, start_s=0.2)[: int((0.2 + 0.16 + 130 / 400) * 20e3)]
    (burst,) = received(with_noise(wave, 20e3, 42.0), 20e3)
    assert hard(burst)[:129] == bits[:129]
    assert len(burst.soft) == 144
    assert np.all(np.abs(burst.soft[131:]) < 1)


def test_soft_bits_are_calibrated() -> None:
    """Of bits said to be wrong with probability p, a share p is wrong."""
    said, wrong, count = 0.0, 0, 0
    for seed in range(40):
        bits = message(seed, True)
        wave = modulate(bits, 10e3, frequency_hz=300, start_s=0.2, duration_s=0.9)
        for burst in received(with_noise(wave, 10e3, 31.0, seed), 10e3):
            if len(burst.soft) == 144:
                soft = burst.soft[24:].astype(float)
                said += float(np.sum(1 / (1 + np.exp(np.abs(soft)))))
                wrong += sum(a != b for a, b in zip(hard(burst)[24:], bits[24:], strict=True))
                count += 120
    assert count > 30 * 120
    assert 0.6 < said / wrong < 1.5


def test_times_and_frequencies_are_as_good_as_they_say() -> None:
    late_s, off_hz, sigma_s, sigma_hz = [], [], [], []
    for seed in range(60):
        wave = modulate(message(seed, True), 16e3, frequency_hz=500, drift_hz_per_s=40, start_s=0.2, duration_s=0.9)
        iq = with_noise(wave, 16e3, 38.0, seed)
        (burst,) = receive([Samples(iq, 16e3, 406e6, np.datetime64(0, "ns"))])
        assert burst.start is not None
        assert burst.frequency_hz is not None
        late_s.append(float(burst.start.astype("int64")) * 1e-9 - 0.2)
        off_hz.append(burst.frequency_hz - 406_000_500)
        sigma_s.append(burst.sigma_time_s)
        sigma_hz.append(burst.sigma_frequency_hz)
    assert 0.75 < np.sqrt(np.mean(np.square(np.divide(late_s, sigma_s)))) < 1.3
    assert 0.75 < np.sqrt(np.mean(np.square(np.divide(off_hz, sigma_hz)))) < 1.3


@pytest.mark.parametrize("deviation", [1.0, 1.03125, 1.2])
def test_edges_that_fall_between_two_samples_leave_the_timing_alone(deviation: float) -> None:
    """At 8 kHz and 400 bit/s every edge lies at the same place between samples, and 50 us of rise between two."""
    wave = modulate(
        message(279484, False), 8e3, Modulation(deviation, 50e-6), start_s=0.20484, duration_s=1.0, phase_rad=2
    )
    (burst,) = received(with_noise(wave, 8e3, 45.0, 279484), 8e3)
    assert hard(burst) == message(279484, False)
    assert burst.bit_rate_bps == pytest.approx(400, abs=0.2)
    assert burst.sample == pytest.approx(0.20484 * 8e3, abs=2)
