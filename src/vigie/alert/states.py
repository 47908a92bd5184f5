"""The states of an alert and what moves it from one to another, as a table with the source beside each row.

Every event is defined in every state. Sources: ``R`` is the USMCC RCC Messages Manual v5.1, read; ``ours`` is a
decision of this project where nothing read says what to do, always towards keeping a distress alert open.
No row makes a distress alert disappear: it ends only when the user cancels it, and then it still stands in the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from vigie.records import Category, Message

NEW: Final = "new"
"""before the first burst; never the state of an alert"""
STAY: Final = "="
BEFORE: Final = "<"
"""the state in which the cancellation found the alert"""

STATES: Final[dict[str, str]] = {
    "self_test": "Self-test heard: no distress",
    "test": "Test message heard: no distress",
    "orbitography": "System beacon heard: no distress",
    "unreliable": "Burst heard, identity not reliable",
    "unlocated": "No position yet",
    "located": "Located, not confirmed",
    "updated": "Position updated, not confirmed",
    "conflict": "Positions conflict, not confirmed",
    "confirmed": "Position confirmed",
    "confirmed_conflict": "Position confirmed, a later one conflicts",
    "cancelling": "Cancellation heard, not confirmed",
    "cancelled": "Cancelled by the user",
}
"""each state in words"""

CALM: Final = ("self_test", "test", "orbitography")
OPEN: Final = ("unlocated", "located", "updated", "conflict")
SURE: Final = ("confirmed", "confirmed_conflict")
ENDING: Final = ("cancelling", "cancelled")
DISTRESS: Final = OPEN + SURE + ENDING
"""states of an alert that is or was a distress call (or national use, to be treated as one)"""
_FRESH = (NEW, *CALM, "unreliable", "unlocated")
ALL: Final = (NEW, *STATES)

EVENTS: Final[dict[str, str]] = {
    "burst": "a distress burst without a position",
    "first": "the first position",
    "same": "a position that is no news",
    "moved": "a position that moved, or a finer one, and does not conflict",
    "conflicting": "a position that conflicts with another",
    "matching": "an independent position that agrees with another",
    "late": "a burst older than the cancellation or the alert that followed it",
    "cancellation": "a cancellation message, not yet enough of them",
    "cancelled": "the cancellation message that confirms the cancellation",
    "self_test": "a self-test burst",
    "test": "a burst of a test protocol",
    "orbitography": "a burst of a system beacon",
    "unreliable": "a burst whose identity is not to be trusted",
}
"""each event in words"""


class Row(NamedTuple):
    """One transition, for several states at once."""

    event: str
    states: tuple[str, ...]
    to: str
    words: str
    """the reason shown, a sentence"""
    source: str
    inferred: bool = False


_FIRST_UNLOCATED = "A distress burst without a position was received."
_FIRST_LOCATED = "A distress burst with a position was received."
_AGAIN = "The beacon sent a distress burst after the cancellation."
_STANDS = "The distress alert stands."

TABLE: Final[tuple[Row, ...]] = (
    Row("burst", (NEW,), "unlocated", _FIRST_UNLOCATED, "R 3.2.8, Table 2.1 (SIT 170)"),
    Row("burst", (*CALM, "unreliable"), "unlocated", _FIRST_UNLOCATED, "ours: a new activation", True),
    Row("burst", OPEN + SURE, STAY, "", "R Table 2.1 (SIT 177): a repeated detection"),
    Row("burst", ENDING, BEFORE, _AGAIN, "C/S T.001 3.4; R Table 2.1 (SIT 179): no ordinary alert between"),
    Row("first", _FRESH, "located", _FIRST_LOCATED, "R Table 2.1 (SIT 171)"),
    Row("first", ("located", "updated", "conflict", *SURE), STAY, "", "ours: does not arise", True),
    Row("first", ENDING, "located", _AGAIN, "C/S T.001 3.4", True),
    Row("same", _FRESH, "located", _FIRST_LOCATED, "ours: does not arise", True),
    Row("same", ("located", "updated", "conflict", *SURE), STAY, "", "R Table 2.1 (SIT 179): at most 3 km"),
    Row("same", ENDING, BEFORE, _AGAIN, "C/S T.001 3.4", True),
    Row("moved", _FRESH, "located", _FIRST_LOCATED, "ours: does not arise", True),
    Row("moved", ("located", "updated"), "updated", "The position changed.", "R Table 2.1 (SIT 172, 179)"),
    Row("moved", ("conflict", *SURE), STAY, "The position changed.", "R Table 2.1 (SIT 175, 179)"),
    Row("moved", ENDING, "updated", _AGAIN, "C/S T.001 3.4", True),
    Row("conflicting", _FRESH, "located", _FIRST_LOCATED, "ours: does not arise", True),
    Row(
        "conflicting", ("located", "updated", "conflict"), "conflict", "Two positions conflict.", "R 3.2.2.1 (SIT 173)"
    ),
    Row(
        "conflicting", SURE, "confirmed_conflict", "A position conflicts with the confirmed one.", "R 3.2.2.2 (SIT 175)"
    ),
    Row("conflicting", ENDING, "conflict", _AGAIN, "C/S T.001 3.4", True),
    Row(
        "matching",
        (*_FRESH, "located", "updated", "conflict"),
        "confirmed",
        "Two independent positions agree.",
        "R Table 3.2.4 (SIT 174)",
    ),
    Row("matching", SURE, "confirmed", "A position agrees with an independent one.", "R 3.2.2.2 (SIT 175)"),
    Row("matching", ENDING, "confirmed", _AGAIN, "C/S T.001 3.4", True),
    Row("late", (NEW, *CALM, "unreliable"), "unlocated", _FIRST_UNLOCATED, "ours: does not arise", True),
    Row("late", DISTRESS, STAY, "", "ours: events count by their own time, not by arrival", True),
    Row(
        "cancellation",
        (NEW, *CALM, "unreliable", *OPEN, *SURE),
        "cancelling",
        "The user's cancellation was received.",
        "R Table 2.1 (SIT 179)",
    ),
    Row("cancellation", ("cancelling",), STAY, "The user's cancellation was received.", "R Table 2.1 (SIT 179)"),
    Row("cancellation", ("cancelled",), STAY, "", "R Table 2.1 (SIT 179)"),
    Row(
        "cancelled",
        (NEW, *CALM, "unreliable", *OPEN, *SURE, "cancelling"),
        "cancelled",
        "The user cancelled the alert.",
        "R Table 2.1 (SIT 179)",
    ),
    Row("cancelled", ("cancelled",), STAY, "", "R Table 2.1 (SIT 179)"),
    Row("self_test", (NEW, *CALM, "unreliable"), "self_test", "A self-test burst was received.", "C/S T.001 4.5.4"),
    Row("self_test", DISTRESS, STAY, f"The beacon also sent a self-test. {_STANDS}", "ours", True),
    Row("test", (NEW, *CALM, "unreliable"), "test", "A test message was received.", "R 3.2.4.1: not for distribution"),
    Row("test", DISTRESS, STAY, f"The beacon also sent a test message. {_STANDS}", "ours", True),
    Row("orbitography", (NEW, *CALM, "unreliable"), "orbitography", "A system beacon was received.", "C/S T.001 A2.7"),
    Row("orbitography", DISTRESS, STAY, f"A system beacon message was received. {_STANDS}", "ours", True),
    Row(
        "unreliable",
        (NEW, "unreliable"),
        "unreliable",
        "A burst was received whose identity the error code could not mend.",
        "R 2.1.4, 3.2.3.4",
    ),
    Row("unreliable", (*CALM, *DISTRESS), STAY, "", "ours: does not arise, such bursts keep an id of their own", True),
)

_STEPS: Final = {(state, row.event): row for row in TABLE for state in row.states}


def step(state: str, event: str, before: str) -> tuple[str, str]:
    """The state after ``event`` in ``state``, and the reason in words ("" when the old reason still holds).

    ``before``: the state in which a cancellation found the alert; NEW when it began with the cancellation.
    """
    row = _STEPS[state, event]
    to = {STAY: state, BEFORE: before}.get(row.to, row.to)
    return "unlocated" if to == NEW else to, row.words


_CATEGORIES: Final[dict[str, str]] = {
    "distress": "Distress",
    "test": "Test",
    "self_test": "Self-test",
    "orbitography": "Orbitography (system beacon)",
    "national": "National use: treat as distress until the country's authority says otherwise",
    "cancelled": "Distress cancelled by the user",
    "unreliable": "Identity not reliable: may be a distress",
}


def category_words(category: Category, *, exercise: bool = False) -> str:
    """The category in words; an exercise says so before anything else."""
    words = _CATEGORIES[category]
    return f"EXERCISE - {words[0].lower()}{words[1:]}" if exercise else words


def beacon_id(message: Message) -> str | None:
    """The ID by which bursts of one beacon are brought together; None when it is not to be trusted."""
    return None if message.verdict == "unreliable" else message.hex_id


def alert_id(message: Message, *, exercise: bool) -> str:
    """The id of the alert a message belongs to: its hex ID, which is that of no exercise and of no doubtful burst."""
    return ("X-" if exercise else "") + (beacon_id(message) or f"U-{message.received}")
