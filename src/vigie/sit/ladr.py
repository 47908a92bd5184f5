"""Upload of a distress event to the ICAO repository of aircraft in distress (LADR), a FIXM 4.2 XML message.

Written from the samples of three centres and the digest of EUROCONTROL's public ``ladrApplicationMessages`` (frozen
2023-05-31); its schema was not read here. XML is taken without a document type, so no entity is ever expanded and
nothing outside the text is ever opened.
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from vigie.sit import values as forms
from vigie.sit.sheet import Reading, SitError

LADR = "http://www.eurocontrol.int/nm/fixm/app/ladr/1.0"
BASE = "http://www.fixm.aero/base/4.2"
FLIGHT = "http://www.fixm.aero/flight/4.2"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES = (("ladr", LADR), ("fb", BASE), ("fx", FLIGHT), ("xsi", XSI))
_POS = "flight/emergency/lastContact/position"
PATHS: tuple[tuple[str, str], ...] = (
    ("identifier", "metadata/identifier"),
    ("timestamp", "metadata/timestamp"),
    ("message_type", "metadata/type"),
    ("contributor_code", "distressEvent/contributorCode"),
    ("adt_type", "distressEvent/typeOfAdt/type/type"),
    ("adt_activation_method", "distressEvent/adtActivationMethod"),
    ("aircraft_address", "distressEvent/flight/aircraft/aircraftAddress"),
    ("beacon_id", "distressEvent/flight/aircraft/capabilities/survival/extension/carriedEltHexIdentifier"),
    ("registration", "distressEvent/flight/aircraft/registration"),
    ("altitude", f"distressEvent/{_POS}/extension/altitude"),
    ("horizontalAccuracy", f"distressEvent/{_POS}/extension/horizontalAccuracy"),
    ("pos", f"distressEvent/{_POS}/position/position/pos"),
    ("time_at_position", f"distressEvent/{_POS}/timeAtPosition"),
    ("operator_3ld", "distressEvent/flight/operator/designatorIcao"),
)
"""each value and the local names of the elements that lead to it"""
ALWAYS = ("identifier", "timestamp", "contributor_code", "adt_type", "adt_activation_method", "aircraft_address",
          "beacon_id", "time_at_position", "operator_3ld")  # fmt: skip
MANDATORY = ("identifier", "timestamp", "contributor_code", "adt_type", "beacon_id", "time_at_position", "operator_3ld",
             "lat", "lon")  # fmt: skip
_ATTRIBUTES = {"altitude": (("uom", "altitude_uom"), ("altitudeSource", "altitude_source")),
               "horizontalAccuracy": (("uom", "horizontal_accuracy_uom"),)}  # fmt: skip
_IGNORED = {"identifier": {"codeSpace"}, "position": {"srsName"}, "extension": {"type"},
            "LadrApplicationMessage": {"schemaLocation"}}  # fmt: skip
MOST_DEEP = 40


def parse_xml(text: str) -> ElementTree.Element:
    """The root of an XML text. SitError on a document type or an entity, on depth, and on what is not well formed."""
    match = re.search(r"<!(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", text, re.IGNORECASE)
    if match:
        line = text.count("\n", 0, match.start()) + 1
        raise SitError(line, "a document type or entity declaration is refused: XML from outside may not define any")
    try:
        root = ElementTree.fromstring(text.lstrip("\ufeff \t\r\n"))
    except ElementTree.ParseError as error:
        raise SitError(error.position[0], f"not well-formed XML: {error}") from None
    except ValueError as error:  # a lone surrogate
        raise SitError(None, f"not XML: {error}") from None
    level, depth = [root], 0
    while level:
        level, depth = [child for element in level for child in element], depth + 1
        if depth > MOST_DEEP:
            raise SitError(None, f"XML elements are nested more than {MOST_DEEP} deep")
    return root


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def read(text: str, reading: Reading) -> None:
    """Put what a LADR upload says into the reading; elements that no row names are listed."""
    root = parse_xml(text)
    if _local(root.tag) != "LadrApplicationMessage":
        raise SitError(1, f"the XML root is {_local(root.tag)!r}, not LadrApplicationMessage")
    put, wanted = reading.values, {path: key for key, path in PATHS}
    put |= {"form": "ladr", **dict.fromkeys(ALWAYS)}
    stack: list[tuple[ElementTree.Element, str]] = [(root, "")]
    while stack:
        element, path = stack.pop()
        _attributes(element, wanted.get(path), reading)
        value = (element.text or "").strip()
        key = wanted.get(path)
        if key and not len(element):
            if key in put and put[key] is not None:
                reading.note(None, f"{path} is given twice: the first is kept")
                reading.unread.append({"line": None, "text": f"{path}: {value}"})
            elif value:
                put[key] = value
        elif value:
            reading.unread.append({"line": None, "text": f"{path or _local(element.tag)}: {value}"})
        if element.tail and element.tail.strip():
            reading.unread.append({"line": None, "text": element.tail.strip()})
        children = [(child, f"{path}/{_local(child.tag)}".lstrip("/")) for child in element]
        stack.extend(reversed(children))
    _finish(reading)


def _attributes(element: ElementTree.Element, key: str | None, reading: Reading) -> None:
    named = dict(_ATTRIBUTES.get(key or "", ()))
    for name, value in element.attrib.items():
        if _local(name) in named and (element.text or "").strip():
            reading.values.setdefault(named[_local(name)], value)
        elif _local(name) not in _IGNORED.get(_local(element.tag), set()):
            reading.unread.append({"line": None, "text": f"{_local(element.tag)} {_local(name)}={value}"})


def _finish(reading: Reading) -> None:
    put = reading.values
    pos = str(put.pop("pos", ""))
    put["lat"] = put["lon"] = None
    words = pos.split()
    if len(words) == 2 and all(re.fullmatch(r"[+-]?\d{1,3}(?:\.\d{1,20})?", word, re.ASCII) for word in words):
        lat, lon = (round(float(word), 5) + 0.0 for word in words)
        if abs(lat) <= 90 and abs(lon) <= 180:
            put["lat"], put["lon"] = lat, lon
    if pos and put["lat"] is None:
        reading.note(None, f"pos {pos!r} is no latitude and longitude in degrees")
        reading.unread.append({"line": None, "text": f"pos: {pos}"})
    identity = forms.hex_id(put["beacon_id"] or "")
    if identity:
        put["beacon_id"], put["beacon_id_mid"] = identity, forms.country_of(identity)
    elif put["beacon_id"]:
        reading.note(None, f"{put['beacon_id']!r} is no beacon ID of 15 or 23 hexadecimal digits")
        reading.unread.append({"line": None, "text": f"carriedEltHexIdentifier: {put['beacon_id']}"})
        put["beacon_id"] = None
    for key in MANDATORY:
        if put.get(key) is None:
            reading.note(None, f"{key} is mandatory and missing")
    put.setdefault("sit", None)


def write(values: dict[str, Any]) -> str:
    """The XML of an upload. SitError names a mandatory value that is missing."""
    missing = [key for key in MANDATORY if values.get(key) is None]
    if missing:
        raise SitError(None, f"a LADR upload needs {', '.join(missing)}")
    for prefix, uri in _PREFIXES:
        ElementTree.register_namespace(prefix, uri)
    root = ElementTree.Element(f"{{{LADR}}}LadrApplicationMessage")
    add = _Builder(root)
    add(LADR, "metadata/identifier", values["identifier"], {"codeSpace": "urn:uuid"})
    add(LADR, "metadata/timestamp", values["timestamp"])
    add(LADR, "metadata/type", values.get("message_type") or "DISTRESS_EVENT_UPLOAD_MESSAGE")
    add(LADR, "distressEvent/contributorCode", values["contributor_code"])
    add(LADR, "distressEvent/typeOfAdt/type/type", values["adt_type"])
    if values.get("adt_activation_method") is not None:
        add(LADR, "distressEvent/adtActivationMethod", values["adt_activation_method"])
    event = root[1]
    flight = _Builder(ElementTree.SubElement(event, f"{{{LADR}}}flight"))
    if values.get("aircraft_address") is not None:
        flight(FLIGHT, "aircraft/aircraftAddress", values["aircraft_address"])
    kind = f"{{{XSI}}}type"
    survival = _Builder(flight.make(FLIGHT, "aircraft/capabilities/survival"))
    holder = survival.make(FLIGHT, "extension", {kind: "ladr:LadrSurvivalCapabilitiesExtensionType"})
    _Builder(holder)(LADR, "carriedEltHexIdentifier", values["beacon_id"])
    if values.get("registration"):
        flight(FLIGHT, "aircraft/registration", values["registration"])
    position = _Builder(flight.make(FLIGHT, "emergency/lastContact/position"))
    holder = position.make(FLIGHT, "extension", {kind: "ladr:LadrLastPositionReportExtensionType"})
    for key in ("altitude", "horizontalAccuracy"):
        if values.get(key) is not None:
            attributes = {name: values[k] for name, k in _ATTRIBUTES[key] if values.get(k) is not None}
            _Builder(holder)(LADR, key, values[key], attributes)
    point = position.make(FLIGHT, "position")
    place = _Builder(_Builder(point).make(BASE, "position", {"srsName": "urn:ogc:def:crs:EPSG::4326"}))
    place(BASE, "pos", f"{values['lat']:.5f} {values['lon']:.5f}")
    position(FLIGHT, "timeAtPosition", values["time_at_position"])
    _Builder(flight.make(FLIGHT, "operator"))(BASE, "designatorIcao", values["operator_3ld"])
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


class _Builder:
    """Adds elements below one, making those of the path that are not there yet."""

    def __init__(self, top: ElementTree.Element) -> None:
        self.top = top

    def make(self, uri: str, path: str, attributes: dict[str, str] | None = None) -> ElementTree.Element:
        element = self.top
        for name in path.split("/"):
            tag = f"{{{uri}}}{name}"
            found = element.find(tag)
            element = ElementTree.SubElement(element, tag) if found is None else found
        element.attrib |= attributes or {}
        return element

    def __call__(self, uri: str, path: str, value: Any, attributes: dict[str, str] | None = None) -> None:
        parent, _, name = path.rpartition("/")
        holder = self.make(uri, parent) if parent else self.top
        element = ElementTree.SubElement(holder, f"{{{uri}}}{name}", attributes or {})
        element.text = str(value)
