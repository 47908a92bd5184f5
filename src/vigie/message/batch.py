"""Many messages at once: the same answers as one at a time, as columns.

``decode_many(texts)`` for hex strings in any form, or for an array of bits. Codes are checked and mended by tables,
messages of one layout are read together, and a codec is asked once for every distinct number. What needs care
(letters O, blanks, 51-digit forms, refused input) is decoded one message at a time by ``beacon``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.errors import HexError, InputError
from vigie.message import batch_fgb, batch_sgb, beacon, fgb, hexform
from vigie.message.batch_columns import Column, coded, join
from vigie.message.batch_groups import Group
from vigie.message.batch_words import Words, from_bits, from_hex, take
from vigie.message.sgb_tables import ID_HEAD
from vigie.records import Message

_FAST = {15: "hexid_15", 22: "message_22", 23: "hexid_23", 28: "message_28", 30: "message_30", 36: "message_36",
         63: "sgb_63"}  # fmt: skip
_BITS = {112: "message_28", 144: "message_36", 250: "sgb_63"}
_HEX = np.zeros(256, bool)
_HEX[np.frombuffer(b"0123456789ABCDEFabcdef", np.uint8)] = True
CORE = (
    "input", "generation", "kind", "protocol", "hex_id", "country_code", "country", "beacon_type", "category",
    "verdict", "latitude", "longitude", "position_status", "bch1_errors", "bch2_errors", "bch_errors",
)  # fmt: skip
"""the columns that most uses want"""
ERROR = ("error_kind", "error")
"""columns of what was refused, None for every message that was read"""


class Batch:
    """Decoded messages. ``column(name)`` gives a fact of all of them; what is not asked for is not computed."""

    def __init__(self, size: int, texts: Sequence[str], groups: list[Group], singles: dict[int, Message | InputError]):
        self._size, self._texts, self._groups, self._singles = size, texts, groups, singles
        self._columns: dict[str, Column] = {}

    def __len__(self) -> int:
        return self._size

    @property
    def names(self) -> list[str]:
        """Every fact that any of the messages states, ``input`` first, what was refused last."""
        found: dict[str, None] = {"input": None}
        for group in self._groups:
            found |= dict.fromkeys(group.names())
        for single in self._singles.values():
            if isinstance(single, Message):
                found |= {name: None for name in single.facts if name not in _NESTED}
        return [*found, *ERROR]

    @property
    def refused(self) -> dict[int, InputError]:
        """What could not be read, by its place."""
        return {row: single for row, single in self._singles.items() if isinstance(single, InputError)}

    def column(self, name: str) -> Column:
        """One fact of every message: the same values as ``beacon.decode(text).facts[name]``, None where there is none.

        ``input`` is the text as given; ``error_kind`` and ``error`` tell what was refused and why.
        """
        if name not in self._columns:
            self._columns[name] = self._column(name)
        return self._columns[name]

    def _column(self, name: str) -> Column:
        if name == "input":
            texts = np.empty(self._size, object)
            texts[:] = self._texts
            return Column(texts)
        pieces = []
        for group in self._groups:
            column = group.column(name)
            if column is not None:
                pieces.append((group.rows, column))
        if self._singles:
            rows = np.fromiter(self._singles, np.int64, len(self._singles))
            values = [_single(single, name) for single in self._singles.values()]
            pieces.append((rows, coded(np.arange(rows.size, dtype=np.int32), values)))
        return join(pieces, self._size)

    def columns(self, names: Iterable[str] | None = None) -> dict[str, Column]:
        """Several columns (default: all that are stated)."""
        return {name: self.column(name) for name in (names or self.names)}

    def message(self, row: int) -> Message:
        """One message with all its fields and sentences. Raises HexError when it was refused."""
        return beacon.decode(self._texts[row])


_NESTED = frozenset({"fields", "description"})


def _single(single: Message | InputError, name: str) -> Any:
    if isinstance(single, InputError):
        return {"error_kind": single.kind, "error": str(single)}.get(name)
    return None if name in ERROR else single.facts.get(name)


def decode_many(messages: Sequence[str] | Iterable[str] | NDArray[Any]) -> Batch:
    """Decode hex strings (any sequence or iterable), or bits (N, 112), (N, 144) or (N, 250) from bit 1 on.

    A string that is no message is no exception: its row is None but for ``error_kind`` and ``error``. Raises
    InputError for an array of another shape.
    """
    if isinstance(messages, np.ndarray) and messages.dtype.kind not in "SUO":
        return _from_bits(messages)
    texts = _texts_of(messages)
    size = len(texts)
    singles: dict[int, Message | InputError] = {}
    groups: list[Group] = []
    slow = np.ones(size, bool)
    odd = _Odd(texts)
    for digits, rows in _by_length(texts):
        form = _FAST.get(digits)
        if form is None:
            continue
        rows, words = _read(texts, rows, digits)
        if not rows.size:
            continue
        usable = _usable(words, form)
        if not usable.all():
            rows, words = rows[usable], np.ascontiguousarray(words[:, usable])
        slow[rows] = False
        groups += _groups(words, rows, form, odd)
    for row in np.flatnonzero(slow).tolist():
        try:
            singles[row] = beacon.decode(texts[row])
        except HexError as error:
            singles[row] = error
    return Batch(size, texts, groups, singles)


def _texts_of(messages: Iterable[Any]) -> list[str]:
    texts = messages.tolist() if isinstance(messages, np.ndarray) else list(messages)
    if set(map(type, texts)) <= {str}:
        return texts
    return [text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text) for text in texts]


def _by_length(texts: list[str]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    lengths = set(map(len, texts))
    if len(lengths) == 1:
        yield lengths.pop(), np.arange(len(texts))
        return
    each = np.fromiter(map(len, texts), np.int64, len(texts))
    for length in sorted(lengths):
        yield length, np.flatnonzero(each == length)


def _read(texts: list[str], rows: NDArray[np.int64], digits: int) -> tuple[NDArray[np.int64], Words]:
    """The texts of so many signs that are nothing but hex digits: their rows and words."""
    chosen = texts if rows.size == len(texts) else [texts[row] for row in rows.tolist()]
    raw = "".join(chosen).encode("ascii", "replace")
    try:
        return rows, from_hex(raw, digits)
    except ValueError:
        characters = np.frombuffer(raw, np.uint8).reshape(-1, digits)
        good = _HEX[characters].all(axis=1)
        return rows[good], from_hex(characters[good].tobytes(), digits)


class _Odd:
    """What is odd about a row, asked of the decoder once for every distinct text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._known: dict[str, list[str]] = {}

    def __call__(self, row: int) -> list[str]:
        text = self._texts[row]
        if text not in self._known:
            self._known[text] = list(beacon.decode(text).facts["odd"])
        return self._known[text]


def _groups(words: Words, rows: NDArray[np.int64], form: str, odd: _Odd) -> list[Group]:
    if not rows.size:
        return []
    if form in fgb.FORMS:
        return list(batch_fgb.groups(words, rows, form, odd))
    return list(batch_sgb.groups(words, rows, form, odd))


def _usable(words: Words, form: str) -> NDArray[np.bool_]:
    """(n,) which messages of a form go together; the others are looked at alone."""
    size = words.shape[1]
    if form == "hexid_15":  # some are second-generation IDs
        marks = [row for row in ID_HEAD if row.fixed is not None]
        second = np.ones(size, bool)
        for row in marks:
            second &= take(words, 1, row.first, row.last) == np.uint64(row.fixed or 0)
        return ~second
    if form in fgb.FORMS and fgb.FORMS[form][0] == 1:
        sync = take(words, 1, 1, 24)
        wrong = np.minimum(
            np.bitwise_count(sync ^ np.uint64(hexform.SYNC_NORMAL)),
            np.bitwise_count(sync ^ np.uint64(hexform.SYNC_SELF_TEST)),
        )
        return np.asarray(wrong <= hexform.SYNC_ERRORS)
    return np.ones(size, bool)


def _from_bits(bits: NDArray[Any]) -> Batch:
    """Bits from bit 1 on, as ``beacon.from_bits``: no sync is asked for."""
    form = _BITS.get(bits.shape[1]) if bits.ndim == 2 else None
    if form is None:
        raise InputError(f"messages as bits are (N, 112), (N, 144) or (N, 250), not {bits.shape}")
    values = bits.astype(np.uint8)
    if values.size and values.max() > 1:
        raise InputError("bits are zeros and ones")
    if form == "sgb_63":
        values = np.hstack([np.zeros((len(values), 2), np.uint8), values])
    words = from_bits(values)
    texts = _Texts(words, values.shape[1] // 4, form)
    rows = np.arange(len(values))
    return Batch(len(values), texts, _groups(words, rows, form, _BitsOdd(texts)), {})


class _Texts(Sequence[str]):
    """The hex digits of words, made when they are asked for."""

    def __init__(self, words: Words, digits: int, form: str) -> None:
        self._words, self._digits, self.form = words, digits, form

    def __len__(self) -> int:
        return int(self._words.shape[1])

    def __getitem__(self, row: Any) -> Any:
        raw = self._words[:, row].astype(">u8").tobytes().hex().upper()
        return raw[: self._digits]


class _BitsOdd(_Odd):
    def __init__(self, texts: _Texts) -> None:
        super().__init__(texts)

    def __call__(self, row: int) -> list[str]:
        text = self._texts[row]
        if text not in self._known:
            bits = format(int(text, 16), f"0{4 * len(text)}b")
            self._known[text] = list(beacon.from_bits(bits[-250:] if len(bits) == 252 else bits).facts["odd"])
        return self._known[text]
