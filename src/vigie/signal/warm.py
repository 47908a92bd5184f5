"""The receiver's compiled loops made ready before a burst needs them.

Compiling is Python's own work, one thread at a time: as a program (``python -m vigie.signal.warm``) this compiles the
loops of the fit alone, beside a service that compiles those of search and tracking and finds these in the cache.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np

from vigie.constants import FGB_CARRIER_S, FGB_LONG_BITS
from vigie.records import Samples
from vigie.signal import fit_loops, fitting
from vigie.signal.fgb import BIT_S, BIT_SYNC, FRAME_SYNC, as_bits, modulate
from vigie.signal.receiver import Receiver
from vigie.signal.tracking import Track

_RATE_HZ = 20_000.0
_LEVELS_DB = (40.0, 31.0)
"""C/N0 of a burst that is followed in long steps, and of one that is not: each meets loops of its own"""


def warm_up() -> int:
    """Compile, or load from the cache, every loop of the receiver; the bursts that it found, 2.

    The receiver is given two bursts of its own making, which nobody is told of. That takes ten seconds the first time
    after an installation, and where nothing can be kept; else about one.
    """
    rng = np.random.default_rng(1)
    bits = BIT_SYNC + FRAME_SYNC["normal"] + "10" * ((FGB_LONG_BITS - 24) // 2)
    found = 0
    for cn0_db in _LEVELS_DB:
        wave = modulate(bits, _RATE_HZ, frequency_hz=1e3, start_s=0.3, duration_s=1.0)
        noise = rng.standard_normal(2 * len(wave), np.float32).view(np.complex64) * np.float32(np.sqrt(_RATE_HZ / 2))
        receiver = Receiver(doppler_hz=None)
        block = Samples(wave * np.float32(10 ** (cn0_db / 20)) + noise, _RATE_HZ, None, None)
        found += sum(1 for _ in (*receiver.take(block), *receiver.end()))
    return found


def warm_fit() -> bool:
    """Compile, or load, the loops of the fit alone; whether it found the burst of its own making."""
    bits = as_bits(BIT_SYNC + FRAME_SYNC["normal"] + "10" * ((FGB_LONG_BITS - 24) // 2))
    wave = modulate(bits, _RATE_HZ, start_s=0.3, duration_s=1.0)
    swing = np.where(bits, BIT_S, -BIT_S).astype(np.float64)
    track = Track(0.3 + FGB_CARRIER_S, 0.0, 0.0, 0.0, 0.0, swing, 1e-4, 1.0, FGB_LONG_BITS)
    found = fitting.fit(wave, _RATE_HZ, track, bits[:24])
    return found is not None and bool(found.replica(0, len(wave), _RATE_HZ).any())


def to_be_compiled() -> bool:
    """Whether the loops of the fit are still to be compiled, and what is compiled can be kept for another process."""
    folder = cast("Any", fit_loops.steps).stats.cache_path
    if folder is None:
        return False
    kept = [file.stat().st_mtime for file in Path(folder).glob("fit_loops.steps-*.nbi")]
    return max(kept, default=0.0) < Path(fit_loops.__file__).stat().st_mtime


if __name__ == "__main__":
    warm_fit()
