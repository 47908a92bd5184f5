"""What a campaign found: a summary as JSON, and a page with maps and tables."""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from vigie.sim.campaign import Campaign
from vigie.sim.report import STYLE, blank_axes, draw_land, km, percent, picture, seconds, table

Row = dict[str, Any]

_MAPS = (
    ("first_detection_s", "minutes to the first message", 60.0),
    ("first_location_s", "minutes to the first independent location", 60.0),
    ("satellites", "satellites that read a burst", 1.0),
)


def summary(campaign: Campaign, rows: Sequence[Row]) -> dict[str, Any]:
    """The figures of a campaign."""
    made: Any
    if campaign.kind == "accuracy":
        made = list(rows)
    elif campaign.kind == "coverage":
        made = {name: _covered(mine) for name, mine in _by(rows, "variant").items()}
    else:
        made = {name: _played(mine) for name, mine in _by(rows, "variant").items()}
    return {"title": campaign.title, "kind": campaign.kind, "seed": campaign.seed, "results": made}


def _by(rows: Iterable[Row], key: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return dict(groups)


def _quantiles(values: Iterable[float | None], parts: Sequence[int] = (50, 90, 95)) -> dict[str, Any]:
    known = list(values)
    got = np.array([np.inf if value is None else value for value in known], float)
    answer: dict[str, Any] = {"of": len(known), "reached": int(np.isfinite(got).sum())}
    for part in parts if known else ():
        value = float(np.percentile(got, part, method="higher"))
        answer[f"p{part}"] = value if np.isfinite(value) else None
    return answer


def _covered(rows: list[Row]) -> dict[str, Any]:
    located = [row["first_location_s"] for row in rows]
    return {
        "cells": len({row["cell"] for row in rows}),
        "first_detection_s": _quantiles(row["first_detection_s"] for row in rows),
        "first_location_s": _quantiles(located),
        "located_in_10_min": float(np.mean([value is not None and value <= 600 for value in located])),
        "mean_satellites": float(np.mean([row["satellites"] for row in rows])),
        "detection_rate": float(np.mean([row["detection_rate"] for row in rows])),
    }


def _played(rows: list[Row]) -> dict[str, Any]:
    locations = [row for row in rows if row["row"] == "location"]
    beacons = [row for row in rows if row["row"] == "beacon" and row["kind"] != "spurious"]
    in_view = sum(row["bursts_in_view"] for row in beacons)
    return {
        "runs": len({row["seed"] for row in rows}),
        "beacons": len(beacons),
        "detection_rate": sum(row["bursts_detected"] for row in beacons) / in_view if in_view else None,
        "first_detection_s": _quantiles(row["first_detection_s"] for row in beacons),
        "first_location_s": _quantiles(row["first_location_s"] for row in beacons),
        "location": {str(made): _error(mine) for made, mine in sorted(_by(locations, "made_of").items())},
    }


def _error(rows: list[Row]) -> dict[str, Any]:
    errors = np.array([row["error_m"] for row in rows])
    sides = [row["right_side"] for row in rows if row["right_side"] is not None]
    return {
        "solutions": len(rows),
        **{f"p{part}_m": float(np.percentile(errors, part)) for part in (50, 75, 95, 99)},
        "within_5_km": float(np.mean(errors <= 5000)),
        "ehe_containment": float(np.mean([row["in_ehe"] for row in rows])),
        "ellipse_containment": float(np.mean([row["in_ellipse"] for row in rows])),
        "right_side_first": float(np.mean(sides)) if sides else None,
    }


def page(campaign: Campaign, rows: Sequence[Row], numbers: dict[str, Any]) -> str:
    """The report as HTML, with its pictures inside."""
    parts = [f"<h1>{html.escape(campaign.title)}</h1>", f'<p class="lead">Simulated, seed {campaign.seed}.</p>']
    results = numbers["results"]
    if campaign.kind == "accuracy":
        parts += [picture("Error of single bursts", _accuracy_figure(rows)), _accuracy_table(rows)]
    elif campaign.kind == "coverage":
        parts.append(_coverage_table(results))
        mine = _by(rows, "variant")
        parts += [picture(words.capitalize(), _maps(mine, key, words, unit)) for key, words, unit in _MAPS]
    else:
        parts.append(_played_tables(results))
    head = f"<!doctype html>\n<html lang='en'><head><meta charset='utf-8'><title>{html.escape(campaign.title)}</title>"
    return f"{head}<style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"


def _coverage_table(results: dict[str, Any]) -> str:
    lines = [
        [
            name,
            seconds(item["first_detection_s"].get("p50")),
            seconds(item["first_detection_s"].get("p95")),
            seconds(item["first_location_s"].get("p50")),
            seconds(item["first_location_s"].get("p95")),
            percent(item["located_in_10_min"]),
            f"{item['mean_satellites']:.1f}",
        ]
        for name, item in results.items()
    ]
    head = ["segment", "first message, half", "95 %", "first location, half", "95 %", "located in 10 min", "satellites"]
    return table(head, lines)


def _played_tables(results: dict[str, Any]) -> str:
    lines, places = [], []
    for name, item in results.items():
        lines.append(
            [
                name,
                str(item["runs"]),
                percent(item["detection_rate"]),
                seconds(item["first_detection_s"].get("p50")),
                seconds(item["first_location_s"].get("p50")),
            ]
        )
        for made, error in item["location"].items():
            places.append(
                [
                    f"{name}: {made}",
                    str(error["solutions"]),
                    km(error["p50_m"]),
                    km(error["p95_m"]),
                    percent(error["within_5_km"]),
                    percent(error["ehe_containment"]),
                    percent(error["right_side_first"]),
                ]
            )
    return table(["segment", "runs", "bursts detected", "to detection", "to location"], lines) + table(
        ["location of", "solutions", "p50", "p95", "< 5 km", "in EHE", "side right"], places
    )


def _accuracy_table(rows: Sequence[Row]) -> str:
    lines = [
        [
            f"{row['generation']}, {row['cn0_dbhz']:g} dB-Hz, {row['satellites']} satellites",
            km(row["p50_m"]),
            km(row["p95_m"]),
            percent(row["within_5_km"]),
            percent(row["sure"]),
            "-" if row["nees"] is None else f"{row['nees']:.2f}",
        ]
        for row in rows
    ]
    return table(["single burst", "p50", "p95", "< 5 km", "solved for sure", "NEES (2 is right)"], lines)


def _accuracy_figure(rows: Sequence[Row]) -> Any:
    figure, axes = blank_axes(8, 4)
    colours = ("#b4540a", "#0b5fa5", "#2c7a3f", "#7a3f9d", "#1b2733", "#d08700")
    counts = sorted({row["satellites"] for row in rows})
    for generation, style in (("FGB", "-"), ("SGB", "--")):
        for number, colour in zip(counts, colours, strict=False):
            mine = [row for row in rows if (row["generation"], row["satellites"]) == (generation, number)]
            mine = [row for row in mine if row["p95_m"] is not None]
            if mine:
                axes.plot(
                    [row["cn0_dbhz"] for row in mine], [row["p95_m"] / 1e3 for row in mine], style, color=colour,
                    label=f"{generation}, {number} satellites",
                )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("C/N0, dB-Hz")
    axes.set_ylabel("95 % of the errors within, km")
    axes.legend(frameon=False, ncols=2, fontsize=8)
    return figure


def _maps(by_variant: dict[str, list[Row]], key: str, words: str, unit: float) -> Any:
    """A map of the globe for each variant, all with one scale."""
    import h3
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.figure import Figure

    means = {name: _means(rows, key, unit) for name, rows in by_variant.items()}
    every = np.array([value for mine in means.values() for value in mine.values() if np.isfinite(value)])
    low, high = (float(every.min()), float(np.percentile(every, 99))) if every.size else (0.1, 1.0)
    norm: Any = LogNorm(max(low, 0.05), max(high, low * 1.1, 0.1)) if unit != 1.0 else Normalize(0, max(high, 1))
    colours = colormaps["viridis_r" if unit != 1.0 else "viridis"]
    across = min(len(means), 2)
    down = -(-len(means) // across)
    figure = Figure(figsize=(5.6 * across, 3.1 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    for axes in grid.flat[len(means) :]:
        axes.set_visible(False)
    for axes, (name, mine) in zip(grid.flat, means.items(), strict=False):
        shapes, values = [], []
        for cell, value in mine.items():
            for ring in _rings([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)]):
                shapes.append(ring)
                values.append(value)
        known = np.array(values)
        faces = colours(norm(np.where(np.isfinite(known), known, high)))
        faces[~np.isfinite(known)] = (0.35, 0.35, 0.35, 1.0)
        draw_land(axes)
        axes.add_collection(PolyCollection(shapes, facecolors=faces, edgecolors="none", alpha=0.85))
        for ring in _coast():
            axes.plot(ring[:, 0], ring[:, 1], color="#1b2733", linewidth=0.4)
        axes.set_xlim(-180, 180)
        axes.set_ylim(-90, 90)
        axes.set_title(name, fontsize=10)
        axes.tick_params(labelsize=7)
    bar = figure.colorbar(ScalarMappable(norm, colours), ax=list(grid.flat[: len(means)]), shrink=0.8)
    bar.set_label(f"{words} (grey: not within the simulated time)", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    return figure


def _means(rows: list[Row], key: str, unit: float) -> dict[str, float]:
    """The median over the epochs by cell; infinite where half of them never got there."""
    return {
        cell: float(np.median([np.inf if row[key] is None else row[key] / unit for row in mine]))
        for cell, mine in _by(rows, "cell").items()
    }


def _rings(ring: list[tuple[float, float]]) -> list[Any]:
    """A cell's outline, on both sides of the map where it crosses the date line; closed over a pole."""
    points = np.array(ring)
    points[:, 0] = np.unwrap(points[:, 0], period=360)
    if abs(points[0, 0] + 360 - points[-1, 0]) < 180 or np.ptp(points[:, 0]) > 330:
        pole = 90.0 if points[:, 1].mean() > 0 else -90.0  # it holds a pole: everything beyond its rim
        order = points[np.argsort(points[:, 0])]
        turn = np.array([360.0, 0.0])
        rim = np.vstack([order - turn, order, order + turn])
        return [np.vstack([rim, [[rim[-1, 0], pole], [rim[0, 0], pole]]])]
    return [points + np.array([shift, 0.0]) for shift in (-360, 0, 360) if _shown(points[:, 0] + shift)]


def _shown(lon: Any) -> bool:
    return bool(np.any(lon > -180) and np.any(lon < 180))


def _coast() -> list[Any]:
    from vigie.sim.report import land

    return land()
