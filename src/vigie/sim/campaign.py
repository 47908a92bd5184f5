"""Campaigns: many simulations of one question, on any engine, that go on where they stopped.

Each item of work leaves one Parquet file in ``parts/``; what is there is not done again. So a kill, or a full disk,
costs no more than the items under way. At the end the parts become one table, a summary and a report.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from vigie.engine import Engine
from vigie.errors import ConfigError
from vigie.sim import scenario as scenarios
from vigie.sim.scenario import Satellites, Scenario, Station, path_of
from vigie.sim.toml_lines import lines

Kind = Literal["monte_carlo", "coverage", "accuracy"]


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A space and ground segment to compare; what it does not name is the scenario's."""

    name: str
    satellites: tuple[Satellites, ...] | None = None
    stations: tuple[Station, ...] | None = None


class Accuracy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Single bursts anywhere on Earth, heard by so many medium-orbit satellites at so much C/N0."""

    cn0_dbhz: tuple[float, ...] = (30.0, 32.5, 35.0, 37.5, 40.0, 45.0)
    satellites: tuple[Annotated[int, msgspec.Meta(ge=3, le=20)], ...] = (3, 4, 6, 10)
    generations: tuple[Literal["FGB", "SGB"], ...] = ("FGB", "SGB")
    bursts: Annotated[int, msgspec.Meta(ge=10)] = 4000
    sigma_foa_floor_hz: float = 0.05
    sigma_toa_floor_s: float = 2e-6


class Coverage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A test beacon in the middle of every cell of the globe."""

    resolution: Annotated[int, msgspec.Meta(ge=0, le=3)] = 1
    """of H3: 122, 842, 5882 or 41162 cells"""
    epochs: Annotated[int, msgspec.Meta(ge=1)] = 3
    """how many times the scenario is begun"""
    epoch_every_s: float = 7000.0
    block: Annotated[int, msgspec.Meta(ge=1)] = 61
    """cells in one item of work"""


class Campaign(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question asked of many simulations."""

    title: str
    kind: Kind
    scenario: str = "world"
    """a file, by its path from the campaign, or the name of one that comes with Vigie"""
    runs: Annotated[int, msgspec.Meta(ge=1)] = 10
    """seeds of a Monte-Carlo campaign"""
    seed: Annotated[int, msgspec.Meta(ge=0)] = 1
    duration_s: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """instead of the scenario's"""
    variants: tuple[Variant, ...] = (Variant(name="as it is"),)
    accuracy: Accuracy = Accuracy()
    coverage: Coverage = Coverage()


@dataclass(frozen=True)
class Item:
    """One item of work: a worker needs nothing else."""

    name: str
    kind: Kind
    campaign: bytes
    scenario: bytes
    numbers: tuple[int, ...]


def load(path: Path) -> tuple[Campaign, Scenario]:
    """A campaign and the scenario it rests on. Raises ConfigError naming file, line and key."""
    try:
        text = path.read_text("utf-8")
        tree = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: no TOML: {error}") from None
    where = scenarios.Where(str(path), lines(text))
    for index, variant in enumerate(tree.get("variants", ())):
        at = ("variants", index)
        for key, kind in (("satellites", Satellites), ("stations", Station)):
            if key in variant:
                variant[key] = tuple(
                    scenarios.convert(item, kind, (*at, key, number), where) for number, item in enumerate(variant[key])
                )
        tree["variants"][index] = scenarios.convert(variant, Variant, at, where)
    for key, table in (("accuracy", Accuracy), ("coverage", Coverage)):
        if key in tree:
            tree[key] = scenarios.convert(tree[key], table, (key,), where)
    campaign: Campaign = scenarios.convert(tree, Campaign, (), where)
    names = [variant.name for variant in campaign.variants]
    if len(set(names)) < len(names):
        raise where.error(("variants",), "has a name twice: names are unique")
    near = path.parent / campaign.scenario
    base = scenarios.load(near if near.is_file() else path_of(campaign.scenario))
    if campaign.duration_s is not None:
        base = msgspec.structs.replace(base, duration_s=campaign.duration_s, end=None)
    return campaign, base


def file_of(name: str) -> Path:
    """The file of a campaign named by its path, or by the name of one that comes with Vigie. Raises ConfigError."""
    folder = Path(__file__).with_name("campaigns")
    if not name.endswith(".toml") and (folder / f"{name}.toml").is_file():
        return folder / f"{name}.toml"
    if Path(name).exists():
        return Path(name)
    known = ", ".join(sorted(path.stem for path in folder.glob("*.toml")))
    raise ConfigError(f"{name}: no such file, and none of the campaigns that come with Vigie: {known}")


def variant_of(campaign: Campaign, base: Scenario, number: int) -> Scenario:
    """The scenario with the satellites and stations of one of the variants."""
    variant = campaign.variants[number]
    changes: dict[str, Any] = {
        key: getattr(variant, key) for key in ("satellites", "stations") if getattr(variant, key) is not None
    }
    return msgspec.structs.replace(base, **changes)


def items_of(campaign: Campaign, base: Scenario) -> Iterator[Item]:
    """Every item of work, in a fixed order."""
    from vigie.sim.campaign_work import shapes
    from vigie.sim.world import coded

    carried, world = msgspec.msgpack.encode(campaign), coded(base)
    for numbers in shapes(campaign):
        yield Item("-".join(f"{number:04d}" for number in numbers), campaign.kind, carried, world, numbers)


def run(
    campaign: Campaign,
    base: Scenario,
    folder: Path,
    engine: Engine,
    progress: Callable[[float, str], None] = lambda part, words: None,
) -> Path:
    """Do what is not done yet, then write ``results.parquet``, ``summary.json`` and ``report.html``; the folder.

    Raises ConfigError when the folder holds another campaign or cannot be written: what is done stays.
    """
    from vigie.sim.campaign_work import work

    parts = folder / "parts"
    try:
        parts.mkdir(parents=True, exist_ok=True)
        _same(campaign, base, folder / "campaign.id")
        for stale in parts.glob("*.tmp"):
            stale.unlink()
        every = list(items_of(campaign, base))
        left = [item for item in every if not (parts / f"{item.name}.parquet").exists()]
        done = len(every) - len(left)
        if done:
            progress(done / len(every), f"{done} of {len(every)} items were done before")
        for item, rows in zip(left, engine.map(work, iter(left)), strict=True):
            _write(parts / f"{item.name}.parquet", rows)
            done += 1
            progress(done / len(every), f"{done} of {len(every)} items")
        _end(campaign, folder, [parts / f"{item.name}.parquet" for item in every])
    except OSError as error:
        words = error.strerror or str(error)
        raise ConfigError(f"{folder}: {words}: what is done is kept; the same command goes on from there") from None
    return folder


def _same(campaign: Campaign, base: Scenario, mark: Path) -> None:
    """Refuse a folder with the parts of another campaign."""
    bare = msgspec.structs.replace(base, folder="")
    text = hashlib.sha256(msgspec.msgpack.encode((campaign, bare))).hexdigest()
    if mark.exists() and mark.read_text().strip() != text:
        raise ConfigError(f"{mark.parent} holds another campaign, or this one before it was changed: name a new folder")
    mark.write_text(text + "\n")


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise ConfigError("campaigns write Parquet, which needs pyarrow: pip install 'vigie[archive]'") from None
    return pyarrow, pyarrow.parquet


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    """A part, whole or not at all."""
    arrow, parquet = _arrow()
    temporary = path.with_suffix(".tmp")
    columns = dict.fromkeys(key for row in rows for key in row)  # rows of several kinds have not all of them
    parquet.write_table(arrow.Table.from_pydict({key: [row.get(key) for row in rows] for key in columns}), temporary)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def _end(campaign: Campaign, folder: Path, parts: list[Path]) -> None:
    arrow, parquet = _arrow()
    tables = [parquet.read_table(part) for part in parts]
    table = arrow.concat_tables([one for one in tables if one.num_rows], promote_options="permissive")
    parquet.write_table(table, folder / "results.parquet")
    from vigie import jsonl
    from vigie.sim.campaign_report import page, summary

    numbers = summary(campaign, table.to_pylist())
    (folder / "summary.json").write_text(jsonl.line(numbers) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page(campaign, table.to_pylist(), numbers), encoding="utf-8")
