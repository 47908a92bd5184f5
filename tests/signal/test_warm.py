"""The receiver's loops are ready before a burst needs them."""

from __future__ import annotations

import numpy as np
from numba.core.dispatcher import Dispatcher

from vigie.records import Samples
from vigie.signal import fgb, fit_loops, search, track_loops, weak_loops
from vigie.signal.receiver import receive
from vigie.signal.warm import warm_up


def _compiled() -> dict[str, int]:
    """How many kinds of arguments each loop is compiled for."""
    loops = {name: one for module in (fit_loops, search, track_loops, weak_loops) for name, one in vars(module).items()}
    return {name: len(one.signatures) for name, one in loops.items() if isinstance(one, Dispatcher)}


def test_a_burst_meets_no_loop_that_the_warm_up_did_not_compile() -> None:
    assert warm_up() == 3
    ready = _compiled()
    assert all(ready[name] for name in ("_scores", "_lower_lines", "running_sum", "place", "read", "grow", "steps"))
    assert ready["best_carrier"]
    rng = np.random.default_rng(3)
    bits = fgb.BIT_SYNC + fgb.FRAME_SYNC["self_test"] + "".join(map(str, rng.integers(0, 2, 88)))
    wave = 100 * fgb.modulate(bits, 48e3, frequency_hz=-7e3, start_s=0.4, duration_s=1.6)
    noise = rng.standard_normal(2 * len(wave), np.float32).view(np.complex64) * np.float32(np.sqrt(48e3 / 2))
    assert len(list(receive([Samples(wave + noise, 48e3, 406.05e6, np.datetime64(0, "ns"))], None))) == 1
    assert _compiled() == ready
