"""The spool of a sender and the receipts of a centre."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vigie.errors import InputError, StoreError
from vigie.links.receipts import Receipts, Station
from vigie.links.spool import Spool, SpoolFullError


def test_what_is_put_comes_out_in_order_until_it_is_done(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    spool.put(["a", "b", "c"], cursor=7)
    assert [(item.n, item.body) for item in spool.batch()] == [(1, "a"), (2, "b"), (3, "c")]
    assert [item.n for item in spool.batch(after=1, limit=1)] == [2]
    spool.done(2, [(1, "it is no detection")])
    assert spool.refused() == [{"n": 1, "body": "a", "why": "it is no detection"}]
    sender = spool.sender
    spool.close()
    again = Spool(tmp_path / "spool.sqlite")
    assert (again.sender, again.cursor, again.waiting, again.batch()[0].n) == (sender, 7, 1, 3)
    again.done(3)
    again.put(["d"])
    assert again.batch()[0].n == 4  # a number is never given twice
    again.close()


def test_a_full_spool_takes_nothing_more_and_loses_nothing(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite", limit_bytes=100)
    spool.put(["x" * 150])  # alone it has its place
    with pytest.raises(SpoolFullError, match="1 detections wait"):
        spool.put(["y"], cursor=9)
    assert (spool.waiting, spool.cursor) == (1, None)
    spool.done(1)
    spool.put(["y" * 60, "z" * 40], cursor=9)
    with pytest.raises(SpoolFullError):
        spool.put(["a"])
    assert (spool.waiting, spool.cursor) == (2, 9)
    spool.close()


def test_two_programs_do_not_share_a_spool(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.sqlite")
    with pytest.raises(StoreError, match=f"process {os.getpid()}"):
        Spool(tmp_path / "spool.sqlite")
    spool.close()


def test_a_file_that_is_no_spool_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "spool.sqlite").write_text("something else altogether\n" * 100)
    with pytest.raises(StoreError, match=r"the spool .* is no"):
        Spool(tmp_path / "spool.sqlite")


def test_what_was_put_survives_a_kill_in_the_middle(tmp_path: Path) -> None:
    code = (
        "import sys; from vigie.links.spool import Spool; spool = Spool(sys.argv[1])\n"
        "for n in range(100000):\n    spool.put([str(n)]); print(n, flush=True)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "spool.sqlite")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    acknowledged = [int(process.stdout.readline()) for _ in range(30)]
    process.kill()
    acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    process.wait()
    process.stdout.close()
    spool = Spool(tmp_path / "spool.sqlite")
    kept = [int(item.body) for item in spool.batch(limit=10**6)]
    assert kept[: len(acknowledged)] == acknowledged
    assert kept == list(range(len(kept)))
    spool.close()


class Taken:
    """A journal of sorts."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def take(self, receipts: Receipts, station: Station, first: int, *numbers: int) -> int:
        bodies = [{"hex": str(number)} for number in numbers]
        upto, _ = receipts.deliver(
            station, first, bodies, lambda new: self.bodies.extend(bodies[index] for index in new)
        )
        return upto

    @property
    def hexes(self) -> list[str]:
        return [body["hex"] for body in self.bodies]


def test_what_comes_twice_or_out_of_order_is_taken_once(tmp_path: Path) -> None:
    receipts, taken = Receipts(tmp_path / "receipts.sqlite"), Taken()
    station = receipts.station("albany:12345678", "albany")
    assert taken.take(receipts, station, 1, 1, 2, 3) == 3
    assert taken.take(receipts, station, 2, 2, 3, 4) == 4
    assert taken.take(receipts, station, 1, 1) == 4
    assert taken.hexes == ["1", "2", "3", "4"]
    health = receipts.health()[0]
    assert (health["received"], health["duplicates"], health["missing"]) == (4, 3, 0)
    receipts.close()


def test_a_gap_is_shown_and_remembered(tmp_path: Path) -> None:
    receipts, taken = Receipts(tmp_path / "receipts.sqlite"), Taken()
    taken.take(receipts, receipts.station("albany:12345678", "albany"), 5, 5)  # unknown before: no gap
    taken.take(receipts, receipts.station("albany:12345678", "albany"), 9, 9, 10)
    receipts.close()
    receipts = Receipts(tmp_path / "receipts.sqlite")
    health = receipts.health()[0]
    assert (health["name"], health["last"], health["missing"], health["gaps"]) == ("albany", 10, 3, [[6, 8]])
    receipts.close()


def test_what_failed_to_be_taken_is_not_counted(tmp_path: Path) -> None:
    receipts, taken = Receipts(tmp_path / "receipts.sqlite"), Taken()
    station = receipts.station("albany:12345678", "albany")

    def full(new: list[int]) -> None:
        raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        receipts.deliver(station, 1, [{"hex": "1"}], full)
    assert station.last == 0
    assert taken.take(receipts, station, 1, 1) == 1
    receipts.close()


def test_a_batch_that_reached_the_journal_but_not_the_receipts_is_known_by_its_content() -> None:
    journal = [{"hex": "1", "source": "albany"}, {"hex": "2", "source": "albany"}]

    def normal(body: Any) -> dict[str, Any]:
        if body["hex"] == "bad":
            raise InputError("it is no detection")
        return {**body, "source": "albany"}

    receipts, new = Receipts(":memory:", lambda: journal, normal), list[int]()
    station = receipts.station("albany:12345678", "albany")
    bodies = [{"hex": "1"}, {"hex": "2"}, {"hex": "bad"}, {"hex": "3"}]
    receipts.deliver(station, 1, bodies, new.extend)
    assert new == [2, 3]
    receipts.deliver(station, 5, [{"hex": "1"}], new.extend)  # after that the numbers alone count
    assert new == [2, 3, 0]
    receipts.close()
