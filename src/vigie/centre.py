"""A mission control centre from its settings: who it is, whom it tells, by which practice. One TOML file and its areas.

::

    [centre]
    name = "FMCC"
    code = "2270"
    capability = "LGM"
    practice = "international"
    training = false
    areas = "areas"                      # a folder of GeoJSON, or one file; 'name' says the destination
    clean_luts = ["TLS-MEO"]
    backing_up = []

    [destinations.GRISNEZ]
    code = "CROSS1"
    kind = "rcc"                         # rcc, spoc, mcc, repository or test
    form = "sit185"                      # national, sit185, narrative, sit925, sarmaster, automated or ladr
    buffer_km = 50

    [countries.227]
    unlocated = ["GRISNEZ"]
    security = ["COSMER"]

    [[special]]
    prefix = "1C6FF"
    name = "Sea trial 12"
    to = ["GRISNEZ"]
    replace = true
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vigie.alert.areas import Area, from_geojson, merged
from vigie.alert.book import AlertBook
from vigie.alert.desk import Visible
from vigie.alert.network import FORMS, KINDS, Country, Destination, Network, Special, standing, united_states
from vigie.alert.practice import Practice, named
from vigie.errors import ConfigError, InputError
from vigie.records import Record
from vigie.register import Register
from vigie.sit.outgoing import Address, Centre

_KEYS = {
    "centre": {
        "name", "code", "capability", "practice", "training", "areas", "clean_luts", "backing_up",
        "contributor", "base",
    },
    "destinations": {"code", "kind", "form", "buffer_km", "echo", "nodal", "capability", "backs_up"},
    "countries": {"unlocated", "security"},
    "special": {"prefix", "name", "to", "replace", "header"},
}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """What a centre works by."""

    network: Network
    practice: Practice
    centre: Centre
    register: Register
    mark: str = ""
    """tells these settings from others, for a book kept in a snapshot; empty for those of a station without a centre"""
    file: str = ""
    """the configuration they stand in"""

    def book(self, records: Any = (), visible: Visible | None = None) -> AlertBook:
        """An alert book of this centre that has taken these records already."""
        asked = self.register.registered if self.register.entries or self.register.outside else None
        kept: list[Record] = list(records)
        return AlertBook(
            kept,
            practice=self.practice,
            network=self.network,
            registered=asked,
            visible=visible,
            home=self.register.home if self.register.entries else None,
        )


def default(training: bool = False) -> Settings:
    """A station that belongs to no centre."""
    network, register = standing(), Register()
    return Settings(
        network, named("international"), _centre("VIGIE", "0000", network, register, training, ""), register
    )


def load(path: str | Path, register: Register | None = None) -> Settings:
    """The settings of a file. Raises ConfigError saying what is wrong and where."""
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from None
    try:
        return read(table, path.parent, register)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: a value is of the wrong kind: {error}") from None


def read(table: dict[str, Any], folder: Path, register: Register | None = None) -> Settings:
    """The settings of a table as the file has it; ``folder``: what file names are relative to. Raises ConfigError."""
    _refuse_unknown(table)
    own = table.get("centre", {})
    name = str(own.get("name", "VIGIE")).upper()
    base = united_states() if own.get("base", name) in ("USMCC", "us") else standing()
    destinations = dict(base.destinations)
    for key, row in table.get("destinations", {}).items():
        destinations[key.upper()] = _destination(key.upper(), row)
    if name in destinations:
        mine = destinations[name]
        destinations[name] = replace(
            mine, code=str(own.get("code", mine.code)), capability=str(own.get("capability", mine.capability))
        )
    countries = dict(base.countries)
    for key, row in table.get("countries", {}).items():
        if not (str(key).isdigit() and len(str(key)) == 3):
            raise ConfigError(f"countries.{key}: a country code has three digits")
        countries[int(key)] = Country(_names(row, "unlocated"), _names(row, "security"))
    special = tuple(
        Special(str(row["prefix"]).upper(), str(row.get("name", "")), _names(row, "to"), bool(row.get("replace")),
                str(row.get("header", "")))
        for row in table.get("special", ())
    )  # fmt: skip
    buffers = {key: there.buffer_m for key, there in destinations.items()}
    areas = base.areas
    if own.get("areas"):
        areas = merged([_areas(folder / str(own["areas"]), buffers)])
    network = Network(
        name, destinations, countries, areas, special,
        frozenset(str(x).upper() for x in own.get("backing_up", ())), frozenset(map(str, own.get("clean_luts", ()))),
    )  # fmt: skip
    code = str(own.get("code", destinations[name].code if name in destinations else "0000"))
    register = register or Register()
    centre = _centre(name, code, network, register, bool(own.get("training")), str(own.get("contributor", "")))
    practice = named(str(own.get("practice", "international")))
    return Settings(network, practice, centre, register, _mark(table, folder, register))


def _mark(table: dict[str, Any], folder: Path, register: Register) -> str:
    """A digest of all that the settings come from."""
    digest = hashlib.sha256(json.dumps(table, sort_keys=True, default=str).encode())
    digest.update(repr(sorted(register.entries)).encode())
    digest.update(repr([(name, entry.home) for name, entry in sorted(register.entries.items()) if entry.home]).encode())
    digest.update(repr(register.outside is not None).encode())
    areas = table.get("centre", {}).get("areas")
    for file in _area_files(folder / str(areas)) if areas else ():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _area_files(path: Path) -> list[Path]:
    return sorted(path.glob("*.geojson")) if path.is_dir() else [path]


def _centre(name: str, code: str, network: Network, register: Register, training: bool, contributor: str) -> Centre:
    def address(to: str) -> Address:
        there, via = network.destination(to), network.next_hop(to)
        return Address(there.code, there.form, "" if via == to else via)

    def lines(hex_id: str) -> list[str]:
        return register.known(hex_id).lines()

    asked = lines if register.entries or register.outside else None
    return Centre(name, code, address, training, asked, contributor)


def _destination(name: str, row: dict[str, Any]) -> Destination:
    kind, form = str(row.get("kind", "spoc")), str(row.get("form", "sit185"))
    for what, value, known in (("kind", kind, KINDS), ("form", form, FORMS)):
        if value not in known:
            raise ConfigError(f"destinations.{name}: {what} {value!r} is not one of {', '.join(known)}")
    return Destination(
        name,
        str(row.get("code", name)),
        kind,  # type: ignore[arg-type]
        form,
        str(row.get("capability", "")),
        str(row.get("nodal", "")).upper(),
        float(row.get("buffer_km", 0)) * 1000,
        str(row.get("echo", "")).upper(),
        str(row.get("backs_up", "")).upper(),
    )


def _names(row: dict[str, Any], key: str) -> tuple[str, ...]:
    value = row.get(key, [])
    return tuple(str(name).upper() for name in ([value] if isinstance(value, str) else value))


def _areas(path: Path, buffers_m: dict[str, float]) -> list[Area]:
    files = _area_files(path)
    if not files:
        raise ConfigError(f"{path} holds no *.geojson")
    found: list[Area] = []
    for file in files:
        try:
            collection = json.loads(file.read_text(encoding="utf-8"))
            features = collection.get("features") or [{}]
            key = next((k for k in ("name", "mcc", "srr") if k in features[0].get("properties", {})), "name")
            found += from_geojson(collection, key=key, buffers_m=buffers_m)
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
        except (ValueError, AttributeError) as error:
            raise ConfigError(f"{file} is no GeoJSON: {error}") from None
        except InputError as error:
            raise ConfigError(f"{file}: {error}") from None
    return found


def _refuse_unknown(table: dict[str, Any]) -> None:
    for name, part in table.items():
        if name not in _KEYS:
            raise ConfigError(f"section {name!r} is not known; there are {', '.join(_KEYS)}")
        if not isinstance(part, list if name == "special" else dict):
            raise ConfigError(f"{name} is of the wrong kind: a table is needed")
        rows: dict[Any, Any] = dict(enumerate(part, 1)) if isinstance(part, list) else part
        rows = {"centre": part} if name == "centre" else rows
        for key, row in rows.items():
            unknown = set(row) - _KEYS[name]
            if unknown:
                raise ConfigError(f"{name} {key}: {', '.join(sorted(unknown))} is not known")
