"""A message layout is rows of data: one row a field, with the bit numbers that the standard prints (first bit 1).

Two steps, so that nothing is lost. ``unpack`` and ``pack`` move whole numbers between bits and names, spare bits
included: ``pack(unpack(bits)) == bits`` for any bits. ``read`` and ``write`` turn those numbers into values:
``read(write(values)) == values`` for any values read from a message. A value held by several fields (a coarse position
and its offset) is a ``Part`` with its own two functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from vigie.errors import FieldError
from vigie.message import reading
from vigie.message.codecs import Codec, bits, fixed

Raws = Mapping[str, int]
Facts = dict[str, Any]
_REMEMBERED_BITS = 10


@dataclass(frozen=True)
class Field:
    """Bits ``first`` to ``last`` of a message, both included."""

    name: str
    first: int
    last: int
    codec: Codec
    unit: str = ""
    doc: str = ""
    fixed: int | None = None
    """the only right number, where the standard fixes one; another is accepted and reported"""
    default: int = 0
    """the number an encoder sends when it is told nothing"""
    hidden: bool = False
    """True where the number is only a piece of a part's value, or says nothing by itself"""

    @property
    def width(self) -> int:
        return self.last - self.first + 1

    @cached_property
    def read(self) -> Callable[[int], Any]:
        """The codec's reader; that of a narrow field remembers what it once read."""
        plain = self.codec.read in (int, bool)
        return self.codec.read if plain or self.width > _REMEMBERED_BITS else cache(self.codec.read)

    def write(self, value: Any) -> int:
        """The number for ``value``; FieldError names the field, its bits and the range when there is none."""
        try:
            raw = self.codec.write(value)
        except ValueError as error:
            raise FieldError(self.name, (self.first, self.last), f"{error} ({self.codec.words})") from None
        if not 0 <= raw < 1 << self.width:
            high = self.codec.read((1 << self.width) - 1)
            raise FieldError(self.name, (self.first, self.last), f"{value!r} is out of range, at most {high!r}")
        return raw


@dataclass(frozen=True)
class Part:
    """A value that several fields hold together. ``read`` makes facts of numbers, ``write`` numbers of facts."""

    keys: tuple[str, ...]
    """the facts it states"""
    fields: tuple[str, ...]
    """the fields it is made of"""
    read: Callable[[Raws], Facts]
    write: Callable[[Facts, Raws], dict[str, int]]
    """from the facts given and the other fields' numbers; raises FieldError"""
    doc: str = ""


@dataclass(frozen=True)
class Layout:
    """All fields of one message, first bit to last, none missing and none twice."""

    name: str
    title: str
    clause: str
    fields: tuple[Field, ...]
    parts: tuple[Part, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """what the layout itself states: protocol, beacon type"""

    def __post_init__(self) -> None:
        for before, after in zip(self.fields, self.fields[1:], strict=False):
            if after.first != before.last + 1:
                raise ValueError(f"{self.name}: bit {before.last + 1} is not the first of {after.name}")
        if len(self.by_name) != len(self.fields):
            raise ValueError(f"{self.name}: two fields of one name")

    @property
    def first(self) -> int:
        return self.fields[0].first

    @property
    def last(self) -> int:
        return self.fields[-1].last

    @cached_property
    def by_name(self) -> dict[str, Field]:
        return {row.name: row for row in self.fields}

    @cached_property
    def _places(self) -> list[tuple[str, int, int]]:
        return [(row.name, self.last - row.last, (1 << row.width) - 1) for row in self.fields]

    @cached_property
    def _fixed(self) -> list[tuple[str, int, Callable[[int], str]]]:
        """Name and right number of the fields that have one, and what to say of another."""
        return [
            (
                row.name,
                row.fixed,
                f"{row.name} (bits {row.first}-{row.last}) is {{:0{row.width}b}}, not {row.fixed:0{row.width}b}".format,
            )
            for row in self.fields
            if row.fixed is not None
        ]

    @cached_property
    def see(self) -> Callable[[int], reading.Seen]:
        """Numbers, values and description of every field of a word, as for ``unpack``."""
        return reading.reader(self.fields)

    def unpack(self, word: int) -> dict[str, int]:
        """The number of every field of ``word``, an integer whose last bit is bit ``last`` of the message."""
        return {name: word >> shift & mask for name, shift, mask in self._places}

    def pack(self, raws: Raws) -> int:
        """The message of these numbers; the inverse of ``unpack`` for any bits."""
        word = 0
        for row in self.fields:
            raw = raws[row.name]
            if not 0 <= raw < 1 << row.width:
                raise FieldError(row.name, (row.first, row.last), f"{raw} does not fit into {row.width} bits")
            word = word << row.width | raw
        return word

    def state(self, seen: reading.Seen, into: Facts | None = None) -> Facts:
        """What a message states: the layout's own facts, every plain field's value, every part's values.

        ``into``: facts to add them to; a new object without.
        """
        facts: Facts = {} if into is None else into
        facts.update(self.facts)
        facts.update(seen.values)
        for part in self.parts:
            facts.update(part.read(seen.raws))
        return facts

    def read(self, raws: Raws) -> Facts:
        """What these numbers state."""
        return self.state(self.see(self.pack(raws)))

    def write(self, facts: Facts, raws: Raws | None = None) -> dict[str, int]:
        """The numbers that state ``facts``: what is not given stays as in ``raws``, or at the encoder's defaults."""
        numbers = dict(raws) if raws else {row.name: row.default for row in self.fields}
        for row in self.fields:
            if row.name in facts and not row.hidden and row.fixed is None:
                numbers[row.name] = row.write(facts[row.name])
        for part in self.parts:
            given = {key: facts[key] for key in part.keys if key in facts}
            if given:
                numbers.update(part.write({**facts, **given}, numbers))
        return numbers

    def odd(self, raws: Raws) -> list[str]:
        """Fields that do not hold the one value the standard gives them, in words."""
        return [words(raws[name]) for name, right, words in self._fixed if raws[name] != right]


def opaque(name: str, first: int, last: int, doc: str) -> Field:
    """Bits whose meaning the standard leaves to somebody else."""
    return Field(name, first, last, bits(last - first + 1), doc=doc)


def fix(name: str, first: int, last: int, value: int, doc: str) -> Field:
    """A row whose bits the standard fixes."""
    return Field(name, first, last, fixed(value, last - first + 1), doc=doc, fixed=value, default=value)
