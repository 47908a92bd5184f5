"""All alerts in short, kept from one question to the next: reading five thousand whole ones takes half a second.

They are kept as JSON, a third of what they take as objects, and handed out as the message that opens a console, made
once for all that open: after a restart they all come at once. What is closed and long past is let go of; the journal
has it.
"""

from __future__ import annotations

import gzip
import threading
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from vigie.links.lately import Lately, ends
from vigie.web import views

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row

PAGE = 1000


class Short(NamedTuple):
    """One alert."""

    seq: int
    json: bytes
    category: str
    exercise: bool
    ends: str


class Board:
    """The summaries of the alerts, brought up to date from the journal whenever somebody asks."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._guard = threading.Lock()
        self._alerts: dict[str, Short] | None = None
        self._lately = Lately()
        self._seq = 0
        self._message: tuple[int, bytes, bytes | None] = (-1, b"", None)
        """the seq of the picture, and that picture as the message of a console, plain and packed"""

    def snapshot(self) -> dict[str, Any]:
        """Every alert that is not past, in short and as JSON, the last changed first, and the seq that this picture
        includes for certain.

        Blocks on the journal: for worker threads. Raises StoreError.
        """
        seq, alerts = self._picture()
        return {"seq": seq, "alerts": [msgspec.Raw(one.json) for one in alerts]}

    def alerts(self) -> list[dict[str, Any]]:
        """The same alerts as values."""
        return [msgspec.json.decode(one.json) for one in self._picture()[1]]

    def counts(self) -> Counter[tuple[str, bool]]:
        """How many there are of each category, exercises apart."""
        return Counter((one.category, one.exercise) for one in self._picture()[1])

    def message(self, *, packed: bool) -> tuple[int, bytes]:
        """The seq of the picture, and the picture as JSON, packed by gzip when asked for. Blocks. Raises StoreError."""
        told = self.snapshot()
        seq, plain, small = self._message
        if seq != told["seq"]:
            seq, plain, small = told["seq"], msgspec.json.encode({"type": "snapshot", **told}), None
        if packed and small is None:
            small = gzip.compress(plain, 1, mtime=0)
        self._message = (seq, plain, small)
        return seq, small if packed and small is not None else plain

    def _picture(self) -> tuple[int, list[Short]]:
        with self._guard:
            seq = self._journal.last_seq()  # first: an alert newer than this will come again, none can be missed
            if self._alerts is None:
                alerts: dict[str, Short] = {}
                self._take(alerts, self._journal.alerts())
            else:
                alerts = self._alerts
                self._read(alerts, self._seq)
            self._alerts, self._seq = alerts, seq
            return seq, sorted(alerts.values(), key=lambda one: -one.seq)

    def _read(self, alerts: dict[str, Short], after: int) -> None:
        while True:
            rows = self._journal.rows(after, kinds=("alert",), limit=PAGE)
            self._take(alerts, {row.body["id"]: row for row in rows}.values())
            if len(rows) < PAGE:
                return
            after = rows[-1].seq

    def _take(self, alerts: dict[str, Short], rows: Iterable[Row]) -> None:
        later = False
        for row in rows:
            body = row.body
            told = msgspec.json.encode(views.summary(row))
            category, exercise = str(body.get("category")), bool(body.get("exercise"))
            alerts[body["id"]] = Short(row.seq, told, category, exercise, ends(body))
            later |= self._lately.reached(body)
        if later:
            for name in [name for name, one in alerts.items() if one.ends < self._lately.since]:
                del alerts[name]
