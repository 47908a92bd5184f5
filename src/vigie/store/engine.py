"""What the journal needs to know of databases: where it lies, whether it is ours, who holds it, what went wrong."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from vigie.errors import StoreError

APPLICATION_ID = 0x56494749  # "VIGI", in the header of the SQLite file (PRAGMA application_id)
BUSY_S = 2.0
"""how long to wait for another program that holds the database"""
_HEADER = b"SQLite format 3\0"


@dataclass(frozen=True)
class Place:
    """Where a journal lies."""

    url: sa.URL
    name: str
    """how to call it in a sentence: the file, or the URL without its password"""
    sqlite: bool
    file: Path | None
    """the file of an SQLite store; None in memory and on a server"""

    @classmethod
    def of(cls, url: str | None) -> Place:
        """The place that an SQLAlchemy URL or a path names; None is ``vigie.sqlite`` in the user's data directory."""
        text = url if url is not None else str(default_file())
        if "://" not in text:
            text = sa.URL.create("sqlite", database=text).render_as_string()
        try:
            parsed = sa.make_url(text)
            sqlite = parsed.get_backend_name() == "sqlite"
        except sa.exc.ArgumentError:
            raise StoreError(f"{text!r} is neither a file nor a database URL such as sqlite:///vigie.sqlite") from None
        memory = sqlite and parsed.database in (None, "", ":memory:")
        file = Path(parsed.database or "").absolute() if sqlite and not memory else None
        return cls(parsed, str(file or parsed), sqlite, file)

    def check(self, *, read_only: bool) -> None:
        """Make the folder; refuse a file that is no SQLite database, or one that cannot be written."""
        if self.file is None:
            return
        try:
            if not read_only:
                self.file.parent.mkdir(parents=True, exist_ok=True)
            if not self.file.exists():
                if read_only:
                    raise StoreError(f"there is no store {self.name}")
                return
            with self.file.open("rb") as stream:
                header = stream.read(len(_HEADER))
        except OSError as error:
            raise StoreError(f"the store {self.name} cannot be opened: {error.strerror or error}") from error
        if header and header != _HEADER:
            raise StoreError(f"{self.name} is not a Vigie store: it is no SQLite database")
        if not read_only and not os.access(self.file, os.W_OK):
            raise StoreError(f"the store {self.name} is read-only")

    def engine(self, *, read_only: bool) -> sa.Engine:
        """An engine for this place; for SQLite with WAL, full synchronisation, a busy timeout and foreign keys."""
        options: dict[str, Any] = {}
        if self.file is not None and read_only:
            uri = f"{self.file.as_uri()}?mode=ro"
            options = {"creator": lambda: sqlite3.connect(uri, uri=True, check_same_thread=False)}
        if self.sqlite and self.file is None:
            options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        try:
            engine = sa.create_engine(self.url, **options)
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            raise StoreError(f"the store {self.name} cannot be opened: {error}") from error
        if self.sqlite:
            _tune(engine, read_only=read_only)
        return engine


def default_file(name: str = "vigie.sqlite") -> Path:
    """A store file of this name in the user's data directory."""
    import platformdirs

    return Path(platformdirs.user_data_dir("vigie", appauthor=False)) / name


def start_afresh(store: Path) -> None:
    """Put a store aside as ``NAME.previous.sqlite``, so that the next one begins empty. StoreError if it is in use."""
    if not store.exists():
        return
    lock = Lock(store)
    try:
        for end in ("-wal", "-shm", ""):  # the database last: without its log it would be an older one
            part, aside = (Path(f"{base}{end}") for base in (store, store.with_suffix(".previous.sqlite")))
            if part.exists():
                part.replace(aside)
            else:
                aside.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the store {store} cannot be put aside: {error.strerror or error}") from error
    finally:
        lock.release()


def _tune(engine: sa.Engine, *, read_only: bool) -> None:
    @sa.event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_S * 1000)}")
        connection.execute("PRAGMA foreign_keys=ON")
        if not read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")  # NORMAL may lose the last commits when the power fails

    @sa.event.listens_for(engine, "begin")
    def begun(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("vigie_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def check_sqlite(connection: sa.Connection, name: str, schema: int) -> None:
    """Refuse a database that is another program's, a newer Vigie's or damaged."""
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    used = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    if used and owner != APPLICATION_ID:
        raise StoreError(f"{name} is not a Vigie store: it is an SQLite database of another program")
    if version > schema:
        raise StoreError(newer(name, version, schema))
    state = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if state != "ok":
        raise StoreError(f"the store {name} is damaged ({' '.join(state.split())}): keep the file and start another")


def mark_sqlite(connection: sa.Connection, schema: int) -> None:
    """Write version and owner into a new file, and the triggers that keep its journal append-only."""
    connection.exec_driver_sql(f"PRAGMA user_version={schema}")
    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
    for verb in ("UPDATE", "DELETE"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER journal_no_{verb.lower()} BEFORE {verb} ON journal "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
        )


def newer(name: str, found: int, known: int) -> str:
    """The sentence about a store of a newer version."""
    return f"the store {name} was written by a newer Vigie (schema {found}; this one knows {known}): update Vigie"


_CAUSES = {  # what SQLite says -> what it means here
    "locked": "is locked by another program",
    "readonly": "is read-only",
    "read-only": "is read-only",
    "unable to open": "cannot be opened (does its folder exist, and may it be written?)",
    "not a database": "is not a Vigie store: it is no SQLite database",
    "malformed": "is damaged: keep the file and start another",
    "is full": "cannot be written: the disk is full",
    "disk i/o error": "cannot be read or written: the disk reports an error",
}


def sentence(error: Exception, name: str, doing: str) -> str:
    """What went wrong with the store while opening, reading or writing it, in one sentence."""
    cause = str(getattr(error, "orig", None) or error).strip()
    for words, meaning in _CAUSES.items():
        if words in cause.lower():
            return f"the store {name} {meaning}"
    return f"the store {name} failed to {doing}: {' '.join(cause.split())}"


class Lock:
    """The right to write one SQLite store, held by a lock on a file beside it; the system frees it if we die."""

    def __init__(self, store: Path) -> None:
        """Take the lock; raises StoreError, with the holder's process number, when another holds it."""
        self._path = store.with_name(store.name + ".lock")
        self._stream: IO[str] | None = None
        try:
            stream = self._path.open("a+", encoding="ascii")
        except OSError as error:
            raise StoreError(f"the store {store} cannot be written: {error.strerror or error}") from error
        try:
            _hold(stream)
        except OSError:
            stream.seek(0)
            holder = stream.read(20).strip()
            stream.close()
            raise StoreError(
                f"the store {store} is locked: another Vigie writes it" + (f" (process {holder})" if holder else "")
            ) from None
        stream.truncate(0)
        stream.write(str(os.getpid()))
        stream.flush()
        self._stream = stream

    def release(self) -> None:
        """Let others write. Doing it twice does nothing. The file stays: removing it would let two hold the lock."""
        stream, self._stream = self._stream, None
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.truncate(0)
            stream.close()


def _hold(stream: IO[str]) -> None:
    """Lock an open file against other processes; raises OSError at once when one holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
