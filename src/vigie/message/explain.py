"""A message and a layout as text for people: what it says, and its bit map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vigie.message.fields import Layout


def page(facts: Mapping[str, Any], *, bits: bool = False) -> str:
    """What a message says, a few lines; with every field and its bits when ``bits``."""
    head = f"{facts.get('hex_id') or facts.get('hex_id_15')}  ({facts['category_words']})"
    rows = [facts["input"], f"  {head}", *(f"  {sentence}" for sentence in facts["description"][1:])]
    if bits:
        rows += ["", *(f"  {row}" for row in field_rows(facts))]
    return "\n".join(rows)


def field_rows(facts: Mapping[str, Any]) -> list[str]:
    """A line a field: bit numbers, the bits (a corrected one marked with ^ below), name, value, meaning."""
    corrected = set(facts.get("corrected_bits", ()))
    rows = []
    for name, field in facts["fields"].items():
        first, last = field["bits"]
        pattern = format(field["raw"], f"0{last - first + 1}b")
        value = "none" if field["value"] is None else field["value"]
        unit = f" {field['unit']}" if field["unit"] else ""
        rows.append(f"{first:3d}-{last:<3d} {pattern:<24s} {name} = {value}{unit}  {field['doc']}".rstrip())
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
        rows.append(f"  {row.first:3d}-{row.last:<3d} {row.width:2d}  {row.name:<{wide}s}{unit}  {row.doc}{fixed}")
    for part in layout.parts:
        rows.append(f"  {', '.join(part.keys)}: {part.doc}")
    return "\n".join(rows)
