"""The JSON interface. Every reply that is not a success is ``{"error": {"kind": ..., "message": ...}}`` in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vigie import __version__
from vigie.errors import InputError
from vigie.web import views
from vigie.web.live import now, text

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row
    from vigie.web.board import Board
    from vigie.web.dossiers import Dossiers

BODY_BYTES = 8_000_000
"""the largest body that POST /api/detections takes"""


@dataclass(frozen=True)
class Line:
    """One line of a POST body."""

    number: int
    """1 is the first line of the body, blank lines counted"""
    body: dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """A line that was not taken, and why, in a sentence."""

    line: int
    message: str
    kind: str = "input"


@dataclass(frozen=True)
class Taken:
    """What became of the lines: returned only when those that were accepted are on disk."""

    accepted: int
    seq: int
    """the last journal row that came of them"""
    refused: Sequence[Refusal] = ()


Ingest = Callable[[Sequence[Line]], Taken]
"""Takes detections (bodies as ``vigie receive --json`` prints them) into the stream; called in a worker thread.

It returns when they are on disk. Lines that are no detection are named in ``refused``, the others are taken all the
same: one bad line must not hold up a distress call. It may raise StoreError: then none was taken.
"""


def reply(value: Any, status: int = 200) -> Response:
    """A JSON reply that is never cached."""
    return Response(text(value) + "\n", status, media_type="application/json", headers={"Cache-Control": "no-store"})


def problem(status: int, kind: str, message: str, **more: Any) -> Response:
    """An error in words."""
    return reply({"error": {"kind": kind, "message": message}, **more}, status)


def number(request: Request, name: str, default: int) -> int:
    """A whole number of the query. Raises InputError."""
    given = request.query_params.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InputError(f"{name}={given!r} is not a whole number")
    return int(given)


async def health(request: Request) -> Response:
    """``GET /healthz``: is it alive, what has it written, what does it hear."""
    state = request.app.state
    seq = await run_in_threadpool(state.journal.last_seq)
    told = await run_in_threadpool(state.health) if state.health else {}
    who = request.scope.get("vigie.who")
    if who is None or not who.may("read"):  # a watchdog needs no more, a stranger gets no more
        return reply({"status": told.get("status", "ok"), "time": now()})
    return reply(
        {
            "status": "ok",
            "version": __version__,
            "time": now(),
            "seq": seq,
            "sources": state.hub.sources(),
            "watchers": state.hub.watchers,
            "counts": await run_in_threadpool(_counts, state.board),
            **told,
        }
    )


def _counts(board: Board) -> dict[str, int]:
    counts: dict[str, int] = {"alerts": 0, "exercise": 0}
    for (category, exercise), count in board.counts().items():
        name = "exercise" if exercise else category  # counted apart, never among the live categories
        counts["alerts"] += count
        counts[name] = counts.get(name, 0) + count
    return counts


async def alerts(request: Request) -> Response:
    """``GET /api/alerts``: all alerts, the last changed first; ``?view=list`` without the fields of the messages."""
    journal: Journal = request.app.state.journal
    view = request.query_params.get("view", "full")
    if view not in ("full", "list"):
        raise InputError(f"view={view!r} is neither full nor list")
    if view == "list":
        return reply(await run_in_threadpool(request.app.state.board.snapshot))

    def full() -> dict[str, Any]:
        seq = journal.last_seq()
        return {"seq": seq, "alerts": [views.alert(row) for row in journal.alerts()]}

    return reply(await run_in_threadpool(full))


async def alert(request: Request) -> Response:
    """``GET /api/alerts/{id}``: one alert with its raw bursts and its time line."""
    journal: Journal = request.app.state.journal
    wanted: str = request.path_params["id"]
    limit, upto = number(request, "limit", views.DETECTIONS), number(request, "upto", 0)
    row = await run_in_threadpool(find_alert, journal, wanted)
    if row is None:
        return problem(404, "unknown", f"there is no alert {wanted!r}")
    dossiers: Dossiers = request.app.state.dossiers
    if upto:
        then = await run_in_threadpool(dossiers.past, row.body["id"], limit, upto)
        if then is None:
            return problem(404, "unknown", f"there was no alert {wanted!r} then")
        row, dossier = then
    else:
        dossier = await run_in_threadpool(dossiers.of, [row.body["id"]], limit)
    return reply({**views.alert(row), **dossier})


def find_alert(journal: Journal, wanted: str) -> Row | None:
    """The alert of this id; case and blanks do not matter."""
    return journal.alert(wanted) or journal.alert("".join(wanted.split()).upper())


async def beacon(request: Request) -> Response:
    """``GET /api/beacons/{hex_id}``: all that is known of a beacon, in any alert; case and blanks do not matter."""
    journal: Journal = request.app.state.journal
    asked: str = request.path_params["hex_id"]
    hex_id = "".join(asked.split()).upper()
    limit = number(request, "limit", views.DETECTIONS)

    def known() -> tuple[list[Row], dict[str, Any]]:
        found = [row for prefix in views.PREFIXES if (row := journal.alert(prefix + hex_id)) is not None]
        return found, request.app.state.dossiers.of([row.body["id"] for row in found], limit)

    kept, dossier = await run_in_threadpool(known)
    if not kept:
        right = len(hex_id) in (15, 23) and all(digit in "0123456789ABCDEF" for digit in hex_id)
        why = "nothing is known of" if right else "a beacon ID has 15 or 23 hex digits, so nothing is known of"
        return problem(404, "unknown", f"{why} beacon {asked!r}")
    return reply({"hex_id": hex_id, "alerts": [views.alert(row) for row in kept], **dossier})


def read_lines(body: bytes) -> tuple[list[Line], list[Refusal]]:
    """The JSON objects of a body, one a line; blank lines are skipped, what is no object is refused."""
    lines: list[Line] = []
    refused: list[Refusal] = []
    for number, line in enumerate(body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            value = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            refused.append(Refusal(number, f"it is not JSON: {error}", "json"))
            continue
        if isinstance(value, dict):
            lines.append(Line(number, value))
        else:
            refused.append(Refusal(number, "it is JSON, but no object", "json"))
    return lines, refused
