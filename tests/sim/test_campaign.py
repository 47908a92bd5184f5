"""Campaigns: what they find, and that a kill costs nothing that was done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vigie.engine import Builtin
from vigie.errors import ConfigError
from vigie.sim import campaign

ACCURACY = """\
title = "Small"
kind = "accuracy"
[accuracy]
cn0_dbhz = [33.0, 36.0, 39.0, 42.0]
satellites = [4, 10]
bursts = 300
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "campaign.toml"
    path.write_text(text)
    return path


def test_accuracy_grows_with_strength_and_satellites(tmp_path: Path) -> None:
    asked, base = campaign.load(written(tmp_path, ACCURACY))
    folder = campaign.run(asked, base, tmp_path / "out", Builtin())
    rows = json.loads((folder / "summary.json").read_text())["results"]
    assert len(rows) == 16
    by = {(row["generation"], row["cn0_dbhz"], row["satellites"]): row for row in rows}
    assert by["FGB", 42.0, 10]["p95_m"] < by["FGB", 33.0, 10]["p95_m"]
    assert by["FGB", 36.0, 10]["p95_m"] < by["FGB", 36.0, 4]["p95_m"]
    assert by["SGB", 36.0, 10]["p95_m"] < by["FGB", 36.0, 10]["p95_m"]
    for row in rows:
        assert 1.5 < row["nees"] < 2.6
    import pyarrow.parquet

    assert pyarrow.parquet.read_table(folder / "results.parquet").num_rows == 16
    assert "data:image/png" in (folder / "report.html").read_text()


def test_a_killed_campaign_goes_on_where_it_was(tmp_path: Path) -> None:
    file = written(tmp_path, ACCURACY.replace("bursts = 300", "bursts = 3000"))
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "vigie", "campaign", str(file), "-o", str(folder)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while len(list((folder / "parts").glob("*.parquet"))) < 3 and time.monotonic() < until:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {path.name: path.stat().st_mtime_ns for path in (folder / "parts").glob("*.parquet")}
    assert 3 <= len(before) < 16
    asked, base = campaign.load(file)
    told: list[str] = []
    campaign.run(asked, base, folder, Builtin(), lambda part, words: told.append(words))
    assert told[0] == f"{len(before)} of 16 items were done before"
    after = {path.name: path.stat().st_mtime_ns for path in (folder / "parts").glob("*.parquet")}
    assert len(after) == 16
    assert {name: after[name] for name in before} == before
    whole = campaign.run(asked, base, tmp_path / "whole", Builtin())
    assert (whole / "summary.json").read_bytes() == (folder / "summary.json").read_bytes()


def test_another_campaign_in_the_folder_is_refused(tmp_path: Path) -> None:
    asked, base = campaign.load(written(tmp_path, ACCURACY.replace("bursts = 300", "bursts = 20")))
    campaign.run(asked, base, tmp_path / "out", Builtin())
    asked, base = campaign.load(written(tmp_path, ACCURACY.replace("bursts = 300", "bursts = 21")))
    with pytest.raises(ConfigError, match="holds another campaign"):
        campaign.run(asked, base, tmp_path / "out", Builtin())


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    asked, base = campaign.load(written(tmp_path, ACCURACY))
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="what is done is kept; the same command goes on"):
        campaign.run(asked, base, tmp_path / "file", Builtin())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ACCURACY.replace('"accuracy"', '"accurate"'), "line 2: kind is not right"),
        (ACCURACY.replace("bursts", "burst"), r"line 6: accuracy\.burst is no key of this table; is bursts meant\?"),
        (ACCURACY + '[[variants]]\nname = "a"\nsatellites = [{ system = "HEO" }]\n', r"variants\[1\]\.satellites"),
        (ACCURACY.replace("kind", 'scenario = "nowhere"\nkind'), "nowhere: no such file"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        campaign.load(written(tmp_path, text))


def test_coverage_of_the_globe(tmp_path: Path) -> None:
    pytest.importorskip("h3")
    text = """\
title = "Globe"
kind = "coverage"
duration_s = 900
[coverage]
resolution = 0
epochs = 1
[[variants]]
name = "one station"
satellites = [{ system = "MEO", select = ["GSAT0"] }]
stations = [{ name = "T", system = "MEO", latitude = 43.56, longitude = 1.48 }]
"""
    asked, base = campaign.load(written(tmp_path, text))
    folder = campaign.run(asked, base, tmp_path / "out", Builtin())
    found = json.loads((folder / "summary.json").read_text())["results"]["one station"]
    assert found["cells"] == 122
    import pyarrow.parquet

    rows = pyarrow.parquet.read_table(folder / "results.parquet").to_pylist()
    near = [row for row in rows if abs(row["latitude"] - 45) < 20 and abs(row["longitude"]) < 25]
    far = [row for row in rows if row["latitude"] < -30 and abs(row["longitude"]) > 150]
    assert all(row["first_location_s"] is not None and row["first_location_s"] < 120 for row in near)
    assert all(row["first_location_s"] is None for row in far)


def test_monte_carlo(small: str, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(small)
    text = 'title = "Twice"\nkind = "monte_carlo"\nscenario = "small.toml"\nruns = 2\nduration_s = 200\n'
    asked, base = campaign.load(written(tmp_path, text))
    folder = campaign.run(asked, base, tmp_path / "out", Builtin())
    found = json.loads((folder / "summary.json").read_text())["results"]["as it is"]
    assert found["runs"] == 2
    assert found["detection_rate"] > 0.9
    assert found["location"]["several bursts"]["p50_m"] < 5000


def test_a_full_disk_leaves_a_campaign_that_goes_on(tmp_path: Path) -> None:
    file, folder = written(tmp_path, ACCURACY.replace("bursts = 300", "bursts = 30")), tmp_path / "out"
    code = (  # no file may grow beyond 6000 bytes: the parts fit, the joined table or the report does not
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000)); from vigie.cli import main;"
        f"sys.argv = ['vigie', 'campaign', {str(file)!r}, '-o', {str(folder)!r}]; main()"
    )
    full = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert full.returncode == 2
    assert "what is done is kept; the same command goes on from there" in full.stderr
    assert len(list((folder / "parts").glob("*.parquet"))) == 16
    asked, base = campaign.load(file)
    told: list[str] = []
    campaign.run(asked, base, folder, Builtin(), lambda part, words: told.append(words))
    assert told == ["16 of 16 items were done before"]
    assert (folder / "report.html").stat().st_size > 6000
