"""What adding the soft bits of several receptions of one message gains, against the law of 10 log N dB.

    python benchmarks/combine.py --bursts 100                  soft bits of perfect receivers, both generations
    python benchmarks/combine.py --trial waves --bursts 100    waveforms in noise, demodulated together and added
    python benchmarks/combine.py --trial repeated              what the stage reads of bursts that a beacon repeats
    python benchmarks/combine.py --trial moving                the same from a satellite: each on another carrier
    python benchmarks/combine.py --trial paths                 one burst by several antennas or satellites
    python benchmarks/combine.py --trial blind                 repeated bursts, found by the receiver in samples

For each N the C/N0 at which 90 % of the messages are read is found between levels half a dB apart. A message counts
when it is right and sure enough to be passed on; wrong ones are counted apart. ``identity``: that its identity is read,
``whole``: all of it. waves: every reception has its own time, carrier, drift, phase and noise; its time is given within
0.1 ms (FGB) or 4 us (SGB) and its carrier within 1 Hz, as another satellite's or antenna's reception tells them. Where
the stage reads, a first-generation message may have changed from burst to burst for all that it knows, so each burst
must bear out its second field by itself: the whole needs one burst that does.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from math import log10, pi, sin
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vigie import stages
from vigie.constants import FGB_CARRIER_S
from vigie.message import soft
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.records import Burst, Generation, Samples
from vigie.signal import combine, fgb, sgb, together
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC

RATE_HZ = 100_000.0
ALONE_DBHZ = {"FGB": 28.5, "SGB": 27.0}
"""about where 90 % are read of single bursts"""
COUNTS = (1, 2, 4, 8)

Soft = NDArray[np.float32]
Outcome = Literal["nothing", "identity", "whole", "wrong"]
Trial = Callable[[np.random.Generator, Generation, int, float], Outcome]


def message(rng: np.random.Generator, generation: Generation) -> str:
    """A message that could be sent: an allocated country, a protocol in use, the fixed bits as they should be."""
    if generation == "FGB":  # a serial user protocol with a position (T.001 A2.5, A2.2.2)
        data = (0b11 << 59) | (227 << 49) | (0b011 << 46) | int(rng.integers(0, 2**43))
        latitude = int(rng.integers(2)) << 11 | int(rng.integers(90)) << 4 | int(rng.integers(15))
        longitude = int(rng.integers(2)) << 12 | int(rng.integers(180)) << 4 | int(rng.integers(15))
        body = format(BCH2.encode(1 << 25 | latitude << 13 | longitude), "038b")
        return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + body
    draw = f"{int.from_bytes(rng.bytes(26), 'big') >> 6:0202b}"
    return format(BCH_SGB.encode(int(draw[:30] + f"{227:010b}" + draw[40:140] + "1" * 14 + draw[154:], 2)), "0250b")


def ideal(rng: np.random.Generator, generation: Generation, bits: str, cn0_dbhz: float) -> Soft:
    """Soft bits of a receiver that knows carrier, clock and place."""
    per_bit = sin(1.1) ** 2 / 400 if generation == "FGB" else 1 / 300
    mean = 4 * per_bit * 10 ** (cn0_dbhz / 10)
    signs = 1.0 - 2 * np.array([bit == "1" for bit in bits])
    return (mean * signs + np.sqrt(2 * mean) * rng.standard_normal(len(bits))).astype(np.float32)


def verdict(generation: Generation, total: Soft, bits: str) -> Outcome:
    """What soft bits say."""
    if generation == "SGB":
        second = soft.sgb(total)
        if second.probability < stages.LEAST_IDENTITY:
            return "nothing"
        return "whole" if second.bits == bits else "wrong"
    first = soft.fgb(total)
    if first.identity_probability < stages.LEAST_IDENTITY:
        return "nothing"
    whole = first.probability >= stages.LEAST_REST * first.identity_probability
    place = slice(24, None if whole else 106)
    return "wrong" if first.bits[place] != bits[place] else "whole" if whole else "identity"


def soft_bits(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> Outcome:
    """Soft bits of perfect receivers, added."""
    bits = message(rng, generation)
    return verdict(generation, combine.add([ideal(rng, generation, bits, cn0_dbhz) for _ in range(count)]), bits)


def waves(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> Outcome:
    """Waveforms in noise, demodulated together."""
    bits = message(rng, generation)
    if generation == "FGB":
        heard = [first_wave(rng, bits, cn0_dbhz) for _ in range(count)]
        return verdict(generation, combine.add(list(together.demodulate_first(heard))), bits)
    receptions = []
    for _ in range(count):
        start_s, drift = 0.01 + rng.uniform(0, 1e-4), rng.uniform(-50, 50)
        iq = sgb.modulate(
            bits, RATE_HZ, start_s=start_s, duration_s=1.03, drift_hz_per_s=drift, phase_rad=rng.uniform(0, 2 * pi)
        )
        noise = rng.standard_normal(2 * len(iq), np.float32).view(np.complex64)
        iq += noise * np.float32(np.sqrt(RATE_HZ / 2 / 10 ** (cn0_dbhz / 10)))
        at_preamble_hz = -drift * 5 / 12 + rng.uniform(-1, 1)
        receptions.append(
            combine.Reception(iq, RATE_HZ, start_s + rng.uniform(-4e-6, 4e-6), at_preamble_hz, drift + rng.normal(0, 5))
        )
    fits = combine.demodulate_together(receptions)
    return verdict(generation, combine.add([fit.soft for fit in fits if fit is not None]), bits)


def first_wave(rng: np.random.Generator, bits: str, cn0_dbhz: float) -> together.Heard:
    """One first-generation burst whose place is known within 100 us and its carrier within 1 Hz."""
    rate_hz, start_s, noise_density = 12_800.0, 0.02 + rng.uniform(0, 1e-3), 10 ** (-cn0_dbhz / 10)
    modulation = fgb.Modulation(rise_s=rng.uniform(50e-6, 250e-6), bit_rate_bps=400 * (1 + rng.uniform(-1e-3, 1e-3)))
    iq = fgb.modulate(
        bits,
        rate_hz,
        modulation,
        frequency_hz=rng.uniform(-1, 1),
        drift_hz_per_s=rng.uniform(-50, 50),
        phase_rad=rng.uniform(0, 2 * pi),
        start_s=start_s,
        duration_s=0.6,
    )
    noise = rng.standard_normal(2 * len(iq), np.float32).view(np.complex64)
    iq += noise * np.float32(np.sqrt(rate_hz / 2 * noise_density))
    return together.Heard(iq, rate_hz, start_s + FGB_CARRIER_S + rng.uniform(-1e-4, 1e-4), 0.0)


def staged(generation: Generation, bits: str, bursts: list[Burst]) -> Outcome:
    """The best that the stage reads of some bursts of one beacon."""
    reader = stages.Reader()
    best: Outcome = "nothing"
    for burst in bursts:
        reading = reader.read(burst)
        if reading is None or reading.identity < stages.LEAST_IDENTITY:
            continue
        place = slice(24, None if reading.whole else 106) if generation == "FGB" else slice(None)
        if reading.bits[place] != bits[place]:
            return "wrong"
        best = "whole" if reading.whole or best == "whole" else "identity"
    return best


def _heard(
    rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float, every_s: float, wide_hz: float
) -> Outcome:
    """Bursts with ideal soft bits: one every so often, carriers this far apart; in channels of their own at once."""
    bits = message(rng, generation)
    bursts = []
    for number in range(count):
        start = np.datetime64(round(1e9 * every_s * number), "ns")
        heard, offset_hz = ideal(rng, generation, bits, cn0_dbhz), 1000.0 + rng.uniform(-wide_hz, wide_hz)
        channel = "" if every_s > 1 else str(number)
        bursts.append(Burst(generation, start, 0, "normal", heard, None, offset_hz, cn0_dbhz=cn0_dbhz, channel=channel))
    return staged(generation, bits, bursts)


def repeated(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> Outcome:
    """Bursts of one beacon 50 s apart on one carrier, as the stage reads them."""
    return _heard(rng, generation, count, cn0_dbhz, 50.0, 0.5)


def moving(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> Outcome:
    """The same with carriers that Doppler shifts spread over 20 kHz."""
    return _heard(rng, generation, count, cn0_dbhz, 50.0, 10e3)


def paths(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> Outcome:
    """One transmission by several antennas or satellites, 20 ms apart."""
    return _heard(rng, generation, count, cn0_dbhz, 0.02, 10e3)


def blind(rng: np.random.Generator, generation: Generation, count: int, cn0_dbhz: float) -> Outcome:
    """Bursts of one beacon 50 s apart on one carrier, in samples: found, demodulated and read."""
    bits = message(rng, generation)
    rate_hz = 12_500.0 if generation == "FGB" else RATE_HZ
    carrier_hz = float(rng.uniform(-1000, 1000))
    found: list[Burst] = []
    for number in range(count):
        start_s = float(rng.uniform(0.2, 0.3))
        modulator = fgb.modulate if generation == "FGB" else sgb.modulate
        iq = modulator(
            bits,
            rate_hz,
            frequency_hz=carrier_hz + rng.uniform(-0.5, 0.5),
            phase_rad=rng.uniform(0, 2 * pi),
            start_s=start_s,
            duration_s=1.05 if generation == "FGB" else 1.4,
        )
        noise = rng.standard_normal(2 * len(iq), np.float32).view(np.complex64)
        iq = iq + noise * np.float32(np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10)))
        begun = np.datetime64(50 * number, "s").astype("datetime64[ns]")
        doppler_hz = None if generation == "FGB" else 1500.0
        told = stages.bursts(iter([Samples(iq, rate_hz, 406.05e6, begun)]), doppler_hz=doppler_hz)
        found += [one for one in told if isinstance(one, Burst) and one.kind == generation]
    return staged(generation, bits, found)


TRIALS: dict[str, Trial] = {
    "soft": soft_bits, "waves": waves, "repeated": repeated, "moving": moving, "paths": paths, "blind": blind
}  # fmt: skip


class Levels:
    """Outcomes of one trial at the levels that were asked for."""

    def __init__(self, trial: Trial, generation: Generation, count: int, bursts: int, seed: int) -> None:
        self.rng = np.random.default_rng([seed, count, len(trial.__name__)])
        self.trial, self.generation, self.count, self.bursts = trial, generation, count, bursts
        self.outcomes: dict[float, list[Outcome]] = {}

    def share(self, cn0_dbhz: float, whole: bool) -> float:
        """Share of messages of which the identity, or all, is read."""
        if cn0_dbhz not in self.outcomes:
            self.outcomes[cn0_dbhz] = [
                self.trial(self.rng, self.generation, self.count, cn0_dbhz) for _ in range(self.bursts)
            ]
        good = ("whole",) if whole else ("whole", "identity")
        return sum(one in good for one in self.outcomes[cn0_dbhz]) / self.bursts

    def threshold(self, whole: bool) -> float | None:
        """The C/N0 (dB-Hz) at which 90 % are read."""
        level = round(2 * (ALONE_DBHZ[self.generation] - 10 * log10(self.count))) / 2
        highest = ALONE_DBHZ[self.generation] + 4
        while self.share(level, whole) < 0.9 and level < highest:
            level += 0.5
        while self.share(level - 0.5, whole) >= 0.9 and level > highest - 20:
            level -= 0.5
        below, above = self.share(level - 0.5, whole), self.share(level, whole)
        return level - 0.5 * (above - 0.9) / max(above - below, 1e-9) if above >= 0.9 else None

    @property
    def wrong(self) -> tuple[int, int]:
        """Wrong messages, and messages."""
        every = [one for some in self.outcomes.values() for one in some]
        return every.count("wrong"), len(every)


def main() -> None:
    """Print a row for each generation and number of bursts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bursts", type=int, default=50, help="messages a level")
    parser.add_argument("--generation", choices=["FGB", "SGB"], help="one alone")
    parser.add_argument("--trial", choices=list(TRIALS), default="soft")
    parser.add_argument(
        "--counts", type=int, nargs="+", default=list(COUNTS), help="numbers of bursts; the first sets the law"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one object a row")
    options = parser.parse_args()
    generations: tuple[Generation, ...] = (options.generation,) if options.generation else ("FGB", "SGB")
    for generation in generations:
        alone: dict[bool, float | None] = {}
        for count in options.counts:
            levels = Levels(TRIALS[options.trial], generation, count, options.bursts, options.seed)
            for whole in (False, True) if generation == "FGB" else (True,):
                level = levels.threshold(whole)
                one = alone.setdefault(whole, None if level is None else level + 10 * log10(count))
                short = None if level is None or one is None else level - (one - 10 * log10(count))
                wrong, messages = levels.wrong
                row = {
                    "trial": options.trial,
                    "generation": generation,
                    "bursts": count,
                    "read": "whole" if whole else "identity",
                    "threshold_dbhz": level,
                    "short_of_law_db": short,
                    "wrong": wrong,
                    "messages": messages,
                }
                if options.json:
                    print(json.dumps(row), flush=True)
                    continue
                told = "none" if level is None else f"{level:5.2f} dB-Hz"
                law = "" if short is None else f"{short:+5.2f} dB from the law"
                print(
                    f"{generation}  N = {count}: {row['read']:8} 90 % at {told}  {law}  wrong {wrong} of {messages}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
