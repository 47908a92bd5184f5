"""Where a first-generation receiver loses: the same bursts with everything known, then one thing less at a time.

    python benchmarks/fgb_ladder.py --cn0 28.5:31:0.5 --bursts 400 --conditions clean,leo --seed 5

ideal   soft bits of an ideal receiver of square edges (C/S T.001's 1.1 rad), no waveform at all
known   the waveform, with carrier, place, modulation, noise and the neighbours of every bit known
placed  place and carrier known to begin with, everything else estimated
blind   the receiver

Two shares of each: ``likely``, the most likely message is the one sent; ``read``, it is believed as well.
"""

from __future__ import annotations

import argparse

import numpy as np

from fgb_receive import CONDITIONS, Sent, send
from vigie import stages
from vigie.message import soft
from vigie.records import Burst
from vigie.signal import fit_loops
from vigie.signal.channel import Stretch
from vigie.signal.fgb import BIT_S, ramp_s, sync_pattern
from vigie.signal.fitting import fit
from vigie.signal.receiver import FIT_HZ
from vigie.signal.tracking import follow

STEPS = ("ideal", "known", "placed", "blind")
CARRIER_S = 0.16


def ideal(sent: Sent, amplitude: float, rng: np.random.Generator) -> np.ndarray:
    mean = 4 * np.sin(1.1) ** 2 * amplitude**2 * BIT_S
    signs = 1 - 2.0 * np.array(list(sent.bits), int)
    return np.asarray(signs * mean + rng.standard_normal(len(signs)) * np.sqrt(2 * mean))


def known(sent: Sent, amplitude: float, stretch: Stretch) -> np.ndarray:
    wide = stretch.take(sent.frequency_hz, FIT_HZ)
    bits = np.array(list(sent.bits), np.int8)
    length_s = CARRIER_S + len(bits) / sent.modulation.bit_rate_bps
    start_s, middle_s = sent.start_s + CARRIER_S, sent.start_s + length_s / 2
    before_s = CARRIER_S - length_s / 2
    off_hz = sent.frequency_hz - wide.centre_hz
    turned = sent.frequency_hz * before_s + sent.drift_hz_per_s / 2 * before_s**2 + wide.centre_hz * middle_s
    modulation = sent.modulation
    carrier = (sent.phase_rad - 2 * np.pi * turned, off_hz, sent.drift_hz_per_s)
    values = np.array([*carrier, start_s, 0.0, modulation.deviation_rad, modulation.rise_s, modulation.asymmetry])
    half_s = 0.5 / modulation.bit_rate_bps
    seen = fit_loops.bit_correlations(
        wide.iq, 0, wide.rate_hz, middle_s, values, half_s, ramp_s(modulation.rise_s), bits
    )
    return np.asarray(2 * amplitude / wide.rate_hz * seen)


def placed(sent: Sent, stretch: Stretch) -> np.ndarray | None:
    wide = stretch.take(sent.frequency_hz, FIT_HZ)
    pattern = sync_pattern("normal")
    track = follow(wide.iq, wide.rate_hz, sent.start_s + CARRIER_S, pattern, 1.0)
    fitted = fit(wide.iq, wide.rate_hz, track, pattern)
    return None if fitted is None else fitted.soft


def judge(llr: np.ndarray | None, sent: Sent) -> tuple[bool, bool]:
    """Whether the most likely message is right, and whether it is believed as well."""
    if llr is None or len(llr) != len(sent.bits):
        return False, False
    likely = soft.fgb(np.clip(llr, -10, 10))
    right = likely.bits[24:] == sent.bits[24:]
    rest = likely.probability / max(likely.identity_probability, 1e-9)
    return right, right and likely.identity_probability >= stages.LEAST_IDENTITY and rest >= stages.LEAST_REST


def blind(sent: Sent) -> tuple[bool, bool]:
    likely = read = False
    for burst in stages.bursts(iter([sent.block])):
        if isinstance(burst, Burst) and (reading := stages.read(burst)) is not None:
            likely |= judge(burst.soft, sent)[0]
            read |= reading.whole and reading.identity >= stages.LEAST_IDENTITY and reading.bits[24:] == sent.bits[24:]
    return likely, read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cn0", default="28.5:31:0.5", help="first:last:step, dB-Hz")
    parser.add_argument("--bursts", type=int, default=400, help="bursts a point")
    parser.add_argument("--conditions", default="clean,leo")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    first, last, step = (float(part) for part in options.cn0.split(":"))
    print("         dB-Hz   " + "  ".join(f"{name:>6} likely/read" for name in STEPS))
    for name in options.conditions.split(","):
        for level in np.arange(first, last + step / 2, step):
            rng = np.random.default_rng([options.seed, CONDITIONS.index(name), round(level * 100)])
            total = np.zeros((len(STEPS), 2))
            for _ in range(options.bursts):
                sent = send(rng, name, float(level), 16e3, True)
                stretch, amplitude = Stretch(sent.block.iq, 16e3), 10 ** (level / 20)
                total += [
                    judge(ideal(sent, amplitude, rng), sent),
                    judge(known(sent, amplitude, stretch), sent),
                    judge(placed(sent, stretch), sent),
                    blind(sent),
                ]
            shares = "  ".join(f"{likely:11.3f} / {read:.3f}" for likely, read in total / options.bursts)
            print(f"{name:8} {level:5.1f}   {shares}", flush=True)


if __name__ == "__main__":
    main()
