"""Closed alerts out of the journal and into an archive: moved, never deleted.

An archive is a store like any other: it can be replayed, checked and exported from. Rows leave the journal only after
the archive was read back whole and what stays was replayed: both give the alerts that were recorded, bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

from vigie import instants
from vigie.alert import states
from vigie.alert.book import AlertBook
from vigie.errors import StoreError
from vigie.store import care, pack, snapshot
from vigie.store import rows as forms
from vigie.store.journal import Journal

_PAGE = 2000
_LEARNT_FROM = ("detection", "solution", "tick", "order")


def closed(body: dict[str, Any]) -> bool:
    """Whether an alert is over: confirmed cancelled, or never a distress call. What is in doubt is not over."""
    ended = body["state"] == "closed" and body["category"] == "cancelled"
    return ended or body["state"] in states.CALM or body["state"] == "cancelled"


def archive(
    url: str | None, output: Path, before: instants.Instant, book: Callable[[], AlertBook] = AlertBook
) -> dict[str, Any]:
    """Move alerts that are closed and did not change since ``before`` into a new store; what was moved.

    ``book``: makes an empty book, as the centre whose journal it is has set it up. Raises StoreError, and then the
    journal is as it was.
    """
    if output.exists():
        raise StoreError(f"{output} is there already: each archive is a new file")
    journal = Journal.open(url)
    try:
        chosen = _chosen(journal, before)
        told: dict[str, Any] = {"store": journal.name, "archive": None, "alerts": len(chosen), "rows": 0}
        if not chosen:
            return told
        own, gone, kept = _copied(journal, output, chosen)
        _verify(journal, output, chosen, own, book)
        digest = sha256(output.read_bytes()).hexdigest()
        words = f"{len(chosen)} closed alerts with {own} rows were moved to the archive {output.name}."
        details = {"archive": output.name, "sha256": digest, "alerts": len(chosen), "rows": own}
        numbers = _serials(journal)
        journal.take_out(chosen, gone - kept, words, before=instants.text(before), serials=numbers, **details)
        snapshot.drop(journal)
        return told | details | {"archive": str(output)}
    finally:
        journal.close()


def _serials(journal: Journal) -> dict[str, int]:
    """The number of the last message to each destination: it goes on from there although messages were moved away."""
    return {row.body["to"]: row.body["serial"] for row in journal.scan(("sit", "exercise_sit"))}


def _chosen(journal: Journal, before: instants.Instant) -> set[str]:
    found = set()
    for row in journal.alerts():
        changed = row.body["changed"] or row.body["last_seen"]
        if closed(row.body) and instants.parse(changed) < before:
            found.add(str(row.body["id"]))
    return found


def _copied(journal: Journal, output: Path, chosen: Collection[str]) -> tuple[int, set[int], set[int]]:
    """Copy the rows of these alerts; how many, the parts they name, and the parts that the other rows name."""
    target = Journal.open(str(output))
    count, gone, kept = 0, set[int](), set[int]()
    try:
        for first in range(1, journal.last_seq() + 1, _PAGE):
            lines, latest, fresh = [], dict[str, int](), set[int]()
            for line in journal.stored(first, first + _PAGE - 1):
                refs = pack.refs(line[5])
                if line[4] not in chosen:
                    kept |= refs
                    continue
                lines.append(line)
                fresh |= refs - gone
                if line[3] == "alert":
                    latest[line[4]] = line[0]
            if lines:
                target.copy_in(lines, journal.stored_parts(fresh), latest)
            gone |= fresh
            count += len(lines)
        last = target.last_seq()
        words = f"{count} rows of {len(chosen)} closed alerts, moved out of {journal.name}."
        target.note("origin", words, rows=count, elsewhere=last - count)
    except BaseException:
        target.close()
        for end in ("", "-wal", "-shm", ".lock"):
            Path(f"{output}{end}").unlink(missing_ok=True)
        raise
    target.close()
    return count, gone, kept


def _verify(
    journal: Journal, output: Path, chosen: Collection[str], count: int, empty: Callable[[], AlertBook]
) -> None:
    """The archive is whole, and the rules give the recorded alerts from either part by itself."""
    copy = Journal.open(str(output), read_only=True)
    try:
        faults: list[str] = []
        rows = sum(1 for _ in care.readable(copy, copy.last_seq(), faults))
        if faults or rows != count + 1:
            raise StoreError(f"the archive {output} could not be read back, so nothing was moved: {faults[:1]}")
        for name, store, own in (("archive", copy, True), ("journal", journal, False)):
            mine = (row for row in store.scan(_LEARNT_FROM) if row.kind == "tick" or (row.beacon in chosen) == own)
            book = empty()
            for row in mine:
                book.take(forms.to_record(row))
            recorded = {str(row.beacon): row.body for row in store.alerts() if (row.beacon in chosen) == own}
            made = {alert.id: forms.as_json(forms.alert_body(alert)) for alert in book.alerts()}
            names = made.keys() | recorded.keys()
            odd = [name for name in names if not forms.same_alert(made.get(name) or {}, recorded.get(name) or {})]
            if odd:
                wrong = min(odd)
                raise StoreError(
                    f"nothing was moved: by itself the {name} would not give alert {wrong} as it is recorded; give the "
                    "configuration that the service runs with (--config), and start the service once with it, so that "
                    "the alerts of this version are recorded"
                )
    finally:
        copy.close()
