"""What the interface shows of journal rows: plain dicts, made from the journal alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row

HELD_BACK = ("facts", "description")
"""parts of an alert that its line in a list leaves out"""
NAMES = ("mmsi", "callsign", "aircraft_24bit", "aircraft_registration", "aircraft_operator_3ld", "hex_id_15")
"""facts by which people know a beacon besides its ID"""
DETECTIONS = 500
"""bursts that one reply holds unless more are asked for"""
MESSAGES = 200
"""messages that one reply holds"""
METHODS = {
    "encoded": "Encoded position",
    "doppler": "Doppler position",
    "doa": "Position by difference of arrival",
    "fused": "Position by all measurements",
}
ORDERS = {
    "close": "The duty officer closes the alert.",
    "add": "The duty officer adds {to}.",
    "remove": "The duty officer takes off {to}.",
    "resend": "The duty officer sends again to {to}.",
}
PREFIXES = ("", "X-")
"""what may stand before a hex ID in the id of an alert: X- for an exercise"""


def row(row: Row) -> dict[str, Any]:
    """A journal row as JSON."""
    return {"seq": row.seq, "time": row.time, "kind": row.kind, "beacon": row.beacon, "body": row.body}


def alert(row: Row) -> dict[str, Any]:
    """An alert with the seq of the row it comes from."""
    return {**row.body, "seq": row.seq}


def summary(row: Row) -> dict[str, Any]:
    """An alert without the fields of its message: what a list and a map need."""
    facts = row.body.get("facts") or {}
    kept = {name: value for name, value in row.body.items() if name not in HELD_BACK}
    told = {"seq": row.seq, "verdict": facts.get("verdict"), "generation": facts.get("generation")}
    return {**kept, **told, "names": [str(facts[name]) for name in NAMES if facts.get(name)]}


def name(journal: Journal) -> str:
    """What tells this journal from another one: a digest of its first row; empty while there is none."""
    first = journal.rows(limit=1)
    return hashlib.sha256(repr((first[0].time, first[0].body)).encode()).hexdigest()[:12] if first else ""


def dossier(rows: Iterable[Row], limit: int = DETECTIONS) -> dict[str, Any]:
    """The raw bursts and messages of one alert, newest first, and its time line, oldest first."""
    kept = list(rows)
    bursts = [{**row.body, "seq": row.seq} for row in reversed(kept) if row.kind == "detection"]
    called = messages(kept)
    return {
        "detections": bursts[:limit],
        "detections_total": len(bursts),
        "journal": time_line(kept),
        "messages": called[:MESSAGES],
        "messages_total": len(called),
    }


def messages(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The messages an alert called for in its life, newest first, each with the text that was written, if one was."""
    called: list[dict[str, Any]] = []
    written: dict[tuple[Any, Any, Any], str] = {}
    for row in rows:
        if row.kind == "alert":
            called += [{**notice, "seq": row.seq, "time": row.time} for notice in row.body.get("notices") or ()]
        elif row.kind in ("sit", "exercise_sit"):
            body = row.body
            written[body.get("to"), body.get("number"), body.get("serial")] = body.get("text", "")
    for notice in called:
        notice["text"] = written.get((notice["to"], notice["number"], notice["serial"]))
    return called[::-1]


def time_line(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """What happened to an alert, in words: its first burst, each position, each change of state or reason."""
    line: list[dict[str, Any]] = []
    stood: tuple[Any, ...] | None = None
    placed: set[tuple[Any, ...]] = set()
    heard = False
    for row in rows:
        words = None
        if row.kind == "alert":
            now = tuple(row.body.get(name) for name in ("state", "reason", "category"))
            if now != stood:
                stood, words = now, _alert_words(row.body)
        elif row.kind == "solution":
            place = tuple(row.body.get(name) for name in ("method", "latitude", "longitude", "ehe_m"))
            if place not in placed:  # the same encoded position comes with every burst
                placed.add(place)
                words = _solution_words(row.body)
        elif row.kind == "detection" and not heard:
            heard, words = True, _detection_words(row.body)
        elif row.kind == "order":
            words = _order_words(row.body)
        elif row.kind == "note":
            words = row.body.get("words")
        if words:
            line.append({"seq": row.seq, "time": row.time, "kind": row.kind, "words": words})
    return line


def _alert_words(body: dict[str, Any]) -> str:
    state, reason = body.get("state_words") or body.get("state"), body.get("reason")
    return f"{state}: {reason}" if reason else str(state)


def _order_words(body: dict[str, Any]) -> str:
    what = ORDERS.get(str(body.get("what")), str(body.get("what")))
    words = what.format(to=body.get("to") or "all")
    return f"{words} By {body['by']}." if body.get("by") else words


def _solution_words(body: dict[str, Any]) -> str:
    radius, method, share = body.get("ehe_m"), str(body.get("method")), body.get("probability")
    if radius is None:
        error = "accuracy unknown"
    elif method == "encoded":
        error = f"coding step ± {distance(radius)}"
    else:
        error = f"within {distance(radius)} (95 %)"
    doubt = "" if share is None or share > 0.9995 else f", probability {100 * share:.0f} %"
    name = METHODS.get(method, f"Position ({method})")
    return f"{name}: {place(body)}, {error}{doubt}"


def _detection_words(body: dict[str, Any]) -> str:
    words = f"First burst, {body.get('generation') or 'generation unknown'}"
    cn0, source = body.get("cn0_dbhz"), body.get("source")
    if cn0 is not None:
        words += f", C/N0 {cn0:.1f} dBHz"
    return f"{words}, from {source}" if source else words


def place(body: dict[str, Any]) -> str:
    """Latitude and longitude as people write them, or "no position"."""
    lat, lon = body.get("latitude"), body.get("longitude")
    if lat is None or lon is None:
        return "no position"
    return f"{abs(lat):.4f}° {'S' if lat < 0 else 'N'} {abs(lon):.4f}° {'W' if lon < 0 else 'E'}"


def distance(metres: float) -> str:
    """A distance with two digits that matter."""
    return f"{metres:.0f} m" if metres < 1000 else f"{metres / 1000:.1f} km"
