"""``vigie sit``: messages between centres, text to values and back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from vigie import sit
from vigie.cli.common import emit

_HIDDEN = {"text", "notes", "unread", "fields", "form"}


@click.group(name="sit")
def command() -> None:
    """Parse and write messages between centres: SIT 185, national text, SARMaster, the US automated format, LADR."""


def _inputs(files: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each file; ``-`` or none is standard input."""
    for name in files or ("-",):
        if name == "-":
            yield "-", sys.stdin.buffer.read()
            continue
        try:
            yield name, Path(name).read_bytes()
        except OSError as error:
            raise click.UsageError(f"{name} cannot be read: {error.strerror}") from None


@command.command(name="parse")
@click.argument("files", nargs=-1, metavar="[FILE|-]...")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a message.")
@click.pass_context
def parse(ctx: click.Context, files: tuple[str, ...], as_json: bool) -> None:
    """Read the messages in a file, or on standard input; a file may hold several.

    What is not understood is listed under "unread", what was odd but tolerated under "notes"; nothing is lost. A text
    of which nothing can be made is refused with the line and the reason.

    \b
    Example:  vigie sit parse message.txt --json
    """
    refused = found = 0
    for name, data in _inputs(files):
        for first, text in sit.split(data):
            found += 1
            try:
                message = sit.parse(text, first)
            except sit.SitError as error:
                refused += 1
                if as_json:
                    emit({"input": text, "error": {"kind": error.kind, "line": error.line, "message": str(error)}})
                else:
                    click.echo(f"{name}: refused: {error}", err=True)
                continue
            if as_json:
                emit(message.facts)
            else:
                click.echo(("\n" if found > 1 else "") + _page(message))
    if refused or not found:
        if not found:
            click.echo("vigie sit parse: no message was found", err=True)
        ctx.exit(1)


@command.command(name="format")
@click.argument("file", required=False, default="-", metavar="[FILE|-]")
@click.option("--json", "as_json", is_flag=True, help='JSON lines: {"text": ...} a message.')
@click.pass_context
def format_(ctx: click.Context, file: str, as_json: bool) -> None:
    """Write messages from their values: one JSON object a line, with the keys that 'vigie sit parse --json' writes.

    \b
    Example:  vigie sit parse message.txt --json | vigie sit format
    """
    refused = found = 0
    for name, data in _inputs((file,)):
        for number, row in enumerate(data.decode("utf-8", errors="replace").split("\n"), 1):
            if not row.strip():
                continue
            found += 1
            try:
                text = sit.format_message(_object(row, number))
            except sit.SitError as error:
                refused += 1
                if as_json:
                    emit({"input": row, "error": {"kind": error.kind, "line": number, "message": str(error)}})
                else:
                    click.echo(f"{name}: line {number} refused: {error}", err=True)
                continue
            if as_json:
                emit({"text": text})
            else:
                click.echo(text, nl=not text.endswith("\n"))
    if refused or not found:
        ctx.exit(1)


def _object(row: str, number: int) -> dict[str, Any]:
    """The JSON object of a line of input."""
    try:
        value = json.loads(row)
    except (ValueError, RecursionError) as error:
        raise sit.SitError(number, f"not JSON: {error}") from None
    if not isinstance(value, dict):
        raise sit.SitError(number, "not a JSON object")
    return value


def _page(message: sit.Sit) -> str:
    """A message for people: its values, then what was odd and what was not understood."""
    values = message.values
    lines = [f"SIT {values.get('sit') or '-'} ({message.form}) {values.get('title') or ''}".rstrip()]
    for key, value in values.items():
        if key in _HIDDEN or key in {"sit", "title"} or value is None or value == []:
            continue
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            lines += [f"  {key}:", *(f"    {_short(item)}" for item in value)]
        elif isinstance(value, list) and key in {"narrative", "registration", "feedback", "preface"}:
            lines += [f"  {key}:", *(f"    {item}" for item in value)]
        else:
            lines.append(f"  {key}: {_short(value)}")
    for row in message.notes:
        lines.append(f"  note{_where(row)}: {row['message']}")
    for row in message.unread:
        lines.append(f"  not understood{_where(row)}: {row['text']}")
    return "\n".join(lines)


def _where(row: dict[str, Any]) -> str:
    return f" (line {row['line']})" if row["line"] else ""


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(item)}" for key, item in value.items() if item is not None) or "none"
    if isinstance(value, list):
        return ", ".join(map(_short, value)) or "none"
    return "yes" if value is True else "no" if value is False else str(value)
