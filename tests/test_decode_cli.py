"""``vigie decode``, ``encode`` and ``layouts`` as processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = "FFFED08E39048D158AC01E3AA482856824CE"
HEAVY = ("numpy", "scipy", "numba", "skyfield", "sqlalchemy", "starlette")


def vigie(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vigie", *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_json_of_one_message() -> None:
    done = vigie("decode", GOOD, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads(done.stdout)
    assert facts["input"] == GOOD
    assert (facts["generation"], facts["kind"], facts["hex_id"]) == ("FGB", "message_36", "1C72091A2B3FDFF")
    assert (facts["country_code"], facts["country"]) == (227, "France")
    assert facts["fields"]["aircraft_24bit"]["bits"] == [43, 66]
    assert facts["fields"]["aircraft_24bit"]["value"] == "123456"
    assert {"raw", "value", "unit"} <= facts["fields"]["latitude_degrees"].keys()


def test_lines_of_standard_input_keep_their_order_and_a_refused_one_its_place() -> None:
    done = vigie("decode", "--json", stdin=f"{GOOD.lower()}\n\nnot hex\n ADCD0 08004 40401 \n")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [row.get("hex_id") for row in rows] == ["1C72091A2B3FDFF", None, "ADCD00800440401"]
    assert rows[1]["input"] == "not hex"
    assert rows[1]["error"]["kind"] == "character"
    assert "'N' at digit 1" in rows[1]["error"]["message"]


def test_a_line_that_is_no_text_is_refused_and_the_rest_goes_on() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "vigie", "decode", "--json"], input=b"\xff\xfe\n" + GOOD.encode() + b"\n",
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert "error" in rows[0]
    assert rows[1]["hex_id"] == "1C72091A2B3FDFF"


def test_text_for_people_names_what_matters() -> None:
    done = vigie("decode", "--bits", GOOD[:-1] + "F")
    assert done.returncode == 0
    for words in (
        "Self-test: not a distress call",
        "France",
        "42 57.27 N",
        "Corrected: bit 144",
        "^ corrected",
        "43-66",
    ):
        assert words in done.stdout


@pytest.mark.parametrize("arguments", [("decode", "--jsno"), ("no-such-command",), ("layouts", "no_such_layout")])
def test_wrong_use_is_exit_2_and_a_sentence(arguments: tuple[str, ...]) -> None:
    done = vigie(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_a_closed_pipe_is_no_error() -> None:
    done = subprocess.run(
        f"yes {GOOD} | head -2000 | {sys.executable} -m vigie decode --json | head -1",
        shell=True, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert json.loads(done.stdout)["hex_id"] == "1C72091A2B3FDFF"
    assert "Traceback" not in done.stderr


def test_decode_encode_pipe_is_exact() -> None:
    done = vigie("encode", "--json", stdin=vigie("decode", "--json", GOOD, GOOD[6:], GOOD[:-1] + "F").stdout)
    assert done.returncode == 0
    assert [json.loads(line)["hex"] for line in done.stdout.splitlines()] == [GOOD, GOOD[6:], GOOD[:-1] + "F"]


def test_encode_refuses_by_name_and_goes_on() -> None:
    good = json.dumps({"protocol": "nat_plb", "country_code": 227, "national_id": 5})
    done = vigie("encode", "--json", stdin=f'{{"protocol": "nat_plb", "country_code": 5000}}\n{good}\n[]\n')
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert rows[0]["error"]["kind"] == "field"
    assert "country_code (bits 27-36)" in rows[0]["error"]["message"]
    assert rows[1]["hex_id"] == "1C760002BF81FE0"
    assert "object" in rows[2]["error"]["message"]


def test_layouts_lists_and_draws() -> None:
    names = [json.loads(line)["name"] for line in vigie("layouts", "--json").stdout.splitlines()]
    assert len(names) == len(set(names)) > 60
    drawn = vigie("layouts", "std_plb_serial").stdout
    assert "41-50" in drawn
    assert "always 0111" in drawn


def test_decode_imports_nothing_heavy() -> None:
    """The budget of 0.25 s CPU for one message does not allow for it."""
    code = (
        "import sys; sys.argv = ['vigie', 'decode', sys.argv[1], '--json']\n"
        "from vigie.cli import main\n"
        "try:\n    main()\n"
        f"finally:\n    print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code, GOOD], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr.strip() == "[]"
    assert json.loads(done.stdout)["hex_id"]


def test_a_certificate_table_names_the_model_and_a_bad_one_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "tac.csv"
    table.write_text("tac,model,maker\n197,Sample One,Nobody\n")
    facts = json.loads(vigie("decode", "--json", "--tac-table", str(table), "ADCC404C8400315").stdout)
    assert facts["model"] == {"model": "Sample One", "maker": "Nobody"}
    table.write_text("tac,model\none,Sample\n")
    done = vigie("decode", "--tac-table", str(table), "ADCC404C8400315")
    assert (done.returncode, "line 2" in done.stderr) == (2, True)
    table.write_text("number,name\n")
    assert "columns tac and model" in vigie("decode", "--tac-table", str(table), "ADCC404C8400315").stderr


def test_an_id_alone_is_not_told_as_distress() -> None:
    done = vigie("decode", "1C72091A2B3FDFF")
    assert "An ID alone" in done.stdout
    assert "Distress" not in done.stdout
    assert "position" not in done.stdout
