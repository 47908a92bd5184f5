"""What several subcommands share: JSON lines out, input lines, how recordings are to be read."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from vigie import jsonl
from vigie.errors import InputError, RecordingError

if TYPE_CHECKING:
    from vigie.centre import Settings
    from vigie.signal.recording import Wanted


def emit(value: Any) -> None:
    """One JSON line on standard output, at once."""
    sys.stdout.write(jsonl.line(value) + "\n")
    sys.stdout.flush()


def lines_of(arguments: Iterable[str]) -> Iterator[str]:
    """The arguments, or the lines of standard input that are not empty when there are none."""
    given = list(arguments)
    if given:
        yield from given
        return
    for raw in sys.stdin.buffer:  # a line that is no UTF-8 must not stop the rest
        line = raw.decode("utf-8", errors="replace").strip()
        if line:
            yield line


def recording_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how a recording is to be read, for ``wanted``."""
    options = (
        click.option("--format", "layout", help="Raw samples: cf32, cs16, cs8 or cu8 (I and Q in turn)."),
        click.option("--sample-rate", "rate_hz", type=float, metavar="HZ", help="Samples a second."),
        click.option("--center-frequency", "centre_hz", type=float, metavar="HZ", help="Radio frequency of zero."),
        click.option("--start", metavar="TIME", help="UTC of the first sample, ISO 8601."),
        click.option(
            "--audio",
            type=click.Choice(["discriminator", "phase", "iq"]),
            help="What a WAV holds; told by its content if not given.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def engine_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say where heavy work runs."""
    options = (
        click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes here."),
        click.option("--cluster", metavar="tcp://HOST:PORT", help="A Dask scheduler, whose workers do the work."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def centre_of(config: str | None) -> Settings | None:
    """The centre of a configuration file, if one is given and it has one. Raises ConfigError."""
    if config is None:
        return None
    from vigie import station
    from vigie.config import load

    return station.centre_of(load(config), config)


def wanted(layout: str | None, rate_hz: float | None, centre_hz: float | None, start: str | None, audio: Any) -> Wanted:
    """What the options of a recording ask for. Raises RecordingError for a time that is none."""
    from vigie import instants
    from vigie.signal.recording import Wanted

    try:
        begun = None if start is None else instants.parse(start)
    except InputError as error:
        raise RecordingError(f"--start: {error}") from None
    return Wanted(layout, rate_hz, centre_hz, begun, audio)
