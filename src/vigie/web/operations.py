"""Every address of the service, a row each: who may use it, what it takes and gives. Routes and OpenAPI come of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vigie.web import api, deliveries, evidence, feeds, history, live, openapi, orders, sessions, shapes
from vigie.web.accounts import Permission
from vigie.web.door import permitted

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    endpoint: Endpoint
    permission: Permission | None
    """who may; None: everybody, signed in or not"""
    summary: str
    reply: Any = None
    """shape of the reply: a type, or the name of its media type"""
    body: Any = None
    """shape of the body: a type, or the name of its media type"""
    query: tuple[tuple[str, Any, str], ...] = ()
    """name, type and meaning of each query parameter"""
    media: str = "application/json"
    """media type of a reply whose shape is a type"""
    errors: tuple[int, ...] = ()
    """statuses of replies in words, besides 400, 401, 403 and 503"""


_AFTER = ("after", int, "rows with a greater seq only")
_LIMIT = ("limit", int, "at most so many")
_EXERCISE = ("exercise", bool, "exercise alerts as well (they are marked)")
OPERATIONS = (
    Operation("GET", "/healthz", api.health, None, "How the service fares; who may not read gets the status alone",
              shapes.Health),
    Operation("GET", "/metrics", feeds.metrics, "read", "Counters for Prometheus", "text/plain"),
    Operation("GET", "/api/openapi.json", openapi.endpoint, "read", "This description", dict[str, Any]),
    Operation("GET", "/api/session", sessions.session, None, "Who one is", shapes.Session),
    Operation("POST", "/api/session", sessions.sign_in, None, "Sign in", shapes.Session, body=sessions.SignIn,
              errors=(408, 409, 413, 415, 429)),
    Operation("DELETE", "/api/session", sessions.sign_out, None, "Sign out", shapes.SignedOut),
    Operation("PUT", "/api/session/password", sessions.password, "read", "Set the own password", shapes.SignedOut,
              body=sessions.NewPassword, errors=(408, 409, 413, 415, 429)),
    Operation("GET", "/api/audit", sessions.audit, "manage", "What everybody did", shapes.Audit,
              query=(_AFTER, _LIMIT)),
    Operation("GET", "/api/alerts", api.alerts, "read", "All alerts, the last changed first", shapes.Alerts,
              query=(("view", Literal["full", "list"], "list: without the fields of the messages"),)),
    Operation("GET", "/api/alerts.geojson", feeds.geojson, "read", "All positions as GeoJSON", shapes.Collection,
              query=(_EXERCISE,), media="application/geo+json"),
    Operation("GET", "/api/alerts.kml", feeds.kml, "read", "All positions as KML",
              "application/vnd.google-earth.kml+xml", query=(_EXERCISE,)),
    Operation("GET", "/api/network.kml", feeds.network, "read", "A KML network link that reads alerts.kml again",
              "application/vnd.google-earth.kml+xml",
              query=(("seconds", int, "from one reading to the next, 2 to 3600"), _EXERCISE)),
    Operation("GET", "/api/alerts/{id}/curve", evidence.curve, "read",
              "The Doppler curve of a position, both sides, and what is left; or why there is none", dict[str, Any],
              query=(("end", str, "the end of the position, as the alert states it"),
                     ("method", str, "its method, where several end there")), errors=(404,)),
    Operation("GET", "/api/alerts/{id}", api.alert, "read", "One alert with its bursts and its time line",
              dict[str, Any], query=(_LIMIT, ("upto", int, "as it stood when this was the last row")), errors=(404,)),
    Operation("GET", "/api/bursts/{seq}", evidence.burst, "read",
              "Spectrogram, phase and constellation of a burst from its samples; or why there are none",
              shapes.Picture, errors=(404,)),
    Operation("GET", "/api/bursts/{seq}/samples", evidence.samples, "read", "The samples of a burst, a SigMF archive",
              "application/octet-stream", errors=(404,)),
    Operation("GET", "/api/register/{hex_id}", evidence.register, "read", "A beacon in the register",
              shapes.Registered),
    Operation("GET", "/api/identify/{hex}", evidence.identify, "read",
              "The beacon ID that a message, or an ID of any form, names", shapes.Identified),
    Operation("GET", "/api/areas", evidence.areas, "read", "Service areas and their buffers", shapes.Collection,
              media="application/geo+json"),
    Operation("GET", "/api/sky", evidence.sky, "read", "Where satellites stood and how far they saw", shapes.Sky,
              query=(("satellites", str, "names, with commas between, at most 64"), ("time", str, "ISO 8601; now"))),
    Operation("GET", "/api/history", history.history, "read", "The alerts as they stood at a moment of the past",
              shapes.Past, query=(("at", str, "ISO 8601; without it, how far back one can go"),)),
    Operation("POST", "/api/alerts/{id}/orders", orders.give, "act",
              "What a duty officer decides: close, add or remove a destination, resend; answers when on disk",
              shapes.Ordered, body=orders.NewOrder, errors=(404, 408, 413, 415)),
    Operation("GET", "/api/beacons/{hex_id}", api.beacon, "read", "All that is known of a beacon", dict[str, Any],
              query=(_LIMIT,), errors=(404,)),
    Operation("GET", "/api/events", live.events, "read", "The journal as server-sent events", "text/event-stream",
              query=(_AFTER,)),
    Operation("POST", "/api/detections", deliveries.detections, "deliver",
              "Detections as JSON lines; answers when on disk", shapes.Accepted, body="application/x-ndjson",
              errors=(408, 413)),
)  # fmt: skip
FREE = ("id", "hex_id", "hex")
"""path parameters that may hold anything, slashes too"""


def routes() -> list[Route]:
    """The routes of all operations."""
    made = []
    for operation in OPERATIONS:
        path = operation.path
        for name in FREE:
            path = path.replace(f"{{{name}}}", f"{{{name}:path}}")
        endpoint = operation.endpoint
        if operation.permission is not None:
            endpoint = permitted(endpoint, operation.permission)
        made.append(Route(path, endpoint, methods=[operation.method]))
    return made
