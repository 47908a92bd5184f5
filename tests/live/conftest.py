"""Radios for the tests of live sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.live.radio import Radio


@pytest.fixture
def radio() -> Iterator[Callable[..., Radio]]:
    """Makes servers that are closed after the test."""
    made: list[Radio] = []

    def make(*arguments: Any, **named: Any) -> Radio:
        made.append(Radio(*arguments, **named))
        return made[-1]

    yield make
    for one in made:
        one.close()
