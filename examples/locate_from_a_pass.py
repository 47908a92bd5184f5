"""Locate a beacon from what one low satellite heard of it, and compare with the truth.

python examples/locate_from_a_pass.py
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import vigie
from vigie.geodesy import distance_m

with TemporaryDirectory() as folder:
    made = vigie.simulate("raft", folder)
    heard = [json.loads(line) for line in made.stream.read_text().splitlines()]
    orbits = sorted((Path(folder) / "orbits").iterdir())
    print(f"{len(heard)} messages delivered")
    for fix in vigie.locate(heard, orbits):
        if fix.lat_deg is None or fix.lon_deg is None:
            print(f"{fix.beacon}: {fix.verdict}")
            continue
        off_m = float(distance_m(fix.lat_deg, fix.lon_deg, 46.2, -8.4))
        print(f"{fix.beacon} side {fix.side}, probability {fix.probability:.2f}: {fix.lat_deg:.3f} {fix.lon_deg:.3f}")
        print(f"  95 % within {fix.ehe_m / 1e3:.1f} km; truly {off_m / 1e3:.1f} km off")
