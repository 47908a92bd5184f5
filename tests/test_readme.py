"""The README's examples run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = re.findall(r"^(vigie (?!run).*?)\s*(?:#.*)?$", TEXT.split("## A few lines that run")[1], re.M)


def test_there_are_examples() -> None:
    assert len(LINES) >= 4


@pytest.mark.parametrize("line", LINES)
def test_an_example_runs(line: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if "recording.wav" in line:
        recordings = request.getfixturevalue("shared") / "recordings"
        shutil.copy(recordings / "sarsat_selftest_beacon.wav", tmp_path / "recording.wav")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        line, shell=True, cwd=tmp_path, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_options_of_every_example_exist() -> None:
    """``vigie run`` stays up, so its example is not run: its options are looked for in its help."""
    for command, rest in re.findall(r"^vigie (\w+)(.*)$", TEXT.split("## A few lines that run")[1], re.M):
        said = subprocess.run(
            [sys.executable, "-m", "vigie", command, "--help"], capture_output=True, text=True, check=True
        )
        assert all(option in said.stdout for option in re.findall(r"--[\w-]+", rest.split("#")[0]))
