"""What stands beside the journal, asked for by the API: samples, curves, sky, areas, register, and the past."""

from __future__ import annotations

import base64
import io
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evidence_scene as scene
import httpx
import numpy as np
import pytest
import web_traffic as traffic
from web_station import Station

from vigie.message import beacon
from vigie.records import Order
from vigie.service import Source
from vigie.store.journal import Journal
from vigie.web.accounts import Accounts
from vigie.web.door import Door
from vigie.web.settings import Access


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Station]:
    made = scene.station(tmp_path).start()
    yield made
    made.stop()


def get(made: Station, path: str, status: int = 200) -> Any:
    reply = httpx.get(f"{made.url}{path}", timeout=20)
    assert reply.status_code == status, reply.text
    return reply.json()


def newest(made: Station, kind: str) -> int:
    assert made.service is not None
    return made.service.journal.rows(kinds=(kind,))[-1].seq


def test_a_first_generation_burst_is_drawn_from_its_samples(full: Station) -> None:
    full.feed([scene.first_generation(full)])
    told = get(full, f"/api/bursts/{newest(full, 'detection')}")
    assert (told["state"], told["generation"], told["rate_hz"]) == ("kept", "FGB", scene.RATE_HZ)
    picture = told["spectrogram"]
    cells = np.frombuffer(base64.b64decode(picture["cells"]), np.uint8).reshape(picture["columns"], picture["rows"])
    assert picture["columns"] <= 240
    quiet, loud = cells[:5].mean(), cells[len(cells) // 2].max()
    assert loud > 200 > 60 > quiet
    # the carrier before the message: in the middle of the band, where the record says that it is
    carrier = cells[int((told["burst_s"] + 0.08) / picture["step_s"])]
    at_hz = picture["low_hz"] + np.argmax(carrier) / picture["rows"] * (picture["high_hz"] - picture["low_hz"])
    assert abs(at_hz) < 150
    phase = told["phase"]
    settled = np.abs(np.array(phase["model_rad"])[np.array(phase["times_ms"]) > 20])
    assert np.quantile(settled, 0.9) == pytest.approx(1.1, abs=0.05)  # T.001 2.3.5
    points = np.array(told["constellation"]["i"]) + 1j * np.array(told["constellation"]["q"])
    assert len(points) == pytest.approx(2 * 144, abs=4)
    assert np.median(np.abs(np.angle(points))) == pytest.approx(1.1, abs=0.1)


def test_a_second_generation_burst_has_a_constellation_of_chips(full: Station) -> None:
    full.feed([scene.second_generation(full)])
    told = get(full, f"/api/bursts/{newest(full, 'detection')}")
    points = np.abs(np.array([told["constellation"]["i"], told["constellation"]["q"]]))
    assert points.shape[1] <= 1500
    assert np.median(points, axis=1) == pytest.approx([1, 1], abs=0.15)
    assert "phase" not in told


def test_the_samples_can_be_had_as_a_sigmf_archive(full: Station, tmp_path: Path) -> None:
    from vigie.signal.recording import open_recording

    full.feed([scene.first_generation(full)])
    reply = httpx.get(f"{full.url}/api/bursts/{newest(full, 'detection')}/samples")
    assert reply.headers["content-disposition"].endswith('_FGB.sigmf"')
    file = tmp_path / "burst.sigmf"
    file.write_bytes(reply.content)
    opened = open_recording(str(file))
    assert opened.rate_hz == scene.RATE_HZ
    assert sum(len(block.iq) for block in opened.blocks()) == round((0.1 + 0.52 + 0.1) * scene.RATE_HZ)
    with tarfile.open(fileobj=io.BytesIO(reply.content)) as archive:
        assert len(archive.getnames()) == 2


def test_without_samples_it_says_why(full: Station, tmp_path: Path) -> None:
    detection = scene.first_generation(full)
    full.feed([detection])
    seq = newest(full, "detection")
    for file in (tmp_path / "snippets").glob("*/*"):
        file.unlink()
    assert "oldest go first" in get(full, f"/api/bursts/{seq}")["why"]
    assert "oldest go first" in get(full, f"/api/bursts/{seq}/samples", 404)["error"]["message"]
    full.post([traffic.burst(traffic.MARITIME)])
    assert "another station" in get(full, f"/api/bursts/{newest(full, 'detection')}")["why"]
    assert full.service is not None
    full.service.sources = [Source("Toulouse roof", list, state="receiving")]
    assert "keeps no samples" in get(full, f"/api/bursts/{newest(full, 'detection')}")["why"]
    get(full, "/api/bursts/999999", 404)
    get(full, "/api/bursts/x", 400)
    get(full, f"/api/bursts/{newest(full, 'alert')}", 404)  # a row, but of no burst


@pytest.mark.parametrize(
    "name", ["../journal.sqlite", "/etc/passwd", "2026-11-22/../../x.sigmf-meta", "2026-11-22/a.sigmf-data", "link"]
)
def test_no_name_in_a_row_leads_out_of_the_folder(full: Station, tmp_path: Path, name: str) -> None:
    from dataclasses import replace

    detection = scene.first_generation(full)
    if name == "link":
        outside = tmp_path / "outside.sigmf-meta"
        outside.write_text("{}")
        outside.with_suffix(".sigmf-data").write_bytes(b"12345678")
        name = "2026-11-22/link.sigmf-meta"
        (tmp_path / "snippets" / name).symlink_to(outside)
    full.feed([replace(detection, snippet=name)])
    told = get(full, f"/api/bursts/{newest(full, 'detection')}")
    assert told["state"] == "none"
    get(full, f"/api/bursts/{newest(full, 'detection')}/samples", 404)


def test_the_curve_of_both_sides_and_what_is_left(full: Station) -> None:
    heard, sides = scene.satellite_pass()
    full.feed([*heard, *sides])
    alert = get(full, f"/api/alerts/{scene.PLB_ID}")
    end = next(one["end"] for one in alert["solutions"] if one["method"] == "doppler")
    told = get(full, f"/api/alerts/{scene.PLB_ID}/curve?end={end}&method=doppler")
    assert told["state"] == "kept"
    right, wrong = sorted(told["sides"], key=lambda side: -side["probability"])
    assert right["left_rms_hz"] < 0.6 < 5 < wrong["left_rms_hz"]
    assert right["frequency_hz"] == pytest.approx(406.028e6, abs=1.0)
    assert [one["fitted"] for one in right["receptions"]].count(False) == 1
    odd = right["receptions"][4]
    assert not odd["fitted"]
    assert odd["left_hz"] == pytest.approx(40.0, abs=2.0)
    curve = np.array(right["foretold"][0]["hz"])
    assert curve[0] > 0 > curve[-1] or curve[0] > curve[-1] + 5000  # it falls as the satellite passes
    told = get(full, f"/api/alerts/{scene.PLB_ID}/curve?end=2001-01-01T00:00:00Z")
    assert told["why"] == "The alert has no such position."
    get(full, "/api/alerts/none/curve?end=x", 404)


def test_an_encoded_position_and_a_strange_one_have_no_curve(full: Station) -> None:
    full.post([traffic.burst(traffic.MARITIME)])
    (alert,) = get(full, "/api/alerts")["alerts"]
    end = alert["solutions"][0]["end"]
    assert "beacon's own" in get(full, f"/api/alerts/{alert['id']}/curve?end={end}")["why"]
    full.post([traffic.burst(traffic.UNLOCATED)])
    full.feed(traffic.doppler(traffic.UNLOCATED, [(36.41, 24.9, 3800.0, 1.0)]))
    alert = get(full, f"/api/alerts/{beacon.decode(traffic.UNLOCATED).hex_id}")
    end = alert["solutions"][0]["end"]
    assert "holds no burst" in get(full, f"/api/alerts/{alert['id']}/curve?end={end}")["why"]


def test_where_satellites_stood(full: Station) -> None:
    told = get(full, f"/api/sky?satellites={scene.SATELLITE},999&time=2026-08-22T10:00:00Z")
    known, unknown = told["satellites"]
    assert 790e3 < known["altitude_m"] < 860e3
    assert 2.9e6 < known["reach_m"] < 3.2e6
    assert unknown == {"name": "999", "why": "Its orbit is not known here."}
    get(full, "/api/sky?satellites=1&time=noon", 400)


def test_service_areas_have_their_buffers(full: Station) -> None:
    from pyproj import Geod
    from shapely.geometry import Point, shape

    area, buffer = get(full, "/api/areas")["features"]
    assert (area["properties"]["name"], buffer["properties"]["buffer_km"]) == ("GRISNEZ", 50)
    band = shape(buffer["geometry"])
    geod = Geod(ellps="sphere")
    for bearing, border in ((90, (5.0, 47.5)), (270, (-10.0, 47.5))):
        for metres, inside in ((49_000, True), (51_000, False)):
            lon, lat, _ = geod.fwd(*border, bearing, metres)
            assert band.contains(Point(lon, lat)) is inside


def test_the_register_by_any_form_of_the_id(full: Station) -> None:
    for text in (scene.PLB_ID, traffic.PLB, traffic.PLB[6:], scene.PLB_ID.lower()):
        told = get(full, f"/api/register/{text}")
        assert (told["state"], told["fields"]["Owner"]) == ("found", "Marie Le Goff")
    assert get(full, f"/api/register/{traffic.MARITIME}")["state"] == "not_found"
    assert get(full, "/api/register/zzz")["state"] == "none"
    for text in (traffic.PLB, traffic.PLB[6:], scene.PLB_ID):
        assert get(full, f"/api/identify/{text}")["hex_id"] == scene.PLB_ID
    assert get(full, "/api/identify/1C6E")["hex_id"] is None


def test_a_station_without_any_of_it_says_so(station: Station) -> None:
    station.post([traffic.burst(traffic.PLB)])
    assert get(station, "/api/areas")["features"] == []
    assert "No register" in get(station, f"/api/register/{scene.PLB_ID}")["why"]
    assert get(station, "/api/sky?satellites=10")["satellites"][0]["why"] == "No orbits are configured here."
    assert get(station, "/api/bursts/1")["state"] == "none"


def test_the_past_as_it_was(station: Station) -> None:
    station.post([traffic.burst(traffic.PLB)])
    time.sleep(0.02)
    moment = get(station, "/healthz")["time"]
    time.sleep(0.02)
    station.post([traffic.burst(traffic.MARITIME), traffic.burst(traffic.PLB)])
    station.feed([Order(np.datetime64("now", "ns"), scene.PLB_ID, "close", by="Marie")])
    span = get(station, "/api/history")
    assert span["first"] < moment < span["now"]
    told = get(station, f"/api/history?at={moment}")
    assert [(one["id"], one["bursts"], one["state"]) for one in told["alerts"]] == [(scene.PLB_ID, 1, "located")]
    then = get(station, f"/api/alerts/{scene.PLB_ID}?upto={told['seq']}")
    assert (then["bursts"], then["detections_total"], then["state"]) == (1, 1, "located")
    assert get(station, f"/api/alerts/{scene.PLB_ID}")["state"] == "closed"
    assert get(station, "/api/history?at=2001-01-01T00:00:00Z")["alerts"] == []
    assert len(get(station, f"/api/history?at={span['now']}")["alerts"]) == 2
    get(station, "/api/history?at=yesterday", 400)
    get(station, f"/api/alerts/{traffic.MARITIME}?upto=1", 404)


def test_the_past_of_a_journal_with_gaps(store_url: str) -> None:
    """Rows that were moved to an archive leave gaps in the numbers."""
    journal = Journal.open(store_url)
    journal.note("a", "one")
    time.sleep(0.01)
    journal.note("b", "two")
    found = journal.written_at(2)
    assert found is not None
    assert journal.last_written(found[1]) == 2
    assert journal.last_written("2001-01-01T00:00:00.000Z") == 0
    assert journal.written_at(3) is None
    assert journal.alerts_at(2) == []
    journal.close()


def test_only_who_may_read_sees_any_of_it(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "accounts.sqlite")
    made = scene.station(tmp_path)
    made.door = Door(Access(), accounts, required=True)
    made.start()
    token = accounts.add_token("robot", "view")
    paths = ("/api/bursts/1", "/api/bursts/1/samples", "/api/alerts/x/curve", f"/api/register/{scene.PLB_ID}",
             "/api/areas", "/api/sky", "/api/history", "/api/identify/x")  # fmt: skip
    try:
        for path in paths:
            assert httpx.get(f"{made.url}{path}").status_code == 401, path
        reply = httpx.get(f"{made.url}/api/register/{scene.PLB_ID}", headers={"Authorization": f"Bearer {token}"})
        assert reply.json()["fields"]["Owner"] == "Marie Le Goff"
        assert [line["action"] for line in accounts.audit()][-1] == "register"
    finally:
        made.stop()
        accounts.close()
