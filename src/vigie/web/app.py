"""The web application: the console's page, the JSON interface and the live stream, all of it read from the journal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from vigie.errors import InputError, StoreError
from vigie.links.receipts import Receipts
from vigie.records import Order
from vigie.web import api, link, live
from vigie.web.board import Board
from vigie.web.body import BodyError
from vigie.web.door import Door, Doorkeeper, permitted_socket
from vigie.web.dossiers import Dossiers
from vigie.web.evidence import Evidence, Nothing
from vigie.web.files import Files
from vigie.web.guard import Guard, set_headers
from vigie.web.hub import Hub
from vigie.web.intake import IngestAll, Intake, one_by_one
from vigie.web.operations import routes
from vigie.web.orders import Take

if TYPE_CHECKING:
    from vigie.store.journal import Journal

_log = logging.getLogger(__name__)


def create_app(
    journal: Journal,
    hub: Hub,
    ingest: api.Ingest,
    *,
    health: Callable[[], dict[str, Any]] | None = None,
    hosts: Collection[str] = (),
    body_bytes: int = api.BODY_BYTES,
    door: Door | None = None,
    receipts: Receipts | None = None,
    order: Take | None = None,
    ingest_all: IngestAll | None = None,
    evidence: Evidence | None = None,
) -> Starlette:
    """The application over an open journal.

    ``hub``: whoever appends to the journal publishes the rows there. ``ingest``: takes posted detections, see
    ``api.Ingest``. ``health``: more keys for ``/healthz``, such as the state of the sources. ``hosts``: names besides
    the loopback ones under which the service may be reached. ``body_bytes``: the largest body of a POST. ``door``: who
    may come in; without one everybody who reaches it, so it must be on loopback.
    ``receipts``: what stations have delivered; without it, it is forgotten at the end. ``order``: takes what a duty
    officer decides. ``ingest_all``: takes several posts at once, in place of one after the other. ``evidence``: what
    stands beside the journal, such as samples and orbits.
    """
    files, door = Files(), door or Door()
    app = Starlette(
        routes=[
            Route("/", files.page),
            *routes(),
            WebSocketRoute("/ws", permitted_socket(live.websocket, "read")),
            WebSocketRoute("/api/link", permitted_socket(link.websocket, "deliver")),
            Route("/{name}", files.serve),
        ],
        middleware=[Middleware(Guard, hosts={*hosts, *door.settings.hosts}), Middleware(Doorkeeper, door=door)],
        exception_handlers={
            BodyError: _body,
            HTTPException: _refused,
            InputError: _wrong,
            StoreError: _store,
            Exception: _failed,
        },
    )
    app.state.journal, app.state.hub, app.state.ingest, app.state.board = journal, hub, ingest, Board(journal)
    app.state.health, app.state.body_bytes, app.state.door = health, body_bytes, door
    app.state.receipts = receipts or Receipts(":memory:")
    app.state.order = order or _no_orders
    app.state.dossiers = Dossiers(journal)
    app.state.intake = Intake(ingest_all or one_by_one(ingest))
    app.state.texts = live.Texts()
    app.state.evidence = evidence or Nothing()
    return app


def _no_orders(order: Order) -> int:
    raise InputError("this service takes no orders")


async def _refused(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 400
    words = {
        404: ("unknown", f"there is nothing at {request.url.path!r}"),
        405: ("method", f"{request.method} is not possible at {request.url.path!r}"),
    }
    return api.problem(status, *words.get(status, ("request", "the request cannot be answered")))


async def _body(request: Request, error: Exception) -> Response:
    return api.problem(getattr(error, "status", 400), getattr(error, "kind", "input"), str(error))


async def _wrong(request: Request, error: Exception) -> Response:
    return api.problem(400, getattr(error, "kind", "input"), str(error))


async def _store(request: Request, error: Exception) -> Response:
    _log.error("%s %s: %s", request.method, request.url.path, error)
    return api.problem(503, "store", str(error))


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    response = api.problem(500, "internal", "the service failed to answer: its log says why")
    set_headers(response.headers, "")  # this answer is made outside the guard
    return response
