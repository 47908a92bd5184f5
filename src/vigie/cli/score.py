"""``vigie score``: a stream compared with the truth of its simulation."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import click


@click.command("score")
@click.argument("streams", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="STREAM...")
@click.argument("truth", type=click.Path(path_type=Path))
@click.option(
    "--alerts", "make_alerts", is_flag=True, help="Make the alerts that the streams give, and score them too."
)
@click.option("--html", "report", type=click.Path(path_type=Path), metavar="FILE", help="Write a report with plots.")
@click.option("--json", "as_json", is_flag=True, help="All figures as one JSON line.")
@click.pass_context
def command(
    ctx: click.Context, streams: tuple[Path, ...], truth: Path, make_alerts: bool, report: Path | None, as_json: bool
) -> None:
    """Compare what came out with what was true.

    STREAM is what 'vigie receive --json', 'vigie locate --json', 'vigie replay' or 'vigie simulate' wrote; several can
    be given. TRUTH is the truth.jsonl of the simulation. Exit status 1 when a distress beacon that could have been
    heard is lost, or an alert is false.

    \b
    Example:  vigie score out/detections.jsonl fixes.jsonl out/truth.jsonl --alerts --html report.html
    """
    from vigie.cli.common import emit
    from vigie.errors import ConfigError
    from vigie.sim import alerted, score
    from vigie.sim import truth as truths

    true = truths.read(truth)

    def rows() -> itertools.chain[dict[str, object]]:
        return itertools.chain.from_iterable(score.rows_of(stream) for stream in streams)

    made = alerted.alerts(rows()) if make_alerts else []
    card = score.compare(itertools.chain(rows(), made), true)
    numbers = score.figures(card, true)
    if report is not None:
        from vigie.sim.report import page

        text = page(card, true, numbers)
        try:
            report.write_text(text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{report}: cannot be written: {error.strerror}") from None
    if as_json:
        emit(numbers)
    else:
        sys.stdout.write(text_of(numbers))
    if numbers["alerts"]["lost"] or numbers["alerts"]["false"]:
        ctx.exit(1)


def text_of(numbers: dict[str, object]) -> str:
    """The figures for people, a few lines."""
    from typing import Any, cast

    whole, alerts = cast("dict[str, Any]", numbers["all"]), cast("dict[str, Any]", numbers["alerts"])
    rate = whole["detection_rate"]
    lines = [
        f"{whole['beacons']} beacons, {whole['bursts_sent']} bursts, {whole['bursts_in_view']} in view: "
        + ("none detected" if rate is None else f"{100 * rate:.2f} % detected")
    ]
    for method, item in whole["location"].items():
        error = item["error_m"]
        if not error:
            continue
        inside = item["ehe_containment"]
        lines.append(
            f"{method}: {item['solutions']} solutions of {item['beacons_located']} beacons; half within "
            f"{error['p50'] / 1e3:.2f} km, 95 % within {error['p95'] / 1e3:.2f} km"
            + ("" if inside is None else f"; {100 * inside:.1f} % inside their EHE")
        )
    for name, item in whole["times_s"].items():
        if item["beacons"]:
            lines.append(
                f"{name.replace('_', ' ')}: {item['beacons']} of {item['of']}, half within {item['p50']:.0f} s"
            )
    lines.append(f"lost: {', '.join(alerts['lost']) or 'none'}")
    lines.append(f"false distress alerts: {', '.join(alerts['false']) or 'none'}")
    return "\n".join(lines) + "\n"
