"""National practice: which of the optional rules a centre applies. The profiles are in ``data/practices.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from vigie.alert.rules import RULES
from vigie.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Practice:
    """What a centre does beyond, or instead of, what all do."""

    name: str
    title: str
    rules: frozenset[str] = frozenset()
    """names of the constants marked national that apply"""
    unlocated_needs_name: bool = False
    """nothing is sent for an unlocated beacon that is neither registered nor names its craft"""
    nocr_sticky: bool = False
    """who was notified as country of registration gets the further messages until confirmation"""
    hold_uncorroborated: bool = True
    """an uncorroborated MEOSAR alert is kept from centres that R Table 3.2.17 excepts"""
    lg_stops: bool = True
    """a centre of LEOSAR and GEOSAR alone sends no updates after confirmation"""
    repository: bool = False
    """alerts of an ELT(DT) go to the repository of aircraft in distress"""
    unreliable_copies: tuple[str, ...] = ()
    """destinations that get a copy of every located alert whose identity is not reliable"""

    def applies(self, rule: str) -> bool:
        """Whether a constant counts here: every one does, but those marked national only where they are named."""
        return not RULES[rule].national or rule in self.rules


def names() -> tuple[str, ...]:
    """The practices that can be named."""
    return tuple(_table())


@cache
def _table() -> dict[str, Practice]:
    text = (resources.files("vigie.data") / "practices.toml").read_text(encoding="utf-8")
    found = {}
    for name, row in tomllib.loads(text).items():
        rules = frozenset(row.pop("rules"))
        copies = tuple(row.pop("unreliable_copies", ()))
        found[name] = Practice(name, rules=rules, unreliable_copies=copies, **row)
    return found


def named(name: str) -> Practice:
    """A practice by its name. Raises ConfigError naming those there are."""
    try:
        return _table()[name]
    except KeyError:
        raise ConfigError(f"practice {name!r} is not known; there are {', '.join(_table())}") from None
