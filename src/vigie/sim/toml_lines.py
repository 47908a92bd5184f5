"""Which line of a TOML file holds a key: for sentences that say where something is wrong.

``tomllib`` keeps no places, so table headers and keys at the beginning of lines are looked for. A key inside an inline
table is found by the line of the table that holds it.
"""

from __future__ import annotations

import re
from collections import Counter

Path = tuple[str | int, ...]
"""keys, and for tables of an array their number from 0"""

_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-]+|\"[^\"]*\"|'[^']*')\s*=")


def lines(text: str) -> dict[Path, int]:
    """The line, from 1, of every table header and of every key that begins a line."""
    found: dict[Path, int] = {}
    counts: Counter[Path] = Counter()
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = _table(header.group(2), header.group(1) == "[[", counts)
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            found.setdefault((*table, key.group(1).strip("\"'")), number)
    return found


def _table(name: str, many: bool, counts: Counter[Path]) -> Path:
    """The path of a header: each array of tables on the way is at its latest element."""
    path: Path = ()
    keys = [part.strip().strip("\"'") for part in name.split(".")]
    for index, key in enumerate(keys):
        path = (*path, key)
        if many and index == len(keys) - 1:
            counts[path] += 1
        if counts[path]:
            path = (*path, counts[path] - 1)
    return path


def line_of(found: dict[Path, int], path: Path) -> int | None:
    """The line of the longest known beginning of a path; of an array of tables, that of its first."""
    for size in range(len(path), 0, -1):
        for known in (path[:size], (*path[:size], 0)):
            if known in found:
                return found[known]
    return None
