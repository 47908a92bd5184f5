"""``vigie export``: one case as files."""

from __future__ import annotations

from pathlib import Path

import click

from vigie.cli.common import emit


@click.command(name="export")
@click.argument("alert", metavar="ALERT_ID")
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="A new folder, or a new file ending in .zip."
)
@click.option(
    "--store", metavar="URL", help="SQLAlchemy URL or file of the journal.  [default: in the user's data folder]"
)
def command(alert: str, output: Path, store: str | None) -> None:
    """Export all that the journal holds of one alert, for the investigation afterwards.

    ALERT_ID is the id of an alert or the hex ID of its beacon. Written are the raw messages, every decision with its
    reason, the positions as GeoJSON and KML, the signals they came from, a summary to print, the journal rows, and a
    manifest with the SHA-256 of each file. Works while a service writes the journal, and on an archive.

    \b
    Example:  vigie export 1C6FFE0002FFBFF -o case-2026-117.zip
    """
    from vigie.store import case
    from vigie.store.journal import Journal

    journal = Journal.open(store, read_only=True)
    try:
        name, rows = case.rows_of(journal, alert)
        case.write(case.files(journal, name, rows), output)
    finally:
        journal.close()
    emit({"case": name, "rows": len(rows), "output": str(output)})
