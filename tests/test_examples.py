"""The examples run as they stand, and say what they promise."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "examples"
SAYS = {
    "explain_a_message.py": "bits  27- 36  country_code = 227",
    "receive_a_recording.py": "9C7AFB2BB0004D1 distress",
    "locate_from_a_pass.py": "95 % within",
    "simulate_and_score.py": "lost: [], false: []",
    "make_a_test_burst.py": "T.001 2.3.6",
}


def test_every_example_is_known_here() -> None:
    assert {path.name for path in FOLDER.glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_an_example_runs(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", FOLDER / name], cwd=tmp_path, capture_output=True, text=True, timeout=180,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert SAYS[name] in done.stdout
