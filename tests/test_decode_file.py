"""``vigie decode --from FILE --to FILE``: row for row, in every format, nothing lost."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from vigie.cli import decode_file
from vigie.cli.decode import command
from vigie.errors import ConfigError, InputError
from vigie.message import beacon

GOOD = "FFFE2F8E390E86CB28946AB42A10CFB97F83"
SECOND = "0039823D32618658622811F0000000000003FFF004030680258492A4FC0CA02"  # any 63 digits are a message
TEXTS = [GOOD, "no message at all", "ffFE2F 8E390E86CB28946AB42A10CFB97F83", SECOND, "", GOOD[:28]]


def run(source: Path, target: Path, *more: str) -> int:
    names = decode_file.chosen(None)
    assert not more
    rows, refused = decode_file.convert(source, target, None, names, lambda done: None)
    assert rows == len(TEXTS)
    return refused


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["when", "Hex"])
        writer.writerows((number, text) for number, text in enumerate(TEXTS))
    return path


def wanted(text: str) -> dict[str, Any]:
    try:
        return {**beacon.decode(text).facts, "input": text}
    except InputError as error:
        return {"input": text, "error": {"kind": error.kind, "message": str(error)}}


def test_json_lines(source: Path, tmp_path: Path) -> None:
    assert run(source, tmp_path / "out.jsonl") == 2
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(rows) == len(TEXTS)
    for row, text in zip(rows, TEXTS, strict=True):
        facts = wanted(text)
        assert row["input"] == text
        for name, value in row.items():
            assert value == facts.get(name), name
        assert ("error" in row) == ("error" in facts)
        assert "error" in row or "latitude" in row


def test_csv(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, text in zip(rows, TEXTS, strict=True):
        facts = wanted(text)
        assert row["input"] == text
        assert row["hex_id"] == (facts.get("hex_id") or "")
        assert row["error"] == facts.get("error", {}).get("message", "")
        assert (float(row["latitude"]) if row["latitude"] else None) == facts.get("latitude")
        assert row["odd"] == (json.dumps(facts["odd"], separators=(",", ":")) if "odd" in facts else "")


def test_parquet(source: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    run(source, tmp_path / "out.parquet")
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    for row, text in zip(table, TEXTS, strict=True):
        facts = wanted(text)
        for name in ("hex_id", "latitude", "country_code", "corrected_bits", "odd", "truncated"):
            assert row[name] == facts.get(name), name
    # and back again, from Parquet
    run(tmp_path / "out.parquet", tmp_path / "again.csv")
    run(source, tmp_path / "straight.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "straight.csv").read_bytes()


def test_every_source_gives_the_same(source: Path, tmp_path: Path) -> None:
    run(source, tmp_path / "csv.jsonl")
    lines = [json.dumps({"message": text, "n": 1}) if number % 2 else json.dumps(text)
             for number, text in enumerate(TEXTS)]  # fmt: skip
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    run(tmp_path / "in.jsonl", tmp_path / "jsonl.jsonl")
    assert (tmp_path / "jsonl.jsonl").read_text() == (tmp_path / "csv.jsonl").read_text()


def test_chunks_do_not_show(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(source, tmp_path / "whole.csv")
    monkeypatch.setattr(decode_file, "CHUNK", 2)
    run(source, tmp_path / "parts.csv")
    assert (tmp_path / "parts.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_broken_lines_stay_in_place(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"hex": "' + GOOD.encode() + b'"}\n{"hex": \n\xff\xfe\n[1, 2]\n"' + b'"\n')
    decode_file.convert(
        tmp_path / "in.jsonl", tmp_path / "out.jsonl", None, ["input", "hex_id", "error"], lambda n: None
    )
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert len(rows) == 5
    assert rows[0]["hex_id"] == beacon.decode(GOOD).hex_id
    assert all("error" in row for row in rows[1:])


def test_an_open_quotation_mark_spoils_one_line(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(f'when,hex\n1,{GOOD}\n2,"{GOOD}\n"3,{GOOD}\n4,{GOOD}\n' + "5\n")
    decode_file.convert(tmp_path / "in.csv", tmp_path / "out.jsonl", None, ["input", "hex_id"], lambda n: None)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert ["error" in row for row in rows] == [False, False, True, False, True]


def test_a_plain_list_of_messages(tmp_path: Path) -> None:
    for name in ("in.txt", "in.csv"):
        (tmp_path / name).write_text(f"{GOOD}\n{SECOND}\n")
        rows, refused = decode_file.convert(tmp_path / name, tmp_path / "out.csv", None, ["hex_id"], lambda n: None)
        assert (rows, refused) == (2, 0)


def test_all_columns(source: Path, tmp_path: Path) -> None:
    names = decode_file.chosen("all")
    assert set(decode_file.COLUMNS) <= set(names)
    for target in ("out.csv", "out.jsonl", "out.parquet"):
        decode_file.convert(source, tmp_path / target, None, names, lambda n: None)


def test_command(source: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    target = tmp_path / "out.csv"
    done = runner.invoke(command, ["--from", str(source), "--to", str(target), "--columns", "input,hex_id"])
    assert done.exit_code == 1
    assert "6 messages, 2 of them refused" in done.output
    assert target.read_text().splitlines()[0] == "input,hex_id"
    assert runner.invoke(command, ["--from", str(source)]).exit_code == 2
    assert runner.invoke(command, ["--from", str(source), "--to", str(target), GOOD]).exit_code == 2


@pytest.mark.parametrize(
    ("name", "text", "target", "words"),
    [
        ("in.csv", "a,b\n1,2\n", "out.csv", "--column"),
        ("in.xls", "", "out.csv", "not a file of messages"),
        ("in.csv", "hex\n", "out.xls", "must end with"),
        ("in.csv", "hex\n", "missing/out.csv", "missing"),
        ("in.parquet", "PAR", "out.csv", "in.parquet"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, name: str, text: str, target: str, words: str) -> None:
    (tmp_path / name).write_text(text)

    def work() -> None:
        decode_file.size_of(tmp_path / name)
        decode_file.convert(tmp_path / name, tmp_path / target, None, ["hex_id"], lambda n: None)

    with pytest.raises(InputError, match=words):
        work()
    assert not list(tmp_path.glob("*.part"))


def test_unknown_column() -> None:
    with pytest.raises(InputError, match="latitude"):
        decode_file.chosen("hex_id,lattitude")


def test_without_pyarrow(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match="archive"):
        decode_file.convert(source, tmp_path / "out.parquet", None, ["hex_id"], lambda n: None)
    run(source, tmp_path / "out.csv")
