"""Bodies of requests, read with patience for slow links and none for slow attackers."""

from __future__ import annotations

import time
from typing import Any

import anyio
import msgspec
from starlette.requests import ClientDisconnect, Request

from vigie.errors import InputError

GRACE_S = 15.0
"""a body may take this long, and one second more for each SLOWEST_BYTES that have come"""
SLOWEST_BYTES = 1000


class BodyError(InputError):
    """A body that is not taken, with the status of the reply."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind = status, kind


async def read(request: Request, limit: int, *, grace_s: float | None = None) -> bytes:
    """The whole body. Raises BodyError when it is longer than ``limit``, comes too slowly or breaks off."""
    body, began = bytearray(), time.monotonic()
    grace_s = GRACE_S if grace_s is None else grace_s
    chunks = request.stream()
    try:
        while True:
            left_s = began + grace_s + len(body) / SLOWEST_BYTES - time.monotonic()
            with anyio.fail_after(max(left_s, 0.0)):
                chunk = await anext(chunks, None)
            if chunk is None:
                return bytes(body)
            body += chunk
            if len(body) > limit:
                raise BodyError(413, "size", f"the body is longer than {limit} bytes: send it in parts")
    except TimeoutError:
        raise BodyError(
            408, "slow", "the body came too slowly, and nothing of it was taken: send it in parts"
        ) from None
    except ClientDisconnect:
        raise BodyError(400, "input", "the sender left before the end of the body") from None


async def read_as(request: Request, shape: type[Any], limit: int = 10_000) -> Any:
    """The body as a Struct, from JSON alone: a form of another site cannot send that type. Raises BodyError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise BodyError(415, "type", "the body must be application/json")
    try:
        return msgspec.json.decode(await read(request, limit), type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(400, "json", f"the body is not what it should be: {error}") from None
