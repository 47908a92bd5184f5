"""``vigie measure``: transmitters against the limits of C/S T.001 and C/S T.018."""

from __future__ import annotations

import sys
from typing import Any

import click

from vigie.cli.common import emit, recording_options, wanted


@click.command(name="measure")
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a burst, then one a beacon.")
@click.option("--plot", metavar="FILE", help="Plots of each beacon: a .png, or an .html with tables in it.")
@click.option(
    "--reference-ppm",
    type=click.FloatRange(0),
    metavar="PPM",
    help="How far the recorder's clock may be off (one sigma).  [default: taken as exact]",
)
@click.option("--channel", "channel_hz", type=float, metavar="HZ", help="Channel that the beacon is declared to use.")
@recording_options
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    as_json: bool,
    plot: str | None,
    reference_ppm: float | None,
    channel_hz: float | None,
    layout: str | None,
    rate_hz: float | None,
    centre_hz: float | None,
    start: str | None,
    audio: Any,
) -> None:
    """Measure the transmitter of every burst of SOURCE whose message can be read, and of each beacon over SOURCE.

    Each quantity comes with its value, its 95 % interval, its limit and a verdict: pass or fail when the whole interval
    is on one side of the limit, else uncertain. The limits are those of C/S T.001 and C/S T.018. C/S T.007 and C/S
    T.021, which say how a laboratory measures, could not be read, so their procedures are not claimed. Exit status 1:
    nothing could be measured.

    \b
    Example:  vigie measure beacon.sigmf-meta --plot beacon.html
              vigie measure beacon.cf32 --sample-rate 250e3 --center-frequency 406.05e6 --reference-ppm 0.01 --json
    """
    from vigie import measure_plots, measuring
    from vigie.cli.receive import log_to_stderr, progress
    from vigie.errors import ConfigError
    from vigie.live import urls

    if plot is not None and not plot.lower().endswith((".png", ".html")):
        raise ConfigError(f"--plot {plot}: it must end in .png or .html")
    asked = wanted(layout, rate_hz, centre_hz, start, audio)
    log_to_stderr()
    recording = urls.open_source(source, asked)
    settings = measuring.Settings(reference_ppm, channel_hz)
    bursts = []
    for one in measuring.measure(progress(recording.blocks(), recording.duration_s)):
        bursts.append(one)
        if as_json:
            emit(measuring.line(one, settings))
        elif one.shown is None:
            click.echo(f"{_when(one)}: not measured: {one.reason}", err=True)
    found = measuring.series(bursts, settings)
    measured = {name: each for name, each in found.items() if any(one.shown for one in each.bursts)}
    for name, each in measured.items():
        told = measuring.summary(name, each)
        if as_json:
            emit(told)
        else:
            _print(told)
    if plot is not None and measured:
        for path in measure_plots.save(plot, list(measured.values()), settings, source):
            click.echo(f"{path} written", err=True)
    if not measured:
        words = "no burst" if not bursts else "no burst whose transmitter could be measured"
        click.echo(f"{recording.name}: {words} found", err=True)
        ctx.exit(1)


def _when(one: Any) -> str:
    from vigie import instants

    return f"sample {one.burst.sample}" if one.burst.start is None else instants.text(one.burst.start)


def _print(told: dict[str, Any]) -> None:
    """One beacon as a table for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from vigie.measure_plots import number, span

    colours: dict[str | None, str] = {"pass": "green", "fail": "bold red", "uncertain": "yellow", None: ""}
    who = f"{told['generation']} {told['hex_id'] or 'of unknown identity'}"
    table = Table(title=f"{who}, {told['measured']} of {told['bursts']} bursts measured")
    for head in ("quantity", "value", "95 %", "unit", "limit", "verdict", "clause"):
        table.add_column(head, overflow="fold")
    notes = []
    for line in told["measurements"]:
        mark = ""
        if line["note"]:
            if line["note"] not in notes:
                notes.append(line["note"])
            mark = f" [{notes.index(line['note']) + 1}]"
        table.add_row(
            Text(line["words"] + mark),
            number(line["value"]),
            span(line["interval"]),
            line["unit"],
            span(line["limit"]),
            Text(line["verdict"] or "", style=colours[line["verdict"]]),
            line["section"],
        )
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    console.print(table)
    for index, note in enumerate(notes, 1):
        console.print(Text(f"[{index}] {note}"))
