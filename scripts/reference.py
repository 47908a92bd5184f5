"""Write the reference pages that come from the code: message layouts and the command line.

``python scripts/reference.py`` writes them into docs/reference; a test fails when they are out of date.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from vigie import cli
from vigie.alert import diagram
from vigie.message import fgb, rlm_tables, sgb, sgb_tables
from vigie.message.fgb_tables import BCH1_ROW, FORMAT, HEAD, PROTOCOLS, SYNC
from vigie.message.fgb_tails import Tail
from vigie.message.fields import Field, Part
from vigie.message.schema import json_schema
from vigie.sit import reference as sit_reference

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"


def field_table(rows: Iterable[Field], parts: Iterable[Part] = ()) -> list[str]:
    """A Markdown table: bits, name, values, meaning."""
    lines = ["", "| bits | name | what the bits are | meaning |", "|---|---|---|---|"]
    for row in rows:
        span = str(row.first) if row.first == row.last else f"{row.first}-{row.last}"
        words = row.codec.words.replace("|", "/") + (f" [{row.unit}]" if row.unit else "")
        lines.append(f"| {span} | `{row.name}` | {words} | {row.doc} |")
    lines += [""] + [f"`{'`, `'.join(part.keys)}`: {part.doc}.".replace("..", ".") + "\n" for part in parts]
    return lines


def layouts() -> str:
    """The page of all first-generation layouts."""
    lines = [
        "# First-generation message layouts",
        "",
        "Written from the tables in `vigie.message.fgb_tables`; bit numbers and clauses are those of C/S T.001 Issue 4",
        "Rev. 12. A message is the header, one of the first protected fields below, BCH-1, and what may follow it.",
        "",
        "## Header and first code",
        *field_table((*SYNC, FORMAT, *HEAD, BCH1_ROW)),
        "## First protected field (PDF-1)",
        "",
        "The bits that select each row are in its fields marked *always*, and in those with one value.",
    ]
    tails: dict[str, Tail] = {}
    for protocol in PROTOCOLS:
        parts = list(protocol.parts)
        if protocol.coding and protocol.has_position:
            parts.append(protocol.coding.part(fine=False))
        lines += ["", f"### {protocol.title}", "", f"`{protocol.name}`, C/S T.001 {protocol.clause}"]
        lines += field_table(protocol.fields, parts)
        names = []
        for tail in (protocol.short, *protocol.tails):
            tails.setdefault(tail.title, tail)
            names.append(f"{tail.title} (`.{tail.name}`)")
        lines.append(f"Followed by: {'; '.join(names)}.")
    lines += ["", "## What follows BCH-1"]
    for tail in tails.values():
        lines += ["", f"### {tail.title}", "", f"`.{tail.name}`, C/S T.001 {tail.clause}"]
        lines += field_table(tail.fields, tail.parts)
    return "\n".join(lines).rstrip() + "\n"


def second_generation() -> str:
    """The page of the second-generation layouts."""
    vessel, rotating = sgb_tables.VESSELS[0], sgb_tables.ROTATING[0]
    whole = sgb.layout(vessel, rotating)
    own = {row.name for row in (*vessel.fields, *rotating.fields)}
    lines = [
        "# Second-generation message layouts",
        "",
        "Written from the tables in `vigie.message.sgb_tables`; bit numbers and clauses are those of C/S T.018 Issue 1",
        "Rev. 12. Bits -1 and 0 are the two that the ground segment puts before a message of 63 or 51 hex digits.",
        "",
        "## Main field and code",
        *field_table((row for row in whole.fields if row.name not in own), whole.parts),
        "## Vessel identity, bits 94-137",
    ]
    for kind in sgb_tables.VESSELS:
        lines += ["", f"### {kind.number}: {kind.title}", *field_table(kind.fields)]
    lines += ["## Rotating field, bits 155-202"]
    for turn in sgb_tables.ROTATING:
        lines += ["", f"### {turn.number}: {turn.title}", "", f"C/S T.018 {turn.clause}", *field_table(turn.fields)]
    lines += ["## 23-hex ID", *field_table(sgb.id_layout(vessel).fields)]
    lines += ["## 15-hex ID", *field_table(sgb.id_layout(vessel, sgb_tables.SHORT_ID_LAST).fields)]
    return "\n".join(lines).rstrip() + "\n"


def return_link() -> str:
    """The page of the Galileo return-link layouts."""
    lines = ["# Return-link message layouts", "", "Written from the tables in `vigie.message.rlm_tables`."]
    for layout in (*rlm_tables.LAYOUTS, rlm_tables.SAR_FIELD, rlm_tables.INAV_PAGE):
        lines += ["", f"## {layout.title}", "", f"`{layout.name}`, {layout.clause}"]
        lines += field_table(layout.fields, layout.parts)
    return "\n".join(lines).rstrip() + "\n"


def commands() -> str:
    """The page of the command line: each command's own help."""
    lines = [
        "# Command line",
        "",
        "`--json` gives JSON lines on standard output and nothing else there; logs and progress go to standard error.",
        "Exit code 0: done. 1: done, but some input was refused or nothing was found. 2: wrong use, an unreadable file",
        "or bad configuration, with one sentence on standard error.",
    ]
    for name in cli.COMMANDS:
        asked = [sys.executable, "-m", "vigie", name, "--help"]
        said = subprocess.run(asked, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "80"})
        lines += ["", f"## vigie {name}", "", "```text", said.stdout.rstrip(), "```"]
    return "\n".join(lines) + "\n"


def schema() -> str:
    """The JSON Schema of a decoded message."""
    return json.dumps(json_schema([*fgb.all_layouts(), *sgb.all_layouts()]), indent=1, ensure_ascii=False) + "\n"


PAGES = {
    "layouts.md": layouts,
    "layouts_sgb.md": second_generation,
    "layouts_rlm.md": return_link,
    "message.schema.json": schema,
    "sit.md": sit_reference.page,
    "alerts.md": diagram.page,
    "alert_states.svg": diagram.svg,
    "cli.md": commands,
}


def main() -> None:
    """Write every page whose text has changed."""
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(REFERENCE.parents[1])}")


if __name__ == "__main__":
    main()
