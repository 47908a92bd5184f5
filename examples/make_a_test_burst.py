"""Encode a test message, modulate it, write it as a SigMF recording, and measure the transmitter that it shows.

    python examples/make_a_test_burst.py [FOLDER]

The recording is for receivers on a bench. Nobody may send it on the air: 406 MHz is for distress.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

import vigie
from vigie.signal.fgb import Modulation, modulate

RATE_HZ, CENTRE_HZ = 48e3, 406.040e6
folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
digits = vigie.encode({"protocol": "user_test", "country_code": 227, "test_data": "0" * 40 + "101010"})
bits = format(int(digits, 16), f"0{4 * len(digits)}b")
iq = modulate(bits, RATE_HZ, Modulation(), frequency_hz=-9e3, start_s=0.2, duration_s=1.0, power_rise_s=1e-3)
noise = np.random.default_rng(1).standard_normal((len(iq), 2), np.float32).view(np.complex64)[:, 0]
iq += 0.03 * noise
iq.astype("<c8").tofile(folder / "test_burst.sigmf-data")
meta = {
    "global": {"core:datatype": "cf32_le", "core:sample_rate": RATE_HZ, "core:version": "1.2.0"},
    "captures": [{"core:sample_start": 0, "core:frequency": CENTRE_HZ, "core:datetime": "2026-11-22T00:00:00Z"}],
}
(folder / "test_burst.sigmf-meta").write_text(json.dumps(meta))
print(f"{digits} is in {folder / 'test_burst.sigmf-meta'}")

report = vigie.measure(folder / "test_burst.sigmf-meta")
for one in report.bursts:
    for row in one.rows(report.settings):
        print(f"  {row['name']}: {row['value']} {row['unit']}, {row['verdict']} ({row['section']})")
