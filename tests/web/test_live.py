"""The live stream: nothing missed, nothing twice, whatever the threads and the readers do."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import web_traffic as traffic
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from web_station import Station

from vigie import instants
from vigie.records import Tick
from vigie.store.journal import Journal, Row
from vigie.web import live
from vigie.web.app import create_app
from vigie.web.hub import Hub

HOME = "http://127.0.0.1:8406"
SOCKET = "ws://127.0.0.1:8406"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    made = Journal.open(str(tmp_path / "journal.sqlite"))
    yield made
    made.close()


def ticks(journal: Journal, count: int) -> list[Row]:
    first = instants.parse("2026-11-22T03:00:00Z")
    return journal.append([Tick(instants.after(first, index)) for index in range(count)])


async def gather(journal: Journal, hub: Hub, after: int, count: int) -> list[int]:
    seen: list[int] = []
    async for item in live.follow(journal, hub, after):
        if not isinstance(item, int):
            seen.append(item.seq)
            if len(seen) == count:
                break
    return seen


def test_missed_rows_then_live_ones_without_gap_or_repetition(journal: Journal) -> None:
    hub = Hub()
    ticks(journal, 1200)

    async def run() -> list[int]:
        reader = asyncio.create_task(gather(journal, hub, 100, 1200))

        def write() -> None:
            for _ in range(20):
                for row in ticks(journal, 5):
                    hub.publish(row)

        writer = threading.Thread(target=write)
        writer.start()
        seen = await asyncio.wait_for(reader, 20)
        writer.join()
        return seen

    assert asyncio.run(run()) == list(range(101, 1301))


def test_rows_published_out_of_turn_come_in_order(journal: Journal) -> None:
    hub = Hub()

    async def run() -> list[int]:
        reader = asyncio.create_task(gather(journal, hub, 0, 6))
        await asyncio.sleep(0.05)
        rows = ticks(journal, 6)
        for index in (2, 0, 1, 5, 4, 3):
            hub.publish(rows[index])
        return await asyncio.wait_for(reader, 10)

    assert asyncio.run(run()) == [1, 2, 3, 4, 5, 6]


def test_a_reader_that_lags_reads_on_from_the_journal(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    watch = hub.watch
    monkeypatch.setattr(hub, "watch", lambda: watch(waiting=3))

    async def run() -> list[int]:
        seen: list[int] = []
        async for item in live.follow(journal, hub, 0):
            if isinstance(item, int):
                continue
            seen.append(item.seq)
            if item.seq == 1:
                for row in ticks(journal, 50):  # many more than may wait
                    hub.publish(row)
                await asyncio.sleep(0.01)
            if len(seen) == 51:
                break
        return seen

    ticks(journal, 1)
    assert asyncio.run(asyncio.wait_for(run(), 10)) == list(range(1, 52))


def test_silence_is_filled_with_heartbeats(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.02)
    ticks(journal, 3)

    async def run() -> list[Any]:
        seen: list[Any] = []
        async for item in live.follow(journal, Hub(), 1):
            seen.append(item if isinstance(item, int) else ("row", item.seq))
            if len(seen) == 4:
                break
        return seen

    assert asyncio.run(run()) == [("row", 2), ("row", 3), 3, 3]


def test_a_closed_hub_ends_every_watch(journal: Journal) -> None:
    hub = Hub()

    async def run() -> None:
        reader = asyncio.create_task(gather(journal, hub, 0, 1))
        await asyncio.sleep(0.02)
        assert hub.watchers == 1
        hub.close()
        assert await asyncio.wait_for(reader, 5) == []

    asyncio.run(run())
    assert hub.watchers == 0


def test_a_publisher_is_not_stopped_by_a_loop_that_has_ended(journal: Journal) -> None:
    hub = Hub()

    async def leave() -> Any:
        watch = hub.watch()
        watch.__enter__()
        return watch

    kept = asyncio.run(leave())
    hub.publish(ticks(journal, 1)[0])
    kept.__exit__(None, None, None)


def test_websocket_snapshot_then_rows_then_replay(station: Station) -> None:
    service = station.service
    assert service is not None
    app = create_app(service.journal, service.hub, service.ingest)
    client = TestClient(app, base_url=HOME)
    first = station.post([traffic.burst(traffic.PLB)])["seq"]
    with client.websocket_connect(f"{SOCKET}/ws") as socket:
        hello, snapshot = socket.receive_json(), socket.receive_json()
        assert (hello["type"], hello["seq"]) == ("hello", first)
        assert (snapshot["type"], snapshot["seq"]) == ("snapshot", first)
        assert len(snapshot["alerts"]) == 1
        assert "facts" not in snapshot["alerts"][0]
        second = station.post([traffic.burst(traffic.TEST)])["seq"]
        rows = [socket.receive_json() for _ in range(second - first)]
        assert [row["seq"] for row in rows] == list(range(first + 1, second + 1))
        assert {row["type"] for row in rows} == {"row"}
        assert {row["kind"] for row in rows} >= {"detection", "alert"}
    with client.websocket_connect(f"{SOCKET}/ws?after={first}&journal={hello['journal']}") as socket:
        assert socket.receive_json()["type"] == "hello"
        assert [socket.receive_json()["seq"] for _ in range(second - first)] == list(range(first + 1, second + 1))
    for query in (f"after={second + 50}", f"after={first}&journal=another"):
        with client.websocket_connect(f"{SOCKET}/ws?{query}") as socket:
            assert [socket.receive_json()["type"] for _ in range(2)] == ["hello", "snapshot"]


def test_a_websocket_of_another_site_is_refused(journal: Journal) -> None:
    client = TestClient(create_app(journal, Hub(), lambda lines: None), base_url=HOME)  # type: ignore[arg-type,return-value]
    for headers in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
        with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(f"{SOCKET}/ws", headers=headers):
            pass
        assert refused.value.code == 1008
    with client.websocket_connect(f"{SOCKET}/ws?after=x") as socket, pytest.raises(WebSocketDisconnect) as refused:
        socket.receive_json()
    assert refused.value.code == 4400


def test_event_stream_from_a_row_on(station: Station) -> None:
    seq = station.post([traffic.burst(traffic.PLB)])["seq"]
    got: list[dict[str, Any]] = []
    with httpx.stream("GET", f"{station.url}/api/events?after=0", timeout=10) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        for line in reply.iter_lines():
            if line.startswith("data: "):
                got.append(json.loads(line[6:]))
            if len(got) == seq:
                break
    assert [row["seq"] for row in got] == list(range(1, seq + 1))
    assert httpx.get(f"{station.url}/api/events?after=-1").json()["error"]["kind"] == "input"
