"""Where a store lies, who holds it, and what went wrong with it, for any database."""

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
from vigie.store import postgres
from vigie.store import sqlite as lite

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
        """The place that an SQLAlchemy URL or a path names; None is ``vigie.sqlite`` in the user's data directory.

        ``postgresql://`` is taken as ``postgresql+psycopg://``. Raises StoreError.
        """
        text = url if url is not None else str(default_file())
        if "://" not in text:
            text = sa.URL.create("sqlite", database=text).render_as_string()
        try:
            parsed = sa.make_url(text)
            backend = parsed.get_backend_name()
        except sa.exc.ArgumentError:
            raise StoreError(f"{text!r} is neither a file nor a database URL such as sqlite:///vigie.sqlite") from None
        if parsed.drivername in ("postgresql", "postgres"):
            parsed, backend = parsed.set(drivername="postgresql+psycopg"), "postgresql"
        if backend not in ("sqlite", "postgresql"):
            raise StoreError(f"a store lies in SQLite or PostgreSQL; {parsed.drivername!r} is neither")
        sqlite = backend == "sqlite"
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
        """An engine for this place, with settings that keep what is committed."""
        options: dict[str, Any] = {}
        if self.file is not None and read_only:
            uri = f"{self.file.as_uri()}?mode=ro"
            options = {"creator": lambda: sqlite3.connect(uri, uri=True, check_same_thread=False)}
        if self.sqlite and self.file is None:
            options = {"poolclass": StaticPool, "connect_args": {"check_same_thread": False}}
        if not self.sqlite:
            options = {"pool_pre_ping": True, "connect_args": {"connect_timeout": postgres.CONNECT_S}}
        try:
            engine = sa.create_engine(self.url, **options)
        except (sa.exc.SQLAlchemyError, ImportError) as error:
            hint = "" if self.sqlite else " (PostgreSQL needs the extra: pip install 'vigie[postgres]')"
            raise StoreError(f"the store {self.name} cannot be opened: {error}{hint}") from error
        if self.sqlite:
            lite.tune(engine, read_only=read_only)
        else:
            postgres.tune(engine)
        return engine

    def whole_check(self) -> bool:
        """Whether the file is short enough to be read whole each time it is opened."""
        return self.file is None or not self.file.exists() or self.file.stat().st_size <= lite.CHECK_BYTES


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
        lock.reached(0)
    except OSError as error:
        raise StoreError(f"the store {store} cannot be put aside: {error.strerror or error}") from error
    finally:
        lock.release()


_CAUSES = {  # what a database says -> what it means here
    "database is locked": "is locked by another program",
    "readonly": "is read-only",
    "read-only": "is read-only",
    "unable to open": "cannot be opened (does its folder exist, and may it be written?)",
    "not a database": "is not a Vigie store: it is no SQLite database",
    "malformed": "is damaged: keep the file, and copy what is whole of it with 'vigie store salvage'",
    "is full": "cannot be written: the disk is full",
    "no space left": "cannot be written: the disk is full",
    "disk i/o error": "cannot be read or written: the disk reports an error",
    "connection refused": "cannot be reached: nothing answers there",
    "shutting down": "cannot be reached: its server is stopping",
    "starting up": "cannot be reached yet: its server is starting",
    "terminating connection": "cannot be reached: its server ended the connection",
    "connection is lost": "cannot be reached: its server ended the connection",
    "connection timeout expired": "cannot be reached: nothing answers there",
    "closed the connection": "cannot be reached: its server ended the connection",
    "password authentication failed": "cannot be opened: its server refuses the user or the password",
}


def sentence(error: Exception, name: str, doing: str) -> str:
    """What went wrong with the store while opening, reading or writing it, in one sentence."""
    cause = str(getattr(error, "orig", None) or error).strip()
    for words, meaning in _CAUSES.items():
        if words in cause.lower():
            return f"the store {name} {meaning}"
    return f"the store {name} failed to {doing}: {' '.join(cause.split())}"


_FIELD = 20


class Lock:
    """The right to write one SQLite store, held by a lock on a file beside it; the system frees it if we die.

    The file holds the process number of the holder and the last seq that was acknowledged. A store whose last row is
    older than that has lost rows since: nothing else would tell, for SQLite takes a damaged end of its log for the end.
    """

    def __init__(self, store: Path) -> None:
        """Take the lock; raises StoreError, with the holder's process number, when another holds it."""
        self._path = store.with_name(store.name + ".lock")
        self._stream: IO[bytes] | None = None
        try:
            stream = open(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644), "r+b", buffering=0)  # noqa: SIM115
        except OSError as error:
            raise StoreError(f"the store {store} cannot be written: {error.strerror or error}") from error
        content = stream.read(2 * _FIELD)
        try:
            _hold(stream)
        except OSError:
            holder = content[:_FIELD].decode("ascii", "replace").strip()
            stream.close()
            raise StoreError(
                f"the store {store} is locked: another Vigie writes it" + (f" (process {holder})" if holder else "")
            ) from None
        self._stream = stream
        mark = content[_FIELD:].strip()
        self.mark = int(mark) if mark.isdigit() else 0
        """the last seq that was acknowledged, as far as is known"""
        self._write(0, str(os.getpid()))

    def reached(self, seq: int) -> None:
        """Note that everything up to ``seq`` was acknowledged. Survives the process; not a power failure."""
        self.mark = seq
        with contextlib.suppress(OSError):  # a full disk: the note is a help, not the truth
            self._write(_FIELD, str(seq))

    def _write(self, at: int, text: str) -> None:
        if self._stream is not None:
            self._stream.seek(at)
            self._stream.write(text.ljust(_FIELD).encode())

    def release(self) -> None:
        """Let others write. Doing it twice does nothing. The file stays: removing it would let two hold the lock."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._write(0, "")
            self._stream.close()
            self._stream = None


def _hold(stream: IO[bytes]) -> None:
    """Lock an open file against other processes; raises OSError at once when one holds it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        stream.seek(0)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
