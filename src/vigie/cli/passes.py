"""``vigie passes``: rise, culmination and set of each satellite over a site."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vigie import instants, jsonl
from vigie.errors import InputError

if TYPE_CHECKING:
    from vigie.orbit.ephemeris import Orbits
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
@click.option(
    "--hours", type=click.FloatRange(0, 24 * 366, min_open=True), default=24.0, show_default=True, help="How far ahead."
)
@click.option("--min-elevation", type=click.FloatRange(-5, 90), default=0.0, show_default=True, help="Degrees.")
@click.option("--satellite", "wanted", multiple=True, help="Only this one (name, NORAD number, PRN); repeatable.")
@click.option(
    "--mutual", metavar="LAT,LON[,ALT]", help="Only while this place too sees the satellite: a beacon, another station."
)
@click.option("--footprint", "with_footprint", is_flag=True, help="The ground that sees the satellite at culmination.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
def command(
    site: str,
    orbit_files: str,
    start: str | None,
    hours: float,
    min_elevation: float,
    wanted: tuple[str, ...],
    mutual: str | None,
    with_footprint: bool,
    as_json: bool,
) -> int:
    """Rise, culmination and set of each satellite over a site.

    With --mutual a pass is the time in which both places see the satellite, and culmination is when the lower of the
    two elevations is highest. With --footprint each pass also tells the outline of the ground that sees the satellite
    above --min-elevation at culmination: in JSON as [latitude, longitude] pairs.

    \b
    Example:  vigie passes --site 43.55,1.48 --orbits leo.tle,meo.tle --hours 6
    """
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
    partner = place(mutual) if mutual else None
    found = passes(orbits, lat, lon, alt, begin, hours, min_elevation, partner)
    for item in found:
        more = _footprint(orbits, item, min_elevation) if with_footprint else {}
        sys.stdout.write((jsonl.line(jsonl.plain(item) | more) if as_json else _text(item, more)) + "\n")
    if not found:
        both = "to both places at once " if partner else ""
        click.echo(f"vigie: no satellite comes into view {both}in that time", err=True)
    return 1 if orbits.refused or not found else 0


def _footprint(orbits: Orbits, item: Pass, least_deg: float) -> dict[str, Any]:
    """The point below the satellite at culmination, the outline of the ground that sees it, and its mean radius."""
    import numpy as np

    from vigie.geodesy import distance_m, geodetic
    from vigie.orbit.passes import footprint

    ephemeris = next(one for one in orbits.ephemerides if one.names == item.names)
    position = ephemeris.state(np.array(item.culmination))[0]
    lat, lon, _ = (float(value) for value in geodetic(position))
    edge = footprint(position, least_deg)
    reach = distance_m(np.full(len(edge), lat), np.full(len(edge), lon), edge[:, 0], edge[:, 1])
    return {
        "below": [lat, lon],
        "footprint": np.round(edge, 4).tolist(),
        "footprint_radius_m": round(float(np.mean(reach))),
    }


def _text(item: Pass, more: dict[str, Any]) -> str:
    """One pass on a line for people, and its footprint on a second one."""

    def clock(instant: object) -> str:
        return "   ----   " if instant is None else str(instant)[11:19] + "  "

    date = str(item.culmination)[:10]
    other = "" if item.partner_elevation_deg is None else f", there {item.partner_elevation_deg:4.1f} deg"
    line = (
        f"{item.satellite[:24]:24} {date}  {clock(item.rise)}{clock(item.culmination)}{clock(item.set)}"
        f"{item.elevation_deg:5.1f} deg at azimuth {item.azimuth_deg:5.1f}{other}"
    )
    if more:
        lat, lon = more["below"]
        line += f"\n    seen within {more['footprint_radius_m'] / 1e3:.0f} km of {lat:.2f}, {lon:.2f}"
    return line
