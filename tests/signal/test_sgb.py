"""Second-generation bursts: the waveform against C/S T.018, then modulator against receiver."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from vigie.errors import InputError
from vigie.records import Samples
from vigie.signal import prn, sgb, sgb_acquire, sgb_lags, sgb_prepare, sgb_search
from vigie.signal.channel import Stretch
from vigie.signal.sgb import CHIP_RATE_HZ, Modulation, modulate
from vigie.signal.sgb_fitting import demodulate

RATE_HZ = 160_000.0
T_018_B_1 = "0039823D32618658622811F0000000000003FFF004030680258492A4FC57A49"
"""the example of T.018 Appendix B.1: two leading zeros and 250 bits"""
BITS = np.array([int(bit) for bit in f"{int(T_018_B_1, 16):0252b}"[2:]], np.int8)


def noise(count: int, cn0_dbhz: float, rate_hz: float = RATE_HZ, seed: int = 0) -> NDArray[np.complex64]:
    """White noise over which a carrier of power 1 has this C/N0."""
    white = np.random.default_rng(seed).standard_normal(2 * count, np.float32).view(np.complex64)
    return white * np.float32(sqrt(10 ** (-cn0_dbhz / 10) * rate_hz / 2))


class TestWaveform:
    def test_each_arm_is_what_2_2_says(self) -> None:
        """Rectangular chips sampled in the middle of every half chip, against 2.2.3 b taken literally."""
        iq = modulate(BITS, 4 * CHIP_RATE_HZ, Modulation(pulse="rect"), start_s=0.5 / (4 * CHIP_RATE_HZ))
        for arm, wave, lag in (("i", iq.real, 0), ("q", iq.imag, 2)):
            chips = wave[lag + 1 :: 4][:38_400]
            logic = prn.logic("normal", arm).copy()  # type: ignore[arg-type]
            for bit, value in enumerate(BITS):
                if bit % 2 == (arm == "q"):
                    begin = 6_400 + 256 * (bit // 2)
                    logic[begin : begin + 256] ^= value
            assert np.allclose(chips, np.where(logic == 1, -1, 1) * sqrt(0.5))

    def test_half_sine_has_a_constant_envelope(self) -> None:
        iq = modulate(BITS, 307_200.0)
        assert np.allclose(np.abs(iq[8:-8]), 1, atol=1e-6)

    @pytest.mark.parametrize("pulse", sgb.PULSES)
    def test_power_is_one_and_a_pulse_holds_half_a_chip(self, pulse: sgb.Pulse) -> None:
        iq = modulate(BITS, 307_200.0, Modulation(pulse=pulse))
        assert np.mean(np.abs(iq) ** 2) == pytest.approx(1, abs=1e-3)
        away = np.linspace(-8, 8, 160_001)
        shape = sgb.pulse_shape(away, pulse)
        assert np.trapezoid(shape**2, away) == pytest.approx(0.5, abs=1e-4)
        for frequency in (0.0, 0.3, 0.5, 0.8):
            transform = np.trapezoid(shape * np.cos(2 * pi * frequency * away), away)
            assert sgb.pulse_spectrum(np.array([frequency]), pulse)[0] == pytest.approx(transform, abs=3e-3)

    @pytest.mark.parametrize("pulse", ["half_sine", "rrc"])
    def test_less_than_one_percent_lies_out_of_the_band(self, pulse: sgb.Pulse) -> None:
        """T.018 2.3.2: of 406.0 to 406.1 MHz; and -20 dBc in 100 Hz within it (Figure 2-5)."""
        rate_hz = 614_400.0
        power = np.abs(np.fft.fft(modulate(BITS, rate_hz, Modulation(pulse=pulse), duration_s=1.0))) ** 2
        power /= power.sum()
        offsets = np.fft.fftfreq(len(power), 1 / rate_hz)
        assert power[np.abs(offsets) > 50_000].sum() < 0.01
        in_100_hz = power[: len(power) // 100 * 100].reshape(-1, 100).sum(1)
        assert 10 * np.log10(in_100_hz.max()) < -20

    def test_self_test_bursts_use_their_own_sequences(self) -> None:
        one, other = (modulate(BITS, 76_800.0, sync=sync) for sync in ("normal", "self_test"))
        assert abs(np.vdot(one, other)) < 5 * sqrt(len(one))

    def test_impairments_are_as_large_as_told(self) -> None:
        rng = np.random.default_rng(1)
        plain = modulate(BITS, 153_600.0)
        uneven = modulate(BITS, 153_600.0, Modulation(imbalance=0.15))
        assert np.ptp(uneven.real) / np.ptp(uneven.imag) == pytest.approx(1.15, rel=1e-3)
        assert np.mean(np.abs(uneven) ** 2) == pytest.approx(1, abs=1e-3)
        rough = modulate(BITS, 153_600.0, Modulation(evm=0.025), rng=rng)
        assert np.sqrt(np.mean(np.abs(rough - plain) ** 2)) == pytest.approx(0.025, rel=0.03)

    def test_frequency_and_drift_are_those_of_the_middle(self) -> None:
        plain = modulate(BITS, 153_600.0, duration_s=1.0)
        moved = modulate(BITS, 153_600.0, frequency_hz=100.0, drift_hz_per_s=200.0, phase_rad=0.5, duration_s=1.0)
        turn = np.unwrap(np.angle(moved * plain.conj())[100:-100])
        slope_hz = np.diff(turn) * 153_600.0 / (2 * pi)
        middle = len(slope_hz) // 2
        assert slope_hz[middle - 500 : middle + 500].mean() == pytest.approx(100, abs=0.1)
        assert (slope_hz[-1000:].mean() - slope_hz[:1000].mean()) == pytest.approx(200, rel=0.02)
        assert np.angle(np.exp(1j * turn[middle])) == pytest.approx(0.5, abs=0.02)

    def test_what_cannot_be_sent_is_refused(self) -> None:
        with pytest.raises(InputError, match="250 bits, not 144"):
            modulate("0" * 144, RATE_HZ)
        with pytest.raises(InputError, match="row of 0 and 1"):
            modulate("2" * 250, RATE_HZ)
        with pytest.raises(InputError, match="sample rate of 0"):
            modulate(BITS, 0)
        with pytest.raises(InputError, match="random number"):
            modulate(BITS, RATE_HZ, Modulation(evm=0.01))


class TestDemodulate:
    @settings(max_examples=8, deadline=None, derandomize=True)
    @given(
        bits=st.lists(st.integers(0, 1), min_size=250, max_size=250),
        pulse=st.sampled_from(sgb.PULSES),
        rate_hz=st.sampled_from([100_000.0, 160_000.0, 250_000.0]),
        parts=st.tuples(*[st.floats(-1, 1)] * 6),
    )
    def test_any_burst_comes_back(
        self, bits: list[int], pulse: sgb.Pulse, rate_hz: float, parts: tuple[float, ...]
    ) -> None:
        stretch, offset, drift, imbalance, phase, start = parts
        modulation = Modulation(
            pulse=pulse, chip_rate_hz=CHIP_RATE_HZ * (1 + 50e-6 * stretch), imbalance=0.15 * imbalance, skew_rad=0.02
        )
        start_s = 0.01 + 1e-4 * start
        iq = modulate(
            bits,
            rate_hz,
            modulation,
            frequency_hz=1000 * offset,
            drift_hz_per_s=300 * drift,
            phase_rad=pi * phase,
            start_s=start_s,
            duration_s=1.03,
        )
        iq += noise(len(iq), 45, rate_hz)
        at_preamble_hz = 1000 * offset - 300 * drift * 5 / 12
        fitted = demodulate(iq, rate_hz, start_s + 4e-6, at_preamble_hz + 1.0, 300 * drift - 30.0)
        assert fitted is not None
        assert np.array_equal(fitted.bits, bits)
        assert fitted.pulse == pulse or rate_hz < 153_600  # a narrow channel rounds every pulse off
        assert abs(fitted.frequency_hz - 1000 * offset) < 6 * fitted.sigma_frequency_hz + 1e-3
        assert abs(fitted.drift_hz_per_s - 300 * drift) < 0.2
        assert abs(fitted.start_s - start_s) < 0.5e-6
        assert fitted.cn0_dbhz == pytest.approx(45, abs=0.7)
        assert fitted.chip_rate_hz == pytest.approx(modulation.chip_rate_hz, abs=0.03)
        ratio = abs(fitted.gain_i) / abs(fitted.gain_q)
        assert ratio == pytest.approx(1 + modulation.imbalance, abs=0.03)

    def test_numbers_reach_their_bounds_and_soft_bits_are_calibrated(self) -> None:
        rng = np.random.default_rng(5)
        cn0_dbhz, scaled, levels, errors = 31.0, [], [], 0
        for seed in range(16):
            bits = rng.integers(0, 2, 250)
            start_s = 0.01 + rng.uniform(0, 1e-4)
            iq = modulate(bits, RATE_HZ, start_s=start_s, duration_s=1.03, drift_hz_per_s=50.0)
            iq += noise(len(iq), cn0_dbhz, seed=seed)
            fitted = demodulate(iq, RATE_HZ, start_s + 3e-6, -50 * 5 / 12 + 0.5, 20.0)
            assert fitted is not None
            past_s = fitted.middle_s - start_s - 0.5
            scaled.append(
                (
                    (fitted.frequency_hz - 50 * past_s) / fitted.sigma_frequency_hz,
                    (fitted.start_s - start_s) / fitted.sigma_start_s,
                    past_s / fitted.sigma_middle_s,
                    (fitted.drift_hz_per_s - 50) / fitted.sigma_drift_hz_per_s,
                )
            )
            levels.append(fitted.soft * (1 - 2 * bits))
            errors += int((fitted.bits != bits).sum())
        assert fitted.sigma_frequency_hz == pytest.approx(sqrt(12 / (2 * 10**3.1)) / (2 * pi), rel=0.1)
        assert fitted.sigma_middle_s == pytest.approx(1 / (sqrt(2 * 10**3.1) * pi * CHIP_RATE_HZ), rel=0.1)
        rms = np.sqrt(np.mean(np.square(scaled), axis=0))
        assert ((rms > 0.5) & (rms < 1.55)).all()  # 16 draws: 0.18 is one deviation
        mean = float(np.mean(levels))
        assert mean == pytest.approx(4 * 10**3.1 / 300, rel=0.08)
        assert float(np.var(levels)) == pytest.approx(2 * mean, rel=0.12)
        assert errors < 22  # 8 expected of 4,000

    def test_known_bits_make_no_burst_worse(self) -> None:
        iq = modulate(BITS, RATE_HZ, start_s=0.01, duration_s=1.03) + noise(int(1.03 * RATE_HZ), 27.0, seed=3)
        fitted = demodulate(iq, RATE_HZ, 0.01, 0.0, bits=BITS)
        assert fitted is not None
        assert abs(fitted.frequency_hz) < 4 * fitted.sigma_frequency_hz

    def test_what_the_recording_lacks_is_unknown(self) -> None:
        iq = modulate(BITS, RATE_HZ, start_s=0.01, duration_s=0.61) + noise(int(0.61 * RATE_HZ), 40.0)
        fitted = demodulate(iq, RATE_HZ, 0.01, 0.0)
        assert fitted is not None
        here = int((0.6 - 1 / 6) * 300) - 2
        assert np.array_equal(fitted.bits[:here], BITS[:here])
        assert np.abs(fitted.soft[:here]).min() > 10
        assert np.all(fitted.soft[here + 6 :] == 0)

    def test_nothing_is_read_where_there_is_no_preamble(self) -> None:
        assert demodulate(np.zeros(200_000, np.complex64), RATE_HZ, 0.01, 0.0) is None
        assert demodulate(modulate(BITS, RATE_HZ)[:20_000], RATE_HZ, 0.0, 0.0) is None


def samples(iq: NDArray[np.complex64], rate_hz: float = RATE_HZ, centre_hz: float | None = 406.05e6) -> Samples:
    return Samples(iq.astype(np.complex64), rate_hz, centre_hz, np.datetime64("2026-01-01T00:00:00", "ns"), first=1000)


class TestSearch:
    def test_a_weak_burst_is_found_blind(self) -> None:
        iq = modulate(
            BITS,
            RATE_HZ,
            Modulation(chip_rate_hz=CHIP_RATE_HZ * (1 - 11_700 / 406.05e6) - 0.6),
            frequency_hz=-11_700.0,
            drift_hz_per_s=300.0,
            start_s=0.123456,
            duration_s=1.2,
        )
        (burst,) = sgb_search.bursts(samples(iq + noise(len(iq), 32.0)), until_s=0.2)
        assert (burst.kind, burst.sync) == ("SGB", "normal")
        assert np.array_equal(burst.soft < 0, BITS)
        assert (burst.soft.dtype, burst.soft.shape) == (np.float32, (250,))
        assert burst.sample == 1000 + round(0.123456 * RATE_HZ)
        assert burst.start is not None
        assert abs((burst.start - np.datetime64("2026-01-01T00:00:00.123456", "ns")).astype(int)) < 2000
        assert burst.frequency_hz == pytest.approx(406.05e6 - 11_700, abs=0.1)
        assert burst.frequency_offset_hz == pytest.approx(-11_700, abs=0.1)
        assert burst.drift_hz_per_s == pytest.approx(300, abs=1)
        assert burst.cn0_dbhz == pytest.approx(32, abs=1)
        assert burst.sigma_frequency_hz == pytest.approx(0.01, rel=0.2)
        assert burst.sigma_time_s == pytest.approx(0.3e-6, rel=0.2)

    def test_the_centre_may_be_anywhere_or_unknown(self) -> None:
        rate_hz = 256_000.0
        iq = modulate(BITS, rate_hz, frequency_hz=51_000.0, start_s=0.05, duration_s=1.1, sync="self_test")
        iq += noise(len(iq), 38.0, rate_hz)
        (burst,) = sgb_search.bursts(samples(iq, rate_hz, 406.0e6), until_s=0.1)
        assert burst.sync == "self_test"
        assert burst.frequency_hz == pytest.approx(406.051e6, abs=0.05)
        assert np.array_equal(burst.soft < 0, BITS)
        iq = modulate(BITS, rate_hz, frequency_hz=2_000.0, start_s=0.05, duration_s=1.1)
        (burst,) = sgb_search.bursts(samples(iq, rate_hz, None), until_s=0.1)
        assert burst.frequency_hz is None
        assert burst.frequency_offset_hz == pytest.approx(2_000, abs=0.01)

    def test_overlapping_bursts_are_told_apart(self) -> None:
        rng = np.random.default_rng(2)
        messages = [rng.integers(0, 2, 250) for _ in range(3)]
        iq = noise(int(1.35 * RATE_HZ), 37.0)
        for bits, power_db, start_s, carrier_hz in zip(
            messages, (0, 6, 20), (0.1, 0.1012, 0.2), (700, 1_200, -5_000), strict=True
        ):
            wave = modulate(bits, RATE_HZ, frequency_hz=carrier_hz, start_s=start_s, duration_s=1.35)
            iq += wave * np.float32(10 ** (power_db / 20))
        found = sgb_search.bursts(samples(iq), until_s=0.3)
        assert [burst.frequency_offset_hz for burst in found] == pytest.approx([700, 1_200, -5_000], abs=0.1)
        for burst, bits in zip(found, messages, strict=True):
            assert np.array_equal(burst.soft < 0, bits)

    def test_a_burst_is_told_by_one_block_only_and_known_ones_are_subtracted(self) -> None:
        iq = modulate(BITS, RATE_HZ, start_s=0.3, duration_s=1.6) + noise(int(1.6 * RATE_HZ), 50.0)
        assert sgb_search.bursts_in(iq, RATE_HZ, until_s=0.29) == []
        (found,) = sgb_search.bursts_in(iq, RATE_HZ, until_s=0.31, carrier_offset_hz=300.0)
        later = round(0.25 * RATE_HZ)
        moved = found.moved(later / RATE_HZ)
        assert sgb_search.bursts_in(iq[later:], RATE_HZ, known=[moved]) == []
        stretch = Stretch(iq[later:], RATE_HZ)
        before = float(np.sum(np.abs(stretch.spectrum) ** 2))
        sgb_search.take_off(stretch, moved)
        assert (
            float(np.sum(np.abs(stretch.spectrum) ** 2)) < 0.70 * before
        )  # a burst of 1 s and power 1 in 1.35 s of noise of power 1.6

    def test_noise_carriers_and_bad_samples_are_no_bursts(self) -> None:
        iq = noise(int(1.2 * RATE_HZ), 30.0)
        iq += 0.5 * np.exp(2j * pi * 3_000 / RATE_HZ * np.arange(len(iq))).astype(np.complex64) + 2
        iq[5_000:6_000] *= 50
        assert sgb_search.bursts(samples(iq)) == []
        iq[100] = np.nan
        assert sgb_search.bursts(samples(iq), until_s=0.1) == []
        assert sgb_search.bursts(samples(np.zeros(200_000))) == []
        assert sgb_search.bursts(samples(np.zeros(10))) == []

    def test_a_burst_is_found_among_carriers_and_pulses(self) -> None:
        iq = modulate(BITS, RATE_HZ, frequency_hz=500.0, start_s=0.1, duration_s=1.2) + noise(int(1.2 * RATE_HZ), 36.0)
        iq += 3 * np.exp(2j * pi * 3_000 / RATE_HZ * np.arange(len(iq))).astype(np.complex64)
        iq[30_000:30_050] *= 30
        found = sgb_search.bursts(samples(iq), until_s=0.2)
        assert len(found) == 1
        assert (((found[0].soft < 0) != BITS).sum()) <= 6

    def test_a_burst_whose_beginning_is_cut_off_is_read(self) -> None:
        iq = modulate(BITS, RATE_HZ, frequency_hz=-800.0, duration_s=1.1) + noise(int(1.1 * RATE_HZ), 40.0)
        cut = round(0.06 * RATE_HZ)
        assert sgb_search.bursts(samples(iq[cut:]), until_s=0.05) == []
        (burst,) = sgb_search.bursts(samples(iq[cut:]), until_s=0.05, early_s=0.1)
        assert np.array_equal(burst.soft < 0, BITS)
        assert burst.sample == 1000 - cut
        assert burst.cn0_dbhz == pytest.approx(40, abs=0.6)
        assert burst.frequency_offset_hz == pytest.approx(-800, abs=0.03)

    def test_thresholds_follow_the_stated_rates(self) -> None:
        """The energy that noise alone shows: as often above the first threshold as stated, within a factor of two."""
        iq = noise(int(1.3 * RATE_HZ), 0.0)
        prepared = sgb_prepare.Prepared(Stretch(iq, RATE_HZ), 0.0)
        cells = sgb_lags.first_step(prepared, 13_000.0, 1.04)
        assert 0.5 < len(cells) / (1.04 * 2 * sgb_lags.CANDIDATES_PER_S) < 2
        worth = sgb_acquire.promising(prepared, cells)
        candidates = [sgb_acquire.second_step(prepared, cell) for cell, look in zip(cells, worth, strict=True) if look]
        sure = sgb_acquire.coherent_threshold(sgb_acquire.FALSE_ALARMS_PER_HOUR / 3600)
        assert max(one.energy for one in candidates) < sure

    def test_audio_is_refused(self) -> None:
        with pytest.raises(InputError, match="I/Q"):
            sgb_search.bursts(Samples(np.zeros(10, np.complex64), 48_000.0, None, None, audio="discriminator"))
