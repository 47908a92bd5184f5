"""Messages from values: the inverse of ``beacon.decode``.

``encode(facts)`` takes the object that ``vigie decode --json`` prints, changed or not, or one written by hand with a
``protocol``, a ``country_code`` and whatever else the message is to state. An object from ``decode`` gives back the
same message, bit for bit, wrong bits included; once a value is changed the codes are computed anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vigie.errors import FieldError
from vigie.message import fgb, sgb_encode
from vigie.message.beacon import FORMS
from vigie.message.fgb_tables import PROTOCOLS, Protocol
from vigie.message.fgb_tails import Tail, truncated
from vigie.message.fields import Layout

DERIVED = frozenset(
    {
        "input",
        "generation",
        "kind",
        "layout",
        "hex_id",
        "hex_id_15",
        "country",
        "frame_sync",
        "format",
        "protocol",
        "protocol_flag",
        "verdict",
        "category",
        "category_words",
        "odd",
        "changes",
        "description",
        "fields",
        "corrected_bits",
        "bch1",
        "bch2",
        "bch1_errors",
        "bch2_errors",
        "bch1_encoded",
        "bch2_encoded",
        "pdf2_verdict",
        "filler",
        "truncated",
        "withdrawn",
        "crc16",
        "moffset_minutes",
        "position_status",
        "position_resolution_deg",
        "altitude_above_m",
        "altitude_up_to_m",
        "confidence",
        "model",
    }
)
"""what decode prints beside the values that an encoder is told"""
_KINDS = ("serial_type", "identity_type", "rls_beacon_type")
"""fields whose one value selects the row"""


def encode(facts: Mapping[str, Any]) -> str:
    """Hex digits of the message that ``facts`` states, in the form named by ``kind``.

    ``generation`` SGB or ``protocol`` sgb: a second-generation message, of 63 digits without ``kind``. Else one of the
    first generation: without ``kind`` 36 digits for a long message, 28 for a short one, sync bits included. Raises
    FieldError, naming the field, its bits and the range, when a value does not fit, is missing, or belongs to no field
    of the message.
    """
    if facts.get("generation") == "SGB" or facts.get("protocol") == "sgb":
        return sgb_encode.to_hex(facts)
    if facts.get("fields") is not None:
        return _again(facts)
    protocol = _protocol(facts)
    tail = _tail(facts, protocol)
    rows = fgb.layout(protocol, tail, 1)
    _refuse_unknown(facts, rows)
    if facts.get("country_code") is None:
        raise FieldError("country_code", (27, 36), "is needed: three digits of the ITU list (A1.2.3)")
    raws = rows.write(_given(facts, rows))
    raws["format"] = int(rows.last == fgb.LONG or bool(tail.facts.get("truncated")))
    raws["protocol_flag"] = protocol.when[0][2]
    return _hex(_with_parity(rows, raws), rows, facts, default="message_36" if rows.last == fgb.LONG else "message_28")


def _again(facts: Mapping[str, Any]) -> str:
    """The message that ``decode`` read, with the values that differ from what its fields say written into it."""
    first = FORMS[_form(facts, "message_36")][0]
    rows = _by_name(str(facts.get("layout")), first)
    fields = facts["fields"]
    if not isinstance(fields, Mapping):
        raise FieldError("fields", None, "is not an object of fields")
    raws = {}
    for row in rows.fields:
        raw = fields.get(row.name, {}).get("raw") if isinstance(fields.get(row.name), Mapping) else None
        if isinstance(raw, bool) or not isinstance(raw, int):
            raise FieldError(row.name, (row.first, row.last), "has no whole number under 'raw'")
        raws[row.name] = raw
    stated = rows.read(raws)
    if facts.get("protocol", stated["protocol"]) != stated["protocol"]:
        raise FieldError(
            "protocol", None, "differs from the fields: leave out 'fields' and 'layout' to change protocol"
        )
    changed = {key: value for key, value in _given(facts, rows).items() if value != stated.get(key)}
    word = rows.pack(raws)
    if changed:
        position: dict[str, Any] = {
            key: facts[key] for key in ("latitude", "longitude") if key in facts and key in stated
        }
        word = _with_parity(rows, rows.write(changed | position, raws))
    else:
        wrong = facts.get("corrected_bits") or ()
        if not isinstance(wrong, (list, tuple)):
            raise FieldError("corrected_bits", None, f"{wrong!r} is not a list of bit numbers")
        for bit in wrong:
            if isinstance(bit, bool) or not isinstance(bit, int) or not first <= bit <= rows.last:
                raise FieldError("corrected_bits", None, f"{bit!r} is not a bit from {first} to {rows.last}")
            word ^= 1 << (rows.last - bit)
    return _hex(word, rows, facts, default="message_36")


def _form(facts: Mapping[str, Any], default: str) -> str:
    form = facts.get("kind") or default
    if not isinstance(form, str) or form not in FORMS:
        raise FieldError("kind", None, f"{form!r} is none of {', '.join(FORMS)}")
    return form


def _hex(word: int, rows: Layout, facts: Mapping[str, Any], default: str) -> str:
    """Hex digits of a message in the form asked for; a short one in a long form gets its filler behind it."""
    form = _form(facts, default)
    first, last = FORMS[form]
    end = rows.last
    if last == fgb.LONG and end == fgb.SHORT:
        filler = str(facts.get("filler") or "00000000")
        if len(filler) != 8 or filler.strip("0123456789ABCDEFabcdef"):
            raise FieldError("filler", (113, 144), f"{filler!r} is not eight hex digits")
        word, end = word << 32 | int(filler, 16), fgb.LONG
    if last < end:
        if last == fgb.SHORT:
            raise FieldError("kind", None, f"{form} holds 112 bits, and this is a long message")
        word >>= end - last
    width = last - first + 1
    return format(word & ((1 << width) - 1), f"0{width // 4}X")


def _by_name(name: str, first: int) -> Layout:
    """The layout that ``decode`` named, from bit ``first``."""
    protocol_name, _, tail_name = name.partition(".")
    for row in PROTOCOLS:
        if row.name == protocol_name:
            if not tail_name:
                return fgb.layout(row, None, first)
            for tail in fgb.tails_of(row):
                if tail.name == tail_name:
                    return fgb.layout(row, tail, first)
    raise FieldError("layout", None, f"{name!r} is no layout: 'vigie layouts' lists them")


def _plain_keys(rows: Layout) -> set[str]:
    keys = {row.name for row in rows.fields if not row.hidden and row.fixed is None}
    return keys.union(*(part.keys for part in rows.parts))


def _given(facts: Mapping[str, Any], rows: Layout) -> dict[str, Any]:
    """The values given that the layout has a place for."""
    keys = (_plain_keys(rows) - DERIVED) | ({"frame_sync"} if rows.first == 1 else set())
    altitude: set[str] = {"altitude_above_m", "altitude_up_to_m"} if "altitude_code" not in facts else set()
    return {key: facts[key] for key in (keys | altitude) & facts.keys()}


def _refuse_unknown(facts: Mapping[str, Any], rows: Layout) -> None:
    known = _plain_keys(rows) | DERIVED | set(rows.facts)
    for key in facts:
        if key not in known:
            raise FieldError(
                key, None, f"is no field of {rows.name} ({', '.join(sorted(_plain_keys(rows) - DERIVED))})"
            )


def _with_parity(rows: Layout, raws: Mapping[str, int]) -> int:
    word = rows.pack(raws)
    return word if rows.last == fgb.ID_LAST else fgb.with_parity(word, rows.last, bch2="bch2" in rows.by_name)


def _best(scored: Iterable[tuple[int, Any]]) -> list[Any]:
    rows = list(scored)
    top = max(score for score, _ in rows)
    return [row for score, row in rows if score == top]


def _protocol(facts: Mapping[str, Any]) -> Protocol:
    """The row of Table A2 that has a place for what is given."""
    name = facts.get("protocol")
    rows = [row for row in PROTOCOLS if name in (row.name, row.facts["protocol"])]
    if not rows:
        names = sorted({str(row.facts["protocol"]) for row in PROTOCOLS})
        raise FieldError("protocol", (37, 40), f"{name!r} is none of {', '.join(names)}")
    rows = [row for row in rows if _agrees(row, facts)]
    if not rows:
        raise FieldError("protocol", (37, 40), f"no form of {name} has the beacon or identity type given")
    best = _best((len(facts.keys() & _protocol_keys(row)), row) for row in rows)
    if len(best) > 1 and name != best[0].name:
        choices = ", ".join(row.name for row in best)
        raise FieldError("protocol", (37, 42), f"{name} has several forms: name one of {choices}, or give its type")
    chosen: Protocol = best[0]
    return chosen


def _protocol_keys(row: Protocol) -> set[str]:
    return _plain_keys(fgb.layout(row, None, 26))


def _agrees(row: Protocol, facts: Mapping[str, Any]) -> bool:
    """Whether a row can state the kinds that are given. A test or a cancellation has to be asked for."""
    for key, stated in row.facts.items():
        given = facts.get(key)
        if key == "protocol" or given == stated:
            continue
        if given is not None or (stated is True and facts.get("protocol") != row.name):
            return False
    for field in row.fields:
        if field.name in _KINDS and facts.get(field.name) is not None:
            try:
                if field.codec.write(facts[field.name]) != field.default:
                    return False
            except ValueError:
                return False
    return True


def _tail(facts: Mapping[str, Any], protocol: Protocol) -> Tail:
    """What follows BCH-1: as ``format`` says, else what has a place for the values given."""
    location = protocol.when[0] == (26, 26, 0)
    wanted = facts.get("format")
    if wanted not in (None, "short", "long"):
        raise FieldError("format", (25, 25), f"{wanted!r} is neither short nor long")
    if location and wanted == "short":
        raise FieldError("format", (25, 25), "short location messages were withdrawn (A3.1)")
    if facts.get("truncated"):
        return truncated(fgb.usual_tail(protocol))
    tails = sorted(protocol.tails, key=lambda tail: not tail.fine)
    if not location and wanted != "long":
        tails = [protocol.short] if wanted == "short" else [protocol.short, *tails]
    given = {key for key, value in facts.items() if value is not None}
    chosen: Tail = _best((len(given & _plain_keys(fgb.layout(protocol, tail))), tail) for tail in tails)[0]
    return chosen
