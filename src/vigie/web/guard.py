"""Who may talk to the server, and what a page of ours may load.

A page of another site must not reach the service through the browser of a duty officer: not by a name that is made to
point here (the Host is checked), and not by a form or a WebSocket of its own (the Origin is checked). Who may come in
at all is the business of ``door``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vigie.web.api import problem

_SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """ASGI middleware: refuses foreign hosts and origins, and sets the security headers of every reply."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        """``hosts``: names, without port, that are ours besides the loopback ones and the address we listen at."""
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        why = self._refusal(scope, headers, host)
        twice = "transfer-encoding" in headers and "content-length" in headers
        if scope["type"] == "websocket":
            if why:
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": why[:120]})
            else:
                await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                set_headers(MutableHeaders(scope=message), "" if why else host, secure=scope["scheme"] == "https")
                if twice:
                    MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        if twice:  # a proxy may have read its end elsewhere, and taken for a body what follows (RFC 9112 6.3)
            await problem(400, "request", "a body has one length")(scope, receive, guarded)
        elif why:
            await problem(403, "forbidden", why)(scope, receive, guarded)
        else:
            await self._app(scope, receive, guarded)

    def _refusal(self, scope: Scope, headers: Headers, host: str) -> str:
        if not self._ours(host, scope):
            return "this service answers only under the name or address of its own machine"
        if scope["type"] == "http" and scope["method"] in _SAFE:
            return ""
        if headers.get("sec-fetch-site") == "cross-site":
            return "a page of another site may not use this service"
        origin = headers.get("origin")
        if origin is not None:
            parts = urlsplit(origin)
            if parts.scheme not in ("http", "https") or parts.netloc.lower() != host.lower():
                return "a page of another site may not use this service"
        return ""

    def _ours(self, host: str, scope: Scope) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, _ = parts.hostname or "", parts.port
        except ValueError:
            return False
        if parts.path or parts.query or parts.fragment or parts.username is not None:
            return False
        if name == "localhost" or name in self._hosts:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        server = scope.get("server")
        return address.is_loopback or (server is not None and str(address) == server[0])


def set_headers(headers: MutableHeaders, host: str, *, secure: bool = False) -> None:
    """The page loads from its own server alone, runs in no frame, and tells nobody where it came from."""
    socket = f" ws://{host} wss://{host}" if host else ""
    headers["Content-Security-Policy"] = (
        f"default-src 'self'; connect-src 'self'{socket}; object-src 'none'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["X-Frame-Options"] = "DENY"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
