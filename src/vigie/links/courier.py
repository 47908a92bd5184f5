"""Takes a centre's messages from the journal, where they are on disk, to the exchange with whom they are for.

Each goes once: how far the journal has been handed over, and under which key each message went, stand in the partner's
ledger, written in one step with the message itself. A partner that is new begins with what is written from then on.
Messages of exercises are rows of another kind, which is not read here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, MutableSet, Sequence
from typing import TYPE_CHECKING, Any, cast

from vigie.errors import InputError, StoreError
from vigie.links.exchange import Desk
from vigie.links.ledger import Ledger
from vigie.records import Sit
from vigie.sit.sending import hand_over
from vigie.store import rows as forms

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row

_log = logging.getLogger(__name__)
_PAGE = 200
_WAIT_S = 1.0


class _Handed(MutableSet[str]):
    """The keys of what a ledger keeps; ``Desk.deliver`` has written the key with its message."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def __contains__(self, key: object) -> bool:
        return self._ledger.has(str(key))

    def add(self, value: str) -> None:
        """It is there."""

    def discard(self, value: str) -> None:
        """Nothing is ever forgotten."""

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


class Courier:
    """Hands messages over, in the order of the journal."""

    def __init__(self, journal: Journal, desks: Sequence[Desk], via: Callable[[str], str]) -> None:
        """``via``: the centre through which a destination is reached. Raises StoreError."""
        self._journal, self._via = journal, via
        self._desks = {desk.settings.partner: desk for desk in desks}
        self._news = threading.Event()
        for desk in desks:
            if desk.ledger.handed is None:
                desk.ledger.hand(journal.last_seq())
        self.seq = min(desk.ledger.handed or 0 for desk in desks)
        self.handed = 0
        self.fault: str | None = None
        self.without: dict[str, int] = {}
        """destinations that no exchange reaches, with the messages that stay in the journal"""
        self.unfit: list[str] = []
        """messages that cannot go as files, with the reason"""

    @property
    def troubled(self) -> bool:
        """Whether a message stays that somebody should have had."""
        return self.fault is not None or bool(self.unfit)

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        told = {"handed": self.handed, "seq": self.seq, "error": self.fault, "unfit": self.unfit[-20:]}
        return {**told, "without_exchange": dict(self.without)}

    def wake(self) -> None:
        """There is a new message."""
        self._news.set()

    def run(self, stop: threading.Event) -> None:
        """Hand over until ``stop`` is set."""
        while not stop.is_set():
            self._news.clear()
            try:
                more = self.step()
            except StoreError as error:
                if self.fault != str(error):
                    _log.error("messages are not handed over: %s; they wait in the journal", error)
                self.fault, more = str(error), False
            else:
                self.fault = None
            if not more:
                self._news.wait(_WAIT_S)

    def step(self) -> bool:
        """Hand over the next messages; False when there are none. Raises StoreError."""
        rows = self._journal.rows(self.seq, kinds=("sit",), limit=_PAGE)
        for row in rows:
            self._hand(row)
            self.seq = row.seq
        if rows:
            for desk in self._desks.values():
                if (desk.ledger.handed or 0) < self.seq:
                    desk.ledger.hand(self.seq)
        return bool(rows)

    def _hand(self, row: Row) -> None:
        message = cast("Sit", forms.to_record(row))
        desk = self._desks.get(message.to) or self._desks.get(self._via(message.to))
        if desk is None:
            self.without[message.to] = self.without.get(message.to, 0) + 1
            return
        if row.seq <= (desk.ledger.handed or 0):
            return
        try:
            self.handed += hand_over(message, lambda one: desk.deliver(one, row.seq), _Handed(desk.ledger))
        except InputError as error:
            self.unfit.append(str(error))
            _log.error("%s; it stays in the journal, row %d", error, row.seq)
