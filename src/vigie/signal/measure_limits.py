"""What transmitters are held to: one row a quantity, with the clause it comes from, and the verdict on a measurement.

The limits are those of C/S T.001 (Issue 4 Rev. 12) and C/S T.018 (Issue 1 Rev. 12). How a type-approval laboratory is
to measure them (C/S T.007 and C/S T.021) could not be read: the procedures here are our own, stated in the notes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vigie.records import Generation

Judgement = Literal["pass", "fail", "uncertain"]
_SURE = 1.96
"""sigmas of a 95 % interval"""


@dataclass(frozen=True, slots=True)
class Limit:
    """One quantity of one generation."""

    key: str
    words: str
    unit: str
    low: float | None
    high: float | None
    section: str
    note: str = ""


_FGB = (
    Limit("carrier_hz", "carrier frequency", "Hz", None, None, "T.001 2.3.1"),
    Limit("short_term_stability", "frequency stability over 100 ms", "", None, 2e-9, "T.001 2.3.1",
          "Allan deviation of successive 100 ms averages (slope of the phase), the receiver's noise taken off"),
    Limit("medium_term_slope_per_min", "mean slope of the frequency", "1/min", -1e-9, 1e-9, "T.001 2.3.1",
          "18 successive bursts, 100 ms each in the modulated part; the worst 18; beacon warm for 15 minutes"),
    Limit("medium_term_residual", "residual frequency variation", "", None, 3e-9, "T.001 2.3.1",
          "RMS about that slope, the receiver's noise taken off"),
    Limit("deviation_rad", "phase deviation", "rad", 1.0, 1.2, "T.001 2.3.6", "half of the whole swing"),
    Limit("deviation_plus_rad", "positive phase deviation", "rad", 1.0, 1.2, "T.001 2.3.6", "level after the edge"),
    Limit("deviation_minus_rad", "negative phase deviation", "rad", -1.2, -1.0, "T.001 2.3.6", "level after the edge"),
    Limit("rise_time_s", "modulation rise time", "s", 50e-6, 250e-6, "T.001 2.3.6", "Figure 2.6"),
    Limit("fall_time_s", "modulation fall time", "s", 50e-6, 250e-6, "T.001 2.3.6", "Figure 2.6"),
    Limit("symmetry", "modulation symmetry", "", -0.05, 0.05, "T.001 2.3.6", "Figure 2.7, with its sign"),
    Limit("bit_rate_bps", "bit rate", "bit/s", 396.0, 404.0, "T.001 2.2.4"),
    Limit("carrier_length_s", "unmodulated carrier", "s", 0.1584, 0.1616, "T.001 2.2.3", "from 90 % of the power on"),
    Limit("transmission_s", "total transmission time", "s", None, None, "T.001 2.2.2", "between 90 % of the power"),
    Limit("power_rise_s", "power rise time", "s", None, 5e-3, "T.001 2.3.2", "10 % to 90 %, rising linearly"),
    Limit("mask_excess_db", "spectrum above the mask", "dB", None, 0.0, "T.001 2.3.4",
          "Figure 2.4, in 100 Hz; whatever else is in the band counts"),
    Limit("repetition_s", "repetition period", "s", 47.5, 52.5, "T.001 2.2.1"),
)  # fmt: skip

_SGB = (
    Limit("carrier_hz", "carrier frequency", "Hz", 406.0488e6, 406.0512e6, "T.018 2.3.1.1 a"),
    Limit("carrier_variation", "carrier variation over 166.7 ms", "", None, 7.4e-9, "T.018 2.3.1.1 b",
          "largest change between successive 166.7 ms averages: our reading of the clause"),
    Limit("chip_rate_hz", "chip rate", "chips/s", 38_399.4, 38_400.6, "T.018 2.3.1.2", "over the burst"),
    Limit("chip_rate_preamble_hz", "chip rate of the preamble", "chips/s", 38_399.4, 38_400.6, "T.018 2.3.1.2"),
    Limit("chip_rate_variation_hz_per_s", "chip rate variation", "chips/s2", -0.6, 0.6, "T.018 2.3.1.2"),
    Limit("iq_offset_chips", "lag of Q behind I", "chips", 0.495, 0.505, "T.018 2.3.3"),
    Limit("iq_amplitude_ratio", "amplitude of I over Q", "", 0.85, 1.15, "T.018 2.3.3"),
    Limit("iq_skew_rad", "error of the quarter turn from I to Q", "rad", None, None, "", "no limit is stated"),
    Limit("carrier_leak_dbc", "residual carrier", "dBc", None, None, "", "no limit is stated"),
    Limit("evm", "error vector magnitude", "", None, 0.025, "T.018 2.3.3",
          "of chips after a matched filter, the receiver's noise taken off"),
    Limit("preamble_s", "preamble", "s", None, None, "T.018 2.2.4", "166.7 ms without a tolerance"),
    Limit("transmission_s", "total transmission time", "s", 0.999, 1.001, "T.018 2.2.2", "between 90 % of the power"),
    Limit("power_rise_s", "power rise time", "s", None, 0.5e-3, "T.018 2.4.1", "10 % to 90 %, rising linearly"),
    Limit("power_fall_s", "power fall time", "s", None, 0.5e-3, "T.018 2.4.1", "90 % to 10 %, falling linearly"),
    Limit("mask_excess_db", "spectrum above the mask", "dB", None, 0.0, "T.018 2.3.2",
          "Figure 2-5, in 100 Hz; whatever else is in the band counts"),
    Limit("out_of_band", "power outside 406.0 to 406.1 MHz", "", None, 0.01, "T.018 2.3.2"),
    Limit("repetition_s", "repetition period", "s", None, None, "T.018 2.2.1"),
)  # fmt: skip

LIMITS: Mapping[Generation, tuple[Limit, ...]] = {"FGB": _FGB, "SGB": _SGB}

CHANNELS_HZ = tuple(406.022e6 + 3000.0 * number for number in range(19))
"""centres of the channels of first-generation beacons (C/S T.012, Annex H)"""
_SGB_PERIODS_S = ((4.8, 5.0), (25.0, 35.0), (115.0, 125.0))
"""T.018 2.2.1: the first six bursts, the next 59, those after"""


@dataclass(frozen=True, slots=True)
class Measured:
    """A value and how far it can be trusted."""

    value: float | None
    sigma: float | None = None
    """one standard deviation of its error"""
    low: float | None = None
    high: float | None = None
    """95 % interval, where it is not the value and 1.96 sigma on both sides"""
    note: str = ""
    """what the reader must know; without a value, why there is none"""

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the true value lies with 95 %; None when that is unknown."""
        if self.value is None:
            return None
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return None if self.sigma is None else (self.value - _SURE * self.sigma, self.value + _SURE * self.sigma)


def missing(why: str) -> Measured:
    """A quantity that could not be measured."""
    return Measured(None, note=why)


def judge(measured: Measured, low: float | None, high: float | None) -> Judgement | None:
    """pass or fail when the whole 95 % interval is on one side of the limit, else uncertain; None without a limit."""
    interval = measured.interval
    if measured.value is None or (low is None and high is None):
        return None
    if interval is None:
        return "uncertain"
    least, most = -math.inf if low is None else low, math.inf if high is None else high
    if least <= interval[0] and interval[1] <= most:
        return "pass"
    return "fail" if interval[1] < least or interval[0] > most else "uncertain"


def row(
    limit: Limit, measured: Measured, *, bits: int | None = None, channel_hz: float | None = None
) -> dict[str, Any]:
    """One line of a report. bits: of a first-generation message; channel_hz: what the beacon is declared to use."""
    low, high, note = limit.low, limit.high, limit.note
    if limit.key == "transmission_s" and low is None and bits is not None:
        nominal_s = 0.44 if bits == 112 else 0.52
        low, high = nominal_s * 0.99, nominal_s * 1.01
    if limit.key == "carrier_hz" and low is None and measured.value is not None:
        low, high, note = _carrier(measured.value, channel_hz)
    if limit.key == "repetition_s" and low is None and measured.value is not None:
        low, high = min(_SGB_PERIODS_S, key=lambda pair: abs(sum(pair) / 2 - float(measured.value or 0)))
    interval = measured.interval
    return {
        "name": limit.key,
        "words": limit.words,
        "value": _plain(measured.value),
        "unit": limit.unit,
        "sigma": _plain(measured.sigma),
        "interval": None if interval is None else [_plain(edge) for edge in interval],
        "limit": [low, high],
        "verdict": judge(measured, low, high),
        "section": limit.section,
        "note": "; ".join(part for part in (measured.note, note) if part),
    }


def _plain(value: float | None) -> float | None:
    return None if value is None else float(value)


def _carrier(value_hz: float, channel_hz: float | None) -> tuple[float, float, str]:
    """The limits of the channel that is declared, or else of the nearest."""
    centre_hz = min(CHANNELS_HZ, key=lambda one: abs(one - value_hz)) if channel_hz is None else channel_hz
    above_hz = 2000.0 if abs(centre_hz - 406.028e6) < 1 else 5000.0
    whose = "the nearest; state the beacon's own" if channel_hz is None else "as stated"
    return centre_hz - 5000.0, centre_hz + above_hz, f"channel {centre_hz / 1e6:.3f} MHz ({whose}), over 5 years"
