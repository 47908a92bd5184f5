"""Second-generation messages from values: the inverse of ``sgb.message``.

``encode(facts)`` takes the object that ``vigie decode --json`` prints, changed or not, or one written by hand. What
``fields`` holds is taken first, so that an object from ``decode`` gives back the same bits, wrong ones included; then
every value that differs from what those bits state is written, and the code is computed anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigie.errors import FieldError
from vigie.message import sgb
from vigie.message import sgb_tables as tables
from vigie.message.fields import Layout
from vigie.message.sgb_tables import ID_LAST, Rotating, Vessel

DERIVED = frozenset(
    (
        "input", "generation", "kind", "layout", "protocol", "hex_id", "hex_id_23", "hex_id_15", "country", "verdict",
        "category", "category_words", "odd", "changes", "description", "fields", "corrected_bits", "cancellation",
        "bch_computed", "bch_encoded", "bch_errors", "crc16", "moffset_minutes", "position_resolution_deg",
        "confidence",
    )
)  # fmt: skip
"""what decode prints beside the values that an encoder is told"""
_NEEDED = ("tac", "serial_number", "country_code")


def encode(facts: Mapping[str, Any]) -> tuple[int, int]:
    """The message that ``facts`` states, as a word and the number of its last bit (250, 202, 92 or 60).

    ``kind`` names the form, 63 digits when it is not given; the word begins with the first bit of that form. Raises
    FieldError, naming the field, its bits and the range, when a value does not fit, is missing, or belongs to no
    field of the message.
    """
    first, last = sgb.FORMS[_form(facts)]
    vessel = _vessel(facts)
    selected = {tables.VESSEL_TYPE.name: vessel.number}
    if last <= ID_LAST:
        rows = sgb.id_layout(vessel, last)
    else:
        rotating = _rotating(facts)
        rows = sgb.layout(vessel, rotating, first, last)
        selected[rotating.fields[0].name] = rotating.number
    _refuse_unknown(facts, rows)
    kept = _kept(facts, rows, selected)
    raws = {row.name: kept.get(row.name, row.default) for row in rows.fields} | selected
    stated = rows.read(raws)
    changed = {key: facts[key] for key in _keys(rows) & facts.keys() if facts[key] != stated.get(key)}
    if "position_status" in facts and changed.keys() & {"latitude", "longitude"}:
        changed["position_status"] = facts["position_status"]
    word = rows.pack(rows.write(changed, raws) if changed else raws)
    if changed or len(kept) < len(rows.fields):
        return sgb.with_parity(word, last), last
    corrected = facts.get("corrected_bits") or []
    if not isinstance(corrected, list):
        raise FieldError("corrected_bits", None, f"{corrected!r} is not a list of bit numbers")
    for bit in corrected:
        if isinstance(bit, bool) or not isinstance(bit, int) or not first <= bit <= last:
            raise FieldError("corrected_bits", None, f"{bit!r} is not a bit from {first} to {last}")
        word ^= 1 << (last - bit)
    return word, last


def to_hex(facts: Mapping[str, Any]) -> str:
    """The hex digits of the message that ``facts`` states, in the form named by ``kind``."""
    form = _form(facts)
    first, last = sgb.FORMS[form]
    word, _ = encode(facts)
    width = last - first + 1
    if form == "sgb_202_left_aligned":
        word, width = word << sgb.FILL_BITS, width + sgb.FILL_BITS
    return format(word, f"0{width // 4}X")


def _form(facts: Mapping[str, Any]) -> str:
    form = facts.get("kind") or "sgb_63"
    if not isinstance(form, str) or form not in sgb.FORMS:
        raise FieldError("kind", None, f"{form!r} is none of {', '.join(sgb.FORMS)}")
    return form


def _raw(facts: Mapping[str, Any], name: str) -> int | None:
    """The number that ``fields`` holds for a name, if any."""
    fields = facts.get("fields") or {}
    if not isinstance(fields, Mapping):
        raise FieldError("fields", None, "is not an object of fields")
    entry = fields.get(name)
    raw = entry.get("raw") if isinstance(entry, Mapping) else None
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise FieldError(name, None, f"{raw!r} is not a whole number")
    return raw


def _vessel(facts: Mapping[str, Any]) -> Vessel:
    """The identity that ``vessel_id_type`` names, else that of ``fields``, else the one that has the keys given."""
    row, name = tables.VESSEL_TYPE, facts.get("vessel_id_type")
    if name is not None:
        return tables.VESSELS[row.write(name)]
    raw = _raw(facts, row.name)
    if raw is not None and 0 <= raw < len(tables.VESSELS):
        return tables.VESSELS[raw]
    given = {key for key, value in facts.items() if value is not None}
    return next((item for item in tables.VESSELS if given & {row.name for row in item.fields}), tables.VESSELS[0])


def _rotating(facts: Mapping[str, Any]) -> Rotating:
    """The rotating field that ``rotating_field.id`` names, else that of ``fields``, else field 0."""
    row, given = tables.ROTATING[0].fields[0], facts.get("rotating_field")
    if given is not None and not isinstance(given, Mapping):
        raise FieldError("rotating_field", (row.first, tables.DATA_LAST), f"{given!r} is not an object")
    given = given or {}
    number = given["id"] if "id" in given else _raw(facts, row.name) or 0
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= 15:
        raise FieldError("rotating_field.id", (row.first, row.last), f"{number!r} is not a number from 0 to 15")
    kinds = [item for item in tables.ROTATING if item.number == number]
    for item in kinds[:-1]:  # those that another field selects: the provider of the return link
        selector = next(r for r in item.fields if item.when and (r.first, r.last) == item.when[:2])
        if selector.name in given:
            raw = selector.write(given[selector.name])
        else:
            kept = _raw(facts, selector.name)
            raw = selector.default if kept is None else kept
        if item.when and raw == item.when[2]:
            return item
    return kinds[-1]


def _kept(facts: Mapping[str, Any], rows: Layout, selected: Mapping[str, int]) -> dict[str, int]:
    """The numbers that ``fields`` holds for this layout: same name, same bits, and not of another kind of field."""
    kept = {}
    other = any(_raw(facts, name) not in (None, number) for name, number in selected.items())
    for row in rows.fields:
        raw = _raw(facts, row.name)
        if raw is None:
            continue
        bits = facts["fields"][row.name].get("bits")
        if bits is not None and bits != [row.first, row.last]:
            continue
        if other and (row.fixed is not None or row.name in selected):
            continue  # what is fixed differs from kind to kind
        if not 0 <= raw < 1 << row.width:
            raise FieldError(row.name, (row.first, row.last), f"{raw} does not fit into {row.width} bits")
        kept[row.name] = raw
    for name in _NEEDED:
        if name not in kept and facts.get(name) is None:
            row = rows.by_name[name]
            raise FieldError(name, (row.first, row.last), f"is needed: {row.doc}")
    return kept


def _keys(rows: Layout) -> set[str]:
    plain = {row.name for row in rows.fields if not row.hidden and row.fixed is None}
    return plain.union(*(part.keys for part in rows.parts)) - DERIVED


def _refuse_unknown(facts: Mapping[str, Any], rows: Layout) -> None:
    known = _keys(rows)
    for key, value in facts.items():
        # null for what this form does not have is what decode prints
        if key not in known and key not in DERIVED and value is not None:
            raise FieldError(key, None, f"is no field of {rows.name} ({', '.join(sorted(known))})")
