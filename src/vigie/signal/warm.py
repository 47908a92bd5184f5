"""The receiver's compiled loops made ready before a burst needs them."""

from __future__ import annotations

import numpy as np

from vigie.constants import FGB_LONG_BITS
from vigie.records import Samples
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC, modulate
from vigie.signal.receiver import Receiver

_RATE_HZ = 20_000.0
_LEVELS_DB = (40.0, 31.0, 25.0)
"""C/N0 of a burst that is followed in long steps, of one that is not, and of one that can be read with others alone:
each meets loops of its own"""


def warm_up() -> int:
    """Compile, or load from the cache, every loop of the receiver; the bursts that it found, 3.

    The receiver is given three bursts of its own making, which nobody is told of. That takes ten seconds the first time
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
