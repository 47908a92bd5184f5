"""Looking after a store: damage found and worked round, snapshots, archives, cases."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from vigie import centre
from vigie.alert import snapshot as copies
from vigie.alert.book import AlertBook
from vigie.chain import Chain
from vigie.cli import group
from vigie.errors import StoreError
from vigie.records import Tick
from vigie.restore import restore, take_snapshot
from vigie.sim.detections import CANCEL, ELT_DT, PLB, TEST, YACHT, at, detection, message, solution
from vigie.store import care, case, retention, snapshot
from vigie.store.journal import Journal

DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def journal(store_url: str) -> Iterator[Journal]:
    opened = Journal.open(store_url)
    live(opened)
    yield opened
    opened.close()


def live(journal: Journal) -> Chain:
    """A life: distress located and confirmed, a test, a cancellation, an exercise, a doubtful burst."""
    chain = Chain(journal, lambda row: None)
    chain.feed([detection(PLB, 50.0 * n, latitude=45.0 + n / 5, longitude=-5.0, source="roof") for n in range(5)])
    chain.feed([solution("doppler", 45.81, -5.0, 300), Tick(at(305))])
    chain.feed([detection(TEST, 310), detection(YACHT, 320, exercise=True)])
    chain.feed([detection(ELT_DT, 330), detection(ELT_DT, 400, wrong=(33, 46, 58, 63, 77, 91))])
    chain.feed([detection(CANCEL, 500.0 + 30 * n) for n in range(3)])
    return chain


def command(*words: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(group, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit | StoreError), done.exception
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else {"error": str(done.exception)}


def test_a_sound_store_is_said_to_be_sound(journal: Journal) -> None:
    code, told = command("store", "check", journal.place.url.render_as_string(hide_password=False))
    assert code == 0
    assert (told["rows"], told["faults"], told["lost"]) == (journal.last_seq(), [], 0)


def test_a_changed_row_is_named_wherever_it_is_read(journal: Journal) -> None:
    engine = journal.place.engine(read_only=False)
    with engine.begin() as raw:
        if journal.place.sqlite:
            raw.exec_driver_sql("DROP TRIGGER journal_no_update")
        else:
            raw.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER ALL")
        raw.exec_driver_sql("UPDATE journal SET time='2026-11-22T06:00:01Z' WHERE seq=2")
    engine.dispose()
    with pytest.raises(StoreError, match="row 2 is not as it was written"):
        list(journal.scan())
    found = care.check(journal)
    assert len(found["faults"]) == 1
    assert found["rows"] == journal.last_seq()


def test_the_end_of_the_log_lost_is_noticed_and_numbers_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = tmp_path / "a.sqlite"
    journal = Journal.open(str(place))
    journal.append([Tick(at(n)) for n in range(5)])
    (tmp_path / "older.sqlite").write_bytes(b"")
    with sqlite3.connect(place) as raw, sqlite3.connect(tmp_path / "older.sqlite") as copy:
        raw.backup(copy)
    raw.close()
    copy.close()
    journal.append([Tick(at(100 + n)) for n in range(3)])
    journal.close()
    (tmp_path / "older.sqlite").replace(place)  # set back, as a damaged log sets it back
    journal = Journal.open(str(place))
    note = journal.rows()[-1]
    assert (note.kind, note.seq, note.body["first"], note.body["last"]) == ("note", 9, 6, 8)
    assert "Rows 6 to 8 were acknowledged and are not here" in caplog.text
    assert care.check(journal)["lost"] == 3
    assert journal.append([Tick(at(200))])[0].seq == 10
    journal.close()
    Journal.open(str(place)).close()
    assert command("store", "check", str(place))[1]["rows"] == 7


def test_what_is_whole_of_a_damaged_store_is_copied(tmp_path: Path) -> None:
    place, saved = tmp_path / "a.sqlite", tmp_path / "saved.sqlite"
    journal = Journal.open(str(place))
    journal.append([detection(PLB, 50.0 * n, latitude=40.0 + n / 10, longitude=-5.0) for n in range(60)])
    before = {row.seq: row for row in journal.rows()}
    journal.close()
    size = os.path.getsize(place)
    with place.open("r+b") as stream:
        stream.seek(size // 8192 * 4096)
        stream.write(b"\xa5" * 4096)
    with pytest.raises(StoreError, match="vigie store salvage"):
        Journal.open(str(place))
    code, told = command("store", "salvage", str(place), "-o", str(saved))
    lost = {seq for first, last in told["lost"] for seq in range(first, last + 1)}
    assert code == 1
    assert 0 < len(lost) < 30
    copy = Journal.open(str(saved))
    rows = {row.seq: row for row in copy.rows() if row.kind != "note"}
    assert rows == {seq: row for seq, row in before.items() if seq not in lost}
    assert care.check(copy)["lost"] == len(lost)
    copy.close()
    assert "is there already" in command("store", "salvage", str(place), "-o", str(saved))[1]["error"]


def test_a_snapshot_is_the_book(journal: Journal) -> None:
    book, _ = restore(journal)
    again = copies.load(copies.dump(book), AlertBook())
    assert vars(again) == vars(book)
    assert [repr(alert) for alert in again.alerts()] == [repr(alert) for alert in book.alerts()]
    more = [detection(PLB, 900, latitude=45.0, longitude=-5.0), detection(CANCEL, 950), Tick(at(999))]
    for record in more:
        assert again.take(record) == book.take(record)


def test_a_book_that_holds_something_strange_has_no_snapshot(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    book, _ = restore(journal)
    book.clock = open  # type: ignore[assignment]
    with pytest.raises(TypeError, match="has no place in a snapshot"):
        copies.dump(book)
    assert not snapshot.save(journal, book, journal.last_seq())
    assert "the next start takes longer" in caplog.text


def test_a_start_reads_the_snapshot_and_what_came_since(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    seq = take_snapshot(journal)
    Chain(journal, lambda row: None).feed([detection(PLB, 900, latitude=45.0, longitude=-5.0)])
    whole = AlertBook(record for record in _records(journal))
    read: list[int] = []
    scan = Journal.scan
    monkeypatch.setattr(
        Journal, "scan", lambda self, kinds=None, after=0: read.append(after) or scan(self, kinds, after)
    )
    book, written = restore(journal)
    assert (read, written) == ([seq], [])
    assert vars(book) == vars(whole)


def _records(journal: Journal) -> Iterator[Any]:
    from vigie.restore import learnt

    return learnt(journal)


@pytest.mark.parametrize("fault", ["damaged", "cut", "empty", "rules", "journal", "strange"])
def test_a_snapshot_that_cannot_be_trusted_is_not_used(
    fault: str, journal: Journal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    take_snapshot(journal)
    before, _ = restore(journal)
    path = snapshot.place(journal)
    assert path is not None
    data = path.read_bytes()
    match fault:
        case "damaged":
            path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "empty":
            path.write_bytes(b"")
        case "rules":
            monkeypatch.setattr(snapshot, "rules", lambda: "others")
        case "journal":
            monkeypatch.setattr(journal, "fingerprint", lambda seq: "another")
        case "strange":
            body = copies.dump(before).replace(b"vigie.alert.entry:Entry", b"vigie.alert.entry:Enter")
            head = json.loads(data.split(b"\n")[0]) | {"body": hashlib.sha256(body).hexdigest()}
            path.write_bytes(json.dumps(head).encode() + b"\n" + body)
    assert snapshot.load(journal, AlertBook()) is None
    assert "the snapshot of" in caplog.text
    assert vars(restore(journal)[0]) == vars(before)


def test_closed_alerts_are_moved_to_an_archive_and_open_ones_never(journal: Journal, tmp_path: Path) -> None:
    url, out = journal.place.url.render_as_string(hide_password=False), tmp_path / "archive.sqlite"
    before = {row.seq: row for row in journal.rows()}
    latest = {str(row.beacon): row.body for row in journal.alerts()}
    over = {name for name, body in latest.items() if retention.closed(body)}
    assert {message(TEST).hex_id, message(ELT_DT).hex_id} <= over
    assert message(PLB).hex_id not in over
    journal.close()
    end = "2027-11-22T00:00:00Z"
    assert command("store", "archive", url, "--days", "900", "--before", end, "-o", str(out))[1]["alerts"] == 0
    code, told = command("store", "archive", url, "--days", "30", "--before", end, "-o", str(out))
    assert (code, told["alerts"]) == (0, len(over))
    kept, moved = Journal.open(url), Journal.open(str(out))
    here = {row.seq: row for row in kept.rows() if row.kind != "note"}
    there = {row.seq: row for row in moved.rows() if row.kind != "note"}
    assert here | there == before
    assert not here.keys() & there.keys()
    assert {row.beacon for row in moved.alerts()} == over
    assert {row.beacon for row in kept.alerts()} == latest.keys() - over
    for store in (kept, moved):
        assert care.check(store)["faults"] == []
        assert restore(store)[1] == []
    assert kept.rows()[-1].body["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest() == told["sha256"]
    with pytest.raises(sa.exc.SQLAlchemyError, match="append-only"), kept._engine.begin() as raw:
        raw.exec_driver_sql("DELETE FROM journal")
    assert Chain(kept, lambda row: None).feed([detection(TEST, 310)]) > max(before)
    kept.close()
    moved.close()
    assert "each archive is a new file" in command("store", "archive", url, "--days", "1", "-o", str(out))[1]["error"]


def test_a_case_is_exported_whole(journal: Journal, tmp_path: Path) -> None:
    url, out = journal.place.url.render_as_string(hide_password=False), tmp_path / "case"
    hex_id = str(message(PLB).hex_id)
    code, answer = command("export", hex_id.lower(), "--store", url, "-o", str(out))
    assert (code, answer["case"]) == (0, hex_id)
    manifest = json.loads((out / "MANIFEST.json").read_text())
    assert manifest["files"].keys() | {"MANIFEST.json"} == {path.name for path in out.iterdir()}
    for name, entry in manifest["files"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == entry["sha256"]
    rows = journal.rows(beacon=hex_id)
    assert [json.loads(line)["seq"] for line in (out / "journal.jsonl").read_text().splitlines()] == [
        r.seq for r in rows
    ]
    assert len((out / "raw.txt").read_text().splitlines()) == 5
    reasons = [json.loads(line)["reason"] for line in (out / "decisions.jsonl").read_text().splitlines()]
    assert reasons[0].startswith("A distress burst with a position")
    places = json.loads((out / "map.geojson").read_text())["features"]
    assert [-5.0, 45.0] in [place["geometry"]["coordinates"] for place in places]
    marks = ET.parse(out / "map.kml").getroot().findall(".//{http://www.opengis.net/kml/2.2}Placemark")
    assert len(marks) == len(places) == 6
    page = (out / "summary.html").read_text()
    assert all(words in page for words in (hex_id, "Positions", "roof", "doppler"))
    again = [tmp_path / f"{name}.zip" for name in "ab"]
    for archive in again:
        assert command("export", hex_id, "--store", url, "-o", str(archive))[0] == 0
    assert again[0].read_bytes() == again[1].read_bytes()
    with zipfile.ZipFile(again[0]) as packed:
        assert packed.read("raw.txt") == (out / "raw.txt").read_bytes()
    assert "is not empty" in command("export", hex_id, "--store", url, "-o", str(out))[1]["error"]
    assert "has no alert" in command("export", "123", "--store", url, "-o", str(tmp_path / "x"))[1]["error"]


def test_replay_gives_the_recorded_alerts_on_either_database(journal: Journal) -> None:
    url = journal.place.url.render_as_string(hide_password=False)
    done = CliRunner().invoke(group, ["replay", url])
    assert done.exit_code == 0
    made = {json.loads(line)["id"]: json.loads(line) for line in done.stdout.splitlines()}
    assert made == {str(row.beacon): row.body for row in journal.alerts()}


def test_any_time_survives_a_snapshot() -> None:
    book = AlertBook([detection(PLB), replace(detection(YACHT), time=np.datetime64(-(2**62), "ns"))])
    assert vars(copies.load(copies.dump(book), AlertBook())) == vars(book)


def test_a_centre_archives_by_its_own_settings_and_its_numbers_go_on(tmp_path: Path) -> None:
    config = tmp_path / "centre.toml"
    config.write_text(
        '[centre]\nname = "FMCC"\ncode = "2270"\n[destinations.GRISNEZ]\ncode = "G1"\nkind = "rcc"\n'
        '[countries.227]\nunlocated = ["GRISNEZ"]\n'
    )
    settings, url, out = centre.load(config), str(tmp_path / "centre.sqlite"), tmp_path / "archive.sqlite"
    chain = Chain(Journal.open(url), lambda row: None, settings)
    chain.feed([detection(YACHT)])
    chain.feed([detection(ELT_DT, 60), *(detection(CANCEL, 60 + seconds) for seconds in (10, 20, 30))])
    last = chain.book.serials["GRISNEZ"]
    alert, rows = case.rows_of(chain._journal, message(YACHT).hex_id or "")
    sent = case.files(chain._journal, alert, rows)["sent.txt"].decode()
    assert "to GRISNEZ: " in sent
    assert "DISTRESS COSPAS-SARSAT INITIAL ALERT" in sent
    chain._journal.close()
    archive = "store", "archive", url, "--days", "0", "--before", "2027-01-01T00:00:00Z", "-o", str(out)
    assert command(*archive)[0] != 0  # by the settings of nobody, the alerts would be others
    with closing(Journal.open(url, read_only=True)) as left:
        assert not left.rows(kinds=("note",))
    out.unlink(missing_ok=True)
    assert command(*archive, "--config", str(config))[1]["alerts"] == 1
    kept = Journal.open(url)
    assert restore(kept, settings)[1] == []
    chain = Chain(kept, lambda row: None, settings)
    chain.feed([detection(YACHT | {"callsign": "VIGI002"}, 900)])
    assert chain.book.serials["GRISNEZ"] == last + 1
    kept.close()
