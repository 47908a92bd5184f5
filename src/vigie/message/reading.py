"""The rows of a layout made into one function, for a message is read far more often than a layout is made.

Decoding spends most of its time in going through the rows. A function written for them, with their shifts, masks and
names as constants, takes three quarters of the time of a loop over them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from vigie.message.fields import Field

_CHUNK_BITS = 60
"""so many bits are cut out of the message at once: arithmetic on wider numbers is slower"""


class Seen(NamedTuple):
    """What the rows of a layout make of a message."""

    raws: dict[str, int]
    """the number of every field"""
    values: dict[str, Any]
    """the value of every field that states one by itself"""
    fields: dict[str, dict[str, Any]]
    """every field for people: its bits, number, value, unit and meaning"""


def reader(rows: Sequence[Field]) -> Callable[[int], Seen]:
    """The function that reads ``rows`` from a word whose last bit is the last of theirs."""
    names: dict[str, Any] = {"Seen": Seen}
    cut: list[str] = []
    raws: list[str] = []
    values: list[str] = []
    fields: list[str] = []
    for group in _groups(rows):
        first, last = group[0].first, group[-1].last
        cut.append(f"part = word >> {rows[-1].last - last} & {_ones(last - first + 1)}")
        for row in group:
            raw, value, read = (f"{kind}_{len(raws)}" for kind in ("raw", "value", "read"))
            cut.append(f"{raw} = part >> {last - row.last} & {_ones(row.width)}")
            if row.read is int:
                value = raw
            else:
                names[read] = row.read
                cut.append(f"{value} = {read}({raw})")
            raws.append(f"{row.name!r}: {raw}")
            if not row.hidden and row.fixed is None:
                values.append(f"{row.name!r}: {value}")
            fields.append(
                f"{row.name!r}: {{'bits': [{row.first}, {row.last}], 'raw': {raw}, 'value': {value}, "
                f"'unit': {row.unit or None!r}, 'doc': {row.doc!r}}}"
            )
    made = ", ".join("{" + ", ".join(pairs) + "}" for pairs in (raws, values, fields))
    source = "\n    ".join(["def see(word):", *cut, f"return Seen({made})"])
    exec(source, names)
    see: Callable[[int], Seen] = names["see"]
    return see


def _groups(rows: Sequence[Field]) -> list[list[Field]]:
    """The rows in groups of neighbours that have at most ``_CHUNK_BITS`` together."""
    groups: list[list[Field]] = [[]]
    for row in rows:
        if groups[-1] and row.last - groups[-1][0].first >= _CHUNK_BITS:
            groups.append([])
        groups[-1].append(row)
    return groups


def _ones(width: int) -> str:
    return hex((1 << width) - 1)
