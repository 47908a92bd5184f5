"""``vigie simulate``: a world of beacons, satellites and stations, played from a scenario."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from vigie.cli.common import engine_options


class Progress:
    """How far long work is, on standard error: a bar on a terminal, else a line every ten seconds."""

    def __init__(self, what: str) -> None:
        self._what, self._next = what, time.monotonic() + 10.0

    def __call__(self, part: float, words: str) -> None:
        """``part`` from 0 to 1."""
        if sys.stderr.isatty():
            click.echo(f"\r\x1b[K{self._what} {100 * part:3.0f} %  {words}", err=True, nl=part >= 1)
        elif time.monotonic() >= self._next or part >= 1:
            self._next = time.monotonic() + 10.0
            click.echo(f"{self._what} {100 * part:3.0f} %  {words}", err=True)


@click.command("simulate")
@click.argument("scenario")
@click.option("-o", "--out", "folder", type=click.Path(path_type=Path), help="Folder to write into.")
@click.option("--print", "shown", is_flag=True, help="Print the scenario, to be changed, and play nothing.")
@click.option("--seed", type=click.IntRange(0), help="Instead of the scenario's.")
@click.option("--level", type=click.Choice(["detections", "bursts", "samples"]), help="Instead of the scenario's.")
@engine_options
@click.option("--json", "as_json", is_flag=True, help="What was written, as a JSON line.")
def command(
    scenario: str,
    folder: Path | None,
    shown: bool,
    seed: int | None,
    level: Any,
    workers: int,
    cluster: str | None,
    as_json: bool,
) -> None:
    """Play a scenario, and write what stations would deliver, and the truth.

    SCENARIO is a TOML file, or the name of one that comes with Vigie: raft (one beacon, one pass of a low satellite),
    world (six hours, beacons of every kind), morning (twelve minutes of samples from six satellites, 3.5 GB). Levels:
    detections (messages with times and frequencies of arrival), bursts (soft bits), samples (I/Q, SigMF). The same
    seed gives the same bytes.

    \b
    Example:  vigie simulate raft -o raft
              vigie locate raft/detections.jsonl --orbits raft/orbits/leosar.tle
              vigie simulate raft -o heard --level samples
              vigie receive heard/40069.sigmf-meta
              vigie simulate world --print > mine.toml
    """
    if folder is None and not shown:
        raise click.UsageError("say with -o into which folder to write")
    from vigie.cli.common import emit
    from vigie.engine import open_engine
    from vigie.sim import scenario as scenarios
    from vigie.sim.run import simulate

    path = scenarios.path_of(scenario)
    read = scenarios.load(path)
    if folder is None:
        click.echo(path.read_text(encoding="utf-8"), nl=False)
        return
    with open_engine(workers, cluster) as engine:
        done = simulate(read, folder, seed=seed, level=level, engine=engine, progress=Progress("simulating"))
    if as_json:
        emit({"stream": str(done.stream), "truth": str(done.truth), "bursts": done.bursts, "lines": done.lines})
    else:
        click.echo(f"{done.stream}: {done.lines} lines of {done.bursts} bursts; truth in {done.truth}")
