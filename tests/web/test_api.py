"""The JSON interface, over a real journal and the real chain."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import web_traffic as traffic
from starlette.testclient import TestClient

from vigie.errors import StoreError
from vigie.message import beacon
from vigie.records import Order
from vigie.service import Service
from vigie.store.journal import Journal
from vigie.web import api
from vigie.web.app import create_app
from vigie.web.hub import Hub

HOME = "http://127.0.0.1:8406"
PLB_ID = str(beacon.decode(traffic.PLB).hex_id)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(Journal.open(str(tmp_path / "journal.sqlite")), Hub())
    yield made
    made.close()


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    app = create_app(service.journal, service.hub, service.ingest, health=service.health, body_bytes=100_000)
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as made:
        yield made


def lines(*bodies: Any) -> str:
    return "\n".join(body if isinstance(body, str) else json.dumps(body) for body in bodies)


def test_healthz_says_version_seq_and_counts(client: TestClient) -> None:
    client.post("/api/detections", content=lines(traffic.burst(traffic.PLB), traffic.burst(traffic.ELT, exercise=True)))
    told = client.get("/healthz").json()
    assert told["status"] == "ok"
    assert told["version"]
    assert told["seq"] > 0
    assert told["counts"] == {"alerts": 2, "exercise": 1, "distress": 1}
    assert told["sources"] == []


def test_what_is_closed_for_a_week_leaves_the_list_and_stays_in_the_journal(
    client: TestClient, service: Service
) -> None:
    day_s = 86_400.0
    long_ago = [traffic.burst(text, 9 * day_s) for text in (traffic.PLB, traffic.ELT, traffic.MARITIME)]
    client.post("/api/detections", content=lines(*long_ago))
    then = np.datetime64("now", "ns") - np.timedelta64(9, "D") + np.timedelta64(60, "s")
    for text in (traffic.PLB, traffic.ELT):
        service.chain.feed([Order(then, str(beacon.decode(text).hex_id), "close")])
    assert client.get("/healthz").json()["counts"] == {"alerts": 3, "exercise": 0, "distress": 3}
    client.post("/api/detections", content=lines(traffic.burst(traffic.SECOND_PLB), traffic.burst(traffic.ELT)))
    listed = [one["hex_id"] for one in client.get("/api/alerts?view=list").json()["alerts"]]
    known = {name: str(beacon.decode(getattr(traffic, name)).hex_id) for name in ("SECOND_PLB", "ELT", "MARITIME")}
    assert set(listed) == set(known.values()), "one that is not closed stays however old, one heard again is back"
    assert client.get("/healthz").json()["counts"] == {"alerts": 3, "exercise": 0, "distress": 3}
    assert 'category="distress",exercise="false"} 3' in client.get("/metrics").text
    assert PLB_ID in [one["hex_id"] for one in client.get("/api/alerts").json()["alerts"]]
    assert client.get(f"/api/alerts/{PLB_ID}").json()["state"] == "closed"
    assert client.get(f"/api/beacons/{PLB_ID}").json()["alerts"][0]["id"] == PLB_ID


def test_posted_detections_are_on_disk_when_the_answer_comes(client: TestClient, service: Service) -> None:
    reply = client.post("/api/detections", content=lines(traffic.burst(traffic.PLB), "", traffic.burst(traffic.TEST)))
    assert reply.status_code == 200
    told = reply.json()
    assert told["accepted"] == 2
    with_other_eyes = Journal.open(str(service.journal.name), read_only=True)
    assert with_other_eyes.last_seq() == told["seq"]
    assert len(with_other_eyes.rows(kinds=["detection"])) == 2
    with_other_eyes.close()


def test_alerts_full_and_short(client: TestClient) -> None:
    client.post("/api/detections", content=lines(*traffic.mixed()))
    full = client.get("/api/alerts").json()
    short = client.get("/api/alerts?view=list").json()
    assert full["seq"] == short["seq"]
    assert {alert["id"] for alert in full["alerts"]} == {alert["id"] for alert in short["alerts"]}
    one = next(alert for alert in full["alerts"] if alert["id"] == PLB_ID)
    assert one["facts"]["fields"]["country_code"]["value"] == 227
    brief = next(alert for alert in short["alerts"] if alert["id"] == PLB_ID)
    assert "facts" not in brief
    assert brief["verdict"] == "ok"
    assert brief["position"] == one["position"]
    assert brief["seq"] == one["seq"]
    assert client.get("/api/alerts?view=odd").status_code == 400


def test_one_alert_with_bursts_newest_first_and_time_line(client: TestClient) -> None:
    client.post("/api/detections", content=lines(*traffic.repeated(traffic.PLB, 4, 10.0)))
    told = client.get(f"/api/alerts/{PLB_ID}").json()
    assert told["id"] == PLB_ID
    assert told["detections_total"] == 4
    times = [burst["time"] for burst in told["detections"]]
    assert times == sorted(times, reverse=True)
    assert all(burst["hex"] == traffic.PLB for burst in told["detections"])
    seqs = [row["seq"] for row in told["journal"]]
    assert seqs == sorted(seqs)
    words = " | ".join(row["words"] for row in told["journal"])
    assert "First burst, FGB, C/N0" in words
    assert "Located" in words
    assert len(client.get(f"/api/alerts/{PLB_ID}?limit=2").json()["detections"]) == 2
    assert client.get(f"/api/alerts/{PLB_ID}?limit=x").json()["error"]["kind"] == "input"


def test_an_alert_that_is_not_there(client: TestClient) -> None:
    reply = client.get("/api/alerts/1C6E79000EFFBFF")
    assert reply.status_code == 404
    assert reply.json()["error"] == {"kind": "unknown", "message": "there is no alert '1C6E79000EFFBFF'"}


def test_a_beacon_in_any_case_and_with_blanks_and_in_every_alert(client: TestClient) -> None:
    client.post("/api/detections", content=lines(traffic.burst(traffic.PLB), traffic.burst(traffic.PLB, exercise=True)))
    spaced = f"{PLB_ID[:5].lower()} {PLB_ID[5:]} "
    told = client.get(f"/api/beacons/{spaced}").json()
    assert told["hex_id"] == PLB_ID
    assert {alert["id"] for alert in told["alerts"]} == {PLB_ID, f"X-{PLB_ID}"}
    assert told["detections_total"] == 2


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("3EEE79000EFFBFF", "nothing is known of beacon '3EEE79000EFFBFF'"),
        ("hello", "a beacon ID has 15 or 23 hex digits, so nothing is known of beacon 'hello'"),
    ],
)
def test_an_unknown_beacon(client: TestClient, asked: str, words: str) -> None:
    reply = client.get(f"/api/beacons/{asked}")
    assert reply.status_code == 404
    assert reply.json() == {"error": {"kind": "unknown", "message": words}}


def test_a_bad_line_is_named_and_the_good_ones_are_kept(client: TestClient) -> None:
    body = lines(traffic.burst(traffic.PLB), "{not json", traffic.burst("XYZ"), "[1]", traffic.burst(traffic.TEST))
    reply = client.post("/api/detections", content=body)
    assert reply.status_code == 400
    told = reply.json()
    assert told["accepted"] == 2
    assert told["seq"] > 0
    assert told["refused"] == 3
    assert [error["line"] for error in told["errors"]] == [2, 3, 4]
    assert told["error"]["message"].startswith("line 2: it is not JSON")
    assert "hex is no beacon message" in told["errors"][1]["message"]
    assert told["errors"][2]["message"] == "it is JSON, but no object"
    assert len(client.get("/api/alerts").json()["alerts"]) == 2


def test_an_empty_body_is_refused(client: TestClient) -> None:
    reply = client.post("/api/detections", content="\n \n")
    assert reply.status_code == 400
    assert reply.json()["error"]["message"] == "the body holds no detection"


def test_a_body_that_is_too_long_is_refused_whole(client: TestClient) -> None:
    body = lines(*[traffic.burst(traffic.PLB) for _ in range(800)])
    reply = client.post("/api/detections", content=body)
    assert reply.status_code == 413
    assert reply.json()["accepted"] == 0
    assert client.get("/api/alerts").json()["alerts"] == []


def test_deep_nesting_and_bad_text_are_refused_in_words(client: TestClient) -> None:
    reply = client.post("/api/detections", content=b"[" * 50_000 + b"\n\xff\xfe{}\n\x00")
    assert reply.status_code == 400
    assert [error["line"] for error in reply.json()["errors"]] == [1, 2, 3]


@pytest.mark.parametrize("host", ["evil.example", "vigie.evil.example:8406", "192.168.1.7:8406", "", "[::1", "0.0.0.0"])
def test_another_host_name_is_refused(client: TestClient, host: str) -> None:
    reply = client.get("/api/alerts", headers={"host": host})
    assert reply.status_code == 403
    assert reply.json()["error"]["kind"] == "forbidden"
    assert client.post("/api/detections", content="{}", headers={"host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "127.9.9.9:80", "[::1]:8406"])
def test_loopback_names_are_ours(client: TestClient, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "https://127.0.0.1"])
def test_a_page_of_another_site_cannot_post(client: TestClient, origin: str) -> None:
    body = lines(traffic.burst(traffic.PLB))
    assert client.post("/api/detections", content=body, headers={"origin": origin}).status_code == 403
    assert client.post("/api/detections", content=body, headers={"origin": HOME}).status_code == 200


def test_names_of_ones_own_can_be_allowed(service: Service) -> None:
    app = create_app(service.journal, service.hub, service.ingest, hosts=["Vigie.example"])
    with TestClient(app, base_url="http://vigie.example") as client:
        assert client.get("/healthz").status_code == 200


def test_a_fault_is_told_in_words_and_never_as_a_traceback(service: Service, monkeypatch: Any) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    app = create_app(service.journal, service.hub, broken)
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as client:
        reply = client.post("/api/detections", content="{}")
        assert reply.status_code == 500
        assert reply.json() == {
            "error": {"kind": "internal", "message": "the service failed to answer: its log says why"}
        }
        assert "Content-Security-Policy" in reply.headers
        assert client.delete("/api/alerts").json()["error"]["message"] == "DELETE is not possible at '/api/alerts'"
        assert client.get("/nowhere").status_code == 404
        assert client.get("/api/none/such").json()["error"]["kind"] == "unknown"


def test_a_journal_that_cannot_be_written_says_so(service: Service) -> None:
    def full(*_: Any) -> Any:
        raise StoreError("the store x.sqlite cannot be written: the disk is full")

    app = create_app(service.journal, service.hub, full)
    with TestClient(app, base_url=HOME, raise_server_exceptions=False) as client:
        reply = client.post("/api/detections", content=lines(traffic.burst(traffic.PLB)))
    assert reply.status_code == 503
    assert reply.json()["error"] == {
        "kind": "store",
        "message": "the store x.sqlite cannot be written: the disk is full",
    }


def test_lines_keep_their_numbers() -> None:
    read, refused = api.read_lines(b'\n{"a": 1}\r\n\n{"b": 2}\nx')
    assert [(line.number, line.body) for line in read] == [(2, {"a": 1}), (4, {"b": 2})]
    assert [item.line for item in refused] == [5]
