"""Which alerts are over and long past. The journal keeps them for ever; lists and maps of what is, let go of them.

Without this a centre would hold, and hand to every console, each stray burst of years: hundreds of thousands of alerts.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from vigie import instants

KEPT_DAYS = 7
"""a closed alert stays in lists for so long after its last change"""
_HOUR = len("2026-11-22T16")


class Lately:
    """Says of an alert whether it is past, by the latest time that any alert has named. That is the time of the stream,
    so that a replay of an old day shows that day; what claims a time still to come moves it no further than now."""

    def __init__(self) -> None:
        self._latest = ""
        self.since = ""
        """what was closed and last changed before this is past, ISO 8601; empty before anything is known"""

    def reached(self, body: Mapping[str, Any]) -> bool:
        """Take note of the time of an alert; whether something may be past now that was not before."""
        changed = str(body.get("changed") or "")
        if changed[:_HOUR] <= self._latest[:_HOUR]:
            return False
        now = np.datetime64(time.time_ns(), "ns")
        latest = min(instants.parse(changed), now)
        self._latest = instants.text(latest)
        hour = latest.astype("datetime64[h]") - np.timedelta64(KEPT_DAYS, "D")
        before, self.since = self.since, str(hour.astype("datetime64[s]"))  # without Z, which comes after a fraction
        return self.since != before

    def past(self, body: Mapping[str, Any]) -> bool:
        """Whether an alert is over, and was a week ago. One that is not closed never is, however old."""
        return ends(body) < self.since


def ends(body: Mapping[str, Any]) -> str:
    """Since when an alert is over, ISO 8601; a text after all times for one that is not."""
    return str(body.get("changed") or "~") if body.get("state") == "closed" else "~"
