"""Messages between centres as files: folders, a real FTP server, gaps, repetitions."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some
from links_tools import until

from vigie import sit
from vigie.errors import ConfigError, InputError, StoreError
from vigie.links.exchange import Desk
from vigie.links.folders import LocalFolder, folder
from vigie.links.ledger import NUMBERS, Ledger
from vigie.links.settings import Exchange

NARRATIVE = ["/TO ALL STATIONS", "THIS IS A TEST OF THE LINK", "QQQQ"]


def message(number: int, original: int = 0, words: str = "HELLO") -> bytes:
    return f"/{number:05d} {original:05d}/3660/26 326 0600\n/605/2270\n/{words}\nQQQQ\n/LASSIT\n/ENDMSG\n".encode()


class Centre:
    """One side: its folders, its desk, what it was handed."""

    def __init__(self, place: Path, own: str, partner: str, **more: Any) -> None:
        self.incoming = place / own / partner
        self.incoming.mkdir(parents=True, exist_ok=True)
        numbers = {"FMCC": "2270", "USMCC": "3660"}
        self.settings = Exchange(
            own=own, partner=partner, source=numbers[own], destination=numbers[partner],
            outgoing=more.pop("outgoing", str(place / partner / own)), incoming=str(self.incoming), poll_s=0.05, **more,
        )  # fmt: skip
        self.ledger = Ledger(place / f"{own}.sqlite")
        self.got: list[str] = []
        self.desk = Desk(self.settings, self.ledger, lambda _, text: self.got.append(text),
                         clock=lambda: datetime(2026, 11, 22, 6, 0, tzinfo=UTC))  # fmt: skip

    def drop(self, number: int, *, name: str | None = None, **more: Any) -> None:
        (self.incoming / (name or f"USMCC_FMCC_{number:05d}.TXT")).write_bytes(message(number, **more))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Centre, Centre]]:
    made = Centre(tmp_path, "FMCC", "USMCC"), Centre(tmp_path, "USMCC", "FMCC")
    yield made
    for one in made:
        one.ledger.close()


def test_messages_go_both_ways_numbered_and_whole(pair: tuple[Centre, Centre]) -> None:
    ours, theirs = pair
    assert [ours.desk.send("605", NARRATIVE) for _ in range(3)] == [1, 2, 3]
    theirs.desk.send("605", NARRATIVE)
    for _ in range(2):
        ours.desk.step()
        theirs.desk.step()
    read = [sit.parse(text).facts for text in theirs.got]
    told = [(facts["msg_no"], facts["orig_no"], facts["sit"], facts["dest"]) for facts in read]
    assert told == [(f"0000{number}", "00000", "605", "3660") for number in (1, 2, 3)]
    assert read[0]["orig_facility"] == "2270"
    assert len(ours.got) == 1
    assert ours.ledger.counts() == {"sent": 3, "waiting": 0, "received": 1, "duplicates": 0, "missing": 0}
    assert sorted(path.name for path in (theirs.incoming / "DONE").iterdir())[0] == "FMCC_USMCC_00001.TXT"


def test_a_file_under_its_temporary_name_is_left_alone(pair: tuple[Centre, Centre]) -> None:
    ours, _ = pair
    (ours.incoming / "USMCC_FMCC_00001.TMP").write_bytes(message(1)[:20])
    ours.desk.step()
    assert (ours.got, ours.ledger.counts()["received"]) == ([], 0)
    assert (ours.incoming / "USMCC_FMCC_00001.TMP").exists()


def test_a_gap_is_noticed_asked_for_once_and_filled(
    pair: tuple[Centre, Centre], caplog: pytest.LogCaptureFixture
) -> None:
    ours, theirs = pair
    for _ in range(5):
        theirs.desk.send("605", NARRATIVE)
    theirs.desk.step()
    for lost in (2, 4):
        (ours.incoming / f"USMCC_FMCC_{lost:05d}.TXT").unlink()
    ours.desk.step()
    assert ours.ledger.missing() == [2, 4]
    assert ours.desk.health()["missing_numbers"] == [2, 4]
    ours.desk.step()
    theirs.desk.step()
    assert len(theirs.got) == 1  # one request, not one at each step
    assert "00002, 00004" in theirs.got[0]
    theirs.desk.step()
    ours.desk.step()
    assert ours.ledger.missing() == []
    repeated = [sit.parse(text).facts for text in ours.got[3:]]
    assert [(facts["msg_no"], facts["orig_no"]) for facts in repeated] == [("00006", "00002"), ("00007", "00004")]


def test_what_comes_twice_is_dropped_and_another_text_under_the_number_is_not(pair: tuple[Centre, Centre]) -> None:
    ours, _ = pair
    for _ in range(2):
        ours.drop(1)
        ours.desk.step()
    assert (len(ours.got), ours.ledger.counts()["duplicates"]) == (1, 1)
    ours.drop(1, words="SOMETHING ELSE")
    ours.desk.step()
    assert len(ours.got) == 2
    (ours.incoming / "USMCC_FMCC_JUNK.TXT").write_bytes(b"\xff\x00 no message at all")
    ours.desk.step()
    assert len(ours.got) == 3  # nothing that came is thrown away
    assert [one["what"] for one in ours.ledger.messages()] == ["unnumbered", "other", "duplicate", "new"]


def test_late_ones_fill_their_gaps_and_make_no_new_ones(pair: tuple[Centre, Centre]) -> None:
    ours, _ = pair
    for number in (1, 2, 6):
        ours.drop(number)
        ours.desk.step()
    for number in (4, 3, 7, 5, 8):
        ours.drop(number)
        ours.desk.step()
    assert ours.ledger.missing() == []
    assert ours.ledger.newest == 8


def test_numbers_begin_anew_after_99999(pair: tuple[Centre, Centre]) -> None:
    ours, theirs = pair
    for number in (99998, 99999, 0, 2):
        ours.drop(number)
    ours.desk.step()
    assert [text[1:6] for text in ours.got] == ["99998", "99999", "00000", "00002"]
    assert ours.ledger.missing() == [1]
    with theirs.ledger._write() as db:
        db.execute("INSERT INTO sent (number, text, exercise, made, left) VALUES (?, '', 0, '', '')", (NUMBERS - 1,))
    assert theirs.desk.send("605", NARRATIVE) == 0


def test_a_jump_far_ahead_is_a_new_beginning(pair: tuple[Centre, Centre]) -> None:
    ours, _ = pair
    for number in (5, 70_000, 70_002):
        ours.drop(number)
        ours.desk.step()
    assert ours.ledger.missing() == [70_001]


@given(some.permutations(range(1, 12)), some.lists(some.integers(1, 11), max_size=8))
def test_in_whatever_order_and_however_often_they_come_each_is_taken_once(order: list[int], again: list[int]) -> None:
    ledger = Ledger(":memory:")
    what = [ledger.receive(f"{number}.TXT", message(number)).what for number in (*order, *again)]
    assert what == ["new"] * len(order) + ["duplicate"] * len(again)
    first = order[0]
    assert [number for number in ledger.missing() if number > first] == []
    ledger.close()


def test_a_message_that_could_not_be_handed_on_is_handed_on_later(pair: tuple[Centre, Centre]) -> None:
    ours, _ = pair

    def full(partner: str, text: str) -> None:
        raise StoreError("the disk is full")

    ours.drop(1)
    desk = Desk(ours.settings, ours.ledger, full)
    with pytest.raises(StoreError):
        desk.step()
    ours.desk.step()
    assert len(ours.got) == 1


def test_exercise_messages_leave_only_where_that_is_declared(tmp_path: Path, pair: tuple[Centre, Centre]) -> None:
    with pytest.raises(ConfigError, match="exercise messages may not leave"):
        pair[0].desk.send("605", NARRATIVE, exercise=True)
    assert pair[0].ledger.counts()["waiting"] == 0
    declared = msgspec.structs.replace(pair[0].settings, exercise=True)
    assert Desk(declared, pair[0].ledger, lambda *_: None).send("605", NARRATIVE, exercise=True) == 1


@pytest.mark.parametrize("line", ["/LASSIT", " / ENDMSG", "ENDMSG", "two\nlines", "é"])
def test_a_line_that_would_end_the_message_is_refused(pair: tuple[Centre, Centre], line: str) -> None:
    with pytest.raises(InputError, match="cannot stand"):
        pair[0].desk.send("605", [line])


def test_a_file_too_long_stays_and_holds_up_no_other(pair: tuple[Centre, Centre]) -> None:
    ours, _ = pair
    (ours.incoming / "USMCC_FMCC_00001.TXT").write_bytes(b"x" * 1_100_000)
    ours.drop(2)
    ours.desk.step()
    assert len(ours.got) == 1
    assert "longer than" in ours.desk.health()["unreadable"]["USMCC_FMCC_00001.TXT"]


def test_a_new_message_leaves_at_once_though_reading_fails_time_and_again(
    pair: tuple[Centre, Centre], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vigie.links.exchange.RETRY_S", (600.0, 600.0))
    here, there = pair
    here.incoming.rmdir()
    stop = threading.Event()
    thread = threading.Thread(target=here.desk.run, args=(stop,))
    thread.start()
    try:
        until(lambda: here.desk.failures == 1)
        here.desk.send("915", NARRATIVE)
        until(lambda: list(there.incoming.glob("*.TXT")))
    finally:
        stop.set()
        thread.join()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path, pair: tuple[Centre, Centre]) -> None:
    settings = msgspec.structs.replace(pair[0].settings, incoming=str(tmp_path / "nowhere"))
    with pytest.raises(OSError, match="nowhere"):
        Desk(settings, pair[0].ledger, lambda *_: None).step()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"own": "fmcc"}, "capital letters"),
        ({"source": "22"}, "four digits"),
        ({"destination": "a/b"}, "no destination"),
        ({"outgoing": "http://there"}, "neither a folder"),
        ({"outgoing": "ftp://there/x"}, "names no user"),
        ({"outgoing": "ftp://anonymous@there/x"}, "names no user"),
        ({"outgoing": "ftp://me@there.example/x", "password": "short"}, "less than 8"),
        ({"outgoing": "ftp://me:secret12@there/x"}, "no password in an address"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(pair: tuple[Centre, Centre], change: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Desk(msgspec.structs.replace(pair[0].settings, **change), pair[0].ledger, lambda *_: None)


# a real FTP server


class FtpServer:
    """pyftpdlib in a thread, over a folder."""

    def __init__(self, place: Path, port: int = 0) -> None:
        pytest.importorskip("pyftpdlib")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it imports asyncore
            from pyftpdlib import authorizers as pyftpdlib
            from pyftpdlib.handlers import FTPHandler
            from pyftpdlib.ioloop import IOLoop
            from pyftpdlib.servers import FTPServer

        logging.getLogger("pyftpdlib").setLevel(logging.CRITICAL)
        authorizer = pyftpdlib.DummyAuthorizer()
        authorizer.add_user("fmcc", "a long password", str(place), perm="elradfmw")
        self.commands: list[str] = []
        commands = self.commands

        class Handler(FTPHandler):  # type: ignore[misc]
            def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
                commands.append(f"{cmd} {Path(arg).name}".strip())
                super().pre_process_command(line, cmd, arg)

        Handler.authorizer = authorizer
        Handler.banner = "ready"
        self._loop = IOLoop()
        self._server = FTPServer(("127.0.0.1", port), Handler, ioloop=self._loop)
        self.port = int(self._server.address[1])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._server.serve_forever(timeout=0.05, blocking=False)
        self._server.close_all()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(10)


def test_over_ftp_a_message_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    theirs = tmp_path / "server" / "FMCC"
    theirs.mkdir(parents=True)
    server = FtpServer(tmp_path / "server")
    address = f"ftp://fmcc@127.0.0.1:{server.port}/FMCC"
    ours = Centre(tmp_path, "FMCC", "USMCC", outgoing=address, password="a long password")
    ours.desk.send("605", NARRATIVE)
    ours.desk.step()
    assert [path.name for path in theirs.iterdir()] == ["FMCC_USMCC_00001.TXT"]
    assert (theirs / "FMCC_USMCC_00001.TXT").read_text() == ours.ledger.sent_as(1)[0]  # type: ignore[index]
    assert [one for one in server.commands if one.split()[0] in ("STOR", "RNFR", "RNTO", "TYPE")] == [
        "TYPE I", "TYPE I", "STOR FMCC_USMCC_00001.TMP", "RNFR FMCC_USMCC_00001.TMP", "RNTO FMCC_USMCC_00001.TXT",
    ]  # fmt: skip
    ours.desk.close()
    server.close()
    ours.ledger.close()


def test_over_ftp_a_server_that_was_down_gets_everything_in_order_when_it_is_back(tmp_path: Path) -> None:
    theirs = tmp_path / "server" / "FMCC"
    theirs.mkdir(parents=True)
    server = FtpServer(tmp_path / "server")
    port = server.port
    ours = Centre(tmp_path, "FMCC", "USMCC", outgoing=f"ftp://fmcc@127.0.0.1:{port}/FMCC", password="a long password")
    stop = threading.Event()
    thread = threading.Thread(target=ours.desk.run, args=(stop,), daemon=True)
    thread.start()
    ours.desk.send("605", NARRATIVE)
    until(lambda: len(list(theirs.glob("*.TXT"))) == 1)
    server.close()
    for _ in range(3):
        ours.desk.send("605", NARRATIVE)
    ours.drop(1)  # what comes to us is read all the same
    until(lambda: ours.desk.state == "failing" and ours.got)
    assert ours.desk.health()["waiting"] == 3
    server = FtpServer(tmp_path / "server", port)
    until(lambda: len(list(theirs.glob("*.TXT"))) == 4)
    until(lambda: ours.desk.state == "working")
    stop.set()
    thread.join(10)
    server.close()
    ours.ledger.close()


def test_over_ftp_what_others_left_is_fetched_and_removed(tmp_path: Path) -> None:
    place = tmp_path / "server" / "USMCC"
    place.mkdir(parents=True)
    (place / "USMCC_FMCC_00001.TXT").write_bytes(message(1))
    (place / "USMCC_FMCC_00002.TMP").write_bytes(message(2))
    server = FtpServer(tmp_path / "server")
    settings = Exchange(
        own="FMCC", partner="USMCC", source="2270", destination="3660", outgoing=str(tmp_path / "out"),
        incoming=f"ftp://fmcc@127.0.0.1:{server.port}/USMCC", password="a long password",
    )  # fmt: skip
    ledger, got = Ledger(tmp_path / "ledger.sqlite"), list[str]()
    desk = Desk(settings, ledger, lambda _, text: got.append(text))
    desk.step()
    desk.step()
    assert len(got) == 1
    assert [path.name for path in place.iterdir()] == ["USMCC_FMCC_00002.TMP"]
    wrong = msgspec.structs.replace(settings, password="another password")
    with pytest.raises(OSError, match="530"):
        folder(wrong.incoming, wrong).names()
    desk.close()
    server.close()
    ledger.close()


def test_a_local_folder_keeps_apart_files_of_one_name(tmp_path: Path) -> None:
    place = LocalFolder(str(tmp_path / "x"))
    for text in (b"one", b"two"):
        place.put("A_B_00001.TXT", text)
        place.done("A_B_00001.TXT")
    assert sorted(path.read_bytes() for path in (tmp_path / "x" / "DONE").iterdir()) == [b"one", b"two"]
