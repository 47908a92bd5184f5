"""What a duty officer decides about an alert: journalled like all that the alert book learns from, and audited."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vigie.records import Order
from vigie.store.journal import Journal, Row
from vigie.web import body as bodies
from vigie.web import views
from vigie.web.api import find_alert, problem, reply
from vigie.web.door import identity

Take = Callable[[Order], int]
"""takes an order into the stream; returns when it is on disk, with the last row that came of it"""


class NewOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What is ordered."""

    what: Literal["close", "add", "remove", "resend"]
    """close the site; add a destination, or take one off; send the last message once more"""
    to: str = ""
    """the destination meant; resend: empty means all"""


async def give(request: Request) -> Response:
    """``POST /api/alerts/{id}/orders``: answers when the order is on disk."""
    asked: NewOrder = await bodies.read_as(request, NewOrder)
    to = " ".join(asked.to.split()).upper()
    if asked.what in ("add", "remove") and not to:
        return problem(400, "input", f"to: whom is it to {asked.what}?")
    if not re.fullmatch(r"[A-Z0-9 ()./_-]{0,40}", to):
        return problem(400, "input", f"to: {asked.to[:60]!r} is no name of a destination")
    who, state = identity(request), request.app.state
    wanted: str = request.path_params["id"]

    def take() -> tuple[int, Row] | None:
        journal: Journal = state.journal
        row = find_alert(journal, wanted)
        if row is None:
            return None
        alert = str(row.body["id"])
        now = np.datetime64(time.time_ns(), "ns")
        seq: int = state.order(Order(now, alert, asked.what, "" if asked.what == "close" else to, who.name))
        return seq, journal.alert(alert) or row

    done = await run_in_threadpool(take)
    if done is None:
        return problem(404, "unknown", f"there is no alert {wanted!r}")
    seq, row = done
    state.door.note(request, "order", f"{asked.what} {to}".strip() + f" {row.body['id']}, row {seq}")
    return reply({"seq": seq, "alert": views.alert(row)})
