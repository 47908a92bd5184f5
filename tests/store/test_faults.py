"""Stores that cannot be used are refused in one sentence, and left as they are."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from vigie.errors import StoreError
from vigie.records import Tick
from vigie.sim.detections import YACHT, at, detection
from vigie.store import engine, sqlite
from vigie.store.journal import SCHEMA, Journal


def made(path: Path, rows: int = 3) -> str:
    journal = Journal.open(str(path))
    journal.append([detection(YACHT, 50.0 * number) for number in range(rows)])
    journal.close()
    return str(path)


def refusal(url: str, **options: bool) -> str:
    with pytest.raises(StoreError) as caught:
        Journal.open(url, **options)
    words = str(caught.value)
    assert "\n" not in words
    assert "sqlalche.me" not in words
    return words


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    place = tmp_path / "notes.txt"
    place.write_text("Dear diary,\n" * 100)
    assert "no SQLite database" in refusal(str(place))
    assert place.read_text().startswith("Dear diary")


def test_a_database_of_another_program(tmp_path: Path) -> None:
    place = tmp_path / "other.sqlite"
    with sqlite3.connect(place) as other:
        other.execute("CREATE TABLE songs (title)")
    other.close()
    assert "of another program" in refusal(str(place))


def test_a_store_of_a_newer_version(tmp_path: Path) -> None:
    place = made(tmp_path / "a.sqlite")
    with sqlite3.connect(place) as raw:
        raw.execute(f"PRAGMA user_version={SCHEMA + 1}")
    raw.close()
    assert f"newer Vigie (schema {SCHEMA + 1}" in refusal(place)
    assert "newer Vigie" in refusal(place, read_only=True)


def test_a_damaged_store(tmp_path: Path) -> None:
    place = made(tmp_path / "a.sqlite", rows=200)
    size = os.path.getsize(place)
    with open(place, "r+b") as stream:
        stream.seek(8192)
        stream.write(b"\xa5" * (size - 8192))
    assert "is damaged" in refusal(place)


def test_a_truncated_store(tmp_path: Path) -> None:
    place = made(tmp_path / "a.sqlite", rows=200)
    os.truncate(place, os.path.getsize(place) // 2)
    assert "is damaged" in refusal(place)


def test_a_store_that_another_vigie_writes(tmp_path: Path) -> None:
    place = str(tmp_path / "a.sqlite")
    journal = Journal.open(place)
    assert f"locked: another Vigie writes it (process {os.getpid()})" in refusal(place)
    reader = Journal.open(place, read_only=True)
    journal.append([Tick(at(0))])
    assert reader.last_seq() == 1
    with pytest.raises(StoreError, match="for reading only"):
        reader.append([Tick(at(0))])
    reader.close()
    journal.close()
    Journal.open(place).close()


def test_a_store_that_another_program_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.3)
    place = made(tmp_path / "a.sqlite")
    code = (
        "import sqlite3, sys\n"
        "held = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "held.execute('BEGIN IMMEDIATE')\n"
        "print(1, flush=True)\n"
        "input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert "is locked by another program" in refusal(place)
        holder.communicate("\n")
    Journal.open(place).close()


def test_a_write_while_another_program_holds_it_fails_and_succeeds_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_S", 0.3)
    journal = Journal.open(str(tmp_path / "a.sqlite"))
    other = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="is locked"):
        journal.append([Tick(at(0))])
    other.execute("ROLLBACK")
    other.close()
    assert journal.append([Tick(at(1))])[0].seq == 1
    journal.close()


def test_a_full_disk(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path / "a.sqlite"))

    def limited(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count=30")  # SQLite's own way to run out of room

    sa.event.listen(journal._engine, "connect", limited)
    journal._writer = None
    journal._engine.dispose()

    def fill() -> None:
        for number in range(500):
            journal.append([detection(YACHT, number)])

    with pytest.raises(StoreError, match="the disk is full"):
        fill()
    written = journal.last_seq()
    assert 0 < written < 500
    assert [row.seq for row in journal.rows()] == list(range(1, written + 1))
    journal.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_device_instead_of_a_file() -> None:
    assert "/dev/full" in refusal("/dev/full")


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    place = tmp_path / "a.sqlite"
    made(place)
    tmp_path.chmod(0o555)
    place.chmod(0o444)
    try:
        code = (
            "import os, sys\n"
            "from vigie.store.journal import Journal\nfrom vigie.errors import StoreError\n"
            "Journal.open('sqlite://').close()  # all modules are loaded now\n"
            "if os.getuid() == 0: os.setgid(65534); os.setuid(65534)\n"
            "for name in sys.argv[1:]:\n"
            "    try: Journal.open(name)\n"
            "    except StoreError as error: print(error)\n"
        )
        open_to_all(tmp_path)
        done = subprocess.run(
            [sys.executable, "-c", code, str(place), str(tmp_path / "new.sqlite"), str(tmp_path / "sub" / "x.sqlite")],
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        tmp_path.chmod(0o755)
    assert not done.stderr
    first, second, third = done.stdout.splitlines()
    assert "is read-only" in first
    assert "new.sqlite cannot be written: Permission denied" in second
    assert "cannot be opened: Permission denied" in third


def open_to_all(folder: Path) -> None:
    """Let an unprivileged user walk down to a folder of pytest."""
    for parent in folder.parents:
        if parent.stat().st_uid == os.getuid() and str(parent).startswith("/tmp/"):
            parent.chmod(0o755)


def test_a_server_without_its_driver_and_a_url_that_is_none() -> None:
    assert "cannot be opened" in refusal("postgresql+nosuchdriver://host/x")
    assert "neither a file nor a database URL" in refusal("://")


def test_a_password_is_not_repeated() -> None:
    assert "geheim" not in refusal("postgresql+nosuchdriver://me:geheim@host/x")


def test_reading_a_store_that_is_not_there(tmp_path: Path) -> None:
    assert "there is no store" in refusal(str(tmp_path / "none.sqlite"), read_only=True)
    assert not list(tmp_path.iterdir())


def test_a_store_is_put_aside_whole(tmp_path: Path) -> None:
    place = Path(made(tmp_path / "a.sqlite"))
    engine.start_afresh(place)
    assert not place.exists()
    aside = Journal.open(str(tmp_path / "a.previous.sqlite"), read_only=True)
    assert aside.last_seq() == 3
    aside.close()
    engine.start_afresh(place)
    journal = Journal.open(str(place))
    with pytest.raises(StoreError, match="another Vigie"):
        engine.start_afresh(place)
    journal.close()
    shutil.rmtree(tmp_path)
