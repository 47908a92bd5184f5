"""From the pipeline's detections to the estimator's measurements, and from its fixes back to solutions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from vigie.locate.estimate import solution_of
from vigie.locate.measurement import Fix, Measurement
from vigie.records import Detection, Solution

_EXERCISE = "X-"
_PRECISE_S = 1e-3
"""a time less sure than this says nothing about the place: milliseconds are hundreds of kilometres"""
_TIMING_S = 1e-7
_LONGEST_S = 2.0
"""no burst lasts so long"""
_FGB_HZ, _SGB_HZ = 406.04e6, 406.05e6


def measurement_of(detection: Detection) -> Measurement | None:
    """What a satellite heard of a beacon; None when no satellite is named, or nothing to be located by.

    The message must be trusted: a wrong identity would put another beacon's times and frequencies into a location. An
    exercise is kept apart from the live beacon of the same identity.
    """
    message = detection.message
    if not detection.satellite or detection.at != "satellite" or not detection.time_known:
        return None
    if message.hex_id is None or message.verdict == "unreliable":
        return None
    sigma_s = detection.sigma_time_s
    precise = sigma_s is not None and sigma_s < _PRECISE_S
    at_s = detection.frequency_at_s or 0.0
    return Measurement(
        beacon=(_EXERCISE if detection.exercise else "") + message.hex_id,
        time=detection.time,
        satellite=detection.satellite,
        foa_hz=detection.frequency_hz,
        sigma_foa_hz=detection.sigma_frequency_hz,
        carrier_hz=_SGB_HZ if message.kind == "SGB" else _FGB_HZ,
        toa=detection.time if precise else None,
        sigma_toa_s=max(sigma_s or 0.0, _TIMING_S) if precise else None,
        foa_after_s=at_s if 0 < at_s < _LONGEST_S else 0.0,
        flies=message.facts.get("protocol") == "elt_dt" or message.facts.get("beacon_type") == "ELT_DT",
    )


def solutions_of(fixes: Sequence[Fix]) -> Iterator[Solution]:
    """The solved ones of one burst, the likeliest first; all but the last say that more of the same alert follows."""
    found = []
    for fix in fixes:
        exercise = fix.beacon.startswith(_EXERCISE)
        solution = solution_of(fix, fix.beacon.removeprefix(_EXERCISE), exercise)
        if solution is not None:
            found.append(replace(solution, satellites=fix.satellites, more=True))
    yield from found[:-1]
    yield from (replace(last, more=False) for last in found[-1:])
