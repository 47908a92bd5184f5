"""A store looked through row by row, and what is whole of a damaged one copied into a new one."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from vigie.errors import StoreError
from vigie.store import pack
from vigie.store.journal import Journal
from vigie.store.row import Row
from vigie.store.write import COLUMNS

_PAGE = 2000
_LISTED = 100


def check(journal: Journal) -> dict[str, Any]:
    """Every row read: how many of each kind, how many are gone, and those that are not as they were written."""
    kinds: Counter[str] = Counter()
    faults: list[str] = []
    archived = lost = 0
    last = journal.last_seq()
    for row in readable(journal, last, faults):
        kinds[row.kind] += 1
        if row.kind == "note":
            gone, missing = _absent(row.body)
            archived, lost = archived + gone, lost + missing
    present = sum(kinds.values()) + len(faults)
    if last - present != archived + lost:
        known = f"{archived} were archived and {lost} are known to be lost"
        faults.append(f"{last - present} rows are not there, where {known}")
    return {
        "store": journal.name,
        "rows": present,
        "kinds": dict(sorted(kinds.items())),
        "last": last or None,
        "archived": archived,
        "lost": lost,
        "faults": faults[:_LISTED],
    }


def _absent(note: dict[str, Any]) -> tuple[int, int]:
    """How many rows a note says were archived, and how many lost."""
    match note["what"]:
        case "archive":
            return note["rows"], 0
        case "origin":
            return note["elsewhere"], 0
        case "loss":
            return 0, note["last"] - note["first"] + 1
        case _:
            return 0, note["lost"]


def readable(journal: Journal, last: int, faults: list[str]) -> Iterator[Row]:
    """Every row that is as it was written; what is said of the others goes into ``faults``."""
    for first in range(1, last + 1, _PAGE):
        try:
            yield from journal.span(first, min(first + _PAGE - 1, last))
        except StoreError:
            for seq in range(first, min(first + _PAGE, last + 1)):
                try:
                    yield from journal.span(seq, seq)
                except StoreError as error:
                    faults.append(str(error))


def salvage(store: Path, output: Path) -> dict[str, Any]:
    """Copy what is whole of an SQLite store into a new one; says what was lost. Raises StoreError."""
    if not store.is_file():
        raise StoreError(f"there is no store {store}")
    if output.exists():
        raise StoreError(f"{output} is there already: give the name of a new file")
    raw = sqlite3.connect(f"{store.absolute().as_uri()}?mode=ro", uri=True)
    new = Journal.open(str(output))
    lost: list[int] = []
    try:
        last = _last(raw, store)
        for first in range(1, last + 1, _PAGE):
            lost += _copy(raw, new, range(first, min(first + _PAGE, last + 1)))
        told = {"store": str(store), "rows": last - len(lost), "last": last, "lost": ranges(lost)}
        if lost:
            words = f"Copied from {store.name}, which was damaged: {len(lost)} rows could not be read."
            new.note("salvage", words, lost=len(lost), ranges=ranges(lost))
    finally:
        new.close()
        raw.close()
    return told | {"output": str(output)}


def _last(raw: sqlite3.Connection, store: Path) -> int:
    """The number of the last row there was, by the journal, its index, or the note of what was acknowledged."""
    found = [0]
    for query in (
        "SELECT max(seq) FROM journal",
        "SELECT max(seq) FROM journal INDEXED BY journal_kind WHERE kind IN ('alert', 'detection', 'solution', 'tick')",
        "SELECT max(seq) FROM alerts",
    ):
        try:
            found.append(raw.execute(query).fetchone()[0] or 0)
        except sqlite3.DatabaseError:
            continue
    lock = store.with_name(store.name + ".lock")
    if lock.exists() and (mark := lock.read_bytes()[20:40].strip()).isdigit():
        found.append(int(mark))
    return max(found)


def _copy(raw: sqlite3.Connection, new: Journal, numbers: Iterable[int]) -> list[int]:
    """Copy these rows with their parts; the numbers of those that could not be."""
    lines, lost, latest = [], [], dict[str, int]()
    parts: dict[int, pack.Part] = {}
    for seq in numbers:
        line = _one(raw, f"SELECT {', '.join(COLUMNS)} FROM journal WHERE seq=?", seq)
        if line is None or (line[7] is not None and pack.row_digest(*line[:7]) != line[7]):
            lost.append(seq)
            continue
        found = [_part(raw, number) for number in pack.refs(line[5])]
        if any(part is None for part in found):
            lost.append(seq)
            continue
        parts.update((part.id, part) for part in found if part is not None)
        lines.append(line)
        if line[3] == "alert":
            latest[line[4]] = seq
    there = {part.id for part in new.stored_parts(parts)}
    new.copy_in(lines, [part for number, part in sorted(parts.items()) if number not in there], latest)
    return lost


def _one(raw: sqlite3.Connection, query: str, number: int) -> tuple[Any, ...] | None:
    try:
        found: tuple[Any, ...] | None = raw.execute(query, (number,)).fetchone()
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return None
    return found


def _part(raw: sqlite3.Connection, number: int) -> pack.Part | None:
    found = _one(raw, "SELECT id, body, digest FROM parts WHERE id=?", number)
    if found is None:
        return None
    part = pack.Part(*found)
    try:
        msgspec.json.decode(part.body)
        return part if pack.part_digest(part.id, part.body) == part.digest else None
    except (msgspec.DecodeError, TypeError):
        return None


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Sorted numbers as [first, last] pairs."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found
