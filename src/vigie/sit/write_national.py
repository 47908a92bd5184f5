"""Writes national text from its values (the US format: RCC manual v5.1, chapters 3 and 4)."""

from __future__ import annotations

from typing import Any

from vigie.sit import envelope, solutions
from vigie.sit import values as forms
from vigie.sit.sheet import SitError

WIDTH = 69
_DECODE = (
    (("COUNTRY     ", "country_name"), ("BEACON TYPE", "beacon_type")),
    (("COUNTRY CODE", "country_code"), ("CRAFT ID   ", "craft_id")),
    (("SPECIFIC BEACON", "specific_beacon"), ("CRAFT ID TYPE", "craft_id_type")),
    (("MANUFACTURER", "manufacturer"), ("MODEL      ", "model")),
    (("24 BIT ADDR ", "addr24"), ("SERIAL NUM ", "serial")),
    (("HOMING      ", "homing"), ("POSITION DEVICE", "position_device")),
    (("POSITION RESOLUTION", "position_resolution"), ("ACTIVATION TYPE", "activation_type")),
    (("AIRCRAFT OPERATOR DESIGNATOR", "aircraft_operator"),),
    (("AIRCRAFT OPERATOR SERIAL NUMBER", "aircraft_operator_serial"),),
    (("TIME OF GNSS POSITION UPDATE", "gnss_update_time_text"),),
    (("ALTITUDE OF GNSS LOCATION", "altitude_text"),),
    (("REMAINING BATTERY CAPACITY", "battery_text"),),
    (("ELAPSED TIME SINCE ACTIVATION", "elapsed_text"),),
    (("RLS PROVIDER", "rls_provider"), ("RLS BEACON TYPE", "rls_type")),
    (("PROGRAM", "program"), ("PROGRAM BLOCK REGISTRATION ID", "program_block_id")),
    (("SEPIRB ID", "sepirb_id"), ("MINUTES FOR GPS LOC", "gps_minutes")),
    (("HOURS ACTIVE", "hours_active"),),
)
_CONFLICT = "**** POSITION DIFFERENCES OF MORE THAN 20 KMS EXIST FOR THIS BEACON ****"


class _Writer:
    def __init__(self, values: dict[str, Any]) -> None:
        self.values, self.body = values, [""]
        self.left: dict[str, list[str]] = {}
        for row in values.get("unread") or []:
            self.left.setdefault(str(row.get("place") or ""), []).append(str(row["text"]))

    def run(self) -> str:
        self._head()
        self._reference()
        self._solutions()
        self._decode()
        self._block("BEACON REGISTRATION DATABASE INFORMATION", "registration")
        self._support()
        self._block("INCIDENT FEEDBACK REPORT. SEND REPORT TO THE MCC:", "feedback")
        self.body += ["", "QQQQ"]
        return envelope.write(self.values, self.body)

    def _head(self) -> None:
        values, body = self.values, self.body
        body += [*(values.get("preface") or []), ""]
        specials = values.get("special_headers") or [values.get("special_header")]
        body += [f"!!! {text} !!!" for text in specials if text] + [""]
        if not values.get("title"):
            raise SitError(None, "national text needs a title")
        body += [f"**** {values['title']} ****", ""]
        if "beacon_id" in values:
            identity = values["beacon_id"]
            shown = forms.grouped(identity) if identity else " ".join(self.left.pop("beacon_id", []))
            site = f"          SITE ID: {values['site_id']}" if values.get("site_id") else ""
            body.append(f"BEACON ID: {shown}{site}")
        elif values.get("site_id"):
            body.append(f"SITE ID: {values['site_id']}")
        if "status" in values:
            body.append(f"STATUS: {values['status']}")
        body += [*self.left.pop("head", []), ""]

    def _reference(self) -> None:
        place = self.values.get("mcc_reference_position")
        if not place:
            return
        lat, lon, hours = place["lat"], place["lon"], place.get("duration_h")
        areas = list(place.get("srr") or [])
        shown = forms.to_position(lat, lon, forms.decimals_for(lat, lon, 1))
        duration = "" if hours is None else f"   {_padded(float(hours), 1, 5)} HRS   "
        row = shown + duration + (f"{areas[0]:<6s}" + "".join(f"/{area}" for area in areas[1:]) if areas else "")
        self.body += ["**** MCC REFERENCE POSITION ****", ""]
        self.body += [f"LATITUDE LONGITUDE   DURATION   {solutions.AREAS}", row.rstrip(), ""]

    def _table(self, rows: list[dict[str, Any]]) -> None:
        areas = solutions.AREAS if any(row.get("srr") for row in rows) else ""
        self.body += [solutions.HEAD + areas]
        for row in rows:
            try:
                self.body.append(solutions.write(row))
            except (ValueError, TypeError, KeyError) as error:
                raise SitError(None, f"solutions: {error}") from None

    def _solutions(self) -> None:
        values, body = self.values, self.body
        rows = values.get("solutions") or []
        if values.get("position_conflict"):
            body += [_CONFLICT]
        if rows:
            confirmed = values.get("mcc_reference_position")
            words = "NEW ALERT INFORMATION" if confirmed else "DETECTION TIME AND POSITIONS FOR THE BEACON"
            body += [f"**** {words} ****", ""]
            self._table(rows)
            body.append("")
        if "detection_frequency_mhz" in values:
            number, note = values["detection_frequency_mhz"], values.get("detection_frequency_note")
            text = note or "NOT AVAILABLE" if number is None else f"{_padded(float(number), 4, 8)} MHZ"
            body.append(f"DETECTION FREQUENCY: {text}")
        if "first_detect_time" in values:
            body.append(f"FIRST DETECT TIME: {self._time('first_detect_time')}")
        if values.get("uncorroborated"):
            body.append("UNCORROBORATED MEOSAR ALERT")
        if values.get("doppler_nominal_5km"):
            body.append("HIGH PROBABILITY THAT THE NEW DOPPLER POSITION DATA IS ACCURATE WITHIN 5 KM")
        if values.get("cancellation_confirmed") is not None:
            body.append(f"USER CANCELLATION {'' if values['cancellation_confirmed'] else 'NOT '}CONFIRMED")
        body += [*(values.get("warnings") or []), *self.left.pop("solutions", []), ""]

    def _time(self, key: str, seconds: bool = True) -> str:
        time = self.values.get(key)
        if time is None:
            return " ".join(self.left.pop(key, [])) or "N/A"
        try:
            return forms.to_national(time, seconds)
        except (ValueError, TypeError) as error:
            raise SitError(None, f"{key}: {error}") from None

    def _decode(self) -> None:
        values, lines = self.values, []
        for pairs in _DECODE:
            found = [(label, str(values[key])) for label, key in pairs if values.get(key) is not None]
            found = [(label, "HEX=" + text if label.startswith("24 BIT") else text) for label, text in found]
            if found:
                cells = [f"{label}: {text}" for label, text in found]
                lines.append((f"{cells[0]:<34s} " + cells[1]) if len(cells) > 1 else cells[0])
        lines += [*(values.get("decode_text") or []), *self.left.pop("decode", [])]
        if values.get("ihdb_records") is not None:
            recent = values.get("ihdb_most_recent")
            tail = f", most recent: {recent}." if recent else "."
            lines += ["", f" {values['ihdb_records']} IHDB record(s) found{tail}"]
        if lines:
            self.body += ["**** BEACON ID CONTAINS THE FOLLOWING ENCODED INFORMATION ****", "", *lines, ""]

    def _block(self, heading: str, key: str) -> None:
        if key in self.values:
            self.body += [f"**** {heading} ****", "", *self.values[key], *self.left.pop(key, []), ""]

    def _support(self) -> None:
        values, body = self.values, self.body
        body += ["**** SUPPORTING INFORMATION ****", ""]
        if "processing_time" in values:
            name = str(values.get("processing_mcc") or "MCC")
            time = values["processing_time"]
            body += [f"{name} PROCESSING TIME: {self._time('processing_time', bool(time) and time[17:19] != '00')}", ""]
        for key, words in (
            ("sent_to", "THIS ALERT MESSAGE IS BEING SENT TO"),
            ("previously_sent_to", "ALERT MESSAGES FOR THIS SIGNAL PREVIOUSLY SENT TO"),
        ):
            if key in values:
                names = values[key] or []
                body += [f"{words}:", *_wrapped(names), ""] if names else [f"{words}: N/A", ""]
        body += self.left.pop("support", [])
        if "previous_solutions" in values:
            rows = values["previous_solutions"] or []
            body += ["PREVIOUS MESSAGE INFORMATION:" + ("" if rows else " N/A"), ""]
            if rows:
                self._table(rows)
            body += self.left.pop("previous", [])


def _padded(value: float, decimals: int, width: int) -> str:
    """At least so many decimals, and more where the value has them."""
    for digits in range(decimals, 7):
        if float(f"{value:.{digits}f}") == value:
            break
    return f"{value:0{width + digits - decimals}.{digits}f}"


def _wrapped(names: list[str]) -> list[str]:
    lines = ["  "]
    for index, name in enumerate(names):
        piece = str(name) + ("," if index < len(names) - 1 else "")
        if len(lines[-1]) + len(piece) > WIDTH:
            lines.append("  ")
        lines[-1] += piece
    return lines


def write(values: dict[str, Any]) -> str:
    """National text of these values. SitError names what is missing or does not fit."""
    return _Writer(values).run()
