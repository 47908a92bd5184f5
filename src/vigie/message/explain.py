"""A message and a layout as text for people: what it says, and its bit map."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vigie.message.fields import Layout

Paint = Callable[[str, str], str]
"""a text and what it is (even, odd, corrected, head) to the text with colour"""


def span(first: int, last: int) -> str:
    """``first-last``, or one number, seven characters wide. The two bits before an SGB message are -1 and 0."""
    return f"{first:3d}    " if first == last else f"{first:3d}-{last:<3d}"


def plain(text: str, what: str) -> str:
    """No colour."""
    return text


def page(facts: Mapping[str, Any], *, bits: bool = False, paint: Paint = plain) -> str:
    """What a message says, a few lines; with every field and its bits when ``bits``."""
    hex_id = facts.get("hex_id") or facts.get("hex_id_23") or facts.get("hex_id_15")
    head = f"{hex_id}  ({facts['category_words']})"
    rows = [facts["input"], f"  {paint(head, 'head')}", *(f"  {sentence}" for sentence in facts["description"][1:])]
    if bits:
        rows += ["", *(f"  {row}" for row in field_rows(facts, paint))]
    return "\n".join(rows)


def field_rows(facts: Mapping[str, Any], paint: Paint = plain) -> list[str]:
    """A line a field: bit numbers, the bits (a corrected one marked with ^ below), name, value, meaning."""
    corrected = set(facts.get("corrected_bits", ()))
    rows = []
    for number, (name, field) in enumerate(facts["fields"].items()):
        first, last = field["bits"]
        pattern = format(field["raw"], f"0{last - first + 1}b")
        kind = "odd" if number % 2 else "even"
        painted = "".join(
            paint(digit, "corrected" if first + place in corrected else kind) for place, digit in enumerate(pattern)
        )
        value = "none" if field["value"] is None else field["value"]
        unit = f" {field['unit']}" if field["unit"] else ""
        gap = " " * max(0, 24 - len(pattern))
        rows.append(f"{span(first, last)} {painted}{gap} {name} = {value}{unit}  {field['doc']}".rstrip())
        marks = "".join("^" if bit in corrected else " " for bit in range(first, last + 1)).rstrip()
        if marks:
            rows.append(f"{'':7s} {marks} corrected")
    return rows


def layout_page(layout: Layout) -> str:
    """The bit map of a layout, a line a field."""
    wide = max(len(row.name) for row in layout.fields)
    rows = [f"{layout.name}: {layout.title}", f"{layout.clause}", ""]
    for row in layout.fields:
        fixed = f" always {row.fixed:0{row.width}b}" if row.fixed is not None else ""
        unit = f" [{row.unit}]" if row.unit else ""
        rows.append(f"  {span(row.first, row.last)} {row.width:2d}  {row.name:<{wide}s}{unit}  {row.doc}{fixed}")
    for part in layout.parts:
        rows.append(f"  {', '.join(part.keys)}: {part.doc}")
    return "\n".join(rows)
