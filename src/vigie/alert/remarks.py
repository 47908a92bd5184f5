"""The warnings that go with an alert into every message, in the words that rescue centres know (R 3.2, 3.3)."""

from __future__ import annotations

from vigie.alert import states
from vigie.alert.entry import Entry
from vigie.alert.matching import kind, two_sides
from vigie.alert.network import Network
from vigie.alert.routing import NO_COUNTRY

UNCORROBORATED = "UNCORROBORATED MEOSAR ALERT"
DOPPLER_SUSPECT = "NEW DOPPLER POSITION DATA SUSPECT - OUTSIDE REPORTING SATELLITE FOOTPRINT"
DOA_SUSPECT = "NEW DOA POSITION DATA SUSPECT - OUTSIDE REPORTING SATELLITE FOOTPRINT"
RENEWED = "WARNING: MCC REFERENCE POSITION RE-ESTABLISHED USING ONLY NEW DATA"
EARLIER = (
    "DATA DECODED FROM THE BEACON MESSAGE IS NOT RELIABLE. BEACON MESSAGE DATA PROVIDED BELOW IS FROM A PREVIOUS "
    "RELIABLE BEACON MESSAGE"
)
AIS = "MID ALLOCATED FOR EPIRB AIS"
CRAFT = (
    "MID ALLOCATED FOR MMSI OF CRAFT ASSOCIATED WITH A PARENT SHIP, WHERE THE TRUE MID IS DERIVED FROM MMSI DIGITS 1,2 "
    "+ MID DIGIT 3"
)
UNRELIABLE = "NO DATA PROVIDED BECAUSE THE BEACON CODING IS NOT RELIABLE"
INFERRED = "REMARK: THE RULE BEHIND THIS MESSAGE IS INFERRED, NOT READ IN A C/S DOCUMENT"


def of(entry: Entry, network: Network) -> tuple[str, ...]:
    """The warnings that hold now."""
    said = []
    if entry.uncorroborated:
        said.append(UNCORROBORATED)
    newest = entry.solutions[0] if entry.solutions else None
    if newest is not None and newest.outside:
        said.append(DOPPLER_SUSPECT if kind(newest) == "doppler" else DOA_SUSPECT)
    image = _image(entry)
    if image and entry.state not in states.SURE:
        said.append(image)
    if entry.reference is not None and entry.reference.renewed:
        said.append(RENEWED)
    if entry.category == "unreliable":
        said.append(UNRELIABLE)
    elif entry.doubtful:
        said.append(EARLIER)
    code = entry.facts.get("country_code")
    if isinstance(code, int) and code in NO_COUNTRY and entry.category != "unreliable":
        said.append(AIS if code == 974 else CRAFT if 982 <= code <= 987 else "MID IS NOT THAT OF A COUNTRY")
    said += [row.header for row in network.special if row.header and (entry.hex_id or "").startswith(row.prefix)]
    return tuple(said)


def _image(entry: Entry) -> str:
    """Which side of the newest pass a satellite could not have heard from (R 3.2.6)."""
    if not entry.images:
        return ""
    newest = next((s for s in entry.solutions if s.method == "doppler"), None)
    if newest is None:
        return ""
    pair = sorted(
        [newest, *(s for s in entry.solutions if two_sides(newest, s))], key=lambda s: s.probability, reverse=True
    )
    sides = [side for side, s in zip(("A", "B"), pair[:2], strict=False) if (s.lat_deg, s.lon_deg) in entry.images]
    return f"LIKELY IMAGE POSITION: THE {' AND THE '.join(sides)} POSITION" if sides else ""
