"""``vigie receive``: every burst of a recording or of a live source, demodulated and decoded."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from vigie.cli.common import emit, engine_options, recording_options, wanted
from vigie.errors import ConfigError


@click.command(name="receive")
@click.argument("source")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a burst.")
@click.option("--all", "every", is_flag=True, help="Also list bursts whose message could not be recovered.")
@click.option(
    "--doppler",
    "doppler_hz",
    type=click.FloatRange(0, 50_000),
    default=13_000.0,
    show_default=True,
    metavar="HZ",
    help="How far from 406.05 MHz second-generation bursts are looked for: 13000 finds all that a satellite hears, "
    "1500 all that a ground station with a good clock does, at a third of the cost; 0: none.",
)
@recording_options
@click.option("--gain", "gain_db", type=float, metavar="DB", help="Of a radio.  [default: automatic]")
@click.option("--ppm", type=float, metavar="PPM", help="By how many millionths the radio's quartz is fast.")
@click.option(
    "--band", "bands", multiple=True, metavar="LOW-HIGH", help="Only this part of what is sampled, Hz; repeatable."
)
@click.option("--live", is_flag=True, help="Standard input is a radio's: date it by this computer's clock.")
@engine_options
@click.pass_context
def command(
    ctx: click.Context,
    source: str,
    as_json: bool,
    every: bool,
    doppler_hz: float,
    layout: str | None,
    rate_hz: float | None,
    centre_hz: float | None,
    start: str | None,
    audio: Any,
    gain_db: float | None,
    ppm: float | None,
    bands: tuple[str, ...],
    live: bool,
    workers: int,
    cluster: str | None,
) -> None:
    """Find and decode every burst of SOURCE: a SigMF recording, a WAV, raw samples, - for standard input,
    rtl_tcp://HOST:PORT, soapy://ARGUMENTS or udp://HOST:PORT.

    A folder is an archive: every recording below it is received, in order, here or on --workers or a --cluster; raw
    files among them when --format is given, and --sample-rate is then for these alone.

    First-generation bursts are found anywhere in the band, second-generation ones about 406.05 MHz if it has 60 kHz or
    more. The time of a burst is that of its carrier's beginning (160 ms before bit 1) or of its preamble's; its
    frequency is the carrier in the middle of the burst. Exit status 1: no message was found.

    \b
    Examples:  vigie receive pass.sigmf-meta
               vigie receive rtl_tcp://192.168.1.20:1234 --gain 40
               rtl_sdr -f 406.1M -s 250k - | vigie receive - --live --format cu8 --sample-rate 250000
    """
    if Path(source).is_dir():
        from vigie.cli import archive

        ctx.exit(archive.run(ctx, Path(source), workers, cluster, as_json))
    from vigie.live import urls
    from vigie.signal import band

    asked = wanted(layout, rate_hz, centre_hz, start, audio)
    cuts = [_band(text) for text in bands]
    log_to_stderr()
    recording = urls.open_source(source, asked, urls.Radio(gain_db, ppm), live=live)
    band.check(cuts, recording.rate_hz, recording.centre_hz, "--band")
    told = _Told(as_json, every)
    blocks = told.looking(band.cut(progress(recording.blocks(), recording.duration_s), cuts), doppler_hz)
    for row in rows(blocks, doppler_hz or None):
        told.tell(row)
    told.end(recording.name)
    if not told.messages:
        ctx.exit(1)


def _band(text: str) -> Any:
    """The band that ``--band`` names. Raises ConfigError."""
    from vigie.signal.band import Band

    low, _, high = text.replace("..", "-").partition("-")
    try:
        return Band(float(low), float(high), text)
    except ValueError:
        raise ConfigError(f"--band {text}: write it as 406.0e6-406.1e6, in Hz") from None


def rows(blocks: Iterable[Any], doppler_hz: float | None = 13_000.0) -> Iterator[dict[str, Any]]:
    """One plain object a burst, as ``--json --all`` prints it."""
    from vigie import stages
    from vigie.records import Burst

    reader = stages.Reader()
    for burst in stages.bursts(blocks, doppler_hz=doppler_hz):
        if isinstance(burst, Burst):
            yield _row(burst, reader.read(burst))


def _row(burst: Any, reading: Any) -> dict[str, Any]:
    from vigie import stages
    from vigie.reading import middle_s

    if reading is not None and reading.identity < stages.LEAST_IDENTITY:
        reading = None
    facts = reading.message.facts if reading else None
    return {
        "time": burst.start,
        "sample": burst.sample,
        "generation": burst.kind,
        "sync": burst.sync,
        "frequency_hz": burst.frequency_hz,
        "frequency_offset_hz": burst.frequency_offset_hz,
        "frequency_at_s": None if burst.frequency_offset_hz is None else middle_s(burst),
        "drift_hz_per_s": burst.drift_hz_per_s,
        "cn0_dbhz": burst.cn0_dbhz,
        "sigma_frequency_hz": burst.sigma_frequency_hz,
        "sigma_time_s": burst.sigma_time_s,
        "bit_rate_bps": burst.bit_rate_bps,
        "hex": reading.hex if reading and reading.whole else None,
        "hex_received": stages.hex_of(burst),
        "corrected": {code: facts.get(f"{code}_errors") for code in _CODES[burst.kind]} if facts else None,
        "message": facts,
        "confidence": reading.confidence if reading else None,
        "combined": reading.combined if reading else None,
        "channel": burst.channel,
    }


_CODES = {"FGB": ("bch1", "bch2"), "SGB": ("bch",)}


class _Told:
    """What has been said so far."""

    def __init__(self, as_json: bool, every: bool) -> None:
        self.as_json, self.every = as_json, every
        self.messages = self.partly = self.unread = 0
        self.identities: list[str] = []
        self.first_generation_alone: str | None = None

    def looking(self, blocks: Iterable[Any], doppler_hz: float) -> Iterator[Any]:
        """The blocks; whether they can hold second-generation bursts is noted on the way."""
        from vigie.signal import sgb_search

        for block in blocks:
            if doppler_hz and block.audio == "iq" and self.first_generation_alone is None:
                self.first_generation_alone = sgb_search.band(block.rate_hz, block.centre_hz)
            yield block

    def tell(self, row: dict[str, Any]) -> None:
        if row["hex"] is not None:
            self.messages += 1
        elif row["message"] is not None:
            self.partly += 1
            self.identities.append(str(row["message"]["hex_id"]))
        else:
            self.unread += 1
        if row["hex"] is None and not self.every:
            return
        if self.as_json:
            emit(row)
        else:
            _print(row)

    def end(self, name: str) -> None:
        """Say on standard error what is not listed, so that nothing is dropped in silence."""
        if self.partly and not self.every:
            listed = ", ".join(dict.fromkeys(self.identities))
            click.echo(
                f"{name}: {self.partly} more with a sound identity ({listed}) and an unreadable rest: see --all",
                err=True,
            )
        if self.unread and not self.every:
            click.echo(f"{name}: {self.unread} more whose message could not be recovered: see --all", err=True)
        alone = self.first_generation_alone
        note = f"second-generation bursts were not looked for: {alone}"
        if not self.messages:
            click.echo(f"{name}: no message found" + (f" ({note})" if alone else ""), err=True)
        elif alone:
            click.echo(f"{name}: {note}", err=True)


def _print(row: dict[str, Any]) -> None:
    """One burst on a line for people."""
    from rich.console import Console
    from rich.text import Text

    from vigie import instants

    when = f"sample {row['sample']}" if row["time"] is None else instants.text(row["time"])
    parts = [f"{when:<30}"]
    if row["frequency_offset_hz"] is not None:
        parts.append(f"{row['frequency_offset_hz']:+9.1f} Hz {row['cn0_dbhz']:5.1f} dB-Hz")
    line = Text("  ".join(parts) + "  ")
    facts = row["message"]
    if facts is None:
        line.append("unread", style="dim")
        line.append(f"  received {row['hex_received']}")
    else:
        urgent = facts["category"] in ("distress", "national")
        line.append(str(facts["category"]).replace("_", "-"), style="bold red" if urgent else "cyan")
        line.append(f"  {facts['hex_id']}  {facts['country'] or 'country ' + str(facts['country_code'])}")
        if facts["latitude"] is not None and facts["longitude"] is not None:
            line.append(f"  {_degrees(facts['latitude'], 'NS')} {_degrees(facts['longitude'], 'EW')}")
        if row["hex"] is None:
            line.append("  rest unreadable", style="yellow")
        if row["combined"] and row["combined"] > 1:
            line.append(f"  from {row['combined']} bursts together", style="yellow")
        mended = [count for count in (row["corrected"] or {}).values() if count]
        if mended:
            line.append(f"  {sum(mended)} bits mended", style="dim")
        if row["hex"]:
            line.append(f"  {row['hex']}", style="dim")
    Console(soft_wrap=True, highlight=False).print(line)


def _degrees(value: float, letters: str) -> str:
    return f"{abs(value):.4f} {letters[value < 0]}"


def progress(blocks: Iterable[Any], duration_s: float | None) -> Iterator[Any]:
    """The blocks; on a terminal, how far a long recording is read is shown on standard error."""
    if duration_s is None or duration_s < 30 or not sys.stderr.isatty():
        yield from blocks
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("receiving", total=duration_s)
        for block in blocks:
            yield block
            progress.update(task, advance=len(block.iq) / block.rate_hz)


class _Plain(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"vigie: {record.levelname.lower()}: {record.getMessage()}"


def log_to_stderr() -> None:
    """What the library logs, on standard error."""
    logger = logging.getLogger("vigie")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Plain())
        logger.addHandler(handler)
        logger.propagate = False
