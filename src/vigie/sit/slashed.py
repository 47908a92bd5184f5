"""Slashed messages: SARMaster, the US automated 9-line format, and (by inference) alerts between MCCs.

The body is read by a ``Format``: a list of field numbers a line. Every field's value stands in ``fields`` under its
number; the values a reader needs stand under names of their own beside it.
"""

from __future__ import annotations

from typing import Any

from vigie.sit import envelope
from vigie.sit import values as forms
from vigie.sit.fields import FIELDS, free
from vigie.sit.formats import AUTOMATED, BY_SIT, Format, Row
from vigie.sit.sheet import Line, Reading, SitError

MEOSAR = "300"
FREE = free()


def format_of(sit: str) -> Format | None:
    """The format of a slashed message by its SIT number; a letter at its end marks the US automated format."""
    return AUTOMATED if len(sit) == 4 else BY_SIT.get(sit)


def has_shape(body: list[Line]) -> bool:
    """Whether a body consists of slashed lines, apart from pieces that were wrapped."""
    return _is_slashed([line.plain for line in body if line.plain])


def _is_slashed(texts: list[str]) -> bool:
    slashed = sum(text.startswith("/") and len(text) > 1 for text in texts)
    return slashed >= 2 and slashed * 2 > len(texts)


def read(body: list[Line], reading: Reading) -> None:
    """Read a slashed body by the format of its SIT number."""
    layout = format_of(reading.values["sit"])
    if layout is None:
        reading.values["form"] = "unknown"
        reading.note(None, f"no format of slashed lines is known for SIT {reading.values['sit']}")
        for line in body:
            reading.leave(line)
        return
    reading.values["form"] = layout.form
    if layout.inferred:
        reading.note(None, f"the order of fields is {layout.source}")
    fields: dict[str, Any] = {}
    texts: dict[str, str] = {}
    rows = _rows(body, reading)
    for row, found in zip(layout.rows, rows, strict=False):
        _read_row(row, found, fields, texts, reading)
    for row in layout.rows[len(rows) :]:
        if len(row.numbers) > row.optional:
            reading.note(None, f"the line with fields {', '.join(row.keys)} is missing")
    for line, pieces in rows[len(layout.rows) :]:
        reading.leave(line, "/" + "/".join(pieces))
    reading.values["fields"] = fields
    (_name_automated if layout is AUTOMATED else _name)(fields, texts, reading)


def _rows(body: list[Line], reading: Reading) -> list[tuple[Line, list[str]]]:
    """Slashed lines as pieces; a line without a slash is the wrapped end of the one before (RCC Annex 11)."""
    rows: list[tuple[Line, list[str]]] = []
    for line in body:
        text = line.ascii
        if text.startswith("/"):
            if text.strip("/ "):
                rows.append((line, text[1:].split("/")))
        elif text and rows:
            pieces = rows[-1][1]
            more = text.split("/")
            pieces[-1] = f"{pieces[-1].strip()} {more[0].strip()}".strip()
            pieces += more[1:]
            reading.note(line, "taken as the wrapped end of the line before")
        elif text:
            reading.leave(line)
    if rows and rows[-1][1] == ["0000", ""]:  # some centres add this line; its meaning was in no document read
        reading.leave(rows.pop()[0])
    return rows


def _read_row(
    row: Row, found: tuple[Line, list[str]], fields: dict[str, Any], texts: dict[str, str], reading: Reading
) -> None:
    line, pieces = found
    while len(pieces) > len(row.keys) and not pieces[-1].strip():
        pieces = pieces[:-1]
    for key, number, text in zip(row.keys, row.numbers, pieces, strict=False):
        field = FIELDS[number]
        texts[key] = text.strip()
        try:
            fields[key] = field.read(text)
        except ValueError as error:
            fields[key] = None
            reading.note(line, f"field {field.number} ({field.name}): {error}")
            reading.leave(line, text, place=key)
    if len(pieces) < len(row.keys) - row.optional:
        reading.note(line, f"fields {', '.join(row.keys[len(pieces) :])} are missing")
    for text in pieces[len(row.keys) :]:
        reading.leave(line, text)


def _place(fields: dict[str, Any], side: str, lat: str = "25", lon: str = "26") -> dict[str, Any] | None:
    """A position of a side; None where it is absent or filled with zeros, which stand for not applicable."""
    prefix = f"{side}." if side else ""
    found = fields.get(prefix + lat), fields.get(prefix + lon)
    return {"lat": found[0], "lon": found[1]} if None not in found and any(found) else None


def _name(fields: dict[str, Any], texts: dict[str, str], reading: Reading) -> None:
    """The values of a SARMaster message under their names."""
    put = reading.values
    for number in ("11", "14", "23", "22", "668"):
        if fields.get(number) is not None:
            put[FIELDS[number].key] = fields[number]
    first, second = fields.get("22#6"), fields.get("22")
    if "22" not in texts and first:
        put["beacon_id"] = first
    elif first and second and first != second:
        reading.note(None, f"the beacon ID is {first} on one line and {second} on another: the second is taken")
    if put.get("beacon_id"):
        put["beacon_id_mid"] = forms.country_of(put["beacon_id"])
    if texts.get("13"):
        put["frequency_field"] = texts["13"]
    if fields.get("21"):
        put["num_points"] = int(fields["21"])
    name = texts.get("665", "")
    if "NOT RELIABLE" in name.upper():
        put["beacon_message_reliable"] = False
    elif name and not any(character.isdigit() for character in name):
        put["country_name"] = name
    if put.get("orig_facility") == "3660" and (fields.get("1B") or "00000") != "00000":
        put["site_id"] = fields["1B"]
    srrs = [texts[key] for key in ("A.next.672", "B.next.672") if texts.get(key)]
    if srrs:
        put["srr"] = srrs[0]
    if "25" in fields:
        put["encoded"] = _place(fields, "")
    if "A.24" in fields or "B.24" in fields:
        _name_sides(fields, reading)


def _name_sides(fields: dict[str, Any], reading: Reading) -> None:
    """Which position is which follows from the signs of field 24 (RCC Table 10.4)."""
    put = reading.values
    signs = "".join(str(fields.get(f"{side}.24") or "?")[0] for side in "AB")
    a, b = _place(fields, "A"), _place(fields, "B")
    doa = put.get("satellite") == MEOSAR
    error = int(fields.get("18") or 0) or None if doa else None

    def solved(place: dict[str, Any] | None, side: str) -> dict[str, Any] | None:
        if place is None:
            return None
        return {**place, "expected_error_nm": error} if doa else {**place, "prob": fields.get(f"{side}.28")}

    put["position_confirmed"] = signs in {"+-", "--"}
    if signs == "+-":
        put["resolved"] = a
        put["doa_matching" if doa else "doppler_matching"] = solved(b, "B")
    elif doa:
        put["doa"] = solved(a, "A")
        if b:
            put["doa_b"] = solved(b, "B")
    else:
        put["doppler_a"], put["doppler_b"] = solved(a, "A"), solved(b, "B")
    if signs == "--":
        put["position_conflict"] = True
    if "?" in signs:
        reading.note(None, "field 24 is missing on a side: whether the position is confirmed is not known")
        put["position_confirmed"] = None
    if error == 999:
        reading.note(None, "expected horizontal error 999 stands for over 150 NM")


def _name_automated(fields: dict[str, Any], texts: dict[str, str], reading: Reading) -> None:
    """The values of a US automated message under their names."""
    put = reading.values
    for number in ("22", "auto.site", "auto.reliable", "auto.program", "auto.type", "auto.sat", "11"):
        if fields.get(number) is not None:
            put[FIELDS[number].key] = fields[number]
    if fields.get("22"):
        put["beacon_id_mid"] = forms.country_of(fields["22"])
    put["detect_time"] = fields.get("auto.time")
    places = {side: _place(fields, side, "auto.lat", "auto.lon") for side in "EABR"}
    put["encoded"] = places["E"] and {**places["E"], "quality": fields.get("E.auto.quality")}
    kind = put["sit"][3]
    if kind in "MB" or str(put.get("sat", "")).startswith("W"):
        put["doa"] = places["A"]
        if places["B"]:
            put["doa_b"] = places["B"]
    else:
        for name, side in (("doppler_a", "A"), ("doppler_b", "B")):
            place = places[side]
            put[name] = place and {**place, "prob": fields.get(f"{side}.auto.prob")}
    put |= {"resolved": places["R"], "position_confirmed": places["R"] is not None}


def write(values: dict[str, Any]) -> str:
    """A slashed message from its values: those in ``fields`` first, the named ones where ``fields`` has none."""
    layout = format_of(str(values.get("sit") or ""))
    if layout is None or layout.form != values.get("form"):
        raise SitError(None, f"form {values.get('form')!r} has no SIT {values.get('sit')!r}")
    if layout.inferred:
        raise SitError(None, f"SIT {values['sit']} is not written: the order of its fields is {layout.source}")
    fields = {**_derived(values), **(values.get("fields") or {})}
    as_sent = {row["place"]: row["text"] for row in values.get("unread") or [] if row.get("place")}
    body = []
    for row in layout.rows:
        keys = list(zip(row.keys, row.numbers, strict=True))
        while (
            len(keys) > len(row.keys) - row.optional and fields.get(keys[-1][0]) is None and keys[-1][0] not in as_sent
        ):
            keys.pop()
        texts = []
        for key, number in keys:
            field = FIELDS[number]
            if fields.get(key) is None and key in as_sent:
                texts.append(FREE.write(as_sent[key]))
                continue
            try:
                texts.append(field.write(fields.get(key)))
            except (ValueError, TypeError) as error:
                raise SitError(None, f"field {field.number} ({field.name}): {error}") from None
        body.append("/" + "/".join(texts))
    if not _is_slashed([line.strip() for line in body]):
        raise SitError(None, "too few fields are known: what would be written could not be told from free text")
    return envelope.write(values, body, seconds=layout is AUTOMATED)


def _derived(values: dict[str, Any]) -> dict[str, Any]:
    """Field values that follow from the named ones, for messages made from an alert and not from a message."""
    auto = values.get("form") == "usmcc_auto"
    fields: dict[str, Any] = {
        row.number: values[row.key] for row in FIELDS.values() if row.key and values.get(row.key) is not None
    }
    if values.get("site_id") and not auto:
        fields["1B"] = str(values["site_id"])[-5:].zfill(5)
    if isinstance(values.get("num_points"), int):
        fields["21"] = f"{values['num_points']:02d}"
    if auto:
        fields["auto.time"] = values.get("detect_time")
    fields |= {"665": values.get("country_name"), "22#6": values.get("beacon_id")}
    lat, lon, prob = ("auto.lat", "auto.lon", "auto.prob") if auto else ("25", "26", "28")
    sides = {"doppler_a": "A", "doa": "A", "doppler_b": "B", "doppler_matching": "B", "doa_matching": "B"}
    sides |= {"encoded": "E", "resolved": "R"} if auto else {"encoded": "", "resolved": "A"}
    for name, side in sides.items():
        place = values.get(name)
        if place:
            prefix = f"{side}." if side else ""
            fields |= {prefix + lat: place["lat"], prefix + lon: place["lon"]}
            if place.get("prob") is not None:
                fields[prefix + prob] = place["prob"]
            if auto:
                fields[prefix + "auto.time"] = values.get("detect_time")
            if place.get("quality") is not None:
                fields[prefix + "auto.quality"] = place["quality"]
            if place.get("expected_error_nm") is not None:
                fields["18"] = f"{int(place['expected_error_nm']):04d}"
    if not auto and values.get("position_confirmed") is not None:
        second = "-" if values["position_confirmed"] else "+"
        first = "-" if values.get("position_conflict") and values["position_confirmed"] else "+"
        code = f"{values.get('beacon_id_mid') or 0:03d}"
        fields |= {"A.24": first + code, "B.24": second + code}
    return fields
