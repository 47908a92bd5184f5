"""Who is told: by place, by country code, by special tables (R 3.2.3.8). Known before anything is sent.

Nothing here sends. The order of the names is that of the areas and says nothing about who leads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from vigie.alert.areas import Hit
from vigie.alert.network import Destination, Network
from vigie.alert.practice import Practice

SECURITY_PROTOCOL = "std_ship_security"
NO_COUNTRY = frozenset({970, 972, 974, *range(982, 988)})
"""country codes that are none: AIS search transmitters, locating devices, EPIRB-AIS, craft of a parent ship"""
PROVIDERS = {"galileo": "FMCC"}
"""the centre of each return link provider (R 3.2.3.8.2 (9))"""
REPOSITORY = "ICAOLADR"
NO_NOTICE = "DUMMYSRR"


class Subject(NamedTuple):
    """What is to be routed."""

    facts: Mapping[str, Any]
    hex_id: str | None
    places: Sequence[tuple[float, float]]
    """latitude and longitude of the newest positions; of the reference where the position is confirmed"""
    reliable: bool = True
    flies: bool = False
    registered: bool | None = None
    """whether the beacon is in the register; None: it was not asked"""
    home: tuple[str, ...] = ()
    """the rescue centres of its home port or of its owner's address, where the register names them"""


class Route(NamedTuple):
    """Where messages about an alert go."""

    to: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    """those of them that no position decides: they stay when the position is confirmed elsewhere"""
    nocr: tuple[str, ...] = ()
    """who is notified as country of registration, because the beacon is not in its area"""
    areas: tuple[str, ...] = ()
    """the areas of the places, primary ones first; some may be listed and not be destinations"""
    notes: tuple[str, ...] = ()
    """what is odd or uncertain about it, in words"""
    sure: bool = True
    """False where it rests on an entry that no document read confirms, or on a guess"""


def security(facts: Mapping[str, Any]) -> bool:
    """Whether the beacon is a ship security alert system's: its alerts are never distributed by position."""
    return facts.get("protocol") == SECURITY_PROTOCOL


def named(facts: Mapping[str, Any]) -> bool:
    """Whether the message names the craft: a registration, a call sign, an MMSI, an aircraft address."""
    keys = ("mmsi", "callsign", "aircraft_registration", "aircraft_24bit", "aircraft_operator_3ld", "vessel_id")
    return any(facts.get(key) not in (None, "") for key in keys)


def country_of(facts: Mapping[str, Any]) -> int | None:
    """The country code that decides; for craft of a parent ship that of the ship, None where there is none.

    R Table 3.3.2: the true code follows from the first two digits of the craft's number and the third digit of the
    beacon's code; the order in which they stand is inferred from the form 98MIDxxxx.
    """
    code = facts.get("country_code")
    if not isinstance(code, int):
        return None
    if code in NO_COUNTRY:
        craft = str(facts.get("mmsi") or "")[-6:]
        if 982 <= code <= 987 and len(craft) == 6 and craft.isdigit():
            return int(f"{code % 10}{craft[:2]}")
        return None
    return code


def route(subject: Subject, network: Network, practice: Practice) -> Route:
    """Where an alert goes as it stands."""
    if subject.reliable and security(subject.facts):
        return _by_country(subject, network, security_alert=True)
    special = [row for row in network.special if subject.hex_id and subject.hex_id.startswith(row.prefix.upper())]
    extra = tuple(dict.fromkeys(name for row in special for name in row.to))
    notes = tuple(f"Special routing: {row.name}." for row in special)
    if any(row.replace for row in special):
        return Route(extra, extra, notes=notes)
    base = _by_place(subject, network, practice) if subject.places else _unlocated(subject, network)
    fixed = (*extra, *base.fixed)
    if subject.flies and practice.repository and subject.places and subject.reliable:
        fixed = (*fixed, REPOSITORY)
    to = _with_echo((*base.to, *fixed), network)
    return base._replace(to=to, fixed=_with_echo(fixed, network), notes=(*notes, *base.notes))


def _by_place(subject: Subject, network: Network, practice: Practice) -> Route:
    hits = [network.areas.at(*place) for place in subject.places]
    inside = tuple(dict.fromkeys(name for hit in hits for name in (*hit.inside, *_guess(hit))))
    near = tuple(dict.fromkeys(name for hit in hits for name in hit.near if name not in inside))
    inside, near = _inland(subject, network, inside, near)
    to = tuple(dict.fromkeys(_serving(name, network) for name in (*inside, *near)))
    notes = [f"No area holds the place; {hit.nearest} is the nearest." for hit in hits if hit.nearest]
    fixed: tuple[str, ...] = ()
    nocr: tuple[str, ...] = ()
    sure = not notes
    if not subject.reliable:
        fixed = practice.unreliable_copies
    else:
        home = _by_country(subject, network)
        country = network.countries.get(country_of(subject.facts) or 0)
        own = {*home.to, *(country.region if country else ())}
        if home.to and not own & set(to) and country_of(subject.facts) == subject.facts.get("country_code"):
            nocr = home.to
            sure = sure and home.sure
        if subject.facts.get("country_code") in NO_COUNTRY:
            notes.append("The country code is no country's: nobody is notified as country of registration.")
    return Route(tuple(dict.fromkeys((*to, *fixed))), fixed, nocr, (*inside, *near), tuple(notes), sure)


def _guess(hit: Hit) -> tuple[str, ...]:
    return (hit.nearest,) if hit.nearest else ()


def _inland(
    subject: Subject, network: Network, inside: tuple[str, ...], near: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """An EPIRB in the air force's area and the buffer of a coast guard one belongs to the latter alone (R 3.2.3.8)."""
    coast = [name for name in near if name.startswith("CGD")]
    if network.own == "USMCC" and subject.facts.get("beacon_type") == "EPIRB" and "AFRCC" in inside and coast:
        return (*coast, *(n for n in inside if n != "AFRCC")), tuple(n for n in near if n not in coast)
    return inside, near


def _serving(name: str, network: Network) -> str:
    """Who gets what concerns ``name``: itself, or the centre whose place this one does not take."""
    there = network.destination(name)
    return name if not there.backs_up or there.backs_up in network.backing_up else there.backs_up


def _unlocated(subject: Subject, network: Network) -> Route:
    if not subject.reliable:
        return Route(notes=("An identity that is not reliable is distributed by Doppler or DOA position only.",))
    return _by_country(subject, network)


def _by_country(subject: Subject, network: Network, *, security_alert: bool = False) -> Route:
    code = country_of(subject.facts)
    country = None if code is None else network.countries.get(code)
    if country is None:
        return Route(notes=(f"No destination is known for country code {subject.facts.get('country_code')}.",))
    names = country.security if security_alert else country.unlocated
    home = () if security_alert else tuple(name for name in subject.home if name in network.destinations)
    to: list[str] = []
    for name in names:
        by_home = name == "US RCC" or (bool(home) and network.destination(name).kind == "rcc")
        to += (home or _by_type(subject)) if by_home else [_serving(name, network)]
    notes: tuple[str, ...] = ()
    if not country.sure:
        notes = (f"That country code {code} belongs to {', '.join(to) or 'nobody'} was confirmed by no document read.",)
    fixed = tuple(to) if security_alert else ()
    return Route(
        tuple(dict.fromkeys(to)), fixed, notes=notes, sure=country.sure and code == subject.facts.get("country_code")
    )


def _by_type(subject: Subject) -> tuple[str, ...]:
    """By the type of beacon (R 3.2.3.8.2 g), where the register names no home port (f)."""
    return ("PACAREA",) if subject.facts.get("beacon_type") == "EPIRB" else ("AFRCC",)


def _with_echo(names: Sequence[str], network: Network) -> tuple[str, ...]:
    """Each destination with the one that gets a copy of all it gets (R Annex 7)."""
    return tuple(dict.fromkeys(n for name in names for n in (name, network.destination(name).echo) if n))


def held(
    destination: Destination, subject: Subject, sources: Sequence[str], network: Network, practice: Practice
) -> str:
    """Why an uncorroborated MEOSAR alert is kept from a destination; "" where it is not (R Table 3.2.17)."""
    if not practice.hold_uncorroborated or subject.flies or any(name in network.clean for name in sources):
        return ""
    if destination.kind == "mcc":
        if "M" in destination.capability.partition("+")[0]:
            return ""
        return f"{destination.name} cannot process MEOSAR alerts: an uncorroborated one is not sent"
    ours = network.own == "USMCC" and subject.facts.get("country_code") in _UNITED_STATES
    if subject.registered or named(subject.facts):
        return "" if ours or subject.places else f"uncorroborated, without a position: not sent to {destination.name}"
    if ours:
        return f"uncorroborated, and the beacon is not registered: not sent to {destination.name}"
    return "" if subject.places else f"uncorroborated, without a position: not sent to {destination.name}"


_UNITED_STATES = frozenset({303, 338, 358, 366, 367, 368, 369, 379, 536, 559})  # R Table 3.2.11

Registered = Callable[[str], bool | None]
"""whether a beacon is in the register; None where that is not known"""
Home = Callable[[str], tuple[str, ...]]
"""the rescue centres that the register names for a beacon's home port"""
