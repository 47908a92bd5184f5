"""The picture as it was at a moment of the past: what stood in the journal then, and nothing that came later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vigie import instants
from vigie.web import views
from vigie.web.api import reply
from vigie.web.live import now

if TYPE_CHECKING:
    from vigie.store.journal import Journal


async def history(request: Request) -> Response:
    """``GET /api/history?at=``: every alert in short as it stood on disk then; without it, how far back one can go."""
    journal: Journal = request.app.state.journal
    given = request.query_params.get("at")
    moment = None if given is None else f"{instants.parse(given).astype('datetime64[ms]')}Z"

    def look() -> dict[str, Any]:
        begun = journal.written_at(1)
        span = {"first": begun[1] if begun else None, "now": now()}
        if moment is None:
            return {**span, "at": None, "seq": journal.last_seq(), "alerts": []}
        seq = journal.last_written(moment)
        alerts = [views.summary(row) for row in journal.alerts_at(seq)]
        return {**span, "at": moment, "seq": seq, "alerts": alerts}

    return reply(await run_in_threadpool(look))
