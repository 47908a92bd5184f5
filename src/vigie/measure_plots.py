"""Plots of measurements that can be filed: one page a beacon, as a PNG or as one HTML file with everything in it."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vigie import __version__, instants
from vigie.errors import ConfigError
from vigie.measuring import OneBurst, Series, Settings
from vigie.signal.measure import Spectrum, fgb_mask_db, sgb_mask_db
from vigie.signal.measure_fgb import Shown as FirstShown
from vigie.signal.measure_sgb import Shown as SecondShown
from vigie.signal.sgb import CARRIER_HZ

_BLUE, _RED, _GREY = "#1f5fa8", "#b3261e", "#8a8f98"
_COLOURS = {"pass": "#1b7f3b", "fail": "#b3261e", "uncertain": "#8a5a00", None: "#555555"}


def figure(each: Series) -> Any:
    """A matplotlib figure of one beacon: its best burst, and its frequency over the bursts. Raises ConfigError."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError("plots need matplotlib: pip install 'vigie[plot]'") from None
    shown = [one for one in each.bursts if one.shown is not None]
    best = max(shown, key=lambda one: one.shown.cn0_dbhz if one.shown else 0.0)
    page = Figure(figsize=(11.7, 8.3), layout="constrained")
    first, second, third, fourth = page.subplots(2, 2).ravel()
    if isinstance(best.shown, FirstShown):
        _phase(first, best.shown)
        _eye(second, best.shown)
        _spectrum(third, best.shown.spectrum, 0.0, first_generation=True)
    elif isinstance(best.shown, SecondShown):
        _constellation(first, best.shown)
        _scatter(second, best.shown)
        centre_hz = (best.burst.frequency_hz or CARRIER_HZ) - (best.burst.frequency_offset_hz or 0.0)
        _spectrum(third, best.shown.spectrum, centre_hz - CARRIER_HZ, first_generation=False)
    _frequency(fourth, shown)
    page.suptitle(_title(each, best), fontsize=11)
    return page


def _title(each: Series, best: OneBurst) -> str:
    when = "" if best.burst.start is None else f", best burst at {instants.text(best.burst.start)}"
    cn0 = best.shown.cn0_dbhz if best.shown else 0.0
    count = f"{len(each.bursts)} burst{'s' * (len(each.bursts) > 1)}"
    return f"{best.burst.kind} {best.hex_id or best.hex}: {count}{when}, C/N0 {cn0:.1f} dB-Hz"


def _phase(axes: Any, shown: FirstShown) -> None:
    step = max(1, len(shown.times_s) // 40_000)
    axes.plot(shown.times_s[::step] * 1e3, shown.phase_rad[::step], ",", color=_GREY, alpha=0.6)
    axes.plot(shown.times_s[::step] * 1e3, shown.model_rad[::step], color=_BLUE, lw=0.5)
    for level in (1.0, 1.2, -1.0, -1.2):
        axes.axhline(level, color=_RED, lw=0.7, ls="--")
    axes.set(xlabel="ms past bit 1", ylabel="phase, rad", title="Phase over the burst; limits dashed", ylim=(-2, 2))


def _eye(axes: Any, shown: FirstShown) -> None:
    inside = (shown.times_s > 0) & (shown.times_s < shown.times_s[-1] - shown.bit_s)
    within = np.mod(shown.times_s[inside] / shown.bit_s + 0.25, 1.0) - 0.25
    axes.plot(
        within * shown.bit_s * 1e3, shown.phase_rad[inside], ".", ms=1.2, color=_BLUE, alpha=0.25, rasterized=True
    )
    axes.set(xlabel="ms past the beginning of a bit", ylabel="phase, rad", title="Eye: all bits on one", ylim=(-2, 2))
    axes.axhspan(1.0, 1.2, color=_RED, alpha=0.08)
    axes.axhspan(-1.2, -1.0, color=_RED, alpha=0.08)


def _constellation(axes: Any, shown: SecondShown) -> None:
    axes.plot(shown.points.real, shown.points.imag, ".", ms=2, color=_BLUE, alpha=0.4, rasterized=True)
    axes.plot([1, 1, -1, -1], [1, -1, 1, -1], "+", color=_RED, ms=12)
    axes.set(
        xlabel="I",
        ylabel="Q",
        title=f"Chips after the matched filter ({shown.pulse.replace('_', ' ')})",
        aspect="equal",
    )
    axes.set(xlim=(-2, 2), ylim=(-2, 2))


def _scatter(axes: Any, shown: SecondShown) -> None:
    errors = np.concatenate([np.abs(shown.points.real) - 1, np.abs(shown.points.imag) - 1])
    axes.hist(errors * 100, bins=60, color=_BLUE, alpha=0.8)
    for limit in (-2.5, 2.5):
        axes.axvline(limit, color=_RED, lw=0.8, ls="--")
    axes.set(xlabel="error of a chip, % (the receiver's noise in it)", ylabel="chips", title="Errors; 2.5 % RMS dashed")


def _spectrum(axes: Any, seen: Spectrum | None, shift_hz: float, *, first_generation: bool) -> None:
    axes.set(xlabel="kHz from the carrier" if first_generation else "kHz from 406.05 MHz", ylabel="dBc in 100 Hz")
    axes.set_title("Spectrum and mask")
    if seen is None:
        axes.text(0.5, 0.5, "too little quiet beside the burst", ha="center", transform=axes.transAxes)
        return
    offset_hz = seen.offset_hz + shift_hz
    mask = fgb_mask_db(offset_hz) if first_generation else sgb_mask_db(offset_hz)
    floor = 10 * np.log10(np.maximum(seen.noise, 1e-12))
    with_noise = 10 * np.log10(np.maximum(seen.level + seen.noise, 1e-12))
    axes.plot(offset_hz / 1e3, with_noise, lw=0.6, color=_BLUE, label="burst and noise")
    axes.plot(offset_hz / 1e3, floor, lw=0.5, color=_GREY, label="receiver's noise")
    axes.plot(offset_hz / 1e3, mask, lw=1.2, color=_RED, label="mask")
    reach = 50 if first_generation else 60
    axes.set(xlim=(max(-reach, offset_hz[0] / 1e3), min(reach, offset_hz[-1] / 1e3)), ylim=(-80, 5))
    axes.legend(fontsize=7, loc="upper right")


def _frequency(axes: Any, shown: Sequence[OneBurst]) -> None:
    """Within the burst when there is one alone, else over the bursts."""
    kept = [(one, one.shown) for one in shown if one.shown is not None]
    if len(kept) == 1:
        values = kept[0][1].frequencies_hz
        span_ms = 100.0 if isinstance(kept[0][1], FirstShown) else 1000 / 6
        axes.errorbar(
            (np.arange(len(values)) + 0.5) * span_ms, values - values.mean(), 1.96 * kept[0][1].sigma_frequency_hz,
            fmt="o", color=_BLUE, capsize=3,
        )  # fmt: skip
        axes.set(xlabel="ms", ylabel="Hz from the mean", title=f"Frequency within the burst, {span_ms:.0f} ms averages")
        return
    at_s = np.array([one.start_s for one, _ in kept])
    short = float(np.ptp(at_s)) < 120
    at = at_s if short else at_s / 60
    values = np.array([each.middle_hz for _, each in kept])
    axes.errorbar(
        at, values - values.mean(), [1.96 * each.sigma_frequency_hz for _, each in kept],
        fmt="o", ms=4, color=_BLUE, capsize=2,
    )  # fmt: skip
    if len(kept) > 2:
        slope, at_zero = np.polyfit(at, values - values.mean(), 1)
        axes.plot(
            at, at_zero + slope * at, color=_RED, lw=0.8, label=f"{slope:+.4f} Hz a {'second' if short else 'minute'}"
        )
        axes.legend(fontsize=8)
    axes.set(xlabel="seconds" if short else "minutes", ylabel="Hz from the mean", title="Frequency over the bursts")


def save(path: str, found: Sequence[Series], settings: Settings, source: str) -> list[str]:
    """Write the plots; the paths. A PNG holds one beacon: further beacons get files of their own, numbered."""
    target = Path(path)
    if target.suffix.lower() not in (".png", ".html"):
        raise ConfigError(f"--plot {path}: it must end in .png or .html")
    pages = [(each, figure(each)) for each in found]
    try:
        if target.suffix.lower() == ".html":
            target.write_text(_page(pages, settings, source), encoding="utf-8")
            return [str(target)]
        written = []
        for number, (_, page) in enumerate(pages):
            name = target if not number else target.with_name(f"{target.stem}-{number + 1}{target.suffix}")
            page.savefig(name, dpi=150)
            written.append(str(name))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    return written


def _page(pages: Sequence[tuple[Series, Any]], settings: Settings, source: str) -> str:
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>Vigie: measurements</title>",
        "<style>body{font:15px system-ui,sans-serif;margin:2em;max-width:75em}table{border-collapse:collapse}",
        "td,th{border:1px solid #ccc;padding:.25em .6em;text-align:left;font-variant-numeric:tabular-nums}",
        "img{max-width:100%}@media print{body{margin:0}}</style>",
        f"<h1>Measurements of {html.escape(source)}</h1>",
        f"<p>Vigie {html.escape(__version__)}. Limits of C/S T.001 and C/S T.018; the test procedures of C/S T.007 and "
        "C/S T.021 are not followed, and this is no type approval. A verdict counts only when the whole 95 % interval "
        "is on one side of the limit.</p>",
    ]
    for each, page in pages:
        image = io.BytesIO()
        page.savefig(image, format="png", dpi=130)
        parts += [
            f"<h2>{html.escape(_title(each, each.bursts[0]))}</h2>",
            "<table><tr><th>quantity<th>value<th>95 % interval<th>unit<th>limit<th>verdict<th>clause<th>note</tr>",
        ]
        for line in each.rows():
            colour = _COLOURS[line["verdict"]]
            cells = [line["words"], number(line["value"]), span(line["interval"]), line["unit"], span(line["limit"])]
            parts.append(
                "<tr>" + "".join(f"<td>{html.escape(cell)}" for cell in cells)
                + f"<td style='color:{colour};font-weight:600'>{line['verdict'] or ''}"
                + f"<td>{html.escape(line['section'])}<td>{html.escape(line['note'])}</tr>"
            )  # fmt: skip
        encoded = base64.b64encode(image.getvalue()).decode()
        parts.append(f"</table><p><img alt='plots' src='data:image/png;base64,{encoded}'>")
    return "\n".join(parts) + "</html>\n"


def number(value: float | None) -> str:
    """A number with as many digits as a reader can use."""
    if value is None:
        return "-"
    return f"{value:.2f}" if abs(value) >= 1e5 else f"{value:.6g}"


def span(pair: Sequence[float | None] | None) -> str:
    """An interval or a limit in words."""
    if pair is None or (pair[0] is None and pair[1] is None):
        return "-"
    if pair[0] is None:
        return f"at most {number(pair[1])}"
    return f"{number(pair[0])} to {number(pair[1])}" if pair[1] is not None else f"at least {number(pair[0])}"
