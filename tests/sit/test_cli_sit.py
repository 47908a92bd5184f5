"""``vigie sit``: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vigie import cli
from vigie.sit import reference

SAMPLE = "/00130 00000/2320/99 280 1506\n/915/2270/004/01\nHELLO\n/LASSIT\n/ENDMSG\n"


def run(*arguments: str, text: str | bytes = "") -> Result:
    return CliRunner().invoke(cli.group, ["sit", *arguments], input=text)


def test_json_has_one_line_a_message() -> None:
    result = run("parse", "--json", text=SAMPLE * 3)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert (result.exit_code, [row["narrative"] for row in rows]) == (0, [["HELLO"]] * 3)


def test_a_refused_message_stands_in_its_place_and_the_rest_go_on(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.txt", tmp_path / "good.txt"
    bad.write_text("nothing\n")
    good.write_text(SAMPLE)
    result = run("parse", str(bad), str(good), "--json")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert result.exit_code == 1
    assert first["input"] == "nothing\n"
    assert (first["error"]["kind"], first["error"]["line"]) == ("sit", 1)
    assert second["sit"] == "915"


@pytest.mark.parametrize(("text", "code"), [("", 1), ("\n\n", 1), (b"\xff\xfe\x00", 1), (SAMPLE, 0)])
def test_exit_codes(text: str | bytes, code: int) -> None:
    assert run("parse", text=text).exit_code == code


def test_a_file_that_is_not_there_is_wrong_use() -> None:
    result = run("parse", "nowhere.txt")
    assert result.exit_code == 2
    assert "nowhere.txt cannot be read" in result.stderr


def test_parse_and_format_are_two_way(shared: Path) -> None:
    path = shared / "mcc" / "samples" / "sm177_confirmation_doppler.txt"
    rows = run("parse", str(path), "--json").stdout
    written = run("format", text=rows)
    assert written.exit_code == 0
    values = json.loads(rows)
    again = json.loads(run("parse", "--json", text=written.stdout).stdout)
    assert {**values, "text": ""} == {**again, "text": ""}


def test_format_refuses_a_line_and_goes_on() -> None:
    row = run("parse", "--json", text=SAMPLE).stdout
    result = run("format", "--json", text="{}\nno json\n[1]\n" + row)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [row.get("error", {}).get("line") for row in rows] == [1, 2, 3, None]
    assert rows[3]["text"].startswith("/00130 00000/2320/99 280 1506\n")


def test_the_page_for_people_names_what_was_not_understood(shared: Path) -> None:
    result = run("parse", str(shared / "mcc" / "samples" / "smt175.txt"))
    assert "not understood (line 7): ADDC0000000000008" in result.stdout
    assert "doppler_a: lat 43.556, lon 1.482, prob 99" in result.stdout


def test_the_reference_page_is_fresh() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "sit.md"
    assert page.read_text(encoding="utf-8") == reference.page()
