"""The constants of the alert rules, each with its source: the file ``data/alert_rules.toml``. Nothing else states one.

Read: the USMCC "RCC Messages Manual" v5.1 of 21 September 2023 (NOAA), which follows C/S A.001 and A.002 and describes
one mission control centre. Those two documents themselves were not available when this was written: no conformity with
them is claimed. ``inferred`` marks what no document read states, ``national`` what only the United States do.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from typing import Final, NamedTuple

MANUAL: Final = "USMCC RCC manual v5.1"


class Rule(NamedTuple):
    """A constant of the alert rules."""

    value: float
    unit: str
    rule: str
    source: str
    inferred: bool = False
    national: bool = False


def _load() -> dict[str, Rule]:
    text = (resources.files("vigie.data") / "alert_rules.toml").read_text(encoding="utf-8")
    return {name: Rule(**row) for name, row in tomllib.loads(text).items()}


RULES: Final = _load()
"""every constant by its name in the file"""

MATCH_M: Final = RULES["match_distance"]
UPDATE_M: Final = RULES["encoded_update"]
DOPPLER_APART_S: Final = RULES["doppler_apart"]
DOA_APART_S: Final = RULES["doa_apart"]
DOA_PORTION_S: Final = RULES["doa_portion_apart"]
LOCATING_SATELLITES: Final = RULES["locating_satellites"]
CANCELLATIONS: Final = RULES["cancellations"]
CANCELLATION_WINDOW_S: Final = RULES["cancellation_window"]
SAME_BURST_S: Final = RULES["same_burst"]
PLACES: Final = RULES["places"]
REFERENCE_WINDOW_S: Final = RULES["reference_window"]
REFERENCE_FLOOR_M: Final = RULES["reference_floor"]
DOPPLER_ERROR_M: Final = RULES["doppler_error"]
DOA_ERROR_M: Final = RULES["doa_error"]
DOA_ERROR_MOST_M: Final = RULES["doa_error_most"]
DOA_BETTER_M: Final = {"FGB": RULES["doa_better_fgb"], "SGB": RULES["doa_better_sgb"]}
DOA_BETTER_SHARE: Final = RULES["doa_better_share"]
DOA_AGAIN_S: Final = RULES["doa_again"]
DOA_AGAIN_MATCH_S: Final = RULES["doa_again_match"]
DOA_AGAIN_CONFLICT_S: Final = RULES["doa_again_conflict"]
DOPPLER_GAIN: Final = RULES["doppler_gain"]
ELTDT_WINDOW_S: Final = RULES["eltdt_fast_window"]
ELTDT_FAST_S: Final = RULES["eltdt_fast"]
ELTDT_SLOW_S: Final = RULES["eltdt_slow"]
LADR_APART_S: Final = RULES["ladr_apart"]
REDETECTION_S: Final = RULES["redetection"]
NO_DETECTION_S: Final = RULES["no_detection"]
ROTATING_S: Final = RULES["rotating_field"]
CLOSE_LOCATED_S: Final = RULES["close_located"]
CLOSE_OTHER_S: Final = RULES["close_other"]
CLOSE_CANCELLED_S: Final = RULES["close_cancelled"]
CLOSE_AGE_S: Final = RULES["close_age"]
CLOCK_GAP_S: Final = RULES["clock_gap"]
BUFFER_M: Final = RULES["buffer"]
