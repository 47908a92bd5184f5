"""``vigie replay``: the alerts that a journal, or a stream of detections, gives."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie.cli.common import centre_of, emit
from vigie.errors import InputError

if TYPE_CHECKING:
    from vigie.centre import Settings


@click.command(name="replay")
@click.argument("store", metavar="STORE|STREAM")
@click.option("--config", metavar="FILE", help="The configuration of the centre whose journal it is.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, which is what it prints in any case.")
@click.pass_context
def command(ctx: click.Context, store: str, config: str | None, as_json: bool) -> None:
    """Rebuild the alerts from a journal, and print them as JSON lines.

    STORE is the file or SQLAlchemy URL of a journal: its detections go through the rules again, and if the alerts
    differ from those recorded, the exit status is 1 and the first difference is named. STREAM is a file of JSON lines
    as 'vigie receive --json' prints them.

    \b
    Example:  vigie replay station.sqlite
              vigie replay detections.jsonl
    """
    from vigie import centre

    settings = centre_of(config) or centre.default()
    good = _stream(Path(store), settings) if _is_stream(store) else _journal(store, settings)
    if not good:
        ctx.exit(1)


def _is_stream(store: str) -> bool:
    path = Path(store)
    if "://" in store or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(256).lstrip()[:1] == b"{"


def _journal(store: str, settings: Settings) -> bool:
    from vigie.records import Alert
    from vigie.restore import READ, learn
    from vigie.store import rows as forms
    from vigie.store.journal import Journal

    journal = Journal.open(store, read_only=True)
    book, due, difference = settings.book(), deque[Alert](), ""
    for row in journal.scan():
        if row.kind in READ:
            due.extend(learn(book, row))
        elif row.kind == "alert" and not difference:
            made = forms.as_json(forms.alert_body(due.popleft())) if due else {}
            if not forms.same_alert(made, row.body):
                keys = [key for key in sorted(made.keys() | row.body.keys()) if made.get(key) != row.body.get(key)]
                difference = f"alert {row.beacon} at row {row.seq} differs in {', '.join(keys)}"
    if due and not difference:
        difference = f"alert {due[0].id} is not recorded as it follows from the last rows"
    for alert in book.alerts():
        emit(forms.alert_body(alert))
    journal.close()
    if difference:
        click.echo(f"vigie: {store}: the rules of this version give other alerts: {difference}", err=True)
    return not difference


def _stream(path: Path, settings: Settings) -> bool:
    import msgspec

    from vigie import ingest
    from vigie.store import rows as forms

    book, good = settings.book(), True
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            try:
                body = msgspec.json.decode(line, type=dict)
                book.take(ingest.detection(body, source=path.name))
            except (InputError, msgspec.DecodeError) as error:
                click.echo(f"vigie: {path}: line {number}: {error}", err=True)
                good = False
    for alert in book.alerts():
        emit(forms.alert_body(alert))
    return good
