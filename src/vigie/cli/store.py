"""``vigie store``: look after a journal."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from vigie.cli.common import emit


@click.group(name="store")
def command() -> None:
    """Check, upgrade, copy and thin out the journal of a station.

    STORE is the file or SQLAlchemy URL of a journal; '-' reads it from standard input, where no other user of the
    machine sees the password in it.
    """


def _url(store: str) -> str:
    return sys.stdin.read().strip() if store == "-" else store


@command.command()
@click.argument("store")
@click.pass_context
def check(ctx: click.Context, store: str) -> None:
    """Read every row, and say whether each is as it was written.

    Prints one JSON line: rows of each kind, the first and the last, gaps, rows that are not as they were written.
    The exit status is 1 when something is wrong. Only reads; a service may go on writing meanwhile.
    """
    from vigie.store import care
    from vigie.store.journal import Journal

    journal = Journal.open(_url(store), read_only=True)
    found = care.check(journal)
    journal.close()
    emit(found)
    if found["faults"] or found["lost"]:
        ctx.exit(1)


@command.command()
@click.argument("store")
def upgrade(store: str) -> None:
    """Bring a store of an older version to this one, and say which. A service does the same when it starts.

    Make a copy first: an older Vigie cannot read it any more.
    """
    from vigie.store.journal import SCHEMA, Journal

    journal = Journal.open(_url(store))
    journal.close()
    emit({"store": journal.name, "schema": SCHEMA, "seq": journal.written})


@command.command()
@click.argument("store")
@click.option("--config", metavar="FILE", help="The configuration of the centre whose journal it is.")
def snapshot(store: str, config: str | None) -> None:
    """Bring the snapshot of the alerts up to date, so that the next start need not read the whole journal.

    A running service does this by itself every so often. Only reads the journal.
    """
    from vigie.cli.common import centre_of
    from vigie.restore import take_snapshot
    from vigie.store.journal import Journal

    if hasattr(os, "nice"):
        os.nice(10)
    journal = Journal.open(_url(store), read_only=True)
    seq = take_snapshot(journal, centre_of(config))
    journal.close()
    emit({"store": journal.name, "seq": seq})


@command.command()
@click.argument("store")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The new SQLite file.")
@click.pass_context
def salvage(ctx: click.Context, store: str, output: Path) -> None:
    """Copy every row of a damaged SQLite store that can be read and is as it was written into a new one.

    Rows keep their numbers; what is missing is listed in the JSON line that is printed and in a row of the new store.
    The exit status is 1 when something was lost. The damaged file is left as it is.
    """
    from vigie.store import care

    found = care.salvage(Path(_url(store)), output)
    emit(found)
    if found["lost"]:
        ctx.exit(1)


@command.command()
@click.argument("store")
@click.option("--days", required=True, type=click.FloatRange(min=0), help="Leave what changed since so many days.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The archive: an SQLite store.")
@click.option("--before", metavar="TIME", help="Count the days back from this time instead of now (UTC, ISO 8601).")
@click.option("--config", metavar="FILE", help="The configuration of the centre whose journal it is.")
def archive(store: str, days: float, output: Path, before: str | None, config: str | None) -> None:
    """Move closed alerts that have not changed for so many days into an archive, with all that belongs to them.

    Closed: cancelled by the user, or never a distress (tests, self-tests, system beacons). A distress alert that is
    open, or whose cancellation is not confirmed, stays for ever, however old. Rows leave the store only after the
    archive is on disk and was read back whole, and the store says in a row of its own where they went.
    """
    from vigie import ingest, instants
    from vigie.alert.book import AlertBook
    from vigie.cli.common import centre_of
    from vigie.store import retention

    end = ingest.now() if before is None else instants.parse(before)
    settings = centre_of(config)
    emit(
        retention.archive(
            _url(store), output, instants.after(end, -days * 86400), settings.book if settings else AlertBook
        )
    )
