"""From a detection to an alert on disk: the one place where records enter the book and the journal.

Sources and senders come from many threads; here they queue. So the order of the journal is the order in which the book
learnt, and a replay of the journal gives the same alerts.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

from vigie.alert.book import AlertBook
from vigie.errors import StoreError
from vigie.records import Record
from vigie.stages import alerts, solutions
from vigie.store import rows as forms
from vigie.store.journal import Journal, Row
from vigie.store.keep import keep

_log = logging.getLogger(__name__)
LEARNT_FROM = ("detection", "solution", "tick")
"""kinds of journal rows that the book learns from; alerts follow from them"""


def learnt(journal: Journal) -> Iterator[Record]:
    """What the book learnt from, out of the journal, in order."""
    return (forms.to_record(row) for row in journal.scan(LEARNT_FROM))


def restore(journal: Journal) -> tuple[AlertBook, list[Row]]:
    """The book as the journal left it, and the rows of alerts that had to be written again.

    A journal whose alerts are not those that its own detections give (written by other rules) gets them as new rows:
    nothing is changed or taken away.
    """
    book = AlertBook(learnt(journal))
    recorded = {row.beacon: row.body for row in journal.alerts()}
    missing = [alert for alert in book.alerts() if forms.as_json(forms.alert_body(alert)) != recorded.get(alert.id)]
    if missing:
        _log.warning("%s: %d alerts were not as its detections give them: written anew", journal.name, len(missing))
    return book, journal.append(missing)


class Chain:
    """Detections in; solutions and alerts made, journalled, then published. From any thread."""

    def __init__(self, journal: Journal, publish: Callable[[Row], None]) -> None:
        """Takes up where the journal stands. Raises StoreError."""
        self._journal, self._publish = journal, publish
        self._guard = threading.Lock()
        self._waiting: list[list[Record]] = []
        self.book, _ = restore(journal)
        self.fault: str | None = None
        """why the journal could not be written the last time, in words; None when it could"""

    def feed(self, records: Sequence[Record]) -> int:
        """Take these records; the seq of the last row, on disk. Raises StoreError: then none of them was taken."""
        with self._guard:
            self._flush()
            made = self._write(records)
            self._show(made)
            return made[-1].seq if made else self._journal.last_seq()

    def offer(self, records: Sequence[Record]) -> bool:
        """Take these records as soon as the journal can be written; True when they are on disk already.

        For sources, which cannot send again what was on the air once: the records wait in memory, in order, and are
        tried again with the next ones.
        """
        with self._guard:
            if records:
                self._waiting.append(list(records))
            known = self.fault
            try:
                self._flush()
            except StoreError as error:
                if self.fault != known:
                    _log.error("%s; what is received waits in memory until it can be written", error)
                return False
            if known and self.fault is None:
                _log.info("the store %s can be written again; nothing was lost", self._journal.name)
            return True

    @property
    def waiting(self) -> list[Record]:
        """What is not on disk yet, in order."""
        return [record for group in list(self._waiting) for record in group]

    def _flush(self) -> None:
        while self._waiting:
            made = self._write(self._waiting[0])
            del self._waiting[0]
            self._show(made)

    def _write(self, records: Sequence[Record]) -> list[Row]:
        """One transaction: all of these records with what follows from them, or nothing, in the book and on disk."""
        made: list[Row] = []
        stream = alerts(solutions(iter(records)), self.book)
        try:
            with self.book.all_or_nothing():
                for _ in keep(stream, self._journal, made.append, whole=True):
                    pass
        except StoreError as error:
            self.fault = str(error)
            raise
        if made:
            self.fault = None
        return made

    def _show(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._publish(row)
