"""The register of beacons: who owns them, whom to call. A table of one's own, and an outside register by HTTP.

A register that is down says so: a look-up never fails an alert, and "not found" is never said where nobody could look.
"""

from __future__ import annotations

import csv
import http.client
import io
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from vigie.errors import ConfigError, HexError, InputError
from vigie.message import beacon

ID_COLUMNS = ("hex_id", "hexid", "hex id", "beacon_id", "beacon id", "beaconid", "15 hex id", "uin", "id")
"""what the column with the beacon's ID may be called, capitals or not"""
HOME_COLUMNS = ("home port primary srr", "primary srr", "secondary srr", "home srr", "home rcc", "home mrcc")
"""columns that name the rescue centres of the home port or of the owner's address, capitals or not"""
_MOST_BYTES = 1_000_000
_LINE = 66
WAITS = "the register has not answered yet"


@dataclass(frozen=True, slots=True)
class Entry:
    """A beacon in a register."""

    hex_id: str
    """15 or 23 digits, position bits at default"""
    fields: Mapping[str, str]
    """every column that is not empty, by its heading"""

    @property
    def home(self) -> tuple[str, ...]:
        """The rescue centres that its row names for the home port, the first one first."""
        given = {name.lower(): value.upper() for name, value in self.fields.items()}
        return tuple(dict.fromkeys(given[name] for name in HOME_COLUMNS if given.get(name)))

    def lines(self) -> list[str]:
        """As a message between centres prints it."""
        said = (f"{name.upper()}: {value}" for name, value in self.fields.items())
        return [line[start : start + _LINE] for line in said for start in range(0, max(len(line), 1), _LINE)]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a look-up gave."""

    state: Literal["found", "not_found", "unreachable"]
    entry: Entry | None = None
    source: str = ""
    """which register answered"""
    why: str = ""
    """why it could not, in words"""

    @property
    def registered(self) -> bool | None:
        """True or False; None where nobody could look."""
        return {"found": True, "not_found": False, "unreachable": None}[self.state]

    def lines(self) -> list[str]:
        """What a message says about it."""
        if self.entry is not None:
            return self.entry.lines()
        if self.state == "unreachable":
            state = "HAS NOT ANSWERED YET" if self.why == WAITS else "COULD NOT BE REACHED"
            return [f"REGISTRATION INFORMATION: THE REGISTER {state}"]
        return ["REGISTRATION INFORMATION IS NOT AVAILABLE"]


def beacon_id(text: str) -> str:
    """The 15- or 23-digit ID of a beacon named by any form of its ID or message: 15, 22, 23, 28, 30, 36, 51 or 63 hex.

    Position bits are put at their default, so every message of a beacon names the same ID. Raises HexError when the
    text is none of them, or a message whose errors cannot be mended.
    """
    facts = beacon.decode(text).facts
    found = facts.get("hex_id")
    if not found:
        raise HexError("layout", f"{text!r} names no beacon: its errors cannot be mended, or it is only part of an ID")
    return str(found)


@dataclass
class Register:
    """Beacons by their ID; what it has not may be asked of an outside register."""

    entries: dict[str, Entry] = field(default_factory=dict)
    outside: Callable[[str], Answer] | None = None
    name: str = "own register"
    answers: dict[str, Answer] = field(default_factory=dict)
    """what an outside register has answered, where it is asked in the background"""

    def add(self, text: str) -> list[str]:
        """Take in a CSV table with a heading; what was refused, a sentence a line. A later row replaces an earlier.

        Raises InputError when no column of the heading holds IDs.
        """
        sample = text.lstrip("\ufeff")
        head = sample.split("\n", 1)[0]
        delimiter = max(",;\t|", key=head.count)
        rows = csv.DictReader(io.StringIO(sample), delimiter=delimiter)
        columns = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
        column = next((columns[name] for name in ID_COLUMNS if name in columns), None)
        if column is None:
            raise InputError(f"no column of the heading holds beacon IDs: it has {', '.join(columns) or 'nothing'}")
        refused = []
        for number, row in enumerate(rows, 2):
            try:
                hex_id = beacon_id((row.pop(column) or "").strip())
            except HexError as error:
                refused.append(f"row {number}: {error}")
                continue
            fields = {
                str(key).strip(): " ".join(value.split())
                for key, value in row.items()
                if isinstance(value, str) and value.strip()
            }
            self.entries[hex_id] = Entry(hex_id, fields)
        return refused

    def look_up(self, text: str) -> Answer:
        """What is known of a beacon, by any form of its ID. Raises HexError when the text names none."""
        hex_id = beacon_id(text)
        found = self.entries.get(hex_id) or self.entries.get(hex_id[:15])
        if found is not None:
            return Answer("found", found, self.name)
        return self.outside(hex_id) if self.outside else Answer("not_found", source=self.name)

    def known(self, hex_id: str) -> Answer:
        """What is known of a beacon without asking anybody now: for messages, which nothing must hold up."""
        found = self.entries.get(hex_id) or self.entries.get(hex_id[:15])
        if found is not None:
            return Answer("found", found, self.name)
        if self.outside is None:
            return Answer("not_found", source=self.name)
        return self.answers.get(hex_id) or Answer("unreachable", why=WAITS)

    def home(self, hex_id: str) -> tuple[str, ...]:
        """The rescue centres of a beacon's home port, by the own table alone: what the book decides can be replayed."""
        found = self.entries.get(hex_id) or self.entries.get(hex_id[:15])
        return () if found is None else found.home

    def registered(self, hex_id: str) -> bool | None:
        """Whether a beacon is in the own table, or None where an outside register may have it: asks nobody, so that
        what the alert book decides can be replayed."""
        if hex_id in self.entries or hex_id[:15] in self.entries:
            return True
        return None if self.outside else False


@dataclass(frozen=True, slots=True)
class Http:
    """An outside register that answers a GET with a JSON object, or with 404 for a beacon it has not.

    ``template``: its address with ``{hex_id}`` or ``{country}`` (the three digits of the code) in it.
    """

    template: str
    timeout_s: float = 5.0
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scheme = urllib.parse.urlsplit(self.template).scheme
        if scheme not in ("http", "https"):
            raise ConfigError(f"the register's address {self.template!r} does not begin with http:// or https://")
        try:
            self.template.format(hex_id="", country="")
        except (KeyError, IndexError, ValueError) as error:
            raise ConfigError(
                f"the register's address has a place that is not {{hex_id}} or {{country}}: {error}"
            ) from None

    def __call__(self, hex_id: str) -> Answer:
        """Ask; never raises: what went wrong is said."""
        country = f"{int(hex_id[:3], 16) >> 1 & 0x3FF:03d}"
        address = self.template.format(hex_id=hex_id, country=country)
        asked = urllib.request.Request(address, headers={"Accept": "application/json", **self.headers})
        try:
            with urllib.request.urlopen(asked, timeout=self.timeout_s) as reply:
                data = reply.read(_MOST_BYTES + 1)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 404:
                    return Answer("not_found", source=self._where())
                return self._down(f"it answered {error.code}")
        except (OSError, ValueError, http.client.HTTPException) as error:  # refused, no such host, too slow, not HTTP
            reason = getattr(error, "reason", error)
            return self._down(f"{type(error).__name__}: {reason}")
        if len(data) > _MOST_BYTES:
            return self._down(f"its answer is longer than {_MOST_BYTES} bytes")
        try:
            said = json.loads(data)
        except (ValueError, RecursionError):
            return self._down("its answer is no JSON")
        if isinstance(said, list):
            said = said[0] if said else None
        if not said:
            return Answer("not_found", source=self._where())
        if not isinstance(said, dict):
            return self._down("its answer is no JSON object")
        return Answer("found", Entry(hex_id, dict(_flat(said))), self._where())

    def _where(self) -> str:
        return urllib.parse.urlsplit(self.template).netloc

    def _down(self, why: str) -> Answer:
        return Answer(
            "unreachable", source=self._where(), why=f"the register {self._where()} could not be asked: {why}"
        )


def _flat(value: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, str]]:
    """Values of nested objects under joined names, one line each."""
    for key, item in value.items():
        name = f"{before}{key}"
        if isinstance(item, Mapping):
            yield from _flat(item, f"{name}.")
        elif isinstance(item, list):
            for place, one in enumerate(item, 1):
                yield from _flat({f"{name}.{place}": one})
        elif item not in (None, ""):
            yield name, " ".join(str(item).split())
