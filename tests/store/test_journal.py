"""The journal: what goes in comes out, whole, in order, for good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.alert.book import AlertBook
from vigie.errors import StoreError
from vigie.records import Detection, Message, Record, Samples, Solution, Tick
from vigie.sim.detections import ELT_DT, PLB, START, YACHT, at, detection
from vigie.stages import alerts, solutions
from vigie.store import pack
from vigie.store.journal import Journal, Row
from vigie.store.keep import keep
from vigie.store.rows import to_record

TIMES = st.integers(-(10**17), 4 * 10**18).map(lambda ns: np.datetime64(ns, "ns"))
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.builds(
    lambda hex_id, facts: Message("FGB", hex_id * 2, "message_30", {**facts, "hex_id": hex_id, "verdict": "ok"}),
    st.text("0123456789ABCDEF", min_size=15, max_size=15),
    st.dictionaries(st.text(), PLAIN, max_size=4),
)
DETECTIONS = st.builds(
    Detection,
    MESSAGES,
    TIMES,
    sample=st.none() | st.integers(0, 2**53),
    sync=st.sampled_from(["normal", "self_test"]),
    frequency_hz=NUMBERS,
    frequency_offset_hz=NUMBERS,
    drift_hz_per_s=NUMBERS,
    cn0_dbhz=NUMBERS,
    sigma_frequency_hz=NUMBERS,
    sigma_time_s=NUMBERS,
    confidence=NUMBERS,
    channel=st.text(),
    source=st.text(),
    exercise=st.booleans(),
    time_known=st.booleans(),
    at=st.sampled_from(["satellite", "site"]),
)
SOLUTIONS = st.builds(
    Solution,
    st.text("0123456789ABCDEF", min_size=15, max_size=15),
    st.sampled_from(["encoded", "doppler", "doa", "fused"]),
    st.floats(-90, 90),
    st.floats(-180, 180),
    TIMES,
    TIMES,
    NUMBERS,
    alt_m=NUMBERS,
    covariance_m2=st.none() | st.tuples(*[st.floats(-1e9, 1e9)] * 3),
    probability=st.floats(0, 1),
    used=st.integers(1, 99),
    exercise=st.booleans(),
)


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    opened = Journal.open(store_url)
    yield opened
    opened.close()


def a_life() -> list[Record]:
    """Records as a stream brings them."""
    sent = [
        detection(YACHT),
        Tick(at(5)),
        detection(PLB, 10, latitude=45.0, longitude=-5.0, exercise=True),
        detection(ELT_DT, 20, wrong=(33, 46, 58, 63, 77, 91)),
        detection(YACHT, 50),
    ]
    return list(alerts(solutions(iter(sent)), AlertBook()))


def test_rows_come_back_as_the_records_they_were_made_of(journal: Journal) -> None:
    records = a_life()
    rows = journal.append(records)
    assert [row.seq for row in rows] == list(range(1, len(records) + 1))
    assert journal.rows() == rows
    assert [to_record(row) for row in journal.rows()] == records
    assert {row.kind for row in rows} == {"detection", "solution", "alert", "tick"}


@settings(max_examples=60, deadline=None)
@given(records=st.lists(DETECTIONS | SOLUTIONS | TIMES.map(Tick), min_size=1, max_size=4))
def test_any_record_comes_back_exactly(records: list[Record]) -> None:
    journal = Journal.open("sqlite://")
    rows = journal.append(records)
    assert [to_record(row) for row in journal.rows()] == records
    assert journal.rows() == rows
    journal.close()


def test_rows_can_be_asked_for_by_place_kind_beacon_and_number(journal: Journal) -> None:
    rows = journal.append(a_life())
    assert journal.rows(after=2) == rows[2:]
    assert journal.rows(kinds={"tick"}) == [row for row in rows if row.kind == "tick"]
    assert journal.rows(limit=3) == rows[:3]
    exercise = next(row.beacon for row in rows if str(row.beacon).startswith("X-"))
    assert {row.kind for row in journal.rows(beacon=exercise)} == {"detection", "solution", "alert"}
    assert journal.last_seq() == rows[-1].seq


def test_alerts_hold_the_latest_row_of_each(journal: Journal) -> None:
    rows = journal.append(a_life())
    latest = {row.beacon: row for row in rows if row.kind == "alert"}
    found = journal.alerts()
    assert {row.beacon: row for row in found} == latest
    assert [row.seq for row in found] == sorted((row.seq for row in found), reverse=True)
    some = found[0]
    assert journal.alert(str(some.beacon)) == some
    assert journal.alert("nothing") is None


def test_an_alert_says_in_words_what_it_is(journal: Journal) -> None:
    bodies = {row.beacon: row.body for row in journal.append(a_life()) if row.kind == "alert"}
    exercise = next(body for name, body in bodies.items() if name.startswith("X-"))
    assert exercise["category_words"] == "EXERCISE - distress"
    assert exercise["state_words"] == "Located, not confirmed"
    assert exercise["position"]["method"] == "encoded"
    assert exercise["country"] == "France"
    doubtful = next(body for name, body in bodies.items() if name.startswith("U-"))
    assert (doubtful["hex_id"], doubtful["position"]) == (None, None)
    assert "not reliable" in doubtful["category_words"]


def test_it_goes_on_where_it_stopped(store_url: str) -> None:
    journal = Journal.open(store_url)
    first = journal.append(a_life())
    journal.close()
    journal.close()
    again = Journal.open(store_url)
    assert again.rows() == first
    assert list(again.scan()) == first
    assert again.append([Tick(at(99))])[0].seq == first[-1].seq + 1
    again.close()


def test_a_path_is_a_store_and_its_folder_is_made(tmp_path: Path) -> None:
    Journal.open(str(tmp_path / "new" / "journal.sqlite")).close()
    Journal.open(f"sqlite:///{tmp_path}/new/journal.sqlite", read_only=True).close()


def test_samples_have_no_place_in_it_and_a_group_is_written_whole_or_not(journal: Journal) -> None:
    samples = Samples(np.zeros(1, np.complex64), 1.0, None, None)
    with pytest.raises(TypeError):
        journal.append([Tick(START), samples])
    assert journal.append([]) == []
    assert journal.last_seq() == 0


def test_nothing_in_it_can_be_changed_or_taken_out(journal: Journal) -> None:
    journal.append(a_life())
    with journal.place.engine(read_only=False).connect() as raw:
        for table in ("journal", "parts"):
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET body='{{}}'"):
                with pytest.raises(sa.exc.SQLAlchemyError, match="append-only"):
                    raw.exec_driver_sql(statement)
                raw.rollback()
    raw.engine.dispose()


def test_an_sqlite_store_is_durable(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path / "a.sqlite"))
    engine = journal.place.engine(read_only=False)
    journal.close()
    with engine.connect() as raw:
        assert raw.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert raw.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
    engine.dispose()


def test_many_threads_may_use_it_at_once(journal: Journal) -> None:
    def work(number: int) -> None:
        for step in range(20):
            journal.append([detection(YACHT, 1000.0 * number + step)])
            journal.rows(limit=5)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row.seq for row in journal.rows()] == list(range(1, 81))


def test_keep_writes_before_it_passes_on_and_publishes(journal: Journal) -> None:
    published: list[Row] = []

    def publish(row: Row) -> None:
        assert journal.last_seq() >= row.seq
        published.append(row)

    records = a_life()
    for record in keep(iter(records), journal, publish):
        if not isinstance(record, Tick):
            assert to_record(journal.rows(after=journal.last_seq() - 1)[0]) == record
    assert journal.rows() == published
    assert [to_record(row) for row in published] == records


def test_keep_leaves_out_ticks_that_changed_nothing(journal: Journal) -> None:
    ticks = [Tick(at(second)) for second in range(200)]
    assert list(keep(iter(ticks), journal, lambda row: None)) == ticks
    assert [row.time for row in journal.rows()] == [f"2026-11-22T06:{minute:02d}:00Z" for minute in range(4)]
    alert = AlertBook([detection(YACHT)]).alerts()[0]
    list(keep(iter([Tick(at(200)), Tick(at(201)), alert]), journal, lambda row: None))
    assert [row.kind for row in journal.rows(after=4)] == ["tick", "alert"]
    assert journal.rows(after=4)[0].time == "2026-11-22T06:03:21Z"


def test_a_row_that_cannot_be_read_is_named() -> None:
    for kind, body in (("detection", {}), ("alert", {"changed": None}), ("song", {}), ("tick", {"time": "noon"})):
        with pytest.raises(StoreError, match="row 7 of the journal"):
            to_record(Row(7, None, kind, None, body))


def test_a_long_value_is_remembered_from_one_writing_to_the_next_and_forgotten_with_one_that_failed() -> None:
    packer, long, short = pack.Packer(0), {f"key {n}": "x" * 100 for n in range(20)}, dict.fromkeys("abcde", 1)
    failed = packer.pack({"facts": long})
    packer.forget()
    first = packer.pack({"facts": long, "more": short})
    assert first.text == '{"$":{"facts":1,"more":2}}'
    assert failed.text == '{"$":{"facts":1}}'
    assert [part.id for part in packer.fresh()] == [1, 2]
    packer.written()
    assert packer.pack({"facts": long, "more": dict(short)}).text == first.text
    assert packer.pack({"facts": dict(long)}).text == failed.text
    assert packer.fresh() == []
