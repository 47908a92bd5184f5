"""One case out of the journal as files, for the investigation afterwards: everything about one beacon, and its proof.

All of it comes from the journal, nothing is made up: raw messages as they were received, every decision with its
reason, positions, the way each burst came by. ``MANIFEST.json`` holds the SHA-256 of every file.
"""

from __future__ import annotations

import hashlib
import html
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import vigie
from vigie import jsonl
from vigie.errors import StoreError
from vigie.store.journal import Journal
from vigie.store.row import Row
from vigie.store.snapshot import rules

_PREFIXES = ("", "X-", "U-")


def rows_of(journal: Journal, asked: str) -> tuple[str, list[Row]]:
    """The id of an alert, given by itself or by its hex ID, and all its rows; raises StoreError when there is none."""
    text = "".join(asked.split())
    for name in dict.fromkeys(prefix + form for prefix in _PREFIXES for form in (text, text.upper())):
        if journal.alert(name) is not None:
            return name, journal.rows(beacon=name)
    raise StoreError(f"the store {journal.name} has no alert {asked!r}")


def files(journal: Journal, alert_id: str, rows: Sequence[Row]) -> dict[str, bytes]:
    """The files of a case by their names."""
    detections = [row for row in rows if row.kind == "detection"]
    solutions = [row for row in rows if row.kind == "solution"]
    alerts = [row for row in rows if row.kind == "alert"]
    decisions = list(_decisions(alerts))
    places = list(_places(solutions))
    made = {
        "journal.jsonl": _lines(_whole(row) for row in rows),
        "messages.jsonl": _lines({"seq": row.seq, **row.body} for row in detections),
        "decisions.jsonl": _lines(decisions),
        "positions.jsonl": _lines({"seq": row.seq, **row.body} for row in solutions),
        "alert.json": (jsonl.line(alerts[-1].body) + "\n").encode(),
        "raw.txt": "".join(_raw(row) for row in detections).encode(),
        "sent.txt": "\n".join(_sent(row) for row in rows if row.kind in ("sit", "exercise_sit")).encode(),
        "signals.jsonl": _lines(_signal(row) for row in detections),
        "map.geojson": (jsonl.line(_geojson(alert_id, places)) + "\n").encode(),
        "map.kml": _kml(alert_id, places).encode(),
        "summary.html": _summary(journal, alert_id, alerts[-1].body, decisions, places, detections).encode(),
    }
    sums = {name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in made.items()}
    manifest = {
        "case": alert_id,
        "store": journal.name,
        "version": vigie.__version__,
        "rules_sha256": rules(),
        "rows": len(rows),
        "first_seq": rows[0].seq,
        "last_seq": rows[-1].seq,
        "files": sums,
    }
    return made | {"MANIFEST.json": (jsonl.line(manifest) + "\n").encode()}


def write(made: dict[str, bytes], output: Path) -> None:
    """Put the files into a new folder, or into a new archive when the name ends in ``.zip``. Raises StoreError."""
    try:
        if output.suffix.lower() == ".zip":
            with zipfile.ZipFile(output, "x", zipfile.ZIP_DEFLATED) as archive:
                for name, data in sorted(made.items()):
                    archive.writestr(zipfile.ZipInfo(name), data)  # no date: the same case gives the same bytes
            return
        output.mkdir(parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise StoreError(f"{output} is not empty: a case goes into a folder of its own")
        for name, data in made.items():
            (output / name).write_bytes(data)
    except FileExistsError:
        raise StoreError(f"{output} is there already: give another name") from None
    except OSError as error:
        raise StoreError(f"{output} cannot be written: {error.strerror or error}") from error


def _lines(values: Iterable[Any]) -> bytes:
    return "".join(jsonl.line(value) + "\n" for value in values).encode()


def _sent(row: Row) -> str:
    """A message between centres as it was written, under a line that says to whom and in which row."""
    body = row.body
    lead = "EXERCISE, NEVER SENT: " if row.kind == "exercise_sit" else ""
    return f"-- {lead}row {row.seq}, {row.time}, to {body['to']}: {body['why']}\n{body['text']}"


def _whole(row: Row) -> dict[str, Any]:
    return {"seq": row.seq, "time": row.time, "kind": row.kind, "beacon": row.beacon, "body": row.body}


def _decisions(alerts: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Each change of what was held of the alert, with the reason in words."""
    stood: tuple[Any, ...] | None = None
    for row in alerts:
        body = row.body
        now = tuple(body.get(name) for name in ("state", "reason", "category"))
        if now != stood:
            stood = now
            names = ("state", "state_words", "reason", "category", "category_words", "bursts", "position")
            yield {"seq": row.seq, "time": row.time, **{name: body.get(name) for name in names}}


def _places(solutions: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """The positions, each place of each method once, with the first and the last time it was found."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in solutions:
        body = row.body
        name = tuple(body.get(key) for key in ("method", "latitude", "longitude", "ehe_m", "probability"))
        known = found.setdefault(name, {**body, "seq": row.seq, "times": 0})
        known["times"] += 1
        known["start"], known["end"] = min(known["start"], body["start"]), max(known["end"], body["end"])
    yield from found.values()


def _raw(row: Row) -> str:
    body = row.body
    return f"{body['time']} {body['hex_received']} {body.get('source') or '-'}\n"


def _signal(row: Row) -> dict[str, Any]:
    """Where the samples of a burst are, if its source is a recording that is still there."""
    body = row.body
    source = str(body.get("source") or "")
    path = Path(source) if source else None
    there = path is not None and path.is_file()
    names = ("time", "sample", "channel", "frequency_hz", "cn0_dbhz")
    return {
        "seq": row.seq,
        "source": source or None,
        **{name: body.get(name) for name in names},
        "recording": str(path.absolute()) if there and path is not None else None,
    }


def _geojson(alert_id: str, places: Sequence[dict[str, Any]]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [place["longitude"], place["latitude"]]},
            "properties": {key: place.get(key) for key in (*_TOLD, "covariance_m2", "alt_m", "seq")},
        }
        for place in places
    ]
    return {"type": "FeatureCollection", "name": alert_id, "features": features}


_TOLD = ("method", "ehe_m", "probability", "used", "start", "end", "times")


def _kml(alert_id: str, places: Sequence[dict[str, Any]]) -> str:
    marks = "".join(
        f"<Placemark><name>{escape(place['method'])} {escape(place['end'])}</name><description>"
        f"{escape(_place_words(place))}</description><TimeSpan><begin>{place['start']}</begin><end>{place['end']}</end>"
        f"</TimeSpan><Point><coordinates>{place['longitude']},{place['latitude']}</coordinates></Point></Placemark>\n"
        for place in places
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n'
        f"<name>{escape(alert_id)}</name>\n{marks}</Document></kml>\n"
    )


def _place_words(place: dict[str, Any]) -> str:
    radius = place.get("ehe_m")
    if radius is None:
        error = "accuracy unknown"
    else:
        error = f"{'coding step' if place['method'] == 'encoded' else '95 % within'} {radius:.0f} m"
    return f"{place['latitude']:.5f}, {place['longitude']:.5f} ({error}), found {place['times']} times"


def _summary(
    journal: Journal,
    alert_id: str,
    alert: dict[str, Any],
    decisions: Sequence[dict[str, Any]],
    places: Sequence[dict[str, Any]],
    detections: Sequence[Row],
) -> str:
    """One page that prints: what is known, what was decided and when, where."""
    known = [(name, alert.get(name)) for name in _KNOWN]
    bursts = [(row.time, row.body["hex_received"], row.body.get("source") or "", row.seq) for row in detections]
    exercise = "<p><strong>EXERCISE: no live alert.</strong></p>" if alert.get("exercise") else ""
    return (
        "<!doctype html>\n<html lang=en><meta charset=utf-8><title>Case "
        f"{html.escape(alert_id)}</title><style>body{{font:15px sans-serif;margin:2em;max-width:70em}}"
        "table{border-collapse:collapse;margin:1em 0}td,th{border:1px solid #999;padding:.2em .5em;text-align:left;"
        "vertical-align:top}td{overflow-wrap:anywhere}</style>\n"
        f"<h1>Case {html.escape(alert_id)}</h1>{exercise}\n"
        f"<p>From the journal {html.escape(journal.name)}, with Vigie {vigie.__version__}. Times are UTC. All that the "
        "journal holds of this case is in the files beside this page; MANIFEST.json has their SHA-256.</p>\n"
        + _table("What is known", ("", ""), known)
        + _table(
            "Decisions",
            ("time", "state", "reason", "row"),
            [(item["time"], item["state_words"], item["reason"], item["seq"]) for item in decisions],
        )
        + _table(
            "Positions",
            ("method", "where", "first", "last"),
            [(place["method"], _place_words(place), place["start"], place["end"]) for place in places],
        )
        + _table("Bursts as received", ("time", "hex", "source", "row"), bursts)
        + "</html>\n"
    )


_KNOWN = (
    *("hex_id", "category_words", "state_words", "reason", "country", "beacon_type", "protocol"),
    *("first_seen", "last_seen", "changed", "bursts"),
)


def _table(title: str, heads: Sequence[str], lines: Sequence[Sequence[Any]]) -> str:
    def cells(tag: str, values: Sequence[Any]) -> str:
        told = ("unknown" if value is None else str(value) for value in values)
        return "<tr>" + "".join(f"<{tag}>{html.escape(value)}</{tag}>" for value in told) + "</tr>\n"

    head = cells("th", heads) if any(heads) else ""
    return f"<h2>{title}</h2>\n<table>\n{head}{''.join(cells('td', line) for line in lines)}</table>\n"
