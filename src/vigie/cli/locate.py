"""``vigie locate``: places of beacons from times and frequencies of arrival at satellites."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from vigie import jsonl
from vigie.cli.passes import paths, place
from vigie.errors import ConfigError, InputError, VigieError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from vigie.locate.measurement import Fix, Measurement, Settings
    from vigie.locate.media import Klobuchar
    from vigie.orbit.ephemeris import Orbits


@click.command("locate")
@click.argument("measurements", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--orbits", "orbit_files", default="", metavar="FILE[,FILE...]", help="TLE, OMM, SP3, RINEX navigation.")
@click.option("--fix-orbit", "known", multiple=True, metavar="BEACON=LAT,LON,ALT", help="A beacon at a known place.")
@click.option("--altitude", type=float, default=0.0, show_default=True, help="Height above the ellipsoid, m.")
@click.option("--altitude-sigma", type=click.FloatRange(0.1, 1e5), default=500.0, show_default=True, help="m.")
@click.option("--motion", type=click.Choice(["auto", "static", "moving"]), default="auto", show_default=True)
@click.option("--drift", type=click.FloatRange(0, 1e4), default=1.0, show_default=True, help="Prior, ppb a minute.")
@click.option("--wander", type=click.FloatRange(0, 1e7), default=1.0, show_default=True, help="Burst to burst, ppb.")
@click.option("--tec", type=click.FloatRange(0, 500), default=15.0, show_default=True, help="Vertical TEC, TECU.")
@click.option("--tec-sigma", type=click.FloatRange(0, 500), default=15.0, show_default=True, help="TECU.")
@click.option(
    "--tec-model", type=click.Path(path_type=Path), help="RINEX navigation with Klobuchar's model, for --tec."
)
@click.option("--downlink", is_flag=True, help="Measured on the ground from satellites' signals: the path reversed.")
@click.option("--keep-all", is_flag=True, help="Leave out no measurement for contradicting the others.")
@click.option("--terrain", default="", metavar="FILE[,FILE...]", help="Heights of the ground: SRTM .hgt, Esri ASCII.")
@click.option("--geoid", type=click.FloatRange(-120, 100), help="Geoid above the ellipsoid in the region, m [unknown].")
@click.option("--follow", "followed", is_flag=True, help="Tell after every burst what is known by then.")
@click.option("--map", "mapped", is_flag=True, help="Probability on H3 cells even where the ellipse says it all.")
@click.option("--plot", "picture", type=click.Path(path_type=Path), help="Picture of curve, residuals, map (PNG, SVG).")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
def command(
    measurements: Path,
    orbit_files: str,
    known: tuple[str, ...],
    altitude: float,
    altitude_sigma: float,
    motion: Literal["auto", "static", "moving"],
    drift: float,
    wander: float,
    tec: float,
    tec_sigma: float,
    tec_model: Path | None,
    downlink: bool,
    keep_all: bool,
    terrain: str,
    geoid: float | None,
    followed: bool,
    mapped: bool,
    picture: Path | None,
    as_json: bool,
) -> int:
    """Locate beacons from times and frequencies of arrival at satellites.

    MEASUREMENTS is a file of JSON lines, or - for standard input. Of both sides of a Doppler pass the likelier comes
    first; where there is no honest answer it says so, and why. Exit status 1: a line was refused, or nothing located.

    \b
    Example:  vigie simulate raft -o raft
              vigie locate raft/detections.jsonl --orbits raft/orbits/leosar.tle
    """
    from vigie.locate.estimate import locate
    from vigie.locate.measurement import Settings
    from vigie.locate.terrain import read_terrain
    from vigie.orbit.ephemeris import Orbits
    from vigie.orbit.files import read_files
    from vigie.orbit.fleet import aliases

    references = dict(_reference(text) for text in known)
    orbits = read_files(paths(orbit_files)) if orbit_files else Orbits(())
    for bad in orbits.refused:
        click.echo(f"vigie: {bad.where}: {bad.reason}", err=True)
    settings = Settings(
        altitude_m=altitude,
        altitude_sigma_m=altitude_sigma,
        motion=motion,
        drift_ppb_per_min=drift,
        wander_ppb=wander,
        tec_tecu=tec,
        tec_sigma_tecu=tec_sigma,
        tec_model=None if tec_model is None else _klobuchar(tec_model),
        direction="down" if downlink else "up",
        reject=not keep_all,
        ground=read_terrain(paths(terrain), altitude_sigma, geoid) if terrain else None,
        cells="always" if mapped else "auto",
    )
    if followed and (references or picture):
        raise ConfigError("--follow goes with neither --fix-orbit nor --plot")
    refused: list[int] = []
    readings = _readings(_lines(measurements), refused, as_json)
    found: list[Measurement] = []
    if followed:
        fixes = _followed(
            readings if str(measurements) == "-" else iter(sorted(readings, key=_time)), orbits, settings, as_json
        )
    else:
        found += readings
        absent = sorted(set(references) - {item.beacon for item in found})
        if absent:
            raise ConfigError(f"--fix-orbit {absent[0]}: no measurement of that beacon")
        names = aliases(orbits, found[0].time) if found else {}
        fixes = locate(found, orbits, settings, names, references)
        for fix in fixes:
            _tell(fix, as_json)
        if picture is not None:
            _pictures(picture, fixes, found, orbits, settings, names)
    if not fixes:
        click.echo("vigie: no measurement to locate a beacon with", err=True)
    return 1 if refused or not fixes or orbits.refused or not all(fix.solved for fix in fixes) else 0


def _klobuchar(path: Path) -> Klobuchar:
    """The ionosphere's model of a navigation file. Raises InputError when it has none."""
    from vigie.locate.media import Klobuchar
    from vigie.orbit.files import text_of
    from vigie.orbit.rinex import ionosphere

    found = ionosphere(text_of(path))
    if found is None:
        raise InputError(f"{path}: its header has no coefficients of the ionosphere (IONOSPHERIC CORR GPSA and GPSB)")
    return Klobuchar(*found)


def _readings(lines: Iterable[str], refused: list[int], as_json: bool) -> Iterator[Measurement]:
    """The measurements of the lines; a line that is none is answered in its place, its number kept in ``refused``."""
    from vigie.locate.lines import measurement_of_line

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield measurement_of_line(line, str(number))
        except VigieError as error:
            refused.append(number)
            bad_line = {"input": line.strip(), "error": {"kind": error.kind, "message": f"line {number}: {error}"}}
            _out(jsonl.line(bad_line) if as_json else f"line {number} refused: {error}")


def _followed(readings: Iterator[Measurement], orbits: Orbits, settings: Settings, as_json: bool) -> list[Fix]:
    """Tell what is known after every burst, as soon as it is complete; the last word on each beacon."""
    from vigie.locate.follow import Follower
    from vigie.orbit.fleet import aliases

    follower: Follower | None = None
    last: dict[str, Fix] = {}

    def tell(told: list[list[Fix]]) -> None:
        for fixes in told:
            last[fixes[0].beacon] = fixes[0]
            for fix in fixes:
                _tell(fix, as_json)
        sys.stdout.flush()

    for item in readings:
        follower = follower or Follower(orbits, settings, aliases(orbits, item.time))
        tell(follower.push(item))
    if follower is not None:
        tell(follower.end())
    return list(last.values())


def _time(item: Measurement) -> Any:
    return item.time


def _tell(fix: Fix, as_json: bool) -> None:
    from vigie.orbit.earth import packaged

    quality = packaged().quality(fix.end)
    _out(jsonl.line(solution(fix) | {"earth_orientation": quality}) if as_json else text(fix))


def _pictures(
    path: Path,
    fixes: Sequence[Fix],
    measurements: Sequence[Measurement],
    orbits: Orbits,
    settings: Settings,
    names: Mapping[str, str],
) -> None:
    """One picture a beacon: the second and further ones get a number in their name."""
    from vigie.cli.locate_plot import plot

    for number, beacon in enumerate(dict.fromkeys(fix.beacon for fix in fixes), 1):
        mine = [fix for fix in fixes if fix.beacon == beacon]
        heard = [item for item in measurements if item.beacon == beacon]
        plot(path if number == 1 else path.with_stem(f"{path.stem}-{number}"), mine, heard, orbits, settings, names)


def solution(fix: Fix) -> dict[str, Any]:
    """A fix with the keys that ``vigie locate --json`` promises, and a few more."""
    return {
        "beacon": fix.beacon,
        "method": fix.method,
        "side": fix.side,
        "probability": fix.probability,
        "latitude": fix.lat_deg,
        "longitude": fix.lon_deg,
        "altitude_m": fix.alt_m,
        "frequency_hz": fix.frequency_hz,
        "drift_hz_per_s": fix.drift_hz_per_s,
        "ellipse": fix.ellipse,
        "ehe_m": fix.ehe_m,
        "velocity_mps": fix.velocity_mps,
        "moving": fix.moving,
        "residual_rms": {"toa_s": fix.residual_toa_s, "foa_hz": fix.residual_foa_hz},
        "used": fix.used,
        "rejected": len(fix.rejected),
        "start": fix.start,
        "end": fix.end,
        "verdict": fix.verdict,
        "notes": fix.notes,
        "rejected_measurements": [
            {
                "line": item.measurement.label or None,
                "satellite": item.measurement.satellite,
                "time": item.measurement.time,
                "part": item.part,
                "reason": item.reason,
            }
            for item in fix.rejected
        ],
        "sigma_frequency_hz": fix.sigma_frequency_hz,
        "sigma_velocity_mps": fix.sigma_velocity_mps,
        "motion_probability": fix.motion_probability,
        "covariance_m2": fix.covariance_m2,
        "chi2": fix.chi2,
        "degrees_of_freedom": fix.dof,
        "bursts": fix.bursts,
        "satellites": fix.satellites,
        "cells": dict(fix.cells) or None,
    }


def text(fix: Fix) -> str:
    """A fix for people: one line, and one more per note and rejected measurement."""
    if fix.lat_deg is None or fix.lon_deg is None or fix.ellipse is None:
        lines = [f"{fix.beacon}: {fix.verdict}"]
    else:
        side = "" if fix.side is None else f" side {fix.side} ({100 * (fix.probability or 0):.1f} %)"
        north, east = ("N" if fix.lat_deg >= 0 else "S"), ("E" if fix.lon_deg >= 0 else "W")
        moves = ""
        if fix.velocity_mps is not None:
            moves = f", moving {fix.velocity_mps[0]:+.1f} m/s east {fix.velocity_mps[1]:+.1f} m/s north"
        lines = [
            f"{fix.beacon}: {fix.method}{side} {abs(fix.lat_deg):.4f} {north} {abs(fix.lon_deg):.4f} {east}, "
            f"95 % within {(fix.ehe_m or 0) / 1e3:.2f} km (ellipse {fix.ellipse.semi_major_m / 1e3:.2f} by "
            f"{fix.ellipse.semi_minor_m / 1e3:.2f} km at {fix.ellipse.azimuth_deg:.0f} deg){moves}; "
            f"{fix.used} used, {len(fix.rejected)} rejected"
        ]
    lines += [f"    note: {note}" for note in fix.notes]
    for item in fix.rejected:
        where = f"line {item.measurement.label}" if item.measurement.label else item.measurement.satellite
        lines.append(f"    rejected: {where} ({item.part}): {item.reason}")
    return "\n".join(lines)


def _out(line: str) -> None:
    sys.stdout.write(line + "\n")


def _lines(path: Path) -> Iterable[str]:
    if str(path) == "-":
        return sys.stdin
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError as error:
        raise InputError(f"{path}: not readable: {error.strerror}") from None


def _reference(text: str) -> tuple[str, tuple[float, float, float]]:
    name, equals, where = text.rpartition("=")
    if not equals or not name:
        raise InputError(f"--fix-orbit {text!r}: should be BEACON=LAT,LON,ALT")
    return name, place(where)
