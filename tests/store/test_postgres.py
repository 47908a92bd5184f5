"""What is particular to PostgreSQL: who may write, what its server must promise, and its going away."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from vigie.chain import Chain
from vigie.errors import StoreError
from vigie.records import Tick
from vigie.sim.detections import PLB, YACHT, at, detection
from vigie.store.journal import Journal

if TYPE_CHECKING:
    from postgres_server import Postgres


def test_one_writes_and_others_read(postgres_server: Postgres) -> None:
    url = postgres_server.database()
    journal = Journal.open(url)
    with pytest.raises(StoreError, match=r"is locked: another Vigie writes it \(session \d+\)"):
        Journal.open(url)
    reader = Journal.open(url.replace("+psycopg", ""), read_only=True)
    journal.append([Tick(at(0))])
    assert reader.last_seq() == 1
    reader.close()
    journal.close()
    Journal.open(url).close()


def test_a_server_that_does_not_keep_its_word_is_refused(postgres_server: Postgres) -> None:
    url = postgres_server.database()
    postgres_server.sql("ALTER SYSTEM SET fsync = off")
    postgres_server.sql("SELECT pg_reload_conf()")
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                Journal.open(url).close()
            except StoreError as error:
                assert "has fsync = off" in str(error)  # noqa: PT017
                break
            time.sleep(0.05)
        else:
            pytest.fail("a server without fsync was taken")
    finally:
        postgres_server.sql("ALTER SYSTEM RESET fsync")
        postgres_server.sql("SELECT pg_reload_conf()")


def test_commits_wait_for_the_disk_whatever_the_database_says(postgres_server: Postgres) -> None:
    url = postgres_server.database()
    postgres_server.sql(f"ALTER DATABASE {url.rsplit('/', 1)[1]} SET synchronous_commit = off")
    journal = Journal.open(url)
    with journal._engine.connect() as raw:
        assert raw.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    journal.close()


def test_an_encoding_that_cannot_hold_every_name_and_a_database_of_another_program(postgres_server: Postgres) -> None:
    with pytest.raises(StoreError, match="is encoded in LATIN1"):
        Journal.open(postgres_server.database("LATIN1"))
    url = postgres_server.database()
    postgres_server.sql("CREATE TABLE meta (colour text)", url.rsplit("/", 1)[1])
    with pytest.raises(StoreError, match="those of another program"):
        Journal.open(url)


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(StoreError, match="nothing answers there") as caught:
        Journal.open("postgresql://me:geheim@127.0.0.1:1/none")
    assert "geheim" not in str(caught.value)


def test_a_server_that_dies_and_comes_back_loses_nothing(postgres_server: Postgres) -> None:
    journal = Journal.open(postgres_server.database())
    chain = Chain(journal, lambda row: None)
    chain.feed([detection(YACHT)])
    postgres_server.stop()
    try:
        with pytest.raises(StoreError, match="cannot be reached"):
            chain.feed([detection(YACHT, 50)])
        assert chain.offer([detection(PLB, 55)]) is False
    finally:
        postgres_server.start()
    assert chain.feed([detection(YACHT, 100)]) == journal.last_seq()
    assert [row.time for row in journal.rows(kinds={"detection"})] == [
        f"2026-11-22T06:0{minute}:{second}Z" for minute, second in ((0, "00"), (0, "55"), (1, "40"))
    ]
    assert Chain(journal, lambda row: None).book.alerts() == chain.book.alerts()
    journal.close()


def test_a_commit_whose_answer_was_lost_is_learnt_and_not_written_twice(
    postgres_server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(postgres_server.database())
    chain = Chain(journal, lambda row: None)
    chain.feed([detection(YACHT)])
    from sqlalchemy.engine.default import DefaultDialect

    commit = DefaultDialect.do_commit

    def lost(self: DefaultDialect, connection: object) -> None:
        commit(self, connection)  # type: ignore[arg-type]
        monkeypatch.undo()
        raise journal._engine.dialect.loaded_dbapi.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(type(journal._engine.dialect), "do_commit", lost)
    with pytest.raises(StoreError, match="ended the connection"):
        chain.feed([detection(YACHT, 50)])
    assert chain.feed([detection(YACHT, 50)]) == journal.last_seq()  # sent again, as the sender must
    assert [row.kind for row in journal.rows()].count("detection") == 2
    assert Chain(journal, lambda row: None).book.alerts() == chain.book.alerts()
    assert chain.book.alerts()[0].bursts == 2
    journal.close()


def test_readers_and_the_writer_do_not_wait_for_one_another(postgres_server: Postgres) -> None:
    journal = Journal.open(postgres_server.database())
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            journal.rows(limit=5)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(20):
        journal.append([detection(YACHT, number)])
    stop.set()
    reader.join()
    assert journal.last_seq() == 20
    journal.close()
