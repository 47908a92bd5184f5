"""A first-generation message from its soft bits: both fields together, short, long or cut off, with one probability.

The first field's candidates are weighed by what follows them: a long message must hold a second code word that its own
protocol admits; after a short message there is nothing. So the second field helps to choose the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.errors import InputError
from vigie.message import fgb, hexform, soft_osd, soft_prior, soft_word
from vigie.message.bch import BCH1, BCH2
from vigie.message.fgb_tables import Protocol
from vigie.message.soft_basis import Floats

Form = Literal["short", "long", "truncated"]
LONG_SHARE = 0.5
"""of messages that are long; both formats are common"""
TRUNCATED_SHARE = 0.01
"""of long messages that end at bit 112 (C/S T.001 4.5.4)"""
_NEAR = 14.0
"""nats: candidates of the first field that much less likely than the best are left to the estimate of the rest"""
_LN2 = float(np.log(2.0))


@dataclass(frozen=True, slots=True)
class SoftMessage:
    """The most likely message of one burst."""

    bits: str
    """112 or 144 zeros and ones from bit 1, ready for ``beacon.from_bits``"""
    form: Form
    probability: float
    """that every bit of the message is right (of sync, that it is the normal or self-test pattern stated)"""
    identity_probability: float
    """that bits 25-106 are right, and with them the hex ID and the coarse position"""
    hex_id_probability: float
    """that the hex ID is right, whatever the position"""
    sync: Literal["normal", "self_test"]
    sync_probability: float
    bch1_errors: int
    """bits 25-106 that differ from the hard decision"""
    bch2_errors: int | None
    """the same of bits 107-144; None where there is no second code"""
    hex_id: str
    runner_up_id: str | None
    """hex ID of the most likely message of another beacon"""
    runner_up_probability: float


@dataclass(frozen=True, slots=True)
class _Body:
    """What may follow bit 106: its evidence (1: as for random bits) and the most likely bits."""

    form: Form
    log_evidence: float
    bits: str
    probability: float
    """of these bits, given this kind of body"""
    errors: int | None


def decode(
    llr: ArrayLike,
    *,
    expected_ids: Mapping[str, float] | Iterable[str] | None = None,
    long_share: float = LONG_SHARE,
) -> SoftMessage:
    """The most likely message of LLRs (112,) or (144,), ln P(0)/P(1) from bit 1 on, sync included.

    expected_ids: 15-hex IDs that may be on the air, with the prior probability of each (a plain list: one half, shared
    equally). Raises InputError for another number of LLRs, HexError for an ID that is none.
    """
    array = np.asarray(llr, np.float64)
    if array.ndim != 1:
        raise InputError(f"one burst has 112 or 144 log-likelihood ratios, not an array of shape {array.shape}")
    return decode_all(array[None], expected_ids=expected_ids, long_share=long_share)[0]


def decode_all(
    llr: ArrayLike,
    *,
    expected_ids: Mapping[str, float] | Iterable[str] | None = None,
    long_share: float = LONG_SHARE,
) -> list[SoftMessage]:
    """``decode`` for many bursts, (W, 112) or (W, 144)."""
    array = np.nan_to_num(np.asarray(llr, np.float64), posinf=soft_osd.CERTAIN, neginf=-soft_osd.CERTAIN)
    if array.ndim != 2 or array.shape[1] not in (fgb.SHORT, fgb.LONG):
        raise InputError(f"a burst has 112 or 144 log-likelihood ratios, not {array.shape[-1]}")
    chances = {hexform.parse(text).digits: share for text, share in soft_prior.shared_out(expected_ids).items()}
    expected = _expected(chances) if chances else None
    first = soft_word.rank(BCH1, array[:, 24:106], prior=_weights, expected=expected)
    near = first.log_weight > first.log_weight[:, :1] - _NEAR
    candidates = [
        [_Candidate.of(first.bits[row, place], first.log_weight[row, place]) for place in np.flatnonzero(near[row])]
        for row in range(len(array))
    ]
    bodies = _bodies(array, candidates)
    log_rest = first.log_rest.copy()
    rests = [dict(zip(chances, row, strict=True)) for row in first.log_rest_expected.tolist()] if chances else None
    outside = np.where(near, -np.inf, first.log_weight)
    log_rest = np.logaddexp(log_rest, np.logaddexp.reduce(outside, axis=1))
    return [
        _chosen(array[row], candidates[row], bodies[row], float(log_rest[row]), rests[row] if rests else {}, long_share)
        for row in range(len(array))
    ]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A word of the first field."""

    word: int
    """bits 25-106"""
    log_weight: float
    protocol: Protocol

    @classmethod
    def of(cls, bits: NDArray[np.uint8], log_weight: float) -> _Candidate:
        word = _number(bits)
        return cls(word, float(log_weight), fgb.protocol_of(word, 106))

    @property
    def long(self) -> bool:
        return bool(self.word >> 81 & 1)


def _number(bits: NDArray[np.uint8]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big") >> (-bits.size % 8)


def _text(bits: NDArray[np.uint8] | NDArray[np.bool_]) -> str:
    return (bits.astype(np.uint8) + 48).tobytes().decode("ascii")


def _weights(bits: NDArray[np.uint8]) -> Floats:
    """Plausibility of first fields (M, 82)."""
    return np.array([soft_prior.pdf1(_number(row) >> 21) for row in bits], np.float64)


def _expected(chances: Mapping[str, float]) -> tuple[NDArray[np.int8], Floats]:
    """Known bits of the first field of each expected beacon: bits 26-85 but the position's."""
    patterns = np.full((len(chances), BCH1.n), -1, np.int8)
    for row, text in enumerate(chances):
        parsed = hexform.parse(text)
        if parsed.form != "hexid_15":
            raise InputError(f"{text!r} is not a 15-digit hex ID")
        word = int(parsed.digits, 16)
        stated = 60 - soft_prior.position_bits(fgb.protocol_of(word, fgb.ID_LAST))
        for place in range(stated):
            patterns[row, 1 + place] = word >> (59 - place) & 1
    return patterns, np.fromiter(chances.values(), np.float64)


def _bodies(array: Floats, candidates: list[list[_Candidate]]) -> list[dict[object, _Body]]:
    """What may follow, for every burst: by protocol for a whole long message, else by form."""
    bodies: list[dict[object, _Body]] = [{} for _ in array]
    for row, llr in enumerate(array):
        absent = _absent(llr)
        tail = _plain(llr[106:112])
        for form in ("short", "truncated"):
            bodies[row][form] = _Body(form, absent, *tail, None)
    if array.shape[1] < fgb.LONG:
        return bodies
    second = array[:, 106:144]
    wanted = [row for row, words in enumerate(candidates) if any(word.long for word in words)]
    if not wanted:
        return bodies
    free = soft_osd.search(BCH2, second[wanted])
    place_of = {row: place for place, row in enumerate(wanted)}
    by_protocol: dict[Protocol, list[int]] = {}
    for row in wanted:
        for protocol in {word.protocol for word in candidates[row] if word.long}:
            by_protocol.setdefault(protocol, []).append(row)
    for protocol, rows in by_protocol.items():
        fixed = soft_prior.fixed_bits(protocol)
        if fixed is None:
            for row in rows:
                bodies[row][protocol] = _Body("long", 0.0, *_plain(second[row]), None)
            continue
        known = np.full(BCH2.n, -1, np.int8)
        known[list(fixed)] = list(fixed.values())
        pinned = soft_osd.search(BCH2, soft_word.pin(second[rows], known[None])) if fixed else None
        for place, row in enumerate(rows):
            lists = [(free, place_of[row])] + ([(pinned, place)] if pinned is not None else [])
            bodies[row][protocol] = _second(second[row], protocol, known, lists)
    return bodies


def _plain(llr: Floats) -> tuple[str, float]:
    """Bits without a code: the hard decision and the probability that it is right."""
    return _text(llr < 0), float(np.exp(-np.log1p(np.exp(-np.abs(llr))).sum()))


def _absent(llr: Floats) -> float:
    """Log-evidence that no message bits follow bit 112: noise alone, or a filler of zeros or ones.

    Under calibrated LLRs a sent bit has LLRs of mean m and variance 2 m, noise alone the same variance about zero.
    """
    rest = np.abs(llr[112:])
    if not rest.size:
        return 0.0
    strength = max(float(np.median(np.abs(llr[24:106]))), 0.5)
    noise = float(np.sum(strength / 4 - np.logaddexp(rest / 2, -rest / 2) + _LN2))
    log_zero = -np.logaddexp(0, -llr[112:]).sum() + rest.size * _LN2
    log_one = -np.logaddexp(0, llr[112:]).sum() + rest.size * _LN2
    log_third = -float(np.log(3.0))
    return float(np.clip(np.logaddexp.reduce([noise, log_zero, log_one]) + log_third, -60.0, 60.0))


def _second(
    llr: Floats, protocol: Protocol, known: NDArray[np.int8], lists: list[tuple[soft_osd.Listed, int]]
) -> _Body:
    """The second field under one protocol: its evidence, and its most likely word.

    A word with the protocol's fixed bits is that much likelier; one with other bits is not ruled out (``ODD``).
    """
    stated = known >= 0
    count = int(stated.sum())
    odd = soft_prior.ODD if count else 1.0
    words: dict[bytes, float] = {}
    log_rest = -np.inf
    reliability, hard = np.abs(llr), llr < 0
    log_hard = -np.log1p(np.exp(-reliability)).sum()
    log_stated = float(-np.logaddexp(0, np.where(known == 1, llr, -llr))[stated].sum())
    for number, (listed, row) in enumerate(lists):
        for bits in listed.bits[row][listed.cost[row] < listed.cost[row, 0] + _NEAR]:
            fits = bool((bits[stated] == known[stated]).all())
            relative = (odd + (1 - odd) * 2.0**count * fits) * soft_prior.pdf2(protocol, _number(bits) >> 12)
            words[bits.tobytes()] = log_hard - reliability[bits != hard].sum() + np.log(relative)
        share = np.log(odd) if number == 0 else np.log(1 - odd) + count * _LN2 + log_stated
        log_rest = np.logaddexp(log_rest, listed.log_rest[row] + share)
    values = np.array([*words.values(), log_rest])
    whole = np.logaddexp.reduce(values)
    best = max(words, key=lambda key: words[key])
    bits = np.frombuffer(best, np.uint8)
    return _Body(
        "long", float(whole) + 12 * _LN2, _text(bits), float(np.exp(words[best] - whole)), int((bits != hard).sum())
    )


def _endings(candidate: _Candidate, bodies: dict[object, _Body], long_share: float) -> list[tuple[float, _Body]]:
    """What may follow a candidate, each with the logarithm of its prior share and evidence."""
    if not candidate.long:
        return [(float(np.log(2 * (1 - long_share))) + bodies["short"].log_evidence, bodies["short"])]
    share = float(np.log(2 * long_share))
    whole, cut = bodies.get(candidate.protocol), bodies["truncated"]
    if whole is None:  # only 112 bits were received
        return [(share, cut)]
    return [
        (share + float(np.log1p(-TRUNCATED_SHARE)) + whole.log_evidence, whole),
        (share + float(np.log(TRUNCATED_SHARE)) + cut.log_evidence, cut),
    ]


def _chosen(
    llr: Floats, candidates: list[_Candidate], bodies: dict[object, _Body], log_rest: float,
    expected: Mapping[str, float], long_share: float,
) -> SoftMessage:  # fmt: skip
    rows = [
        (candidate.log_weight + weight, candidate, body)
        for candidate in candidates
        for weight, body in _endings(candidate, bodies, long_share)
    ]
    by_word: dict[int, float] = {}
    for weight, candidate, _ in rows:
        by_word[candidate.word] = float(np.logaddexp(by_word.get(candidate.word, -np.inf), weight))
    # what follows a word that is not listed: as likely as after the mean of those that are
    evidence = np.array([by_word[candidate.word] - candidate.log_weight for candidate in candidates])
    usual = float(np.logaddexp.reduce(evidence) - np.log(len(candidates)))
    whole = float(np.logaddexp.reduce([*by_word.values(), log_rest + usual]))
    identity = max(by_word, key=lambda word: by_word[word])
    weight, candidate, body = max((row for row in rows if row[1].word == identity), key=lambda row: row[0])
    hex_ids = {word: fgb.hex_id(word, 106) for word in by_word}
    by_id = {name: float(np.exp(rest + usual - whole)) for name, rest in expected.items()}
    for word, log_weight in by_word.items():
        by_id[hex_ids[word]] = by_id.get(hex_ids[word], 0.0) + float(np.exp(log_weight - whole))
    others = [name for name in by_id if name != hex_ids[identity]]
    other = max(others, key=lambda name: by_id[name], default=None)
    sync, sync_word, sync_probability = _sync(llr[:24])
    received = _number((llr[24:106] < 0).astype(np.uint8))
    return SoftMessage(
        bits=sync_word + format(identity, "082b") + body.bits,
        form=body.form,
        probability=float(np.exp(weight - whole)) * body.probability * sync_probability,
        identity_probability=float(np.exp(by_word[identity] - whole)),
        sync=sync,
        sync_probability=sync_probability,
        bch1_errors=(identity ^ received).bit_count(),
        bch2_errors=body.errors,
        hex_id=hex_ids[identity],
        hex_id_probability=by_id[hex_ids[identity]],
        runner_up_id=other,
        runner_up_probability=by_id[other] if other else 0.0,
    )


def _sync(llr: Floats) -> tuple[Literal["normal", "self_test"], str, float]:
    """The likelier sync pattern, its 24 bits, and its probability against the other."""
    normal, self_test = format(hexform.SYNC_NORMAL, "024b"), format(hexform.SYNC_SELF_TEST, "024b")
    differ = np.array([a != b for a, b in zip(normal, self_test, strict=True)])
    sign = np.array([1.0 if bit == "0" else -1.0 for bit in normal])
    lead = float((sign * llr)[differ].sum())  # ln P(normal) / P(self-test)
    probability = float(1 / (1 + np.exp(-abs(np.clip(lead, -700.0, 700.0)))))
    return ("normal", normal, probability) if lead >= 0 else ("self_test", self_test, probability)
