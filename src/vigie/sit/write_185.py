"""Writes a SIT 185 from its values, in either layout (RCC manual v5.1, chapter 6 and Annexes 4 and 11)."""

from __future__ import annotations

from typing import Any

from vigie.sit import envelope
from vigie.sit import values as forms
from vigie.sit.sheet import SitError

_LABELS = {"doppler_a": "DOPPLER A", "doppler_b": "DOPPLER B", "doa": "DOA"}
ENVELOPE_KEYS = ("orig_no", "orig_facility", "transmit_time", "dest")


class _Writer:
    def __init__(self, values: dict[str, Any]) -> None:
        self.values, self.lines = values, []  # type: tuple[dict[str, Any], list[str]]
        self.legacy = str(values.get("layout") or "reorganised") != "reorganised"

    def get(self, key: str, empty: str = "NIL") -> str:
        value = self.values.get(key)
        return empty if value is None else str(value)

    def body(self) -> list[str]:
        """The numbered text, from the title to END OF MESSAGE."""
        if not self.values.get("title"):
            raise SitError(None, "a SIT 185 needs a title")
        layout = self.get("layout", "")
        if layout.startswith("CMC national "):
            time = self.values.get("message_time")
            sent = forms.to_dated(time) + "Z " if time else ""
            self.lines += [f"DATE: {sent}FROM: {self.get('from', '')}", f"FORMAT FILE: {layout[13:]}"]
        self.lines += [f"1. {self.values['title']}", ""]
        mcc = self.values.get("orig_mcc")
        if self.values.get("msg_no") is not None or self.values.get("ref") is not None:
            number = f"MSG NO. {self.values['msg_no']}" if self.values.get("msg_no") is not None else ""
            self.lines += [f"2.   {number} {f'{mcc} ' if mcc else ''}REF {self.get('ref', 'NIL')}".rstrip(), ""]
        (self._legacy if self.legacy else self._reorganised)()
        return [*self.lines, "", "END OF MESSAGE"]

    def _reorganised(self) -> None:
        values = self.values
        self._section("3", "BEACON MESSAGE INFORMATION", [
            *self._simple("BEACON TYPE", "beacon_type"), *self._simple("USER CLASS:", "user_class"),
            *self._simple("AIRCRAFT OPERATOR DESIGNATOR", "aircraft_operator"), *self._serial(), *self._identity(),
            *self._country(), *self._simple("BEACON NUMBER ON AIRCRAFT OR VESSEL NO.", "beacon_number"),
            *self._simple("HOMING SIGNAL", "homing"), *self._simple("ACTIVATION TYPE", "activation_type"),
            *self._simple("EMERGENCY CODE", "emergency_code"),
        ])  # fmt: skip
        self._section("4", "ALERT POSITION INFORMATION", [*self._detected(), *self._positions(short=True)])
        self._section("5", "OTHER INFORMATION", [
            *self._simple("ENCODED POSITION PROVIDED BY:", "position_device"), *self._other(), *self._registration(),
            *self._frequency(),
        ])  # fmt: skip
        self._next_pass("NEXT PASS TIMES (UTC):")
        self._section("6", "REMARKS", list(values.get("remarks") or ["NIL"]))

    def _legacy(self) -> None:
        values = self.values
        for number, lines in (("3", self._detected()), ("4", self._frequency()), ("5", self._country())):
            self._section(number, (lines or ["NIL"])[0], lines[1:])
        self._section("6", f"USER CLASS: {self.get('user_class', self.get('beacon_type', 'NIL'))}", self._serial())
        self._section("7", f"EMERGENCY CODE: {self.get('emergency_code')}", [])
        self._section("8", "POSITIONS", self._positions(short=False))
        self._section("9", f"ENCODED POSITION PROVIDED BY: {self.get('position_device')}", [])
        self._next_pass("10. NEXT PASS / EXPECTED DATA TIMES")
        identity = self._identity() or ["HEX ID: NIL"]
        self._section("11", identity[0], [*identity[1:], *self._simple("HOMING SIGNAL", "homing")])
        self._section("12", f"ACTIVATION TYPE: {self.get('activation_type')}", [])
        self._section("13", f"BEACON NUMBER ON AIRCRAFT OR VESSEL: {self.get('beacon_number')}", [])
        self._section("14", "OTHER ENCODED INFORMATION:", [
            *self._simple("AIRCRAFT OPERATOR DESIGNATOR:", "aircraft_operator"),
            *(self._simple("BEACON TYPE:", "beacon_type") if values.get("user_class") else []),
        ])  # fmt: skip
        self._section("15", "OPERATIONAL INFORMATION:", [*self._other(), *self._registration()])
        self._section("16", "REMARKS:", list(values.get("remarks") or ["NIL"]))

    def _section(self, number: str, head: str, lines: list[str]) -> None:
        self.lines += [f"{f'{number}.':<4s} {head}", *(f"     {line}" for line in lines), ""]

    def _simple(self, label: str, key: str) -> list[str]:
        return [f"{label} {self.values[key]}"] if self.values.get(key) is not None else []

    def _serial(self) -> list[str]:
        if self.values.get("tac") is None or self.values.get("serial") is None:
            return []
        return [f"TAC {self.values['tac']} SERIAL NO {self.values['serial']}"]

    def _identity(self) -> list[str]:
        lines = self._simple("30-HEX MSG:", "beacon_message_30hex")
        return lines + self._simple("HEX ID", "beacon_id")

    def _country(self) -> list[str]:
        code, name = self.values.get("country_code"), self.values.get("country_name")
        if code is None and name is None:
            return []
        return [
            f"COUNTRY OF BEACON REGISTRATION {code}/{name or ''}" if code else f"COUNTRY OF BEACON REGISTRATION: {name}"
        ]

    def _detected(self) -> list[str]:
        time, lines = self.values.get("detect_time"), []
        precision = str(self.values.get("detect_precision") or "s")
        if time:
            by = self.values.get("detected_by")
            lines.append(f"DETECTED AT {forms.to_dated(time, precision)} UTC" + (f" BY {by}" if by else ""))
        for which in ("first", "last"):
            other = self.values.get(f"{which}_detect_time")
            if other:
                lines.append(f"MEOSAR ALERT {which.upper()} DETECTED AT {forms.to_dated(other, precision)}")
        return lines

    def _frequency(self) -> list[str]:
        if "detection_frequency_mhz" not in self.values:
            return []
        number, note = self.values["detection_frequency_mhz"], self.values.get("detection_frequency_note")
        text = note or "NIL" if number is None else f"{number:.{6 if round(number, 4) != number else 4}f} MHZ"
        return [f"DETECTION FREQUENCY {text}"]

    def _positions(self, short: bool) -> list[str]:
        lines, places = [], self.values.get("positions") or {}
        names = {
            "confirmed": "MCC REFERENCE" if short else "CONFIRMED",
            **_LABELS,
            "encoded": "GNSS" if short else "ENCODED",
        }
        for key, label in names.items():
            place = places.get(key)
            if place:
                least = 2 if key == "encoded" else 1
                text = forms.to_position(
                    place["lat"], place["lon"], forms.decimals_for(place["lat"], place["lon"], least)
                )
                text += f" PROB {place['prob']}" if place.get("prob") is not None else ""
                text += f" ESTIMATED ERROR {place['ee_nm']} NMS" if place.get("ee_nm") is not None else ""
                lines.append(f"{label} - {text}")
            elif not short:
                lines.append(f"{label} - NIL")
        return lines + list(self.values.get("position_text") or [])

    def _next_pass(self, head: str) -> None:
        found = self.values.get("next_pass")
        names = {"confirmed": "CONFIRMED", **_LABELS, "encoded": "ENCODED"}
        if found:
            self.lines += [head, *(f"     {names[key]} - {text or 'NIL'}" for key, text in found.items()), ""]
        elif self.legacy:
            self.lines += [head, "     NIL", ""]

    def _other(self) -> list[str]:
        values = self.values
        lines = self._simple("ENCODED POSITION UNCERTAINTY:", "position_uncertainty")
        lines += self._simple("BEACON MANUFACTURER / MODEL:", "manufacturer") + self._simple("LUT:", "lut")
        if values.get("num_points") is not None:
            lines.append(f"NUMBER OF POINTS: {values['num_points']}")
        if values.get("cancellation_confirmed") is not None:
            lines.append("CANCELLATION CONFIRMED" if values["cancellation_confirmed"] else "CANCELLATION NOT CONFIRMED")
        if values.get("uncorroborated"):
            lines.append("UNCORROBORATED MEOSAR ALERT")
        warnings = list(values.get("warnings") or [])
        if values.get("beacon_message_reliable") is False and not any("RELIABLE" in text.upper() for text in warnings):
            warnings.append("DATA DECODED FROM THE BEACON MESSAGE IS NOT RELIABLE")
        items = [f"{label}: {text}" for label, text in (values.get("items") or {}).items()]
        return (
            lines
            + warnings
            + items
            + [str(row["text"]) for row in values.get("unread") or [] if row.get("place") != envelope.OUTSIDE]
        )

    def _registration(self) -> list[str]:
        return list(self.values.get("registration") or [])


def write(values: dict[str, Any]) -> str:
    """A SIT 185, in an envelope where the values have what one needs. SitError names what is missing."""
    try:
        body = _Writer(values).body()
    except (ValueError, TypeError, KeyError) as error:
        raise SitError(None, f"a value does not fit a SIT 185: {error}") from None
    if not any(values.get(key) for key in ENVELOPE_KEYS):
        return "\n".join(body) + "\n"
    head = [f"/{values['wrapped_beacon_id']}"] if values.get("wrapped_beacon_id") else []
    return envelope.write(values, [*head, "/", *body, "QQQQ"])
