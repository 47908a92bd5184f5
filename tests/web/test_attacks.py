"""Attacks beside those of ``test_access.py``, over a real server: smuggling, splitting, methods, redirects, bombs."""

from __future__ import annotations

import gzip
import json
import socket

import httpx
import pytest
import web_traffic as traffic
from web_signed import bearer, sign_in
from web_station import Station
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from vigie.web.accounts import Accounts

pytestmark = pytest.mark.usefixtures("quick_hashes")


def raw(port: int, request: bytes) -> bytes:
    """What comes back for these bytes, until the server hangs up or is silent for a second."""
    said = b""
    with socket.create_connection(("127.0.0.1", port), 10) as open_socket:
        open_socket.sendall(request)
        open_socket.settimeout(1.0)
        try:
            while part := open_socket.recv(65536):
                said += part
        except OSError:
            pass
    return said


@pytest.mark.parametrize(
    "heads",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\nContent-Length: 50\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding:\x0bchunked\r\nContent-Length: 40\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -5\r\n",
    ],
)
def test_a_smuggled_request_is_not_answered(guarded: Station, heads: bytes) -> None:
    """Two readings of where a body ends: the second request inside must never be taken for one."""
    inner = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Inner: 1\r\n\r\n"
    said = raw(guarded.port, b"POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\n" + heads + b"\r\n0\r\n\r\n" + inner)
    assert b" 200 " not in said
    assert said.count(b"HTTP/1.1") <= 1


@pytest.mark.parametrize(
    "path", ["/api/alerts/%0d%0aSet-Cookie:%20a=b", "/%0d%0aX-Mine:%201", "/?next=%0d%0aX-Mine: 1"]
)
def test_no_header_can_be_put_into_a_reply(guarded: Station, path: str) -> None:
    said = raw(guarded.port, f"GET {path.replace(' ', '%20')} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = said.partition(b"\r\n\r\n")[0].lower()
    assert head.startswith(b"http/1.1")
    assert b"\nx-mine:" not in head
    assert b"\nset-cookie: a=b" not in head


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "OPTIONS"])
def test_other_methods_do_nothing(client: httpx.Client, method: str) -> None:
    token = sign_in(client)["csrf"]
    before = client.get("/api/alerts").json()
    reply = client.request(method, "/api/alerts", headers={"X-CSRF-Token": token, "X-HTTP-Method-Override": "POST"})
    assert reply.status_code in (400, 404, 405)
    assert "access-control-allow-origin" not in reply.headers
    assert client.get("/api/alerts").json() == before


def test_no_other_site_is_allowed_to_read(client: httpx.Client) -> None:
    """CORS: neither a plain request nor a preflight is told that another origin may."""
    for method in ("GET", "OPTIONS"):
        reply = client.request(method, "/healthz", headers={
            "Origin": "https://evil.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-csrf-token"})  # fmt: skip
        assert not [name for name in reply.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("where", ["//evil.example/", "https://evil.example/", "/\\evil.example", "%2f%2fevil.example"])
def test_it_redirects_to_no_other_site(client: httpx.Client, where: str) -> None:
    for path in (f"/?next={where}", f"/signin.html?next={where}", f"/{where}"):
        reply = httpx.get(f"{client.base_url}".rstrip("/") + path, follow_redirects=False)
        assert "evil" not in reply.headers.get("location", "")


def test_more_than_was_asked_for_is_not_taken(client: httpx.Client, accounts: Accounts) -> None:
    """Mass assignment: a role in the sign-in, a name in an order."""
    body = {"user": "vera", "password": "correct horse battery view", "role": "admin", "permissions": ["manage"]}
    reply = client.post("/api/session", json=body)
    if reply.status_code == 200:
        assert reply.json()["role"] == "view"
    else:
        assert reply.status_code == 400
    assert client.get("/api/audit").status_code in (401, 403)


def test_a_bomb_of_a_body_stays_small(client: httpx.Client, accounts: Accounts) -> None:
    """Packed bodies are not unpacked, and numbers of a million digits are refused, fast."""
    head = bearer(accounts.add_token("albany", "station"))
    packed = gzip.compress(b" " * 50_000_000)
    reply = client.post("/api/detections", content=packed, headers={**head, "Content-Encoding": "gzip"})
    assert 400 <= reply.status_code < 500
    for line in (
        '{"hex": %s}' % ("9" * 200_000),
        '{"cn0_dbhz": 1e%s}' % ("9" * 50_000),
        '{"a":' * 5000 + "1" + "}" * 5000,
    ):
        assert client.post("/api/detections", content=line, headers=head).status_code in (200, 400)
    assert client.get("/healthz").json()["status"] == "ok"


def test_many_parameters_cookies_and_ranges_cost_nothing(client: httpx.Client) -> None:
    sign_in(client)
    assert client.get("/api/alerts?" + "&".join(f"p{n}=1" for n in range(2000))).status_code in (200, 400, 414, 431)
    crumbs = "; ".join(f"c{n}={n}" for n in range(1500))
    assert httpx.get(str(client.base_url.join("/api/alerts")), headers={"Cookie": crumbs}).status_code in (
        400,
        401,
        431,
    )
    many = "bytes=" + ",".join(f"{n}-{n + 1}" for n in range(0, 4000, 3))
    reply = client.get("/", headers={"Range": many})
    assert reply.status_code in (200, 206, 400, 416)
    assert len(reply.content) < 1_000_000


@pytest.mark.parametrize("name", ["vera\x00", "VERA ", "ve\u200bra", "v\u0435ra", "", "a" * 5000, "vera\nadmin"])
def test_a_name_that_looks_like_another_is_not_it(client: httpx.Client, accounts: Accounts, name: str) -> None:
    reply = client.post("/api/session", json={"user": name, "password": "correct horse battery view"})
    assert reply.status_code in (400, 401, 413)
    for row in accounts.audit():
        assert "\n" not in json.dumps(row, default=str)  # one line of the printed audit stays one


def test_what_a_beacon_or_a_station_says_is_data_in_every_form(station: Station) -> None:
    """Markup and formulas in a source's name come out as text in JSON, GeoJSON and KML."""
    nasty = "=cmd()|<script>alert(1)</script>]]>&x;"
    station.post([traffic.burst(traffic.PLB, source=nasty)])
    with httpx.Client(base_url=station.url) as client:
        for path in ("/api/alerts.kml", "/api/alerts.geojson", "/api/alerts", "/metrics"):
            reply = client.get(path)
            assert reply.status_code == 200
            kind = reply.headers["content-type"]
            assert "html" not in kind
            assert reply.headers["x-content-type-options"] == "nosniff"
            if "xml" in kind:
                assert "<script>" not in reply.text


def test_a_console_can_send_nothing_that_hurts(station: Station) -> None:
    """The WebSocket is for listening: what is sent there, of any size, changes nothing and stops nobody."""
    with connect(f"ws{station.url.removeprefix('http')}/ws", max_size=None) as talking:
        talking.recv(timeout=10)
        try:
            talking.send("x" * 5_000_000)
            for _ in range(200):
                talking.send('{"after": -1, "what": "close"}')
        except ConnectionClosed:
            pass
    with connect(f"ws{station.url.removeprefix('http')}/ws", max_size=None) as other:
        assert other.recv(timeout=10)
    assert httpx.get(f"{station.url}/healthz").json()["status"] == "ok"
