"""Posts that come while others are being written are taken together: one thread and one commit for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from starlette.concurrency import run_in_threadpool

from vigie.web.api import Ingest, Line, Taken

IngestAll = Callable[[Sequence[Sequence[Line]]], Sequence[Taken | Exception]]
"""Takes several posts at once; for each what ``api.Ingest`` gives, or the error that it raises."""


def one_by_one(ingest: Ingest) -> IngestAll:
    """Takes posts one after the other."""

    def all_of(posts: Sequence[Sequence[Line]]) -> list[Taken | Exception]:
        told: list[Taken | Exception] = []
        for lines in posts:
            try:
                told.append(ingest(lines))
            except Exception as error:  # whoever waits for this post gets it
                told.append(error)
        return told

    return all_of


class Intake:
    """The posts of one event loop on their way to the journal."""

    def __init__(self, ingest_all: IngestAll) -> None:
        self._ingest_all = ingest_all
        self._waiting: list[tuple[Sequence[Line], asyncio.Future[Taken]]] = []
        self._work: asyncio.Task[None] | None = None

    async def take(self, lines: Sequence[Line]) -> Taken:
        """What became of a post, when it is on disk. Raises what the ingest raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Taken] = loop.create_future()
        self._waiting.append((lines, answer))
        if self._work is None or self._work.done():
            self._work = loop.create_task(self._take_waiting())
        return await answer

    async def _take_waiting(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            posts = [lines for lines, _ in taken]
            told: Sequence[Taken | Exception]
            try:
                told = await run_in_threadpool(self._ingest_all, posts)
            except Exception as error:
                told = [error] * len(posts)
            for (_, answer), one in zip(taken, told, strict=True):
                if answer.done():  # whoever sent it has left
                    continue
                if isinstance(one, Exception):
                    answer.set_exception(one)
                else:
                    answer.set_result(one)
