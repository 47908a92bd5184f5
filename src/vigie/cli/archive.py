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


def recordings(folder: Path) -> list[Path]:
    """The SigMF, WAV and FLAC recordings below a folder, in order of their names. Raises ConfigError without any."""
    from vigie.signal.recording import WAV_EXTENSIONS

    known = (".sigmf-meta", ".sigmf", *WAV_EXTENSIONS)
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in known and path.is_file())
    if not found:
        raise ConfigError(f"{folder}: no recording in it: {', '.join(known)} are looked for")
    return found


def options_of(ctx: click.Context) -> tuple[str, ...]:
    """The options that a command was given, as words, without those that say where the work is done."""
    words: list[str] = []
    for parameter in ctx.command.params:
        name = str(parameter.name)
        value = ctx.params.get(name)
        if name in _NOT_PASSED or not isinstance(parameter, click.Option):
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
    options = options_of(ctx)
    return engine.map(receive, (Item(str(path), options) for path in recordings(folder)))


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
