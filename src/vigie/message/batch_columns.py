"""Columns of a batch: numbers with a mask, or a vocabulary of values with a code a row; None where nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TABLE_BITS = 16
"""numbers up to this width are looked up in a table of all patterns, wider ones sorted"""


@dataclass(frozen=True, slots=True)
class Column:
    """N values of one name. ``words`` None: the values are ``data`` itself; else ``data`` are places in ``words``."""

    data: NDArray[Any]
    """(N,) int64, float64, bool or text; with ``words`` int32, -1 for None"""
    valid: NDArray[np.bool_] | None = None
    """(N,) False for None; None where every value is there"""
    words: tuple[Any, ...] | None = None

    def __len__(self) -> int:
        return int(self.data.size)

    def tolist(self) -> list[Any]:
        """The values as Python has them."""
        if self.words is not None:
            words = (*self.words, None)  # -1 is the last
            return [words[code] for code in self.data.tolist()]
        values: list[Any] = self.data.tolist()
        if self.valid is not None:
            return [value if good else None for value, good in zip(values, self.valid.tolist(), strict=True)]
        return values

    def array(self) -> NDArray[Any]:
        """The values as an array: floats with NaN for None, other kinds as they are, or objects where some are None."""
        if self.words is not None:
            table = np.empty(len(self.words) + 1, object)
            table[: len(self.words)] = self.words
            return np.asarray(table[self.data])
        if self.valid is None or self.valid.all():
            return self.data
        if self.data.dtype.kind == "f":
            return np.where(self.valid, self.data, np.nan)
        values = self.data.astype(object)
        values[~self.valid] = None
        return values

    def __getitem__(self, rows: NDArray[Any] | slice) -> Column:
        return Column(self.data[rows], None if self.valid is None else self.valid[rows], self.words)


def constant(value: Any, count: int) -> Column:
    """One value ``count`` times."""
    if value is None:
        return Column(np.full(count, -1, np.int32), None, ())
    return Column(np.zeros(count, np.int32), None, (value,))


def distinct(number: NDArray[np.uint64], width: int) -> tuple[NDArray[np.int32], list[int]]:
    """Codes (N,) and the distinct numbers they stand for."""
    if width <= _TABLE_BITS:
        small = number.astype(np.intp)
        seen = np.zeros(1 << width, bool)
        seen[small] = True
        present = np.flatnonzero(seen)
        codes = np.zeros(1 << width, np.int32)
        codes[present] = np.arange(present.size, dtype=np.int32)
        return codes[small], [int(value) for value in present]
    present, inverse = np.unique(number, return_inverse=True)
    return inverse.astype(np.int32).reshape(-1), [int(value) for value in present]


def read(number: NDArray[np.uint64], width: int, reader: Callable[[int], Any]) -> Column:
    """What a codec makes of numbers: it is asked once for each distinct one."""
    codes, present = distinct(number, width)
    return coded(codes, [reader(value) for value in present])


def coded(codes: NDArray[np.int32], values: Sequence[Any]) -> Column:
    """A column of codes whose values may repeat or be None."""
    words = _Words()
    places = words.places(values)
    return Column(places[codes] if len(values) else codes, None, tuple(words.kept))


class _Words:
    """The distinct values of a column of codes, each once."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self._codes: dict[Any, int] = {}

    def places(self, values: Sequence[Any]) -> NDArray[np.int32]:
        """The code of each value, -1 for None, and for what a code of -1 finds: one past their end."""
        codes = np.full(len(values) + 1, -1, np.int32)
        for place, value in enumerate(values):
            if value is not None:
                codes[place] = self._code(value)
        return codes

    def _code(self, value: Any) -> int:
        key = (type(value), value) if isinstance(value, (str, int, float)) else repr(value)
        code = self._codes.get(key)
        if code is None:
            code = self._codes[key] = len(self.kept)
            self.kept.append(value)
        return code


def join(pieces: Iterable[tuple[NDArray[np.int64], Column]], count: int) -> Column:
    """One column of ``count`` rows from pieces that each fill some rows; rows that none fills are None."""
    parts = [piece for piece in pieces if len(piece[1])]
    plain = [column for _, column in parts if column.words is None]
    if (
        plain
        and len({column.data.dtype.kind for column in plain}) == 1
        and all(column.words is None or not column.words for _, column in parts)
    ):
        kind = np.result_type(*(column.data.dtype for column in plain))
        data, valid = np.zeros(count, kind), np.zeros(count, bool)
        for rows, column in parts:
            if column.words is None:
                data[rows] = column.data
                valid[rows] = True if column.valid is None else column.valid
        return Column(data, None if valid.all() else valid)
    merged = _Words()
    codes = np.full(count, -1, np.int32)
    for rows, column in parts:
        if column.words is None:
            column = _with_words(column)
        codes[rows] = merged.places(column.words or ())[column.data]
    return Column(codes, None, tuple(merged.kept))


def _with_words(column: Column) -> Column:
    present, inverse = np.unique(column.data, return_inverse=True)
    codes = inverse.astype(np.int32).reshape(-1)
    if column.valid is not None:
        codes = np.where(column.valid, codes, np.int32(-1))
    return Column(codes, None, tuple(present.tolist()))
