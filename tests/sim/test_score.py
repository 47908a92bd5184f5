"""Scoring: what is counted of a stream, against a truth written by hand and against a simulation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vigie.errors import InputError
from vigie.sim import alerted, scenario, score, truth
from vigie.sim.run import simulate

HEAD = {
    "kind": "scenario", "title": "t", "start": "2026-08-23T00:00:00Z", "end": "2026-08-23T01:00:00Z", "seed": 1,
    "level": "detections", "satellites": {"MEO": 3}, "stations": ["T"],
}  # fmt: skip


def beacon(name: str, hex_id: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "beacon", "name": name, "hex_ids": [hex_id], "generation": "FGB", "beacon_kind": "PLB",
        "category": "distress", "distress": True, "cancelled": False, "region": "r", "latitude": 45.0, "longitude": 5.0,
        "on": "2026-08-23T00:00:00Z", "off": "2026-08-23T01:00:00Z", "bursts": 3,
    } | more  # fmt: skip


def burst(name: str, hex_id: str, number: int, second: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "burst", "beacon": name, "hex_id": hex_id, "number": number, "time": f"2026-08-23T00:00:{second:02d}Z",
        "latitude": 45.0, "longitude": 5.0, "altitude_m": 0.0, "frequency_hz": 406e6, "hex": "F", "in_view": 3,
        "tracked": 3, "read": 3, "best_cn0_dbhz": 40.0,
    } | more  # fmt: skip


def detection(hex_id: str, second: float, **more: Any) -> dict[str, Any]:
    return {"hex": "F", "beacon": hex_id, "time": f"2026-08-23T00:00:{second:06.3f}Z"} | more


def location(hex_id: str, lat: float, lon: float, **more: Any) -> dict[str, Any]:
    return {
        "beacon": hex_id, "method": "doa", "side": None, "latitude": lat, "longitude": lon, "ehe_m": 5000.0,
        "ellipse": {"semi_major_m": 6000.0, "semi_minor_m": 500.0, "azimuth_deg": 0.0},
        "start": "2026-08-23T00:00:10Z", "end": "2026-08-23T00:00:30Z",
    } | more  # fmt: skip


@pytest.fixture
def true() -> truth.Truth:
    rows = [
        HEAD,
        beacon("a", "A1"),
        beacon("b", "B2"),
        beacon("c", "C3", distress=False, category="test", beacon_kind="test"),
        *(burst("a", "A1", n, 10 * n + 5) for n in range(3)),
        *(burst("b", "B2", n, 10 * n + 7) for n in range(3)),
        burst("c", "C3", 0, 40, tracked=0),
    ]
    return truth.of_lines((json.dumps(row) for row in rows), "hand")


def test_detections_are_matched_with_bursts(true: truth.Truth) -> None:
    rows = [
        detection("A1", 5.07),
        detection("A1", 5.08),  # the same burst by another satellite
        detection("A1", 15.07),
        detection("A1", 59.0),  # nothing was sent then
        detection("D4", 5.0),  # nobody bears this
    ]
    card = score.compare(rows, true)
    assert card.found["a"].bursts == {0, 1}
    assert card.found["a"].receptions == 3
    assert (card.unmatched, dict(card.strange)) == (1, {"D4": 1})
    numbers = score.figures(card, true)
    assert numbers["all"]["detection_rate"] == pytest.approx(2 / 6)  # the test beacon was never in view
    assert numbers["alerts"]["lost"] == ["b"]
    assert numbers["all"]["times_s"]["first_detection"]["p50"] == pytest.approx(5.07)


def test_locations_are_measured(true: truth.Truth) -> None:
    rows = [
        location("A1", 45.0 + 4000 / 111_140, 5.0),  # 4 km north: inside both
        location("A1", 45.0, 5.0 + 1000 / 78_850),  # 1 km east: outside the narrow ellipse
        location("B2", 45.1, 5.0),  # 11 km
    ]
    card = score.compare(rows, true)
    assert [item.error_m for item in card.located] == pytest.approx([4000, 1000, 11_113], rel=2e-3)
    assert [item.in_ehe for item in card.located] == [True, True, False]
    assert [item.in_ellipse for item in card.located] == [True, False, False]
    figures = score.figures(card, true)["all"]["location"]["doa"]
    assert figures["within_5_km"] == pytest.approx(2 / 3)
    assert figures["ehe_containment"] == pytest.approx(2 / 3)


def test_the_sides_of_a_pass(true: truth.Truth) -> None:
    rows = [
        location("A1", 48.0, 9.0, method="doppler", side="A"),
        location("A1", 45.01, 5.0, method="doppler", side="B"),
        location("B2", 45.01, 5.0, method="doppler", side="A"),
        location("B2", 41.0, 9.0, method="doppler", side="B"),
    ]
    figures = score.figures(score.compare(rows, true), true)["all"]["location"]["doppler"]
    assert figures["solutions"] == 2
    assert figures["right_side_first"] == pytest.approx(0.5)


def test_alerts_lost_and_false(true: truth.Truth) -> None:
    seen = {"first_seen": "2026-08-23T00:00:05Z", "changed": "2026-08-23T00:00:25Z", "solutions": []}
    rows = [
        {"id": "X-A1", "hex_id": "A1", "state": "confirmed", **seen},
        {"id": "X-C3", "hex_id": "C3", "state": "unlocated", **seen},  # a test that became a distress alert
        {"id": "X-D4", "hex_id": "D4", "state": "located", **seen},
        {"id": "X-E5", "hex_id": "E5", "state": "unreliable", **seen},  # alarms nobody
    ]
    numbers = score.figures(score.compare(rows, true), true)
    assert numbers["alerts"]["lost"] == ["b"]
    assert numbers["alerts"]["false"] == ["D4", "c"]
    assert numbers["all"]["times_s"]["confirmation"] == {"beacons": 1, "of": 2, "p50": 25.0, "p95": 25.0}


def test_a_line_that_is_none_of_these_is_refused(true: truth.Truth) -> None:
    with pytest.raises(InputError, match="neither detection, solution nor alert: it has whatever"):
        score.compare([{"whatever": 1}], true)
    with pytest.raises(InputError, match="a line of kind scenario is missing"):
        truth.of_lines([], "hand")
    with pytest.raises(InputError, match="hand, line 1: 'x' is no kind"):
        truth.of_lines(['{"kind": "x"}'], "hand")


def test_a_simulation_scores_well_and_its_alerts_are_right(small: str, tmp_path: Path) -> None:
    done = simulate(scenario.parse(small, "small.toml"), tmp_path)
    rows = list(score.rows_of(done.stream))
    card = score.compare([*rows, *alerted.alerts(rows)], truth.read(done.truth))
    numbers = score.figures(card, truth.read(done.truth))
    assert numbers["all"]["detection_rate"] > 0.97
    assert numbers["alerts"] == {
        "false": [], "lost": [], "distress_beacons": 6, "distress_in_view": 6, "counted_from": "alerts",
    }  # fmt: skip
    assert numbers["all"]["times_s"]["first_alert"]["beacons"] == 6
    assert numbers["not_matched"]["known_beacon_at_no_burst"] == 0
    pytest.importorskip("matplotlib")
    from vigie.sim.report import page

    text = page(card, truth.read(done.truth), numbers)
    assert text.count("data:image/png;base64,") >= 3
    assert "A small world" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
