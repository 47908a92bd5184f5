"""The book as the journal left it: from the newest snapshot, if it can be trusted, and the rows since."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence

from vigie.alert.book import AlertBook
from vigie.records import Alert, Record
from vigie.store import rows as forms
from vigie.store import snapshot
from vigie.store.journal import Journal
from vigie.store.row import Row

_log = logging.getLogger(__name__)
LEARNT_FROM = ("detection", "solution", "tick")
"""kinds of journal rows that the book learns from; alerts follow from them"""
_PAGE = 1000
SNAPSHOT_AFTER = 50_000
"""rows read at a start after which a new snapshot is written"""
SNAPSHOT_EVERY = 300_000
"""rows written after which a new snapshot is made beside the running service"""


def learnt(journal: Journal, after: int = 0) -> Iterator[Record]:
    """What the book learnt from, out of the journal, in order."""
    return (forms.to_record(row) for row in journal.scan(LEARNT_FROM, after))


def restore(journal: Journal) -> tuple[AlertBook, list[Row]]:
    """The book as the journal left it, and the rows of alerts that had to be written again.

    A journal whose alerts are not those that its own detections give (written by other rules) gets them as new rows:
    nothing is changed or taken away.
    """
    book, changed = _read(journal)
    alerts = book.alerts() if changed is None else [book.alert(name) for name in sorted(changed)]
    missing = list(_differing(journal, [alert for alert in alerts if alert is not None]))
    if missing:
        _log.warning("%s: %d alerts were not as its detections give them: written anew", journal.name, len(missing))
    return book, journal.append(missing)


def _differing(journal: Journal, alerts: Sequence[Alert]) -> Iterator[Alert]:
    """Those that the journal has otherwise, or not at all."""
    for first in range(0, len(alerts), _PAGE):
        page = alerts[first : first + _PAGE]
        recorded = {row.beacon: forms.unnumbered(row.body) for row in journal.alerts([alert.id for alert in page])}
        for alert in page:
            if forms.unnumbered(forms.as_json(forms.alert_body(alert))) != recorded.get(alert.id):
                yield alert


def _read(journal: Journal) -> tuple[AlertBook, Collection[str] | None]:
    """The book, and the alerts that rows since the snapshot changed; None: any may have changed."""
    loaded = snapshot.load(journal)
    book, after = loaded if loaded is not None else (AlertBook(), 0)
    changed: set[str] = set()
    last = journal.last_seq()
    for record in learnt(journal, after):
        changed.update(alert.id for alert in book.take(record))
    if last - after > SNAPSHOT_AFTER:
        snapshot.save(journal, book, last)
    return book, None if loaded is None else changed


def take_snapshot(journal: Journal) -> int:
    """Bring the snapshot up to the journal's last row; the row it was taken at. Only reads the journal."""
    loaded = snapshot.load(journal)
    book, after = loaded if loaded is not None else (AlertBook(), 0)
    last = journal.last_seq()
    for row in journal.scan((*LEARNT_FROM, "alert", "note"), after):
        if row.seq > last:
            break
        if row.kind in LEARNT_FROM:
            book.take(forms.to_record(row))
    snapshot.save(journal, book, last)
    return last


class Snapshots:
    """Makes snapshots beside a running service, in a process of its own that only reads the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal, self._since = journal, journal.last_seq()
        self._process: subprocess.Popen[bytes] | None = None

    def reached(self, seq: int) -> None:
        """Called after each write: begins a snapshot when enough rows have come since the last."""
        if seq - self._since < SNAPSHOT_EVERY or snapshot.place(self._journal) is None:
            return
        if self._process is not None and self._process.poll() is None:
            return
        self._since = seq
        command = [sys.executable, "-m", "vigie", "store", "snapshot", "-"]
        url = self._journal.place.url.render_as_string(hide_password=False)
        try:  # the URL holds the password, so it is not put on a command line for all to see
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            assert self._process.stdin is not None
            with self._process.stdin as stream:
                stream.write(url.encode())
        except OSError as error:
            _log.warning("no snapshot could be begun: %s", error)
