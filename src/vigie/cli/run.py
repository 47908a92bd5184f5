"""``vigie run``: the whole chain with its console, from a configuration, recordings or radios."""

from __future__ import annotations

import logging
import threading
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie.cli.access import access_options
from vigie.cli.common import recording_options, wanted
from vigie.errors import ConfigError

if TYPE_CHECKING:
    from vigie.config import Config


DEFAULT_PORT = 8406


def _config(files: tuple[str, ...]) -> Config | None:
    """The configuration that is named; None when there is none. Raises ConfigError."""
    named = [file for file in files if Path(file).suffix == ".toml"]
    if not named:
        return None
    if len(files) > 1:
        raise ConfigError(f"{named[0]} is a configuration: give it alone, and name other sources in it")
    from vigie import config

    read = config.load(named[0])
    if not read.receives:
        raise ConfigError(f"{named[0]} names no source: add a [[source]] (vigie config example shows one)")
    return read


def _store(config: Config, path: str) -> str | None:
    """The store of a configuration; a file is relative to the configuration's folder."""
    url = config.store.url
    if url is None or "://" in url:
        return url
    return str(Path(path).absolute().parent / url)


@click.command(name="run")
@click.argument("files", nargs=-1, metavar="[CONFIG.toml | SOURCE...]")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="0: any free one.  [default: 8406]")
@click.option("--host", default=None, help="Off loopback everybody must sign in.  [default: 127.0.0.1]")
@access_options
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
    port: int | None,
    host: str | None,
    access: Any,
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

    With a configuration: its sources, outputs, links, centre, store and console (vigie config example prints one);
    options given here win.
    With recordings: receives them, as fast as they can be read unless --speed is given, and stays up. With
    rtl_tcp://HOST:PORT, soapy://ARGUMENTS or udp://HOST:PORT: receives from there. Without any: plays the built-in
    exercise, ten minutes of three distress cases, in real time, into a journal of its own; everything in it is marked
    EXERCISE. What a journal holds is shown again at the next start.

    \b
    Example:  vigie run
              vigie run station.toml
              vigie run rtl_tcp://127.0.0.1:1234
              vigie run recording.sigmf-meta --speed 1
              vigie run recording.cf32 --sample-rate 37500
    """
    asked = wanted(layout, rate_hz, centre_hz, start, audio)
    config = _config(files)
    if config is not None and (speed is not None or any((layout, rate_hz, centre_hz, start, audio))):
        raise ConfigError(
            f"{files[0]} says how its sources are read: --speed and the options of recordings are not for it"
        )
    if speed is not None and not files:
        raise ConfigError("--speed is for recordings: the exercise is played in real time")
    if afresh and (files or store):
        raise ConfigError("--afresh is for the exercise in its own journal: no other journal is ever put aside")
    logging.basicConfig(level=logging.INFO, format="vigie: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)

    from vigie import jsonl, service, station
    from vigie.store import engine, rows
    from vigie.store.journal import Journal
    from vigie.web.hub import Hub

    if config is not None:
        host, port = host or config.web.host, config.web.port if port is None else port
        no_browser = no_browser or not config.web.browser
        store = store or _store(config, files[0])
    host = host or "127.0.0.1"
    settings, tls = (None, None) if config is None else station.door_of(config, files[0])
    door = access(host, settings, tls)
    bound = service.listen(host, DEFAULT_PORT if port is None else port)  # before anything else is touched
    try:
        if config is not None:
            sources = station.configured(config, files[0])
        else:
            sources = [service.radio(file, speed, asked) for file in files]
        if store is None and not files:
            own = engine.default_file("exercise.sqlite")
            if afresh:
                engine.start_afresh(own)
            store = str(own)
        joined: dict[str, Any] = {}
        if not files:
            sources, joined["orbits"] = service.exercise()
        if config is not None:
            joined = {
                "plan": station.plan_of(config, files[0]),
                "centre": station.centre_of(config, files[0]),
                "orbits": station.orbits_of(config, files[0]),
                "live": not config.source,
            }
        running = service.Service(Journal.open(store), Hub(), sources, **joined)
    except BaseException:
        bound.close()
        door.close()
        raise
    url = service.url_of(bound, door)

    def ready() -> None:
        names = ", ".join(source.name for source in sources)
        what = (
            (f"receiving {names}" if names else "taking what is delivered")
            if files
            else "playing the built-in exercise"
        )
        printed = any(getattr(output, "to", None) == "-" for output in running.plan.outputs)  # its records alone, then
        click.echo(f"Vigie at {url}, {what}. Ctrl-C stops it. Journal: {running.journal.name}", err=printed)
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    left = service.serve(running, bound, ready, door=door)
    for record in left:
        if rows.kept(record):
            click.echo(jsonl.line(rows.from_record(record)[3]))
    if left:
        click.echo(f"vigie: {running.chain.fault}; the records above are not in the journal", err=True)
        ctx.exit(1)
