"""Posts that come together are taken together, and each hears of its own alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from vigie.errors import StoreError
from vigie.web.api import Line, Taken
from vigie.web.intake import Intake, one_by_one


def test_what_comes_while_others_are_written_is_taken_together() -> None:
    first, go = threading.Event(), threading.Event()
    calls: list[list[int]] = []

    def ingest_all(posts: Sequence[Sequence[Line]]) -> list[Taken | Exception]:
        calls.append([line.number for lines in posts for line in lines])
        first.set()
        go.wait(10)
        bad = StoreError("the disk is full")
        return [bad if lines[0].number == 3 else Taken(len(lines), lines[0].number) for lines in posts]

    async def run() -> list[Taken | BaseException]:
        intake = Intake(ingest_all)
        posts = [asyncio.create_task(intake.take([Line(1, {})]))]
        await asyncio.to_thread(first.wait, 10)
        posts += [asyncio.create_task(intake.take([Line(number, {})])) for number in (2, 3, 4, 5)]
        await asyncio.sleep(0)
        posts.pop(3).cancel()  # whoever sent it has left: it is taken all the same
        go.set()
        return await asyncio.gather(*posts, return_exceptions=True)

    told = asyncio.run(run())
    assert calls == [[1], [2, 3, 4, 5]]
    assert [told[0], told[1], told[3]] == [Taken(1, 1), Taken(1, 2), Taken(1, 5)]
    assert isinstance(told[2], StoreError)


def test_a_fault_of_the_whole_is_told_to_everybody() -> None:
    def broken(posts: Sequence[Sequence[Line]]) -> list[Taken | Exception]:
        raise RuntimeError("broken")

    async def run() -> None:
        with pytest.raises(RuntimeError, match="broken"):
            await Intake(broken).take([Line(1, {})])

    asyncio.run(run())


def test_one_by_one_a_fault_touches_no_other() -> None:
    def ingest(lines: Sequence[Line]) -> Taken:
        if not lines:
            raise StoreError("nothing")
        return Taken(len(lines), 1)

    told = one_by_one(ingest)([[Line(1, {})], [], [Line(2, {})]])
    assert (told[0], told[2]) == (Taken(1, 1), Taken(1, 1))
    assert isinstance(told[1], StoreError)
