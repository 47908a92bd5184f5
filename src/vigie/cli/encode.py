"""``vigie encode``: values in, messages out."""

from __future__ import annotations

import json
from typing import Any

import click

from vigie.cli.common import emit, lines_of
from vigie.errors import InputError
from vigie.message import beacon
from vigie.message.encode import encode


@click.command(name="encode")
@click.argument("objects", nargs=-1, metavar="[OBJECT]...")
@click.option("--json", "as_json", is_flag=True, help="JSON lines out: {hex, hex_id} an object.")
@click.pass_context
def command(ctx: click.Context, objects: tuple[str, ...], as_json: bool) -> None:
    """Make messages from JSON objects of field values: arguments, or one a line on standard input.

    Takes what 'vigie decode --json' prints, changed or not, or an object with protocol, country_code and the values the
    message is to state. Nothing is transmitted: the result is text.

    \b
    Example:  vigie encode '{"protocol": "std_plb_serial", "country_code": 227, "tac": 123, "serial_number": 45}'
    """
    refused = 0
    for text in lines_of(objects):
        try:
            result = _encoded(text)
        except InputError as error:
            refused += 1
            if as_json:
                emit({"input": text, "error": {"kind": error.kind, "message": str(error)}})
            else:
                click.echo(f"refused: {error}", err=True)
            continue
        if as_json:
            emit(result)
        else:
            click.echo(result["hex"])
    if refused:
        ctx.exit(1)


def _encoded(text: str) -> dict[str, Any]:
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise InputError(f"not JSON: {error}") from None
    if not isinstance(facts, dict):
        raise InputError(f"a JSON object is needed, not {type(facts).__name__}")
    digits = encode(facts)
    return {"hex": digits, "hex_id": beacon.decode(digits).hex_id}
