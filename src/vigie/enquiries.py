"""An outside register asked in the background: no alert and no message ever waits for its answer.

Each beacon of a live alert that the own table has not is asked about once; where the register could not be reached,
again after a while. The answer stands in a row of the journal, of kind ``note``, with the alert, and in every message
that is written later. Who is told is not decided by it, so that a replay decides the same.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from vigie.errors import StoreError
from vigie.register import Answer, Register
from vigie.store.row import Row

_log = logging.getLogger(__name__)
AGAIN_S = 60.0
"""after this a register that could not be reached is asked again"""
_WAITING = 10_000
"""beacons that may wait to be asked about"""


class Enquiries:
    """Asks, one beacon after the other. ``publish`` from any thread; ``run`` in one of its own."""

    def __init__(self, register: Register, note: Callable[..., Row], publish: Callable[[Row], None]) -> None:
        """``note``: writes a row about an alert into the journal; ``publish``: shows it."""
        self._register, self._note, self._publish = register, note, publish
        self._guard = threading.Lock()
        self._news = threading.Event()
        self._waiting = deque[tuple[str, str]](maxlen=_WAITING)
        self._asked = set[str]()
        self._later: dict[str, tuple[float, str]] = {}
        self.counts = {"found": 0, "not_found": 0, "unreachable": 0}
        self.error: str | None = None
        """why the register could not be asked the last time; None when it answered"""

    def publish(self, row: Row) -> None:
        """An alert has changed. Never waits."""
        if row.kind != "alert" or row.beacon is None or row.beacon in self._asked:
            return
        with self._guard:
            self._asked.add(row.beacon)
            self._waiting.append((row.beacon, row.beacon.removeprefix("X-")))
        self._news.set()

    def run(self, stop: threading.Event) -> None:
        """Ask until told to stop."""
        while not stop.is_set():
            self._news.wait(0.5)
            self._news.clear()
            while (one := self._next()) is not None and not stop.is_set():
                self._ask(*one)

    def _next(self) -> tuple[str, str] | None:
        with self._guard:
            if self._waiting:
                return self._waiting.popleft()
            due = next((name for name, (when, _) in self._later.items() if when <= time.monotonic()), None)
            return None if due is None else (due, self._later.pop(due)[1])

    def _ask(self, alert: str, hex_id: str) -> None:
        register = self._register
        if alert.startswith("X-") or hex_id.startswith("U-") or register.outside is None:
            return  # an exercise asks nobody, and an identity that is not sure must not name somebody's ship
        if register.known(hex_id).source == register.name:
            return
        answer = register.outside(hex_id)
        register.answers[hex_id] = answer
        self.counts[answer.state] += 1
        self.error = answer.why or None
        if answer.state == "unreachable":
            with self._guard:
                self._later[alert] = time.monotonic() + AGAIN_S, hex_id
            return
        try:
            self._publish(
                self._note("register", _words(answer), beacon=alert, answer=answer.state, lines=answer.lines())
            )
        except StoreError as error:  # the chain says so already; the answer itself is there for the messages
            _log.error("the answer of the register about %s was not journalled: %s", hex_id, error)

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        with self._guard:
            return {**self.counts, "waiting": len(self._waiting) + len(self._later), "error": self.error}


def _words(answer: Answer) -> str:
    if answer.entry is None:
        return f"The register {answer.source} has no entry for this beacon."
    said = "; ".join(f"{name}: {value}" for name, value in answer.entry.fields.items())
    return f"The register {answer.source} says: {said}"
