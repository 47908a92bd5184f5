"""``vigie doctor``: what stands in the way of good work on this machine."""

from __future__ import annotations

import click

from vigie.cli.common import emit


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="JSON lines: one object a finding.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Look at this machine: packages, clock, Earth-orientation and leap-second data, journal folder, receivers.

    Nothing is changed and nothing is sent anywhere. Exit status 1: something will not work (a FAILURE).

    \b
    Example:  vigie doctor
    """
    from rich.console import Console
    from rich.text import Text

    from vigie import doctor, ingest
    from vigie.store.engine import default_file

    styles = {"ok": "green", "note": "dim", "warning": "yellow", "failure": "bold red"}
    console, failed = Console(highlight=False, soft_wrap=True), False
    for finding in doctor.findings(ingest.now(), default_file().parent):
        failed = failed or finding.verdict == "failure"
        if as_json:
            emit({"check": finding.check, "verdict": finding.verdict, "text": finding.text, "advice": finding.advice})
            continue
        line = Text(f"{finding.verdict.upper() if finding.verdict != 'ok' else 'ok':<8}", styles[finding.verdict])
        line.append(f" {finding.check:<18} {finding.text}", "default")
        console.print(line)
        if finding.advice:
            console.print(Text(f"{'':27} -> {finding.advice}", "dim"))
    if failed:
        ctx.exit(1)
