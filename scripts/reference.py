"""Write the reference pages that come from the code: message layouts and the command line.

``python scripts/reference.py`` writes them into docs/reference; a test fails when they are out of date.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from vigie import cli
from vigie.message.fgb_tables import BCH1_ROW, FORMAT, HEAD, PROTOCOLS, SYNC, Tail
from vigie.message.fields import Field, Part

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


def commands() -> str:
    """The page of the command line: each command's own help."""
    lines = [
        "# Command line",
        "",
        "`--json` gives JSON lines on standard output and nothing else there; logs and progress go to standard error.",
        "Exit code 0: done. 1: done, but some input was refused or nothing was found. 2: wrong use, an unreadable file",
        "or bad configuration, with one sentence on standard error.",
    ]
    context = click.Context(cli.group, info_name="vigie", terminal_width=100, max_content_width=100)
    for name in cli.COMMANDS:
        command = cli.group.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, terminal_width=100, max_content_width=100)
        lines += ["", f"## vigie {name}", "", "```text", command.get_help(inner), "```"]
    return "\n".join(lines) + "\n"


PAGES = {"layouts.md": layouts, "cli.md": commands}


def main() -> None:
    """Write every page whose text has changed."""
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(REFERENCE.parents[1])}")


if __name__ == "__main__":
    main()
