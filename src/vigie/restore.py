"""The book as the journal left it: from the newest snapshot, if it can be trusted, and the rows since."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from vigie.alert.book import AlertBook
from vigie.records import Record
from vigie.store import rows as forms
from vigie.store.journal import Journal
from vigie.store.row import Row

_log = logging.getLogger(__name__)
LEARNT_FROM = ("detection", "solution", "tick")
"""kinds of journal rows that the book learns from; alerts follow from them"""


def learnt(journal: Journal, after: int = 0) -> Iterator[Record]:
    """What the book learnt from, out of the journal, in order."""
    return (forms.to_record(row) for row in journal.scan(LEARNT_FROM, after))


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
