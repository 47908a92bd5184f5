"""The level of soft bits: log-likelihood ratios as a demodulator would give them, calibrated to the C/N0.

A bit of energy ratio E = Eb/N0 arrives as s sqrt(E) + n with n of variance 1/2, and ln P(0)/P(1) of it is 4 sqrt(E)
times that: mean 4 E, variance 8 E. So the ratios mean what they say, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie import instants, jsonl
from vigie.constants import FGB_PHASE_RAD
from vigie.errors import InputError
from vigie.records import Burst
from vigie.sim.outcome import FGB_BIT_HZ, SGB_BIT_HZ
from vigie.sim.receptions import Span
from vigie.sim.told import decoded
from vigie.sim.world import World, generator

LEAST_DBHZ = 24.0
"""weaker bursts are not found, whatever their bits"""


def bits_of(digits: str, second: bool) -> NDArray[np.int8]:
    """The bits that are sent: 112 or 144 with the sync, or 250."""
    width = 250 if second else 4 * len(digits)
    word = int(digits, 16) & (1 << width) - 1
    return np.array([int(bit) for bit in format(word, f"0{width}b")], np.int8)


def soft(bits: NDArray[np.int8], cn0_dbhz: float, second: bool, rng: np.random.Generator) -> NDArray[np.float32]:
    """Log-likelihood ratios ln P(0)/P(1) of bits received with this C/N0."""
    ratio = 10 ** (cn0_dbhz / 10)
    energy = ratio / SGB_BIT_HZ if second else ratio * np.sin(FGB_PHASE_RAD) ** 2 / FGB_BIT_HZ
    signs = 1.0 - 2.0 * bits
    return np.asarray(4 * energy * signs + np.sqrt(8 * energy) * rng.normal(size=len(bits)), np.float32)


def burst_lines(world: World, span: Span, number: int) -> list[tuple[float, str]]:
    """When each burst is delivered, and its line, in that order."""
    table, sent = span.receptions, span.sent
    rng = generator(world.seed, "soft", number)
    began = world.began
    lines: list[tuple[float, str]] = []
    for row in np.flatnonzero(table.site >= 0):
        burst, cn0 = int(table.burst[row]), float(table.cn0_dbhz[row])
        sender = world.senders[sent.sender[burst]]
        digits = sender.digits(int(sent.number[burst]))
        ratios = soft(bits_of(digits, sender.second), cn0, sender.second, rng)
        if cn0 < LEAST_DBHZ:
            continue
        satellite = world.satellites[table.satellite[row]].name
        station = world.sites[table.site[row]].station.name
        middle_hz = float(table.foa_hz[row])
        text = jsonl.line(
            {
                "kind": "SGB" if sender.second else "FGB",
                "start": instants.after(began, float(table.time_s[row])),
                "sync": decoded(digits)[3],
                "frequency_hz": round(middle_hz, 4),
                "cn0_dbhz": round(float(table.told_cn0_dbhz[row]), 2),
                "sigma_frequency_hz": float(table.sigma_hz[row]),
                "sigma_time_s": float(table.sigma_s[row]),
                "satellite": satellite,
                "channel": f"{station}/{satellite}",
                "at": "satellite",
                "soft": [round(float(value), 2) for value in ratios],
            }
        )
        lines += [(float(table.delivered_s[row]), text)] * int(table.copies[row])
    return lines


def read(path: Path) -> Iterator[Burst]:
    """The bursts of a ``bursts.jsonl``. Raises InputError naming the line that is none."""
    import msgspec

    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                body: dict[str, Any] = msgspec.json.decode(line, type=dict)
                yield Burst(
                    kind=body["kind"],
                    start=instants.parse(body["start"]),
                    sample=0,
                    sync=body["sync"],
                    soft=np.array(body["soft"], np.float32),
                    frequency_hz=body["frequency_hz"],
                    frequency_offset_hz=None,
                    cn0_dbhz=body["cn0_dbhz"],
                    sigma_frequency_hz=body["sigma_frequency_hz"],
                    sigma_time_s=body["sigma_time_s"],
                    channel=body["channel"],
                    at=body["at"],
                )
            except (KeyError, TypeError, ValueError, msgspec.DecodeError) as error:
                raise InputError(f"{path}, line {number}: no burst: {error}") from None
