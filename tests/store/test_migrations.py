"""Stores of older versions are brought up to date whole; newer ones are refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from vigie.chain import Chain
from vigie.errors import StoreError
from vigie.records import Alert
from vigie.sim.detections import PLB, detection
from vigie.store import migrations
from vigie.store.journal import SCHEMA, Journal
from vigie.store.rows import to_record

if TYPE_CHECKING:
    from postgres_server import Postgres

OLD = Path(__file__).parent / "schema1.sql"


@pytest.fixture(params=["sqlite", "postgresql"])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store as version 1 wrote it, from SQL kept as text."""
    script = OLD.read_text(encoding="utf-8")
    if request.param == "sqlite":
        place = tmp_path / "old.sqlite"
        with sqlite3.connect(place) as raw:
            raw.executescript(script)
        raw.close()
        return str(place)
    server: Postgres = request.getfixturevalue("postgres_server")
    url = server.database()
    for line in script.splitlines():
        if not line.startswith(("CREATE TRIGGER", "PRAGMA", "--")):
            server.sql(line, url.rsplit("/", 1)[1])
    return url


def everything(url: str) -> list[dict[str, Any]]:
    journal = Journal.open(url, read_only=True)
    found = [{"seq": row.seq, "time": row.time, "kind": row.kind, **row.body} for row in journal.scan()]
    journal.close()
    return found


def test_a_store_of_version_1_is_read_as_it_is_and_upgraded_when_it_is_written(old_url: str) -> None:
    before = everything(old_url)
    assert len(before) == 9
    journal = Journal.open(old_url)
    assert [{"seq": row.seq, "time": row.time, "kind": row.kind, **row.body} for row in journal.rows()] == before
    latest = {row.beacon: row.seq for row in journal.alerts()}
    assert latest == {"1C6FFE0002FFBFF": 6, "X-9C7AFB2BB0004D1": 9}
    assert all(isinstance(to_record(row), Alert) for row in journal.alerts())
    chain = Chain(journal, lambda row: None)
    assert chain.feed([detection(PLB, 100, latitude=45.2, longitude=-5.0)]) > 9
    assert len(chain.book.alerts()) == 2
    journal.close()
    assert everything(old_url)[:9] == before
    Journal.open(old_url).close()  # and a second start finds nothing to do


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(old_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(old_url)

    def broken(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DROP TABLE alerts")
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    with monkeypatch.context() as patched:
        patched.setitem(migrations._STEPS, 1, broken)
        with pytest.raises(StoreError):
            Journal.open(old_url)
    assert everything(old_url) == before
    Journal.open(old_url).close()


def test_an_upgraded_store_has_the_tables_of_a_new_one(old_url: str, store_url: str) -> None:
    def columns(url: str) -> dict[str, list[str]]:
        journal = Journal.open(url)
        engine = journal.place.engine(read_only=False)
        look = sa.inspect(engine)
        found = {name: sorted(column["name"] for column in look.get_columns(name)) for name in look.get_table_names()}
        indexes = {name: sorted(str(index["name"]) for index in look.get_indexes(name)) for name in found}
        engine.dispose()
        journal.close()
        return found | {f"{name} indexes": value for name, value in indexes.items()}

    assert columns(old_url) == columns(store_url)


def test_a_newer_store_is_refused(store_url: str) -> None:
    journal = Journal.open(store_url)
    engine = journal.place.engine(read_only=False)
    with engine.begin() as raw:
        raw.exec_driver_sql(f"UPDATE meta SET value='{SCHEMA + 1}' WHERE key='schema'")
    engine.dispose()
    journal.close()
    for read_only in (True, False):
        with pytest.raises(StoreError, match=rf"written by a newer Vigie \(schema {SCHEMA + 1}; this one knows"):
            Journal.open(store_url, read_only=read_only)
