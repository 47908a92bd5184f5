"""From the stream into the journal: nothing is passed on, and nothing is shown, before it is on disk.

Detections, solutions and alerts are kept, every one. A tick is kept when an alert came of it, so that a replay sees
what the book saw, and else once a minute: enough to prove later that the service ran and heard nothing, without a
line a second. Ticks left out have changed nothing. Samples and bursts are never kept: recordings stay files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from vigie import instants
from vigie.records import Alert, Detection, Record, Solution, Tick
from vigie.store.journal import Journal, Row

TICK_EVERY_S = 60


def keep(
    stream: Iterable[Record], journal: Journal, publish: Callable[[Row], None], *, whole: bool = False
) -> Iterator[Record]:
    """Pass every record on, journalled (those that are kept) and then published.

    ``whole``: the stream is finite and stands or falls together, such as one detection with the alert it made: it is
    read to its end and written in one transaction. Raises StoreError; what could not be written is not passed on.
    """
    if whole:
        stream = list(stream)
        _write(stream, journal, publish)
        yield from stream
        return
    tick: Tick | None = None
    for record in stream:
        _write([tick, record] if tick and isinstance(record, Alert) else [record], journal, publish)
        tick = record if isinstance(record, Tick) and instants.text(record.time) != journal.last_tick else None
        yield record


def _write(records: list[Record], journal: Journal, publish: Callable[[Row], None]) -> None:
    moved = any(isinstance(record, Alert) for record in records)
    kept = [record for record in records if _kept(record, journal, moved)]
    for row in journal.append(kept):
        publish(row)


def _kept(record: Record, journal: Journal, moved: bool) -> bool:
    if isinstance(record, Tick):
        last = journal.last_tick
        return moved or last is None or bool(record.time - instants.parse(last) >= np.timedelta64(TICK_EVERY_S, "s"))
    return isinstance(record, (Detection, Solution, Alert))
