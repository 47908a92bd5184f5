"""Bodies of rows as the text that is stored: what many rows would repeat is written once, and named by number.

The fields of a message take nine tenths of a detection, come again with each repetition of the message, and again in
the alert. So long values at the top of a body become rows of the table ``parts``; the body names them under ``$``.
Every row and part carries a digest of its content: a changed byte is noticed when the row is read.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from hashlib import blake2b
from sys import getrefcount
from typing import Any, NamedTuple

import msgspec

from vigie import jsonl

REFS = "$"
"""the key under which a stored body names its parts: ``{"$": {"message": 17, "solutions": [18, 21]}}``"""
_FEW = 3
"""values with more items than this become parts"""
_KNOWN = 300_000
"""parts remembered, so that they are not written twice: those used last"""
_LONG = 1000
"""values whose text is as long are remembered: the fields of a message come again with each burst"""
_LONGS = 2000
"""values remembered before those are let go that nobody else holds"""
_OURS = 2
"""references to a value that only the memory holds: its tuple's and the counter's own"""
_encode = msgspec.json.Encoder(decimal_format="number", enc_hook=jsonl.plain).encode


class Part(NamedTuple):
    """A value that rows refer to."""

    id: int
    body: str
    digest: bytes


class Packed(NamedTuple):
    """A body ready to be stored."""

    text: str
    pieces: tuple[tuple[str, Any], ...]
    """the values that became parts, by their keys"""

    def body(self) -> dict[str, Any]:
        """The body as it will come back."""
        whole: dict[str, Any] = msgspec.json.decode(self.text)
        whole.pop(REFS, None)
        for key, value in self.pieces:
            whole[key] = msgspec.json.decode(_encode(value))
        return whole


class Packer:
    """Makes stored texts; remembers which parts are on disk. Not for several threads at once."""

    def __init__(self, last_part: int) -> None:
        self._last = self._written = last_part
        self._known = OrderedDict[bytes, int]()
        self._fresh: dict[bytes, Part] = {}
        self._seen: dict[int, tuple[Any, int, bool]] = {}
        """values packed since the last writing, by ``id()``, which is theirs while kept here; each with its part
        and whether it is long"""
        self._longs: dict[int, tuple[Any, int, bool]] = {}
        """as ``_seen``: long values of earlier writings"""
        self._most_longs = _LONGS

    def pack(self, body: Mapping[str, Any]) -> Packed:
        """The stored text of a body; parts that it needs and that are not on disk wait in ``fresh``."""
        plain: dict[str, Any] = {}
        refs: dict[str, int | list[int]] = {}
        pieces: list[tuple[str, Any]] = []
        for key, value in body.items():
            kind = type(value)
            if kind is dict and len(value) > _FEW:
                refs[key] = self._value(value)
            elif kind is list and len(value) > _FEW:
                refs[key] = [self._value(item) for item in value]
            else:
                plain[key] = value
                continue
            pieces.append((key, value))
        if refs:
            plain[REFS] = refs
        return Packed(_encode(plain).decode(), tuple(pieces))

    def _value(self, value: Any) -> int:
        """The number of a value's part."""
        name = id(value)
        seen = self._longs.get(name) or self._seen.get(name)
        if seen is None:
            text = _encode(value)
            seen = self._seen[name] = (value, self._part(text), len(text) >= _LONG)
        return seen[1]

    def _part(self, text: bytes) -> int:
        name = blake2b(text, digest_size=16).digest()
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
            return known
        fresh = self._fresh.get(name)
        if fresh is None:
            self._last += 1
            words = text.decode()
            fresh = self._fresh[name] = Part(self._last, words, part_digest(self._last, words))
        return fresh.id

    def fresh(self) -> list[Part]:
        """The parts that have to be written with the rows packed since."""
        return list(self._fresh.values())

    def written(self) -> None:
        """The fresh parts are on disk."""
        self._known.update((name, part.id) for name, part in self._fresh.items())
        while len(self._known) > _KNOWN:
            self._known.popitem(last=False)
        self._fresh.clear()
        self._longs |= {name: seen for name, seen in self._seen.items() if seen[2]}
        self._seen.clear()
        if len(self._longs) > self._most_longs:
            self._longs = {n: seen for n, seen in self._longs.items() if getrefcount(seen[0]) > _OURS}
            self._most_longs = max(_LONGS, 2 * len(self._longs))
        self._written = self._last

    def forget(self) -> None:
        """The fresh parts could not be written."""
        self._fresh.clear()
        self._seen.clear()
        self._last = self._written


def refs(text: str) -> set[int]:
    """The numbers of the parts that a stored text names."""
    found: set[int] = set()
    for ref in msgspec.json.decode(text, type=_Refs).refs.values():
        found.update(ref if isinstance(ref, list) else (ref,))
    return found


class _Refs(msgspec.Struct):
    """The one key of a stored body that names parts."""

    refs: dict[str, int | list[int]] = msgspec.field(name=REFS, default_factory=dict)


def unpack(texts: Iterable[str], fetch: Callable[[set[int]], Mapping[int, Any]]) -> list[dict[str, Any]]:
    """The bodies that these texts were made from; ``fetch`` gets the values of the parts they name."""
    bodies: list[dict[str, Any]] = [msgspec.json.decode(text) for text in texts]
    wanted: set[int] = set()
    for body in bodies:
        for ref in body.get(REFS, {}).values():
            wanted.update(ref if isinstance(ref, list) else (ref,))
    parts = fetch(wanted) if wanted else {}
    for body in bodies:
        for key, ref in body.pop(REFS, {}).items():
            body[key] = [parts[item] for item in ref] if isinstance(ref, list) else parts[ref]
    return bodies


def part_digest(number: int, text: str) -> bytes:
    """8 bytes that change when a part does."""
    return blake2b(f"{number}|{text}".encode(), digest_size=8).digest()


def row_digest(
    seq: int, written: str, time: str | None, kind: str, beacon: str | None, body: str, key: bytes | None
) -> bytes:
    """8 bytes that change when a row of the journal does."""
    told = f"{seq}|{written}|{time}|{kind}|{beacon}|{body}".encode()
    return blake2b(told if key is None else told + bytes(key), digest_size=8).digest()
