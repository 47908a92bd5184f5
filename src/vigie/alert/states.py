"""The states of an alert and what moves it from one to another, as a table with the source beside each row.

Every event is defined in every state. Sources: ``R`` is the USMCC RCC Messages Manual v5.1, read; ``ours`` is a
decision of this project where nothing read says what to do, always towards keeping a distress alert open.
No row makes a distress alert disappear: it ends when the user cancels it, when the beacon has been silent for hours, or
when a duty officer closes it, and then it still stands in the list. A closed one is never opened again: the next burst
begins another activation.
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
    "unresolved": "Doppler passes match on both sides, not confirmed",
    "conflict": "Positions conflict, not confirmed",
    "confirmed": "Position confirmed",
    "confirmed_conflict": "Position confirmed, a later one conflicts",
    "cancelling": "Cancellation heard, not confirmed",
    "cancelled": "Cancelled by the user",
    "closed": "Closed: not heard any more",
}
"""each state in words"""

CALM: Final = ("self_test", "test", "orbitography")
LOCATED: Final = ("located", "updated", "unresolved", "conflict")
OPEN: Final = ("unlocated", *LOCATED)
SURE: Final = ("confirmed", "confirmed_conflict")
ENDING: Final = ("cancelling", "cancelled")
ACTIVE: Final = (*OPEN, *SURE, *ENDING)
DISTRESS: Final = (*ACTIVE, "closed")
"""states of an alert that is or was a distress call (or national use, to be treated as one)"""
OVER: Final = (*CALM, "closed")
"""states that a distress burst leaves by beginning a new activation"""
_FRESH = (NEW, *CALM, "unreliable", "unlocated", "closed")
ALL: Final = (NEW, *STATES)

EVENTS: Final[dict[str, str]] = {
    "burst": "a distress burst without a position",
    "first": "the first position",
    "same": "a position that is no news",
    "moved": "a position that moved, or a finer one, and does not conflict",
    "better": "a position of better quality, or a later DOA one, that does not conflict",
    "conflicting": "a position that conflicts with another",
    "unresolved": "a Doppler pass that matches an earlier one on both sides",
    "matching": "an independent position that agrees with another",
    "renewed": "new positions that agree with one another and contradict the confirmed one",
    "late": "a burst older than the cancellation, the closure or the alert that followed it",
    "cancellation": "a cancellation message, not yet enough of them",
    "cancelled": "the cancellation message that confirms the cancellation",
    "self_test": "a self-test burst",
    "test": "a burst of a test protocol",
    "orbitography": "a burst of a system beacon",
    "unreliable": "a burst whose identity is not to be trusted",
    "timeout": "the beacon was not heard for the time after which a site closes",
    "aged": "the site has been open for the longest time",
    "close": "a duty officer closes the site",
}
"""each event in words"""
TIMERS: Final = ("timeout", "aged")
"""events that the clock brings"""


class Row(NamedTuple):
    """One transition, for several states at once."""

    event: str
    states: tuple[str, ...]
    to: str
    words: str
    """the reason shown, a sentence"""
    source: str
    inferred: bool = False
    sit: str = ""
    """the message it may call for, as for a first-generation beacon; whether it does is said by ``telling``"""


_FIRST_UNLOCATED = "A distress burst without a position was received."
_FIRST_LOCATED = "A distress burst with a position was received."
_AGAIN = "The beacon sent a distress burst after the cancellation."
_STANDS = "The distress alert stands."
_NOT = "ours: does not arise"
_NO_CLOCK = "ours: no clock runs"

TABLE: Final[tuple[Row, ...]] = (
    Row("burst", (NEW,), "unlocated", _FIRST_UNLOCATED, "R 3.2.8, Table 2.1 (SIT 170)", sit="170"),
    Row("burst", (*CALM, "unreliable"), "unlocated", _FIRST_UNLOCATED, "ours: a new activation", True, "170"),
    Row("burst", ("closed",), "unlocated", _FIRST_UNLOCATED, "R 4.7.3: another site opens for the beacon", sit="170"),
    Row("burst", (*OPEN, *SURE), STAY, "", "R Table 2.1 (SIT 177): a repeated detection", sit="177"),
    Row("burst", ENDING, BEFORE, _AGAIN, "C/S T.001 3.4; R Table 2.1 (SIT 179): no ordinary alert between", sit="177"),
    Row("first", _FRESH, "located", _FIRST_LOCATED, "R Table 2.1 (SIT 171)", sit="171"),
    Row("first", (*LOCATED, *SURE), STAY, "", _NOT, True, "177"),
    Row("first", ENDING, "located", _AGAIN, "C/S T.001 3.4", True, "171"),
    Row("same", _FRESH, "located", _FIRST_LOCATED, _NOT, True, "171"),
    Row("same", (*LOCATED, *SURE), STAY, "", "R Table 2.1 (SIT 179): at most 3 km", sit="177"),
    Row("same", ENDING, BEFORE, _AGAIN, "C/S T.001 3.4", True, "177"),
    Row("moved", _FRESH, "located", _FIRST_LOCATED, _NOT, True, "171"),
    Row("moved", ("located", "updated"), "updated", "The position changed.", "R Table 2.1 (SIT 172, 179)", sit="172"),
    Row(
        "moved",
        ("unresolved", "conflict", *SURE),
        STAY,
        "The position changed.",
        "R Table 2.1 (SIT 172, 175, 179)",
        sit="172",
    ),
    Row("moved", ENDING, "updated", _AGAIN, "C/S T.001 3.4", True, "172"),
    Row("better", _FRESH, "located", _FIRST_LOCATED, _NOT, True, "171"),
    Row(
        "better",
        ("located", "updated"),
        "updated",
        "A better position was found.",
        "R Table 2.1 (SIT 172), 3.2.3.9 (1), (3)",
        sit="172",
    ),
    Row(
        "better",
        ("unresolved", "conflict", *SURE),
        STAY,
        "A better position was found.",
        "R Table 2.1 (SIT 172, 175), 3.2.3.9 (1), (3)",
        sit="172",
    ),
    Row("better", ENDING, "updated", _AGAIN, "C/S T.001 3.4", True, "172"),
    Row("conflicting", _FRESH, "located", _FIRST_LOCATED, _NOT, True, "171"),
    Row("conflicting", LOCATED, "conflict", "Two positions conflict.", "R 3.2.2.1 (SIT 173)", sit="173"),
    Row(
        "conflicting",
        SURE,
        "confirmed_conflict",
        "A position conflicts with the confirmed one.",
        "R 3.2.2.2 (SIT 175)",
        sit="175",
    ),
    Row("conflicting", ENDING, "conflict", _AGAIN, "C/S T.001 3.4", True, "173"),
    Row("unresolved", _FRESH, "located", _FIRST_LOCATED, _NOT, True, "171"),
    Row(
        "unresolved",
        LOCATED,
        "unresolved",
        "Two Doppler passes match on both sides.",
        "R Table 2.1 (SIT 172), Table 3.2.4 note",
        sit="172",
    ),
    Row("unresolved", SURE, STAY, "", _NOT, True, "175"),
    Row("unresolved", ENDING, "unresolved", _AGAIN, "C/S T.001 3.4", True, "172"),
    Row(
        "matching",
        (*_FRESH, *LOCATED),
        "confirmed",
        "Two independent positions agree.",
        "R Table 3.2.4 (SIT 174)",
        sit="174",
    ),
    Row("matching", SURE, "confirmed", "A position agrees with an independent one.", "R 3.2.2.2 (SIT 175)", sit="175"),
    Row("matching", ENDING, "confirmed", _AGAIN, "C/S T.001 3.4", True, "174"),
    Row("renewed", (*_FRESH, *LOCATED), "confirmed", "Two independent positions agree.", _NOT, True, "174"),
    Row(
        "renewed",
        SURE,
        "confirmed",
        "New positions agree and contradict the old ones.",
        "R 3.2.2.2.1, 3.2.3.10 (SIT 175); when, is ours",
        True,
        "175",
    ),
    Row("renewed", ENDING, "confirmed", _AGAIN, "C/S T.001 3.4", True, "175"),
    Row("late", (NEW, *CALM, "unreliable"), "unlocated", _FIRST_UNLOCATED, _NOT, True, "170"),
    Row("late", DISTRESS, STAY, "", "ours: events count by their own time, not by arrival", True),
    Row(
        "cancellation",
        (NEW, *OVER, "unreliable", *OPEN, *SURE),
        "cancelling",
        "The user's cancellation was received.",
        "R Table 2.1 (SIT 179)",
    ),
    Row("cancellation", ("cancelling",), STAY, "The user's cancellation was received.", "R Table 2.1 (SIT 179)"),
    Row("cancellation", ("cancelled",), STAY, "", "R Table 2.1 (SIT 179)"),
    Row(
        "cancelled",
        (NEW, *OVER, "unreliable", *OPEN, *SURE, "cancelling"),
        "cancelled",
        "The user cancelled the alert.",
        "R Table 2.1 (SIT 179)",
        sit="179",
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
    Row(
        "unreliable",
        (*CALM, *DISTRESS),
        STAY,
        "A burst whose identity is not to be trusted has the ID of this beacon: nothing is read from it.",
        "R 2.1.4, 3.2.8",
        sit="177",
    ),
    Row(
        "timeout",
        ("unreliable", *OPEN, *SURE, "cancelling"),
        "closed",
        "Closed: the beacon was not heard any more.",
        "R Table 2.1 (SIT 176)",
        sit="176",
    ),
    Row(
        "timeout",
        ("cancelled",),
        "closed",
        "Closed: cancelled by the user, and not heard since.",
        "R Table 2.1 (SIT 176)",
        sit="176",
    ),
    Row("timeout", (NEW, *OVER), STAY, "", _NO_CLOCK, True),
    Row(
        "aged",
        ("unreliable", *ACTIVE),
        "closed",
        "Closed: open for the longest time a site may be.",
        "R Table 2.1 (SIT 176)",
        sit="176",
    ),
    Row("aged", (NEW, *OVER), STAY, "", _NO_CLOCK, True),
    Row("close", ("unreliable", *ACTIVE), "closed", "Closed by the duty officer.", "R 4.7.3 (SIT 176)", sit="176"),
    Row("close", (NEW, *OVER), STAY, "", _NO_CLOCK, True),
)

_STEPS: Final = {(state, row.event): row for row in TABLE for state in row.states}


def step(state: str, event: str, before: str) -> tuple[str, str]:
    """The state after ``event`` in ``state``, and the reason in words ("" when the old reason still holds).

    ``before``: the state in which a cancellation found the alert; NEW when it began with the cancellation.
    """
    row = _STEPS[state, event]
    to = {STAY: state, BEFORE: before}.get(row.to, row.to)
    return "unlocated" if to == NEW else to, row.words


def row(state: str, event: str) -> Row:
    """The row of the table for an event in a state."""
    return _STEPS[state, event]


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
