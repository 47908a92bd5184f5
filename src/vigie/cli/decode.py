"""``vigie decode``: hex strings in, what they say out."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from vigie.cli.common import emit, lines_of
from vigie.errors import InputError
from vigie.message import beacon, explain, tac

_STYLES: dict[str, dict[str, Any]] = {
    "head": {"bold": True},
    "even": {"fg": "cyan"},
    "odd": {"fg": "yellow"},
    "corrected": {"fg": "red", "bold": True, "reverse": True},
}


def _paint(text: str, what: str) -> str:
    """Colour for a terminal; click takes it out again where the output is none."""
    return click.style(text, **_STYLES[what])


_FILE = click.Path(path_type=Path, dir_okay=False)


def _convert(
    ctx: click.Context, messages: tuple[str, ...], source: Path | None, target: Path | None, column: str | None,
    columns: str | None,
) -> None:  # fmt: skip
    """A whole file; NumPy and the progress bar are needed for that alone."""
    if source is None or target is None or messages:
        raise click.UsageError("--from FILE and --to FILE go together, and without messages")
    from rich.console import Console
    from rich.progress import Progress

    from vigie.cli import decode_file

    names = decode_file.chosen(columns)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(source.name, total=decode_file.size_of(source))
        rows, refused = decode_file.convert(source, target, column, names, lambda done: progress.advance(task, done))
    click.echo(f"{rows} messages, {refused} of them refused, in {target}", err=True)
    if refused:
        ctx.exit(1)


@click.command(name="decode")
@click.argument("messages", nargs=-1, metavar="[HEX]...")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a message.")
@click.option("--bits", is_flag=True, help="Draw every field with its bits as well, corrected ones marked.")
@click.option("--tac-table", type=click.File("r", encoding="utf-8"), help="CSV of certificate numbers: tac,model,...")
@click.option("--from", "source", type=_FILE, help="Decode a whole file: .csv, .jsonl, .txt or .parquet.")
@click.option("--to", "target", type=_FILE, help="Where --from goes, row for row: .csv, .jsonl or .parquet.")
@click.option("--column", help="The column of --from that holds the messages.")
@click.option("--columns", help="The columns of --to, with commas between; all: every one there is.")
@click.pass_context
def command(
    ctx: click.Context, messages: tuple[str, ...], as_json: bool, bits: bool, tac_table: Iterable[str] | None,
    source: Path | None, target: Path | None, column: str | None, columns: str | None,
) -> None:  # fmt: skip
    """Decode 406 MHz beacon messages given as hex: arguments, or one a line on standard input.

    Takes 15 hex digits (a beacon's ID), 22 or 30 (from bit 25), 28 or 36 (with the sync bits), and of second-generation
    beacons 23 (ID), 51 or 63 (message), in either case; blanks are ignored and a letter O is read as a zero, which is
    then said.

    \b
    Example:  vigie decode FFFED08E39048D158AC01E3AA482856824CE
              vigie decode --from archive.csv --to decoded.parquet
    """
    if source or target:
        _convert(ctx, messages, source, target, column, columns)
        return
    table = tac.read_table(tac_table) if tac_table else {}
    refused = 0
    for number, text in enumerate(lines_of(messages)):
        try:
            facts: dict[str, Any] = {**beacon.decode(text).facts, "input": text}
        except InputError as error:
            refused += 1
            if as_json:
                emit({"input": text, "error": {"kind": error.kind, "message": str(error)}})
            else:
                click.echo(f"{text}\n  refused: {error}", err=True)
            continue
        model = tac.model_of(facts, table)
        if model:
            facts["model"] = model
            facts["description"] = [*facts["description"], f"Model by the table given: {', '.join(model.values())}."]
        if as_json:
            emit(facts)
        else:
            click.echo(("\n" if number else "") + explain.page(facts, bits=bits, paint=_paint))
    if refused:
        ctx.exit(1)
