"""Play a scenario, locate what was delivered, make the alerts, and score it all against the truth.

python examples/simulate_and_score.py [SCENARIO]
"""

from __future__ import annotations

import json
import sys
from tempfile import TemporaryDirectory

import vigie
from vigie.sim import alerted, score, truth

scenario = sys.argv[1] if len(sys.argv) > 1 else "raft"
with TemporaryDirectory() as folder:
    made = vigie.simulate(scenario, folder)
    delivered = [json.loads(line) for line in made.stream.read_text().splitlines()]
    alerts = alerted.alerts(delivered)
    true = truth.read(made.truth)
    figures = score.figures(score.compare([*delivered, *alerts], true), true)
    print(f"{figures['all']['bursts_in_view']} bursts in view, {100 * figures['all']['detection_rate']:.0f} % detected")
    for alert in alerts:
        print(f"{alert['hex_id']}: {alert['state']}")
    print(f"lost: {figures['alerts']['lost']}, false: {figures['alerts']['false']}")
