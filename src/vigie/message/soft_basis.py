"""The reliable and the unreliable half of received words: what ordered-statistics decoding works on.

The least reliable positions whose columns of the check matrix are independent are the *parity*, all others the
*basis*: any pattern of wrong basis bits leaves one pattern of wrong parity bits, and with it one code word.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from vigie.message.bch import Code

Floats = NDArray[np.float64]
Numbers = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Basis:
    """W words, their basis in rising order of reliability."""

    cost: Floats
    """(W, k) what a wrong basis bit costs"""
    flips: Numbers
    """(W, k) parity bits that change with a basis bit, as a number of n - k bits"""
    place: NDArray[np.int64]
    """(W, k) position of each basis bit in the word"""
    base: Numbers
    """(W,) wrong parity bits when no basis bit is wrong"""
    parity_cost: Floats
    """(W, n - k, rounded up to bytes) what each wrong parity bit costs; 0 past the end"""
    parity_place: NDArray[np.int64]
    """(W, n - k) position of each parity bit in the word"""
    table: Floats
    """(W, bytes, 256) what every pattern of each byte of the parity costs"""
    log_right: Floats
    """(W,) log-probability that no basis bit is wrong"""

    @property
    def parity(self) -> int:
        return int(self.parity_place.shape[1])


@cache
def columns(code: Code) -> Numbers:
    """(n,) the remainder that a single error in each position leaves; position 0 is the first bit sent."""
    return np.array([code.remainder(1 << (code.n - 1 - place)) for place in range(code.n)], np.uint64)


def basis_of(code: Code, reliability: Floats, wrong: Floats, syndrome: Numbers) -> Basis:
    """The basis of words with these |LLR| and -ln P(right) of each bit (W, n), and these syndromes (W,)."""
    count, n = reliability.shape
    parity = n - code.k
    order = np.argsort(reliability, axis=1, kind="stable")
    rising = np.take_along_axis(reliability, order, axis=1)
    reduced, base, pivot_row, is_pivot = _eliminate(columns(code)[order], syndrome, parity)
    sequence = np.argsort(~is_pivot, axis=1, kind="stable")
    parity_at, basis_at = sequence[:, :parity], sequence[:, parity:]
    rows = np.take_along_axis(pivot_row, parity_at, axis=1)
    weights, parity_place = np.zeros((count, -(-parity // 8) * 8)), np.zeros((count, parity), np.int64)
    np.put_along_axis(weights, rows, np.take_along_axis(rising, parity_at, axis=1), axis=1)
    np.put_along_axis(parity_place, rows, np.take_along_axis(order, parity_at, axis=1), axis=1)
    place = np.take_along_axis(order, basis_at, axis=1)
    return Basis(
        cost=np.take_along_axis(rising, basis_at, axis=1),
        flips=np.take_along_axis(reduced, basis_at, axis=1),
        place=place,
        base=base,
        parity_cost=weights,
        parity_place=parity_place,
        table=_byte_costs(weights),
        log_right=-np.take_along_axis(wrong, place, axis=1).sum(axis=1),
    )


def _eliminate(
    cols: Numbers, syndrome: Numbers, parity: int
) -> tuple[Numbers, Numbers, NDArray[np.int64], NDArray[np.bool_]]:
    """Gauss-Jordan over the check matrix of every word, pivots as early in the row as they go.

    ``cols`` (W, n): columns as integers, the least reliable position first. Returns the reduced columns, the reduced
    syndrome (W,), the row of each pivot column (W, n), and which columns are pivots (W, n).
    """
    count, n = cols.shape
    work = np.vstack([cols.T, syndrome[None]])  # (n + 1, W): a step touches whole rows
    free = np.full(count, (1 << parity) - 1, np.uint64)
    rows = np.zeros((n, count), np.uint64)
    pivots = np.zeros((n, count), bool)
    one = np.uint64(1)
    for place in range(n):
        column = work[place]
        usable = column & free
        bit = usable & (~usable + one)
        taken = bit != 0
        if not taken.any():
            continue
        row = np.bitwise_count(bit - taken).astype(np.uint64)
        change = np.where(taken, column ^ bit, 0).astype(np.uint64)
        work ^= (work >> row & one) * change
        free ^= bit
        rows[place], pivots[place] = row, taken
        if not free.any():
            break
    return np.ascontiguousarray(work[:-1].T), work[-1].copy(), rows.T.astype(np.int64), pivots.T


def _byte_costs(weights: Floats) -> Floats:
    """(W, bytes, 256) what every pattern of each byte of the parity costs; ``weights`` (W, 8 * bytes)."""
    count, width = weights.shape
    by_byte = weights.reshape(count, width // 8, 8)
    table = np.zeros((count, width // 8, 256))
    for bit in range(8):
        size = 1 << bit
        table[:, :, size : 2 * size] = table[:, :, :size] + by_byte[:, :, bit : bit + 1]
    return table
