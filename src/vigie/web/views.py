"""What the interface shows of journal rows: plain dicts, made from the journal alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigie.store.journal import Journal, Row

HELD_BACK = ("facts", "description")
"""parts of an alert that its line in a list leaves out"""
NAMES = ("mmsi", "callsign", "aircraft_24bit", "aircraft_registration", "aircraft_operator_3ld", "hex_id_15")
"""facts by which people know a beacon besides its ID"""
DETECTIONS = 500
"""bursts that one reply holds unless more are asked for"""
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


def alert_words(body: dict[str, Any]) -> str:
    state, reason = body.get("state_words") or body.get("state"), body.get("reason")
    return f"{state}: {reason}" if reason else str(state)


def order_words(body: dict[str, Any]) -> str:
    what = ORDERS.get(str(body.get("what")), str(body.get("what")))
    words = what.format(to=body.get("to") or "all")
    return f"{words} By {body['by']}." if body.get("by") else words


def solution_words(body: dict[str, Any]) -> str:
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


def detection_words(body: dict[str, Any]) -> str:
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
