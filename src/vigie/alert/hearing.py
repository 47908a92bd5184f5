"""What a burst is to an alert: its category, the event of the table, what it says of the satellites that heard it."""

from __future__ import annotations

from collections.abc import Collection

from vigie.alert import states
from vigie.alert.entry import Entry
from vigie.alert.rules import CANCELLATION_WINDOW_S, CANCELLATIONS, SAME_BURST_S
from vigie.alert.satellites import system
from vigie.alert.spans import seconds
from vigie.instants import Instant
from vigie.records import Category, Detection, Solution

_SHADOWS = 50


def category_of(detection: Detection) -> Category:
    """The category of a burst; one sent with the self-test frame sync is a self-test whatever else it says."""
    category = detection.message.category
    if detection.message.hex_id is None or detection.message.verdict == "unreliable":
        return "unreliable"
    return "self_test" if detection.sync == "self_test" and category in ("distress", "national") else category


def event_of(entry: Entry, detection: Detection, category: Category, *, late: bool) -> tuple[str, str]:
    """The event of the table that this burst is for this alert, and details in words; ``position`` is judged later."""
    time = detection.time
    if late and category in ("distress", "national", "cancelled"):
        return "late", ""
    if category == "cancelled":
        return _cancellation(entry, time)
    if category not in ("distress", "national"):
        return category, ""
    if entry.state in states.ENDING and entry.cancels and time < entry.cancels[0]:
        return "late", ""
    entry.calls = time if entry.calls is None else max(entry.calls, time)
    entry.cancels = [cancel for cancel in entry.cancels if cancel > time]
    return ("burst" if detection.message.position_deg is None else "position"), ""


def _cancellation(entry: Entry, time: Instant) -> tuple[str, str]:
    if entry.calls is not None and time < entry.calls:
        return "late", ""  # the beacon called again after it
    entry.cancel(time)
    needed = int(CANCELLATIONS.value)
    runs = zip(entry.cancels, entry.cancels[needed - 1 :], strict=False)
    if any(seconds(last, first) <= CANCELLATION_WINDOW_S.value for first, last in runs):
        return "cancelled", f"{needed} cancellation messages within {CANCELLATION_WINDOW_S.value:.0f} s."
    return "cancellation", f"{len(entry.cancels)} of the {needed} messages that confirm it."


def move(entry: Entry, event: str, words: str, category: Category) -> None:
    """Move the entry along the table, and its category with it."""
    old = entry.state
    entry.state, reason = states.step(old, event, entry.before)
    if reason:
        entry.reason = f"{reason} {words}".strip()
    if entry.state in states.ENDING and old not in states.ENDING:
        entry.before = states.NEW if old in states.OVER else old
    if entry.state == "cancelled" or (entry.state == "cancelling" and entry.before == states.NEW):
        entry.category = "cancelled"
    elif entry.state in states.ACTIVE:
        if category in ("distress", "national") and entry.category != "distress":
            entry.category = category
    elif entry.state != "closed":
        entry.category = category


def mark_of(entry: Entry) -> object:
    """What decides when something is due, beside the times at which the beacon was heard."""
    return entry.state, entry.quick, entry.waiting, len(entry.sent), entry.site, entry.group is None


def begins(entry: Entry, category: Category, time: Instant) -> bool:
    """Whether a burst begins another activation: after a test, or after the site was closed."""
    if entry.state == "closed":
        calls = ("distress", "national", "cancelled", "unreliable")
        return category in calls and bool(time > entry.last_seen)
    return entry.state in states.CALM and category in ("distress", "national", "cancelled")


def corroborate(entry: Entry, detection: Detection, first: bool, clean: Collection[str]) -> bool:
    """Note whether more than one burst by one MEOSAR satellite is known; True when this one makes it so."""
    satellite = detection.satellite
    if first:
        entry.corroborated = system(satellite) != "MEO" if satellite else True
        entry.first_burst = (detection.time, satellite)
        return False
    if entry.corroborated or entry.first_burst is None:
        return False
    time, by = entry.first_burst
    another = abs(seconds(detection.time, time)) >= SAME_BURST_S.value or by != satellite
    entry.corroborated = another or detection.source in clean
    return entry.corroborated


def hear(entry: Entry, detection: Detection, solution: Solution | None) -> None:
    """Note by which kind of satellite it was heard."""
    by = system(detection.satellite) if detection.satellite else None
    entry.quick = entry.quick or by == "GEO"
    entry.silence_told = False
    if solution is None and by in ("LEO", "GEO"):
        entry.shadows = (*entry.shadows, (detection.satellite, detection.time))[-_SHADOWS:]
