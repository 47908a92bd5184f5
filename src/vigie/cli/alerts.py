"""``vigie alerts``: what a centre would decide and write about a stream of detections. Nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie.cli.common import emit
from vigie.errors import ConfigError, InputError

if TYPE_CHECKING:
    from vigie.centre import Settings
    from vigie.register import Register


@click.command(name="alerts")
@click.argument("stream", metavar="STREAM")
@click.option("--centre", metavar="FILE.toml", help="The centre that decides; without it, a station on its own.")
@click.option("--register", "tables", multiple=True, metavar="FILE.csv", help="A register of beacons.")
@click.option("--training", is_flag=True, help="Every message is an exercise's.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: each message with what called for it.")
@click.pass_context
def command(
    ctx: click.Context, stream: str, centre: str | None, tables: tuple[str, ...], training: bool, as_json: bool
) -> None:
    """Show the messages that a centre would send for the detections of STREAM, a file of JSON lines as
    'vigie receive --json' prints them. This command sends nothing. FILE.toml is the configuration that 'vigie run'
    takes, or one with the tables of the centre alone.

    \b
    Example:  vigie alerts detections.jsonl --centre centre.toml
    """
    from dataclasses import replace

    import msgspec

    from vigie import centre as centres
    from vigie import ingest, stages
    from vigie.records import Detection, ExerciseSit, Sit
    from vigie.register import Register

    register, good, written = Register(), True, 0
    for name in tables:
        try:
            refused = register.add(Path(name).read_text(encoding="utf-8-sig", errors="replace"))
        except OSError as error:
            raise click.UsageError(f"{name} cannot be read: {error.strerror}") from None
        for words in refused:
            click.echo(f"{name}: {words}", err=True)
    settings = _settings(centre, register) if centre else centres.default()
    own = replace(settings.centre, training=settings.centre.training or training)
    book = settings.book()
    try:
        lines = Path(stream).read_bytes().splitlines()
    except OSError as error:
        raise click.UsageError(f"{stream} cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            detection: Detection = ingest.detection(msgspec.json.decode(line, type=dict), source=Path(stream).name)
        except (InputError, msgspec.DecodeError) as error:
            click.echo(f"vigie: {stream}: line {number}: {error}", err=True)
            good = False
            continue
        for record in stages.sits(stages.alerts(iter([detection]), book), own):
            if isinstance(record, (Sit, ExerciseSit)):
                written += 1
                _show(record.message if isinstance(record, ExerciseSit) else record, record, as_json)
    if not good or not written:
        ctx.exit(1)


def _settings(path: str, register: Register) -> Settings:
    """The centre of a file that has its tables alone, or of a whole configuration. Raises ConfigError."""
    from vigie import centre as centres
    from vigie import config, station

    try:
        return centres.load(path, register)
    except ConfigError:  # a whole configuration, or wrong: then its own check says where
        made = station.centre_of(config.load(path), path, register)
    if made is None:
        raise ConfigError(f"{path} has no [centre]")
    return made


def _show(sit: object, record: object, as_json: bool) -> None:
    from vigie.records import ExerciseSit, Sit

    assert isinstance(sit, Sit)
    exercise = isinstance(record, ExerciseSit)
    if as_json:
        emit({"exercise": exercise, "key": sit.key, "to": sit.to, "sit": sit.number, "form": sit.form, "why": sit.why,
              "time": sit.time, "alert": sit.alert, "text": sit.text})  # fmt: skip
    else:
        click.echo(f"--- {'EXERCISE, never sent: ' if exercise else ''}SIT {sit.number} to {sit.to}: {sit.why}")
        click.echo(sit.text)
