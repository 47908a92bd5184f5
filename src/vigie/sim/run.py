"""``simulate``: a scenario played, and its stream and truth written. The same seed gives the same bytes anywhere."""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vigie.engine import Builtin, Engine
from vigie.errors import ConfigError
from vigie.sim.receptions import SPAN_S, spans, work_out
from vigie.sim.scenario import Level, Scenario
from vigie.sim.told import detections, truth_of_bursts, truth_of_world
from vigie.sim.world import World, coded, world_of

Told = list[tuple[float, str]]
Work = tuple[bytes, int, int, Level]
"""the scenario as bytes, seed, number of the span, level"""


@dataclass(frozen=True)
class Done:
    """What a simulation wrote."""

    stream: Path
    truth: Path
    bursts: int
    lines: int


def span(work: Work) -> tuple[Told, list[str]]:
    """Lines of a span with the moment of their delivery, and the truth of its bursts. For a worker."""
    scenario, seed, number, level = work
    world = world_of(scenario, seed)
    done = work_out(world, number)
    if level == "bursts":
        from vigie.sim.soft import burst_lines

        return burst_lines(world, done, number), truth_of_bursts(world, done)
    return detections(world, done), truth_of_bursts(world, done)


def simulate(
    scenario: Scenario,
    folder: Path,
    *,
    seed: int | None = None,
    level: Level | None = None,
    engine: Engine | None = None,
    progress: Callable[[float, str], None] = lambda done, words: None,
) -> Done:
    """Play a scenario and write its stream and ``truth.jsonl`` into ``folder``.

    ``detections``: ``detections.jsonl`` in order of delivery. ``bursts``: ``bursts.jsonl``, soft bits. ``samples``: one
    SigMF recording a channel. The orbits as published are copied into ``orbits/``. ``progress`` is told the part done.
    Raises ConfigError for a scenario that cannot be played or a folder that cannot be written.
    """
    level = level or scenario.output.level
    world = World(scenario, seed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _orbits(world, folder / "orbits")
        if level == "samples":
            from vigie.sim.wave import record

            return record(world, folder, engine or Builtin(), progress)
        return _lines(world, folder, level, engine or Builtin(), progress)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written: {error.strerror or error}") from None


def _orbits(world: World, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for path in dict.fromkeys(world.orbit_path(group) for group in world.scenario.satellites):
        shutil.copyfile(path, folder / path.name)


def _lines(world: World, folder: Path, level: Level, engine: Engine, progress: Callable[[float, str], None]) -> Done:
    count = spans(world)
    work: Iterator[Work] = ((coded(world.scenario), world.seed, number, level) for number in range(count))
    stream, truth = folder / f"{level}.jsonl", folder / "truth.jsonl"
    bursts = written = 0
    waiting: list[tuple[float, int, str]] = []
    order = 0
    with stream.open("w", encoding="utf-8") as out, truth.open("w", encoding="utf-8") as true:
        true.writelines(f"{line}\n" for line in truth_of_world(world, level))
        for number, (told, sent) in enumerate(engine.map(span, work)):
            true.writelines(f"{line}\n" for line in sent)
            bursts += len(sent)
            for moment, line in told:
                heapq.heappush(waiting, (moment, order, line))
                order += 1
            # nothing of a later span is delivered before it begins
            while waiting and (number + 1 == count or waiting[0][0] < (number + 1) * SPAN_S):
                out.write(heapq.heappop(waiting)[2] + "\n")
                written += 1
            progress((number + 1) / count, f"{bursts} bursts, {written} lines")
    return Done(stream, truth, bursts, written)
