"""The book of alerts as bytes and back: a copy that saves reading the whole journal again, never the truth.

Works on whatever the book holds, by the fields of its dataclasses, so that the rules may grow without a word here. What
it cannot write it refuses, and the journal is read instead. No code is ever run from the bytes: only dataclasses and
named tuples of this package are made.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
import numpy as np

from vigie.alert.book import AlertBook

_INSTANT, _SPAN, _TUPLE, _SET, _FROZEN, _DICT, _OBJECT, _AGAIN, _NAMED = range(1, 10)
_PLAIN = "Mapping[str, Any]"
"""a field declared so holds what JSON can hold: it is written as it is, without being looked through"""
_pack = msgspec.msgpack.Encoder().encode


def dump(book: AlertBook) -> bytes:
    """The book as bytes. Raises TypeError when it holds something that cannot be written so."""
    return _Writer().book(book)


def load(data: bytes, book: AlertBook) -> AlertBook:
    """Fill a new book with what ``dump`` wrote; its settings stay. Raises ValueError or TypeError for bytes that are
    none of this version."""
    values = _Reader().read(data)
    if not isinstance(values, dict):
        raise ValueError("these bytes hold no book of alerts")
    if values.keys() != book.memory.keys():
        raise ValueError("these bytes hold a book of another version")
    book.memory = values
    return book


class _Writer:
    def __init__(self) -> None:
        self._done: dict[int, int] = {}
        self._kept: list[Any] = []
        self._layouts: dict[type, tuple[str, list[tuple[str, bool]]]] = {}

    def book(self, book: AlertBook) -> bytes:
        return _pack({name: self._value(value) for name, value in book.memory.items()})

    def _value(self, value: Any) -> Any:
        kind = type(value)
        if value is None or kind is str or kind is float or kind is int or kind is bool or kind is bytes:
            return value
        simple = _SIMPLE.get(kind)
        if simple is not None:
            return simple(value)
        if kind is list:
            return [self._value(item) for item in value]
        if kind is dict:
            if all(type(key) is str for key in value):
                return {key: self._value(item) for key, item in value.items()}
            return self._ext(_DICT, [[self._value(key), self._value(item)] for key, item in value.items()])
        if kind in _GROUPS:
            return self._ext(_GROUPS[kind], [self._value(item) for item in value])
        if isinstance(value, tuple) and kind.__module__.startswith("vigie."):
            return self._ext(_NAMED, [_name(kind), *(self._value(item) for item in value)])
        if is_dataclass(kind) and kind.__module__.startswith("vigie."):
            return self._object(value)
        raise TypeError(f"a {kind.__module__}.{kind.__qualname__} has no place in a snapshot")

    def _object(self, value: Any) -> msgspec.msgpack.Ext:
        """A dataclass by its fields; one that was written before, by its number: the book may rely on identity."""
        number = self._done.get(id(value))
        if number is not None:
            return msgspec.msgpack.Ext(_AGAIN, number.to_bytes(8, "big"))
        kind = type(value)
        if kind not in self._layouts:
            self._layouts[kind] = _name(kind), [(item.name, item.type == _PLAIN) for item in fields(kind)]
        name, layout = self._layouts[kind]
        parts: list[Any] = [name]
        for item, plain in layout:
            inner = getattr(value, item)
            parts.append(dict(inner) if plain else self._value(inner))
        self._done[id(value)] = len(self._done)
        self._kept.append(value)
        return self._ext(_OBJECT, parts)

    @staticmethod
    def _ext(code: int, parts: Sequence[Any]) -> msgspec.msgpack.Ext:
        return msgspec.msgpack.Ext(code, _pack(parts))


class _Reader:
    def __init__(self) -> None:
        self._done: list[Any] = []
        self._kinds: dict[str, tuple[type, list[str]]] = {}

    def read(self, data: bytes | memoryview) -> Any:
        return msgspec.msgpack.decode(data, ext_hook=self._ext)

    def _ext(self, code: int, data: memoryview) -> Any:
        if code == _INSTANT:
            return np.datetime64(int.from_bytes(data, "big", signed=True), "ns")
        if code == _SPAN:
            return np.timedelta64(int.from_bytes(data, "big", signed=True), "ns")
        if code == _AGAIN:
            return self._done[int.from_bytes(data, "big")]
        parts = self.read(data)
        if code == _TUPLE:
            return tuple(parts)
        if code == _SET:
            return set(parts)
        if code == _FROZEN:
            return frozenset(parts)
        if code == _DICT:
            return dict(parts)
        if code == _NAMED:
            return self._kind(parts[0])[0](*parts[1:])
        if code != _OBJECT:
            raise ValueError(f"unknown code {code}")
        kind, names = self._kind(parts[0])
        made: Any = object.__new__(kind)
        for name, value in zip(names, parts[1:], strict=True):
            object.__setattr__(made, name, value)
        self._done.append(made)
        return made

    def _kind(self, name: str) -> tuple[type, list[str]]:
        """A dataclass or named tuple of this package, and its fields."""
        if name not in self._kinds:
            module, _, path = name.partition(":")
            if not module.startswith("vigie."):
                raise ValueError(f"{name} is not of this package")
            found: Any = importlib.import_module(module)
            for part in path.split("."):
                found = getattr(found, part)
            if not isinstance(found, type) or not (is_dataclass(found) or issubclass(found, tuple)):
                raise ValueError(f"{name} is no record")
            names = [item.name for item in fields(found)] if is_dataclass(found) else []
            self._kinds[name] = found, names
        return self._kinds[name]


def _name(kind: type) -> str:
    return f"{kind.__module__}:{kind.__qualname__}"


def _nanoseconds(code: int, unit: str) -> Callable[[Any], msgspec.msgpack.Ext]:
    def write(value: Any) -> msgspec.msgpack.Ext:
        return msgspec.msgpack.Ext(code, int(value.astype(unit).astype(np.int64)).to_bytes(8, "big", signed=True))

    return write


_SIMPLE: dict[type, Callable[[Any], Any]] = {
    np.datetime64: _nanoseconds(_INSTANT, "datetime64[ns]"),
    np.timedelta64: _nanoseconds(_SPAN, "timedelta64[ns]"),
    np.float64: float,
    np.float32: float,
    np.int64: int,
    np.bool_: bool,
}
_GROUPS: dict[type, int] = {tuple: _TUPLE, set: _SET, frozenset: _FROZEN}
