"""``vigie alerts``: the messages a centre would send, and nothing sent."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from vigie.cli.alerts import command
from vigie.jsonl import line
from vigie.sim.detections import YACHT, detection
from vigie.store.rows import detection_body


def test_messages_are_shown_and_an_exercise_says_so(tmp_path: Path) -> None:
    stream = tmp_path / "d.jsonl"
    stream.write_text(f"{line(detection_body(detection(YACHT)))}\n\nnot json\n")
    run = CliRunner().invoke(command, [str(stream), "--json"])
    assert run.exit_code == 1  # a line was refused
    (row,) = [json.loads(text) for text in run.stdout.splitlines()]
    assert (row["to"], row["sit"], row["exercise"]) == ("FMCC", "915", False)
    training = CliRunner().invoke(command, [str(stream), "--training"])
    assert "EXERCISE, never sent" in training.output
    assert CliRunner().invoke(command, [str(tmp_path / "absent")]).exit_code == 2


def test_a_whole_configuration_names_the_centre_too(tmp_path: Path) -> None:
    stream, config = tmp_path / "d.jsonl", tmp_path / "centre.toml"
    stream.write_text(f"{line(detection_body(detection(YACHT)))}\n")
    tables = '[centre]\nname = "FMCC"\ncode = "2270"\n[countries.227]\nunlocated = ["OWN"]\n[destinations.OWN]\n'
    config.write_text(f'{tables}code = "X"\n[store]\nurl = "a.sqlite"\n')
    run = CliRunner().invoke(command, [str(stream), "--centre", str(config), "--json"])
    assert [json.loads(text)["to"] for text in run.stdout.splitlines()] == ["OWN"]
    config.write_text('[store]\nurl = "a.sqlite"\n')
    assert "has no [centre]" in str(CliRunner().invoke(command, [str(stream), "--centre", str(config)]).exception)
