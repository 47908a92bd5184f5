"""Which writer a message's values go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vigie.sit import envelope, ladr, narrative, slashed, write_185, write_national
from vigie.sit.sheet import SitError

WRITERS: dict[str, Callable[[dict[str, Any]], str]] = {
    "usmcc_rcc": write_national.write,
    "sit185": write_185.write,
    "sarmaster": slashed.write,
    "usmcc_auto": slashed.write,
    "a002_automatic": slashed.write,
    "ladr": ladr.write,
}


def _text(values: dict[str, Any]) -> str:
    lines = values.get("narrative")
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise SitError(None, "a narrative needs its lines, a list of texts, under 'narrative'")
    return envelope.write(values, ["/" + lines[0], *lines[1:], "QQQQ"] if lines else ["QQQQ"])


def form_of(values: dict[str, Any]) -> str:
    """The form of values that do not name one: from their keys, then from the SIT number."""
    sit = str(values.get("sit") or "")
    if values.get("form"):
        return str(values["form"])
    if "contributor_code" in values:
        return "ladr"
    if sit == "185" or "positions" in values:
        return "sit185"
    if isinstance(values.get("narrative"), list):
        return "usmcc_support" if sit in narrative.SUPPORT else "narrative"
    if "solutions" in values:
        return "usmcc_rcc"
    layout = slashed.format_of(sit) if sit else None
    return layout.form if layout else "unknown"


def write(facts: dict[str, Any]) -> str:
    """The message of these values. SitError names what is missing or does not fit."""
    if not isinstance(facts, dict):
        raise SitError(None, "a message is written from a JSON object of its values")
    form = form_of(facts)
    values = {**facts, "form": form}
    try:
        return WRITERS.get(form, _text)(values)
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise SitError(
            None, f"a value does not fit a message of form {form}: {type(error).__name__}: {error}"
        ) from error
