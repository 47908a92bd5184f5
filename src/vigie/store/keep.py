"""From the stream into the journal: nothing is passed on, and nothing is shown, before it is on disk.

Detections, solutions and alerts are kept, every one. A tick is kept when an alert came of it, so that a replay sees
what the book saw, and else once a minute: enough to prove later that the service ran and heard nothing, without a
line a second. Ticks left out have changed nothing. Samples and bursts are never kept: recordings stay files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from vigie import instants
from vigie.records import Alert, Record, Tick
from vigie.store import rows as forms
from vigie.store.journal import Journal
from vigie.store.row import Row

TICK_EVERY_S = 60


def keep(stream: Iterable[Record], journal: Journal, publish: Callable[[Row], None]) -> Iterator[Record]:
    """Pass every record on, journalled (those that are kept) and then published.

    Raises StoreError; what could not be written is not passed on.
    """
    tick: Tick | None = None
    for record in stream:
        group: list[Record] = [tick, record] if tick and isinstance(record, Alert) else [record]
        for row in journal.append(kept(group, journal.last_tick)):
            publish(row)
        tick = record if isinstance(record, Tick) and instants.text(record.time) != journal.last_tick else None
        yield record


def kept(records: Sequence[Record], last_tick: str | None) -> list[Record]:
    """Those of a group written together that have a place in the journal; ``last_tick``: the newest tick there."""
    moved = any(isinstance(record, Alert) for record in records)
    chosen: list[Record] = []
    for record in records:
        if isinstance(record, Tick):
            if not (moved or last_tick is None or _due(record, last_tick)):
                continue
            last_tick = instants.text(record.time)
        if forms.kept(record):
            chosen.append(record)
    return chosen


def _due(tick: Tick, last: str) -> bool:
    return bool(tick.time - instants.parse(last) >= np.timedelta64(TICK_EVERY_S, "s"))
