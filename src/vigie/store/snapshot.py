"""The file that spares a start from reading the whole journal: the book at one row of it. Derived, never the truth.

It lies beside an SQLite store, and in the user's cache for a store on a server. It is used only when it is whole, was
made by the very same rules, and the journal still has the row at which it was taken; else the journal is read.
"""

from __future__ import annotations

import hashlib
import logging
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

import vigie
from vigie.alert import snapshot
from vigie.errors import StoreError

if TYPE_CHECKING:
    from vigie.alert.book import AlertBook
    from vigie.store.journal import Journal

_log = logging.getLogger(__name__)
_FORMAT = "vigie snapshot 2"
_RULES = ("alert/*.py", "alert/*.toml", "data/*", "records.py", "instants.py", "geodesy.py", "store/rows.py")


class _Head(msgspec.Struct):
    """The first line of the file."""

    format: str
    rules: str
    seq: int
    row: str
    body: str


@cache
def rules() -> str:
    """What tells the rules of this version from others: a digest of the files that they are made of."""
    root = Path(vigie.__file__).parent
    digest = hashlib.sha256(vigie.__version__.encode())
    for pattern in _RULES:
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def place(journal: Journal) -> Path | None:
    """The file of a journal's snapshot; None for one in memory."""
    where = journal.place
    if where.file is not None:
        return where.file.with_name(where.file.name + ".snapshot")
    if where.sqlite:
        return None
    import platformdirs

    name = hashlib.sha256(where.name.encode()).hexdigest()[:16]
    return Path(platformdirs.user_cache_dir("vigie", appauthor=False)) / f"{name}.snapshot"


def save(journal: Journal, book: AlertBook, seq: int, mark: str = "") -> bool:
    """Write the book as it stands after row ``seq``; False, with the reason on the log, when that is not possible.

    ``mark`` tells the settings that the book was made with.
    """
    path, row = place(journal), journal.fingerprint(seq)
    if path is None or row is None:
        return False
    part = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        body = snapshot.dump(book)
        head = _Head(_FORMAT, rules() + mark, seq, row, hashlib.sha256(body).hexdigest())
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as stream:
            stream.write(msgspec.json.encode(head) + b"\n")
            stream.write(body)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except (OSError, TypeError) as error:
        _log.warning("no snapshot of %s was written, so the next start takes longer: %s", journal.name, error)
        part.unlink(missing_ok=True)
        return False
    return True


def load(journal: Journal, book: AlertBook, mark: str = "") -> int | None:
    """Fill a new book from the snapshot; the row it was taken at, or None when there is none that can be trusted.

    ``mark`` tells the settings that the book was made with. After None the book is not to be used.
    """
    path = place(journal)
    if path is None or not path.exists():
        return None
    try:
        data = path.read_bytes()
        line, _, body = data.partition(b"\n")
        head = msgspec.json.decode(line, type=_Head)
        if reason := _doubt(journal, head, body, mark):
            _log.warning("the snapshot of %s is not used: %s", journal.name, reason)
            return None
        snapshot.load(body, book)
        return head.seq
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ImportError, IndexError, StoreError) as error:
        _log.warning("the snapshot of %s cannot be read, so all of the journal is: %s", journal.name, error)
        return None


def _doubt(journal: Journal, head: _Head, body: bytes, mark: str) -> str:
    if head.format != _FORMAT:
        return "it is of another version"
    if head.rules != rules() + mark:
        return "it was made by other rules or settings"
    if head.body != hashlib.sha256(body).hexdigest():
        return "it is damaged"
    if head.row != journal.fingerprint(head.seq):
        return f"the journal has another row {head.seq}, or none"
    return ""


def drop(journal: Journal) -> None:
    """Throw the snapshot away, as when rows were moved out of the journal."""
    path = place(journal)
    if path is not None:
        path.unlink(missing_ok=True)
