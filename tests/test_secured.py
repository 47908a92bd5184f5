"""What crosses a network, encrypted, between real processes: a link by TLS, messages by FTPS, detections by NATS."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from vigie import sit
from vigie.sim.detections import PLB, YACHT, detection
from vigie.store.journal import Journal

from .test_joined import CENTRE, Process, body, until

trustme = pytest.importorskip("trustme")


class Papers:
    """An authority, and a certificate of this machine by it, as files."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        self.ca, self.certificate, self.key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        certificate.cert_chain_pems[0].write_to_path(str(self.certificate))
        certificate.private_key_pem.write_to_path(str(self.key))

    @property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(text: str, name: str) -> Process:
        started.append(Process(tmp_path, text, name))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()
        for stream in (one.process.stdout, one.process.stderr):
            if stream is not None:
                stream.close()


def times(process: Process) -> list[str]:
    journal = Journal.open(str(process.journal), read_only=True)
    found = [str(row.time) for row in journal.scan({"detection"})]
    journal.close()
    return found


def test_a_station_delivers_over_tls_and_to_nobody_else(
    run: Callable[..., Process], papers: Papers, tmp_path: Path
) -> None:
    there = run(f'{CENTRE}[tls]\ncertificate = "{papers.certificate}"\nkey = "{papers.key}"\n', "centre")
    assert there.url.startswith("https://")
    address = there.url.replace("https", "wss")
    here = run(f'[[link]]\nto = "{address}"\nrelay = true\nca = "{papers.ca}"\n', "station")
    stranger = run(f'[[link]]\nto = "{address}"\nrelay = true\n', "stranger")  # does not know the authority
    here.post(body(PLB, 0))
    stranger.post(body(YACHT, 10))
    until(lambda: len(times(there)) == 1)
    link = until(lambda: (found := stranger.get("/healthz")["links"][0])["failures"] and found)
    assert "certificate" in link["error"].lower()
    assert link["waiting"] == 1
    with httpx.Client(verify=papers.trust, base_url=there.url) as client:
        (alert,) = client.get("/api/alerts").json()["alerts"]
    assert alert["hex_id"] == detection(PLB).message.hex_id


FTP = """
import logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import TLS_FTPHandler
from pyftpdlib.servers import FTPServer
place, certificate, key, port = sys.argv[1:]
class Handler(TLS_FTPHandler):
    authorizer = DummyAuthorizer()
    certfile, keyfile = certificate, key
    tls_control_required = tls_data_required = True
Handler.authorizer.add_user("fmcc", "a long password", place, perm="elradfmw")
server = FTPServer(("127.0.0.1", int(port)), Handler)
print(server.address[1], flush=True)
server.serve_forever()
"""


class FtpsServer:
    """pyftpdlib with TLS, as a process that can be killed and started again."""

    def __init__(self, place: Path, papers: Papers) -> None:
        self._arguments = [sys.executable, "-c", FTP, str(place), str(papers.certificate), str(papers.key)]
        self.port = 0
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen([*self._arguments, str(self.port)], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_messages_between_centres_go_by_ftps_both_ways_through_kills(
    run: Callable[..., Process], papers: Papers, tmp_path: Path
) -> None:
    pytest.importorskip("pyftpdlib")
    pytest.importorskip("OpenSSL", reason="pyftpdlib needs pyOpenSSL to be a server with TLS")
    to, back = tmp_path / "server" / "FMCC", tmp_path / "server" / "OUT"
    to.mkdir(parents=True)
    back.mkdir()
    (tmp_path / "password").write_text("a long password\n")
    server = FtpsServer(tmp_path / "server", papers)
    try:
        address = f"ftps://fmcc@127.0.0.1:{server.port}"
        ours = run(
            f'{CENTRE}[[exchange]]\nown = "FMCC"\npartner = "GRISNEZ"\nsource = "2270"\ndestination = "CROSS1"\n'
            f'outgoing = "{address}/FMCC"\nincoming = "{address}/OUT"\npassword_file = "password"\n'
            f'ca = "{papers.ca}"\npoll_s = 0.1\n',
            "centre",
        )
        ours.post(body(YACHT, 0))
        (first,) = until(lambda: sorted(to.glob("*.TXT")))
        read = sit.parse(first.read_text())
        assert (read.values["sit"], read.values["beacon_id"]) == ("185", detection(YACHT).message.hex_id)
        server.kill()
        ours.post(body(PLB, 60))
        until(lambda: ours.get("/healthz")["exchanges"][0]["error"])
        ours.kill()
        server.start()
        ours.start()
        until(lambda: len(list(to.glob("*.TXT"))) == 2)
        numbers = [sit.parse(file.read_text()).values["msg_no"] for file in sorted(to.glob("*.TXT"))]
        assert numbers == ["00001", "00002"]
        theirs = first.read_text().replace(detection(YACHT).message.hex_id or "", "3EF42F50DFFFBFF")
        (back / "GRISNEZ_FMCC_00001.TMP").write_text(theirs)
        (back / "GRISNEZ_FMCC_00001.TMP").rename(back / "GRISNEZ_FMCC_00001.TXT")
        until(lambda: any(a["hex_id"] == "3EF42F50DFFFBFF" for a in ours.get("/api/alerts")["alerts"]))
        assert not list(back.iterdir())
    finally:
        server.kill()


def test_stations_and_workers_meet_at_a_broker_over_tls_and_a_killed_one_loses_nothing(
    run: Callable[..., Process], papers: Papers, tmp_path: Path
) -> None:
    pytest.importorskip("nats")
    program = shutil.which("nats-server", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("nats-server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    arguments = ["-js", "-sd", str(tmp_path / "nats"), "-a", "127.0.0.1", "-p", str(port), "--auth", "secret",
                 "--tls", "--tlscert", str(papers.certificate), "--tlskey", str(papers.key)]  # fmt: skip

    def serve() -> subprocess.Popen[bytes]:
        made = subprocess.Popen([program, *arguments], stderr=subprocess.DEVNULL)
        until(lambda: _answers(port))
        return made

    server = serve()
    try:
        (tmp_path / "token").write_text("secret\n")
        access = f'token_file = "token"\nca = "{papers.ca}"\n'
        station = run(f'[[link]]\nto = "tls://127.0.0.1:{port}"\nrelay = true\n{access}', "station")
        worker = run(f'{CENTRE}[[broker]]\nservers = ["tls://127.0.0.1:{port}"]\n{access}', "worker")
        station.post(body(PLB, 0))
        until(lambda: len(times(worker)) == 1)
        server.kill()
        server.wait()
        station.post(body(PLB, 50), body(YACHT, 60))
        worker.kill()
        server = serve()
        worker.start()
        until(lambda: len(times(worker)) == 3)
        time.sleep(0.3)
        assert len(set(times(worker))) == len(times(worker)) == 3
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as made:
            return made.recv(4) == b"INFO"
    except OSError:
        return False
