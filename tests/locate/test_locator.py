"""Positions beside the running chain: from the journal, once each, through restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.locate.test_estimate import PLACE, START
from tests.locate.test_solutions import MESSAGE, SECOND, detections

from vigie import stages
from vigie.alert.book import AlertBook
from vigie.chain import Chain, learnt
from vigie.errors import InputError
from vigie.geodesy import distance_m
from vigie.locating import Locator
from vigie.records import Solution
from vigie.store.journal import Journal
from vigie.store.rows import to_record


def test_what_satellites_heard_is_located_once_through_restarts(
    fleet_orbits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "orbits.tle"
    file.write_text("")
    journal = Journal.open(str(tmp_path / "j.sqlite"))
    with pytest.raises(InputError, match="no usable satellite orbit"):
        Locator([file], journal, print)
    monkeypatch.setattr("vigie.orbit.files.read_files", lambda files: fleet_orbits)
    chain, heard = Chain(journal, lambda row: None), detections(fleet_orbits)

    def located(count: int, clock: int) -> list[Solution]:
        made = Locator([file], journal, chain.feed, source="FMCC", clock=lambda: START + clock * SECOND)
        stop = threading.Event()
        thread = threading.Thread(target=made.run, args=(stop,))
        thread.start()
        until(lambda: len(positions(journal)) >= count)
        time.sleep(0.1)
        stop.set()
        made.wake()
        thread.join(10)
        assert made.error is None
        return positions(journal)

    chain.feed(heard[:12])
    assert len(located(2, 60)) == 2
    chain.feed(heard[12:])
    found = located(3, 120)
    assert len(found) == 3
    assert found[-1].source == "FMCC"
    assert set(found[-1].satellites) == {item.satellite for item in heard}
    assert distance_m(*PLACE[:2], found[-1].lat_deg, found[-1].lon_deg) < 2 * (found[-1].ehe_m or 0)
    assert chain.book.alert(str(MESSAGE.hex_id)) == AlertBook(learnt(journal)).alert(str(MESSAGE.hex_id))
    assert len(located(3, 300)) == 3  # nothing came
    journal.close()


def test_a_fault_of_ours_is_told_and_locating_begins_anew(
    fleet_orbits: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open(str(tmp_path / "j.sqlite"))
    chain = Chain(journal, lambda row: None)
    monkeypatch.setattr("vigie.locating._LOOK_S", 0.2)
    locations, faults = stages.locations, [TypeError("a fault")]

    def once_failing(*arguments: Any, **options: Any) -> Any:
        if faults:
            raise faults.pop()
        return locations(*arguments, **options)

    monkeypatch.setattr(stages, "locations", once_failing)
    made, stop = Locator(fleet_orbits, journal, chain.feed, clock=lambda: START + 60 * SECOND), threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,))
    chain.feed(detections(fleet_orbits)[:12])
    thread.start()
    until(lambda: made.error == "locating failed: TypeError: a fault")
    until(lambda: len(positions(journal)) == 2 and made.error is None)
    stop.set()
    made.wake()
    thread.join(10)
    journal.close()


def positions(journal: Journal) -> list[Solution]:
    made = [to_record(row) for row in journal.rows(kinds=("solution",))]
    return [one for one in made if isinstance(one, Solution) and one.method != "encoded"]


def until(good: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not good():
        assert time.monotonic() < end
        time.sleep(0.05)
