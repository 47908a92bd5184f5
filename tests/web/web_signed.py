"""Signing in, for the tests of who may come in."""

from __future__ import annotations

from typing import Any

import httpx

SECRET = "correct horse battery"


def sign_in(client: httpx.Client, name: str = "vera", role: str = "view") -> dict[str, Any]:
    reply = client.post("/api/session", json={"user": name, "password": f"{SECRET} {role}"})
    assert reply.status_code == 200, reply.text
    told: dict[str, Any] = reply.json()
    return told


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
