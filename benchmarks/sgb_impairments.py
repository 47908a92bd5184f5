"""What each imperfection of a second-generation beacon, or of what is on the air beside it, costs the receiver.

    python benchmarks/sgb_impairments.py --cn0 29 --bursts 100

A row an imperfection, in bursts that are otherwise as ``sgb_receive.py`` draws them: unknown time, +-13 kHz, 300 Hz/s,
chip rate within 0.6 chips/s. Rows marked * are outside what C/S T.018 2.3 allows. FOA and TOA are RMS errors over the
Cramer-Rao bound of a burst without the imperfection; the beginning of an uneven or noisy burst is its own.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import pi

import numpy as np
from numpy.typing import NDArray

from sgb_bursts import RATE_HZ, bounds, burst
from sgb_receive import Tally, one_burst
from vigie.records import Sync
from vigie.signal import fgb, sgb


@dataclass(frozen=True)
class Case:
    """One imperfection."""

    name: str
    pulse: str = "half_sine"
    changes: Mapping[str, float] = field(default_factory=dict)
    legal: bool = False
    """everything at once, drawn within C/S T.018"""
    only: Sync = "normal"
    beside: str = ""
    """generation of another burst on top"""
    beside_dbhz: float = 0.0


CASES = (
    Case("half sine"),
    Case("root raised cosine", "rrc"),
    Case("rectangular chips", "rect"),
    Case("self-test sequence", only="self_test"),
    Case("I 15 % over Q", changes={"imbalance": 0.15}),
    Case("I 50 % over Q *", changes={"imbalance": 0.5}),
    Case("0.1 rad from quadrature *", changes={"skew_rad": 0.1}),
    Case("Q 1 % of a chip late", changes={"offset_chips": 0.005}),
    Case("Q a tenth of a chip late *", changes={"offset_chips": 0.1}),
    Case("chip rate 1.1/s high *", changes={"chip_rate_hz": 0.55}),
    Case("chip rate drifts 0.6/s2", changes={"chip_drift_hz_per_s": 0.6}),
    Case("EVM 2.5 %", changes={"evm": 0.025}),
    Case("EVM 15 % *", changes={"evm": 0.15}),
    Case("all within T.018", "any", legal=True),
    Case("under an FGB of 45 dB-Hz", beside="FGB", beside_dbhz=45.0),
    Case("beside an SGB of 35 dB-Hz", beside="SGB", beside_dbhz=35.0),
    Case("under an SGB of 45 dB-Hz", beside="SGB", beside_dbhz=45.0),
)


def another(rng: np.random.Generator, case: Case, count: int, reach_hz: float) -> NDArray[np.complex64]:
    """A burst on top: any delay within the first half of the burst, any carrier; the same sequence if of one kind."""
    start_s, length = float(rng.uniform(0.2, 0.6)), count / RATE_HZ
    carrier_hz, phase_rad = float(rng.uniform(-reach_hz, reach_hz)), float(rng.uniform(0, 2 * pi))
    if case.beside == "FGB":
        wave = fgb.modulate(
            rng.integers(0, 2, 144),
            RATE_HZ,
            frequency_hz=carrier_hz,
            phase_rad=phase_rad,
            start_s=start_s,
            duration_s=length,
        )
    else:
        wave = sgb.modulate(
            rng.integers(0, 2, 250),
            RATE_HZ,
            frequency_hz=carrier_hz,
            phase_rad=phase_rad,
            start_s=0.15 * start_s,
            duration_s=length,
        )
    return (wave * np.float32(10 ** (case.beside_dbhz / 20))).astype(np.complex64)


def main() -> None:
    """Print a row for each imperfection."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cn0", type=float, default=29.0)
    parser.add_argument("--bursts", type=int, default=100, help="bursts a row")
    parser.add_argument("--only", default="", help="the rows whose name has this in it")
    parser.add_argument("--reach", type=float, default=13_000.0, help="carriers are drawn and searched this far, Hz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one object a row")
    options = parser.parse_args()
    foa_hz, toa_s = bounds(options.cn0)
    for number, case in enumerate(CASES):
        if options.only not in case.name:
            continue
        rng = np.random.default_rng([options.seed, number])
        tally = Tally(options.cn0)
        for _ in range(options.bursts):
            iq, truth = burst(rng, options.cn0, options.reach, 300.0, case.pulse, case.legal, case.changes, case.only)
            if case.beside:
                iq = iq + another(rng, case, len(iq), options.reach) * np.float32(10 ** (-options.cn0 / 20))
            one_burst(tally, iq, truth, options.reach, rounds=2, others=bool(case.beside))
        row = tally.row()
        told = {
            "case": case.name,
            "found": tally.found,
            "read": tally.soft_right,
            "of": tally.bursts,
            "wrong": tally.soft_wrong,
            "foa_over_bound": row["foa_rms_hz"] / foa_hz,
            "toa_over_bound": row["toa_middle_rms_us"] / (toa_s * 1e6),
        }
        if options.json:
            print(json.dumps(told), flush=True)
        else:
            print(
                f"{case.name:28} found {tally.found:4d}  read {tally.soft_right:4d} of {tally.bursts}"
                f"  wrong {tally.soft_wrong}  FOA {told['foa_over_bound']:.2f}  TOA {told['toa_over_bound']:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
