"""When a position is worth another message (R 3.2.3.9, Table 2.1): compared with what was sent, by detection times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vigie.alert.entry import Entry
from vigie.alert.matching import apart_m, kind, same_pass
from vigie.alert.practice import Practice
from vigie.alert.rules import (
    DOA_AGAIN_CONFLICT_S,
    DOA_AGAIN_MATCH_S,
    DOA_AGAIN_S,
    DOA_BETTER_M,
    DOA_BETTER_SHARE,
    DOA_ERROR_MOST_M,
    DOPPLER_GAIN,
    ELTDT_FAST_S,
    ELTDT_SLOW_S,
    ELTDT_WINDOW_S,
    MATCH_M,
    UPDATE_M,
)
from vigie.alert.spans import seconds
from vigie.instants import Instant
from vigie.records import Solution

REFINED_M = 150.0
"""half the diagonal of a cell, above which an encoded position counts as coarse: a cell of 4 seconds has 87 m"""


def generation(entry: Entry) -> str:
    """FGB or SGB, by the length of the ID."""
    return "SGB" if entry.hex_id and len(entry.hex_id) == 23 else "FGB"


def sent_positions(entry: Entry, of: str) -> Iterator[tuple[str, Solution]]:
    """Positions of a kind in the messages so far, each with the event that called for it."""
    for sent in entry.sent:
        for solution in sent.solutions:
            if kind(solution) == of:
                yield sent.event, solution


def improved(entry: Entry, group: Sequence[Solution], practice: Practice) -> str:
    """Why these positions are better than those sent, in words; "" when they are not, or no rule says so."""
    for new in group:
        if kind(new) == "doa":
            words = _better_doa(entry, new) or _later_doa(entry, new)
            if words:
                return words
        elif new.method == "doppler" and practice.applies("doppler_gain"):
            same = [s for _, s in sent_positions(entry, "doppler") if same_pass(new, s)]
            best = max((s.probability for s in same), default=None)
            if best is not None and new.probability - best >= DOPPLER_GAIN.value - 1e-9:
                return f"The likelier side has probability {new.probability:.0%}, where {best:.0%} was sent."
    return ""


def _better_doa(entry: Entry, new: Solution) -> str:
    """R 3.2.3.9 (1)."""
    lowest = min((s.ehe_m for _, s in sent_positions(entry, "doa") if s.ehe_m is not None), default=None)
    if lowest is None or new.ehe_m is None or new.ehe_m >= DOA_ERROR_MOST_M.value:
        return ""
    least = max(DOA_BETTER_M[generation(entry)].value, lowest * DOA_BETTER_SHARE.value)
    if lowest - new.ehe_m < least:
        return ""
    return (
        f"The expected error of the DOA position is {new.ehe_m / 1000:.1f} km, where {lowest / 1000:.1f} km was sent."
    )


def _later_doa(entry: Entry, new: Solution) -> str:
    """R 3.2.3.9 (3); the time that has passed since is that of the bursts, because the book has no clock."""
    if entry.reference is not None:
        return ""
    times = [s.end for _, s in sent_positions(entry, "doa")]
    if times and seconds(new.end, max(times)) > DOA_AGAIN_S.value:
        return f"The last burst of the DOA position is more than {DOA_AGAIN_S.value / 60:.0f} minutes after those sent."
    return ""


def repeats(entry: Entry, group: Sequence[Solution], event: str, practice: Practice) -> bool:
    """Whether a message about these positions would only repeat those sent: then none is."""
    if improved(entry, group, practice):
        return False
    return all(_repeats(entry, new, event) for new in group)


def _repeats(entry: Entry, new: Solution, event: str) -> bool:
    past = list(sent_positions(entry, kind(new)))
    if new.method == "encoded":
        return any(apart_m(new, old) <= UPDATE_M.value and told == event for told, old in past)
    if new.method == "doppler":
        return any(same_pass(new, old) for _, old in past)
    if entry.reference is None:
        return False
    if event == "conflicting":
        times = [old.end for told, old in past if told == "conflicting"]
        return any(_apart_s(new.end, time) < DOA_AGAIN_CONFLICT_S.value for time in times)
    if event == "matching":
        near = [old.end for _, old in past if apart_m(old, entry.reference) <= MATCH_M.value]
        return any(_apart_s(new.end, time) < DOA_AGAIN_MATCH_S.value for time in near)
    return False


def _apart_s(one: Instant, other: Instant) -> float:
    return abs(seconds(one, other))


# -- an ELT(DT) -------------------------------------------------------------------------------------------------------


def quick(entry: Entry, time: Instant, group: Sequence[Solution]) -> bool:
    """Whether a burst of an ELT(DT) is within its first seconds, and told by the rules that hold there (R 3.2.3.9 (7)).

    True also when nothing was sent yet.
    """
    if not entry.sent:
        return True
    if _apart_s(time, entry.first_seen) > ELTDT_WINDOW_S.value:
        return False
    kinds = {_fine(new) for new in group}
    for wanted in (None, *sorted(kinds)):
        times = [sent.time for sent in entry.sent if wanted is None or wanted in set(map(_fine, sent.solutions))]
        coarse = wanted == "encoded" and not times
        if not coarse and all(_apart_s(time, old) >= ELTDT_FAST_S.value for old in times):
            return True
        if coarse:
            return True
    return False


def due(entry: Entry, time: Instant) -> bool:
    """Whether the best new alert of an ELT(DT) may be sent by now: ten minutes after the last (R 3.2.3.9 (8))."""
    if not entry.sent:
        return True
    last = max(sent.time for sent in entry.sent)
    return seconds(time, last) >= ELTDT_SLOW_S.value


def best(entry: Entry) -> Solution | None:
    """The best position later than everything sent: encoded before DOA, the newest first (R 3.2.3.9 (8))."""
    last = max((sent.time for sent in entry.sent), default=None)
    fresh = [s for s in entry.solutions if last is None or s.end > last]
    order = {"encoded": 0, "doa": 1}
    return min(fresh, key=lambda s: (order.get(kind(s), 2), -s.end.astype("int64")), default=None)


def _fine(solution: Solution) -> str:
    if solution.method == "encoded":
        return "refined" if solution.ehe_m is not None and solution.ehe_m <= REFINED_M else "encoded"
    return kind(solution)
