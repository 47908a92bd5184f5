"""``vigie doctor``: each thing it looks at is told apart when it is well and when it is not."""

from __future__ import annotations

import ctypes
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from vigie import doctor
from vigie.cli.doctor import command

NOW = np.datetime64("2026-11-22T00:00:00", "ns")


def verdicts(found: Any) -> dict[str, str]:
    return {finding.check: finding.verdict for finding in found}


def test_prints_a_line_for_each_finding_and_the_same_as_json() -> None:
    plain = CliRunner().invoke(command, [])
    lines = [json.loads(line) for line in CliRunner().invoke(command, ["--json"]).stdout.splitlines()]
    assert {"Python", "vigie", "clock", "Earth orientation", "leap seconds", "journal folder"} <= {
        line["check"] for line in lines
    }
    assert all(line["verdict"] in ("ok", "note", "warning", "failure") and line["text"] for line in lines)
    assert all(line["check"] in plain.stdout for line in lines)


@pytest.mark.parametrize(
    ("day", "orientation", "leap"),
    [
        ("1980-01-01", "ok", "ok"),
        ("2200-01-01", "failure", "failure"),
    ],
)
def test_earth_data_that_ended_is_a_failure(day: str, orientation: str, leap: str) -> None:
    found = list(doctor.earth(np.datetime64(day, "ns")))
    assert verdicts(found) == {"Earth orientation": orientation, "leap seconds": leap}
    assert all(finding.advice for finding in found if finding.verdict == "failure")


def test_prediction_far_from_the_last_measurement_is_a_warning() -> None:
    from vigie.orbit.earth import packaged

    mjd = packaged().measured_until_mjd + doctor.STALE_EOP_DAYS + 10
    day = np.datetime64("1970-01-01", "ns") + np.timedelta64(int(mjd) - 40587, "D")
    assert verdicts(doctor.earth(day))["Earth orientation"] == "warning"


def test_folder_is_tried_by_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdicts(doctor.folders(tmp_path / "not" / "made" / "yet")) == {"journal folder": "ok"}
    assert not list(tmp_path.iterdir())

    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(doctor.tempfile, "NamedTemporaryFile", refuse)
    (found,) = doctor.folders(tmp_path)
    assert found.verdict == "failure"
    assert "Read-only file system" in found.text


def test_little_room_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 1 << 62)
    assert verdicts(doctor.folders(tmp_path)) == {"journal folder": "warning"}


def test_receivers_are_found_by_their_usb_numbers(tmp_path: Path) -> None:
    for name, vendor, product in (("1-1", "0bda", "2838"), ("1-2", "1d6b", "0002")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "idVendor").write_text(vendor + "\n")
        (tmp_path / name / "idProduct").write_text(product + "\n")
    found = {finding.check: finding for finding in doctor.devices(tmp_path)}
    assert found["RTL-SDR"].verdict == "ok"
    assert "1-1" in found["RTL-SDR"].text
    assert "1-2" not in found["RTL-SDR"].text


@pytest.mark.parametrize(
    ("state", "maxerror_us", "verdict"), [(0, 2_000, "ok"), (0, 500_000, "warning"), (5, 16_000_000, "warning")]
)
def test_clock_is_asked_of_the_kernel(
    state: int, maxerror_us: int, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Kernel:
        @staticmethod
        def adjtimex(timex: Any) -> int:
            timex._obj.maxerror = maxerror_us
            return state

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Kernel)
    assert verdicts(doctor.clock()) == {"clock": verdict}
