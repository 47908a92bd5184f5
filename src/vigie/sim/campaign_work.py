"""The items of a campaign's work: what one worker does, from bytes to rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vigie.geodesy import ecef_m, local_axes
from vigie.locate.batch import single_bursts
from vigie.locate.measurement import Settings
from vigie.locate.uplink import path
from vigie.orbit.passes import look
from vigie.sim import outcome, score, truth
from vigie.sim.campaign import Campaign, Item, variant_of
from vigie.sim.receptions import Span, spans, work_out
from vigie.sim.scenario import Air, Beacon, Scenario
from vigie.sim.solve import LEAST_PASS, LEAST_SATELLITES, PASS_GAP_S, Policy, solutions
from vigie.sim.told import detections, truth_of_bursts, truth_of_world
from vigie.sim.world import World, generator

Array = NDArray[np.float64]

_TEST = {"protocol": "std_plb_serial", "country_code": 227, "tac": 1020, "serial_number": 1}


def shapes(campaign: Campaign) -> Iterator[tuple[int, ...]]:
    """The numbers of every item of work: variant and run, variant and block and epoch, or table cell."""
    variants = range(len(campaign.variants))
    match campaign.kind:
        case "monte_carlo":
            yield from ((variant, run) for variant in variants for run in range(campaign.runs))
        case "coverage":
            blocks = -(-len(cells(campaign.coverage.resolution)) // campaign.coverage.block)
            for variant in variants:
                for epoch in range(campaign.coverage.epochs):
                    yield from ((variant, epoch, block) for block in range(blocks))
        case "accuracy":
            table = campaign.accuracy
            for generation in range(len(table.generations)):
                for strength in range(len(table.cn0_dbhz)):
                    yield from ((generation, strength, count) for count in range(len(table.satellites)))


def work(item: Item) -> list[dict[str, Any]]:
    """The rows of one item."""
    campaign = msgspec.msgpack.decode(item.campaign, type=Campaign)
    base = msgspec.msgpack.decode(item.scenario, type=Scenario)
    if item.kind == "accuracy":
        return _accuracy(campaign, base, *item.numbers)
    if item.kind == "coverage":
        return _coverage(campaign, base, *item.numbers)
    return _monte_carlo(campaign, base, *item.numbers)


def _monte_carlo(campaign: Campaign, base: Scenario, variant: int, run: int) -> list[dict[str, Any]]:
    """One simulation, located and scored: a row a location, and a row a beacon."""
    seed = campaign.seed + run
    world = World(variant_of(campaign, base, variant), seed)
    played = [work_out(world, number) for number in range(spans(world))]
    told = truth_of_world(world, "detections") + [line for span in played for line in truth_of_bursts(world, span)]
    true = truth.of_lines(told, "truth")
    solved = list(solutions(world, played, Policy(settings=Settings(motion="static"))))
    heard = [msgspec.json.decode(line, type=dict[str, Any]) for span in played for _, line in detections(world, span)]
    card = score.compare([*heard, *solved], true)
    head = {"variant": campaign.variants[variant].name, "seed": seed}
    rows: list[dict[str, Any]] = []
    by_place = {(row["latitude"], row["longitude"], row["delivered"]): row for row in solved}
    made = {(row["latitude"], row["longitude"]): row["made_of"] for row in by_place.values()}
    for located in card.located:
        if located.first:
            rows.append(
                head
                | {
                    "row": "location",
                    "beacon": located.beacon,
                    "kind": true.beacons[located.beacon].facts["beacon_kind"],
                    "method": located.method,
                    "made_of": made.get((located.latitude, located.longitude)),
                    "error_m": located.error_m,
                    "in_ehe": located.in_ehe,
                    "in_ellipse": located.in_ellipse,
                    "right_side": located.right_side,
                }
            )
    for name, beacon in true.beacons.items():
        found = card.found.get(name, score.Found())
        rows.append(
            head
            | {
                "row": "beacon",
                "beacon": name,
                "kind": beacon.facts["beacon_kind"],
                "bursts_in_view": int(np.sum(beacon.tracked > 0)),
                "bursts_detected": len(found.bursts),
                "first_detection_s": _past(card, beacon, "first_detection"),
                "first_location_s": _past(card, beacon, "first_location"),
            }
        )
    return rows


def _past(card: score.Card, beacon: truth.Told, name: str) -> float | None:
    past = score.since_activation(card, [beacon], name)
    return float(past[0]) if past.size else None


def cells(resolution: int) -> list[str]:
    """Every cell of the globe, by its H3 index, in order."""
    import h3

    return sorted(cell for top in h3.get_res0_cells() for cell in h3.cell_to_children(top, resolution))


def _coverage(campaign: Campaign, base: Scenario, variant: int, epoch: int, block: int) -> list[dict[str, Any]]:
    """Test beacons in some cells of the globe: when the first burst of each was delivered, and the first location."""
    import h3

    from vigie import instants

    size = campaign.coverage.block
    mine = cells(campaign.coverage.resolution)[block * size : (block + 1) * size]
    began = instants.after(base.began, epoch * campaign.coverage.epoch_every_s)
    beacons = []
    for cell in mine:
        lat, lon = h3.cell_to_latlng(cell)
        beacons.append(Beacon(name=cell, kind="PLB", message=_TEST, latitude=lat, longitude=lon))
    scenario = msgspec.structs.replace(
        variant_of(campaign, base, variant),
        start=instants.text(began), duration_s=base.length_s, end=None, beacons=tuple(beacons), crowds=(),
        interference=(), air=Air(collisions=False),
    )  # fmt: skip
    world = World(scenario, campaign.seed)
    first, fixed, read, sent, seen = reached(world, [work_out(world, number) for number in range(spans(world))])
    return [
        {
            "variant": campaign.variants[variant].name,
            "cell": cell,
            "latitude": beacons[index].latitude,
            "longitude": beacons[index].longitude,
            "epoch": epoch,
            "first_detection_s": _finite(first[index]),
            "first_location_s": _finite(fixed[index]),
            "detection_rate": float(read[index] / max(sent[index], 1)),
            "satellites": float(seen[index] / max(sent[index], 1)),
        }
        for index, cell in enumerate(mine)
    ]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def reached(world: World, played: Sequence[Span]) -> tuple[Array, Array, Array, Array, Array]:
    """For each beacon ``(b,)``: when its first message was delivered, and the first with which it can be located by
    itself (seconds, infinite if never); bursts read at least once; bursts sent; satellites that read them, summed.

    It can be located when three medium-orbit satellites have read one burst, or four bursts of one pass of a low one
    have been read: C/S T.012 B.2 e, and ``docs/design/location.md`` for the three.
    """
    count = len(world.senders)
    first, fixed = np.full(count, np.inf), np.full(count, np.inf)
    read, sent, seen = np.zeros(count), np.zeros(count), np.zeros(count)
    low: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for span in played:
        table = span.receptions
        sent += np.bincount(span.sent.sender[span.own], minlength=count)
        use = np.flatnonzero(table.identity & (table.site >= 0) & (table.copies > 0))
        sender = span.sent.sender[table.burst[use]]
        np.minimum.at(first, sender, table.delivered_s[use])
        pairs: dict[int, dict[int, float]] = {}
        for row, who in zip(use, sender, strict=True):
            burst, satellite = int(table.burst[row]), int(table.satellite[row])
            delivered = float(table.delivered_s[row])
            system = world.satellites[satellite].system
            known = pairs.setdefault(burst, {})
            alone = delivered if system == "MEO" else np.inf  # others add nothing to one burst's location
            known[satellite] = min(known.get(satellite, np.inf), alone)
            if system == "LEO":
                low.setdefault((int(who), satellite), []).append((float(table.arrival_s[row]), delivered))
        for burst, known in pairs.items():
            who = int(span.sent.sender[burst])
            read[who] += 1
            seen[who] += len(known)
            if len(known) >= LEAST_SATELLITES:  # infinite when they are not of a medium orbit
                fixed[who] = min(fixed[who], sorted(known.values())[LEAST_SATELLITES - 1])
    for (who, _), rows in low.items():
        fixed[who] = min(fixed[who], _first_pass(sorted(set(rows))))
    return first, fixed, read, sent, seen


def _first_pass(rows: list[tuple[float, float]]) -> float:
    """When enough bursts of one pass had been delivered; infinite if never."""
    best, group = np.inf, [rows[0]]
    for row in (*rows[1:], (np.inf, np.inf)):
        if row[0] - group[-1][0] > PASS_GAP_S:
            if len(group) >= LEAST_PASS:
                best = min(best, sorted(delivered for _, delivered in group)[LEAST_PASS - 1])
            group = []
        group.append(row)
    return best


def _accuracy(campaign: Campaign, base: Scenario, generation: int, strength: int, count: int) -> list[dict[str, Any]]:
    """Single bursts located: one row of percentiles."""
    asked = campaign.accuracy
    kind, cn0, number = asked.generations[generation], asked.cn0_dbhz[strength], asked.satellites[count]
    rng = generator(campaign.seed, "accuracy", kind, strength, number)
    medium = msgspec.structs.replace(
        base, satellites=tuple(item for item in base.satellites if item.system == "MEO") or base.satellites
    )
    world = World(medium, campaign.seed)
    times = world.began + (np.arange(0, 86_400, 1200) * 10**9).astype("timedelta64[ns]")
    states = [satellite.ephemeris.state(times) for satellite in world.satellites]
    places, speeds = (np.stack([state[part] for state in states], axis=1) for part in (0, 1))
    size = asked.bursts
    lat, lon = np.degrees(np.arcsin(rng.uniform(-0.95, 0.95, size))), rng.uniform(-180, 180, size)
    true, instant = ecef_m(lat, lon), rng.integers(0, len(times), size)
    elevation = look(true[:, None], local_axes(lat, lon)[:, None], places[instant])[0]
    order = np.argsort(np.where(elevation > 5, rng.random(elevation.shape), 2), axis=1)[:, :number, None]
    satellite, speed = (np.take_along_axis(part[instant], order, 1) for part in (places, speeds))
    link = path(true[:, None], np.zeros(3), satellite, speed)
    second = np.full((size, number), kind == "SGB")
    strong = np.full((size, number), cn0)
    sigma_t = np.hypot(outcome.sigma_toa_s(strong, second), asked.sigma_toa_floor_s)
    sigma_f = np.hypot(outcome.sigma_foa_hz(strong, second), asked.sigma_foa_floor_hz)
    nominal = 406.05e6
    fixes = single_bursts(
        satellite,
        speed,
        link.delay_s + rng.normal(size=(size, number)) * sigma_t,
        sigma_t,
        nominal * link.ratio_less_1 + rng.normal(size=(size, number)) * sigma_f,
        sigma_f,
        nominal,
        0.0,
        10.0,
    )
    off = np.einsum("bij,bj->bi", local_axes(lat, lon), fixes.place_m - true)[:, :2]
    error = np.linalg.norm(off, axis=-1)
    nees = np.einsum("bi,bij,bj->b", off, np.linalg.inv(fixes.covariance_m2[:, :2, :2]), off)
    good = fixes.sure & np.isfinite(error)
    row: dict[str, Any] = {
        "generation": kind, "cn0_dbhz": cn0, "satellites": number, "bursts": size, "sure": float(good.mean()),
        "sigma_toa_s": float(sigma_t[0, 0]), "sigma_foa_hz": float(sigma_f[0, 0]),
        "nees": float(nees[good].mean()) if good.any() else None,
    }  # fmt: skip
    row |= {f"p{part}_m": float(np.percentile(error[good], part)) if good.any() else None for part in (50, 75, 95)}
    row["within_5_km"] = float(np.mean(error[good] <= 5000)) if good.any() else None
    return [row]
