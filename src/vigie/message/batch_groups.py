"""Messages of one layout, many at a time: each fact as a column, read from the rows of the layout.

A codec or part is asked once for every distinct number. What the standard adds beside the layout (identities, verdicts)
the two generations put into ``stated`` as functions, called when the column is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.message import country
from vigie.message.batch_columns import Column, coded, constant, distinct, read
from vigie.message.batch_words import Numbers, Words, hex_text, take
from vigie.message.codecs import FLAG, UINT
from vigie.message.fields import Layout, Part
from vigie.message.moffset import of as moffset_of


@dataclass(eq=False)
class Group:
    """Messages of one layout."""

    layout: Layout
    rows: NDArray[np.int64]
    """(n,) where they stand in the batch"""
    words: Words
    """(w, n) as mended"""
    first: int
    """first bit of the words"""
    stated: dict[str, Callable[[], Column]] = field(default_factory=dict)
    """facts beside the layout's own; one of these names goes before a field's or part's"""
    hidden: frozenset[str] = frozenset()
    """fields of the layout that are no facts"""
    _parts: dict[Part, dict[str, Column]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return int(self.rows.size)

    def names(self) -> list[str]:
        """What these messages state."""
        found = dict.fromkeys(self.layout.facts)
        found |= dict.fromkeys(
            row.name
            for row in self.layout.fields
            if not row.hidden and row.fixed is None and row.name not in self.hidden
        )
        for part in self.layout.parts:
            found |= dict.fromkeys(part.keys)
        return list(found | dict.fromkeys(self.stated))

    def number(self, name: str) -> Numbers:
        """(n,) the numbers of a field."""
        row = self.layout.by_name[name]
        return take(self.words, self.first, row.first, row.last)

    def column(self, name: str) -> Column | None:
        """A fact of every message; None where the layout states no such thing."""
        if name in self.stated:
            return self.stated[name]()
        for part in reversed(self.layout.parts):
            if name in part.keys:
                return self._part(part)[name]
        row = self.layout.by_name.get(name)
        if row is not None and not row.hidden and row.fixed is None and name not in self.hidden:
            number = take(self.words, self.first, row.first, row.last)
            if row.codec is UINT:
                return Column(number.astype(np.int64))
            if row.codec is FLAG:
                return Column(number.astype(bool))
            return read(number, row.width, row.codec.read)
        if name in self.layout.facts:
            return constant(self.layout.facts[name], self.size)
        return None

    def _part(self, part: Part) -> dict[str, Column]:
        """All facts of a part, read once for every distinct set of its numbers."""
        if part in self._parts:
            return self._parts[part]
        rows = [self.layout.by_name[name] for name in part.fields if name in self.layout.by_name]
        packed = np.zeros(self.size, np.uint64)
        width = sum(row.width for row in rows)
        for row in rows:
            packed = packed << np.uint64(row.width) | take(self.words, self.first, row.first, row.last)
        codes, present = distinct(packed, width)
        said = []
        for number in present:
            raws, rest = {}, number
            for row in reversed(rows):
                raws[row.name] = rest & ((1 << row.width) - 1)
                rest >>= row.width
            said.append(part.read(raws))
        found = {key: coded(codes, [facts.get(key) for facts in said]) for key in part.keys}
        self._parts[part] = found
        return found

    def mismatched(self) -> NDArray[np.bool_]:
        """(n,) whether a field does not hold the one value that the standard fixes."""
        wrong = np.zeros(self.size, bool)
        for row in self.layout.fields:
            if row.fixed is not None:
                wrong |= take(self.words, self.first, row.first, row.last) != np.uint64(row.fixed)
        return wrong


@cache
def _country_words() -> tuple[NDArray[np.int32], tuple[str, ...]]:
    names = [country.name(code) for code in range(1024)]
    words = tuple(dict.fromkeys(name for name in names if name))
    place = {name: number for number, name in enumerate(words)}
    return np.array([place[name] if name else -1 for name in names], np.int32), words


def country_column(code: Numbers) -> Column:
    """Names of country codes."""
    places, words = _country_words()
    return Column(places[code.astype(np.intp)], None, words)


def verdicts(errors: NDArray[np.int8]) -> Column:
    """ok, corrected or unreliable, from counts of corrected bits (-1: beyond mending)."""
    return Column(np.where(errors < 0, 2, errors > 0).astype(np.int32), None, ("ok", "corrected", "unreliable"))


def counts(errors: NDArray[np.int8]) -> Column:
    """Corrected bits; None beyond mending."""
    return Column(errors.astype(np.int64), errors >= 0)


def only(column: Column, where: NDArray[np.bool_]) -> Column:
    """A column with None wherever ``where`` is False."""
    if column.words is not None:
        return Column(np.where(where, column.data, np.int32(-1)), None, column.words)
    return Column(column.data, where if column.valid is None else column.valid & where)


def listen_columns(hex_id_15: Numbers) -> tuple[Column, Column]:
    """CRC-16 and minute offset of 60-bit IDs (T.001 4.5.7.2.2)."""
    codes, present = distinct(hex_id_15, 60)
    said = [moffset_of(format(number, "015X")) for number in present]
    return coded(codes, [crc for crc, _ in said]), coded(codes, [minutes for _, minutes in said])


def received_text(number: Numbers, width: int) -> Column:
    """Bits as they came, as a text of zeros and ones."""
    return read(number, width, lambda raw: format(raw, f"0{width}b"))


def hex_column(number: Numbers, digits: int) -> Column:
    return Column(hex_text(number, digits))


def chosen(facts: Mapping[str, Any], layout: Layout, names: tuple[str, ...]) -> dict[str, Any]:
    """Facts that are the same for all messages of a layout, of the names given."""
    return {name: facts.get(name, layout.facts.get(name)) for name in names}
