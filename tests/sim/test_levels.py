"""The three levels: detections that the rest of Vigie takes, calibrated soft bits, samples that the receiver reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vigie import ingest, instants, stages
from vigie.message import beacon as messages
from vigie.records import Detection
from vigie.signal.recording import open_recording
from vigie.sim import player, scenario, soft
from vigie.sim.run import simulate
from vigie.sim.world import generator


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_detections_are_what_the_service_takes(small: str, tmp_path: Path) -> None:
    done = simulate(scenario.parse(small, "small.toml"), tmp_path)
    rows = lines(done.stream)
    assert len(rows) == done.lines > 300
    told = lines(done.truth)
    assert sum(row["kind"] == "burst" for row in told) == done.bursts
    identities = {hex_id for row in told if row["kind"] == "beacon" for hex_id in row["hex_ids"]}
    delivered = [row["delivered"] for row in rows]
    assert delivered == sorted(delivered)
    for row in rows[::5]:
        detection = ingest.detection(row)
        assert detection.message.hex_id in identities
        assert detection.exercise
        assert detection.at == "satellite"
    assert {path.name for path in (tmp_path / "orbits").iterdir()} == {"meosar.tle", "leosar.tle"}


def test_the_same_seed_gives_the_same_bytes(small: str, tmp_path: Path) -> None:
    read = scenario.parse(small, "small.toml")
    one, two, three = (simulate(read, tmp_path / name, seed=seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert one.stream.read_bytes() == two.stream.read_bytes()
    assert one.truth.read_bytes() == two.truth.read_bytes()
    assert one.stream.read_bytes() != three.stream.read_bytes()


def test_lost_late_and_duplicated_data(small: str, tmp_path: Path) -> None:
    wrong = "antennas = 8\nlost = 0.2\nduplicated = 0.1\nlate = 0.3\nlate_by_s = 300.0"
    plain = lines(simulate(scenario.parse(small, "x"), tmp_path / "a").stream)
    rows = lines(simulate(scenario.parse(small.replace("antennas = 8", wrong), "x"), tmp_path / "b").stream)
    mine = [row for row in rows if row["source"] == "MEOLUT"]
    once = {(row["beacon"], row["satellite"], row["time"]) for row in mine}
    count = sum(row["source"] == "MEOLUT" for row in plain)
    assert 0.7 * count < len(once) < 0.9 * count
    assert 1.05 < len(mine) / len(once) < 1.2
    late = [instants.seconds_past(instants.parse(row["delivered"]), instants.parse(row["time"])) > 5.0 for row in mine]
    assert 0.2 < np.mean(late) < 0.4


def test_a_bad_clock_shifts_every_time(small: str, tmp_path: Path) -> None:
    bad = small.replace("antennas = 8", "antennas = 8\nclock_error_s = 0.25")
    rows, plain = (
        lines(simulate(scenario.parse(text, "x"), tmp_path / name).stream) for text, name in ((bad, "a"), (small, "b"))
    )

    def key(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["beacon"], row["satellite"], row["foa_hz"]

    times = {key(row): instants.parse(row["time"]) for row in plain}
    shifts = [
        instants.seconds_past(instants.parse(row["time"]), times[key(row)]) for row in rows if row["source"] == "MEOLUT"
    ]
    assert np.allclose(shifts, 0.25, atol=1e-6)


def test_soft_bits_mean_what_they_say() -> None:
    rng = generator(1, "bits")
    bits = rng.integers(0, 2, 200_000).astype(np.int8)
    for second, cn0 in ((False, 29.0), (False, 32.0), (True, 27.0)):
        ratios = soft.soft(bits, cn0, second, rng)
        wrong = (ratios < 0) != (bits == 1)
        for low, high in ((0.0, 1.0), (1.0, 2.0), (2.0, 3.0)):
            inside = (np.abs(ratios) >= low) & (np.abs(ratios) < high)
            promised = np.mean(1 / (1 + np.exp(np.abs(ratios[inside]))))
            sigma = np.sqrt(promised * (1 - promised) / inside.sum())
            assert abs(wrong[inside].mean() - promised) < 5 * sigma


def test_bursts_are_read_by_the_decoder(small: str, tmp_path: Path) -> None:
    done = simulate(scenario.parse(small, "small.toml"), tmp_path, level="bursts")
    found = list(soft.read(done.stream))
    assert len(found) == done.lines
    first = [burst for burst in found if burst.kind == "FGB"]
    assert len(first) > 100
    identities = {hex_id for row in lines(done.truth) if row["kind"] == "beacon" for hex_id in row["hex_ids"]}
    read = [record for record in stages.detections(first[::4]) if isinstance(record, Detection)]
    good = [record for record in read if record.message.hex_id in identities]
    assert len(good) > 0.9 * len(first[::4])


def test_samples_hold_what_the_truth_says(small: str, tmp_path: Path) -> None:
    text = small + '\n[output.channel]\nsatellites = ["43057"]\nrate_hz = 48000\ncentre_hz = 406035000\nuntil_s = 100\n'
    done = simulate(scenario.parse(text, "small.toml"), tmp_path, level="samples")
    recordings = sorted(tmp_path.glob("*.sigmf-meta"))
    assert len(recordings) == done.lines == 1
    expected = [row for row in lines(done.truth) if row["kind"] == "reception" and row["beacon"] != "hiker"]
    strong = [row for row in expected if row["cn0_dbhz"] > 35]
    opened = open_recording(str(recordings[0]))
    assert opened.start == instants.parse("2026-08-23T00:00:00Z")
    assert opened.duration_s == pytest.approx(100)
    found = [record for record in stages.detections(stages.bursts(opened.blocks())) if isinstance(record, Detection)]
    assert strong, "the satellite is chosen to hear some"
    for row in strong:
        sent = instants.parse(row["time"])
        near = [one for one in found if abs(instants.seconds_past(one.time, sent)) < 1e-3]
        assert near, row
        measured = near[0]
        assert abs(instants.seconds_past(measured.time, sent)) < 60e-6
        middle_hz = row["foa_hz"] + row["drift_hz_per_s"] * 0.26
        assert measured.frequency_hz == pytest.approx(middle_hz, abs=0.3)
        assert measured.cn0_dbhz == pytest.approx(row["cn0_dbhz"], abs=1.5)
    assert messages.decode(found[0].message.received).verdict in ("ok", "corrected")


def test_a_scenario_is_played_as_it_is_recorded(small: str, tmp_path: Path) -> None:
    text = small + '\n[output.channel]\nsatellites = ["43057"]\nrate_hz = 20000\ncentre_hz = 406030000\nuntil_s = 12\n'
    read = scenario.parse(text, "small.toml")
    simulate(read, tmp_path, level="samples")
    (band,) = player.channels(read)
    start = instants.parse("2026-11-22T06:00:00Z")
    blocks = list(player.samples(read, band, start))
    assert blocks[0].start == start
    assert blocks[5].start == instants.after(start, 1.25)
    played = np.concatenate([block.iq for block in blocks])
    assert np.array_equal(played, np.fromfile(tmp_path / "43057.sigmf-data", np.complex64))
