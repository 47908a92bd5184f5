"""How the HTTP server is run: TLS, trusted proxies, and no patience for connections that say nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from vigie.web.door import Door

HEAD_S = 15.0
"""the head of a request must be there so soon after its first byte, or after the connection was made"""
HEAD_BYTES = 32_768
CONNECTIONS = 1000
"""open connections, live streams included; further ones get 503 at once"""
MESSAGE_BYTES = 8_000_000
"""the largest WebSocket message that is read"""


class Impatient(H11Protocol):
    """uvicorn's protocol, which closes a connection whose request head never ends."""

    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._patience = self.loop.call_later(HEAD_S, self._look)

    def _look(self) -> None:
        self._patience = None
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        begun = cycle is None or bool(self.conn.trailing_data[0])
        if self.conn.their_state is h11.IDLE and begun and (cycle is None or cycle.response_complete):
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        waits = self.conn.their_state is h11.IDLE
        if waits and self._patience is None and self.conn.trailing_data[0]:
            self._patience = self.loop.call_later(HEAD_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)


def options(door: Door) -> dict[str, Any]:
    """Options of ``uvicorn.Config`` for a service behind this door."""
    proxies = list(door.settings.proxies)
    made: dict[str, Any] = {
        "log_config": None,
        "access_log": False,
        "lifespan": "off",
        "timeout_graceful_shutdown": 1,  # without a limit uvicorn waits for every open WebSocket, that is for ever
        "server_header": False,
        "http": Impatient,
        "h11_max_incomplete_event_size": HEAD_BYTES,
        "limit_concurrency": CONNECTIONS,
        "ws_max_size": MESSAGE_BYTES,
        "ws_per_message_deflate": False,  # of each row for each console: with many open it is most of the work
        "proxy_headers": bool(proxies),  # else anybody could say that he comes from somewhere else
        "forwarded_allow_ips": proxies,
    }
    if door.tls is not None:
        made |= {"ssl_certfile": door.tls.certificate, "ssl_keyfile": door.tls.key}
    return made
