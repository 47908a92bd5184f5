"""Journal rows in words and in the forms of other programs: text, CSV, GeoJSON, KML, Cursor on Target.

Everything is made of the row alone, as the journal keeps it. What belongs to an exercise says so in every form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.etree import ElementTree

EXERCISE = "EXERCISE"
Body = Mapping[str, Any]
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
METHODS = {"encoded": "encoded", "doppler": "Doppler", "doa": "DOA", "fused": "from all measurements"}


def is_exercise(body: Body) -> bool:
    """Whether a row belongs to an exercise."""
    return bool(body.get("exercise"))


def place(body: Body | None) -> str:
    """A position with its method and what is known of its error, in words."""
    lat, lon = (body or {}).get("latitude"), (body or {}).get("longitude")
    if body is None or lat is None or lon is None:
        return "no position"
    ehe_m = body.get("ehe_m")
    if ehe_m is None:
        error = "error unknown"
    elif body.get("method") == "encoded":
        error = f"coding step ±{ehe_m / 1000:.2f} km"
    else:
        error = f"within {ehe_m / 1000:.1f} km (95 %)"
    method = METHODS.get(str(body.get("method")), str(body.get("method")))
    return f"{abs(lat):.4f}{'S' if lat < 0 else 'N'} {abs(lon):.4f}{'W' if lon < 0 else 'E'} ({method}, {error})"


def headline(body: Body) -> str:
    """An alert on one line: what it is, which beacon, where, how it stands."""
    head = f"{EXERCISE} " if is_exercise(body) else ""
    what = body.get("category_words") or body.get("category")
    who = " ".join(str(body[name]) for name in ("country", "beacon_type") if body.get(name))
    state = body.get("state_words") or body.get("state")
    beacon = body.get("hex_id") or f"{body.get('id')} (identity not to be trusted)"
    return f"{head}{what}: {beacon}{f' ({who})' if who else ''}, {place(body.get('position'))}, {state}"


def page(body: Body) -> str:
    """An alert on a few lines, as a mail says it."""
    lines = [headline(body), ""]
    if is_exercise(body):
        lines[:0] = [f"{EXERCISE} - {EXERCISE} - {EXERCISE}", ""]
    for words, name in (
        ("State", "state_words"), ("Reason", "reason"), ("Beacon", "hex_id"), ("Type", "beacon_type"),
        ("Protocol", "protocol"), ("Country", "country"), ("First burst", "first_seen"), ("Last burst", "last_seen"),
        ("Bursts", "bursts"),
    ):  # fmt: skip
        if body.get(name) is not None:
            lines.append(f"{words + ':':13} {body[name]}")
    solutions = body.get("solutions") or ()
    for solution in solutions:
        share = solution.get("probability")
        doubt = f", probability {100 * share:.0f} %" if share is not None and share < 0.9995 else ""
        lines.append(f"{'Position:':13} {place(solution)}{doubt}, {solution.get('end')}")
    if not solutions:
        lines.append("Position:     none known")
    lines += ["", "Vigie is no alerting service of its own: the rescue coordination centre decides."]
    return "\n".join(lines) + "\n"


def text(row: Mapping[str, Any]) -> str:
    """A row of the journal on one line for people; ``row`` as the live stream gives it."""
    body, kind, when = row["body"], row["kind"], row.get("time") or "time unknown"
    mark = f"{EXERCISE} " if is_exercise(body) else ""
    if kind == "alert":
        return f"{when} {kind:9} {headline(body)}"
    if kind == "solution":
        return f"{when} {kind:9} {mark}{body.get('hex_id')}, {place(body)}"
    if kind == "detection":
        message = body.get("message") or {}
        name = message.get("hex_id") or "identity not to be trusted"
        measured = [f"{body[key]:.{digits}f} {unit}" for key, digits, unit in
                    (("cn0_dbhz", 1, "dBHz"), ("frequency_hz", 1, "Hz")) if body.get(key) is not None]  # fmt: skip
        origin = f"from {body['source']}" if body.get("source") else ""
        return f"{when} {kind:9} {mark}" + ", ".join(part for part in (name, *measured, origin) if part)
    return f"{when} {kind:9} {mark}{row.get('beacon') or ''}".rstrip()


COLUMNS = (
    "seq", "time", "kind", "exercise", "beacon", "hex_id", "category", "state", "country", "beacon_type", "latitude",
    "longitude", "method", "ehe_m", "probability", "bursts", "frequency_hz", "cn0_dbhz", "source", "hex",
)  # fmt: skip
"""of the CSV form; new ones are added at the end"""


def columns(row: Mapping[str, Any]) -> list[Any]:
    """The values of a row in the order of COLUMNS; None where it has none.

    Texts that a spreadsheet would take for a formula get an apostrophe before them.
    """
    body = row["body"]
    nested: dict[str, Any] = {**(body.get("message") or {}), **(body.get("position") or {})}
    own = {"exercise": is_exercise(body), **{name: row.get(name) for name in ("seq", "time", "kind", "beacon")}}
    values = [own.get(name, body.get(name, nested.get(name))) for name in COLUMNS]
    return [f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" else value for value in values]


def features(alerts: Iterable[Body]) -> list[dict[str, Any]]:
    """GeoJSON features (RFC 7946): one for each position of each alert, ``geometry`` null for an alert without one."""
    made = []
    kept = ("id", "hex_id", "category", "state", "state_words", "reason", "exercise", "country", "beacon_type",
            "first_seen", "last_seen", "bursts")  # fmt: skip
    for alert in alerts:
        about = {name: alert.get(name) for name in kept}
        about["title"] = headline(alert)
        shown = alert.get("position")
        solutions = alert.get("solutions") or ([shown] if shown else [])
        for number, solution in enumerate(solutions or [None]):
            values = solution or {}
            point = solution and {"type": "Point", "coordinates": [values["longitude"], values["latitude"]]}
            more = {name: values.get(name) for name in ("method", "ehe_m", "probability", "start", "end")}
            made.append({"type": "Feature", "id": f"{alert['id']}/{number}", "geometry": point,
                         "properties": {**about, **more, "shown": _same_place(values, shown)}})  # fmt: skip
    return made


def _same_place(solution: Body, shown: Body | None) -> bool:
    return bool(shown) and all(solution.get(name) == (shown or {}).get(name) for name in ("latitude", "longitude"))


def clean(value: Any) -> str:
    """A text that XML can carry."""
    return _CONTROL.sub("\ufffd", str(value))


def _element(parent: ElementTree.Element, name: str, content: Any = None, **attributes: Any) -> ElementTree.Element:
    made = ElementTree.SubElement(parent, name, {key: clean(value) for key, value in attributes.items()})
    if content is not None:
        made.text = clean(content)
    return made


def _xml(root: ElementTree.Element) -> bytes:
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def circle(lat_deg: float, lon_deg: float, radius_m: float, points: int = 48) -> list[tuple[float, float]]:
    """Latitude and longitude of points on a geodesic circle, the last the first again."""
    from pyproj import Geod

    azimuths = [360.0 * index / points for index in range(points)]
    some = [1.0] * points
    lons, lats, _ = Geod(ellps="WGS84").fwd(
        [lon_deg * one for one in some], [lat_deg * one for one in some], azimuths, [radius_m * one for one in some]
    )
    ring = list(zip(lats, lons, strict=True))
    return [*ring, ring[0]]


_KML = "http://www.opengis.net/kml/2.2"
_COLOURS = {"distress": "ff2020e0", "cancelled": "ff808080", "exercise": "ffe08020"}


def kml(alerts: Iterable[Body]) -> bytes:
    """All positions as KML: a mark, and the circle of its expected error where that is known."""
    root = ElementTree.Element("kml", xmlns=_KML)
    document = _element(root, "Document")
    _element(document, "name", "Vigie")
    for name, colour in (*_COLOURS.items(), ("other", "ff40a0a0")):
        style = _element(document, "Style", id=name)
        _element(_element(style, "IconStyle"), "color", colour)
        _element(_element(style, "LineStyle"), "color", colour)
        _element(_element(style, "PolyStyle"), "fill", "0")
    for feature in features(alerts):
        about, point = feature["properties"], feature["geometry"]
        if point is None:
            continue
        category = "exercise" if about["exercise"] else about["category"]
        mark = _element(document, "Placemark", id=re.sub(r"[^\w.-]", "_", f"a-{feature['id']}"))
        _element(mark, "name", f"{f'{EXERCISE} ' if about['exercise'] else ''}{about['hex_id'] or about['id']}")
        _element(mark, "description", f"{about['title']}\n{about['method']}, {about['end']}")
        _element(mark, "styleUrl", f"#{category if category in _COLOURS else 'other'}")
        if about["end"]:
            _element(_element(mark, "TimeStamp"), "when", about["end"])
        both = _element(mark, "MultiGeometry")
        lon, lat = point["coordinates"]
        _element(_element(both, "Point"), "coordinates", f"{lon},{lat}")
        if about["ehe_m"]:
            ring = _element(_element(_element(both, "Polygon"), "outerBoundaryIs"), "LinearRing")
            border = circle(lat, lon, about["ehe_m"])
            _element(ring, "coordinates", " ".join(f"{x:.6f},{y:.6f}" for y, x in border))
    return _xml(root)


def network_kml(url: str, seconds: int) -> bytes:
    """A KML file that makes Google Earth read ``url`` again and again."""
    root = ElementTree.Element("kml", xmlns=_KML)
    link = _element(root, "NetworkLink")
    _element(link, "name", "Vigie")
    where = _element(link, "Link")
    _element(where, "href", url)
    _element(where, "refreshMode", "onInterval")
    _element(where, "refreshInterval", seconds)
    return _xml(root)


UNKNOWN_M = 9_999_999.0
"""Cursor on Target's number for an unknown error or height"""


def cot(body: Body, now: str, stale: str) -> bytes | None:
    """An alert as a Cursor on Target event (MITRE MP090284: event schema 2.0); None without a position.

    The type is an emergency call (``b-a-o-tbl``) for distress, a cancelled one (``b-a-o-can``) after cancellation, else
    a plain point of interest. An exercise has the how-it-is-known field of a simulation and says so in its name.
    """
    position = body.get("position")
    if not position:
        return None
    exercise, category = is_exercise(body), body.get("category")
    kind = {"distress": "b-a-o-tbl", "cancelled": "b-a-o-can"}.get(str(category), "b-m-p-s-p-loc")
    if exercise:
        kind = "b-m-p-s-p-loc"  # an exercise never sets off the emergency alarm of a TAK client
    ehe_m = position.get("ehe_m")
    event = ElementTree.Element(
        "event", version="2.0", uid=clean(f"vigie.{body['id']}"), type=kind, how="m-s" if exercise else "m-r",
        time=now, start=clean(body.get("last_seen") or now), stale=stale,
    )  # fmt: skip
    error = UNKNOWN_M if ehe_m is None or position.get("method") == "encoded" else ehe_m
    _element(event, "point", lat=position["latitude"], lon=position["longitude"], hae=UNKNOWN_M, ce=error, le=UNKNOWN_M)
    detail = _element(event, "detail")
    name = f"{EXERCISE} " if exercise else ""
    _element(detail, "contact", callsign=f"{name}406 {body.get('hex_id') or body['id']}")
    _element(detail, "remarks", headline(body))
    return _xml(event)
