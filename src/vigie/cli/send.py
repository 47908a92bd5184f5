"""``vigie send``: detections of a file, or of a pipe, to a centre."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import click

from vigie.errors import ConfigError, InputError


@click.command(name="send")
@click.argument("file", default="-", metavar="FILE|-")
@click.option("--to", required=True, metavar="URL", help="wss://HOST[:PORT] or https://HOST[:PORT] of the centre.")
@click.option("--token-file", metavar="FILE", help="The token of this station (or VIGIE_TOKEN in the environment).")
@click.option("--spool", metavar="FILE", help="What waits to be sent.  [default: in the user's data folder]")
@click.option("--ca", metavar="FILE", help="PEM file of the authorities to trust in place of the system's.")
@click.option("--insecure", is_flag=True, help="Unencrypted to another machine: on a network encrypted otherwise.")
@click.option(
    "--give-up", "give_up_s", type=float, metavar="SECONDS", help="Stop trying after so long; what waits stays."
)
@click.pass_context
def command(
    ctx: click.Context,
    file: str,
    to: str,
    token_file: str | None,
    spool: str | None,
    ca: str | None,
    insecure: bool,
    give_up_s: float | None,
) -> None:
    """Deliver detections, JSON lines as 'vigie receive --json' prints them, to a centre.

    They are on disk here before they are sent, and kept until the centre has them on disk. When the centre cannot be
    reached they are sent later: it goes on trying, and the next 'vigie send' to the same centre begins with what waits.
    A line without a time gets that of this clock. Exit 1: a line was refused, here or there, or something still waits.

    \b
    Example:  vigie receive rtl_tcp://127.0.0.1:1234 --json | vigie send - --to wss://centre.example
    """
    import os

    import platformdirs

    from vigie.links.sender import Sender
    from vigie.links.settings import Link
    from vigie.links.spool import Spool, SpoolFullError

    settings = Link(
        to=to, token=None if token_file else os.environ.get("VIGIE_TOKEN"), token_file=token_file, ca=ca,
        insecure=insecure,
    )  # fmt: skip
    settings.check()
    name = f"send-{hashlib.sha256(to.encode()).hexdigest()[:12]}.sqlite"
    store = Spool(spool or platformdirs.user_data_path("vigie", appauthor=False) / name)
    sender = Sender(settings, store)
    stop, refused = threading.Event(), 0
    before = len(store.refused())
    thread = threading.Thread(target=sender.run, args=(stop,), daemon=True)
    thread.start()
    try:
        for number, line in enumerate(_lines(file), 1):
            if not line.strip():
                continue
            try:
                body = _checked(line)
            except InputError as error:
                refused += 1
                click.echo(f"vigie send: line {number}: {error}", err=True)
                continue
            while True:
                try:
                    store.put([body])
                    break
                except SpoolFullError:  # the pipe waits, nothing is thrown away
                    time.sleep(0.2)
            sender.wake()
        until = None if give_up_s is None else time.monotonic() + give_up_s
        while store.waiting and (until is None or time.monotonic() < until):
            time.sleep(0.02)
    finally:
        stop.set()
        sender.wake()
        thread.join(5.0)
    left, gone = store.waiting, store.refused()[before:]
    store.close()
    for item in gone:
        click.echo(f"vigie send: the centre refused: {item['why']}: {item['body']}", err=True)
    click.echo(
        f"vigie send: {sender.sent - len(gone)} delivered, {refused + len(gone)} refused, {left} waiting", err=True
    )
    if left:
        click.echo(f"vigie send: {to}: {sender.error or 'not reached'}; the rest waits in {store.file}", err=True)
    if refused or gone or left:
        ctx.exit(1)


def _lines(file: str) -> Iterator[bytes]:
    if file == "-":
        yield from sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as stream:
            yield from stream
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}") from None


def _checked(line: bytes) -> str:
    """A line that is a detection, with a time. Raises InputError."""
    import msgspec

    from vigie import ingest, instants, jsonl

    try:
        body = msgspec.json.decode(line, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"it is no JSON object: {error}") from None
    ingest.detection(body)
    if body.get("time") is None:
        body |= {"time": instants.text(ingest.now()), "time_known": False}
    return jsonl.line(body)
