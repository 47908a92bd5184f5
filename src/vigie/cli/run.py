"""``vigie run``: the whole chain with its console."""

from __future__ import annotations

import logging
import threading
import webbrowser
from pathlib import Path
from typing import Any

import click

from vigie.cli.common import recording_options, wanted
from vigie.errors import ConfigError


@click.command(name="run")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--port", type=click.IntRange(0, 65535), default=8406, show_default=True, help="0: any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only: there is no sign-in yet.")
@click.option(
    "--store", metavar="URL", help="SQLAlchemy URL or file of the journal.  [default: in the user's data folder]"
)
@click.option(
    "--speed", type=click.FloatRange(0, min_open=True), help="Play the recordings at so many times real time."
)
@click.option("--afresh", is_flag=True, help="Begin the exercise with an empty journal; the last one is put aside.")
@recording_options
@click.option("--no-browser", is_flag=True, help="Do not open the console in a browser.")
@click.pass_context
def command(
    ctx: click.Context,
    files: tuple[str, ...],
    port: int,
    host: str,
    store: str | None,
    speed: float | None,
    afresh: bool,
    layout: str | None,
    rate_hz: float | None,
    centre_hz: float | None,
    start: str | None,
    audio: Any,
    no_browser: bool,
) -> None:
    """Receive, alert, journal and show, until Ctrl-C.

    With recordings: receives them, as fast as they can be read unless --speed is given, and stays up. Without: plays
    the built-in exercise, in real time, into a journal of its own; everything in it is marked EXERCISE. What a journal
    holds is shown again at the next start.

    \b
    Example:  vigie run
              vigie run recording.sigmf-meta --speed 1
              vigie run recording.cf32 --sample-rate 37500
    """
    for file in files:
        if Path(file).suffix == ".toml":
            raise ConfigError(f"{file}: configuration files cannot be read yet; give recordings, or nothing")
    if speed is not None and not files:
        raise ConfigError("--speed is for recordings: the exercise is played in real time")
    asked = wanted(layout, rate_hz, centre_hz, start, audio)
    if afresh and (files or store):
        raise ConfigError("--afresh is for the exercise in its own journal: no other journal is ever put aside")
    logging.basicConfig(level=logging.INFO, format="vigie: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)

    from vigie import jsonl, service
    from vigie.store import engine, rows
    from vigie.store.journal import Journal
    from vigie.web.hub import Hub

    bound = service.listen(host, port)  # before anything else is touched
    try:
        sources = [service.recording(file, speed, asked) for file in files] or [service.exercise()]
        if store is None and not files:
            own = engine.default_file("exercise.sqlite")
            if afresh:
                engine.start_afresh(own)
            store = str(own)
        running = service.Service(Journal.open(store), Hub(), sources)
    except BaseException:
        bound.close()
        raise
    url = service.url_of(bound)

    def ready() -> None:
        what = "receiving " + ", ".join(files) if files else "playing the built-in exercise"
        click.echo(f"Vigie at {url}, {what}. Ctrl-C stops it. Journal: {running.journal.name}")
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    left = service.serve(running, bound, ready)
    for record in left:
        if rows.kept(record):
            click.echo(jsonl.line(rows.from_record(record)[3]))
    if left:
        click.echo(f"vigie: {running.chain.fault}; the records above are not in the journal", err=True)
        ctx.exit(1)
