"""``vigie simulate``, ``vigie score`` and ``vigie campaign`` as commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from vigie import cli

SCENARIO = """\
title = "Ten minutes"
start = "2026-08-23T00:00:00Z"
duration_s = 600
[[satellites]]
system = "MEO"
select = ["GSAT0"]
[[stations]]
name = "T"
system = "MEO"
latitude = 43.5
longitude = 1.5
[[beacons]]
name = "raft"
kind = "EPIRB"
message = { protocol = "std_epirb_serial", country_code = 227, tac = 1020, serial_number = 3 }
latitude = 46.0
longitude = -7.0
"""


@pytest.fixture
def vigie(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigie", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def test_from_a_scenario_to_a_score(vigie: Any, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO)
    out = tmp_path / "out"
    code, said, _ = vigie("simulate", tmp_path / "s.toml", "-o", out, "--seed", 3, "--json")
    assert code == 0
    assert json.loads(said)["lines"] > 50
    stream, truth = out / "detections.jsonl", out / "truth.jsonl"
    code, fixes, _ = vigie("locate", stream, "--orbits", out / "orbits" / "meosar.tle", "--json")
    assert code == 0
    (tmp_path / "fixes.jsonl").write_text(fixes)
    code, alerts, _ = vigie("replay", stream, "--json")
    assert code == 0
    (tmp_path / "alerts.jsonl").write_text(alerts)
    report = tmp_path / "report.html"
    code, said, _ = vigie(
        "score", stream, tmp_path / "fixes.jsonl", tmp_path / "alerts.jsonl", truth, "--html", report, "--json"
    )
    assert code == 0
    numbers = json.loads(said)
    assert numbers["all"]["detection_rate"] == 1.0
    assert numbers["all"]["location"]["doa"]["error_m"]["p50"] < 3000
    assert numbers["alerts"]["counted_from"] == "alerts"
    assert numbers["alerts"]["lost"] == numbers["alerts"]["false"] == []
    assert report.read_text().startswith("<!doctype html>")
    code, said, _ = vigie("score", stream, truth, "--alerts")
    assert code == 0
    assert "100.00 % detected" in said
    assert "lost: none" in said


def test_a_lost_beacon_is_exit_one(vigie: Any, tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO)
    vigie("simulate", tmp_path / "s.toml", "-o", tmp_path)
    (tmp_path / "nothing.jsonl").write_text("")
    code, said, _ = vigie("score", tmp_path / "nothing.jsonl", tmp_path / "truth.jsonl")
    assert code == 1
    assert "lost: raft" in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('name = "raft"', 'nam = "raft"'), "s.toml, line 13: beacons[1].nam is no key of this table; is name meant?"),
        (("duration_s = 600", 'end = "2026-08-22T00:00:00Z"'), "s.toml, line 3: end is not after start"),
        (("message = {", "# {"), "s.toml, line 12: beacons[1] has no message"),
        (('"GSAT0"', '"HUBBLE"'), "no satellite of it is among HUBBLE"),
    ],
)
def test_a_bad_scenario_is_one_sentence_and_exit_two(
    vigie: Any, tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO.replace(*change))
    code, said, error = vigie("simulate", tmp_path / "s.toml", "-o", tmp_path / "out")
    assert (code, said) == (2, "")
    assert words in error
    assert len(error.strip().splitlines()) == 1


def test_names_that_are_none(vigie: Any, tmp_path: Path) -> None:
    code, _, error = vigie("simulate", "nowhere", "-o", tmp_path)
    assert code == 2
    assert "none of the scenarios that come with Vigie: " in error
    code, _, error = vigie("campaign", "nowhere", "-o", tmp_path)
    assert code == 2
    assert "accuracy" in error


def test_a_scenario_is_printed_to_be_changed(vigie: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raft").mkdir()  # what the last try wrote does not hide the scenario of that name
    code, said, _ = vigie("simulate", "raft", "--print")
    assert code == 0
    (tmp_path / "mine.toml").write_text(said.replace("duration_s = 900", "duration_s = 300"))
    code, said, _ = vigie("simulate", tmp_path / "mine.toml", "-o", tmp_path / "out", "--json")
    assert code == 0
    assert json.loads(said)["lines"] > 0
    code, _, error = vigie("simulate", "raft")
    assert code == 2
    assert "-o" in error
