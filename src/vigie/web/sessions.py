"""Signing in and out, who one is, the own password, the audit."""

from __future__ import annotations

import functools

import anyio.to_thread
import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from vigie.errors import InputError
from vigie.web import body
from vigie.web.accounts import ROLES, Accounts, Identity
from vigie.web.api import number, problem, reply
from vigie.web.door import Door, address_of, cookie_name, identity, unknown, wait


class SignIn(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /api/session."""

    user: str
    password: str


class NewPassword(msgspec.Struct, forbid_unknown_fields=True):
    """Body of PUT /api/session/password."""

    old: str
    new: str


def _told(who: Identity) -> dict[str, object]:
    may = sorted(ROLES.get(who.role, ()))
    return {"user": who.name, "role": who.role, "may": may, "sign_in": who.how == "session", "csrf": who.csrf or None}


async def session(request: Request) -> Response:
    """``GET /api/session``: who one is, and the CSRF token of the session."""
    who: Identity | None = request.scope.get("vigie.who")
    return unknown() if who is None else reply(_told(who))


async def sign_in(request: Request) -> Response:
    """``POST /api/session``: a new session, its secret in a cookie; any older one of this browser ends."""
    door: Door = request.app.state.door
    if door.accounts is None:
        return problem(409, "sign_in", "nobody signs in here: the service listens on loopback alone")
    given = await body.read_as(request, SignIn)
    address = address_of(request.scope)
    keys = ((door.by_address, address), (door.by_name, given.user))
    if (wait_s := max(throttle.wait_s(key) for throttle, key in keys)) > 0:
        return wait(wait_s)
    for throttle, key in keys:  # counted before the answer, or many guesses at once would all be free
        throttle.failed(key)
    check = functools.partial(door.accounts.verify, given.user, given.password)
    role = await anyio.to_thread.run_sync(check, limiter=door.hashing)
    if role is None:
        await run_in_threadpool(
            door.accounts.note, given.user, address, "sign in", "wrong name or password", good=False
        )
        return problem(401, "sign_in", "the name or the password is wrong")
    for throttle, key in keys:
        throttle.succeeded(key)
    secret, who = await run_in_threadpool(_open, door.accounts, given.user, request.scope.get("vigie.who"), address)
    answer = reply(_told(who))
    secure = request.url.scheme == "https"
    answer.set_cookie(
        cookie_name(secure=secure), secret, max_age=int(door.accounts.session_s), secure=secure, httponly=True,
        samesite="lax",
    )  # fmt: skip
    return answer


def _open(accounts: Accounts, name: str, before: Identity | None, address: str) -> tuple[str, Identity]:
    if before is not None and before.how == "session":
        accounts.close_session(before)
    opened = accounts.open_session(name)
    accounts.note(name, address, "sign in")
    return opened


async def sign_out(request: Request) -> Response:
    """``DELETE /api/session``: the session ends, and with it every stream it opened."""
    door: Door = request.app.state.door
    who: Identity | None = request.scope.get("vigie.who")
    answer = reply({"user": None})
    if door.accounts is not None and who is not None and who.how == "session":
        await run_in_threadpool(door.accounts.close_session, who)
        await run_in_threadpool(door.note, request, "sign out")
        secure = request.url.scheme == "https"
        answer.delete_cookie(cookie_name(secure=secure), secure=secure, httponly=True, samesite="lax")
    return answer


async def password(request: Request) -> Response:
    """``PUT /api/session/password``: set the own password; every session of this user ends."""
    door: Door = request.app.state.door
    who = identity(request)
    if door.accounts is None or who.how != "session":
        return problem(409, "sign_in", "only who has signed in has a password to change")
    given = await body.read_as(request, NewPassword)
    if (wait_s := door.by_name.wait_s(who.name)) > 0:
        return wait(wait_s)
    check = functools.partial(door.accounts.verify, who.name, given.old)
    if await anyio.to_thread.run_sync(check, limiter=door.hashing) is None:
        door.by_name.failed(who.name)
        await run_in_threadpool(door.note, request, "password", "the old one was wrong", good=False)
        return problem(403, "sign_in", "the old password is wrong")
    try:
        change = functools.partial(door.accounts.set_password, who.name, given.new)
        await anyio.to_thread.run_sync(change, limiter=door.hashing)
    except InputError as error:
        return problem(400, "password", str(error))
    await run_in_threadpool(door.note, request, "password", "changed")
    return reply({"user": None})


async def audit(request: Request) -> Response:
    """``GET /api/audit``: what everybody did, oldest first, from ``after`` on."""
    door: Door = request.app.state.door
    after, limit = number(request, "after", 0), min(number(request, "limit", 500), 5000)
    lines = [] if door.accounts is None else await run_in_threadpool(door.accounts.audit, after, limit)
    return reply({"lines": lines})
