"""The table of solutions in national text: one row a position (RCC manual v5.1, 3.2.3 and chapter 4).

PROB EE SOL LATITUDE    LONGITUDE   DETECT TIME   SAT NUM SOURCE SRR  /BUFFER/BUFF_2
52   N/A A 26 40.3N    078 56.6W   24 183829 DEC S12 003 PEMCC CGD07
"""

from __future__ import annotations

import re
from typing import Any

from vigie.sit import values as forms
from vigie.sit.sheet import Line, Reading

HEAD = "PROB EE  SOL LATITUDE    LONGITUDE    DETECT TIME   SAT NUM SOURCE"
AREAS = " SRR   /BUFFER/BUFF_2"
KINDS = {"A": "Doppler", "B": "Doppler", "D": "DOA", "E": "encoded", "U": "unlocated"}
_ROW = re.compile(r"(N/A|-{1,3}|\d{1,3})\s{1,20}(N/A|-{1,3}|>?\d{1,4})\s{1,20}([ABDEU])\s{1,60}(.*)", re.ASCII)
_OLD_ROW = re.compile(r"(N/A|-{1,3}|\d{1,3})\s{1,20}()([ABDEU])\s{1,60}(.*)", re.ASCII)
_REST = re.compile(
    r"(.{0,60}?)(\d{1,2}\s{1,9}\d{4,6}\s{0,9}Z?\s{0,9}[A-Z]{3})(?:\s{1,9}\d{2})?\s{1,20}(\S{1,8})\s{1,20}(\d{1,4})"
    r"(?:\s{1,20}([^\s/]{1,12}))?(\s.{0,120}|/.{0,120})?",
    re.ASCII,
)


def is_head(line: Line) -> bool:
    """Whether a line names the columns of a table."""
    text = line.plain
    return "LATITUDE" in text and "LONGITUDE" in text and ("SOL" in text or "DURATION" in text)


def is_row(line: Line) -> bool:
    """Whether a line begins as a solution does."""
    return bool(_ROW.match(line.plain) or _OLD_ROW.match(line.plain))


def read(line: Line, reading: Reading, following: Line | None = None) -> tuple[dict[str, Any], bool] | None:
    """The solution of a line, and whether the line after it was needed because the row was wrapped."""
    found = _read(line.plain, line, reading)
    if found is None and following is not None and following.plain and not is_row(following):
        found = _read(f"{line.plain} {following.plain}", line, reading)
        if found is not None:
            reading.note(following, "taken as the wrapped end of the line before")
            return found, True
    return (found, False) if found is not None else None


def _read(text: str, line: Line, reading: Reading) -> dict[str, Any] | None:
    match = _ROW.fullmatch(text[:200]) or _OLD_ROW.fullmatch(text[:200])
    rest = _REST.fullmatch(match[4].strip()) if match else None
    if not match or not rest:
        return None
    place = forms.position(rest[1])
    odd: dict[str, Any] = {}
    if place is None and forms.looks_like_position(rest[1]):
        reading.note(line, f"{rest[1].strip()!r} is no position in degrees and minutes within its range")
        odd["position_text"] = rest[1].strip()
    elif place is None and rest[1].replace("N/A", "").strip(" -"):
        return None
    if place and (place[2] + place[3]).strip():
        return None
    time = forms.national(rest[2], reading.values.get("transmit_time"))
    if time is None:
        reading.note(line, f"{rest[2]!r} is no date of the calendar, or the header's time is not known")
        odd["detect_time_text"] = rest[2]
    error = _number(match[2].lstrip(">"))
    if error == 0:
        reading.note(line, "an expected error of 000 stands for not known")
    if error == 999 or match[2].startswith(">"):
        reading.note(line, f"an expected error of {match[2]} stands for over 150 NM")
    solution = {
        "sol": match[3],
        "prob": _number(match[1]),
        "ee_nm": error,
        "lat": place[0] if place else None,
        "lon": place[1] if place else None,
        "detect_time": time,
        "sat": rest[3],
        "num": int(rest[4]),
        "source": rest[5],
    }
    areas = srr_list(rest[6] or "")
    return solution | ({"srr": areas} if areas else {}) | odd


def _number(text: str) -> int | None:
    return int(text) if text.isdigit() else None


def srr_list(text: str) -> list[str]:
    """Areas of ``SRR /BUFFER/BUFF_2``."""
    return [part for part in re.split(r"[\s/]+", text) if part]


def write(solution: dict[str, Any]) -> str:
    """One row of the table. ValueError names what is missing."""
    prob, error, time = solution.get("prob"), solution.get("ee_nm"), solution.get("detect_time")
    lat, lon, kind = solution.get("lat"), solution.get("lon"), str(solution.get("sol") or "")
    if kind not in KINDS or not (time or solution.get("detect_time_text")):
        raise ValueError(f"a solution needs its sol ({', '.join(KINDS)}) and its detect_time")
    if solution.get("srr") and not solution.get("source"):
        raise ValueError("a solution with srr needs its source")
    place = str(solution.get("position_text") or "N/A")
    if lat is not None and lon is not None:
        place = forms.to_position(lat, lon, forms.decimals_for(lat, lon, 2 if kind == "E" else 1))
    numbers = f"{'N/A' if prob is None else f'{int(prob):02d}':<4s} {'N/A' if error is None else f'{int(error):03d}'}"
    areas = list(solution.get("srr") or [])
    tail = f"{areas[0]:<6s}" + "".join(f"/{area}" for area in areas[1:]) if areas else ""
    right = (
        f"{solution.get('sat') or '---'} {int(solution.get('num') or 0):03d} {solution.get('source') or '':<6s} {tail}"
    )
    clock = forms.to_national(time) if time else str(solution["detect_time_text"])
    return f"{numbers} {kind} {place:<26s} {clock} {right}".rstrip()
