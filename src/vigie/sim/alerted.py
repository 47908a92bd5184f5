"""The alerts that a stream of detections and solutions gives, with the moments at which they changed, for scoring."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vigie import ingest, instants
from vigie.alert import states
from vigie.alert.book import AlertBook
from vigie.alert.matching import encoded
from vigie.errors import InputError
from vigie.records import Detection, Record, Solution


def records(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[instants.Instant, Record]]:
    """Detections and solutions of a stream with the moment each was there; the rest is passed over."""
    for row in rows:
        try:
            if "ehe_m" in row and "method" in row:
                solution = _solution(row)
                if solution is not None:
                    yield _there(row, solution.end), solution
            elif "hex" in row or "hex_received" in row:
                detection = ingest.detection(row)
                yield _there(row, detection.time), detection
        except InputError:
            continue  # a line that is no detection was counted when it was compared


def _there(row: Mapping[str, Any], otherwise: instants.Instant) -> instants.Instant:
    return instants.parse(str(row["delivered"])) if row.get("delivered") else otherwise


def _solution(row: Mapping[str, Any]) -> Solution | None:
    if row.get("latitude") is None or row.get("method") in (None, "encoded"):
        return None
    covariance = row.get("covariance_m2")
    return Solution(
        str(row.get("hex_id") or row["beacon"]),
        row["method"],
        float(row["latitude"]),
        float(row["longitude"]),
        instants.parse(str(row["start"])),
        instants.parse(str(row["end"])),
        row["ehe_m"],
        alt_m=row.get("altitude_m"),
        covariance_m2=None if covariance is None else (covariance[0], covariance[1], covariance[2]),
        probability=1.0 if row.get("probability") is None else float(row["probability"]),
        used=int(row.get("used") or 1),
        exercise=bool(row.get("exercise", True)),
        satellites=tuple(str(name) for name in row.get("satellites") or ()) if _named(row) else (),
        more=bool(row.get("more", False)),
    )


def _named(row: Mapping[str, Any]) -> bool:
    """Whether a solution names its satellites; some lines only count them."""
    return isinstance(row.get("satellites"), list | tuple)


def alerts(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The alerts as ``vigie replay`` prints them, with ``alerted_at``, ``located_at`` and ``confirmed_at``.

    The moments are those at which the records that brought them about were there, in order of that.
    """
    book = AlertBook()
    moments: dict[str, dict[str, Any]] = {}
    for there, record in sorted(records(rows), key=lambda item: item[0]):
        for one in (record, *_stated(record)):
            for alert in book.take(one):
                row = moments.setdefault(alert.id, {})
                if alert.state in states.DISTRESS:
                    row.setdefault("alerted_at", there)
                if alert.solutions:
                    row.setdefault("located_at", there)
                if alert.state in states.SURE:
                    row.setdefault("confirmed_at", there)
    return [
        {
            "id": alert.id,
            "hex_id": alert.hex_id,
            "state": alert.state,
            "first_seen": alert.first_seen,
            "changed": alert.changed,
            "bursts": alert.bursts,
            "solutions": [],
            **moments.get(alert.id, {}),
        }
        for alert in book.alerts()
    ]


def _stated(record: Record) -> list[Record]:
    """The position that a detection states, as a solution of its own."""
    solution = encoded(record) if isinstance(record, Detection) else None
    return [] if solution is None else [solution]
