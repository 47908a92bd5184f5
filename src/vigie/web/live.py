"""The live stream: what was missed, then what happens, without a gap and without a repetition.

WebSocket for the console, server-sent events for scripts: a browser allows six open event streams to one server, and
the seventh tab would not even load its page. ``docs/reference/api.md`` lists the messages.
"""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from vigie import __version__, instants
from vigie.errors import InputError, StoreError
from vigie.web import views

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row
    from vigie.web.hub import Hub

HEARTBEAT_S = 5.0
"""longest silence on a live link: a reader that hears nothing for twice as long may take the link for dead"""
SEND_S = 20.0
"""a WebSocket that takes longer to accept one message is dropped; it comes back with ``after=``"""
PAGE = 500
SNAPSHOT_ROWS = 5000
"""a console that missed more rows than this gets a snapshot in their place"""
SILENT = frozenset({"tick"})
"""kinds that are not sent one by one: heartbeats carry their seq"""


def now() -> str:
    """The server's clock, ISO 8601 with Z, milliseconds."""
    return instants.text(np.datetime64(time.time_ns() // 1_000_000, "ms"))


def text(value: Any) -> str:
    """Plain values as one line of JSON."""
    return msgspec.json.encode(value).decode()


def asked(connection: HTTPConnection) -> int | None:
    """The seq after which a client wants to read on, ``?after=`` or ``Last-Event-ID``; None if neither is there."""
    given = connection.query_params.get("after") or connection.headers.get("last-event-id")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise InputError(f"after={given!r} is not the number of a journal row")
    return int(given)


async def follow(journal: Journal, hub: Hub, after: int) -> AsyncIterator[Row | int]:
    """Every row with ``seq > after``, for ever; in silence, each HEARTBEAT_S, the seq up to which all was given.

    The watch begins before the journal is read, so nothing falls between them. A row that comes out of turn, or a
    watcher that lagged, sends us back to the journal: it is the only order that counts.
    """
    with hub.watch() as watcher:
        behind = True
        while not watcher.closed:
            if behind:
                watcher.lagged = False
                rows = await run_in_threadpool(journal.rows, after, limit=PAGE)
                behind = len(rows) == PAGE
                for row in rows:
                    after = row.seq
                    yield row
                continue
            rows = await watcher.wait(HEARTBEAT_S)
            behind = watcher.lagged
            if not rows:
                yield after
            for row in rows:
                if row.seq <= after:
                    continue
                if row.seq != after + 1:
                    behind = True
                    break
                after = row.seq
                yield row


class Texts:
    """Rows as the messages of the live stream, each made once for all who watch. For one event loop."""

    def __init__(self, kept: int = PAGE) -> None:
        self._made: OrderedDict[int, str] = OrderedDict()
        self._kept = kept

    def of(self, row: Row) -> str:
        """The message of a row."""
        made = self._made.get(row.seq)
        if made is None:
            made = self._made[row.seq] = text({"type": "row", **views.row(row)})
            if len(self._made) > self._kept:
                self._made.popitem(last=False)
        return made


async def websocket(socket: WebSocket) -> None:
    """``/ws``: hello, a snapshot or what was missed, then rows and heartbeats as they come."""
    try:
        after = asked(socket)
    except InputError as error:
        await socket.accept()
        await socket.close(4400, str(error)[:120])
        return
    await socket.accept()
    async with anyio.create_task_group() as group:
        group.start_soon(_until_it_leaves, socket, group.cancel_scope)
        with contextlib.suppress(WebSocketDisconnect):
            await _feed(socket, after)
        group.cancel_scope.cancel()


async def _until_it_leaves(socket: WebSocket, scope: anyio.CancelScope) -> None:
    """Read and ignore what the client says, until it leaves: nothing can be changed over this link."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass
    scope.cancel()


async def _feed(socket: WebSocket, after: int | None) -> None:
    journal, hub = socket.app.state.journal, socket.app.state.hub

    async def send(type_: str, **values: Any) -> None:
        with anyio.fail_after(SEND_S):
            await socket.send_text(text({"type": type_, **values}))

    try:
        last = await run_in_threadpool(journal.last_seq)
        name = await run_in_threadpool(views.name, journal)
        await send("hello", seq=last, journal=name, version=__version__, time=now(), heartbeat_s=HEARTBEAT_S)
        # another journal than the one the client knew: what it holds is worth nothing
        changed = socket.query_params.get("journal", name) not in ("", name)
        if after is None or changed or after > last or last - after > SNAPSHOT_ROWS:
            packed = socket.query_params.get("gzip") == "1"
            after, whole = await run_in_threadpool(partial(socket.app.state.board.message, packed=packed))
            with anyio.fail_after(SEND_S):
                await (
                    socket.send_bytes(whole) if packed else socket.send_text(f'{{"time":"{now()}",{whole[1:].decode()}')
                )
        texts: Texts = socket.app.state.texts
        async for item in follow(journal, hub, after):
            if isinstance(item, int):
                await send("heartbeat", seq=item, time=now())
            elif item.kind not in SILENT:
                with anyio.fail_after(SEND_S):
                    await socket.send_text(texts.of(item))
    except TimeoutError:
        await socket.close(1013, "too slow: connect again with after=")
    except StoreError as error:
        await socket.close(1011, str(error)[:120])
    else:
        await socket.close(1012, "the service is stopping")


async def events(request: Request) -> Response:
    """``GET /api/events``: the journal as server-sent events, from ``after`` on, or from now."""
    journal, hub = request.app.state.journal, request.app.state.hub
    given = asked(request)
    start: int = await run_in_threadpool(journal.last_seq) if given is None else given

    async def stream(after: int) -> AsyncIterator[str]:
        yield f"retry: 2000\n: vigie {__version__}, after {after}\n\n"
        try:
            async for item in follow(journal, hub, after):
                if isinstance(item, int):
                    yield f": heartbeat {item}\n\n"
                else:
                    yield f"id: {item.seq}\nevent: {item.kind}\ndata: {text(views.row(item))}\n\n"
        except StoreError as error:
            yield f"event: error\ndata: {text({'kind': error.kind, 'message': str(error)})}\n\n"

    return StreamingResponse(stream(start), media_type="text/event-stream", headers={"Cache-Control": "no-store"})
