"""The register of beacons: any form of ID, any table, and an outside register that may be down, slow or wrong."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

from vigie.cli.register import command
from vigie.errors import ConfigError, HexError, InputError
from vigie.message import beacon
from vigie.register import Http, Register, beacon_id
from vigie.sim.detections import PLB, YACHT, message

TABLE = "Hex ID;Owner;Phone\n1C6FFE0002FFBFF;Jean Dupont;+33 1\n9C7AFB2BB0004D1;Ana;\n"


class Server(http.server.BaseHTTPRequestHandler):
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = self.path.rsplit("/", 1)[-1]
        if name == "1C6FFE0002FFBFF":
            body = json.dumps({"owner": {"name": "Jean", "phones": ["1", "2"]}, "empty": ""}).encode()
            self.send_response(200)
        elif name.startswith("9C7A"):
            self.send_error(404)
            return
        elif name.startswith("SLOW"):
            time.sleep(1.0)
            return
        else:
            body = b"<html>no JSON</html>" if "html" in self.path else b"[]"
            self.send_response(503 if "busy" in self.path else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_any_form_of_id_or_message_names_the_same_beacon(shared: Path) -> None:
    seen = set()
    for name in ("fgb.jsonl", "sgb.jsonl"):
        for line in (shared / "beacons" / name).read_text().splitlines():
            row = json.loads(line)
            stated = row.get("expect", {})
            expected = stated.get("hex_id_23") or stated.get("hex_id_15")
            if row["kind"] in ("sgb_field", "sgb_prn", "moffset") or not expected:
                continue
            try:
                found = beacon_id(row["hex"])
            except HexError:
                continue  # its errors cannot be mended
            if beacon.decode(row["hex"]).form != row["kind"]:
                continue  # it can be read in two ways
            assert found[: len(expected)] == expected, row["hex"]
            seen.add(len(row["hex"]))
    assert seen >= {15, 22, 23, 28, 30, 36, 51, 63}
    with pytest.raises(HexError):
        beacon_id("not hex")


def test_a_table_is_read_whatever_its_delimiter_and_wrong_rows_are_named() -> None:
    for mark in (";", ",", "\t"):
        register = Register()
        refused = register.add("\ufeff" + (TABLE + "ZZ;x;y\n").replace(";", mark))
        assert len(refused) == 1
        assert refused[0].startswith("row 4: ")
        found = register.look_up(message(PLB, latitude=45.0, longitude=-5.0).received)
        assert (found.state, found.entry and dict(found.entry.fields)) == (
            "found",
            {"Owner": "Jean Dupont", "Phone": "+33 1"},
        )
    with pytest.raises(InputError, match="no column"):
        Register().add("name,phone\nx,y\n")
    assert Register().look_up(message(YACHT).hex_id or "").registered is False


def test_a_long_value_is_wrapped_for_a_message() -> None:
    register = Register()
    register.add(f"hex_id,remarks\n1C6FFE0002FFBFF,{'long ' * 40}\n")
    lines = register.look_up("1C6FFE0002FFBFF").lines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 66


def test_an_outside_register_is_asked_when_the_own_has_nothing(address: str) -> None:
    register = Register(outside=Http(address + "/poc/{country}/{hex_id}"))
    register.add("hex_id,owner\n9C7AFB2BB0004D1,Ana\n")
    assert register.look_up("9C7AFB2BB0004D1").source == "own register"
    found = register.look_up("1C6FFE0002FFBFF")
    assert found.entry is not None
    assert dict(found.entry.fields) == {"owner.name": "Jean", "owner.phones.1": "1", "owner.phones.2": "2"}
    assert Server.asked[-1] == "/poc/227/1C6FFE0002FFBFF"
    assert register.registered("1C6FFE0002FFBFF") is None  # the alert book asks nobody


def test_not_found_and_not_reachable_are_told_apart(address: str) -> None:
    assert Http(address + "/{hex_id}")("9C7AFB2BB0004D1").state == "not_found"
    assert Http(address + "/{hex_id}")("ADCD0228C500401").state == "not_found"
    for where, words in (("/busy/{hex_id}", "503"), ("/html/{hex_id}", "no JSON")):
        answer = Http(address + where)("ADCD0228C500401")
        assert (answer.state, answer.registered) == ("unreachable", None)
        assert words in answer.why
        assert "COULD NOT BE REACHED" in answer.lines()[0]
    down = Http("http://127.0.0.1:9/{hex_id}", 0.5)("1C6FFE0002FFBFF")
    assert down.state == "unreachable"


def test_a_slow_register_is_not_waited_for(address: str) -> None:
    begun = time.monotonic()
    answer = Http(address + "/SLOW{hex_id}", timeout_s=0.2)("1C6FFE0002FFBFF")
    assert answer.state == "unreachable"
    assert time.monotonic() - begun < 0.9


@pytest.mark.parametrize("template", ["ftp://x/{hex_id}", "file:///etc/{hex_id}", "http://x/{other}", "http://x/{"])
def test_an_address_that_cannot_be_used_is_refused(template: str) -> None:
    with pytest.raises(ConfigError, match="register's address"):
        Http(template)


def test_the_command(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(TABLE)
    run = CliRunner().invoke(command, ["--table", str(tmp_path / "r.csv"), "--json", "1C6FFE0002FFBFF"])
    assert run.exit_code == 0
    assert json.loads(run.output)["fields"]["Owner"] == "Jean Dupont"
    lost = CliRunner().invoke(command, ["--table", str(tmp_path / "r.csv"), "ADCD0228C500401", "xyz"])
    assert lost.exit_code == 1
