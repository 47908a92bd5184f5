"""The book as the journal left it: from the newest snapshot, if it can be trusted, and the rows since."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Sequence

from vigie import centre
from vigie.alert.book import AlertBook
from vigie.records import Alert, Record
from vigie.store import rows as forms
from vigie.store import snapshot
from vigie.store.journal import Journal
from vigie.store.row import Row

_log = logging.getLogger(__name__)
LEARNT_FROM = ("detection", "solution", "tick", "order")
"""kinds of journal rows that the book learns from; alerts follow from them"""
READ = (*LEARNT_FROM, "sit", "exercise_sit", "note")
"""those, and the messages that were written: what they were numbered is not decided anew; a note may tell of numbers"""
_PAGE = 1000
SNAPSHOT_AFTER = 50_000
"""rows read at a start after which a new snapshot is written"""
SNAPSHOT_EVERY = 300_000
"""rows written after which a new snapshot is made beside the running service"""
_PATIENT = 15
"""niceness of the process that makes one"""


def learnt(journal: Journal, after: int = 0) -> Iterator[Record]:
    """What the book learnt from, out of the journal, in order."""
    return (forms.to_record(row) for row in journal.scan(LEARNT_FROM, after))


def learn(book: AlertBook, row: Row) -> list[Alert]:
    """Teach the book a row; the alerts it changed. A message that was written sets the number of its destination.

    So the numbers go on from what was sent even where the settings of the centre have changed since.
    """
    if row.kind in LEARNT_FROM:
        return book.take(forms.to_record(row))
    if row.kind == "note":
        book.serials.update(row.body.get("serials") or {})
    elif row.kind in READ:
        book.serials[row.body["to"]] = row.body["serial"]
    return []


def restore(journal: Journal, settings: centre.Settings | None = None) -> tuple[AlertBook, list[Row]]:
    """The book as the journal left it, and the rows of alerts that had to be written again.

    ``settings``: the centre's; None: of a station that belongs to none.

    A journal whose alerts are not those that its own detections give (written by other rules) gets them as new rows:
    nothing is changed or taken away.
    """
    book, changed = _read(journal, settings or centre.default())
    alerts = book.alerts() if changed is None else [book.alert(name) for name in sorted(changed)]
    missing = list(_differing(journal, [alert for alert in alerts if alert is not None]))
    if missing:
        _log.warning("%s: %d alerts were not as its detections give them: written anew", journal.name, len(missing))
    return book, journal.append(missing)


def _differing(journal: Journal, alerts: Sequence[Alert]) -> Iterator[Alert]:
    """Those that the journal has otherwise, or not at all."""
    for first in range(0, len(alerts), _PAGE):
        page = alerts[first : first + _PAGE]
        recorded = {row.beacon: row.body for row in journal.alerts([alert.id for alert in page])}
        for alert in page:
            if not forms.same_alert(forms.as_json(forms.alert_body(alert)), recorded.get(alert.id) or {}):
                yield alert


def _read(journal: Journal, settings: centre.Settings) -> tuple[AlertBook, Collection[str] | None]:
    """The book, and the alerts that rows since the snapshot changed; None: any may have changed."""
    book = settings.book()
    loaded = snapshot.load(journal, book, settings.mark)
    if loaded is None:
        book = settings.book()
    changed: set[str] = set()
    last, after = journal.last_seq(), loaded or 0
    for row in journal.scan(READ, after):
        changed.update(alert.id for alert in learn(book, row))
    if last - after > SNAPSHOT_AFTER:
        snapshot.save(journal, book, last, settings.mark)
    return book, None if loaded is None else changed


def take_snapshot(journal: Journal, settings: centre.Settings | None = None) -> int:
    """Bring the snapshot up to the journal's last row; the row it was taken at. Only reads the journal."""
    settings = settings or centre.default()
    book = settings.book()
    loaded = snapshot.load(journal, book, settings.mark)
    if loaded is None:
        book = settings.book()
    last = journal.last_seq()
    for row in journal.scan((*READ, "alert"), loaded or 0):
        if row.seq > last:
            break
        learn(book, row)
    snapshot.save(journal, book, last, settings.mark)
    return last


class Snapshots:
    """Makes snapshots beside a running service, in a process of its own that only reads the journal."""

    def __init__(self, journal: Journal, config: str = "") -> None:
        """``config``: file of the configuration that the centre's settings are from."""
        self._journal, self._since, self._config = journal, journal.last_seq(), config
        self._process: subprocess.Popen[bytes] | None = None

    def reached(self, seq: int) -> None:
        """Called after each write: begins a snapshot when enough rows have come since the last."""
        if seq - self._since < SNAPSHOT_EVERY or snapshot.place(self._journal) is None:
            return
        if self._process is not None and self._process.poll() is None:
            return
        self._since = seq
        command = [sys.executable, "-m", "vigie", "store", "snapshot", "-"]
        command += ["--config", self._config] if self._config else []
        url = self._journal.place.url.render_as_string(hide_password=False)
        try:  # the URL holds the password, so it is not put on a command line for all to see
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            if hasattr(os, "setpriority"):  # it takes minutes with a large book, and nobody waits for it
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _PATIENT)
            assert self._process.stdin is not None
            with self._process.stdin as stream:
                stream.write(url.encode())
        except OSError as error:
            _log.warning("no snapshot could be begun: %s", error)
