"""The picture of a location: Doppler curve, what is left of it, and the map. Needs matplotlib (``vigie[plot]``)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vigie.errors import ConfigError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from vigie.locate.measurement import Fix, Measurement, Settings
    from vigie.locate.residuals import Residuals
    from vigie.orbit.ephemeris import Orbits

_SIDES = {None: "#c2185b", "A": "#c2185b", "B": "#1565c0", "C": "#2e7d32"}
_OTHER = "#616161"


def plot(
    path: Path,
    fixes: Sequence[Fix],
    measurements: Sequence[Measurement],
    orbits: Orbits,
    settings: Settings,
    aliases: Mapping[str, str],
) -> None:
    """Write the picture of one beacon's fixes; the kind of file goes by the name (png, svg, pdf)."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise ConfigError("--plot needs matplotlib: pip install 'vigie[plot]'") from None
    mpl.use("Agg")
    from matplotlib.figure import Figure

    from vigie.locate.residuals import residuals

    solved = [fix for fix in fixes if fix.solved]
    figure = Figure(figsize=(13, 7), layout="constrained")
    figure.suptitle(_title(fixes), fontsize=11)
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.15))
    upper, lower, ground = (figure.add_subplot(part) for part in (grid[0, 0], grid[1, 0], grid[:, 1]))
    lower.sharex(upper)
    told = [(fix, residuals(fix, measurements, orbits, settings, aliases)) for fix in solved[:3]]
    rows = [(fix, one) for fix, one in told if one is not None]
    between = _between(measurements)
    lines = [(fix, residuals(fix, between, orbits, settings, aliases)) for fix, _ in rows]
    _curve(upper, rows, [(fix, one) for fix, one in lines if one is not None])
    _left(lower, rows)
    _map(ground, solved)
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise InputError(f"--plot {path}: not writable: {error}") from None


def _title(fixes: Sequence[Fix]) -> str:
    first = fixes[0]
    if first.lat_deg is None or first.lon_deg is None:
        return f"{first.beacon}: {first.verdict}"
    span = f"{str(first.start)[:19]} to {str(first.end)[11:19]} UTC"
    return f"{first.beacon}   {first.method}   {span}   {first.used} measurements used, {len(first.rejected)} rejected"


def _between(measurements: Sequence[Measurement]) -> list[Measurement]:
    """Moments between the receptions of each satellite: where the foretold curve is drawn."""
    from vigie.locate.measurement import Measurement

    found = []
    heard = [item for item in measurements if item.satellite is not None and item.foa_hz is not None]
    for name in dict.fromkeys(item.satellite for item in heard):
        mine = [item for item in heard if item.satellite == name and not np.isnat(item.time)]
        if not mine:
            continue
        first, last = min(item.time for item in mine), max(item.time for item in mine)
        count = 60 if len(mine) > 2 else 2
        steps = [first + (last - first) * index // count for index in range(count + 1)]
        found += [Measurement(mine[0].beacon, time, name, carrier_hz=mine[0].carrier_hz) for time in steps]
    return found


def _curve(axes: Any, rows: Sequence[tuple[Fix, Residuals]], lines: Sequence[tuple[Fix, Residuals]]) -> None:
    """Received frequencies, and the curves foretold from each place."""
    axes.set_ylabel("received less nominal, Hz")
    axes.tick_params(labelbottom=False)
    axes.grid(alpha=0.3)
    if not rows or not np.isfinite(rows[0][1].foa_hz).any():
        axes.text(0.5, 0.5, "no frequencies", ha="center", va="center", transform=axes.transAxes)
        return
    for fix, one in reversed(lines or rows):
        colour = _SIDES.get(fix.side, _OTHER)
        for number, name in enumerate(dict.fromkeys(one.satellites)):
            mine = np.array(one.satellites) == name
            label = (f"foretold from {fix.side}" if fix.side else "foretold") if number == 0 else None
            axes.plot(one.times[mine], one.foretold_hz[mine], "-", color=colour, lw=1, label=label)
    one = rows[0][1]
    axes.plot(one.times[one.used], one.foa_hz[one.used], "o", color="black", ms=4, label="received")
    if not one.used.all():
        axes.plot(one.times[~one.used], one.foa_hz[~one.used], "x", color="red", ms=7, label="rejected")
    names = list(dict.fromkeys(one.satellites))
    if 1 < len(names) <= 12:
        for name in names:
            last = int(np.flatnonzero(np.array(one.satellites) == name)[-1])
            if np.isfinite(one.foa_hz[last]):
                axes.annotate(
                    name, (one.times[last], one.foa_hz[last]), xytext=(4, 0), textcoords="offset points", fontsize=7
                )
    axes.legend(fontsize=8)


def _left(axes: Any, rows: Sequence[tuple[Fix, Residuals]]) -> None:
    """What is left: frequencies to the left scale, times to the right one when there are any."""
    from matplotlib.dates import ConciseDateFormatter

    axes.set_ylabel("frequency left, Hz")
    axes.grid(alpha=0.3)
    axes.axhline(0, color="black", lw=0.6)
    for fix, one in reversed(rows):
        axes.plot(one.times[one.used], one.left_hz[one.used], "o", ms=4, color=_SIDES.get(fix.side, _OTHER))
    if rows and np.isfinite(rows[0][1].late_s[rows[0][1].used]).any():
        late = axes.twinx()
        one = rows[0][1]
        late.plot(one.times[one.used], one.late_s[one.used] * 1e6, "+", color="#ef6c00", ms=6)
        late.set_ylabel("time left, us (+)", color="#ef6c00")
    if rows:
        formatter: Any = ConciseDateFormatter
        axes.xaxis.set_major_formatter(formatter(axes.xaxis.get_major_locator()))
        axes.set_xlabel("UTC")


def _map(axes: Any, solved: Sequence[Fix]) -> None:
    """Land, 95 % ellipses, and the cells of the probability map."""
    if not solved:
        axes.text(0.5, 0.5, "no place", ha="center", va="center", transform=axes.transAxes)
        return
    lat0 = float(np.mean([fix.lat_deg for fix in solved]))
    lon0 = float(solved[0].lon_deg or 0.0)
    stretch = 1 / max(np.cos(np.radians(lat0)), 0.05)
    shown = [fix for fix in solved if fix.side is None or (fix.probability or 0) > 0.01]
    span, middle = _extent(shown, lon0)
    land, scale = _land(span)
    for ring in land:
        lon = (ring[:, 0] / scale - lon0 + 540) % 360 - 180
        lat = ring[:, 1] / scale
        if np.ptp(lon) < 300 and np.any((np.abs(lat - middle[1]) < 4 * span) & (np.abs(lon - middle[0]) < 8 * span)):
            axes.fill(lon + lon0, lat, color="#dcd7c9", ec="#8d8673", lw=0.5, zorder=0)
    _cells(axes, solved[0].cells)
    for fix in shown:
        colour = _SIDES.get(fix.side, _OTHER)
        x, y = _rim(fix)
        axes.plot(x, y, color=colour, lw=1.6, zorder=3)
        axes.plot([fix.lon_deg], [fix.lat_deg], "+", color=colour, ms=10, zorder=4)
        text = f"{fix.side} {100 * (fix.probability or 0):.1f} %\n" if fix.side else ""
        text += f"95 % within {(fix.ehe_m or 0) / 1e3:.2f} km"
        axes.annotate(text, (fix.lon_deg, fix.lat_deg), xytext=(8, 8), textcoords="offset points", fontsize=8)
        if fix.velocity_mps is not None:
            east, north = fix.velocity_mps
            axes.annotate(
                f"{np.hypot(east, north):.1f} m/s",
                (fix.lon_deg, fix.lat_deg),
                xytext=np.array([east, north]) / max(np.hypot(east, north), 1e-9) * 45,
                textcoords="offset points",
                arrowprops={"arrowstyle": "<-", "color": colour},
                fontsize=8,
            )
    axes.set_facecolor("#eef4f8")
    axes.set_xlim(middle[0] - span * stretch, middle[0] + span * stretch)
    axes.set_ylim(middle[1] - span, middle[1] + span)
    axes.set_aspect(stretch, adjustable="box")
    axes.set_xlabel("degrees east")
    axes.set_ylabel("degrees north")
    axes.grid(alpha=0.3)
    _bar(axes, middle, span, stretch)


def _extent(shown: Sequence[Fix], lon0: float) -> tuple[float, tuple[float, float]]:
    """Half the height of the map (degrees) and its middle (longitude, latitude)."""
    rims = [_rim(fix) for fix in shown]
    x = np.concatenate([(rim[0] - lon0 + 540) % 360 - 180 for rim in rims])
    y = np.concatenate([rim[1] for rim in rims])
    middle = (lon0 + (float(x.max()) + float(x.min())) / 2, (float(y.max()) + float(y.min())) / 2)
    wide = float(np.ptp(x)) * np.cos(np.radians(middle[1]))
    return max(1.5 * max(wide, float(np.ptp(y))) / 2 + 0.002, 0.01), middle


def _rim(fix: Fix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitudes and latitudes of the 95 % ellipse."""
    assert fix.ellipse is not None
    assert fix.lat_deg is not None
    assert fix.lon_deg is not None
    turn = np.linspace(0, 2 * np.pi, 181)
    azimuth = np.radians(fix.ellipse.azimuth_deg)
    major, minor = fix.ellipse.semi_major_m * np.cos(turn), fix.ellipse.semi_minor_m * np.sin(turn)
    east = major * np.sin(azimuth) + minor * np.cos(azimuth)
    north = major * np.cos(azimuth) - minor * np.sin(azimuth)
    return fix.lon_deg + east / (111_320 * np.cos(np.radians(fix.lat_deg))), fix.lat_deg + north / 110_950


def _cells(axes: Any, cells: Sequence[tuple[str, float]]) -> None:
    if not cells:
        return
    import h3
    from matplotlib.collections import PolyCollection

    most = cells[0][1]
    outlines = [np.array(h3.cell_to_boundary(name))[:, ::-1] for name, _ in cells]
    kept = [(ring, p / most) for ring, (_, p) in zip(outlines, cells, strict=True) if np.ptp(ring[:, 0]) < 180]
    axes.add_collection(
        PolyCollection(
            [ring for ring, _ in kept], facecolors=[(0.94, 0.42, 0.0, 0.75 * p) for _, p in kept], lw=0, zorder=1
        )
    )


def _land(span_deg: float) -> tuple[list[NDArray[np.float64]], float]:
    """Outlines of the land (degrees times a scale), finer for smaller maps: Natural Earth, as the console draws it."""
    name = "10m" if span_deg < 3 else "50m" if span_deg < 25 else "110m"
    data = files("vigie.web").joinpath(f"static/land-{name}.json.gz").read_bytes()
    land = json.loads(gzip.decompress(data))
    rings = [
        np.cumsum(np.array(ring, float).reshape(-1, 2), axis=0) for rings in land["polygons"] for ring in rings[:1]
    ]
    return rings, float(land["scale"])


def _bar(axes: Any, middle: tuple[float, float], span: float, stretch: float) -> None:
    """A bar of a round number of kilometres."""
    wanted = span * 111 / 3
    round_km = max((f * 10.0**e for e in range(-2, 5) for f in (1, 2, 5) if f * 10.0**e <= wanted), default=wanted)
    x, y = middle[0] - 0.92 * span * stretch, middle[1] - 0.92 * span
    axes.plot([x, x + round_km / 111.32 * stretch], [y, y], color="black", lw=2.5, solid_capstyle="butt", zorder=5)
    axes.annotate(f"{round_km:g} km", (x, y), xytext=(0, 5), textcoords="offset points", fontsize=8)
