"""Receive a recording: python examples/receive_a_recording.py [RECORDING]

Without one, a minute of the scenario "raft" is recorded by the simulator first.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import vigie


def receive(recording: Path) -> None:
    for detection in vigie.receive(recording):
        message = detection.message
        print(f"{detection.time}  {detection.frequency_hz:.1f} Hz  {detection.cn0_dbhz:.1f} dB-Hz")
        print(f"  {message.hex_id} {message.category}, right with probability {detection.confidence:.6f}")


if len(sys.argv) > 1:
    receive(Path(sys.argv[1]))
else:
    with TemporaryDirectory() as folder:
        made = vigie.simulate("raft", folder, level="samples")
        print(f"{made.bursts} bursts sent")
        for path in sorted(Path(folder).glob("*.sigmf-meta")):
            receive(path)
