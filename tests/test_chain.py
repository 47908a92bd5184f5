"""Repeated deliveries, many senders at once, and what is left of a batch that fails, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from vigie import ingest
from vigie.alert.book import AlertBook
from vigie.chain import Chain
from vigie.errors import StoreError
from vigie.records import Detection, Record
from vigie.sim.detections import PLB, YACHT, at, detection, message
from vigie.store.journal import Journal
from vigie.store.row import Row

HEX = message(PLB, latitude=45.0, longitude=-5.0).received


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    opened = Journal.open(store_url)
    yield opened
    opened.close()


def chained(journal: Journal) -> Chain:
    return Chain(journal, lambda row: None)


def body(seconds: float = 0, **more: Any) -> dict[str, Any]:
    return {"hex": HEX, "time": f"2026-11-22T06:00:{seconds:09.6f}Z", **more}


def heard(journal: Journal) -> int:
    return len(journal.rows(kinds={"detection"}))


def test_a_detection_that_comes_again_is_written_once_and_answered_as_taken(journal: Journal) -> None:
    chain = chained(journal)
    first = chain.feed([ingest.detection(body(1)), ingest.detection(body(2))])
    assert chain.feed([ingest.detection(body(1))]) == first
    assert chain.feed([ingest.detection(body(2)), ingest.detection(body(3)), ingest.detection(body(3))]) > first
    assert (heard(journal), chain.repeated) == (3, 3)
    again = chained(journal)  # after a restart as well
    again.feed([ingest.detection(body(3))])
    assert heard(journal) == 3


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        (body(1), body(1), 1),
        (body(1), {**dict(reversed(body(1).items())), "message": {"any": "thing"}}, 1),
        (body(1, source="roof"), body(1, source="mast"), 2),
        (body(1, channel="left"), body(1, channel="right"), 2),
        (body(1, antenna=1), body(1, antenna=2), 2),
        (body(1, cn0_dbhz=40.0), body(1, cn0_dbhz=41.0), 2),
        (body(1), body(1.000001), 2),
        (body(1, id="a", cn0_dbhz=40.0), body(1, id="a", cn0_dbhz=41.0), 1),
        (body(1, id=7), body(1, id=8), 2),
        (body(1, id=7), body(30, id=7), 2),  # a sender that counts from 1 again
        (body(1, id=7, source="roof"), body(1, id=7, source="mast"), 2),
        (body(1, uuid="a5c1"), body(1, uuid="a5c1", sent=2), 1),
        ({"hex": HEX}, {"hex": HEX}, 2),  # without a time nothing tells it from the next burst
        ({"hex": HEX, "id": 1}, {"hex": HEX, "id": 1}, 1),
    ],
)
def test_what_is_one_detection_and_what_are_two(one: dict[str, Any], other: dict[str, Any], count: int) -> None:
    journal = Journal.open("sqlite://")
    chained(journal).feed([ingest.detection(one), ingest.detection(other)])
    assert heard(journal) == count
    journal.close()


def test_senders_at_once_share_commits_and_each_is_answered_after_its_own(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain, commits, append = chained(journal), [], journal.append

    def slow(*given: Any) -> list[Row]:
        time.sleep(0.02)
        commits.append(len(given[0]))
        return append(*given)

    monkeypatch.setattr(journal, "append", slow)
    wrong: list[int] = []

    def send(part: int) -> None:
        for number in range(10):
            seq = chain.feed([replace(detection(PLB, 100 * part + number), source=f"station {part}")])
            if journal.last_seq() < seq or not journal.rows(seq - 1, limit=1):
                wrong.append(seq)

    senders = [threading.Thread(target=send, args=(part,)) for part in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert not wrong
    assert heard(journal) == 80
    assert len(commits) < 40
    assert chained(journal).book.alerts() == chain.book.alerts()


class Odd(AlertBook):
    """A book with a fault: one beacon is too much for it."""

    def take(self, record: Record) -> Any:
        if isinstance(record, Detection) and record.message.hex_id == message(YACHT).hex_id:
            raise ZeroDivisionError
        return super().take(record)


def test_a_record_that_cannot_be_taken_fails_its_sender_alone(journal: Journal) -> None:
    chain = chained(journal)
    chain.book = Odd()
    results: dict[str, Any] = {}
    chain._writing = True  # so that all of them queue

    def send(name: str, records: list[Record]) -> None:
        try:
            results[name] = chain.feed(records)
        except ZeroDivisionError as error:
            results[name] = error

    senders = [
        threading.Thread(target=send, args=(name, [detection(facts, seconds)]))
        for name, facts, seconds in (("good", PLB, 0), ("bad", YACHT, 10), ("later", PLB, 50))
    ]
    for number, sender in enumerate(senders, 1):
        sender.start()
        while len(chain._queue) < number:
            time.sleep(0.001)
    chain._queue[0].turn.release()
    for sender in senders:
        sender.join()
    assert isinstance(results["bad"], ZeroDivisionError)
    assert results["later"] > results["good"] > 0
    assert heard(journal) == 2
    assert chain.waiting == []


def test_one_thread_brings_what_many_sent_and_each_hears_of_its_own(journal: Journal) -> None:
    chain = chained(journal)
    chain.book = Odd()
    many = [[detection(PLB, 50.0 * number)] for number in range(1, 3)]
    told = chain.feed_all([*many, [detection(YACHT, 10)], [detection(PLB, 500)] * 2, []])
    assert isinstance(told[2], ZeroDivisionError)
    good = [seq for seq in told if isinstance(seq, int)]
    assert len(good) == 4
    assert good[0] < good[1] < good[2] == good[3] == journal.last_seq()
    assert heard(journal) == 3
    assert len(set(map(str, chain.feed_all([[detection(PLB, 600 + n)] * 3 for n in range(0, 800, 2)])))) == 400


def test_own_receivers_that_try_again_write_once(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    chain, append = chained(journal), journal.append
    first = True

    def fails_after_writing(*given: Any) -> list[Row]:
        nonlocal first
        rows = append(*given)
        if first:
            first = False
            journal._unsure, journal._seq = True, 0
            raise StoreError("the connection was lost")
        return rows

    monkeypatch.setattr(journal, "append", fails_after_writing)
    assert chain.offer([detection(PLB, 0)]) is False
    assert chain.waiting == [detection(PLB, 0)]
    assert chain.offer([]) is True
    assert (heard(journal), chain.waiting, chain.book.alerts()[0].bursts) == (1, [], 1)
    assert chain.feed([detection(PLB, 50)]) == journal.last_seq()
    assert chained(journal).book.alerts() == chain.book.alerts()


def test_a_key_names_the_second_in_which_it_was_heard() -> None:
    read = ingest.detection(body(1))
    assert read.key is not None
    assert int(read.key[:8], 16) == int(at(1).astype("datetime64[s]").astype(int))
    assert read == replace(read, key=None)
