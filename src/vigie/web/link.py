"""Where stations deliver: ``/api/link``, one WebSocket a station, acknowledged when the journal is on disk.

In turn, as JSON texts::

    station  {"type": "hello", "sender": "9f...", "protocol": 1}
    centre   {"type": "welcome", "last": 41}                       the highest number that is on disk here
    station  {"type": "deliver", "first": 42, "detections": [{...}, ...]}
    centre   {"type": "ack", "upto": 43, "seq": 118, "refused": [{"n": 43, "message": "..."}]}
    centre   {"type": "wait", "seconds": 5, "message": "..."}      nothing of it was taken: send it again later

Numbers go up by one. What comes twice is acknowledged and not taken again; what is left out is shown in ``/healthz``.
"""

from __future__ import annotations

import contextlib
from typing import Any, Literal

import anyio
import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from vigie.errors import StoreError
from vigie.links.receipts import Station
from vigie.web.accounts import Identity
from vigie.web.deliveries import take
from vigie.web.door import identity
from vigie.web.live import text

BATCH = 1000
"""detections that one message may hold"""
HELLO_S = 10.0
WAIT_S = 5


class Hello(msgspec.Struct, tag="hello", tag_field="type"):
    """The first message of a station."""

    sender: str
    protocol: Literal[1] = 1


class Deliver(msgspec.Struct, tag="deliver", tag_field="type"):
    """Detections, numbered from ``first`` on."""

    first: int
    detections: list[dict[str, Any]]


async def websocket(socket: WebSocket) -> None:
    """``/api/link``."""
    who = identity(socket)
    await socket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        try:
            with anyio.fail_after(HELLO_S):
                hello = msgspec.json.decode(await socket.receive_text(), type=Hello)
            if not 8 <= len(hello.sender) <= 64:
                raise msgspec.ValidationError("sender has 8 to 64 characters")
            await _serve(socket, who, f"{who.name}:{hello.sender}")
        except TimeoutError:
            await socket.close(4408, "no hello came")
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError) as error:
            await socket.close(4400, f"this is not what a station sends: {error}"[:120])


async def _serve(socket: WebSocket, who: Identity, sender: str) -> None:
    receipts, door = socket.app.state.receipts, socket.app.state.door
    with receipts.connected(sender, who.name) as station:
        await run_in_threadpool(door.note, socket, "link", "opened")
        await socket.send_text(text({"type": "welcome", "last": station.last}))
        try:
            while True:
                message = msgspec.json.decode(await socket.receive_text(), type=Deliver)
                if not 0 < message.first < 2**62 or not 0 < len(message.detections) <= BATCH:
                    raise msgspec.ValidationError(f"a delivery has a number and 1 to {BATCH} detections")
                await socket.send_text(text(await _answer(socket, who, station, message)))
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(door.note, socket, "link", f"closed at {station.last}")


async def _answer(socket: WebSocket, who: Identity, station: Station, message: Deliver) -> dict[str, Any]:
    try:
        upto, taken = await run_in_threadpool(take, socket.app.state, who, station, message.first, message.detections)
    except StoreError as error:
        return {"type": "wait", "seconds": WAIT_S, "message": str(error)}
    refused = [{"n": item.line, "message": item.message} for item in taken.refused] if taken else []
    return {"type": "ack", "upto": upto, "seq": taken.seq if taken else None, "refused": refused}
