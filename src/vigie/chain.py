"""From a detection to an alert on disk: the one place where records enter the book and the journal.

Sources and senders come from many threads; here they queue. So the order of the journal is the order in which the book
learnt, and a replay of the journal gives the same alerts. What has queued while the disk was busy is written together:
one synchronous commit for many senders, each of whom is answered when it is over.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from vigie.errors import StoreError
from vigie.records import Alert, Detection, Record
from vigie.restore import LEARNT_FROM, Snapshots, learn, learnt, restore
from vigie.stages import alerts, sits, solutions
from vigie.store import rows as forms
from vigie.store.journal import Journal
from vigie.store.keep import kept
from vigie.store.row import Row

if TYPE_CHECKING:
    from vigie.centre import Settings

__all__ = ["LEARNT_FROM", "Chain", "learnt", "restore"]

_log = logging.getLogger(__name__)
FREEZE_EVERY = 20_000
"""rows after which the collector of cycles is told to leave alone what there is: it would look through the whole book
again and again, which costs more the larger the book is"""
BATCH = 1000
"""records written together at most, but for a single sender's longer list"""


class _Job:
    """Records that one caller brought, and what became of them."""

    def __init__(self, records: Sequence[Record], *, waits: bool) -> None:
        self.records = list(records)
        self.waits = waits
        """whether they wait in memory when they cannot be written"""
        self.error: Exception | None = None
        self.done = False
        self.seq = 0
        self.turn = threading.Lock()
        """locked until the job is done, or its caller is to do the writing"""
        self.turn.acquire()


class Chain:
    """Detections in; solutions, alerts and a centre's messages made, journalled, then published. From any thread."""

    def __init__(self, journal: Journal, publish: Callable[[Row], None], settings: Settings | None = None) -> None:
        """Takes up where the journal stands. Raises StoreError.

        ``settings``: the centre's, whose messages are written; a station that belongs to none writes none.
        """
        self._journal, self._publish = journal, publish
        self._centre = settings.centre if settings else None
        self.unwritten = 0
        """messages that could not be written: their alerts were taken all the same"""
        self._guard = threading.Lock()
        """held to look at the queue, never while writing"""
        self._queue: list[_Job] = []
        self._writing = False
        self._waiting: list[_Job] = []
        self.book, _ = restore(journal, settings)
        self._snapshots = Snapshots(journal, settings.file if settings else "")
        self._since_freeze = 0
        self._grown(journal.written)
        self.fault: str | None = None
        """why the journal could not be written the last time, in words; None when it could"""
        self.repeated = 0
        """detections that came again and were in the journal already"""

    def feed(self, records: Sequence[Record]) -> int:
        """Take these records; the seq of the last row, on disk. Raises StoreError: then none of them was taken.

        A detection that is in the journal already, by its key, is not written again; it counts as taken.
        """
        (told,) = self.feed_all([records])
        if isinstance(told, Exception):
            raise told
        return told

    def feed_all(self, senders: Sequence[Sequence[Record]]) -> list[int | Exception]:
        """What ``feed`` gives for each of these lists, or the error it raises: in one transaction, where all are good.

        For many senders by one thread. A fault in one list touches none of the others.
        """
        jobs = [_Job(records, waits=False) for records in senders]
        self._do(jobs)
        return [job.seq if job.error is None else job.error for job in jobs]

    def offer(self, records: Sequence[Record]) -> bool:
        """Take these records as soon as the journal can be written; True when they are on disk already.

        For sources, which cannot send again what was on the air once: the records wait in memory, in order, and are
        tried again with the next ones.
        """
        job = _Job(records, waits=True)
        self._do([job])
        if job.error is not None and not isinstance(job.error, StoreError):
            raise job.error
        return job.error is None

    @property
    def waiting(self) -> list[Record]:
        """What is not on disk yet, in order."""
        with self._guard:
            return [record for job in self._waiting for record in job.records]

    def _do(self, jobs: Sequence[_Job]) -> None:
        """Queue jobs; return when they are done, by this thread or by one that was writing already."""
        with self._guard:
            self._queue += jobs
            ours = not self._writing
            self._writing = True
        if ours:
            self._write_queue()
        for job in jobs:
            while not job.done:
                job.turn.acquire()
                if not job.done:
                    self._write_queue()

    def _write_queue(self) -> None:
        """Write what has queued, then hand over to the next one who waits."""
        with self._guard:
            taken = self._take()
        try:
            self._try(taken)
        except BaseException:  # an interrupt: nobody may take this for written
            for job in taken:
                job.error = job.error or StoreError(f"writing to the store {self._journal.name} was interrupted")
            raise
        finally:
            for job in taken:
                job.done = True
                job.turn.release()
            with self._guard:
                following = self._queue[0] if self._queue else None
                self._writing = following is not None
            if following is not None:
                following.turn.release()

    def _take(self) -> list[_Job]:
        size, count = 0, 0
        for job in self._queue:
            size += len(job.records)
            if count and size > BATCH:
                break
            count += 1
        taken, self._queue = self._queue[:count], self._queue[count:]
        return taken

    def _try(self, fresh: list[_Job]) -> None:
        jobs = [*self._waiting, *fresh]
        try:
            self._write(jobs)
        except StoreError as error:
            self._failed(fresh, error)
        except Exception as error:
            if len(jobs) == 1:
                jobs[0].error = error
                self._drop(jobs[0])
                return
            for job in jobs:  # one of them cannot be taken: that must not hold up the others
                self._one(job)
        else:
            self._settled()

    def _one(self, job: _Job) -> None:
        try:
            self._write([job])
        except StoreError as error:
            self._failed([job], error)
        except Exception as error:
            _log.exception("a record could not be taken: %s", job.records)
            job.error = error
            self._drop(job)
        else:
            self._drop(job)

    def _drop(self, job: _Job) -> None:
        with self._guard:
            self._waiting = [other for other in self._waiting if other is not job]

    def _failed(self, fresh: Sequence[_Job], error: StoreError) -> None:
        for job in fresh:
            job.error = error
        waits = [job for job in fresh if job.waits and job.records and job not in self._waiting]
        with self._guard:
            self._waiting = [*self._waiting, *waits]
        if str(error) != self.fault and self._waiting:
            _log.error("%s; what is received waits in memory until it can be written", error)
        self.fault = str(error)

    def _settled(self) -> None:
        with self._guard:
            waited, self._waiting = bool(self._waiting), []
        if waited:
            _log.info("the store %s can be written again; nothing was lost", self._journal.name)

    def _write(self, jobs: Sequence[_Job]) -> None:
        """One transaction: the records of these jobs with what follows from them, or nothing, in book and journal."""
        self._learn_unreported()
        fresh = self._fresh(jobs)
        ends: list[int] = []
        group: list[Record] = []
        keys: dict[int, bytes] = {}
        with self.book.all_or_nothing():
            for records, own in fresh:
                told = iter(own)
                stream = self._told(alerts(solutions(iter(records)), self.book))
                for record in kept(list(stream), self._journal.last_tick):
                    if isinstance(record, Detection):
                        keys[len(group)] = next(told)
                    group.append(record)
                ends.append(len(group))
            rows = self._journal.append(group, keys)
        if rows:
            self.fault = None
            self._snapshots.reached(rows[-1].seq)
            self._grown(len(rows))
        last = rows[0].seq - 1 if rows else self._journal.written
        for job, end in zip(jobs, ends, strict=True):
            job.seq = rows[end - 1].seq if end else last
        for row in rows:
            self._publish(row)

    def _told(self, stream: Iterable[Record]) -> Iterator[Record]:
        """After each alert the messages it calls for. No alert is lost over a message."""
        for record in stream:
            yield record
            if self._centre is not None and isinstance(record, Alert) and record.notices:
                try:
                    yield from list(sits([record], self._centre))[1:]
                except Exception:  # a fault of ours in a form, which must be seen
                    self.unwritten += 1
                    _log.exception("a message about alert %s could not be written: %s", record.id, record.notices)

    def _grown(self, rows: int) -> None:
        self._since_freeze += rows
        if self._since_freeze >= FREEZE_EVERY:
            self._since_freeze = 0
            gc.collect(1)
            gc.freeze()

    def _learn_unreported(self) -> None:
        """Learn what reached the disk although writing it seemed to fail: it is part of the journal."""
        for row in self._journal.unreported():
            learn(self.book, row)
            self._publish(row)

    def _fresh(self, jobs: Sequence[_Job]) -> list[tuple[list[Record], list[bytes]]]:
        """For each job the records that are news, and the keys of its detections among them."""
        told = [[forms.key_of(r) if isinstance(r, Detection) else None for r in job.records] for job in jobs]
        wanted = {key for keys in told for key in keys if key is not None}
        seen = self._journal.known(wanted) if wanted else set()
        fresh: list[tuple[list[Record], list[bytes]]] = []
        for job, keys in zip(jobs, told, strict=True):
            records, own = list[Record](), list[bytes]()
            for record, key in zip(job.records, keys, strict=True):
                if key is not None:
                    if key in seen:
                        self.repeated += 1
                        continue
                    seen.add(key)
                    own.append(key)
                records.append(record)
            fresh.append((records, own))
        return fresh
