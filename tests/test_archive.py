"""``vigie receive FOLDER``: an archive on several processes gives what it gives here, in the same order."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vigie import cli
from vigie.instants import parse, seconds_past
from vigie.message.encode import encode
from vigie.signal.fgb import modulate

RATE_HZ = 16000.0


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Three recordings of one burst each in two folders, and one that is broken."""
    rng = np.random.default_rng(4)
    folder = tmp_path / "archive"
    for number, name in enumerate(("a", "deeper/b", "c")):
        path = folder / f"{name}.sigmf-meta"
        path.parent.mkdir(parents=True, exist_ok=True)
        digits = encode({"protocol": "std_plb_serial", "country_code": 227, "tac": 1020, "serial_number": number + 1})
        iq = modulate(format(int(digits, 16), "0144b"), RATE_HZ, frequency_hz=300.0, start_s=0.4, duration_s=1.5)
        iq += (0.1 * rng.standard_normal((len(iq), 2), np.float32)).view(np.complex64)[:, 0]
        iq.tofile(path.with_suffix(".sigmf-data"))
        meta = {
            "global": {"core:datatype": "cf32_le", "core:sample_rate": RATE_HZ, "core:version": "1.2.0"},
            "captures": [{"core:sample_start": 0, "core:frequency": 406.025e6}],
        }
        path.write_text(json.dumps(meta))
    return folder


@pytest.fixture
def receive(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vigie", "receive", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return call


def test_an_archive_on_two_processes_is_what_it_is_here(receive: Any, archive: Path) -> None:
    code, here, _ = receive(archive, "--json", "--start", "2026-08-23T00:00:00Z")
    assert code == 0
    rows = [json.loads(line) for line in here.splitlines()]
    assert [Path(row["recording"]).name for row in rows] == ["a.sigmf-meta", "c.sigmf-meta", "b.sigmf-meta"]
    assert [row["message"]["serial_number"] for row in rows] == [1, 3, 2]
    assert abs(seconds_past(parse(rows[0]["time"]), parse("2026-08-23T00:00:00.4Z"))) < 1e-4
    code, there, _ = receive(archive, "--json", "--start", "2026-08-23T00:00:00Z", "--workers", 2)
    assert (code, there) == (0, here)


def test_a_broken_recording_is_told_and_the_rest_goes_on(receive: Any, archive: Path) -> None:
    (archive / "b.sigmf-meta").write_text("nothing")
    code, out, error = receive(archive)
    assert code == 1
    assert out.count("distress") == 3
    assert "b.sigmf-meta: its metadata is no JSON" in error


def test_a_folder_without_recordings_is_refused(receive: Any, tmp_path: Path) -> None:
    code, out, error = receive(tmp_path)
    assert (code, out) == (2, "")
    assert "no recording in it" in error


def test_raw_files_of_an_archive_are_received_when_their_format_is_given(receive: Any, archive: Path) -> None:
    bare = archive / "bare.cf32"
    bare.write_bytes((archive / "a.sigmf-data").read_bytes())
    (archive / "notes.txt").write_text("no samples")
    code, out, _ = receive(archive, "--json")
    assert code == 0
    assert not [line for line in out.splitlines() if "bare" in line]
    code, out, _ = receive(archive, "--json", "--format", "cf32", "--sample-rate", RATE_HZ)
    rows = {Path(row["recording"]).name: row for row in map(json.loads, out.splitlines())}
    assert code == 0
    assert sorted(rows) == ["a.sigmf-meta", "b.sigmf-meta", "bare.cf32", "c.sigmf-meta"]
    assert rows["bare.cf32"]["hex"] == rows["a.sigmf-meta"]["hex"]
    (archive / "a.sigmf-meta").unlink()
    code, _, err = receive(archive / "deeper", "--format", "cf99", "--sample-rate", RATE_HZ)
    assert code == 0
    (archive / "deeper" / "b.sigmf-meta").unlink()
    code, _, err = receive(archive / "deeper")
    assert code == 2
    assert "raw files too with --format" in err
