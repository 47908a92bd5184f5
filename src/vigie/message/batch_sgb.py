"""Second-generation messages, many at a time: the code mended, sorted by layout; the rules are those of ``sgb``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from vigie.message import bch, sgb
from vigie.message import sgb_tables as tables
from vigie.message.batch_columns import Column, coded, constant
from vigie.message.batch_groups import (
    Group,
    country_column,
    counts,
    hex_column,
    listen_columns,
    only,
    verdicts,
)
from vigie.message.batch_position import fine_positions
from vigie.message.batch_words import Words, hex_text, mend_long, remainder, take
from vigie.message.sgb_tables import DATA_LAST, LAST

Odd = Callable[[int], list[str]]


def groups(words: Words, rows: NDArray[np.int64], form: str, odd: Odd) -> Iterator[Group]:
    """The messages of one form, ``sgb_63`` or ``hexid_23`` (w, n), by layout; arguments as ``batch_fgb.groups``."""
    first, last = sgb.FORMS[form]
    if form == "hexid_23":
        vessel = take(words, first, tables.ID_HEAD[-1].first, tables.ID_HEAD[-1].last)
        for number, part in _split(vessel.astype(np.int16)):
            layout = sgb.id_layout(tables.VESSELS[number])
            group = Group(layout, rows[part], np.ascontiguousarray(words[:, part]), first)
            _common(group, form, np.zeros(part.size, np.int8), odd)
            yield group
        return
    mended = words.copy()
    errors, places = mend_long(mended, first, 1, bch.BCH_SGB)
    vessel = take(mended, first, tables.VESSEL_TYPE.first, tables.VESSEL_TYPE.last)
    key = vessel.astype(np.int16) * 64 + _rotating(mended, first)
    for code, part in _split(key):
        layout = sgb.layout(tables.VESSELS[code // 64], tables.ROTATING[code % 64], first, last)
        group = Group(layout, rows[part], np.ascontiguousarray(mended[:, part]), first)
        _common(group, form, errors[part], odd)
        _whole(group, words[:, part], errors[part], part, places)
        yield group


def _split(key: NDArray[np.int16]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    order = np.argsort(key, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(key[order])) + 1):
        if part.size:
            yield int(key[part[0]]), part


@cache
def _first_row() -> NDArray[np.int16]:
    """For each rotating field number the place of its first row."""
    return np.array([next(i for i, row in enumerate(tables.ROTATING) if row.number == n) for n in range(16)], np.int16)


def _rotating(words: Words, first: int) -> NDArray[np.int16]:
    """(n,) place of each message's rotating field in the table."""
    identity = tables.ROTATING[0].fields[0]
    number = take(words, first, identity.first, identity.last).astype(np.intp)
    found = _first_row()[number]
    for start, row in enumerate(tables.ROTATING):
        if row.when is None or _first_row()[row.number] != start:
            continue
        here = number == row.number
        fits = take(words, first, row.when[0], row.when[1]) == np.uint64(row.when[2])
        other = next(i for i in range(start + 1, len(tables.ROTATING)) if tables.ROTATING[i].number == row.number)
        found = np.where(here & ~fits, np.int16(other), found)
    return found.astype(np.int16)


def _common(group: Group, form: str, errors: NDArray[np.int8], odd: Odd) -> None:
    stated, size, reliable = group.stated, group.size, errors >= 0
    for name, value in (("generation", "SGB"), ("kind", form), ("layout", group.layout.name), ("changes", [])):
        stated[name] = partial(constant, value, size)
    stated["hex_id_23"] = lambda: Column(_id_text(group, form))
    stated["hex_id_15"] = lambda: Column(np.ascontiguousarray(_id_text(group, form)).astype("<U15"))
    stated["hex_id"] = lambda: only(Column(_id_text(group, form)), reliable)
    stated["country"] = lambda: country_column(group.number("country_code"))
    stated["verdict"] = lambda: verdicts(errors)
    stated["category"] = lambda: _category(group, form, reliable)
    stated["corrected_bits"] = lambda: constant([], size)
    stated["odd"] = lambda: coded(np.arange(size, dtype=np.int32), [odd(int(row)) for row in group.rows])
    if "rls_function" in group.layout.by_name:

        def listen(which: int) -> Column:
            listens = reliable & (group.number("rls_function") == 1)
            high, low = _id_numbers(group)
            inner = listen_columns((high << np.uint64(12) | low >> np.uint64(32))[listens])[which]
            data = np.full(size, -1, np.int32)
            data[listens] = inner.data
            return Column(data, None, inner.words)

        stated["crc16"] = lambda: listen(0)
        stated["moffset_minutes"] = lambda: listen(1)


def _whole(
    group: Group,
    given: Words,
    errors: NDArray[np.int8],
    part: NDArray[np.int64],
    places: dict[int, tuple[int, ...]],
) -> None:
    stated, first = group.stated, group.first
    found: dict[str, Column] = {}

    def position(name: str) -> Column:
        if not found:
            found.update(fine_positions(group.number))
        return found[name]

    for name in tables.POSITION.keys:
        stated[name] = partial(position, name)
    stated["cancellation"] = lambda: Column(_cancelled(group))
    stated["bch_encoded"] = lambda: hex_column(take(given, first, DATA_LAST + 1, LAST), 12)
    stated["bch_errors"] = lambda: counts(errors)
    stated["bch_computed"] = lambda: hex_column(_parity(group), 12)
    if (errors > 0).any():
        stated["corrected_bits"] = lambda: _corrected(errors, part, places)


def _corrected(errors: NDArray[np.int8], part: NDArray[np.int64], places: dict[int, tuple[int, ...]]) -> Column:
    said: list[list[int]] = [[]]
    codes = np.zeros(errors.size, np.int32)
    for row in np.flatnonzero(errors > 0).tolist():
        codes[row] = len(said)
        said.append([place + 1 for place in places[int(part[row])]])
    return coded(codes, said)


def _parity(group: Group) -> NDArray[np.uint64]:
    """The 48 bits that belong to bits 1-202 as mended."""
    own = take(group.words, group.first, DATA_LAST + 1, LAST)
    return own ^ remainder(group.words, group.first, 1, bch.BCH_SGB)


def _cancelled(group: Group) -> NDArray[np.bool_]:
    row = group.layout.by_name.get("cancellation_fixed")
    if row is None or row.fixed is None:
        return np.zeros(group.size, bool)
    return np.asarray(group.number(row.name) == np.uint64(row.fixed))


def _category(group: Group, form: str, reliable: NDArray[np.bool_]) -> Column:
    """As ``sgb.category_of``, by the flags it looks at."""
    words = ("distress", "cancelled", "orbitography", "test", "self_test", "unreliable")
    code = np.zeros(group.size, np.int32)
    if form == "sgb_63":
        code[_cancelled(group)] = 1
        code[group.number("beacon_type") == 7] = 2
    code[group.number("test_protocol") == 1] = 3
    if "mode" in group.layout.by_name:
        code[group.number("mode") == 1] = 4
    code[~reliable] = 5
    return Column(code, None, words)


def _id_text(group: Group, form: str) -> NDArray[np.str_]:
    """(n,) 23-hex IDs."""
    if form == "hexid_23":
        high, low = take(group.words, 1, 1, 48), take(group.words, 1, 49, 92)
    else:
        high, low = _id_numbers(group)
    parts = np.concatenate(
        [hex_text(high, 12).view(np.uint32).reshape(-1, 12), hex_text(low, 11).view(np.uint32).reshape(-1, 11)], axis=1
    )
    return np.ascontiguousarray(parts).view("<U23").reshape(-1)


def _id_numbers(group: Group) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """First 48 and last 44 bits of the ID (C/S T.018 3.6, Table 3.11): the vessel's identity is the last."""
    runs = (
        tables.ID_HEAD[0], tables.COUNTRY, tables.ID_HEAD[2], tables.TAC, tables.SERIAL, tables.TEST,
        tables.VESSEL_TYPE,
    )  # fmt: skip
    high = np.zeros(group.size, np.uint64)
    for row in runs:
        fixed = np.uint64(row.fixed or 0)
        number = fixed if row.fixed is not None else take(group.words, group.first, row.first, row.last)
        high = high << np.uint64(row.width) | number
    vessel = tables.VESSELS[0].fields[0]
    return high, take(group.words, group.first, vessel.first, vessel.last)
