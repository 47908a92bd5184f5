"""``vigie layouts``: the bit maps of the message layouts."""

from __future__ import annotations

import click

from vigie.cli.common import emit
from vigie.message import explain, fgb, sgb
from vigie.message.rlm_tables import INAV_PAGE, LAYOUTS, SAR_FIELD


@click.command(name="layouts")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a layout.")
def command(name: str | None, as_json: bool) -> None:
    """Draw the bit map of the layouts whose name contains NAME; without NAME list them all.

    \b
    Example:  vigie layouts std_plb
    """
    every = [*fgb.all_layouts(), *sgb.all_layouts(), *LAYOUTS, SAR_FIELD, INAV_PAGE]
    found = [row for row in every if name is None or name.lower() in row.name.lower()]
    if not found:
        raise click.UsageError(f"no layout's name contains {name!r}: 'vigie layouts' lists them all")
    for row in found:
        if as_json:
            fields = [
                {
                    "name": f.name,
                    "bits": [f.first, f.last],
                    "unit": f.unit or None,
                    "doc": f.doc,
                    "codec": f.codec.words,
                }
                for f in row.fields
            ]
            emit({"name": row.name, "title": row.title, "clause": row.clause, "facts": row.facts, "fields": fields})
        elif name is None:
            click.echo(f"{row.name:<50s} {row.title}")
        else:
            click.echo(explain.layout_page(row) + "\n")
