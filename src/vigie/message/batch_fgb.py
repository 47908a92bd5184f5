"""First-generation messages, many at a time: both codes mended, sorted by layout; the rules are those of ``fgb``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.message import fgb, hexform
from vigie.message.batch_columns import Column, coded, constant, distinct
from vigie.message.batch_groups import (
    Group,
    country_column,
    counts,
    hex_column,
    listen_columns,
    only,
    received_text,
    verdicts,
)
from vigie.message.batch_position import coded_positions
from vigie.message.batch_words import Numbers, Words, mend, patterns, take
from vigie.message.bch import BCH1, BCH2
from vigie.message.fgb_tables import PROTOCOLS, Protocol
from vigie.message.fgb_tails import Tail
from vigie.message.position import KEYS, USER

_FILLER = (0, 0xFFFFFFFF)
_PLACE = {row: number for number, row in enumerate(PROTOCOLS)}


@cache
def _by_key() -> list[list[int]]:
    """For each value of bits 26 and 37-42: the protocols possible, in the order in which they are tried."""
    return [[_PLACE[row] for row, _ in fgb.candidates(key)] for key in range(1 << 7)]


@cache
def _settled() -> NDArray[np.int16]:
    """For each value of bits 26 and 37-42: the only protocol, or -1 where more bits decide."""
    return np.array([rows[0] if len(rows) == 1 else -1 for rows in _by_key()], np.int16)


def protocols(words: Words, first: int) -> NDArray[np.int16]:
    """(N,) place of each message's protocol in ``PROTOCOLS``."""
    key = (take(words, first, 26, 26) << np.uint64(6) | take(words, first, 37, 42)).astype(np.intp)
    found = _settled()[key]
    open_rows = np.flatnonzero(found < 0)
    for number in np.unique(key[open_rows]).tolist():
        rows = open_rows[key[open_rows] == number]
        part = words[:, rows]
        for place in _by_key()[number]:
            fits = np.ones(rows.size, bool)
            for low, high, value in PROTOCOLS[place].when:
                if high > 42:
                    fits &= take(part, first, low, high) == np.uint64(value)
            found[rows[fits]] = place
            rows, part = rows[~fits], part[:, ~fits]
            if not rows.size:
                break
    return found


class _Lot:
    """All messages of one form, as they came and as mended."""

    def __init__(self, words: Words, rows: NDArray[np.int64], form: str) -> None:
        self.given, self.form = words, form
        self.first, self.last = fgb.FORMS[form]
        self.rows = rows
        self.words = words.copy()
        size = rows.size
        none = np.zeros(size, np.int8)
        self.errors1, self.errors2 = none, none.copy()
        self.row1, self.row2 = np.zeros(size, np.int32), np.zeros(size, np.int32)


def groups(words: Words, rows: NDArray[np.int64], form: str, odd: Callable[[int], list[str]]) -> Iterator[Group]:
    """The messages of one form (w, n) by layout; ``rows`` (n,) where they stand; ``odd`` tells what is odd of a row."""
    lot = _Lot(words, rows, form)
    if form == "hexid_15":
        kind = np.zeros(rows.size, np.int64)
    else:
        lot.errors1, lot.row1 = mend(lot.words, lot.first, 25, BCH1)
    protocol = protocols(lot.words, lot.first)
    if form != "hexid_15":
        kind = _tails(lot, protocol)
    key = protocol.astype(np.int32) * 16 + kind
    order = np.argsort(key.astype(np.int16), kind="stable")
    ends = np.flatnonzero(np.diff(key[order])) + 1
    for part in np.split(order, ends):
        if part.size:
            code = int(key[part[0]])
            yield _group(lot, part, PROTOCOLS[code >> 4], code & 15, odd)


_SHORT, _CUT, _LOST, _WHOLE = 0, 1, 2, 3


def _tails(lot: _Lot, protocol: NDArray[np.int16]) -> NDArray[np.int64]:
    """(n,) what follows BCH-1: short, cut off, beyond mending, or 3 and the place of the tail."""
    first, last = lot.first, lot.last
    long = take(lot.words, first, 25, 25) == 1
    kind = np.where(long, _CUT, _SHORT)
    if last == fgb.SHORT:
        return kind
    rest = take(lot.words, first, 113, 144)
    whole = long & (rest != _FILLER[0]) & (rest != _FILLER[1])
    coded_rows = np.flatnonzero(whole & _has_bch2()[protocol])
    part = np.ascontiguousarray(lot.words[:, coded_rows])
    lot.errors2[coded_rows], lot.row2[coded_rows] = mend(part, first, 107, BCH2)
    lot.words[:, coded_rows] = part
    kind[whole] = _WHOLE
    several = np.flatnonzero(whole & _several_tails()[protocol])
    for place in np.unique(protocol[several]).tolist():
        rows = several[protocol[several] == place]
        part = lot.words[:, rows]
        for number, tail in enumerate(PROTOCOLS[place].tails):
            fits = np.ones(rows.size, bool)
            for low, high, value in tail.when:
                fits &= take(part, first, low, high) == np.uint64(value)
            kind[rows[fits]] = _WHOLE + number
            rows, part = rows[~fits], part[:, ~fits]
    kind[whole & (lot.errors2 < 0)] = _LOST
    return kind


@cache
def _has_bch2() -> NDArray[np.bool_]:
    return np.array([row.tails[-1].fields[-1].name == "bch2" for row in PROTOCOLS])


@cache
def _several_tails() -> NDArray[np.bool_]:
    return np.array([any(tail.when for tail in row.tails) for row in PROTOCOLS])


def _tail(protocol: Protocol, kind: int) -> Tail:
    if kind == _SHORT:
        return protocol.short
    if kind >= _WHOLE:
        return protocol.tails[kind - _WHOLE]
    *_, cut, lost = fgb.tails_of(protocol)
    return cut if kind == _CUT else lost


def _group(lot: _Lot, part: NDArray[np.int64], protocol: Protocol, kind: int, odd: Callable[[int], list[str]]) -> Group:
    bare = lot.form == "hexid_15"
    tail = None if bare else _tail(protocol, kind)
    layout = fgb.layout(protocol, tail, lot.first)
    group = Group(layout, lot.rows[part], np.ascontiguousarray(lot.words[:, part]), lot.first,
                  hidden=frozenset({"bch1", "bch2"}))  # fmt: skip
    has_bch2 = kind >= _LOST and layout.fields[-1].name == "bch2"
    stated = group.stated
    size = group.size
    errors1, errors2 = lot.errors1[part], lot.errors2[part]
    verdict = verdicts(np.where(errors1 < 0, errors1, np.where(errors2 > 0, 1, errors1)))
    reliable = errors1 >= 0
    for name, value in (("generation", "FGB"), ("kind", lot.form), ("layout", layout.name)):
        stated[name] = _constant(value, size)

    identity = _identity(group, protocol)
    stated["hex_id_15"] = lambda: hex_column(identity, 15)
    stated["hex_id"] = lambda: only(hex_column(identity, 15), reliable)
    stated["country"] = lambda: country_column(group.number("country_code"))
    stated["verdict"] = lambda: verdict
    stated["category"] = lambda: _category(group, reliable)
    stated["corrected_bits"] = lambda: _corrected(lot.row1[part], lot.row2[part])
    stated["changes"] = _constant([], size)
    if lot.first == 1:
        stated["frame_sync"] = lambda: _sync(group)[0]
    if not bare:
        stated["bch1_errors"] = lambda: counts(errors1)
        stated["bch1_encoded"] = lambda: received_text(take(lot.given, lot.first, 86, 106)[part], 21)
        stated["truncated"] = _constant(kind == _CUT, size)
    if has_bch2:
        stated["bch2_errors"] = lambda: counts(errors2)
        stated["bch2_encoded"] = lambda: received_text(take(lot.given, lot.first, 133, 144)[part], 12)
        stated["pdf2_verdict"] = lambda: verdicts(errors2)
    if layout.facts["protocol"] == "rls":
        stated["crc16"] = lambda: only(listen_columns(identity)[0], reliable)
        stated["moffset_minutes"] = lambda: only(listen_columns(identity)[1], reliable)
    if lot.last == fgb.LONG and kind in (_SHORT, _CUT):
        stated["filler"] = lambda: hex_column(take(group.words, lot.first, 113, 144), 8)
    _positions(group, protocol, tail)
    stated["odd"] = lambda: _oddities(group, protocol, lot, part, kind, odd)
    return group


def _constant(value: Any, size: int) -> Callable[[], Column]:
    return lambda: constant(value, size)


def _positions(group: Group, protocol: Protocol, tail: Tail | None) -> None:
    """The position's facts without asking the part once for every place on the globe."""
    if not any(part.keys == KEYS for part in group.layout.parts):
        return
    coding, fine = (USER, False) if tail and tail.holds_position else (protocol.coding, bool(tail and tail.fine))
    if coding is None:
        return
    found: dict[str, Column] = {}

    def column(name: str) -> Column:
        if not found:
            found.update(coded_positions(coding, fine, group.number)[0])
        return found[name]

    for name in KEYS:
        if coding.offset or not name.startswith("coarse"):
            group.stated[name] = partial(column, name)


def _identity(group: Group, protocol: Protocol) -> Numbers:
    mask, default = fgb._id_default(protocol)
    return take(group.words, group.first, 26, 85) & np.uint64(mask) | np.uint64(default)


def _category(group: Group, reliable: NDArray[np.bool_]) -> Column:
    """As ``fgb.category_of``: the layout tells, but for what is unreliable and self-tests."""
    usual = fgb.category_of({**group.layout.facts, "verdict": "ok"})
    code = np.zeros(group.size, np.int32)
    if group.first == 1:
        code[_sync(group)[0].data == 1] = 1
    code[~reliable] = 2
    return Column(code, None, (usual, "self_test", "unreliable"))


def _sync(group: Group) -> tuple[Column, NDArray[np.uint8]]:
    """The nearer sync pattern and how many bits are wrong."""
    sync = take(group.words, group.first, 1, 24)
    normal = np.bitwise_count(sync ^ np.uint64(hexform.SYNC_NORMAL))
    self_test = np.bitwise_count(sync ^ np.uint64(hexform.SYNC_SELF_TEST))
    other = self_test < normal
    return Column(other.astype(np.int32), None, ("normal", "self_test")), np.minimum(normal, self_test)


def _corrected(row1: NDArray[np.int32], row2: NDArray[np.int32]) -> Column:
    first, second = patterns(BCH1).places, patterns(BCH2).places
    packed = np.maximum(row1, 0).astype(np.uint64) << np.uint64(32) | np.maximum(row2, 0).astype(np.uint64)
    codes, present = distinct(packed, 64)
    said = [
        [25 + place for place in first[number >> 32].tolist() if place >= 0]
        + [107 + place for place in second[number & 0xFFFFFFFF].tolist() if place >= 0]
        for number in present
    ]
    return coded(codes, said)


def _oddities(
    group: Group, protocol: Protocol, lot: _Lot, part: NDArray[np.int64], kind: int, odd: Callable[[int], list[str]]
) -> Column:
    """What is odd, in words: messages that might be odd are looked at one by one, the others are not."""
    strange = group.mismatched()
    strange |= country_column(group.number("country_code")).data < 0
    if group.layout.facts.get("withdrawn") or kind == _LOST:
        strange |= True
    if group.first == 1:
        strange |= _sync(group)[1] > 0
    if protocol.coding and protocol.has_position and not group.layout.facts.get("withdrawn"):
        tail = None if lot.form == "hexid_15" else _tail(protocol, kind)
        strange |= coded_positions(protocol.coding, bool(tail and tail.fine), group.number)[1]
    if "filler" in group.stated:
        rest = take(group.words, group.first, 113, 144)
        strange |= (rest != _FILLER[0]) & (rest != _FILLER[1])
    if "rlm_type1_capable" in group.layout.by_name:
        strange |= (group.number("rlm_type1_capable") | group.number("rlm_type2_capable")) == 0
    if lot.form == "hexid_15":
        strange |= _identity(group, protocol) != take(group.words, group.first, 26, 85)
    said: list[list[str]] = [[]]
    codes = np.zeros(group.size, np.int32)
    for row in np.flatnonzero(strange).tolist():
        codes[row] = len(said)
        said.append(odd(int(group.rows[row])))
    return coded(codes, said)
