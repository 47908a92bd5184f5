"""Every second-generation burst in a stretch of samples: acquired, fitted, subtracted.

``sgb_acquire`` finds preambles, ``sgb_fitting`` fits the whole burst, which is then subtracted so that a weaker one may
show. Strong bursts raise the noise of all others, so after them the search is made again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from vigie import instants
from vigie.errors import InputError
from vigie.records import Burst, Samples, Sync
from vigie.signal import sgb
from vigie.signal.channel import Stretch
from vigie.signal.sgb import CARRIER_HZ, CHIP_RATE_HZ, PREAMBLE_S
from vigie.signal.sgb_acquire import (
    FALSE_ALARMS_PER_HOUR,
    Candidate,
    coherent_threshold,
    promising,
    second_step,
)
from vigie.signal.sgb_fitting import STRETCH_REACH, Fit, demodulate
from vigie.signal.sgb_lags import SYNCS, first_step
from vigie.signal.sgb_prepare import FOUR_HZ, Complex32, Prepared, cleaned

log = logging.getLogger(__name__)

REACH_HZ = 13_000.0
"""how far the carrier may be from 406.05 MHz, Doppler and all"""
FIT_HZ = 200_000.0
_EVIDENCE = 30.0
"""nats that the message must show where the preamble alone leaves a doubt; 50 are expected at 23 dB-Hz"""
_HIDES_DBHZ = 40.0
"""a burst this strong raises the noise of the others by 1 dB"""
_STRONG_NATS = 300.0
_GHOST_S = 100e-6
"""four chips: two beacons seldom begin so close to one another"""
_LEAST_OF_BAND = 0.9
"""part of a burst's power that a channel must hold; the rest is lost, and 0.5 dB with it"""
_LEAST_RATE_HZ = 60_000.0
"""whose band holds as much about its middle"""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A burst in a stretch of samples; ``fit`` is told in a channel at ``centre_hz``."""

    fit: Fit
    centre_hz: float
    energy: float
    """of the preamble, nats: the chance that noise looks so is exp(-energy) a trial"""

    @property
    def offset_hz(self) -> float:
        """Carrier in the middle of the burst, from the centre of the samples."""
        return self.centre_hz + self.fit.frequency_hz

    def moved(self, shift_s: float) -> Found:
        """The same burst in samples that begin ``shift_s`` later."""
        turn = -2 * np.pi * self.centre_hz * shift_s
        middle_s, phase_rad = self.fit.middle_s - shift_s, self.fit.phase_rad - turn
        return replace(self, fit=replace(self.fit, middle_s=middle_s, phase_rad=phase_rad))


def band(rate_hz: float, centre_hz: float | None) -> str | None:
    """Why a channel cannot hold a second-generation burst, as half a sentence; None where it can.

    centre_hz: None where the centre is unknown, and the burst taken to be about it.
    """
    frequency = np.arange(-2.0, 2.0, 1 / 512)  # in chip rates: all but a thousandth of the power
    power = sgb.pulse_spectrum(frequency, "half_sine") ** 2

    def part(offset_hz: float) -> float:
        return float(power[np.abs(frequency * CHIP_RATE_HZ + offset_hz) < rate_hz / 2].sum() / power.sum())

    if rate_hz < _LEAST_RATE_HZ:
        return f"{rate_hz:g} samples a second are too few, {_LEAST_RATE_HZ:g} are needed"
    if centre_hz is not None and part(CARRIER_HZ - centre_hz) < _LEAST_OF_BAND:
        return f"{rate_hz / 1e3:g} kHz about {centre_hz / 1e6:g} MHz leave out too much of the channel at 406.05 MHz"
    return None


def bursts_in(
    iq: Complex32,
    rate_hz: float,
    *,
    carrier_offset_hz: float = 0.0,
    absolute: bool = False,
    reach_hz: float = REACH_HZ,
    until_s: float = np.inf,
    early_s: float = 0.0,
    known: Iterable[Found] = (),
    syncs: tuple[Sync, ...] = SYNCS,
    rounds: int = 3,
) -> list[Found]:
    """Every second-generation burst in a stretch of samples (n,) whose preamble lies in it, the strongest first.

    carrier_offset_hz: where 406.05 MHz lies from the centre of the samples; carriers within reach_hz of it are
    searched. absolute: whether that is known, so that the Doppler shift of the carrier tells that of the chip rate.
    until_s: bursts that begin later are left for the next stretch. early_s: how long before the first sample a burst
    may have begun; it is found by what is left of its preamble. known: bursts already found that reach into the
    stretch; they are subtracted first. rounds: searches, each after the strong bursts of the one before are
    subtracted.
    """
    if not len(iq) or len(iq) / rate_hz < PREAMBLE_S or not np.any(iq):
        return []
    early = round(early_s * rate_hz)
    early_s = early / rate_hz
    stretch = Stretch(np.concatenate([np.zeros(early, np.complex64), iq]) if early else iq, rate_hz, FOUR_HZ)
    for found in known:
        take_off(stretch, found.moved(-early_s))
    least = coherent_threshold(syncs=len(syncs))
    sure = coherent_threshold(FALSE_ALARMS_PER_HOUR / 3600, len(syncs))
    results: list[Found] = []
    for _ in range(rounds):
        prepared = Prepared(stretch, carrier_offset_hz)
        hidden = False
        cells = first_step(prepared, reach_hz, until_s + early_s, syncs)
        worth = promising(prepared, cells)
        for number, cell in enumerate(cells):
            if not worth[number]:
                continue
            candidate = second_step(prepared, cell)
            if candidate.energy < least or any(_is_ghost(candidate, one) for one in results):
                continue
            fitted = _measure(stretch, candidate, carrier_offset_hz if absolute else None)
            if fitted is None or (candidate.energy < sure and fitted.fit.evidence < _EVIDENCE):
                continue
            results.append(fitted)
            take_off(stretch, fitted)
            prepared = Prepared(stretch, carrier_offset_hz)
            worth[number + 1 :] = promising(prepared, cells[number + 1 :])
            hidden = hidden or fitted.fit.cn0_dbhz > _HIDES_DBHZ
        if not hidden:
            break
    results = _without_ghosts(results)
    return [found.moved(early_s) for found in results] if early else results


def _is_ghost(candidate: Candidate, found: Found) -> bool:
    """Whether a strong burst shows there besides itself, at a carrier where it is not."""
    strong = found.energy > _STRONG_NATS
    return strong and candidate.sync == found.fit.sync and abs(candidate.start_s - found.fit.start_s) < _GHOST_S


def _without_ghosts(results: list[Found]) -> list[Found]:
    """The bursts without what a strong one shows at the same time besides itself, at carriers where it is not."""
    kept: list[Found] = []
    for one in sorted(results, key=lambda one: -one.fit.amplitude):
        if any(
            one.fit.sync == other.fit.sync and abs(one.fit.start_s - other.fit.start_s) < _GHOST_S for other in kept
        ):
            log.info("%+.0f Hz: a weaker copy of the burst at the same time", one.offset_hz)
        else:
            kept.append(one)
    return kept


def _measure(stretch: Stretch, candidate: Candidate, nominal_hz: float | None) -> Found | None:
    narrow = stretch.take(candidate.offset_hz, FIT_HZ)
    clean = cleaned(narrow.iq, narrow.rate_hz)
    doppler = 0.0 if nominal_hz is None else -(candidate.offset_hz - nominal_hz) / CARRIER_HZ
    fitted = demodulate(
        clean,
        narrow.rate_hz,
        candidate.start_s,
        candidate.offset_hz - narrow.centre_hz,
        candidate.drift_hz_per_s,
        sync=candidate.sync,
        stretch=doppler,
        stretch_reach=STRETCH_REACH if nominal_hz is None else STRETCH_REACH / 2,
    )
    return None if fitted is None else Found(fitted, narrow.centre_hz, candidate.energy)


def take_off(stretch: Stretch, found: Found) -> None:
    """Subtract a burst from the stretch."""
    narrow = stretch.take(found.offset_hz, FIT_HZ)
    first = max(0, int(found.fit.start_s * narrow.rate_hz))
    last = min(len(narrow.iq), int(found.fit.end_s * narrow.rate_hz) + 1)
    if last <= first:
        return
    times_s = np.arange(first, last) / narrow.rate_hz
    wave = found.fit.replica(times_s) * np.exp(2j * np.pi * (found.centre_hz - narrow.centre_hz) * times_s)
    stretch.remove(narrow, first, wave.astype(np.complex64))


def bursts(
    samples: Samples,
    *,
    reach_hz: float = REACH_HZ,
    until_s: float = np.inf,
    early_s: float = 0.0,
    syncs: tuple[Sync, ...] = SYNCS,
) -> list[Burst]:
    """Every second-generation burst that begins in a block of I/Q samples, in the order of time.

    The block holds whole bursts, so consecutive ones overlap by a little over a second, and ``until_s`` (the length
    less the overlap) keeps a burst from being told twice. A burst that the end of the block cuts gets soft bits of 0
    beyond.
    Raises InputError for audio and for a sample rate that is not positive.
    """
    if samples.audio != "iq":
        raise InputError("second-generation bursts need I/Q samples: in audio their phase is lost")
    if not samples.rate_hz > 0:
        raise InputError(f"a sample rate of {samples.rate_hz} Hz: it must be positive")
    iq = samples.iq
    bad = ~np.isfinite(iq)
    if bad.any():
        log.warning("%d of %d samples from %d on are no numbers; taken as missing", bad.sum(), len(bad), samples.first)
        iq = np.where(bad, np.complex64(0), iq)
    offset_hz = 0.0 if samples.centre_hz is None else CARRIER_HZ - samples.centre_hz
    found = bursts_in(
        iq,
        samples.rate_hz,
        carrier_offset_hz=offset_hz,
        absolute=samples.centre_hz is not None,
        reach_hz=reach_hz,
        until_s=until_s,
        early_s=early_s,
        syncs=syncs,
    )
    return [burst_of(one, samples) for one in sorted(found, key=lambda one: one.fit.start_s)]


def burst_of(found: Found, samples: Samples) -> Burst:
    """A burst found in a block, as a record. Its frequency is that in its middle, its start that of the preamble."""
    fitted, offset_hz = found.fit, found.offset_hz
    return Burst(
        kind="SGB",
        start=None if samples.start is None else instants.after(samples.start, fitted.start_s),
        sample=samples.first + round(fitted.start_s * samples.rate_hz),
        sync=fitted.sync,
        soft=fitted.soft,
        frequency_hz=None if samples.centre_hz is None else samples.centre_hz + offset_hz,
        frequency_offset_hz=offset_hz,
        drift_hz_per_s=fitted.drift_hz_per_s,
        cn0_dbhz=fitted.cn0_dbhz,
        sigma_frequency_hz=fitted.sigma_frequency_hz,
        sigma_time_s=fitted.sigma_start_s,
        bit_rate_bps=fitted.chip_rate_hz / 128,
        channel=samples.channel,
    )
