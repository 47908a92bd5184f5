"""``import vigie``: what is public, that it costs nothing until it is used, and that it does what the commands do."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import vigie
from vigie.errors import ConfigError, InputError, RecordingError
from vigie.records import Samples
from vigie.signal.fgb import modulate

RECORDS = {"Samples", "Burst", "Message", "Detection", "Solution", "Alert", "Sit", "Tick"}
SIGNATURES = {
    "decode": "(text, *, form, llr)",
    "decode_many": "(messages)",
    "encode": "(facts)",
    "locate": "(measurements, orbits, settings, *, known)",
    "measure": "(source, *, reference_ppm, channel_hz, format, rate_hz, centre_hz, start)",
    "receive": "(source, *, format, rate_hz, centre_hz, start, audio, gain_db, ppm, doppler_hz, name)",
    "simulate": "(scenario, folder, *, seed, level, workers, cluster)",
}
"""stable: arguments may be added, none taken away"""


def names(function: object) -> str:
    """The arguments of a function without types and defaults."""
    parts, keyword = [], False
    for one in inspect.signature(function).parameters.values():  # type: ignore[arg-type]
        if one.kind is one.KEYWORD_ONLY and not keyword:
            parts, keyword = [*parts, "*"], True
        parts.append(one.name)
    return f"({', '.join(parts)})"


def test_what_is_public_stays() -> None:
    assert set(vigie.__all__) == RECORDS | set(SIGNATURES) | {"__version__"}
    assert set(vigie.__all__) <= set(dir(vigie))
    assert {name: names(getattr(vigie, name)) for name in SIGNATURES} == SIGNATURES
    assert all(inspect.isclass(getattr(vigie, name)) for name in RECORDS)
    with pytest.raises(AttributeError, match="no attribute 'localise'"):
        _ = vigie.localise  # type: ignore[attr-defined]


def test_importing_it_and_decoding_a_message_stays_light() -> None:
    script = """
import sys, vigie
print(vigie.decode("ADCD00800440401").hex_id)
vigie.Message, vigie.encode
heavy = {"numpy", "scipy", "numba", "sqlalchemy", "starlette", "click", "matplotlib", "sgp4", "msgspec"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n") == ["ADCD00800440401", "[]", ""]


def samples() -> tuple[str, Samples]:
    digits = vigie.encode({"protocol": "std_plb_serial", "country_code": 227, "tac": 1020, "serial_number": 9})
    iq = modulate(format(int(digits, 16), "0144b"), 16e3, frequency_hz=300.0, start_s=0.4, duration_s=1.5)
    noise = np.random.default_rng(4).standard_normal((len(iq), 2), np.float32).view(np.complex64)[:, 0]
    return digits, Samples(iq + 0.05 * noise, 16e3, 406.025e6, np.datetime64("2026-08-23T00:00:00", "ns"))


def test_samples_and_files_are_received_and_measured(tmp_path: Path) -> None:
    digits, block = samples()
    (heard,) = vigie.receive(block)
    assert heard.message.received == digits
    assert heard.frequency_hz == pytest.approx(406.0253e6, abs=0.5)
    block.iq.tofile(tmp_path / "burst.cf32")
    (read,) = vigie.receive(tmp_path / "burst.cf32", rate_hz=16e3, centre_hz=406.025e6, start="2026-08-23T00:00Z")
    assert (read.message.hex_id, read.time) == (heard.message.hex_id, heard.time)
    assert read.source.endswith("burst.cf32")
    report = vigie.measure([block], reference_ppm=0.01)
    (beacon,) = report.beacons.values()
    assert beacon.bursts[0].hex == digits
    assert [row["kind"] for row in report.rows()] == ["burst", "beacon"]


def test_a_simulation_is_located(tmp_path: Path) -> None:
    made = vigie.simulate("raft", tmp_path)
    rows = [json.loads(line) for line in made.stream.read_text().splitlines()]
    (fix,) = vigie.locate(rows, [tmp_path / "orbits" / "leosar.tle"])
    assert fix.solved
    assert abs((fix.lat_deg or 0) - 46.2) < 0.2
    again = vigie.locate(rows, tmp_path / "orbits" / "leosar.tle")
    assert again[0].lat_deg == fix.lat_deg
    from vigie.locate.measurement import Measurement

    assert isinstance(fix.rejected, tuple)
    assert vigie.locate([Measurement("one", np.datetime64("2026-08-23", "ns"))])[0].lat_deg is None


def test_what_is_wrong_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no-such-file"):
        vigie.receive("no-such-file.wav")
    with pytest.raises(InputError, match="foa_hz is 'high'"):
        vigie.locate([{"beacon": "a", "time": "2026-08-23T00:00:00Z", "foa_hz": "high"}])
    with pytest.raises(InputError, match="beacon is missing"):
        vigie.locate([{"time": "2026-08-23T00:00:00Z"}])
    with pytest.raises(ConfigError, match="atlantis"):
        vigie.simulate("atlantis", tmp_path)
