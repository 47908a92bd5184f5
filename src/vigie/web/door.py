"""The door: who asks, whether they must say so, and what they may do.

On loopback, with no other name and no proxy, whoever sits at the machine may do everything. Anywhere else everybody
signs in: people with a name and a password (a session, in a cookie that scripts cannot read), programs with a token.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import anyio
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from vigie.errors import ConfigError
from vigie.web.accounts import LOCAL, Accounts, Identity, Permission
from vigie.web.api import problem
from vigie.web.settings import Access, Tls
from vigie.web.throttle import Throttle

SAFE = ("GET", "HEAD", "OPTIONS")
SIGN_IN = "/api/session"
RECHECK_S = 5.0
"""an open stream is asked this often whether its session or token still holds"""
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded")


class Door:
    """Accounts and how strictly they are asked for."""

    def __init__(
        self, settings: Access | None = None, accounts: Accounts | None = None, *, required: bool = False,
        tls: Tls | None = None,
    ) -> None:  # fmt: skip
        self.settings = settings or Access()
        self.accounts, self.required, self.tls = accounts, required, tls
        if required and accounts is None:
            raise ConfigError("sign-in is asked for, but there are no accounts")
        self.by_address = Throttle()
        self.by_name = Throttle(free=20, most_s=60.0)
        """guesses at one name from anywhere: a short wait only, or a stranger could lock the duty officer out"""

    @classmethod
    def open(cls, settings: Access, tls: Tls | None, host: str) -> Door:
        """The door of a server that listens at ``host``. Raises ConfigError where that would not be safe."""
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        outside = not address.is_loopback
        required = settings.required
        if required is None:
            required = outside or bool(settings.hosts) or bool(settings.proxies)
        elif not required and (outside or settings.hosts or settings.proxies):
            raise ConfigError("access.required = false is for loopback alone, without other names and proxies")
        if tls is not None:
            tls.check()
        if outside and tls is None and not settings.proxies and not settings.insecure_http:
            raise ConfigError(
                f"--host {host}: passwords would cross the network unencrypted; give a certificate (--tls-cert FILE "
                "--tls-key FILE) or the address of the proxy that has one (--proxy ADDRESS), or, on a network that is "
                "encrypted by other means, --insecure-http"
            )
        if not required:
            return cls(settings, None, tls=tls)
        file = Path(settings.accounts or default_file())
        nobody = ConfigError(f"everybody must sign in, but {file} has no user yet: vigie users add NAME --role admin")
        if not file.exists():
            raise nobody
        hours = settings.session_hours, settings.idle_hours
        accounts = Accounts(file, session_s=hours[0] * 3600, idle_s=hours[1] * 3600)
        if accounts.empty():
            accounts.close()
            raise nobody
        return cls(settings, accounts, required=True, tls=tls)

    async def who(self, headers: Headers, address: str, *, secure: bool) -> Identity | Response | None:
        """Who asks, None when nobody knows, or the reply to somebody who gave something wrong."""
        if self.accounts is None:
            return LOCAL
        given = headers.get("authorization")
        if given is None:
            secret = cookie_parser(headers.get("cookie", "")).get(cookie_name(secure=secure))
            found = self.accounts.by_session(secret) if secret else None
            return found or (None if self.required else LOCAL)
        if (wait_s := self.by_address.wait_s(address)) > 0:
            return wait(wait_s)
        token = _token(given)
        found = self.accounts.by_token(token) if token else None
        if found is None:
            self.by_address.failed(address)
            self.accounts.note("", address, "token", "unknown token", good=False)
            return unknown("this token is not known here")
        return found

    def note(self, connection: HTTPConnection, action: str, detail: str = "", *, good: bool = True) -> None:
        """A line of the audit about what this connection does; nothing where nobody signs in."""
        if self.accounts is not None:
            self.accounts.note(identity(connection).name, address_of(connection.scope), action, detail, good=good)

    @cached_property
    def hashing(self) -> anyio.CapacityLimiter:
        """At most two passwords are hashed at once: each takes 64 MB and all processors."""
        return anyio.CapacityLimiter(2)

    def close(self) -> None:
        """Close the accounts."""
        if self.accounts is not None:
            self.accounts.close()


def default_file() -> str:
    """``accounts.sqlite`` in the user's data folder."""
    import platformdirs

    return str(platformdirs.user_data_path("vigie", appauthor=False) / "accounts.sqlite")


def cookie_name(*, secure: bool) -> str:
    """With TLS a name that no other host and no unencrypted page can set (RFC 6265bis 4.1.3.2)."""
    return "__Host-vigie" if secure else "vigie"


def _token(given: str) -> str | None:
    """The token of an Authorization header: Bearer, or Basic with the token as password (any user name)."""
    scheme, _, value = given.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2] or None
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return None
    return None


def wait(seconds: float) -> Response:
    """The reply to somebody who guessed too often."""
    whole = int(seconds) + 1
    reply = problem(429, "wait", f"too many wrong attempts: wait {whole} s")
    reply.headers["Retry-After"] = str(whole)
    return reply


def unknown(words: str = "sign in first, or send a token") -> Response:
    """The reply to somebody we do not know."""
    reply = problem(401, "sign_in", words)
    reply.headers["WWW-Authenticate"] = 'Bearer realm="vigie"'
    return reply


def address_of(scope: Scope) -> str:
    """Address of the other side, as the trusted proxies tell it."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def identity(connection: HTTPConnection) -> Identity:
    """Who asks; only behind ``permitted``, which made sure that somebody does."""
    found: Identity = connection.scope["vigie.who"]
    return found


def permitted(
    endpoint: Callable[[Any], Awaitable[Response]], permission: Permission
) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, for those who may."""

    async def guarded(request: Request) -> Response:
        who: Identity | None = request.scope.get("vigie.who")
        if who is None:
            return unknown()
        if not who.may(permission):
            request.app.state.door.note(request, "refused", f"{request.method} {request.url.path}", good=False)
            return problem(403, "role", f"the role {who.role!r} may not do this: it needs {permission!r}")
        return await endpoint(request)

    return guarded


def permitted_socket(
    endpoint: Callable[[WebSocket], Awaitable[None]], permission: Permission
) -> Callable[[WebSocket], Awaitable[None]]:
    """The WebSocket, for those who may; others get the close code 4401 (sign in) or 4403 (not this role)."""

    async def guarded(socket: WebSocket) -> None:
        who: Identity | None = socket.scope.get("vigie.who")
        if who is not None and who.may(permission):
            await endpoint(socket)
            return
        await socket.accept()
        if who is None:
            await socket.close(4401, "sign in first, or send a token")
        else:
            await socket.close(4403, f"the role {who.role!r} may not do this")

    return guarded


class Doorkeeper:
    """ASGI middleware: finds out who asks, refuses forged requests, ends streams whose session has ended."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if self._door.accounts is None and any(name in headers for name in _FORWARDED):
            refused: Identity | Response | None = problem(
                403, "proxy", "this came through a proxy, but the service was not told of one (access.proxies)"
            )
        else:
            refused = await self._door.who(headers, address_of(scope), secure=scope["scheme"] in ("https", "wss"))
        if isinstance(refused, Identity):
            who = refused
            if scope["type"] == "http" and _forged(who, scope, headers):
                reply = problem(403, "csrf", "the request does not carry the X-CSRF-Token of this session")
                await reply(scope, receive, send)
                return
            scope["vigie.who"] = who
            send = self._while_it_holds(who, scope, send)
            try:
                await self._app(scope, receive, send)
            except Exception:
                if not scope.get("vigie.ended"):  # Starlette makes several errors of a send that fails
                    raise
            return
        if refused is not None:
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": ""})  # before accept: HTTP 403
            else:
                await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _while_it_holds(self, who: Identity, scope: Scope, send: Send) -> Send:
        """A ``send`` that ends a stream soon after its session or token has been taken away."""
        accounts, checked = self._door.accounts, time.monotonic()
        if accounts is None or who.how == "local":
            return send

        async def guarded(message: Message) -> None:
            nonlocal checked
            streams = message["type"] == "websocket.send" or message.get("more_body")
            if streams and time.monotonic() - checked > RECHECK_S:
                checked = time.monotonic()
                if not accounts.holds(who):
                    scope["vigie.ended"] = True
                    if scope["type"] == "websocket":
                        await send({"type": "websocket.close", "code": 4401, "reason": "the session has ended"})
                    else:
                        await send({"type": "http.response.body", "body": b"", "more_body": False})
                    raise EndedError
            await send(message)

        return guarded


class EndedError(OSError):
    """The session of a stream has ended; Starlette takes an OSError of send for a client that left."""


def _forged(who: Identity, scope: Scope, headers: Headers) -> bool:
    """Whether a page of another site may have sent this with our user's cookie.

    Signing in needs the password, no cookie; the page that does it does not know of an older session.
    """
    if who.how != "session" or scope["method"] in SAFE or (scope["method"], scope["path"]) == ("POST", SIGN_IN):
        return False
    return not hmac.compare_digest(headers.get("x-csrf-token", "").encode(), who.csrf.encode())
