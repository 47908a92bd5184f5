"""A second-generation message from its soft bits, with what is known of every message (C/S T.018 Table 3.1).

Bits 141-154 are ones, or zeros in a cancellation whose bits 155-200 are ones: that much is known beforehand of all but
a few messages, as is that a country code is allocated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.errors import InputError
from vigie.message import hexform, sgb, soft_prior, soft_word
from vigie.message import sgb_tables as tables
from vigie.message.bch import BCH_SGB
from vigie.message.soft_basis import Floats

CANCELLED_SHARE = 0.02
"""of messages that are cancellations"""


@dataclass(frozen=True, slots=True)
class SoftSecond:
    """The most likely second-generation message of one burst."""

    bits: str
    """250 zeros and ones, ready for ``beacon.from_bits``"""
    probability: float
    """that every bit is right"""
    identity_probability: float
    """that the 23-hex ID is right"""
    bch_errors: int
    """bits that differ from the hard decision"""
    hex_id: str
    runner_up_id: str | None
    """23-hex ID of the most likely message of another beacon"""
    runner_up_probability: float


def decode(llr: ArrayLike, *, expected_ids: Mapping[str, float] | Iterable[str] | None = None) -> SoftSecond:
    """The most likely message of LLRs (250,), ln P(0)/P(1) from bit 1 on.

    expected_ids: 23-hex IDs that may be on the air, with the prior probability of each (a plain list: one half, shared
    equally). Raises InputError for another number of LLRs, HexError for an ID that is none.
    """
    array = np.asarray(llr, np.float64)
    if array.ndim != 1:
        raise InputError(f"one burst has 250 log-likelihood ratios, not an array of shape {array.shape}")
    return decode_all(array[None], expected_ids=expected_ids)[0]


def decode_all(llr: ArrayLike, *, expected_ids: Mapping[str, float] | Iterable[str] | None = None) -> list[SoftSecond]:
    """``decode`` for many bursts (W, 250)."""
    array = np.asarray(llr, np.float64)
    if array.ndim != 2 or array.shape[1] != BCH_SGB.n:
        raise InputError(f"a burst has 250 log-likelihood ratios, not {array.shape[-1]}")
    wanted = soft_prior.shared_out(expected_ids)
    patterns, names, chances = _expected(wanted)
    ranked = soft_word.rank(BCH_SGB, array, prior=_weights, expected=(patterns, chances))
    share = soft_word.shares(ranked)
    # of the words not listed, some belong to beacons that were expected
    top = np.logaddexp(np.logaddexp.reduce(ranked.log_weight, axis=1), ranked.log_rest)
    belongs = np.exp(ranked.log_rest_expected - top[:, None])
    return [
        _chosen(array[row], ranked.bits[row], share[row], dict(_by_name(names, belongs[row])))
        for row in range(len(array))
    ]


def _by_name(names: list[str | None], shares: Floats) -> Iterator[tuple[str, float]]:
    for name in dict.fromkeys(names):
        if name is not None:
            yield name, float(sum(share for other, share in zip(names, shares, strict=True) if other == name))


def _weights(bits: NDArray[np.uint8]) -> Floats:
    """Plausibility of messages (M, 250) by their country code."""
    rows = tables.COUNTRY
    code = bits[:, rows.first - 1 : rows.last].astype(np.int64) @ (1 << np.arange(rows.width)[::-1])
    return soft_prior.country_weights()[code]


def _set(pattern: NDArray[np.int8], first: int, last: int, number: int) -> None:
    for place in range(first, last + 1):
        pattern[place - 1] = number >> (last - place) & 1


def _usual() -> list[tuple[NDArray[np.int8], float]]:
    """What is known of nearly every message: known bits and share."""
    ones, cancelled = np.full(BCH_SGB.n, -1, np.int8), np.full(BCH_SGB.n, -1, np.int8)
    _set(ones, 141, 154, (1 << 14) - 1)
    _set(cancelled, 141, 154, 0)
    _set(cancelled, 155, 200, (1 << 46) - 1)
    usual = 1 - soft_prior.ODD - CANCELLED_SHARE
    return [(ones, usual), (cancelled, CANCELLED_SHARE)]


def _expected(wanted: Mapping[str, float]) -> tuple[NDArray[np.int8], list[str | None], Floats]:
    """Known bits of messages, whose they are, and their prior probabilities: of any beacon, and of each expected."""
    general = max(1.0 - sum(wanted.values()), 0.0)
    patterns: list[NDArray[np.int8]] = []
    names: list[str | None] = []
    shares: list[float] = []
    for known, share in _usual():
        patterns.append(known)
        names.append(None)
        shares.append(share * general)
        for text, chance in wanted.items():
            patterns.append(_with_id(known, text))
            names.append(hexform.parse(text).digits)
            shares.append(share * chance)
    return np.stack(patterns), names, np.array(shares)


def _with_id(known: NDArray[np.int8], text: str) -> NDArray[np.int8]:
    parsed = hexform.parse(text)
    if parsed.form != "hexid_23":
        raise InputError(f"{text!r} is not a 23-digit hex ID")
    word, pattern = int(parsed.digits, 16), known.copy()
    head = dict(zip((2, 15, 31, 45, 46), (tables.COUNTRY, tables.TAC, tables.SERIAL, tables.TEST, tables.VESSEL_TYPE),
                    strict=True))  # fmt: skip
    for start, row in (*head.items(), (49, tables.VESSELS[0].fields[0])):
        number = word >> (tables.ID_LAST - start - row.width + 1) & ((1 << row.width) - 1)
        _set(pattern, row.first, row.last, number)
    return pattern


def _chosen(llr: Floats, bits: NDArray[np.uint8], share: Floats, expected: Mapping[str, float]) -> SoftSecond:
    alive = np.flatnonzero(share[:-1] > 0)
    texts = {place: (bits[place] + 48).tobytes().decode("ascii") for place in alive.tolist()} or {
        0: (bits[0] + 48).tobytes().decode("ascii")
    }
    ids = {place: sgb.hex_id(int(text, 2), BCH_SGB.n) for place, text in texts.items()}
    best = next(iter(texts))
    by_id = dict(expected)
    for place, name in ids.items():
        by_id[name] = by_id.get(name, 0.0) + float(share[place])
    other = max((name for name in by_id if name != ids[best]), key=lambda name: by_id[name], default=None)
    return SoftSecond(
        bits=texts[best],
        probability=float(share[best]),
        identity_probability=by_id[ids[best]],
        bch_errors=int((bits[best] != (llr < 0)).sum()),
        hex_id=ids[best],
        runner_up_id=other,
        runner_up_probability=by_id[other] if other else 0.0,
    )
