"""Detections that others bring: a POST of JSON lines here, or a WebSocket (``link``). On disk before the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response

from vigie.errors import InputError
from vigie.links.receipts import Station
from vigie.web import body as bodies
from vigie.web.accounts import Identity
from vigie.web.api import Line, Refusal, Taken, problem, read_lines, reply
from vigie.web.door import identity

SOURCE_PARTS = 8
"""stations through which a detection may have come: more, and it runs in a circle"""


def stamped(body: Mapping[str, Any], who: Identity) -> dict[str, Any]:
    """A detection under the name of the token that brought it: no station can speak for another."""
    made = dict(body)
    if who.how == "token":
        given = made.get("source")
        if isinstance(given, str) and given.count("/") >= SOURCE_PARTS:
            made["source"] = 0  # refused in words by whoever reads it: it runs in a circle
        elif not isinstance(given, str) or not given:
            made["source"] = who.name if given is None or given == "" else given
        elif given != who.name:
            made["source"] = f"{who.name}/{given}"
    return made


def take(
    state: State, who: Identity, station: Station, first: int, detections: Sequence[Mapping[str, Any]]
) -> tuple[int, Taken | None]:
    """Take a delivery; the highest number on disk, and what became of the new ones. For worker threads."""
    bodies = [stamped(body, who) for body in detections]

    def ingest(new: list[int]) -> Taken:
        taken: Taken = state.ingest([Line(first + index, bodies[index]) for index in new])
        station.refused += len(taken.refused)
        return taken

    upto, taken = state.receipts.deliver(station, first, bodies, ingest)
    return upto, taken


async def detections(request: Request) -> Response:
    """``POST /api/detections``: JSON lines in; answers when they are on disk.

    With the headers ``Vigie-Sender`` and ``Vigie-First`` the lines are numbered, and none is taken twice.
    """
    try:
        data = await bodies.read(request, request.app.state.body_bytes)
    except bodies.BodyError as error:
        return problem(error.status, error.kind, str(error), accepted=0, seq=None)
    lines, refused = read_lines(data)
    taken = Taken(0, 0)
    if lines:
        numbered = not refused and "vigie-sender" in request.headers
        taken = await (run_in_threadpool(_take_numbered, request, lines) if numbered else _take_lines(request, lines))
    refused = sorted([*refused, *taken.refused], key=lambda item: item.line)
    if not lines and not refused:
        return problem(400, "input", "the body holds no detection", accepted=0, seq=None)
    told = {"accepted": taken.accepted, "seq": taken.seq if taken.accepted else None}
    if not refused:
        return reply(told)
    words = f"line {refused[0].line}: {refused[0].message}"
    if len(refused) > 1:
        words += f" (and {len(refused) - 1} more)"
    listed = [{"line": item.line, "kind": item.kind, "message": item.message} for item in refused[:100]]
    return problem(400, refused[0].kind, words, **told, refused=len(refused), errors=listed)


async def _take_lines(request: Request, lines: list[Line]) -> Taken:
    state, who = request.app.state, identity(request)
    taken: Taken = await state.intake.take([Line(line.number, stamped(line.body, who)) for line in lines])
    if state.door.accounts is not None:
        await run_in_threadpool(state.door.note, request, "deliver", _delivered(taken))
    return taken


def _take_numbered(request: Request, lines: list[Line]) -> Taken:
    state, who = request.app.state, identity(request)
    sender, first = request.headers["vigie-sender"], request.headers.get("vigie-first", "")
    if not (8 <= len(sender) <= 64 and first.isascii() and first.isdigit() and 0 < len(first) < 19):
        raise InputError("Vigie-Sender has 8 to 64 characters, and Vigie-First is the number of the first line")
    station = state.receipts.station(f"{who.name}:{sender}", who.name)
    number = int(first)
    _, made = take(state, who, station, number, [line.body for line in lines])
    gone = [Refusal(item.line - number + 1, item.message, item.kind) for item in made.refused] if made else []
    seq = made.seq if made else state.journal.last_seq()
    taken = Taken(len(lines) - len(gone), seq, gone)  # what came before counts as taken: it is on disk
    state.door.note(request, "deliver", _delivered(taken))
    return taken


def _delivered(taken: Taken) -> str:
    return f"{taken.accepted} detections up to row {taken.seq}, {len(taken.refused)} refused"
