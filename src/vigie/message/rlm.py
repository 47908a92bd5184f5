"""Galileo return-link messages: what a beacon is told from the ground (Galileo OS SIS ICD issue 2.2, 4.3.8 and 5.3).

``decode(hex)`` reads a joined message of 80 or 160 bits; ``parts(fields)`` joins messages from the SAR fields of
I/NAV pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vigie.errors import FieldError, HexError
from vigie.message import beacon, country, hexform
from vigie.message.fields import Facts
from vigie.message.rlm_tables import (
    ACKNOWLEDGEMENT,
    CRC_GENERATOR,
    DUMMY_WORD,
    INAV_PAGE,
    LONG,
    PART_BITS,
    SAR_FIELD,
    SERVICES,
    SHORT,
    SPARE_DATA,
    layout_of,
)

FORMS = {"rlm_short_80": SHORT, "rlm_long_160": LONG}
_LEFT_OUT = ("input", "kind", "fields", "description", "changes")
_SERVICE_WORDS = {
    "acknowledgement": "Acknowledgement to a beacon",
    "test": "Test of the return link",
    "spare": "Return-link message of a service that is not defined",
}
_TYPE_WORDS = {
    "type1": "automatic: the distress call was detected and located (type 1)",
    "type2": "sent by a rescue centre (type 2)",
}


def decode(text: str) -> Facts:
    """What a return-link message of 20 or 40 hex digits states.

    Raises HexError when the text is none: empty, with a character that is no hex digit, or of another length. Never
    raises for any bits.
    """
    digits, changes = hexform.clean(text)
    form = next((name for name, width in FORMS.items() if width == len(digits) * 4), None)
    if form is None:
        raise HexError("length", f"{len(digits)} hex digits: a return-link message has 20 (short) or 40 (long)")
    last, word = FORMS[form], int(digits, 16)
    code = word >> (last - 64) & 15
    rows = layout_of(code, last)
    seen = rows.see(word)
    parity_ok = word.bit_count() % 2 == 0
    facts: Facts = {"input": digits, "kind": form, "layout": rows.name, **rows.state(seen), "parity_ok": parity_ok}
    facts["verdict"] = "ok" if parity_ok else "unreliable"
    spare_first = word >> (last - PART_BITS) == SPARE_DATA
    facts["beacon"] = None if spare_first else _beacon(facts["beacon_hex_id_15"])
    facts["odd"] = _odd(facts, spare_first)
    if spare_first:
        facts["verdict"] = "unreliable"
    if last == SHORT:
        facts["feedback_bits"] = format(word & ((1 << PART_BITS) - 1), f"0{PART_BITS}b")
    facts["changes"] = list(changes)
    facts["fields"] = seen.fields
    facts["description"] = _sentences(facts)
    return facts


def _beacon(hex_id: str) -> dict[str, Any] | None:
    """The beacon that a 15-hex ID names; None when its country code is nobody's, for then it is no ID."""
    stated = beacon.decode(hex_id).facts
    if country.name(stated["country_code"]) is None:
        return None
    asked = {key: value for key, value in stated.items() if key not in _LEFT_OUT}
    if stated["protocol"] == "rls":
        asked["rls_identity"] = "mmsi" if "mmsi" in stated else "tac"
        if asked["rls_identity"] == "tac":
            asked["rls_tac_truncated"] = stated["fields"]["rls_tac_number"]["raw"]
    return asked


def _odd(facts: Mapping[str, Any], spare_first: bool) -> list[str]:
    said = []
    if spare_first:
        said.append(
            "the first 20 bits are the filling of an empty SAR field: the first part was missed, no ID is known"
        )
    if not facts["parity_ok"]:
        said.append("the number of ones is odd: at least one bit is wrong (OS SIS ICD 5.3)")
    if facts["service"] == "spare":
        said.append(f"message code {facts['message_code']} of a {facts['rlm_type']} message is spare (Table 105)")
    kind = facts.get("acknowledgement_type")
    if kind == "type2":
        said.append("bits 65-66 = 01 are spare in issue 2.2 (Table 106); read as an acknowledgement of type 2")
    elif kind not in (None, "type1"):
        said.append("bits 65-66 tell no kind of acknowledgement (Table 106)")
    if facts["beacon"] is None and not spare_first:
        said.append("the first 60 bits are no beacon's ID: their country code is not allocated by the ITU")
    elif facts["beacon"]:
        said += [f"beacon ID: {text}" for text in facts["beacon"]["odd"]]
    return said


def _sentences(facts: Mapping[str, Any]) -> list[str]:
    said = [f"{_SERVICE_WORDS[facts['service']]}."]
    kind = _TYPE_WORDS.get(facts.get("acknowledgement_type") or "")
    if kind:
        said.append(f"Kind: {kind}.")
    asked = facts["beacon"]
    if asked:
        land = asked["country"]
        kinds = f", {asked['beacon_type']}" if asked.get("beacon_type") else ""
        said.append(f"For beacon {facts['beacon_hex_id_15']}{kinds}, registered in {land}.")
    said.append("Parity right." if facts["parity_ok"] else "Parity wrong: not to be trusted.")
    said += [f"Odd: {text}." for text in facts["odd"]]
    said += [f"Input: {text}." for text in facts["changes"]]
    return said


def page(facts: Mapping[str, Any]) -> str:
    """What a message says, as text for people."""
    return "\n".join([facts["input"], *(f"  {sentence}" for sentence in facts["description"])])


def encode(facts: Mapping[str, Any]) -> str:
    """Hex digits of the message that ``facts`` states, with its parity bit.

    Takes ``beacon_hex_id_15``, a ``service`` or a ``message_code``, an ``acknowledgement_type`` or ``parameters``;
    ``rlm_type`` long makes it 160 bits. Parameters given with their parity bit keep it. Raises FieldError.
    """
    last = {"short": SHORT, "long": LONG}.get(str(facts.get("rlm_type", "short")))
    if last is None:
        raise FieldError("rlm_type", None, f"{facts['rlm_type']!r} is neither short nor long")
    code_row = ACKNOWLEDGEMENT.by_name["message_code"]
    code = facts.get("message_code")
    if code is None:
        codes = {name: format(number, "04b") for number, name in SERVICES.items()}
        code = codes.get(str(facts.get("service")))
        if code is None:
            raise FieldError("message_code", (code_row.first, code_row.last), "is needed where no service is named")
    rows = layout_of(code_row.write(code), last)
    if not facts.get("beacon_hex_id_15"):
        raise FieldError("beacon_hex_id_15", (1, 60), "is needed: 15 hex digits")
    known = {row.name for row in rows.fields if not row.hidden} | {"parameters"}
    given = {key: value for key, value in facts.items() if key in known} | {"message_code": code}
    raws = rows.write(given)
    word = rows.pack(raws)
    if "parameters" not in facts:
        word ^= word.bit_count() & 1
    return format(word, f"0{last // 4}X")


# -- joining ----------------------------------------------------------------------------------------------------------

PAGE_S = 2
"""time between the SAR fields of one satellite"""
WAIT_PAGES = 15
"""how long a part may come late"""


@dataclass(frozen=True, slots=True)
class SarField:
    """The SAR field of one odd I/NAV page on E1-B (its CRC checked by the receiver)."""

    start: bool
    long: bool
    data: int
    """20 bits"""
    satellite: str = ""
    time_s: float | None = None
    """Galileo system time of the page; None: the pages come in order and none is missing"""


def sar_field(bits: str, satellite: str = "", time_s: float | None = None) -> SarField:
    """The SAR field of 22 zeros and ones. Raises HexError when it is not 22 of them."""
    if len(bits) != SAR_FIELD.last or bits.strip("01"):
        raise HexError("length", f"a SAR field is {SAR_FIELD.last} zeros and ones, not {bits!r}")
    raws = SAR_FIELD.unpack(int(bits, 2))
    return SarField(bool(raws["start_bit"]), bool(raws["long_rlm"]), raws["rlm_data"], satellite, time_s)


def crc24(word: int, width: int) -> int:
    """The checksum of ``width`` bits of an I/NAV page (5.1.9.4)."""
    word <<= 24
    for place in range(width + 23, 23, -1):
        if word >> place & 1:
            word ^= CRC_GENERATOR << (place - 24)
    return word


def sar_of_page(digits: str, satellite: str = "", time_s: float | None = None) -> SarField | None:
    """The SAR field of an I/NAV page on E1-B: 60 hex digits, even part and odd part of 120 bits each, tails included.

    None for a page without one: an alert or dummy page, or one of other parts. Raises HexError when the text is no
    page, or when its checksum is wrong.
    """
    cleaned, _ = hexform.clean(digits)
    if len(cleaned) * 4 != INAV_PAGE.last:
        raise HexError("length", f"an I/NAV page is {INAV_PAGE.last // 4} hex digits, not {len(cleaned)}")
    word = int(cleaned, 16)
    raws = INAV_PAGE.unpack(word)
    if raws["even_odd_1"] or not raws["even_odd_2"] or raws["alert_1"] or raws["alert_2"]:
        return None
    if raws["word_type"] == DUMMY_WORD:
        return None
    even, odd = word >> 126, word >> 38 & ((1 << 82) - 1)
    if crc24(even << 82 | odd, 196) != raws["crc"]:
        raise HexError("layout", "the checksum of the I/NAV page is wrong (OS SIS ICD 5.1.9.4)")
    return sar_field(format(raws["sar"], f"0{SAR_FIELD.last}b"), satellite, time_s)


@dataclass(frozen=True, slots=True)
class Joined:
    """A message joined from its parts, or what is left of one."""

    hex: str | None
    """the whole message; None when it could not be joined"""
    problem: str
    """why it could not be joined, in words; empty when it was"""
    have: tuple[int, ...]
    """numbers of the parts received, first 1; empty when not even their places are known"""
    of: int
    """how many parts the message has: 4 or 8"""
    satellite: str = ""
    time_s: float | None = None
    """of the first part received"""


def parts(fields: Iterable[SarField]) -> Iterator[Joined]:
    """Messages from SAR fields of any number of satellites, and a report of every message that lacks a part.

    The start bits alone tell where a message is (4.3.8.2): a field with start bit 1 holds a first part only when the
    next one has start bit 0; else it is empty. Fields may come up to ``WAIT_PAGES`` pages late and in any order when
    they have times. A first part that is only the filling of an empty field never makes a message.
    """
    satellites: dict[str, _Pages] = {}
    for item in fields:
        yield from satellites.setdefault(item.satellite, _Pages()).add(item)
    for pages in satellites.values():
        yield from pages.settle(everything=True)


@dataclass(slots=True)
class _Pages:
    """The pages of one satellite that are not yet used."""

    held: dict[int, SarField] = field(default_factory=dict)
    used: dict[int, SarField] = field(default_factory=dict)
    """those of the messages made last, for two receivers may deliver one page"""
    newest: int = -1

    def add(self, item: SarField) -> Iterator[Joined]:
        page = self.newest + 1 if item.time_s is None else int(item.time_s // PAGE_S)
        known = self.held.get(page) or self.used.get(page)
        if known is not None:
            if (known.start, known.long, known.data) != (item.start, item.long, item.data):
                count = (LONG if item.long else SHORT) // PART_BITS
                problem = "another part was received in the same page: the first to come was kept"
                yield Joined(None, problem, (), count, item.satellite, item.time_s)
            return
        self.held[page] = item
        self.newest = max(self.newest, page)
        first = self._first(page)
        if first is not None:
            count = self._count(first)
            pages = range(first, first + count)
            if all(p in self.held and self.held[p].start == (p == first) for p in pages):
                self.used |= {p: self.held.pop(p) for p in pages}
                yield _joined([self.used[p] for p in pages])
        self.used = {p: used for p, used in self.used.items() if p >= self.newest - WAIT_PAGES}
        yield from self.settle()

    def _count(self, first: int) -> int:
        return (LONG if self.held[first].long else SHORT) // PART_BITS

    def _first(self, page: int) -> int | None:
        """The page of the first part of the message that ``page`` belongs to."""
        for earlier in range(page, page - LONG // PART_BITS, -1):
            held = self.held.get(earlier)
            if held is None:
                return None
            if held.start:
                return earlier
        return None

    def settle(self, everything: bool = False) -> Iterator[Joined]:
        """Give up on the pages that nothing can complete any more, and say what they were."""
        end = self.newest + 1 if everything else self.newest - WAIT_PAGES
        while self.held and min(self.held) < end:
            page = min(self.held)
            item = self.held[page]
            count = self._count(page)
            if not item.start:
                have = self._run(page, count)
                problem = "the first part was not received"
                yield Joined(None, problem, (), count, item.satellite, item.time_s)
                self._drop(have)
                continue
            following = self.held.get(page + 1)
            empty = following.start if following else item.data == SPARE_DATA
            have = [page] if empty else self._run(page, count)
            self._drop(have)
            if not empty:
                numbers = tuple(p - page + 1 for p in have)
                missing = ", ".join(str(n) for n in range(1, count + 1) if n not in numbers)
                yield Joined(
                    None, f"part {missing} of {count} not received", numbers, count, item.satellite, item.time_s
                )

    def _run(self, page: int, count: int) -> list[int]:
        """The pages held from ``page`` on that may belong to its message."""
        run = [page]
        for later in range(page + 1, page + count):
            held = self.held.get(later)
            if held is not None and held.start:
                break
            if held is not None:
                run.append(later)
        return run

    def _drop(self, pages: list[int]) -> None:
        for page in pages:
            del self.held[page]


def _joined(items: list[SarField]) -> Joined:
    first, count = items[0], len(items)
    numbers = tuple(range(1, count + 1))
    problem = ""
    if first.data == SPARE_DATA:
        problem = "the first part is the filling of an empty field: the real one was not received"
    elif any(item.long != first.long for item in items):
        problem = "the parts do not agree whether the message is short or long"
    word = 0
    for item in items:
        word = word << PART_BITS | item.data
    digits = None if problem else format(word, f"0{count * PART_BITS // 4}X")
    return Joined(digits, problem, numbers, count, first.satellite, first.time_s)
