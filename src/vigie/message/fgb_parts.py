"""Values of first-generation messages that several fields hold together (C/S T.001 Annex A)."""

from __future__ import annotations

from vigie.errors import FieldError
from vigie.message.codecs import decimal, packed_digits, text
from vigie.message.fields import Facts, Part, Raws

MARITIME_EMERGENCY = {
    0b0000: "unspecified", 0b0001: "fire_explosion", 0b0010: "flooding", 0b0011: "collision", 0b0100: "grounding",
    0b0101: "listing_capsizing", 0b0110: "sinking", 0b0111: "disabled_adrift", 0b1000: "abandoning_ship",
}  # fmt: skip  # Table A4


def mmsi_part(digits: str) -> Part:
    """Nine digits: the country code and six more (A1.2.3)."""

    def read(raws: Raws) -> Facts:
        return {"mmsi": f"{raws['country_code']:03d}{raws[digits]:06d}"}

    def write(facts: Facts, raws: Raws) -> dict[str, int]:
        value = facts["mmsi"]
        if value == read(raws)["mmsi"]:
            return {}
        try:
            decimal(9).write(value)
        except ValueError as error:
            raise FieldError("mmsi", None, str(error)) from None
        if len(value) != 9 or int(value[:3]) != raws["country_code"]:
            raise FieldError(
                "mmsi", (27, 36), f"{value} does not begin with the country code {raws['country_code']} (A1.2.3)"
            )
        return {digits: int(value[3:])}

    return Part(("mmsi",), ("country_code", digits), read, write, "Country code and the last six digits of the MMSI")


MARITIME_TEXT = text(6, right=True)


def _maritime_read(raws: Raws) -> Facts:
    said = MARITIME_TEXT.read(raws["maritime_identity"])
    if len(said) == 6 and said.isdecimal():
        return {"mmsi": f"{raws['country_code']:03d}{said}", "callsign": None}
    return {"mmsi": None, "callsign": said or None}


def _maritime_write(facts: Facts, raws: Raws) -> dict[str, int]:
    mmsi, callsign = facts.get("mmsi"), facts.get("callsign")
    if _maritime_read(raws) == {"mmsi": mmsi, "callsign": callsign}:
        return {}
    try:
        if mmsi is not None:
            decimal(9).write(mmsi)
            if len(mmsi) != 9 or int(mmsi[:3]) != raws["country_code"]:
                raise ValueError(f"{mmsi} is not nine digits that begin with the country code {raws['country_code']}")
            return {"maritime_identity": MARITIME_TEXT.write(mmsi[3:])}
        return {"maritime_identity": MARITIME_TEXT.write(callsign or "")}
    except ValueError as error:
        raise FieldError("maritime_identity", (40, 75), str(error)) from None


MARITIME_IDENTITY = Part(
    ("mmsi", "callsign"), ("country_code", "maritime_identity"), _maritime_read, _maritime_write,
    "Six digits are the end of an MMSI, anything else a radio call sign (A2.2)",
)  # fmt: skip

CALLSIGN_LETTERS, CALLSIGN_DIGITS = text(4), packed_digits(3)


def _callsign_read(raws: Raws) -> Facts:
    return {
        "callsign": (CALLSIGN_LETTERS.read(raws["callsign_text"]) + CALLSIGN_DIGITS.read(raws["callsign_digits"]))
        or None
    }


def _callsign_write(facts: Facts, raws: Raws) -> dict[str, int]:
    said = facts["callsign"] or ""
    if said == (_callsign_read(raws)["callsign"] or ""):
        return {}
    if not isinstance(said, str) or len(said) > 7:
        raise FieldError("callsign", (40, 75), f"{said!r} is not a call sign of up to seven characters")
    try:
        return {"callsign_text": CALLSIGN_LETTERS.write(said[:4]), "callsign_digits": CALLSIGN_DIGITS.write(said[4:])}
    except ValueError as error:
        raise FieldError("callsign", (40, 75), str(error)) from None


CALLSIGN = Part(
    ("callsign",), ("callsign_text", "callsign_digits"), _callsign_read, _callsign_write,
    "Four modified-Baudot characters, then three binary-coded digits (A2.3)",
)  # fmt: skip


def _tac_read(raws: Raws) -> Facts:
    """Bits 74-83 are a type approval certificate number only when bit 43 says so (A2.5)."""
    return {"tac": raws["tac_or_national_use"]} if raws["tac_flag"] else {}


def _tac_write(facts: Facts, raws: Raws) -> dict[str, int]:
    tac = facts["tac"]
    if tac is None:
        return {}
    if isinstance(tac, bool) or not isinstance(tac, int) or not 0 <= tac < 1024:
        raise FieldError("tac", (74, 83), f"{tac!r} is not a certificate number from 0 to 1023")
    return {"tac_flag": 1, "tac_or_national_use": tac}


TAC_PART = Part(("tac",), ("tac_flag", "tac_or_national_use"), _tac_read, _tac_write, _tac_read.__doc__ or "")

# RLS certificate numbers: a 10-bit number added to the series of the beacon type (A3.3.7.1, note).
_RLS_SERIES = {0b00: 2000, 0b01: 1000, 0b10: 3000}


def _rls_tac_read(raws: Raws) -> Facts:
    series = _RLS_SERIES.get(raws["rls_beacon_type"])
    return {"rls_tac_truncated": raws["rls_tac_number"]} if series is None else {
        "rls_tac": series + raws["rls_tac_number"]
    }  # fmt: skip


def _rls_tac_write(facts: Facts, raws: Raws) -> dict[str, int]:
    series = _RLS_SERIES.get(raws["rls_beacon_type"])
    name = "rls_tac_truncated" if series is None else "rls_tac"
    value = facts.get(name)
    if value is None or value == _rls_tac_read(raws).get(name):
        return {}
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value - (series or 0) < 960:
        low = series or 0
        raise FieldError(name, (43, 52), f"{value!r} is not a number from {low} to {low + 959} (1111... means MMSI)")
    return {"rls_tac_number": value - (series or 0)}


RLS_TAC = Part(
    ("rls_tac", "rls_tac_truncated"), ("rls_beacon_type", "rls_tac_number"), _rls_tac_read, _rls_tac_write,
    "The number is the last three digits; the beacon type tells the thousand (A3.3.7.1)",
)  # fmt: skip


def emergency_part(maritime: bool) -> Part:
    """Bits 109-112 are an emergency code only when bit 107 says so, else national use (A2.9)."""

    def read(raws: Raws) -> Facts:
        code = raws["emergency_code"]
        if not raws["emergency_code_flag"]:
            return {"emergency": None}
        if maritime:
            meaning = MARITIME_EMERGENCY.get(code, "spare")
            return {"emergency": {"kind": "maritime", "code": f"{code:04b}", "meaning": meaning}}
        said = {"fire": bool(code & 8), "medical_help": bool(code & 4), "disabled": bool(code & 2)}
        return {"emergency": {"kind": "non_maritime", **said}}

    def write(facts: Facts, raws: Raws) -> dict[str, int]:
        given = facts["emergency"]
        if given == read(raws)["emergency"]:
            return {}
        if given is None:
            return {"emergency_code_flag": 0, "emergency_code": 0}
        if not isinstance(given, dict):
            raise FieldError("emergency", (107, 112), f"{given!r} is not an object")
        if maritime:
            code = str(given.get("code", ""))
            if not code:
                names = {name: f"{number:04b}" for number, name in MARITIME_EMERGENCY.items()}
                code = names.get(given.get("meaning", ""), "")
            if len(code) != 4 or code.strip("01"):
                raise FieldError("emergency", (109, 112), f"{given!r} has neither a four-bit code nor a known meaning")
            return {"emergency_code_flag": 1, "emergency_code": int(code, 2)}
        weights = {"fire": 8, "medical_help": 4, "disabled": 2}
        return {"emergency_code_flag": 1, "emergency_code": sum(w for key, w in weights.items() if given.get(key))}

    clause = "Table A4" if maritime else "Table A5"
    names = "emergency_code_flag", "emergency_code"
    return Part(("emergency",), names, read, write, f"Nature of distress ({clause})")


# A3.3.8.3 b: the altitude steps, metres above sea level; each step reaches up to and including its limit.
ALTITUDE_LIMITS_M = (400, 800, 1200, 1600, 2200, 2800, 3400, 4000, 4800, 5600, 6600, 7600, 8800, 10000)


def _altitude_read(raws: Raws) -> Facts:
    code = raws["altitude_code"]
    low = ALTITUDE_LIMITS_M[code - 1] if 0 < code < 15 else None
    return {"altitude_above_m": low, "altitude_up_to_m": ALTITUDE_LIMITS_M[code] if code < 14 else None}


def _altitude_write(facts: Facts, raws: Raws) -> dict[str, int]:
    wanted = {key: facts.get(key) for key in ("altitude_above_m", "altitude_up_to_m")}
    for code in (raws["altitude_code"], *range(15)):
        if _altitude_read({"altitude_code": code}) == wanted:
            return {"altitude_code": code}
    raise FieldError("altitude_code", (109, 112), f"{wanted} is none of the steps of A3.3.8.3 b")


ALTITUDE = Part(
    ("altitude_above_m", "altitude_up_to_m"), ("altitude_code",), _altitude_read, _altitude_write,
    "Altitude step, metres above sea level (A3.3.8.3 b)",
)  # fmt: skip
