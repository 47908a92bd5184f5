"""The picture as it was at a moment of the past: what stood in the journal then, and nothing that came later."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vigie import instants
from vigie.links.lately import Lately
from vigie.web import views
from vigie.web.api import reply
from vigie.web.live import now

if TYPE_CHECKING:
    from vigie.store.journal import Journal


async def history(request: Request) -> Response:
    """``GET /api/history?at=``: the alerts in short as they stood on disk then; without it, how far back one can go."""
    journal: Journal = request.app.state.journal
    given = request.query_params.get("at")
    moment = None if given is None else f"{instants.parse(given).astype('datetime64[ms]')}Z"

    def look() -> dict[str, Any]:
        begun = journal.written_at(1)
        span = {"first": begun[1] if begun else None, "now": now()}
        if moment is None:
            return {**span, "at": None, "seq": journal.last_seq(), "alerts": []}
        seq = journal.last_written(moment)
        rows, lately = journal.alerts_at(seq), Lately()
        for row in rows:
            lately.reached(row.body)
        alerts = [views.summary(row) for row in rows if not lately.past(row.body)]
        return {**span, "at": moment, "seq": seq, "alerts": alerts}

    return reply(await run_in_threadpool(look))
