"""What became of each alert, kept between questions: of a beacon heard all day, only what came since is read.

The bursts are asked of the journal each time, as many as are wanted, by its index of beacons.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vigie.web import views

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row

MESSAGES = 200
"""messages that one reply holds"""
_KEPT = 64
"""alerts whose stories are kept: those asked for last"""
_TOLD = ("alert", "solution", "order", "note", "sit", "exercise_sit")


class Story:
    """The time line of one alert and the messages it called for, row by row."""

    def __init__(self) -> None:
        self.seq = 0
        """the last row that is in it"""
        self.line: list[dict[str, Any]] = []
        self._called: list[dict[str, Any]] = []
        self._written: dict[tuple[Any, Any, Any], str] = {}
        self._stood: tuple[Any, ...] | None = None
        self._placed = set[tuple[Any, ...]]()

    def add(self, row: Row) -> None:
        """What a row tells: a position that is new, a change of state or reason, an order, a note, a message."""
        self.seq, body, words = row.seq, row.body, None
        match row.kind:
            case "alert":
                self._called += [{**notice, "seq": row.seq, "time": row.time} for notice in body.get("notices") or ()]
                now = tuple(body.get(name) for name in ("state", "reason", "category"))
                if now != self._stood:
                    self._stood, words = now, views.alert_words(body)
            case "solution":
                place = tuple(body.get(name) for name in ("method", "latitude", "longitude", "ehe_m"))
                if place not in self._placed:  # the same encoded position comes with every burst
                    self._placed.add(place)
                    words = views.solution_words(body)
            case "order":
                words = views.order_words(body)
            case "note":
                words = body.get("words")
            case "sit" | "exercise_sit":
                self._written[body.get("to"), body.get("number"), body.get("serial")] = body.get("text", "")
        if words:
            self.tell(row, words)

    def tell(self, row: Row, words: str) -> None:
        """A line of the time line."""
        self.line.append({"seq": row.seq, "time": row.time, "kind": row.kind, "words": words})

    def messages(self) -> list[dict[str, Any]]:
        """The messages the alert called for, newest first, each with the text that was written, if one was."""
        names = ("to", "number", "serial")
        return [
            {**one, "text": self._written.get((one[names[0]], one[names[1]], one[names[2]]))}
            for one in reversed(self._called)
        ]


class Dossiers:
    """The stories of the alerts that were asked for last. From any thread; blocks on the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._guard = threading.Lock()
        self._stories = OrderedDict[str, Story]()

    def of(self, alerts: Sequence[str], limit: int) -> dict[str, Any]:
        """Bursts and messages of these alerts, newest first, and their time line, oldest first. Raises StoreError."""
        bursts: list[Row] = []
        line: list[dict[str, Any]] = []
        called: list[dict[str, Any]] = []
        total = 0
        with self._guard:
            for alert in alerts:
                bursts += self._journal.rows(kinds=("detection",), beacon=alert, limit=limit, newest=True)
                total += self._journal.count("detection", alert)
                story = self._read(alert)
                line += story.line
                called += story.messages()
        return _told(bursts, total, line, called, limit)

    def past(self, alert: str, limit: int, upto: int) -> tuple[Row, dict[str, Any]] | None:
        """The alert and its story as they stood at a row of the past; None when it was not there. Raises StoreError."""
        rows = [row for row in self._journal.rows(beacon=alert) if row.seq <= upto]
        stood = next((row for row in reversed(rows) if row.kind == "alert"), None)
        if stood is None:
            return None
        bursts, story = [row for row in rows if row.kind == "detection"], Story()
        for first in bursts[:1]:
            story.tell(first, views.detection_words(first.body))
        for row in rows:
            if row.kind in _TOLD:
                story.add(row)
        return stood, _told(bursts, len(bursts), story.line, story.messages(), limit)

    def _read(self, alert: str) -> Story:
        story = self._stories.get(alert)
        if story is None:
            story = self._stories[alert] = Story()
            for first in self._journal.rows(kinds=("detection",), beacon=alert, limit=1):
                story.tell(first, views.detection_words(first.body))
        self._stories.move_to_end(alert)
        for row in self._journal.rows(story.seq, _TOLD, alert):
            story.add(row)
        while len(self._stories) > _KEPT:
            self._stories.popitem(last=False)
        return story


def _told(
    bursts: list[Row], total: int, line: list[dict[str, Any]], called: list[dict[str, Any]], limit: int
) -> dict[str, Any]:
    """As a reply: bursts and messages newest first, the time line oldest first."""
    bursts.sort(key=lambda row: -row.seq)
    called.sort(key=lambda one: -int(one["seq"]))  # messages of one row stay in their order
    return {
        "detections": [{**row.body, "seq": row.seq} for row in bursts[:limit]],
        "detections_total": total,
        "journal": sorted(line, key=lambda one: int(one["seq"])),
        "messages": called[:MESSAGES],
        "messages_total": len(called),
    }
