"""A scenario played live: the samples of one of its channels, in blocks, as if its start were a moment of now."""

from __future__ import annotations

from collections.abc import Iterator

from vigie.instants import Instant, after
from vigie.records import Samples
from vigie.sim.scenario import Scenario
from vigie.sim.wave import BLOCK_S, Band, Piece, bands, piece_of
from vigie.sim.world import World, coded

READ_S = 0.25
"""length of the blocks in which the samples come"""


def channels(scenario: Scenario) -> list[Band]:
    """The channels that a scenario records. Raises ConfigError when none of them is in view."""
    channel = scenario.output.channel
    world = World(scenario)
    return bands(world, channel.from_s, min(channel.until_s or world.length_s, world.length_s))


def samples(scenario: Scenario, band: Band, start: Instant, *, seed: int | None = None) -> Iterator[Samples]:
    """One channel, dated as if it had begun at ``start``; the geometry stays that of the scenario's own time.

    The same seed gives the same samples as ``vigie simulate --level samples`` writes.
    """
    channel = scenario.output.channel
    rate = channel.rate_hz
    carried = coded(scenario)
    length_s = min(channel.until_s or scenario.length_s, scenario.length_s) - channel.from_s
    total, size, step = round(length_s * rate), round(BLOCK_S * rate), round(READ_S * rate)
    for first in range(0, total, size):
        piece = Piece(carried, scenario.seed if seed is None else seed, band, first, min(size, total - first))
        iq = piece_of(piece)
        for past in range(0, len(iq), step):
            part = iq[past : past + step]
            at = first + past
            yield Samples(part, rate, channel.centre_hz, after(start, at / rate), at, channel=band.name)
