"""The centres and destinations that messages go to: who they are, what they can take, how they are reached.

What is known comes from data files with their sources (``data/centres.csv``, ``destinations_us.csv``,
``country_routes.csv``); a centre adds its own.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Any, Literal

from vigie.alert.areas import Areas, from_geojson, merged
from vigie.errors import ConfigError

Kind = Literal["rcc", "spoc", "mcc", "repository", "test"]
KINDS = ("rcc", "spoc", "mcc", "repository", "test")
FORMS = ("national", "sit185", "narrative", "sit925", "sarmaster", "automated", "ladr")


@dataclass(frozen=True, slots=True)
class Destination:
    """Somebody who gets messages."""

    name: str
    code: str
    """what stands for it in a message's header"""
    kind: Kind
    form: str
    """national, sit185, narrative (a SIT 185 inside a SIT 915), sit925 (inside a SIT 925), sarmaster, automated (the US
    9-line format) or ladr"""
    capability: str = ""
    """of a centre: L, G and M for the systems, ELTDT and SGB for what else it can process"""
    nodal: str = ""
    """the centre through which a centre is reached"""
    buffer_m: float = 0.0
    echo: str = ""
    """who gets a copy of all it gets"""
    backs_up: str = ""
    """the centre in whose place it is served, and only then"""
    sure: bool = True
    """False where no document read confirms its code"""


@dataclass(frozen=True, slots=True)
class Country:
    """Who is told about beacons of a country code."""

    unlocated: tuple[str, ...]
    """destinations of unlocated alerts and of notifications of country of registration"""
    security: tuple[str, ...] = ()
    """competent authorities for ship security alerts"""
    sure: bool = True
    """False where no document read confirms it"""
    region: frozenset[str] = frozenset()
    """further destinations whose areas are the country's own: within them nobody is notified"""


@dataclass(frozen=True, slots=True)
class Special:
    """Special routing for beacons whose hex ID begins so: a national programme, a coordinated test."""

    prefix: str
    name: str
    to: tuple[str, ...]
    replace: bool = False
    """in place of normal routing; else beside it"""
    header: str = ""
    """a line of its own above the title"""


@dataclass(frozen=True)
class Network:
    """All that routing needs to know. ``own``: the centre that routes; empty for a station without one."""

    own: str = ""
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    countries: Mapping[int, Country] = field(default_factory=dict)
    areas: Areas = field(default_factory=lambda: Areas(()))
    special: tuple[Special, ...] = ()
    backing_up: frozenset[str] = frozenset()
    """centres in whose place this one serves their destinations"""
    clean: frozenset[str] = frozenset()
    """LUTs that met the requirements on artefacts: what they hear once is passed on (R 3.2.7)"""

    def __post_init__(self) -> None:
        lost = sorted(
            {name for route in self.countries.values() for name in (*route.unlocated, *route.security)}
            | {name for row in self.special for name in row.to}
        )
        for name in lost:
            if name not in self.destinations and name not in GENERIC:
                raise ConfigError(f"destination {name!r} is named in a table of routes, but not described")

    def destination(self, name: str) -> Destination:
        """What is known of a destination; for an unknown name, no more than that."""
        return self.destinations.get(name) or Destination(name, name, "spoc", "sit185", sure=False)

    def next_hop(self, name: str) -> str:
        """Through whom a message for ``name`` goes: nodal centres talk to one another, others to their nodal one."""
        there, here = self.destination(name), self.destinations.get(self.own)
        if there.kind != "mcc" or here is None or name == self.own:
            return name
        if here.nodal != self.own:
            return name if name == here.nodal else here.nodal
        return name if there.nodal in (self.own, name) else there.nodal


GENERIC = frozenset({"US RCC"})
"""names in the tables that stand for a choice, made in ``routing``"""


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (resources.files("vigie.data") / name).read_text(encoding="utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


@cache
def centres() -> dict[str, Destination]:
    """The mission control centres. Between centres the text is a SIT 185 in a SIT 915: the automatic formats of
    C/S A.002 were not read."""
    return {
        row["name"]: Destination(
            row["name"],
            row["id"],
            "mcc",
            "narrative",
            row["capability"],
            row["nodal"],
            sure=row["id_basis"] == "seen",
        )
        for row in _rows("centres.csv")
    }


def _united_states() -> dict[str, Destination]:
    kinds: dict[str, Kind] = {"ladr": "repository", "rcc": "rcc", "spoc": "spoc", "test": "test"}
    return {
        row["name"].upper(): Destination(
            row["name"].upper(),
            row["code"],
            kinds[row["kind"]],
            row["form"],
            buffer_m=float(row["buffer_km"] or 0) * 1000,
            echo=row["echo"].upper(),
            backs_up=row["backs_up"],
        )
        for row in _rows("destinations_us.csv")
    }


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip().upper() for part in text.replace(",", ";").split(";") if part.strip())


def _countries(own: str) -> dict[int, Country]:
    found = {}
    rescue = frozenset(d.name for d in _united_states().values() if d.kind == "rcc" and not d.backs_up)
    for row in _rows("country_routes.csv"):
        sure = row["basis"] != "unverified"
        unlocated = security = _names(row["mcc"])
        region: frozenset[str] = frozenset()
        if own == "USMCC" and row["mcc"] == "USMCC":
            region = rescue if row["iso3"] == "USA" else region
            unlocated = tuple(_OTHER_NAMES.get(name, name) for name in _names(row["us_unlocated"]))
            security = tuple(_OTHER_NAMES.get(name, name) for name in _names(row["us_security"]))
        found[int(row["mid"])] = Country(unlocated, security, sure, region)
    return found


_OTHER_NAMES = {"PANASP": "PANSP"}  # Annex 14 and Annex 7 spell one of them differently


@cache
def _lands() -> Areas:
    """Land of countries, each named by the centre its code goes to; gaps, such as all seas, go to the nearest."""
    text = (resources.files("vigie.data") / "countries.geojson").read_text(encoding="utf-8")
    centre = {row["iso3"]: row["mcc"] for row in _rows("country_routes.csv") if row["mcc"]}
    collection = json.loads(text)
    features = []
    for feature in collection["features"]:
        name = centre.get(feature["properties"]["iso3"])
        if name:
            features.append({**feature, "properties": {"name": name}})
    return merged([from_geojson({"features": features})], guess=True)


@cache
def standing() -> Network:
    """The network of a station that was given none: all centres, by country code, and by the nearest land.

    Neither is authoritative: see the sources of the tables. It says who would be responsible; nothing is sent by it.
    """
    everyone = centres()
    return Network("", everyone, _countries(""), _lands())


def united_states(areas: Areas | None = None) -> Network:
    """The network of the USMCC as its manual describes it. ``areas``: named as in Annex 7; it publishes none.

    The authorities for ship security alerts that only Annex 14 names are known by name alone.
    """
    everyone = {**centres(), **_united_states()}
    everyone["CMCC"] = replace(everyone["CMCC"], form="sit925")  # by agreement of the two centres (R 6.1)
    countries = _countries("USMCC")
    for route in countries.values():
        for name in route.security:
            if name not in everyone:
                everyone[name] = Destination(name, name, "spoc", "sit185", sure=False)
    return Network("USMCC", everyone, countries, areas or Areas(()))


def configured(own: str, base: Network, **changes: Any) -> Network:
    """``base`` seen from another centre, with what that one knows of itself. Raises ConfigError."""
    return replace(base, own=own, **changes)
