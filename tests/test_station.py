"""A station as a process: a radio that comes and goes, bands, snippets, and what /healthz says of them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from vigie.errors import ConfigError
from vigie.message.bch import BCH1, BCH2
from vigie.records import Burst, Samples
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC
from vigie.signal.recording import open_recording
from vigie.snippets import Keeper, Shelf
from vigie.store.journal import Journal

from .live.radio import CENTRE_HZ, RATE_HZ, Radio, as_cu8, burst, paced


def message() -> str:
    """A French test beacon's long message."""
    data = (1 << 60) | (227 << 49) | (2 << 45) | 987654321
    return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + format(BCH2.encode(123456), "038b")


@pytest.fixture
def radio() -> Iterator[Radio]:
    """A radio that sends one burst a connection, and goes away after the first."""
    samples = burst(message(), -60_000.0)
    quiet = as_cu8(0.01 * np.random.default_rng(1).standard_normal(2 * int(RATE_HZ), np.float32).view(np.complex64))

    def play(connection: socket.socket, number: int) -> None:
        paced(connection, quiet + samples, server.closed)
        while number > 1 and not server.closed.is_set():
            paced(connection, quiet, server.closed)

    server = Radio(play)
    yield server
    server.close()


def test_a_station_runs_from_its_configuration(radio: Radio, tmp_path: Path) -> None:
    config = tmp_path / "station.toml"
    config.write_text(f"""
[station]
name = "hill"
position_deg = [48.0, -4.0]
[[source]]
name = "north"
url = "{radio.url}"
bands_hz = [[406.03e6, 406.05e6]]
exercise = true
[[source]]
name = "south"
url = "rtl_tcp://127.0.0.1:1"
[store]
url = "kept.sqlite"
[web]
port = 0
browser = false
""")
    env = os.environ | {"XDG_DATA_HOME": str(tmp_path / "home"), "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "vigie", "run", str(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert "receiving hill/north, hill/south" in said
            url = said.split()[2].rstrip(",")

            def sources() -> dict[str, Any]:
                told = httpx.get(f"{url}/healthz", timeout=10).json()
                assert told["status"] in ("ok", "degraded")
                return {one["name"]: one for one in told["sources"]}

            def wait(true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
                until = time.monotonic() + 40
                while not true(found := sources()) and time.monotonic() < until:
                    time.sleep(0.1)
                assert true(found), found
                return found

            seen = wait(lambda told: told["hill/north"]["detections"] == 2)
            north, south = seen["hill/north"], seen["hill/south"]
            assert north["radio"]["connections"] == 2
            assert north["radio"]["gaps"] >= 1
            assert north["snippets"] == {"written": 2, "failed": 0}
            assert (south["state"], south["error"]) in (
                ("lost", "connection refused: is rtl_tcp running there?"),
                ("connecting", "connection refused: is rtl_tcp running there?"),
            )
            (alert,) = httpx.get(f"{url}/api/alerts", timeout=10).json()["alerts"]
            assert alert["exercise"] is True
        finally:
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            process.wait(10)
    assert time.monotonic() - began < 4
    assert (tmp_path / "kept.sqlite").exists()
    snippets = sorted((tmp_path / "snippets").glob("*/*.sigmf-meta"))
    assert len(snippets) == 2
    again = subprocess.run(
        [sys.executable, "-m", "vigie", "receive", str(snippets[0]), "--json"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    (row,) = [json.loads(line) for line in again.stdout.splitlines()]
    assert row["hex"] == format(int(message(), 2), "036X")
    assert row["frequency_hz"] == pytest.approx(CENTRE_HZ - 60_000, abs=2)
    journal = Journal.open(str(tmp_path / "kept.sqlite"))
    rows = [row.body for row in journal.rows(kinds={"detection"})]
    journal.close()
    assert [tmp_path / "snippets" / row["snippet"] for row in rows] == snippets
    assert {row["source"] for row in rows} == {"hill/north"}


def kept(keeper: Keeper, number: int, start: str | None = "2026-11-22T09:00:00") -> str | None:
    """A burst of noise kept by a keeper."""
    iq = np.full(30_000, number + 1, np.complex64)
    begun = None if start is None else np.datetime64(start, "ns") + np.timedelta64(number * 50, "s")
    first = number * 1_000_000
    keeper.recent.add(Samples(iq, 20e3, 406.05e6, begun, first))
    found = Burst("FGB", begun, first + 8000, "normal", np.zeros(144, np.float32), 406.025e6, -25e3, cn0_dbhz=45.0)
    return keeper.write(found)


def test_snippets_are_recordings_of_the_bursts(tmp_path: Path) -> None:
    keeper = Keeper(Shelf(tmp_path / "new"), "hill/north", position_deg=(48.0, -4.0))
    name = kept(keeper, 3)
    assert name == "2026-11-22/2026-11-22T090230_000Z_406025000Hz_FGB.sigmf-meta"
    block, *more = open_recording(str(tmp_path / "new" / name)).blocks()
    iq = np.concatenate([block.iq, *(one.iq for one in more)])
    assert len(iq) == round((0.1 + 0.52 + 0.1) * 20e3)
    assert np.all(iq == 4)
    assert (block.rate_hz, block.centre_hz) == (20e3, 406.05e6)
    assert block.start == np.datetime64("2026-11-22T09:02:30.3", "ns")
    told = json.loads((tmp_path / "new" / name).read_text())
    assert told["annotations"][0]["core:sample_start"] == 2000
    assert told["annotations"][0]["core:sample_count"] == 10_400
    assert told["captures"][0]["core:global_index"] == 3_006_000
    assert told["global"]["core:geolocation"]["coordinates"] == [-4.0, 48.0]
    assert kept(keeper, 3) != name  # never over another


def test_a_look_at_a_configuration_makes_no_folder_of_snippets(tmp_path: Path) -> None:
    Shelf(tmp_path / "far" / "new")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "far").write_text("a file")
    with pytest.raises(ConfigError, match="folder for snippets, cannot be used: Not a directory"):
        Shelf(tmp_path / "far" / "new")


def test_the_oldest_snippets_go_and_a_new_start_knows_the_old_ones(tmp_path: Path) -> None:
    size = round(0.72 * 20e3) * 8
    first = Keeper(Shelf(tmp_path, most_bytes=3 * size))
    names = [kept(first, number) for number in range(5)]
    held = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*.sigmf-meta"))
    assert held == names[2:]
    second = Keeper(Shelf(tmp_path, most_bytes=2 * size))
    newest = kept(second, 9)
    held = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*/*"))
    assert [name for name in held if name.endswith("meta")] == [names[4], newest]
    assert len(held) == 4


def test_a_full_disk_costs_the_snippet_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = Keeper(Shelf(tmp_path))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    assert kept(keeper, 0) is None
    assert kept(keeper, 1) is None
    assert (keeper.written, keeper.failed) == (0, 2)
    assert caplog.text.count("No space left on device") == 1
    assert not list(tmp_path.glob("*/*.sigmf-data"))


def test_audio_has_no_snippets(tmp_path: Path) -> None:
    keeper = Keeper(Shelf(tmp_path))
    keeper.recent.add(Samples(np.ones(30_000, np.complex64), 20e3, None, None, 0, "", "discriminator"))
    assert keeper.write(Burst("FGB", None, 8000, "normal", np.zeros(144, np.float32), None, None)) is None
