"""Messages as packed words, many at a time: numbers taken from bit ranges, and the BCH codes checked and mended.

``words`` is (w, N) uint64: bit ``first`` of every message is the most significant bit of row 0, the next 63 follow,
then row 1. Bits past the end of a message are zero.
"""

from __future__ import annotations

from binascii import unhexlify
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vigie.message import bch
from vigie.message.bch import Code

Words = NDArray[np.uint64]
Numbers = NDArray[np.uint64]
_STEP = 12
"""bits a table look-up takes at once: 4096 entries stay in the processor's cache"""


def from_hex(characters: bytes, digits: int) -> Words:
    """Words of messages of so many hex digits each, one after another, as ASCII. Raises ValueError for another sign."""
    count, width = len(characters) // digits, -(-digits // 16)
    if not count:
        return np.zeros((width, 0), np.uint64)
    if digits % 2:
        even = np.full((count, digits + 1), ord("0"), np.uint8)
        even[:, :digits] = np.frombuffer(characters, np.uint8).reshape(count, digits)
        characters = even.tobytes()
    raw = np.frombuffer(unhexlify(characters), np.uint8).reshape(count, -1)
    return _packed(raw, width)


def _packed(raw: NDArray[np.uint8], width: int) -> Words:
    """Words of bytes (N, b)."""
    padded = np.zeros((len(raw), 8 * width), np.uint8)
    padded[:, : raw.shape[1]] = raw
    big = padded.reshape(-1).view(">u8").reshape(len(raw), width)
    return np.ascontiguousarray(big.T).astype(np.uint64)


def from_bits(bits: NDArray[np.uint8]) -> Words:
    """Words of bits (N, n), zeros and ones."""
    return _packed(np.packbits(bits, axis=1), -(-bits.shape[1] // 64))


def take(words: Words, first: int, low: int, high: int) -> Numbers:
    """(N,) the number in bits ``low`` to ``high`` (at most 64), where ``first`` is the first bit of the words."""
    start, end = low - first, high - first
    row, last_row = start >> 6, end >> 6
    right = np.uint64(63 - (end & 63))
    if row == last_row:
        value = words[row] >> right
    else:
        value = words[last_row] >> right
        value |= words[row] << np.uint64((end & 63) + 1)
    width = high - low + 1
    return np.asarray(value & np.uint64((1 << width) - 1)) if width < 64 else np.asarray(value)


def put(words: Words, first: int, low: int, high: int, change: Numbers) -> None:
    """Exclusive-or ``change`` (N,) into bits ``low`` to ``high``, in place."""
    start, end = low - first, high - first
    row, last_row = start >> 6, end >> 6
    words[last_row] ^= change << np.uint64(63 - (end & 63))
    if row != last_row:
        words[row] ^= change >> np.uint64((end & 63) + 1)


@cache
def _triples() -> NDArray[np.uint32]:
    """(4096, 3) the three hex digits of every number of twelve bits, as characters."""
    alphabet = np.frombuffer(b"0123456789ABCDEF", np.uint8).astype(np.uint32)
    number = np.arange(1 << 12)
    return np.stack([alphabet[number >> 8], alphabet[number >> 4 & 15], alphabet[number & 15]], axis=1)


def hex_text(number: Numbers, digits: int) -> NDArray[np.str_]:
    """(N,) upper-case hex of numbers, leading zeros kept."""
    groups = -(-digits // 3)
    out = np.empty((number.size, groups, 3), np.uint32)
    for place in range(groups):
        part = (number >> np.uint64(12 * place) & np.uint64(0xFFF)).astype(np.intp)
        np.take(_triples(), part, axis=0, out=out[:, groups - 1 - place], mode="clip")
    kept = np.ascontiguousarray(out.reshape(number.size, 3 * groups)[:, 3 * groups - digits :])
    return kept.view(f"<U{digits}").reshape(-1)


# -- the codes --------------------------------------------------------------------------------------------------------


@cache
def _steps(code: Code, stop: int, width: int) -> NDArray[np.uint64]:
    """(2^width,) remainder of every number whose last bit is ``stop`` bits before the end of a word."""
    table = np.zeros(1 << width, np.uint64)
    for bit in range(width):
        size = 1 << bit
        table[size : 2 * size] = table[:size] ^ np.uint64(code.remainder(1 << (stop + bit)))
    return table


def remainder(words: Words, first: int, low: int, code: Code) -> Numbers:
    """(N,) remainders of the code words whose first bit is ``low``."""
    high = low + code.n - 1
    parity = code.n - code.k
    total = take(words, first, high - parity + 1, high)
    done = parity
    while done < code.n:
        width = min(_STEP, code.n - done)
        number = take(words, first, high - done - width + 1, high - done)
        total ^= np.take(_steps(code, done, width), number.astype(np.intp))
        done += width
    return total


@dataclass(frozen=True)
class Patterns:
    """Error patterns that a remainder tells: which one, of how many bits, and where they are."""

    index: NDArray[np.int32]
    """(2^(n-k),) row of the pattern, -1 where none fits"""
    count: NDArray[np.int8]
    """wrong bits of each pattern"""
    places: NDArray[np.int16]
    """(rows, t) positions of the wrong bits, 0 the first bit sent, -1 past ``count``"""
    high: NDArray[np.uint64]
    """the pattern's first n - 38 bits (0 for the short code), right-aligned"""
    low: NDArray[np.uint64]
    """its last 38 bits"""


LOW_BITS = 38


@cache
def patterns(code: Code) -> Patterns:
    """Every pattern of up to t errors of a code with no more than 21 parity bits: 91,964 for BCH-1, 742 for BCH-2."""
    singles = np.array([code.remainder(1 << (code.n - 1 - place)) for place in range(code.n)], np.int64)
    places = [np.full((1, code.t), -1, np.int16)]
    marks = [np.zeros(1, np.int64)]
    for number in range(1, code.t + 1):
        chosen = np.array(list(combinations(range(code.n), number)), np.int16)
        rows = np.full((len(chosen), code.t), -1, np.int16)
        rows[:, :number] = chosen
        places.append(rows)
        marks.append(np.bitwise_xor.reduce(singles[chosen], axis=1))
    where, mark = np.concatenate(places), np.concatenate(marks)
    index = np.full(1 << (code.n - code.k), -1, np.int32)
    index[mark] = np.arange(len(mark), dtype=np.int32)
    high, low = np.zeros(len(mark), np.uint64), np.zeros(len(mark), np.uint64)
    for column in where.T:
        right = code.n - 1 - column.astype(np.int64)
        one = np.uint64(1)
        low |= np.where((column >= 0) & (right < LOW_BITS), one << np.clip(right, 0, 63).astype(np.uint64), 0).astype(
            np.uint64
        )
        moved = np.clip(right - LOW_BITS, 0, 63).astype(np.uint64)
        high |= np.where((column >= 0) & (right >= LOW_BITS), one << moved, 0).astype(np.uint64)
    return Patterns(index, (where >= 0).sum(axis=1).astype(np.int8), where, high, low)


def mend(words: Words, first: int, low: int, code: Code) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """Mend a code of at most 21 parity bits in place; wrong bits (-1: beyond its power) and the pattern's row (N,)."""
    table = patterns(code)
    left = remainder(words, first, low, code)
    row = np.zeros(left.size, np.int32)
    errors = np.zeros(left.size, np.int8)
    wrong = np.flatnonzero(left)
    if wrong.size:
        found = table.index[left[wrong].astype(np.intp)]
        row[wrong] = found
        errors[wrong] = np.where(found < 0, -1, table.count[found])
        mended = found >= 0
        rows, found = wrong[mended], found[mended]
        part = np.ascontiguousarray(words[:, rows])
        last = low + code.n - 1
        put(part, first, last - LOW_BITS + 1, last, table.low[found])
        if code.n > LOW_BITS:
            put(part, first, low, last - LOW_BITS, table.high[found])
        words[:, rows] = part
    return errors, row


@cache
def _pairs(code: Code) -> tuple[Numbers, NDArray[np.int16]]:
    """Remainders of one and two errors, rising, and the places of each (-1: one error alone)."""
    singles = np.array([code.remainder(1 << (code.n - 1 - place)) for place in range(code.n)], np.uint64)
    one, two = np.triu_indices(code.n, 1)
    marks = np.concatenate([singles, singles[one] ^ singles[two]])
    alone = np.stack([np.arange(code.n), np.full(code.n, -1)], axis=1)
    places = np.concatenate([alone, np.stack([one, two], axis=1)]).astype(np.int16)
    order = np.argsort(marks)
    return marks[order], places[order]


def mend_long(words: Words, first: int, low: int, code: Code) -> tuple[NDArray[np.int8], dict[int, tuple[int, ...]]]:
    """Mend BCH(250,202) in place; wrong bits (-1: beyond its power), and the places mended of each message with any.

    One and two errors by a table; the few words with more one by one (``Code.correct``).
    """
    left = remainder(words, first, low, code)
    errors = np.zeros(left.size, np.int8)
    mended: dict[int, tuple[int, ...]] = {}
    wrong = np.flatnonzero(left)
    if not wrong.size:
        return errors, mended
    marks, places = _pairs(code)
    at = np.minimum(np.searchsorted(marks, left[wrong]), marks.size - 1)
    known = marks[at] == left[wrong]
    for row, pair in zip(wrong[known].tolist(), places[at[known]].tolist(), strict=True):
        mended[row] = tuple(place for place in pair if place >= 0)
    for row in wrong[~known].tolist():
        received = whole(words[:, row], first, low, low + code.n - 1)
        found = code.correct(received)
        if found is None:
            errors[row] = -1
            continue
        change = received ^ found[0]
        mended[row] = tuple(place for place in range(code.n) if change >> (code.n - 1 - place) & 1)
    for row, where in mended.items():
        errors[row] = len(where)
        for place in where:
            bit = low - first + place
            words[bit >> 6, row] ^= np.uint64(1) << np.uint64(63 - (bit & 63))
    return errors, mended


def whole(column: NDArray[np.uint64], first: int, low: int, high: int) -> int:
    """Bits ``low`` to ``high`` of one message (w,) as an integer."""
    number = int.from_bytes(column.astype(">u8").tobytes(), "big")
    end = 64 * column.size - (high - first + 1)
    return number >> end & ((1 << (high - low + 1)) - 1)


SGB, BCH1, BCH2 = bch.BCH_SGB, bch.BCH1, bch.BCH2
