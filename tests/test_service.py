"""The chain behind the service, without a process: order, faults of the store, sources that fail."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vigie import service
from vigie.chain import Chain, learnt
from vigie.errors import ConfigError, InputError, RecordingError, StoreError
from vigie.ingest import detection as ingested
from vigie.instants import parse
from vigie.records import Detection, Record, Samples, Tick
from vigie.sim.detections import PLB, YACHT, at, detection
from vigie.store.journal import Journal, Row
from vigie.store.rows import detection_body, to_record
from vigie.web.api import Line
from vigie.web.hub import Hub


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    opened = Journal.open(store_url)
    yield opened
    opened.close()


class Failing:
    """A journal that cannot be written while ``broken``."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self.broken = journal, False

    def append(self, *given: Any) -> list[Row]:
        if self.broken:
            raise StoreError("the disk is full")
        return self._journal.append(*given)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


def test_a_detection_becomes_rows_in_order_and_then_is_published(journal: Journal) -> None:
    published: list[Row] = []
    chain = Chain(journal, published.append)
    last = chain.feed([detection(PLB, latitude=45.0, longitude=-5.0)])
    assert [row.kind for row in published] == ["detection", "alert", "solution"]
    assert last == journal.last_seq() == 3
    assert journal.rows() == published


def test_what_cannot_be_written_changes_nothing_and_is_refused(journal: Journal) -> None:
    failing, published = Failing(journal), list[Row]()
    chain = Chain(failing, published.append)  # type: ignore[arg-type]
    chain.feed([detection(PLB)])
    before, shown = chain.book.alerts(), len(published)
    failing.broken = True
    with pytest.raises(StoreError, match="full"):
        chain.feed([detection(PLB, 50)])
    assert (chain.book.alerts(), len(published), chain.fault) == (before, shown, "the disk is full")
    assert chain.waiting == []
    failing.broken = False
    chain.feed([detection(PLB, 50)])
    assert (chain.book.alerts()[0].bursts, chain.fault) == (2, None)


def test_what_was_on_the_air_waits_for_the_store_in_order(journal: Journal) -> None:
    failing, published = Failing(journal), list[Row]()
    chain = Chain(failing, published.append)  # type: ignore[arg-type]
    failing.broken = True
    heard = [detection(YACHT, 50.0 * number) for number in range(3)]
    logging.disable(logging.ERROR)
    assert [chain.offer([record]) for record in heard] == [False] * 3
    logging.disable(logging.NOTSET)
    assert (chain.waiting, published, chain.book.alerts()) == (heard, [], [])
    failing.broken = False
    assert chain.feed([detection(PLB, 160)]) == 8  # what waited goes first
    assert [to_record(row) for row in journal.rows(kinds={"detection"})][:3] == heard
    assert chain.waiting == []


def test_a_chain_takes_up_where_the_journal_stands(journal: Journal) -> None:
    chain = Chain(journal, lambda row: None)
    chain.feed([detection(PLB, latitude=45.0, longitude=-5.0)])
    chain.feed([detection(PLB, 50, latitude=45.1, longitude=-5.0), Tick(at(100))])
    again = Chain(journal, lambda row: None)
    assert again.book.alerts() == chain.book.alerts()
    assert journal.last_seq() == 7  # nothing had to be written again
    assert list(learnt(journal))[-1] == Tick(at(100))


def test_an_alert_that_is_missing_is_written_when_the_chain_begins(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.append([detection(PLB)])
    Chain(journal, lambda row: None)
    assert [row.kind for row in journal.rows()] == ["detection", "alert"]
    assert "written anew" in caplog.text


def test_many_threads_feed_it_and_a_replay_gives_the_same(journal: Journal) -> None:
    chain = Chain(journal, lambda row: None)

    def work(part: int) -> None:
        for number in range(15):
            chain.offer([detection(PLB, 1000.0 * part + 50 * number, latitude=45.0 + part / 10, longitude=-5.0)])

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Chain(journal, lambda row: None).book.alerts() == chain.book.alerts()
    assert chain.book.alerts()[0].bursts == 60


def running(journal: Journal, *sources: service.Source) -> service.Service:
    return service.Service(journal, Hub(), sources)


def test_posted_lines_are_taken_but_for_those_that_are_none(journal: Journal) -> None:
    body = detection_body(detection(PLB, exercise=True))
    wrong = [{}, {"hex": "12"}, body | {"time": "noon"}, body | {"sync": "odd"}, body | {"exercise": 1}]
    taken = running(journal).ingest([Line(number, item) for number, item in enumerate([body, *wrong], 1)])
    assert (taken.accepted, taken.seq) == (1, 2)
    assert [(item.line, item.message.split(":")[0]) for item in taken.refused] == [
        (2, "it is no detection"),
        (3, "hex is no beacon message"),
        (4, "time"),
        (5, "it is no detection"),
        (6, "it is no detection"),
    ]
    assert journal.alerts()[0].body["exercise"] is True
    with pytest.raises(InputError):
        ingested({"hex": None})


def test_a_posted_line_is_the_detection_it_was_made_of() -> None:
    made = detection(PLB, 10, latitude=45.0, longitude=-5.0, source="a station", channel="left", exercise=True)
    assert ingested(detection_body(made)) == made


def test_a_posted_line_without_a_time_gets_that_of_the_clock() -> None:
    noon = parse("2026-11-22T12:00:00Z")
    made = ingested({"hex": detection(PLB).message.received}, clock=lambda: noon)
    assert (made.time, made.time_known, made.source, made.exercise) == (noon, False, "network", False)


def fake_stages(monkeypatch: pytest.MonkeyPatch, found: list[Detection]) -> None:
    """A receiver that finds these records in the first block, and reads on to the end."""
    from vigie import stages

    def detections(stream: Iterator[Record], source: str, exercise: bool) -> Iterator[Record]:
        yield from (replace(record, source=source, exercise=exercise) for record in found)
        yield from stream

    monkeypatch.setattr(stages, "bursts", lambda stream, doppler_hz: stream)
    monkeypatch.setattr(stages, "detections", detections)


def block(first: int = 0) -> Samples:
    return Samples(np.zeros(100, np.complex64), 1000.0, 406e6, None, first)


def test_a_source_that_fails_is_named_and_the_others_go_on(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fake_stages(monkeypatch, [])

    def broken() -> Iterator[Samples]:
        yield block()
        raise RecordingError("radio.wav ends in the middle of a sample")

    whole = running(journal, service.Source("radio", broken), service.Source("good", lambda: [block(), block(100)]))
    whole.start()
    until = time.monotonic() + 10
    while [source.state for source in whole.sources] != ["failed", "ended"] and time.monotonic() < until:
        time.sleep(0.01)
    health = whole.health()
    assert health["status"] == "degraded"
    assert health["sources"][0]["error"] == "radio.wav ends in the middle of a sample"
    assert health["sources"][1]["state"] == "ended"
    assert "radio.wav ends" in caplog.text
    assert whole.close() == []


def test_what_cannot_be_written_at_the_end_is_handed_back(journal: Journal) -> None:
    failing = Failing(journal)
    whole = running(failing)  # type: ignore[arg-type]
    failing.broken = True
    whole.chain.offer([detection(PLB)])
    assert whole.health()["status"] == "failing"
    assert whole.health()["store"]["waiting"] == 1
    assert whole.close() == [detection(PLB)]


def test_detections_are_marked_with_their_source(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_stages(monkeypatch, [detection(PLB)])
    source = service.Source("exercise", lambda: [block()], exercise=True)
    (found,) = [record for record in source.records(threading.Event()) if isinstance(record, Detection)]
    assert (found.source, found.exercise) == ("exercise", True)


def test_samples_come_at_the_pace_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_stages(monkeypatch, [])
    source = service.Source("file", lambda: (block(100 * number) for number in range(4)), speed=2.0)
    began = time.monotonic()
    blocks = list(source.records(threading.Event()))
    assert time.monotonic() - began >= 0.2
    times = [item.start for item in blocks if isinstance(item, Samples)]
    assert np.all(np.diff(times) == np.timedelta64(100, "ms"))
    assert source.time_known is False


def test_ticks_run_while_a_source_is_live(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_stages(monkeypatch, [])
    whole = running(journal, service.Source("radio", lambda: [block()], live=True))
    whole.start()
    until = time.monotonic() + 10
    while not journal.rows(kinds={"tick"}) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(journal.rows(kinds={"tick"})) == 1
    whole.close()


def test_only_a_free_port_is_taken() -> None:
    with service.listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        assert service.url_of(bound) == f"http://127.0.0.1:{port}"
        with pytest.raises(ConfigError, match=f"port {port} is in use"):
            service.listen("localhost", port)
    with pytest.raises(ConfigError, match="is no IP address"):
        service.listen("vigie.example", 0)
