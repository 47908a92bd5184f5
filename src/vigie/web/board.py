"""All alerts in short, kept from one question to the next: reading five thousand whole ones takes half a second.

And as the message that opens a console, made once for all that open: after a restart they all come at once.
"""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING, Any

import msgspec

from vigie.web import views

if TYPE_CHECKING:
    from vigie.store.journal import Journal

PAGE = 1000


class Board:
    """The summaries of the alerts, brought up to date from the journal whenever somebody asks."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._guard = threading.Lock()
        self._alerts: dict[str, dict[str, Any]] | None = None
        self._seq = 0
        self._message: tuple[int, bytes, bytes | None] = (-1, b"", None)
        """the seq of the picture, and that picture as the message of a console, plain and packed"""

    def snapshot(self) -> dict[str, Any]:
        """Every alert in short, the last changed first, and the seq that this picture includes for certain.

        Blocks on the journal: for worker threads. Raises StoreError.
        """
        with self._guard:
            seq = self._journal.last_seq()  # first: an alert newer than this will come again, none can be missed
            if self._alerts is None:
                alerts = {row.body["id"]: views.summary(row) for row in self._journal.alerts()}
            else:
                alerts = self._alerts
                self._read(alerts, self._seq)
            self._alerts, self._seq = alerts, seq
            return {"seq": seq, "alerts": sorted(alerts.values(), key=lambda alert: -alert["seq"])}

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

    def _read(self, alerts: dict[str, dict[str, Any]], after: int) -> None:
        while True:
            rows = self._journal.rows(after, kinds=("alert",), limit=PAGE)
            for row in rows:
                alerts[row.body["id"]] = views.summary(row)
                after = row.seq
            if len(rows) < PAGE:
                return
