"""``vigie receive FOLDER``: every recording of an archive, on any engine, the answers in the order of the files."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from vigie import jsonl
from vigie.engine import Engine
from vigie.errors import ConfigError, VigieError

_NOT_PASSED = ("source", "workers", "cluster")
_OF_RAW_FILES = ("layout", "rate_hz")
"""options that, with a format, speak of the raw files alone: the others say themselves what they hold"""


@dataclass(frozen=True)
class Item:
    """One recording to be received: an item of work."""

    recording: str
    options: tuple[str, ...]


@dataclass(frozen=True)
class Told:
    """What receiving one recording said."""

    recording: str
    code: int
    out: str
    err: str


def recordings(folder: Path, *, raw: bool = False) -> list[Path]:
    """The SigMF, WAV and FLAC recordings below a folder, in order of their names; ``raw``: files of samples alone too.

    Raises ConfigError without any.
    """
    from vigie.signal.recording import WAV_EXTENSIONS

    known = (".sigmf-meta", ".sigmf", *WAV_EXTENSIONS, *(_raw_extensions() if raw else ()))
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in known and path.is_file())
    if not found:
        more = "" if raw else "; raw files too with --format"
        raise ConfigError(f"{folder}: no recording in it: {', '.join(known)} are looked for{more}")
    return found


def _raw_extensions() -> tuple[str, ...]:
    from vigie.signal.recording import RAW_EXTENSIONS

    return (*RAW_EXTENSIONS, ".bin", ".dat")


def options_of(ctx: click.Context, without: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The options that a command was given, as words, but ``without`` and those that say where the work is done."""
    words: list[str] = []
    for parameter in ctx.command.params:
        name = str(parameter.name)
        value = ctx.params.get(name)
        if name in (*_NOT_PASSED, *without) or not isinstance(parameter, click.Option):
            continue
        if value is None or value == () or value == parameter.get_default(ctx):
            continue
        if parameter.is_flag:
            words.append(parameter.opts[0])
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [parameter.opts[0], str(one)]
    return tuple(words)


def receive(item: Item) -> Told:
    """One recording, as ``vigie receive`` tells it. For a worker."""
    from vigie.cli.receive import command

    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            code = int(command.main([item.recording, *item.options], standalone_mode=False) or 0)
        except VigieError as error:
            code = 2
            err.write(f"{item.recording}: {error}\n")
    return Told(item.recording, code, out.getvalue(), err.getvalue())


def told(ctx: click.Context, folder: Path, engine: Engine) -> Iterator[Told]:
    """What each recording said, in order."""
    raw = ctx.params.get("layout") is not None
    for_raw, for_others = options_of(ctx), options_of(ctx, _OF_RAW_FILES if raw else ())
    kinds = _raw_extensions()
    return engine.map(
        receive,
        (
            Item(str(path), for_raw if path.suffix.lower() in kinds else for_others)
            for path in recordings(folder, raw=raw)
        ),
    )


def run(ctx: click.Context, folder: Path, workers: int, cluster: str | None, as_json: bool) -> int:
    """Receive an archive and tell; the exit status: 0 when any message was found, 1 when not, or a file was refused."""
    from vigie.engine import open_engine

    found = refused = 0
    with open_engine(workers, cluster) as engine:
        for one in told(ctx, folder, engine):
            for line in one.out.splitlines():
                found += 1
                _say(one.recording, line, as_json)
            refused += one.code == 2
            sys.stderr.write(one.err)
    return 1 if refused or not found else 0


def _say(recording: str, line: str, as_json: bool) -> None:
    if as_json and line.startswith("{"):
        key: Any = jsonl.line({"recording": recording})
        sys.stdout.write(f"{key[:-1]},{line[1:]}\n")
    else:
        sys.stdout.write(f"{recording}: {line}\n")
