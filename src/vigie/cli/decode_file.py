"""Archives of messages: from a CSV, JSON-lines, text or Parquet file to another, chunk by chunk, row for row."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from vigie import jsonl
from vigie.errors import ConfigError, InputError
from vigie.message import fgb, sgb
from vigie.message.batch import CORE, ERROR, Batch, decode_many
from vigie.message.codecs import FLAG, UINT

CHUNK = 20_000
"""messages read, decoded and written at a time"""
NAMES = ("hex", "message", "hex_message", "input", "msg", "hexid", "hex_id")
"""what a column of messages may be called, the likelier first"""
COLUMNS = (
    *CORE, "layout", "hex_id_15", "mmsi", "callsign", "aircraft_24bit", "aircraft_registration", "aircraft_operator",
    "aircraft_operator_3ld", "serial_number", "specific_beacon", "national_id", "tac", "rls_tac", "emergency",
    "rotating_field", "position_source", "position_resolution_deg", "homing_121_5", "auxiliary_device", "activation",
    "altitude_above_m", "altitude_up_to_m", "location_freshness", "truncated", "cancellation", "corrected_bits", "odd",
    "changes", *ERROR,
)  # fmt: skip
"""the columns written unless others are named"""
_LISTS = {"corrected_bits": int, "odd": str, "changes": str}
_INTEGERS = frozenset({"bch1_errors", "bch2_errors", "bch_errors", "tac", "rls_tac", "moffset_minutes",
                       "altitude_above_m", "altitude_up_to_m"})  # fmt: skip
_FLOATS = frozenset({"latitude", "longitude", "coarse_latitude", "coarse_longitude", "position_resolution_deg"})
_FLAGS = frozenset({"truncated", "cancellation", "elt_dt_test", "withdrawn"})
_BESIDE = ("hex_id_23", "pdf2_verdict", "bch1_encoded", "bch2_encoded", "bch_encoded", "bch_computed", "crc16",
           "filler", "frame_sync", "mode")  # fmt: skip
"""facts that no layout states by itself"""
Tell = Callable[[int], None]
"""told how much of the source (bytes, or rows of a Parquet file) was read since the last time"""


class Sink(Protocol):
    def write(self, batch: Batch) -> None: ...


def kinds() -> dict[str, str]:
    """Every column there can be, and what it holds: integer, float, flag, list or text (JSON where it is no text)."""
    stated: dict[str, set[str]] = {}
    for layout in (*fgb.all_layouts(), *sgb.all_layouts()):
        for row in layout.fields:
            if not row.hidden and row.fixed is None and row.name not in ("bch1", "bch2"):
                kind = "integer" if row.codec is UINT else "flag" if row.codec is FLAG else "text"
                stated.setdefault(row.name, set()).add(kind)
        for name in (*layout.facts, *(key for part in layout.parts for key in part.keys)):
            stated.setdefault(name, set()).add("text")
    found = dict.fromkeys(COLUMNS, "text") | dict.fromkeys(_BESIDE, "text")
    found |= {name: kinds.pop() if len(kinds) == 1 else "text" for name, kinds in stated.items()}
    for names, kind in ((_INTEGERS, "integer"), (_FLOATS, "float"), (_FLAGS, "flag"), (_LISTS, "list")):
        found |= dict.fromkeys(names, kind)
    return found


def chosen(text: str | None) -> list[str]:
    """The columns of a list such as ``hex_id,latitude`` or ``all``. Raises InputError for a name there is not."""
    if not text:
        return list(COLUMNS)
    known = kinds()
    if text == "all":
        return [*(name for name in known if name not in ERROR), *ERROR]
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in known:
            raise InputError(f"no column is called {name!r}; all are: {', '.join(sorted(known))}")
    return names


def convert(source: Path, target: Path, column: str | None, names: list[str], tell: Tell) -> tuple[int, int]:
    """Decode every message of ``source`` into ``target``; the number of messages and of those refused.

    What a file is, its suffix tells. A row that holds no message stays in its place with its error. The target appears
    when it is complete. Raises InputError for a file that cannot be read or has no column of messages, ConfigError for
    Parquet without the extra ``archive``.
    """
    rows = refused = 0
    partial = target.with_name(target.name + ".part")
    texts = _texts(source, column, tell)
    try:
        with _sink(target, partial, names) as sink:
            for chunk in texts:
                batch = decode_many(chunk)
                sink.write(batch)
                rows += len(batch)
                refused += len(batch.refused)
        os.replace(partial, target)
    except OSError as error:
        raise InputError(f"{error.filename or source}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return rows, refused


# -- reading ----------------------------------------------------------------------------------------------------------


def _texts(source: Path, column: str | None, tell: Tell) -> Iterator[list[str]]:
    suffix = source.suffix.lower()
    if suffix == ".parquet":
        yield from _from_parquet(source, column, tell)
        return
    readers: dict[str, Callable[[Iterator[str], str | None], Iterator[str]]] = {
        ".csv": _from_csv, ".jsonl": _from_jsonl, ".ndjson": _from_jsonl, ".json": _from_jsonl, ".txt": _from_text,
        ".hex": _from_text,
    }  # fmt: skip
    if suffix not in readers:
        raise InputError(f"{source}: not a file of messages; its name must end with .csv, .jsonl, .txt or .parquet")
    with source.open("rb") as file:
        chunk: list[str] = []
        for text in readers[suffix](_lines(file, tell), column):
            chunk.append(text)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
        if chunk:
            yield chunk


def _lines(file: IO[bytes], tell: Tell) -> Iterator[str]:
    """Lines as text; bytes that are no UTF-8 are marked, not lost."""
    done = number = 0
    for number, raw in enumerate(file, 1):
        done += len(raw)
        if number % 10_000 == 0:
            tell(done)
            done = 0
        yield raw.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace").replace("\0", "\ufffd")
    tell(done)


def _from_text(lines: Iterator[str], column: str | None) -> Iterator[str]:
    return (text for text in (line.strip() for line in lines) if text)


def _from_csv(lines: Iterator[str], column: str | None) -> Iterator[str]:
    """The messages of a table, one a line: a quotation mark left open spoils its own line only."""
    head = _cells_of(next(lines, ""))
    if not head:
        return
    names = [name.strip().lower() for name in head]
    place = _place(names, column, single=False)
    if place is None:
        if len(head) > 1 or column:
            raise InputError(_no_column(names, column))
        yield head[0]
        place = 0
    for line in lines:
        row = _cells_of(line)
        if row:
            yield row[place].strip() if place < len(row) else line.strip()


def _cells_of(line: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")]), [])
    except csv.Error:
        return [line.strip()]


def _from_jsonl(lines: Iterator[str], column: str | None) -> Iterator[str]:
    for line in lines:
        text = line.strip()
        if not text:
            continue
        try:
            value = json.loads(text)
        except ValueError:
            yield text
            continue
        if isinstance(value, dict):
            keys = {str(key).lower(): key for key in value}
            place = _place(list(keys), column, single=True)
            value = value[list(keys.values())[place]] if place is not None else text
        yield value if isinstance(value, str) else text


def _place(names: list[str], column: str | None, *, single: bool) -> int | None:
    """Which column holds the messages."""
    if column is not None:
        return names.index(column.lower()) if column.lower() in names else None
    for name in NAMES:
        if name in names:
            return names.index(name)
    return 0 if single and len(names) == 1 else None


def _no_column(names: list[str], column: str | None) -> str:
    wanted = f"no column {column!r}" if column else f"no column of messages ({', '.join(NAMES)})"
    return f"{wanted} among {', '.join(names)}; name it with --column"


def _arrow() -> Any:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigError("Parquet files need pyarrow: install vigie with the extra archive (vigie[archive])") from None
    return pyarrow


def _from_parquet(source: Path, column: str | None, tell: Tell) -> Iterator[list[str]]:
    arrow = _arrow()
    try:
        with arrow.parquet.ParquetFile(source) as file:
            names = [str(name) for name in file.schema_arrow.names]
            place = _place([name.lower() for name in names], column, single=True)
            if place is None:
                raise InputError(f"{source}: {_no_column(names, column)}")
            for batch in file.iter_batches(CHUNK, columns=[names[place]]):
                tell(batch.num_rows)
                yield ["" if text is None else str(text) for text in batch.column(0).to_pylist()]
    except arrow.ArrowInvalid as error:
        raise InputError(f"{source}: {error}") from None


def size_of(source: Path) -> int:
    """What ``Tell`` adds up to: bytes, or rows of a Parquet file. Raises InputError for a file that is not there."""
    try:
        if source.suffix.lower() == ".parquet":
            arrow = _arrow()
            return int(arrow.parquet.read_metadata(source).num_rows)
        return source.stat().st_size
    except OSError as error:
        raise InputError(f"{source}: {error.strerror or error}") from None
    except ValueError as error:  # what pyarrow raises for a file that is no Parquet
        raise InputError(f"{source}: {error}") from None


# -- writing ----------------------------------------------------------------------------------------------------------


@contextmanager
def _sink(target: Path, partial: Path, names: list[str]) -> Iterator[Sink]:
    suffix = target.suffix.lower()
    if suffix == ".parquet":
        arrow = _arrow()
        schema = _schema(arrow, names)
        with arrow.parquet.ParquetWriter(partial, schema) as writer:
            yield _Parquet(arrow, writer, schema)
    elif suffix == ".csv":
        with partial.open("w", encoding="utf-8", newline="") as file:
            yield _Csv(file, names)
    elif suffix in (".jsonl", ".ndjson"):
        with partial.open("w", encoding="utf-8") as file:
            yield _JsonLines(file, names)
    else:
        raise InputError(f"{target}: what to write is told by its name, which must end with .csv, .jsonl or .parquet")


def _json(value: Any) -> Any:
    """A value in one cell: lists and objects as JSON, flags as JSON writes them."""
    return jsonl.line(value) if isinstance(value, (list, dict, bool)) else value


def _cells(batch: Batch, name: str, change: Callable[[Any], Any]) -> list[Any]:
    """A column's values, each distinct one changed once."""
    column = batch.column(name)
    if column.words is not None:
        words = [*map(change, column.words), None]
        return [words[code] for code in column.data.tolist()]
    return column.tolist() if column.data.dtype.kind != "b" else [*map(change, column.tolist())]


class _Csv:
    def __init__(self, file: IO[str], names: list[str]) -> None:
        self._writer, self._names = csv.writer(file, lineterminator="\n"), names
        self._writer.writerow(names)

    def write(self, batch: Batch) -> None:
        columns: Iterable[list[Any]] = [_cells(batch, name, _json) for name in self._names]
        self._writer.writerows(zip(*columns, strict=True))


class _JsonLines:
    """One object a row: null where a core column says nothing, other columns left out then.

    A refused row stands as ``vigie decode --json`` writes it.
    """

    def __init__(self, file: IO[str], names: list[str]) -> None:
        self._file, self._names = file, names

    def write(self, batch: Batch) -> None:
        names = [name for name in self._names if name not in ERROR]
        heads = [f"{jsonl.line(name)}:" for name in names]
        texts = batch.column("input").tolist()
        columns = [
            [
                (head + "null" if name in CORE else None) if cell is None else head + cell
                for cell in _cells_json(batch, name)
            ]
            for head, name in zip(heads, names, strict=True)
        ]
        refused = batch.refused
        lines = []
        for row, cells in enumerate(zip(*columns, strict=True)):
            if row in refused:
                error = refused[row]
                lines.append(jsonl.line({"input": texts[row], "error": {"kind": error.kind, "message": str(error)}}))
            else:
                lines.append("{" + ",".join(filter(None, cells)) + "}")
        if lines:
            self._file.write("\n".join(lines) + "\n")


def _cells_json(batch: Batch, name: str) -> list[Any]:
    column = batch.column(name)
    if column.words is not None:
        return _cells(batch, name, jsonl.line)
    return [None if value is None else jsonl.line(value) for value in column.tolist()]


def _schema(arrow: Any, names: list[str]) -> Any:
    known = kinds()
    types = {"integer": arrow.int64(), "float": arrow.float64(), "flag": arrow.bool_(), "text": arrow.string()}
    lists = {name: arrow.list_(arrow.int64() if kind is int else arrow.string()) for name, kind in _LISTS.items()}
    return arrow.schema([(name, lists.get(name) or types[known[name]]) for name in names])


class _Parquet:
    def __init__(self, arrow: Any, writer: Any, schema: Any) -> None:
        self._arrow, self._writer, self._schema = arrow, writer, schema

    def write(self, batch: Batch) -> None:
        arrays = [self._array(batch, field.name, field.type) for field in self._schema]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def _array(self, batch: Batch, name: str, kind: Any) -> Any:
        column = batch.column(name)
        text = self._arrow.types.is_string(kind)
        if column.words is not None:
            words = [word if not text or isinstance(word, str) else jsonl.line(word) for word in column.words]
            places = self._arrow.array(column.data, mask=column.data < 0)
            return self._arrow.array(words, kind).take(places)
        if text and column.data.dtype.kind not in "OU":
            return self._arrow.array([None if v is None else jsonl.line(v) for v in column.tolist()], kind)
        if column.data.dtype.kind == "U":
            return self._arrow.array(column.tolist(), kind)
        mask = None if column.valid is None else ~column.valid
        return self._arrow.array(column.data, kind, mask=mask)
