"""The constants of the alert rules, each with its source. Nothing else states one.

Read: the USMCC "RCC Messages Manual" v5.1 of 21 September 2023 (NOAA), which follows C/S A.001 and A.002 and describes
one mission control centre. Those two documents themselves were not available when this was written: no conformity with
them is claimed. ``inferred`` marks what no document read states.
"""

from __future__ import annotations

from typing import NamedTuple

MANUAL = "USMCC RCC manual v5.1"


class Rule(NamedTuple):
    """A constant of the alert rules."""

    value: float
    unit: str
    rule: str
    source: str
    inferred: bool = False


MATCH_M = Rule(
    20_000.0,
    "m",
    "two positions match when they lie at most this far apart and conflict when farther, before and after confirmation",
    f"{MANUAL}, 3.2.2.1 and 3.2.2.2",
)
UPDATE_M = Rule(
    3_000.0,
    "m",
    "an encoded position is news when it moved farther than this, or is the first refined one after a coarse one",
    f"{MANUAL}, Table 2.1 (SIT 179)",
)
DOPPLER_APART_S = Rule(
    1_200.0,
    "s",
    "two Doppler solutions are independent when their times of closest approach differ by at least this; the other "
    "case, another satellite, is not used because a solution does not name its satellites",
    f"{MANUAL}, Table 3.2.4",
)
DOA_APART_S = Rule(
    1_800.0,
    "s",
    "two DOA solutions are independent when their last bursts differ by at least this; the other case, satellites that "
    "the other lacks, is not used because a solution does not name its satellites",
    f"{MANUAL}, Table 3.2.4",
)
CANCELLATIONS = Rule(
    3,
    "messages",
    "so many different cancellation messages confirm a cancellation; since a beacon sends ten identical ones "
    "(C/S T.001 3.4), different is read as sent in different bursts",
    f"{MANUAL}, Table 2.1 (SIT 179)",
)
CANCELLATION_WINDOW_S = Rule(
    110.0,
    "s",
    "the cancellation messages lie within this time with no ordinary burst between them",
    f"{MANUAL}, Table 2.1 (SIT 179)",
)
SAME_BURST_S = Rule(
    2.0,
    "s",
    "detections of one beacon less than this apart are one transmission heard more than once: no beacon repeats "
    "faster than every 4.5 s",
    "C/S T.001 2.2.1 (burst with the 3LD, 5 s - 0.5 s after another); the figure is ours",
    inferred=True,
)
PLACES = Rule(
    40, "solutions", "an alert lists so many of its newest solutions; the journal keeps all", "ours", inferred=True
)
