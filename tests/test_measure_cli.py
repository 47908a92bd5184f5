"""``vigie measure``: JSON lines, tables and plots out of recordings, real ones too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import signal as dsp

from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.signal import fgb, sgb
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC

FLAGS = ("--center-frequency", "406.047e6", "--start", "2026-11-22T00:00Z")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
    command = [sys.executable, "-m", "vigie", "measure", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment)


def noise(count: int, rate_hz: float, cn0_dbhz: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal(2 * count).view(complex) * np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two bursts of one beacon, 2 s apart."""
    data = (1 << 60) | (227 << 49) | (2 << 45) | 987654321
    bits = BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + format(BCH2.encode(123456), "038b")
    rate_hz = 48e3  # too narrow for the second generation, which is not searched for then
    iq = noise(int(3.2 * rate_hz), rate_hz, 65.0)
    wave = fgb.modulate(bits, rate_hz, fgb.Modulation(), frequency_hz=-19e3, start_s=0.0, power_rise_s=1e-3)
    for at in (0.3, 2.3):
        iq[int(at * rate_hz) :][: len(wave)] += wave
    path = tmp_path_factory.mktemp("measure") / "first_48ksps.cf32"
    iq.astype(np.complex64).tofile(path)
    return path


def test_json_lines_of_bursts_and_of_the_beacon(first: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    done = run(str(first), "--json", *FLAGS, "--channel", "406.028e6", "--reference-ppm", "0.001", "--plot", str(page))
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    bursts = [one for one in rows if one["kind"] == "burst" and one["measurements"]]
    (beacon,) = [one for one in rows if one["kind"] == "beacon"]
    assert len(bursts) == beacon["bursts"] == beacon["measured"] == 2
    assert bursts[0]["hex"].startswith("FFFE2F")
    told: dict[str, Any] = {one["name"]: one for one in beacon["measurements"]}
    assert set(told["bit_rate_bps"]) >= {"value", "unit", "limit", "verdict", "section", "sigma", "interval", "note"}
    assert told["bit_rate_bps"]["verdict"] == "pass"
    assert told["carrier_hz"]["limit"] == [406.023e6, 406.030e6]
    assert told["carrier_hz"]["sigma"] == pytest.approx(0.406, rel=0.05)
    assert told["repetition_s"]["value"] == pytest.approx(2.0, abs=1e-3)
    assert told["repetition_s"]["verdict"] == "fail"
    assert told["medium_term_residual"]["value"] is None
    assert told["medium_term_residual"]["verdict"] is None
    text = page.read_text()
    assert text.count("data:image/png;base64,") == 1
    assert "this is no type approval" in text
    assert "http://" not in text
    assert "https://" not in text


def test_a_table_for_people_and_a_png(first: Path, tmp_path: Path) -> None:
    done = run(str(first), *FLAGS, "--plot", str(tmp_path / "page.png"))
    assert done.returncode == 0, done.stderr
    assert "phase deviation" in done.stdout
    assert "T.001 2.3.6" in done.stdout
    assert "state the beacon's own" in done.stdout
    assert (tmp_path / "page.png").read_bytes()[:4] == b"\x89PNG"


def test_a_second_generation_burst(tmp_path: Path) -> None:
    data = int(np.random.default_rng(1).integers(0, 2**62)) << 140 | (227 << 150) | 5
    word = format(BCH_SGB.encode(data % (1 << 202)), "0250b")
    wave = sgb.modulate(word, 1.2e6, sgb.Modulation(), frequency_hz=100.0, start_s=0.2, duration_s=1.5)
    iq = dsp.resample_poly(wave, 1, 8, window=("kaiser", 8.0))
    iq = iq + noise(len(iq), 150e3, 75.0)
    iq.astype(np.complex64).tofile(tmp_path / "second_150ksps.cf32")
    done = run(
        str(tmp_path / "second_150ksps.cf32"),
        "--json",
        "--center-frequency",
        "406.05e6",
        "--plot",
        str(tmp_path / "page.png"),
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    (burst,) = [one for one in rows if one["kind"] == "burst" and one["generation"] == "SGB"]
    told = {one["name"]: one for one in burst["measurements"]}
    assert (burst["pulse"], burst["hex"]) == ("half_sine", format(int(word, 2), "063X"))
    assert told["chip_rate_hz"]["verdict"] == told["evm"]["verdict"] == "pass"
    assert (tmp_path / "page.png").exists()


def test_a_recording_from_orbit_is_measured_as_far_as_it_goes(shared: Path) -> None:
    (path,) = (shared / "recordings").glob("1645386152*_0001.cf32")
    done = run(str(path), "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = [one for row in rows if row["kind"] == "beacon" for one in row["measurements"]]
    assert rows
    assert {one["verdict"] for one in told} <= {"pass", "fail", "uncertain", None}
    assert {one["verdict"] for one in told if one["name"].startswith("medium_term")} <= {None}
    assert "Traceback" not in done.stderr


def test_what_cannot_be_measured_is_said(tmp_path: Path) -> None:
    np.zeros(100_000, np.complex64).tofile(tmp_path / "x_48ksps.cf32")
    done = run(str(tmp_path / "x_48ksps.cf32"))
    assert done.returncode == 1
    assert "no burst found" in done.stderr
    done = run(str(tmp_path / "x_48ksps.cf32"), "--plot", "x.pdf")
    assert done.returncode == 2
    assert "must end in .png or .html" in done.stderr
