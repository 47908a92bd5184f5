"""``vigie passes``: rise, culmination and set of each satellite over a site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vigie import instants, jsonl
from vigie.errors import InputError

if TYPE_CHECKING:
    from vigie.orbit.passes import Pass


def place(text: str) -> tuple[float, float, float]:
    """Latitude, longitude (degrees) and height (m, 0 if not given) of ``LAT,LON[,ALT]``."""
    parts = text.split(",")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3) or not (abs(numbers[0]) <= 90 and abs(numbers[1]) <= 360):
        raise InputError(f"{text!r} is no place such as 43.55,1.48,150 (degrees north, degrees east, metres)")
    return numbers[0], (numbers[1] + 180) % 360 - 180, numbers[2] if len(numbers) == 3 else 0.0


def paths(text: str) -> list[Path]:
    """The files of a comma-separated list."""
    return [Path(part) for part in text.split(",") if part]


@click.command("passes")
@click.option("--site", required=True, metavar="LAT,LON[,ALT]", help="Degrees north and east, metres.")
@click.option("--orbits", "orbit_files", required=True, metavar="FILE[,FILE...]", help="TLE, OMM, SP3, RINEX.")
@click.option("--start", metavar="TIME", help="ISO 8601, UTC unless it says otherwise [now].")
@click.option("--hours", type=click.FloatRange(0, 24 * 366, min_open=True), default=24.0, show_default=True)
@click.option("--min-elevation", type=click.FloatRange(-5, 90), default=0.0, show_default=True, help="Degrees.")
@click.option("--satellite", "wanted", multiple=True, help="Only this one (name, NORAD number, PRN); repeatable.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
def command(
    site: str,
    orbit_files: str,
    start: str | None,
    hours: float,
    min_elevation: float,
    wanted: tuple[str, ...],
    as_json: bool,
) -> int:
    """Rise, culmination and set of each satellite over a site."""
    import numpy as np

    from vigie.orbit.ephemeris import Orbits
    from vigie.orbit.files import read_files
    from vigie.orbit.passes import passes

    lat, lon, alt = place(site)
    begin = instants.parse(start) if start else np.datetime64("now", "ns")
    orbits = read_files(paths(orbit_files))
    for bad in orbits.refused:
        click.echo(f"vigie: {bad.where}: {bad.reason}", err=True)
    if wanted:
        chosen = [(name, orbits.find(name)) for name in wanted]
        missing = [name for name, ephemeris in chosen if ephemeris is None]
        if missing:
            raise InputError(f"no orbit of {', '.join(missing)} in {orbit_files}")
        refused = orbits.refused
        orbits = Orbits(tuple(ephemeris for _, ephemeris in chosen if ephemeris is not None), refused)
    found = passes(orbits, lat, lon, alt, begin, hours, min_elevation)
    for item in found:
        sys.stdout.write((jsonl.line(item) if as_json else _text(item)) + "\n")
    if not found:
        click.echo("vigie: no satellite comes into view in that time", err=True)
    return 1 if orbits.refused or not found else 0


def _text(item: Pass) -> str:
    """One pass on a line for people."""

    def clock(instant: object) -> str:
        return "   ----   " if instant is None else str(instant)[11:19] + "  "

    date = str(item.culmination)[:10]
    return (
        f"{item.satellite[:24]:24} {date}  {clock(item.rise)}{clock(item.culmination)}{clock(item.set)}"
        f"{item.elevation_deg:5.1f} deg at azimuth {item.azimuth_deg:5.1f}"
    )
