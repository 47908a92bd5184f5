"""An alert as values of a slashed message: SARMaster's (RCC manual v5.1, Annexes 10, 11) or the US automated (Annex 9).

Both exist for first-generation beacons alone. What an alert does not know stays blank, or has the sign that the
annex gives for it; nothing is made up to fill a field.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from vigie.instants import seconds_past
from vigie.records import Alert, Notice, Solution
from vigie.sit import values as forms

FORMS = {"sarmaster": "sarmaster", "automated": "usmcc_auto"}
"""forms of destinations, and what their messages are called"""
_NM_M, _OVER_NM = 1852.0, 999
_SARMASTER = {"78": ("182", "183"), "74": ("174", "177"), "75": ("174", "177"), "conflict": ("173", "176")}
"""by the last digits of the notice: without and with a Doppler or DOA position (Table 10.1)"""
_INCIDENT = "172", "175"
_NOTHING = 9999.99


def fits(alert: Alert, notice: Notice) -> bool:
    """Whether there is a slashed message for this: not for second-generation beacons, reports and cancellations."""
    other = notice.number.endswith("76") or "CANCELLATION" in notice.title
    return not other and len(alert.hex_id or "") == 15


def values(alert: Alert, notice: Notice, head: Mapping[str, Any], new: Sequence[Solution], form: str) -> dict[str, Any]:
    """The values, for ``slashed.write``. ``head``: the envelope's. ``new``: positions of the newest detection."""
    found = [one for one in new if one.method != "encoded"]
    last = found[0].end if found else new[0].end if new else alert.last_seen
    made = {**head, "form": FORMS[form], "beacon_id": alert.hex_id, "detect_time": forms.whole_seconds(last)}
    encoded = next((one for one in new if one.method == "encoded"), None)
    if encoded is not None:
        made["encoded"] = _place(encoded)
    return _automated(alert, notice, made, found) if form == "automated" else _sarmaster(alert, notice, made, found)


def _place(one: Solution) -> dict[str, Any]:
    return {"lat": round(one.lat_deg, 5), "lon": round(one.lon_deg, 5)}


def _positions(found: Sequence[Solution]) -> dict[str, Any]:
    """Doppler sides and the DOA position under their names."""
    made: dict[str, Any] = {}
    for one in found:
        if one.method != "doppler":
            made["doa"] = _place(one)
        else:
            side = "doppler_a" if "doppler_a" not in made and one.probability >= 0.5 else "doppler_b"
            made[side] = {**_place(one), "prob": min(round(one.probability * 100), 99)}
    return made


def _conflicts(notice: Notice) -> bool:
    return "CONFLICT" in notice.title


# -- SARMaster --------------------------------------------------------------------------------------------------------


def _sarmaster(alert: Alert, notice: Notice, made: dict[str, Any], found: Sequence[Solution]) -> dict[str, Any]:
    kind = "conflict" if _conflicts(notice) else notice.number[-2:]
    doa = any(one.method != "doppler" for one in found)
    sure = alert.reference is not None
    fields: dict[str, Any] = {
        "1B": f"{alert.site:05d}", "670": 0, "671": 0, "674": " ", "666": "0000", "667": "0000",
        "668": round(min(float(seconds_past(alert.last_seen, alert.first_seen)) / 3600, 999.0), 3),
        "665": _country(alert), "22#6": alert.hex_id, "23": _message(alert.facts),
    }  # fmt: skip
    made |= {
        "sit": _SARMASTER.get(kind, _INCIDENT)[bool(found)],
        "satellite": "300" if doa else _number(found),
        "n_alerts": "01",
        "duration_h": fields["668"],
        "num_points": min(max((one.used for one in found), default=alert.bursts), 99),
        "fields": fields,
    }
    if not found:
        return made
    sides = _positions(found)
    signs = "--" if sure and _conflicts(notice) else "+-" if sure else "++"
    fields |= {"A.24": f"{signs[0]}000", "B.24": f"{signs[1]}000"}  # the SAR codes of places are in no document read
    made |= {"position_confirmed": sure, "position_conflict": signs == "--"}
    if doa:
        errors = [one.ehe_m for one in found if one.method != "doppler" and one.ehe_m is not None]
        error_nm = min(math.ceil(min(errors) / _NM_M), _OVER_NM) if errors else 0
        outside = any(one.outside for one in found)
        fields |= {"12": "+8", "15": "9" if outside else "8", "16": "0", "17": 0.0, "18": f"{error_nm:04d}"}
    if signs == "+-" and alert.reference is not None:
        made["resolved"] = {"lat": round(alert.reference.lat_deg, 5), "lon": round(alert.reference.lon_deg, 5)}
        nearest = sides.get("doa") or sides.get("doppler_a") or sides["doppler_b"]
        made["doa_matching" if doa else "doppler_matching"] = nearest
        fields["A.28"] = 99 if not doa else 0
    else:
        made |= sides
    fields |= {f"{side}.28": 0 for side in "AB"} if doa else {}
    return made


def _number(found: Sequence[Solution]) -> str | None:
    """The number of the satellite of a pass, where it is given as three digits."""
    names = [name for one in found for name in one.satellites if len(name) == 3 and name.isdigit()]
    return names[0] if names else None


def _country(alert: Alert) -> str:
    if alert.category == "unreliable" or not alert.facts:
        return "BEACON MESSAGE IS NOT RELIABLE"
    return str(alert.facts.get("country") or "UNKNOWN").upper().replace("/", "-")


def _message(facts: Mapping[str, Any]) -> str | None:
    """Bits 25-144 of the newest message, as 30 digits; a short one filled with zeros on the right (R 2.1.3)."""
    digits = str(facts.get("input") or "").upper()
    whole = {36: digits[6:], 28: f"{digits[6:]}{'0' * 8}", 30: digits, 22: f"{digits}{'0' * 8}"}
    return whole.get(len(digits))


# -- the US automated format ------------------------------------------------------------------------------------------


def _automated(alert: Alert, notice: Notice, made: dict[str, Any], found: Sequence[Solution]) -> dict[str, Any]:
    sides = _positions(found)
    reliable = alert.category != "unreliable" and bool(alert.facts)
    made |= {
        "sit": f"16{notice.number[-1]}{_letter(alert, notice, sides)}",
        "site_id": f"{alert.site:06d}",
        "reliable": reliable,
        "program": "NA",
        "beacon_type": str(alert.facts.get("beacon_type") or "NATIONAL USER").replace("/", "-")[:24]
        if reliable
        else "Unknown",
        **sides,
    }
    doa = "doa" in sides
    first = found[0].satellites[0] if found and found[0].satellites else ""
    made["sat"] = "W00" if doa else first[:3] or None
    fields: dict[str, Any] = {"auto.craft": "NA     ", "E.auto.3": _NOTHING, "R.auto.3": _NOTHING}
    if made.get("encoded"):
        fine = next((s for s in alert.solutions if s.method == "encoded"), None)
        fields["E.auto.quality"] = "R" if fine is not None and fine.ehe_m is not None and fine.ehe_m <= 150 else "C"
    for side, name in (("A", "doa" if doa else "doppler_a"), ("B", "doppler_b")):
        fields[f"{side}.auto.3"] = _NOTHING
        one = next((s for s in found if name in sides and _place(s)["lat"] == sides[name]["lat"]), None)
        if one is None:
            continue
        error_km = _NOTHING if one.ehe_m is None else min(round(one.ehe_m / 1000, 2), 9999.98)
        fields[f"{side}.auto.3"] = error_km if doa else 0.0 if one.outside else 0.01
        if doa:
            fields["A.auto.prob"] = 0 if one.outside else 1
    if alert.reference is not None:
        made["resolved"] = {"lat": round(alert.reference.lat_deg, 5), "lon": round(alert.reference.lon_deg, 5)}
    return {**made, "fields": fields}


def _letter(alert: Alert, notice: Notice, sides: Mapping[str, Any]) -> str:
    """The subtype of the message (Table 9.2)."""
    kind = "doa" if "doa" in sides else "doppler" if sides else "none"
    sure = alert.reference is not None
    last = notice.number[-1]
    if "UNRESOLVED" in notice.title:
        return "L"
    if last == "5" and _conflicts(notice):
        return {"doa": "B", "doppler": "A", "none": "F"}[kind]
    if last == "9":
        return {"doa": "M", "doppler": "V" if sure else "E", "none": "F" if sure else "P"}[kind]
    return {"doa": "M", "doppler": "E", "none": "P"}[kind]
