"""The score as a page for people: one HTML file with its plots and maps inside, readable without a network."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

import numpy as np

from vigie.errors import ConfigError
from vigie.sim.score import Card, since_activation
from vigie.sim.truth import Truth

_INK, _SEA, _LAND = "#1b2733", "#eef3f7", "#d5dccf"
_COLOURS = {"doppler": "#b4540a", "doa": "#0b5fa5", "encoded": "#2c7a3f", "fused": "#7a3f9d"}
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;color:#1b2733;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.2rem;margin-top:2.2rem}
p.lead{color:#52616f;margin-top:0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.8rem;margin:1.2rem 0}
.figures div{border:1px solid #d6dee5;border-radius:.5rem;padding:.7rem .9rem}
.figures b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}
.figures div.bad{border-color:#b3261e;background:#fdf0ef}.figures span{color:#52616f;font-size:.9rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{text-align:right;padding:.3rem .5rem;border-bottom:1px solid #e2e8ed}
th:first-child,td:first-child{text-align:left}th{color:#52616f;font-weight:600}
img{width:100%;height:auto}.scroll{overflow-x:auto}
"""


def page(card: Card, truth: Truth, numbers: dict[str, Any]) -> str:
    """The HTML text. Raises ConfigError when matplotlib (extra ``plot``) is not installed."""
    scenario = truth.scenario
    span = f"{scenario['start']} to {scenario['end']}, seed {scenario['seed']}"
    satellites = ", ".join(f"{count} {system}" for system, count in scenario["satellites"].items() if count)
    parts = [
        f"<h1>{html.escape(str(scenario['title']))}</h1>",
        f'<p class="lead">Simulated: {html.escape(span)}. {satellites} satellites, '
        f"{len(scenario['stations'])} stations, {len(truth.beacons)} beacons.</p>",
        _headline(numbers),
        picture("Where beacons were, and what became of them", _map(card, truth)),
        _errors(numbers),
    ]
    if card.located:
        parts.append(picture("Location error by method", _curves(card)))
    times = _times_figure(card, truth)
    if times is not None:
        parts.append(picture("Time from activation", times))
    detected = _detection_figure(card, truth)
    if detected is not None:
        parts.append(picture("Detection against C/N0", detected))
    parts += [_groups(numbers, key) for key in numbers["by"]]
    parts.append(_alerts(numbers))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Score: {html.escape(str(scenario['title']))}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _headline(numbers: dict[str, Any]) -> str:
    whole, alerts = numbers["all"], numbers["alerts"]
    times = whole["times_s"]
    best = max(whole["location"].items(), key=lambda item: item[1]["solutions"], default=None)
    figures = [
        (percent(whole["detection_rate"]), "of the bursts in view detected", False),
        (seconds(times["first_detection"].get("p50")), "median to the first detection", False),
        (seconds(times["first_location"].get("p50")), "median to the first location", False),
    ]
    if best is not None and best[1]["error_m"]:
        figures.append((km(best[1]["error_m"]["p95"]), f"95 % of {best[0]} locations within", False))
        figures.append((percent(best[1]["ehe_containment"]), f"of {best[0]} truths inside the stated EHE", False))
    figures.append((str(len(alerts["lost"])), "distress beacons in view and lost", bool(alerts["lost"])))
    figures.append((str(len(alerts["false"])), "false distress alerts", bool(alerts["false"])))
    boxes = "".join(
        f'<div class="{"bad" if bad else ""}"><b>{value}</b><span>{words}</span></div>' for value, words, bad in figures
    )
    return f'<div class="figures">{boxes}</div>'


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f} s" if abs(value) < 600 else f"{value / 60:.0f} min"


def km(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e3:.2f} km"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'


def _errors(numbers: dict[str, Any]) -> str:
    rows = [
        [
            method,
            str(item["solutions"]),
            f"{item['beacons_located']} of {item['of_beacons']}",
            *(km(item["error_m"].get(name)) for name in ("p50", "p75", "p95", "p99")),
            percent(item["within_5_km"]),
            percent(item["ehe_containment"]),
            percent(item["ellipse_containment"]),
            percent(item["right_side_first"]),
        ]
        for method, item in numbers["all"]["location"].items()
    ]
    if not rows:
        return "<h2>Location</h2><p>The stream holds no solutions.</p>"
    head = [
        "method",
        "solutions",
        "beacons",
        "p50",
        "p75",
        "p95",
        "p99",
        "< 5 km",
        "in EHE",
        "in ellipse",
        "side right",
    ]
    return "<h2>Location</h2>" + table(head, rows)


def _groups(numbers: dict[str, Any], key: str) -> str:
    rows = []
    for name, item in numbers["by"][key].items():
        times = item["times_s"]
        median = [
            f"{method} {km(one['error_m'].get('p50'))}" for method, one in item["location"].items() if one["error_m"]
        ]
        rows.append(
            [
                name,
                str(item["beacons"]),
                str(item["bursts_sent"]),
                percent(item["detection_rate"]),
                percent(item["detection_rate_of_all_sent"]),
                seconds(times["first_detection"].get("p50")),
                seconds(times["first_location"].get("p50")),
                seconds(times["confirmation"].get("p50")),
                ", ".join(median) or "-",
            ]
        )
    head = [
        key, "beacons", "bursts", "of those in view", "of all sent", "to detection", "to location", "to confirmation",
        "median error",
    ]  # fmt: skip
    return f"<h2>By {key}</h2>" + table(head, rows)


def _alerts(numbers: dict[str, Any]) -> str:
    alerts, rest = numbers["alerts"], numbers["not_matched"]
    lines = [
        f"{alerts['distress_in_view']} of {alerts['distress_beacons']} distress beacons were in view of a satellite "
        f"that a station heard (counted from {alerts['counted_from']}).",
        "Lost: " + (", ".join(alerts["lost"]) or "none") + ".",
        "False: " + (", ".join(alerts["false"]) or "none") + ".",
        f"Bursts that could not be read and say so: {rest['unreliable']}. Identities that no beacon bears: "
        f"{sum(rest['unknown_identities'].values())}. Known beacons heard when they sent nothing: "
        f"{rest['known_beacon_at_no_burst']}. Solutions without a place: {rest['not_located']}.",
    ]
    return "<h2>Alerts, and what matched nothing</h2>" + "".join(f"<p>{html.escape(line)}</p>" for line in lines)


def picture(title: str, figure: Any) -> str:
    text = io.BytesIO()
    figure.savefig(text, format="png", dpi=110, bbox_inches="tight")
    coded = base64.b64encode(text.getvalue()).decode()
    return f'<h2>{html.escape(title)}</h2><img alt="{html.escape(title)}" src="data:image/png;base64,{coded}">'


def blank_axes(width: float, height: float) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("a report with plots needs matplotlib: pip install 'vigie[plot]'") from None
    figure = Figure(figsize=(width, height))
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_INK)
    return figure, axes


def land() -> list[Any]:
    """Rings of the land, each ``(n, 2)`` longitude and latitude in degrees: Natural Earth, 1:110 million."""
    data = json.loads(gzip.decompress(files("vigie.web").joinpath("static", "land-110m.json.gz").read_bytes()))
    rings = []
    for polygon in data["polygons"]:
        for ring in polygon:
            rings.append(np.cumsum(np.array(ring, float).reshape(-1, 2), axis=0) / data["scale"])
    return rings


def draw_land(axes: Any) -> None:
    """The land under a map of longitude and latitude."""
    axes.set_facecolor(_SEA)
    for ring in land():
        axes.fill(ring[:, 0], ring[:, 1], color=_LAND, linewidth=0, zorder=0)


def _map(card: Card, truth: Truth) -> Any:
    figure, axes = blank_axes(11, 5.6)
    draw_land(axes)
    kinds: dict[str, tuple[str, str, str, list[tuple[float, float]]]] = {
        "distress, located": ("o", "#0b5fa5", "located", []),
        "distress, detected only": ("o", "#d08700", "detected", []),
        "distress, lost": ("X", "#b3261e", "lost", []),
        "no distress": ("s", "#7b8794", "calm", []),
    }
    for name, told in truth.beacons.items():
        found = card.found.get(name)
        place = (told.facts["longitude"], told.facts["latitude"])
        if not told.facts["distress"]:
            kinds["no distress"][3].append(place)
        elif found is not None and found.first_location is not None:
            kinds["distress, located"][3].append(place)
        elif found is not None and found.first_detection is not None:
            kinds["distress, detected only"][3].append(place)
        else:
            kinds["distress, lost"][3].append(place)
    for label, (marker, colour, _, points) in kinds.items():
        if points:
            x, y = np.array(points).T
            axes.scatter(x, y, s=34, marker=marker, color=colour, label=f"{label} ({len(points)})", zorder=3,
                         edgecolors="white", linewidths=0.6)  # fmt: skip
    for method, colour in _COLOURS.items():
        places = [(item.longitude, item.latitude) for item in card.located if item.method == method and item.first]
        if places:
            x, y = np.array(places).T
            axes.scatter(x, y, s=9, marker="+", color=colour, zorder=4, label=f"{method} solutions ({len(places)})")
    lon = np.array([told.facts["longitude"] for told in truth.beacons.values()])
    lat = np.array([told.facts["latitude"] for told in truth.beacons.values()])
    _frame(axes, lon, lat)
    axes.set_xlabel("longitude, degrees east")
    axes.set_ylabel("latitude, degrees north")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False, fontsize=9)
    return figure


def _frame(axes: Any, lon: Any, lat: Any) -> None:
    """The part of the world that holds the points, never less than 20 degrees."""
    west, east = float(np.min(lon, initial=0)), float(np.max(lon, initial=0))
    south, north = float(np.min(lat, initial=0)), float(np.max(lat, initial=0))
    if lon.size:
        west, east, south, north = lon.min(), lon.max(), lat.min(), lat.max()
    wide, high = max(east - west, 20) * 0.6 + 5, max(north - south, 10) * 0.6 + 5
    axes.set_xlim(max(-180, (west + east) / 2 - wide), min(180, (west + east) / 2 + wide))
    axes.set_ylim(max(-90, (south + north) / 2 - high), min(90, (south + north) / 2 + high))
    axes.set_aspect(1 / max(np.cos(np.radians((south + north) / 2)), 0.3), adjustable="box")


def _curves(card: Card) -> Any:
    figure, axes = blank_axes(8, 3.6)
    for method in sorted({item.method for item in card.located}):
        errors = np.sort(
            [max(item.error_m, 1.0) / 1e3 for item in card.located if item.method == method and item.first]
        )
        if errors.size:
            part = 100 * np.arange(errors.size + 1) / errors.size
            axes.step(
                np.append(errors[0], errors),
                part,
                where="post",
                color=_COLOURS.get(method, _INK),
                label=f"{method} ({errors.size})",
            )
    axes.axvline(5.0, color="#9aa7b3", linewidth=0.8, linestyle=":")
    _logarithmic(axes)
    axes.set_xlabel("distance from the truth, km (dotted: 5 km)")
    axes.set_ylabel("solutions within, %")
    axes.set_ylim(0, 101)
    axes.legend(frameon=False)
    return figure


def _logarithmic(axes: Any) -> None:
    """A logarithmic x axis with plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _times_figure(card: Card, truth: Truth) -> Any | None:
    told = [item for item in truth.beacons.values() if item.facts["distress"]]
    kinds = (
        ("first_detection", "first detection", "#7b8794"),
        ("first_location", "first location", "#0b5fa5"),
        ("confirmed", "confirmation", "#2c7a3f"),
    )
    drawn = [(np.sort(since_activation(card, told, name)), words, colour) for name, words, colour in kinds]
    drawn = [item for item in drawn if item[0].size]
    if not drawn:
        return None
    figure, axes = blank_axes(8, 3.4)
    for past, words, colour in drawn:
        part = 100 * np.arange(past.size + 1) / len(told)
        axes.step(
            np.maximum(np.append(past[0], past), 1) / 60,
            part,
            where="post",
            color=colour,
            label=f"{words} ({past.size})",
        )
    _logarithmic(axes)
    axes.set_xlabel("minutes from activation")
    axes.set_ylabel("distress beacons, %")
    axes.set_ylim(0, 101)
    axes.legend(frameon=False)
    return figure


def _detection_figure(card: Card, truth: Truth) -> Any | None:
    strength, got = [], []
    for name, told in truth.beacons.items():
        if told.facts["beacon_kind"] == "spurious":
            continue
        bursts = card.found[name].bursts if name in card.found else set()
        for number in np.flatnonzero((told.tracked > 0) & np.isfinite(told.best_cn0_dbhz)):
            strength.append(told.best_cn0_dbhz[number])
            got.append(int(number) in bursts)
    if not card.detections or not strength:
        return None
    edges = np.arange(np.floor(min(strength)), np.ceil(max(strength)) + 1)
    count, _ = np.histogram(strength, edges)
    hit, _ = np.histogram(np.array(strength)[np.array(got)], edges)
    use = count > 0
    figure, axes = blank_axes(8, 3.0)
    axes.bar((edges[:-1] + 0.5)[use], 100 * hit[use] / count[use], width=0.9, color="#0b5fa5")
    for x, y, n in zip((edges[:-1] + 0.5)[use], 100 * hit[use] / count[use], count[use], strict=True):
        axes.text(x, y + 1, str(n), ha="center", fontsize=5 if use.sum() > 20 else 7, color=_INK)
    axes.set_xlabel("best C/N0 of a burst over the satellites in view, dB-Hz (number: bursts)")
    axes.set_ylabel("detected, %")
    axes.set_ylim(0, 112)
    return figure
