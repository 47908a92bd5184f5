"""What stands beside the journal: samples of bursts, curves of positions, the sky, the areas, the register.

The service gives it as an ``Evidence``; without one every answer says that there is none. A client names rows of the
journal and alerts, never files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from vigie import instants
from vigie.errors import HexError, InputError
from vigie.message import beacon
from vigie.web import views
from vigie.web.api import find_alert, problem, reply
from vigie.web.live import now

if TYPE_CHECKING:
    from pathlib import Path

    from vigie.store.journal import Journal, Row

MOST_SATELLITES = 64
MOST_ROWS = 4000
"""newest rows of one kind and one alert that a curve is made of"""
_SEQ = 2**62
_PIECE = 1 << 18


class Evidence(Protocol):
    """Answers of a service; what is not there says so: ``{"state": "none", "why": ...}``."""

    def burst(self, row: Row) -> dict[str, Any]:
        """The picture of a burst from its samples."""

    def snippet(self, row: Row) -> Path | str:
        """The metadata file of its samples; or why there is none."""

    def curve(self, solutions: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> dict[str, Any]:
        """The Doppler curve of one pass, its sides, and what is left."""

    def look_up(self, text: str) -> dict[str, Any]:
        """A beacon in the register."""

    def areas(self) -> dict[str, Any]:
        """Service areas as GeoJSON."""

    def sky(self, satellites: Sequence[str], time: instants.Instant) -> list[dict[str, Any]]:
        """Where satellites stood."""


class Nothing:
    """The evidence of a service that has none."""

    def burst(self, row: Row) -> dict[str, Any]:
        return {"state": "none", "why": "No samples are kept here."}

    def snippet(self, row: Row) -> Path | str:
        return "No samples are kept here."

    def curve(self, solutions: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> dict[str, Any]:
        return {"state": "none", "why": "No orbits are configured here, so nothing can be foretold."}

    def look_up(self, text: str) -> dict[str, Any]:
        return {"state": "none", "why": "No register is configured here."}

    def areas(self) -> dict[str, Any]:
        return {"type": "FeatureCollection", "features": [], "why": "No service areas are configured here."}

    def sky(self, satellites: Sequence[str], time: instants.Instant) -> list[dict[str, Any]]:
        return [{"name": name, "why": "No orbits are configured here."} for name in satellites]


def _burst_row(request: Request) -> Row | None:
    """The detection that the path names by its row."""
    given = request.path_params["seq"]
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise InputError(f"{given[:40]!r} is not the number of a journal row")
    row: Row | None = request.app.state.journal.row(min(int(given), _SEQ))
    return row if row is not None and row.kind == "detection" else None


async def burst(request: Request) -> Response:
    """``GET /api/bursts/{seq}``: spectrogram, phase and constellation of a burst, or why there is none."""

    def look() -> dict[str, Any] | None:
        row = _burst_row(request)
        return None if row is None else {"seq": row.seq, **request.app.state.evidence.burst(row)}

    told = await run_in_threadpool(look)
    return problem(404, "unknown", "no burst has this number") if told is None else reply(told)


async def samples(request: Request) -> Response:
    """``GET /api/bursts/{seq}/samples``: the samples themselves, as a SigMF archive."""

    def found() -> Path | str | None:
        row = _burst_row(request)
        return None if row is None else request.app.state.evidence.snippet(row)

    meta = await run_in_threadpool(found)
    if meta is None or isinstance(meta, str):
        return problem(404, "unknown", meta or "no burst has this number")
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{meta.stem}.sigmf"'}
    return StreamingResponse(_archive(meta), media_type="application/octet-stream", headers=headers)


def _archive(meta: Path) -> Iterator[bytes]:
    """Both files of a recording as a tar, piece by piece: a snippet may be larger than one likes to hold."""
    import tarfile

    for file in (meta, meta.with_suffix(".sigmf-data")):
        head = tarfile.TarInfo(f"{meta.stem}/{file.name}")
        with file.open("rb") as opened:
            head.size = file.stat().st_size
            yield head.tobuf(tarfile.PAX_FORMAT)
            while piece := opened.read(_PIECE):
                yield piece
        yield bytes(-head.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


async def curve(request: Request) -> Response:
    """``GET /api/alerts/{id}/curve?end=``: the Doppler curve of the positions that end there, and the residuals."""
    journal: Journal = request.app.state.journal
    wanted, end = request.path_params["id"], request.query_params.get("end", "")
    method = request.query_params.get("method", "")

    def look() -> dict[str, Any] | None:
        alert = find_alert(journal, wanted)
        if alert is None:
            return None
        sides = [
            one
            for one in alert.body.get("solutions") or ()
            if one.get("end") == end and method in ("", one.get("method"))
        ]
        if not sides:
            return {"state": "none", "why": "The alert has no such position."}
        rows = [
            row
            for kind in ("detection", "solution")
            for row in journal.rows(kinds=(kind,), beacon=alert.body["id"], limit=MOST_ROWS, newest=True)
        ]
        told: dict[str, Any] = request.app.state.evidence.curve(sides, rows)
        return told

    told = await run_in_threadpool(look)
    return problem(404, "unknown", f"there is no alert {wanted!r}") if told is None else reply(told)


async def register(request: Request) -> Response:
    """``GET /api/register/{hex_id}``: who owns a beacon, whom to call. Noted in the audit: it tells of people."""
    wanted = "".join(request.path_params["hex_id"].split())[:80]
    told = await run_in_threadpool(request.app.state.evidence.look_up, wanted)
    if told["state"] == "found":
        request.app.state.door.note(request, "register", wanted)
    return reply({"hex_id": wanted.upper(), "source": "", "fields": {}, **told})


async def areas(request: Request) -> Response:
    """``GET /api/areas``: service areas with their buffers, GeoJSON."""
    answer = reply(await run_in_threadpool(request.app.state.evidence.areas))
    answer.headers["Content-Type"] = "application/geo+json"
    return answer


async def sky(request: Request) -> Response:
    """``GET /api/sky?satellites=&time=``: where satellites stood, and how far each one's horizon reached."""
    names = [name for name in request.query_params.get("satellites", "").split(",") if name][:MOST_SATELLITES]
    if any(len(name) > 40 for name in names):
        raise InputError("satellites: a name is longer than 40 characters")
    time = request.query_params.get("time") or now()
    at = instants.parse(time)
    told = await run_in_threadpool(request.app.state.evidence.sky, names, at)
    return reply({"time": instants.text(at), "satellites": told})


async def identify(request: Request) -> Response:
    """``GET /api/identify/{hex}``: the beacon ID that a message or an ID in any form names, null when it names none;
    and its alerts in short, those too that are closed and long past."""
    given = "".join(request.path_params["hex"].split())[:80]
    journal: Journal = request.app.state.journal

    def look() -> tuple[str | None, list[dict[str, Any]]]:
        hex_id = beacon.decode(given).facts.get("hex_id")
        found = [journal.alert(prefix + hex_id) for prefix in views.PREFIXES] if hex_id else []
        return hex_id, [views.summary(row) for row in found if row is not None]

    try:
        hex_id, alerts = await run_in_threadpool(look)
    except HexError as error:
        return reply({"hex": given.upper(), "hex_id": None, "alerts": [], "why": str(error)})
    return reply({"hex": given.upper(), "hex_id": hex_id, "alerts": alerts, "why": ""})
