"""``vigie replay``: the alerts that a journal, or a stream of detections, gives."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import click

from vigie.cli.common import emit
from vigie.errors import InputError


@click.command(name="replay")
@click.argument("store", metavar="STORE|STREAM")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, which is what it prints in any case.")
@click.pass_context
def command(ctx: click.Context, store: str, as_json: bool) -> None:
    """Rebuild the alerts from a journal, and print them as JSON lines.

    STORE is the file or SQLAlchemy URL of a journal: its detections go through the rules again, and if the alerts
    differ from those recorded, the exit status is 1 and the first difference is named. STREAM is a file of JSON lines
    as 'vigie receive --json' prints them.
    """
    good = _stream(Path(store)) if _is_stream(store) else _journal(store)
    if not good:
        ctx.exit(1)


def _is_stream(store: str) -> bool:
    path = Path(store)
    if "://" in store or not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(256).lstrip()[:1] == b"{"


def _journal(store: str) -> bool:
    from vigie.alert.book import AlertBook
    from vigie.chain import LEARNT_FROM
    from vigie.records import Alert
    from vigie.store import rows as forms
    from vigie.store.journal import Journal

    journal = Journal.open(store, read_only=True)
    book, due, difference = AlertBook(), deque[Alert](), ""
    for row in journal.scan():
        if row.kind in LEARNT_FROM:
            due.extend(book.take(forms.to_record(row)))
        elif row.kind == "alert" and not difference:
            made = forms.as_json(forms.alert_body(due.popleft())) if due else {}
            if made != row.body:
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


def _stream(path: Path) -> bool:
    import msgspec

    from vigie import ingest
    from vigie.alert.book import AlertBook
    from vigie.store import rows as forms

    book, good = AlertBook(), True
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
