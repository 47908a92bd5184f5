"""Type approval certificate numbers to beacon models, from a table that the user gives.

The Cospas-Sarsat list of certificates is not shipped: it changes, and a wrong name would mislead. A table is CSV with a
header and at least the columns ``tac`` and ``model``; more columns are kept.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from typing import Any

from vigie.errors import InputError

Table = Mapping[int, Mapping[str, str]]


def read_table(lines: Iterable[str]) -> Table:
    """The rows of a certificate table by number. Raises InputError naming the line that cannot be read."""
    reader = csv.DictReader(lines)
    missing = {"tac", "model"} - set(reader.fieldnames or ())
    if missing:
        raise InputError(
            f"a certificate table needs the columns tac and model; {' and '.join(sorted(missing))} missing"
        )
    table: dict[int, dict[str, str]] = {}
    for row in reader:
        number = (row.get("tac") or "").strip()
        if not (number.isascii() and number.isdecimal()):
            raise InputError(f"line {reader.line_num} of the certificate table: {number!r} is no certificate number")
        table[int(number)] = {key: value or "" for key, value in row.items() if key and key != "tac"}
    return table


def model_of(facts: Mapping[str, Any], table: Table) -> Mapping[str, str] | None:
    """What the table says of the certificate number that a message states; None when either says nothing."""
    number = facts.get("rls_tac", facts.get("tac"))
    return table.get(number) if isinstance(number, int) else None
