"""The configuration of a station: read whole, refused in words, printed as an example that works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie import config, station
from vigie.errors import ConfigError


def written(folder: Path, text: str) -> Path:
    path = folder / "station.toml"
    path.write_text(text)
    return path


def test_the_example_is_a_configuration(tmp_path: Path) -> None:
    path = written(tmp_path, config.EXAMPLE)
    read, wrong = config.check(path)
    assert wrong == []
    assert read is not None
    assert read.station.position_deg == [48.38, -4.49, 95.0]
    (source,) = station.configured(read, str(path))
    assert source.name == "hillside/north"
    assert source.feed is not None
    assert (source.feed.rate_hz, source.feed.centre_hz) == (250_000, 406.1e6)
    assert [(band.low_hz, band.high_hz) for band in source.bands] == [(406.0e6, 406.1e6)]
    assert source.keeper is not None
    assert source.keeper.shelf.folder == tmp_path / "snippets"


def test_what_is_commented_out_in_the_example_is_a_configuration_too(tmp_path: Path) -> None:
    lines = [line[2:] if line.startswith("# ") and ("=" in line or line[2] == "[") else line
             for line in config.EXAMPLE.splitlines()]  # fmt: skip
    path = written(tmp_path, "\n".join(lines))
    np.zeros(1000, np.complex64).tofile(tmp_path / "pass.cf32")
    path.write_text(
        path.read_text().replace("pass.sigmf-meta", "pass.cf32").replace("exercise =", "rate_hz = 12e3\nexercise =")
    )
    read = config.load(path)
    names = [source.name for source in station.configured(read, str(path))]
    assert names == ["hillside/north", "hillside/a recording", "hillside/scanner"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[source]\nurl = 1", "station.toml: no TOML: .*line 1"),
        ("[station]\nnam = 'x'", r"station.toml, line 2: station.nam: unknown key; did you mean name\?"),
        ("\n\n[sattion]\nname = 'x'", r"station.toml, line 3: sattion: unknown key; did you mean station\?"),
        ("[[source]]\nurl='-'\n[[source]]\nurl='-'\ngain = 3", r"line 5: source\[1\].gain: .* did you mean gain_db\?"),
        ("[[source]]\nzzz = 3", r"line 2: source\[0\].zzz: unknown key; known here: name, url, file"),
        ("[[source]]\nurl='-'\nrate_hz = '250k'", r"line 3: source\[0\].rate_hz: expected `float \| null`, got `str`"),
        ("[[source]]\nurl='-'\naudio = 'music'", r"line 3: source\[0\].audio: invalid enum value 'music'"),
        ("[[source]]\nname='a'", r"line 1: source\[0\]: one of url and file is expected"),
        ("[[source]]\nurl='udp://:1'\n[[source]]\nurl='udp://:1?ppm=1'", r"source\[1\].name: 'udp://:1' is the name"),
        ("[[source]]\nfile='x.wav'\ngain_db=3", r"line 3: source\[0\].gain_db: it is for radios"),
        ("[[source]]\nurl='udp://:1'\nspeed=2.0", r"line 3: source\[0\].speed: it is for files"),
        ("[[source]]\nurl='udp://:1'\nbands_hz=[[2.0,1.0]]", r"line 3: .*a band is \[low, high\] in Hz"),
        ("[[source]]\nurl='-'\ndoppler_hz=6e4", r"line 3: source\[0\].doppler_hz: 60000: 0 to 50000 Hz"),
        ("[web]\nport = 70000", "line 2: web.port: a port from 0"),
        ("[station]\nposition_deg = [91, 0]", "line 2: station.position_deg: .latitude"),
        ("[snippets]\nmost_mb = -1", "line 2: snippets.most_mb: -1: a positive number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config.load(written(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[source]]\nurl='rtl_tcp://here'\nrate_hz=48e3", r"source\[0\]: .*cannot sample at 48000 Hz"),
        ("[[source]]\nurl='rtl_tcp://here'\nbands_hz=[[434e6,434.1e6]]", "is not within the 405975000"),
        ("[[source]]\nfile='missing.wav'", "missing.wav cannot be read: No such file"),
        ("[[source]]\nurl='-'", "standard input does not say what it holds"),
        ("[[source]]\nfile='x.cf32'\nstart='noon'", "'noon' is no ISO 8601 time"),
    ],
)
def test_sources_that_cannot_be_had_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=words):
        station.configured(config.load(path), str(path))


def vigie(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "vigie", *arguments], capture_output=True, text=True, timeout=60)


def test_the_commands(tmp_path: Path) -> None:
    printed = vigie("config", "example")
    good = written(tmp_path, printed.stdout)
    done = vigie("config", "check", str(good))
    assert (done.returncode, done.stdout) == (0, f"{good}: good, 1 source\n")
    good.write_text("[web]\nprot = 1\nhots = '::1'\n")
    done = vigie("config", "check", str(good))
    assert done.returncode == 2
    assert "did you mean port?" in done.stderr
    assert "did you mean host?" in done.stderr
    assert "Traceback" not in done.stderr
    done = vigie("run", str(good))
    assert done.returncode == 2
    assert "(and 1 more: vigie config check" in done.stderr
    assert vigie("run", str(good), "x.wav").stderr.endswith("give it alone, and name other sources in it\n")
    good.write_text("[web]\nport = 1\n")
    assert "names no source: add a [[source]]" in vigie("run", str(good)).stderr


@given(st.lists(st.sampled_from(["[station]", "[[source]]", "name = 'x'", "a.b = 1", "# [web]", ""]), max_size=12))
def test_a_line_is_found_or_none_is(lines: list[str]) -> None:
    for where in (("station", "name"), ("source", 1, "name"), ("web", "port"), ("source", 0)):
        line = config.line_of("\n".join(lines), where)
        assert line is None or 1 <= line <= len(lines)
        if line is not None and where[-1] == "name":
            assert lines[line - 1].startswith(("name", "["))


def test_a_source_may_look_for_second_generation_bursts_nearer_or_not_at_all(tmp_path: Path) -> None:
    found = []
    for line in ("", "doppler_hz = 1500", "doppler_hz = 0"):
        path = written(tmp_path, f"[[source]]\nurl = 'rtl_tcp://127.0.0.1:1'\n{line}")
        (source,) = station.configured(config.load(path), str(path))
        found.append(source.doppler_hz)
        source.close()
    assert found == [13_000.0, 1500.0, None]
