"""Who may come in, over a real server: signing in, roles, tokens, and the attacks that a service on a network meets."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import web_traffic as traffic
from click.testing import CliRunner
from web_signed import SECRET, bearer, sign_in
from web_station import Station
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from vigie.cli import users as users_cli
from vigie.errors import ConfigError, InputError
from vigie.store.journal import Journal
from vigie.web import accounts as accounts_module
from vigie.web import body, door, server
from vigie.web.accounts import Accounts, hash_password
from vigie.web.door import Door
from vigie.web.settings import Access, Tls
from vigie.web.throttle import FORGET_S, Throttle

pytestmark = pytest.mark.usefixtures("quick_hashes")


def drain(open_socket: Any) -> None:
    while True:
        open_socket.recv(timeout=5)


def one(text: str = traffic.PLB) -> str:
    return json.dumps(traffic.burst(text))


READING = ["/api/alerts", "/api/alerts/X", "/api/beacons/123", "/api/events", "/api/openapi.json", "/metrics",
           "/api/alerts.geojson", "/api/alerts.kml", "/api/network.kml", "/api/audit"]  # fmt: skip


def test_nobody_reads_or_acts_without_signing_in(client: httpx.Client, guarded: Station) -> None:
    for path in READING:
        reply = client.get(path)
        assert reply.status_code == 401, path
        assert reply.json()["error"]["kind"] == "sign_in"
        assert reply.headers["www-authenticate"].startswith("Bearer")
    assert client.post("/api/detections", content=one()).status_code == 401
    assert Journal.open(str(guarded.file), read_only=True).last_seq() == 0
    assert client.get("/").headers["location"] == "/signin.html"
    assert client.get("/signin.html").status_code == 200
    with connect(guarded.url.replace("http", "ws") + "/ws") as socket_, pytest.raises(ConnectionClosed) as closed:
        socket_.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


def test_a_stranger_learns_only_whether_it_lives(client: httpx.Client) -> None:
    assert set(client.get("/healthz").json()) == {"status", "time"}
    sign_in(client)
    assert "version" in client.get("/healthz").json()


def test_each_role_does_what_it_may_and_no_more(client: httpx.Client, accounts: Accounts) -> None:
    for name, role, audit in (("vera", "view", 403), ("dora", "duty", 403), ("ada", "admin", 200)):
        csrf = sign_in(client, name, role)["csrf"]
        assert client.get("/api/alerts").status_code == 200
        assert client.get("/api/audit").status_code == audit
        posted = client.post("/api/detections", content=one(), headers={"X-CSRF-Token": csrf})
        assert posted.status_code == (200 if role == "admin" else 403)
    token = accounts.add_token("albany", "station")
    client.cookies.clear()
    assert client.get("/api/alerts", headers=bearer(token)).status_code == 403
    assert client.post("/api/detections", content=one(), headers=bearer(token)).status_code == 200


def test_the_duty_officer_gives_orders_and_the_audit_names_them(client: httpx.Client, guarded: Station) -> None:
    csrf = sign_in(client, "ada", "admin")["csrf"]
    client.post("/api/detections", content=one(), headers={"X-CSRF-Token": csrf})
    alert = client.get("/api/alerts").json()["alerts"][0]["id"]
    for name, role, status in (("vera", "view", 403), ("dora", "duty", 200)):
        csrf = sign_in(client, name, role)["csrf"]
        order = {"what": "close"}
        reply = client.post(f"/api/alerts/{alert}/orders", json=order, headers={"X-CSRF-Token": csrf})
        assert reply.status_code == status
    assert client.post(f"/api/alerts/{alert}/orders", json=order).status_code == 403  # of another site
    sign_in(client, "ada", "admin")
    lines = client.get("/api/audit").json()["lines"]
    (line,) = [line for line in lines if line["action"] == "order"]
    assert (line["who"], line["good"]) == ("dora", True)
    assert line["detail"].startswith(f"close {alert}, row ")
    (row,) = Journal.open(str(guarded.file), read_only=True).rows(kinds=("order",))
    assert (row.body["what"], row.body["by"]) == ("close", "dora")


def test_a_session_cookie_is_out_of_reach_of_scripts_and_other_sites(client: httpx.Client) -> None:
    reply = client.post("/api/session", json={"user": "vera", "password": f"{SECRET} view"})
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert "domain" not in cookie


def test_signing_out_ends_the_session_and_its_streams(
    client: httpx.Client, guarded: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "RECHECK_S", 0.0)
    csrf = sign_in(client)["csrf"]
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    with connect(guarded.url.replace("http", "ws") + "/ws", additional_headers={"Cookie": cookie}) as open_socket:
        assert json.loads(open_socket.recv(timeout=5))["type"] == "hello"
        open_socket.recv(timeout=5)
        assert client.delete("/api/session", headers={"X-CSRF-Token": csrf}).status_code == 200
        guarded.feed([])
        from vigie.sim.detections import PLB, detection

        guarded.feed([detection(PLB)])
        with pytest.raises(ConnectionClosed):
            drain(open_socket)
    assert client.get("/api/alerts", headers={"Cookie": cookie}).status_code == 401


def test_a_stream_of_events_ends_with_the_token(
    guarded: Station, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vigie.sim.detections import PLB, detection

    monkeypatch.setattr(door, "RECHECK_S", 0.0)
    token = accounts.add_token("reader", "view")
    with httpx.stream("GET", f"{guarded.url}/api/events", headers=bearer(token), timeout=20) as reply:
        text = reply.iter_text()
        assert "retry" in next(text)
        accounts.remove(next(user["id"] for user in accounts.users() if user["name"] == "reader"))
        guarded.feed([detection(PLB)])
        assert "event" not in "".join(text)  # it ends


def test_a_session_ends_after_its_time_and_when_it_is_idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Accounts(tmp_path / "a.sqlite", session_s=100, idle_s=20)
    made.add_user("vera", "view", SECRET)
    clock = [1_000_000.0]
    monkeypatch.setattr(accounts_module.time, "time", lambda: clock[0])
    monkeypatch.setattr(accounts_module, "SEEN_EVERY_S", 1.0)
    secret, who = made.open_session("vera")
    for _ in range(6):
        clock[0] += 15
        assert made.by_session(secret) is not None
    clock[0] += 15
    assert made.by_session(secret) is None
    secret, who = made.open_session("vera")
    clock[0] += 21
    assert not made.holds(who)
    made.close()


def test_a_new_password_ends_all_sessions_of_the_user(client: httpx.Client) -> None:
    headers = {"X-CSRF-Token": sign_in(client)["csrf"]}
    words = {"old": "wrong", "new": "another good password"}
    assert client.put("/api/session/password", json=words, headers=headers).status_code == 403
    short = {"old": f"{SECRET} view", "new": "short"}
    assert client.put("/api/session/password", json=short, headers=headers).status_code == 400
    words["old"] = f"{SECRET} view"
    assert client.put("/api/session/password", json=words, headers=headers).status_code == 200
    assert client.get("/api/alerts").status_code == 401


def test_every_action_is_audited_and_the_audit_cannot_be_changed(client: httpx.Client, accounts: Accounts) -> None:
    client.post("/api/session", json={"user": "mallory\n{}", "password": "guess"})
    csrf = sign_in(client, "ada", "admin")["csrf"]
    client.post("/api/detections", content=one(), headers={"X-CSRF-Token": csrf})
    lines = client.get("/api/audit").json()["lines"]
    told = [(line["who"], line["action"], line["good"]) for line in lines]
    assert told == [("mallory\ufffd{}", "sign in", False), ("ada", "sign in", True), ("ada", "deliver", True)]
    assert lines[2]["detail"].startswith("1 detections up to row")
    with sqlite3.connect(accounts.file) as db:
        for statement in ("DELETE FROM audit", "UPDATE audit SET who = 'x'"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                db.execute(statement)
    db.close()


def test_nothing_in_the_file_opens_a_door(client: httpx.Client, accounts: Accounts) -> None:
    token = accounts.add_token("albany", "station")
    sign_in(client)
    kept = b"".join(path.read_bytes() for path in accounts.file.parent.glob("accounts.sqlite*"))
    for secret in (token, SECRET, next(iter(client.cookies.values()))):
        assert str(secret).encode() not in kept
    assert b"$argon2id$" in kept
    assert accounts.file.stat().st_mode & 0o077 == 0


# attacks


def test_injection_finds_no_way_in(client: httpx.Client, guarded: Station) -> None:
    tricks = ["' OR '1'='1", "vera'--", 'vera" OR ""="', "vera\x00", "$(id)", "*)(uid=*", "vera; DROP TABLE users"]
    for trick in tricks:
        reply = client.post("/api/session", json={"user": trick, "password": trick})
        assert reply.status_code in (401, 429)
    guarded.door.by_address.succeeded("127.0.0.1")
    sign_in(client)
    for trick in tricks:
        path = trick.replace("\x00", "%00")
        assert client.get(f"/api/alerts/{path}").status_code == 404
        assert client.get(f"/api/beacons/{path}").status_code == 404
        assert client.get("/api/alerts", params={"view": trick}).status_code == 400
        assert client.get("/api/events", params={"after": trick}).status_code == 400
    assert len(guarded.door.accounts.users()) == 3  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "path",
    ["/../../etc/passwd", "/..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/static/../../accounts.sqlite",
     "/....//....//etc/passwd", "/%00", "/signin.html%00.js", "//etc/passwd", "/file:///etc/passwd", "/..\\..\\x"],
)  # fmt: skip
def test_traversal_reaches_no_file(guarded: Station, path: str) -> None:
    with socket.create_connection(("127.0.0.1", guarded.port), 10) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.split()[1] in (b"404", b"400", b"401", b"403")
    assert b"root:" not in answer


def test_session_fixation_fails_the_server_alone_names_sessions(client: httpx.Client) -> None:
    planted = "attacker-chose-this-one"
    login = {"user": "vera", "password": f"{SECRET} view"}
    reply = client.post("/api/session", json=login, headers={"Cookie": f"vigie={planted}"})
    assert reply.status_code == 200
    assert planted not in reply.headers["set-cookie"]
    assert httpx.get(f"{client.base_url}/api/alerts", cookies={"vigie": planted}).status_code == 401


def test_signing_in_again_gives_a_new_session_and_ends_the_old(client: httpx.Client) -> None:
    sign_in(client)
    first = next(iter(client.cookies.values()))
    sign_in(client)
    assert next(iter(client.cookies.values())) != first
    assert httpx.get(f"{client.base_url}/api/alerts", cookies={"vigie": first}).status_code == 401


@pytest.mark.parametrize("token", [None, "", "x" * 43])
def test_a_change_without_the_csrf_token_is_refused(client: httpx.Client, token: str | None) -> None:
    sign_in(client, "ada", "admin")
    headers = {} if token is None else {"X-CSRF-Token": token}
    reply = client.post("/api/detections", content=one(), headers=headers)
    assert (reply.status_code, reply.json()["error"]["kind"]) == (403, "csrf")
    assert client.delete("/api/session", headers=headers).status_code == 403


def test_another_site_cannot_act_through_the_browser(client: httpx.Client) -> None:
    headers = {"X-CSRF-Token": sign_in(client, "ada", "admin")["csrf"]}
    for more in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        reply = client.post("/api/detections", content=one(), headers=headers | more)
        assert reply.status_code == 403, more
        login = {"user": "vera", "password": f"{SECRET} view"}
        assert client.post("/api/session", json=login, headers=more).status_code == 403
    form = client.post("/api/session", data={"user": "vera"}, headers={"Content-Type": "text/plain"})
    assert form.status_code == 415


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "a b",
                                  "127.0.0.1/evil", "[::1", "127.0.0.1:99999"])  # fmt: skip
def test_another_name_for_us_is_refused(client: httpx.Client, host: str) -> None:
    reply = client.get("/healthz", headers={"Host": host})
    assert reply.status_code in (400, 403)
    assert "evil" not in str(reply.headers)


def test_a_websocket_of_another_site_is_refused(guarded: Station, accounts: Accounts) -> None:
    token = accounts.add_token("reader", "view")
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
        with pytest.raises(InvalidStatus), connect(
            guarded.url.replace("http", "ws") + "/ws", additional_headers={**bearer(token), **headers}
        ):  # fmt: skip
            pass


def test_guessing_passwords_takes_longer_and_longer(client: httpx.Client, guarded: Station) -> None:
    guess = {"user": "vera", "password": "not this one either"}
    statuses = [client.post("/api/session", json=guess).status_code for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    reply = client.post("/api/session", json={"user": "vera", "password": f"{SECRET} view"})
    assert reply.status_code == 429
    assert int(reply.headers["retry-after"]) >= 1
    time.sleep(1.05)
    sign_in(client)  # whoever waits comes in


def test_guessing_tokens_takes_longer_too_and_a_good_one_from_elsewhere_still_works(
    client: httpx.Client, accounts: Accounts
) -> None:
    token = accounts.add_token("reader", "view")
    near = token[:-1] + ("A" if token[-1] != "A" else "B")
    statuses = [client.get("/api/alerts", headers=bearer(near)).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    assert [line["action"] for line in accounts.audit()] == ["token"] * 5


def test_an_unknown_name_takes_as_long_as_a_known_one(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = accounts_module.password_matches

    def counted(hashed: str, password: str) -> bool:
        asked.append(hashed)
        return real(hashed, password)

    monkeypatch.setattr(accounts_module, "password_matches", counted)
    assert accounts.verify("nobody", SECRET) is None
    assert accounts.verify("vera", SECRET) is None
    assert accounts.verify("'; --", SECRET) is None
    assert len(asked) == 3
    assert all(hashed.startswith("$argon2id$") for hashed in asked)


def test_oversized_bodies_and_heads_are_refused(client: httpx.Client, guarded: Station, accounts: Accounts) -> None:
    big = {"user": "vera", "password": "x" * 20_000}
    assert client.post("/api/session", json=big).status_code == 413
    token = accounts.add_token("albany", "station")

    def endless() -> Iterator[bytes]:
        for _ in range(200):
            yield b" " * 100_000

    with contextlib.suppress(httpx.WriteError):
        assert client.post("/api/detections", content=endless(), headers=bearer(token)).status_code == 413
    deep = b"[" * 100_000
    assert client.post("/api/detections", content=deep, headers=bearer(token)).status_code == 400
    reply = b""
    with socket.create_connection(("127.0.0.1", guarded.port), 10) as raw, contextlib.suppress(OSError):
        raw.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-Filler: " + b"a" * 200_000 + b"\r\n\r\n")
        reply = raw.recv(100)
    assert b" 200 " not in reply


def test_slow_bodies_are_given_up(
    guarded: Station, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(body, "GRACE_S", 0.3)
    token = accounts.add_token("albany", "station")
    with socket.create_connection(("127.0.0.1", guarded.port), 10) as raw:
        raw.sendall(
            f"POST /api/detections HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
            "Content-Length: 100000\r\n\r\n{".encode()
        )
        began = time.monotonic()
        assert raw.recv(100).split()[1] == b"408"
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /heal"])
def test_slow_heads_are_given_up(guarded: Station, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(server, "HEAD_S", 0.3)
    with socket.create_connection(("127.0.0.1", guarded.port), 10) as raw:
        raw.sendall(begun)
        began = time.monotonic()
        while raw.recv(65536):
            pass
        assert time.monotonic() - began < 5


def test_security_headers_stand_on_every_reply(client: httpx.Client) -> None:
    for path in ("/", "/signin.html", "/api/alerts", "/nothing", "/healthz"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
    assert client.get("/api/alerts").headers["cache-control"] == "no-store"


def test_a_station_speaks_under_its_own_name(client: httpx.Client, guarded: Station, accounts: Accounts) -> None:
    token = accounts.add_token("albany", "station")
    sources = [{"source": "toulouse"}, {"source": None}, {"source": "albany"}, {"source": "a/" * 9}, {"source": 5}]
    text = "\n".join(json.dumps(traffic.burst(traffic.PLB, 100.0 * n) | more) for n, more in enumerate(sources))
    told = client.post("/api/detections", content=text, headers=bearer(token)).json()
    assert (told["accepted"], told["refused"]) == (3, 2)
    rows = Journal.open(str(guarded.file), read_only=True).rows(kinds={"detection"})
    assert [row.body["source"] for row in rows] == ["albany/toulouse", "albany", "albany"]


# the door's settings


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Tls, Path]:
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    issued = authority.issue_cert("127.0.0.1", "vigie.example")
    issued.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    return Tls(str(tmp_path / "server.pem")), tmp_path / "ca.pem"


def test_with_tls_the_cookie_is_for_tls_alone(
    tmp_path: Path, accounts: Accounts, certificate: tuple[Tls, Path]
) -> None:
    import ssl

    tls, authority = certificate
    station = Station(tmp_path / "journal.sqlite", door=Door(Access(), accounts, required=True, tls=tls)).start()
    try:
        context = ssl.create_default_context(cafile=str(authority))
        with httpx.Client(base_url=station.url, verify=context, timeout=20) as client:
            reply = client.post("/api/session", json={"user": "vera", "password": f"{SECRET} view"})
            assert reply.headers["set-cookie"].startswith("__Host-vigie=")
            assert "secure" in reply.headers["set-cookie"].lower()
            assert "max-age" in reply.headers["strict-transport-security"]
            assert client.get("/api/alerts").status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(station.url + "/healthz")
    finally:
        station.stop()


def test_behind_a_trusted_proxy_the_far_address_counts(tmp_path: Path, accounts: Accounts) -> None:
    settings = Access(proxies=("127.0.0.1",), hosts=("vigie.example",))
    station = Station(tmp_path / "journal.sqlite", door=Door(settings, accounts, required=True)).start()
    try:
        with httpx.Client(base_url=station.url, timeout=20) as client:
            headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "Host": "vigie.example"}
            login = {"user": "vera", "password": f"{SECRET} view"}
            reply = client.post("/api/session", json=login, headers=headers)
            assert reply.headers["set-cookie"].startswith("__Host-vigie=")
            assert accounts.audit()[-1]["address"] == "192.0.2.7"
    finally:
        station.stop()


def test_an_address_that_a_client_makes_up_is_not_believed(client: httpx.Client, accounts: Accounts) -> None:
    guess = {"user": "vera", "password": "not this one either"}
    for number in range(6):
        reply = client.post("/api/session", json=guess, headers={"X-Forwarded-For": f"192.0.2.{number}"})
    assert reply.status_code == 429
    assert {line["address"] for line in accounts.audit()} == {"127.0.0.1"}


def test_without_sign_in_nothing_comes_through_a_proxy(station: Station) -> None:
    assert httpx.get(f"{station.url}/healthz").status_code == 200
    for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
        reply = httpx.get(f"{station.url}/healthz", headers={name: "192.0.2.7"})
        assert (reply.status_code, reply.json()["error"]["kind"]) == (403, "proxy")


@pytest.mark.parametrize(
    ("settings", "tls", "host", "words"),
    [
        (Access(), None, "0.0.0.0", "unencrypted"),
        (Access(required=False), None, "0.0.0.0", "loopback alone"),
        (Access(required=False, hosts=("vigie.example",)), None, "127.0.0.1", "loopback alone"),
        (Access(insecure_http=True), None, "::", "has no user yet"),
        (Access(proxies=("10.0.0.0/8",)), None, "127.0.0.1", "has no user yet"),
        (Access(), Tls("/nowhere.pem"), "0.0.0.0", "there is no file"),
    ],
)
def test_a_door_that_would_not_be_safe_is_refused(
    tmp_path: Path, settings: Access, tls: Tls | None, host: str, words: str
) -> None:
    import msgspec

    safe = msgspec.structs.replace(settings, accounts=str(tmp_path / "accounts.sqlite"))
    with pytest.raises(ConfigError, match=words):
        Door.open(safe, tls, host)
    assert not list(tmp_path.iterdir())


def test_on_loopback_alone_nobody_signs_in(station: Station) -> None:
    assert not Door.open(Access(), None, "127.0.0.1").required
    told = httpx.get(f"{station.url}/api/session").json()
    assert (told["user"], told["sign_in"], told["csrf"]) == ("local", False, None)


@pytest.mark.parametrize("password", ["short", "x" * 300, "aaaaaaaaaaaaaaa", "vera12345678"])
def test_a_weak_password_is_refused(password: str) -> None:
    with pytest.raises(InputError):
        hash_password("vera", password)


def test_the_wait_of_a_guesser_doubles_and_is_forgotten() -> None:
    clock = [0.0]
    throttle = Throttle(free=2, first_s=1.0, most_s=5.0, clock=lambda: clock[0])
    waits = []
    for _ in range(7):
        throttle.failed("x")
        waits.append(throttle.wait_s("x"))
    assert waits == [0.0, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    assert throttle.wait_s("y") == 0.0
    clock[0] = FORGET_S + 1
    assert throttle.wait_s("x") == 0.0


def test_users_are_managed_from_the_command_line_while_the_service_runs(
    client: httpx.Client, accounts: Accounts
) -> None:
    def vigie(*arguments: str, text: str | None = None) -> Any:
        return CliRunner().invoke(users_cli.command, ["--accounts", str(accounts.file), *arguments], input=text)

    assert vigie("add", "nora", "--role", "duty", text="a long enough one\n").exit_code == 0
    login = {"user": "nora", "password": "a long enough one"}
    assert client.post("/api/session", json=login).status_code == 200
    assert isinstance(vigie("add", "nora", "--role", "duty", text="a long enough one\n").exception, InputError)
    token = vigie("token", "albany").output.strip()
    assert re.fullmatch(r"vigie_[\w-]{43}", token)
    listed = [json.loads(line) for line in vigie("list", "--json").output.splitlines()]
    assert [one["name"] for one in listed] == ["ada", "dora", "nora", "vera", "albany"]
    assert vigie("remove", "nora").exit_code == 0
    assert client.get("/api/alerts").status_code == 401
    assert client.post("/api/session", json=login).status_code == 401
    number = listed[-1]["id"]
    assert vigie("remove", number).exit_code == 0
    assert client.post("/api/detections", content=one(), headers=bearer(token)).status_code == 401
    actions = [json.loads(line)["action"] for line in vigie("audit").output.splitlines()]
    assert actions[:3] == ["user added", "sign in", "token added"]
