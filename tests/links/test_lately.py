"""What is over and long past leaves lists and files; nothing else does, and the journal keeps all of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vigie import instants
from vigie.links.lately import Lately


def alert(changed: str, state: str = "closed") -> dict[str, Any]:
    return {"id": "A", "state": state, "changed": changed}


@pytest.mark.parametrize(
    ("changed", "state", "past"),
    [
        ("2026-03-01T12:00:00Z", "closed", True),
        ("2026-03-10T11:59:00.5Z", "closed", True),
        ("2026-03-10T12:00:00.5Z", "closed", False),
        ("2020-03-01T12:00:00Z", "unlocated", False),
        ("2020-03-01T12:00:00Z", "unreliable", False),
    ],
)
def test_a_week_after_the_end(changed: str, state: str, past: bool) -> None:
    lately = Lately()
    assert not lately.past(alert("2020-03-01T12:00:00Z")), "nothing is known yet"
    assert lately.reached(alert("2026-03-17T12:30:00Z"))
    assert not lately.reached(alert("2026-03-17T12:40:00Z"))
    assert not lately.reached(alert("2026-02-17T12:40:00Z"))
    assert lately.past(alert(changed, state)) is past


def test_a_clock_that_is_years_ahead_makes_nothing_past() -> None:
    lately = Lately()
    lately.reached(alert("2026-03-17T12:30:00Z"))
    lately.reached(alert("2126-03-17T12:30:00Z"))
    recent = instants.text(np.datetime64("now", "ns") - np.timedelta64(1, "D"))
    assert not lately.past(alert(recent))
