"""The three BCH codes of 406 MHz beacons: encoding and full-strength algebraic correction, on Python integers.

A code word is an integer whose most significant bit is the first bit sent. Each code is a shortened binary BCH code:
the zeros put before the data bits are never sent (C/S T.001 Annex B; C/S T.018 Appendix B).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from operator import getitem, xor

from vigie.records import Verdict


def divide(word: int, generator: int) -> int:
    """``word`` modulo a generator polynomial over GF(2), bit by bit."""
    degree = generator.bit_length() - 1
    for position in range(word.bit_length() - 1, degree - 1, -1):
        if word >> position & 1:
            word ^= generator << (position - degree)
    return word


def byte_tables(generator: int, n: int) -> list[list[int]]:
    """For each byte of a word of ``n`` bits, the first one first: the remainder that each of its values leaves.

    A remainder is the exclusive or of those of its bytes, for division is linear.
    """
    tables = []
    for place in range((n + 7) // 8 * 8 - 8, -1, -8):
        table = [0]
        for bit in range(8):
            left = divide(1 << place + bit, generator)
            table += [left ^ known for known in table]
        tables.append(table)
    return tables


def remainder_of(word: int, tables: list[list[int]]) -> int:
    """``word`` modulo the generator that ``byte_tables`` was given."""
    return reduce(xor, map(getitem, tables, word.to_bytes(len(tables), "big")))


@dataclass(frozen=True)
class Code:
    """A shortened binary BCH code of ``n`` bits with ``k`` data bits that corrects ``t`` errors."""

    name: str
    n: int
    k: int
    t: int
    generator: int
    """g(X), most significant bit first"""
    field_polynomial: int
    """primitive polynomial of the field whose element alpha has the roots alpha, alpha^2 ... alpha^2t"""
    clause: str

    @cached_property
    def _field(self) -> tuple[list[int], list[int]]:
        """Powers of alpha (twice over, so that sums of logarithms need no modulo) and logarithms."""
        size = 1 << (self.field_polynomial.bit_length() - 1)
        power, log, value = [0] * (2 * size), [0] * size, 1
        for exponent in range(size - 1):
            power[exponent] = power[exponent + size - 1] = value
            log[value] = exponent
            value <<= 1
            if value & size:
                value ^= self.field_polynomial
        return power, log

    @cached_property
    def _tables(self) -> list[list[int]]:
        return byte_tables(self.generator, self.n)

    def remainder(self, word: int) -> int:
        """``word`` of up to ``n`` bits modulo the generator; 0 for every code word."""
        return remainder_of(word, self._tables)

    def parity(self, data: int) -> int:
        """The ``n - k`` parity bits of ``k`` data bits."""
        return self.remainder(data << (self.n - self.k))

    def encode(self, data: int) -> int:
        """The code word of ``k`` data bits."""
        return data << (self.n - self.k) | self.parity(data)

    def correct(self, word: int) -> tuple[int, int] | None:
        """The code word within ``t`` bits of ``word`` and the number of bits that differ; None when there is none.

        Berlekamp-Massey for the error locator, then trial of every position (Lin and Costello, Error Control Coding,
        chapter 6). A locator whose roots are not as many as its degree, or that lie in the bits never sent, is
        refused: a word beyond the code's power is reported, not bent into another message.
        """
        remainder = self.remainder(word)
        if not remainder:
            return word, 0
        positions = self._errors(remainder)
        if positions is None:
            return None
        for position in positions:
            word ^= 1 << position
        return word, len(positions)

    def _errors(self, remainder: int) -> list[int] | None:
        """Positions (0 the last bit sent) of up to ``t`` errors that leave this remainder, or None."""
        power, log = self._field
        order = len(log) - 1
        ones = [bit for bit in range(self.n - self.k) if remainder >> bit & 1]
        syndromes = []
        for root in range(1, 2 * self.t + 1):
            value = 0
            for bit in ones:
                value ^= power[bit * root % order]
            syndromes.append(value)

        locator, previous, length, gap, last = [1], [1], 0, 1, 1
        for step in range(2 * self.t):
            discrepancy = syndromes[step]
            for index in range(1, length + 1):
                if index < len(locator) and locator[index] and syndromes[step - index]:
                    discrepancy ^= power[log[locator[index]] + log[syndromes[step - index]]]
            if not discrepancy:
                gap += 1
                continue
            scale = (log[discrepancy] - log[last]) % order
            updated = locator + [0] * max(0, len(previous) + gap - len(locator))
            for index, coefficient in enumerate(previous):
                if coefficient:
                    updated[index + gap] ^= power[log[coefficient] + scale]
            if 2 * length <= step:
                length, previous, last, gap = step + 1 - length, locator, discrepancy, 1
            else:
                gap += 1
            locator = updated
        if length > self.t:
            return None

        terms = [(index, log[value]) for index, value in enumerate(locator) if value]
        positions = []
        for position in range(self.n):
            total = 0
            for index, logarithm in terms:
                total ^= power[(logarithm - index * position) % order]
            if not total:
                positions.append(position)
        return positions if len(positions) == length else None


BCH1 = Code("BCH-1", 82, 61, 3, 0b1001101101100111100011, 0b10001001, "C/S T.001 B1, bits 25-106")
BCH2 = Code("BCH-2", 38, 26, 2, 0b1010100111001, 0b1000011, "C/S T.001 B2, bits 107-144")
BCH_SGB = Code(
    "BCH",
    250,
    202,
    6,
    0b1110001111110101110000101110111110011110010010111,
    0b100011101,
    "C/S T.018 B.1, bits 1-250",
)


def verdict_of(errors: int | None) -> Verdict:
    """What a count of corrected bits (None: beyond the code's power) says of a message."""
    return "unreliable" if errors is None else "corrected" if errors else "ok"
