"""What the name of a recording says: sample rate, centre frequency and start, where it is plain.

Names as rtl_433 (``g001_406.05M_250k.cu8``), SDR# and HDSDR (``..._20160101_231914Z_406025000Hz_IQ.wav``), Gqrx
(``gqrx_20210615_013918_405900000_1500000_fc.raw``) and the OPS-SAT recordings (``1645386152.07_raw_ulf406025000_...
_outputsr37500_0000.cf32``, ``..._405900000_1500000_15_66_37500sps.cf32``) write them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from vigie import instants
from vigie.errors import InputError

_UNIT = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_RATES = (
    r"outputsr(\d+)()",
    r"(?:^|[_-])(\d+(?:\.\d+)?)([kKmM]?)[sS][pP][sS](?=[_.-]|$)",
    r"(?:^|[_-])(\d+(?:\.\d+)?)([kK])(?:[hH]z)?(?=[_.-]|$)",
    r"(?:^|[_-])sr(\d+)()(?=[_.-]|$)",
    r"gqrx_\d{8}_\d{6}_\d+_(\d+)()_fc",
)
_CENTRES = (
    r"ulf(\d+)()",
    r"(?:^|[_-])(\d+(?:\.\d+)?)([MmGg])(?:[hH]z)?(?=[_.-]|$)",
    r"(?:^|[_-])(\d{3,4}(?:\.\d+)?)([Mm])[hH]z",
    r"(?:^|[_-])(\d{5,10})()[hH]z(?=[_.-]|$)",
    r"(?:^|[_-])(\d+)([kK])[hH]z(?=[_.-]|$)",
    r"(?:^|[_-])(1?[0-9]\d{8})()(?=[_.-]|$)",
)
_DAY = r"(?:^|[_-])((?:19|20)\d\d)-?([01]\d)-?([0-3]\d)[_T-]([0-2]\d)-?([0-5]\d)-?([0-5]\d)(\.\d+)?Z?(?=[_.-]|$)"


@dataclass(frozen=True, slots=True)
class Named:
    """What a name says; None where it is silent."""

    rate_hz: float | None
    centre_hz: float | None
    start: np.datetime64 | None


def read_name(path: str) -> Named:
    """What the last part of a path says about the recording."""
    stem = PurePath(path).name
    stem = re.sub(r"\.[A-Za-z]\w*$", "", stem)
    rate_hz, centre_hz = _first(_RATES, stem), _first(_CENTRES, stem)
    if rate_hz is not None and re.search(r"(?<![\d.])\d+(\.\d+)?[kK][hH]z", stem) and not 4e3 <= rate_hz <= 1e8:
        rate_hz = None
    if centre_hz is not None and not 1e6 <= centre_hz <= 6e9:
        centre_hz = None
    if rate_hz is not None and any(float(rate) != rate_hz for rate in re.findall(r"_\d{9,10}_(\d{5,8})_", stem)):
        centre_hz = None  # a tuner's centre and rate, and another rate later: a channel was cut out, who knows where
    return Named(rate_hz, centre_hz, _start(stem))


def _first(patterns: tuple[str, ...], stem: str) -> float | None:
    for pattern in patterns:
        match = re.search(pattern, stem)
        if match:
            return float(match[1]) * _UNIT[match[2].lower()]
    return None


def _start(stem: str) -> np.datetime64 | None:
    match = re.search(_DAY, stem)
    if match:
        year, month, day, hour, minute, second, part = match.groups()
        try:
            return instants.parse(f"{year}-{month}-{day}T{hour}:{minute}:{second}{(part or '')[:10]}Z")
        except InputError:
            return None
    match = re.match(r"(1\d{9})(\.\d{1,9})?(?=[_-]|$)", stem)
    if match:  # seconds of Unix time, 2001 to 2033
        return np.datetime64(int(match[1] + (match[2] or ".")[1:].ljust(9, "0")), "ns")
    return None
