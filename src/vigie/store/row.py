"""One line of the journal, as it is handed out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any


class Row:
    """One line of the journal. Its body is shared with other rows: it is read, never changed."""

    def __init__(
        self,
        seq: int,
        time: str | None,
        kind: str,
        beacon: str | None,
        body: dict[str, Any] | Callable[[], dict[str, Any]],
        source: str | None = None,
    ) -> None:
        self.seq = seq
        """1, 2, 3 ... in the order of writing, without gaps but for rows moved to an archive"""
        self.time = time
        """instant of the event, ISO 8601 with Z (for an alert: when it last changed); None when unknown"""
        self.kind = kind
        """detection, solution, alert, tick or note"""
        self.beacon = beacon
        """id of the alert it belongs to: the hex ID with its ``X-`` and ``U-`` prefixes; None for a tick or a note"""
        self._made, self._source = body, source

    @cached_property
    def body(self) -> dict[str, Any]:
        """The record as JSON; read from its text when it is first asked for."""
        return self._made() if callable(self._made) else self._made

    @property
    def source(self) -> str | None:
        """The station, file or link that delivered a detection; does not read the body of a row just written."""
        return self._source or self.body.get("source")

    def _values(self) -> tuple[Any, ...]:
        return self.seq, self.time, self.kind, self.beacon, self.body

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Row) and self._values() == other._values()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Row{self._values()!r}"
