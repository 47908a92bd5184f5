"""Of which system a satellite is, from its number or its code in messages between centres."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib import resources
from typing import Literal, cast

System = Literal["LEO", "GEO", "MEO"]


@lru_cache(maxsize=1)
def _known() -> dict[str, System]:
    text = (resources.files("vigie.data") / "satellites.csv").read_text(encoding="utf-8")
    found: dict[str, System] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        for name in (row["code"], row["name"].upper(), row["number"]):
            if name:
                found[name] = cast("System", row["system"])
    return found


@lru_cache(maxsize=1024)
def system(name: str) -> System | None:
    """LEO, GEO or MEO; None for one that is not known.

    Codes and three-digit numbers are those of R Table 3.2.9; numbers from 300 on are navigation satellites (300 + GPS,
    400 + Galileo, 500 + GLONASS, 600 + BeiDou).
    """
    text = name.strip().upper()
    if text in _known():
        return _known()[text]
    if text.isascii() and text.isdigit() and 300 <= int(text) < 700:
        return "MEO"
    return "MEO" if text.startswith(("MEO", "GALILEO", "GPS", "GLONASS", "BEIDOU", "W0")) else None
