"""``vigie register``: who a beacon belongs to."""

from __future__ import annotations

from pathlib import Path

import click

from vigie.cli.common import emit, lines_of
from vigie.errors import HexError


@click.command(name="register")
@click.argument("ids", nargs=-1, metavar="[HEX]...")
@click.option("--table", "tables", multiple=True, metavar="FILE.csv", help="A register of one's own; may be repeated.")
@click.option("--url", metavar="TEMPLATE", help="An outside register: an address with {hex_id} in it.")
@click.option("--timeout", "timeout_s", default=5.0, show_default=True, help="Seconds to wait for it.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a beacon.")
@click.pass_context
def command(
    ctx: click.Context, ids: tuple[str, ...], tables: tuple[str, ...], url: str | None, timeout_s: float, as_json: bool
) -> None:
    """Look beacons up in a register, by any form of ID or message (15 to 63 hex digits), or by lines of standard input.

    A row whose ID cannot be read is named and left out. A register that is down says so; exit status 1 when a beacon
    was not found or could not be looked up.

    \b
    Example:  vigie register --table beacons.csv 1C6FFE0002FFBFF
    """
    from vigie.register import Http, Register

    book = Register(outside=Http(url, timeout_s) if url else None)
    good = True
    for name in tables:
        try:
            text = Path(name).read_text(encoding="utf-8-sig", errors="replace")
        except OSError as error:
            raise click.UsageError(f"{name} cannot be read: {error.strerror}") from None
        for words in book.add(text):
            click.echo(f"{name}: {words}", err=True)
            good = False
    for given in lines_of(ids):
        try:
            answer = book.look_up(given)
        except HexError as error:
            good = False
            if as_json:
                emit({"input": given, "error": {"kind": error.kind, "message": str(error)}})
            else:
                click.echo(f"{given}: {error}", err=True)
            continue
        good = good and answer.state == "found"
        if as_json:
            entry = answer.entry
            emit(
                {
                    "input": given,
                    "state": answer.state,
                    "hex_id": entry.hex_id if entry else None,
                    "source": answer.source,
                    "why": answer.why or None,
                    "fields": dict(entry.fields) if entry else None,
                }
            )
        else:
            words = answer.why or answer.state.replace("_", " ")
            click.echo("\n".join([f"{given}: {words}", *(f"  {line}" for line in answer.lines())]))
    if not good:
        ctx.exit(1)
