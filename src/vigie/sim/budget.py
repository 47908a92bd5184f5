"""Link budgets: the overall C/N0 of a burst at a satellite or a station, after C/S T.014 annex H.

The rows of ``PAYLOADS`` are the columns of that table; distances are the scenario's own. What the table does not give
(DASS on GPS) is marked as inferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.constants import SPEED_OF_LIGHT_MPS

Array = NDArray[np.float64]

BOLTZMANN_DB = -228.6
UPLINK_HZ = 406.05e6
FADING_DB = 2.5
"""allowance of annex H for scintillation, note 6a; the low-level case includes it"""


@dataclass(frozen=True, slots=True)
class Payload:
    """One column of annex H. dB throughout."""

    name: str
    polarization_db: float
    g_over_t_dbk: float
    """of the 406 MHz receiver"""
    fades: bool
    """whether annex H allows for fading on this uplink"""
    downlink_hz: float | None = None
    """None: a processor, measured on board"""
    eirp_dbw: float = 0.0
    sharing_db: float = 0.0
    """power of the transmitter that goes into other signals"""
    modulation_db: float = 0.0
    station_g_over_t_dbk: float = 0.0
    station_losses_db: float = 0.0
    """polarization, pointing and other losses at the station"""
    source: str = "C/S T.014 annex H"


PAYLOADS: dict[str, Payload] = {
    item.name: item
    for item in (
        Payload("sarsat_sarp", 0.0, -34.0, True, source="C/S T.014 annex H, uplink of the Sarsat SARR"),
        Payload("cospas_sarp", 0.0, -34.0, True, source="C/S T.014 annex H, uplink of the Cospas SARR"),
        Payload("sarsat_sarr", 0.0, -34.0, True, 1544.5e6, 7.1, 15.3, 14.1, 4.3, 2.6),
        Payload("cospas_sarr", 0.0, -34.0, True, 1544.5e6, 6.2, 15.5, 6.0, 4.3, 2.6),
        Payload("goes", 4.9, -18.5, False, 1544.5e6, 15.0, 18.3, 3.54, 11.0, 0.35 + 0.2),
        Payload("msg", 4.5, -22.1, False, 1544.5e6, -18.9, 0.0, 0.0, 15.5, 0.2 + 1.0),
        Payload("electro", 4.9, -17.5, False, 1544.5e6, 18.0, 17.4, 3.54, 11.9, 0.35 + 1.0 + 0.2),
        Payload("galileo", 4.0, -15.7, True, 1544.1e6, 1.6, 0.0, 0.0, 3.0, 0.2 + 1.0 + 0.1),
        Payload("glonass", 4.0, -17.0, True, 1544.8e6, 15.0, 14.8, 0.0, 4.0, 0.35 + 1.0 + 0.2),
        Payload("beidou", 3.0, -15.3, True, 1544.21e6, 17.0, 15.0, 0.0, 3.0, 0.2 + 1.0 + 0.1),
        Payload("gps", 4.0, -15.7, True, 1544.9e6, 1.6, 0.0, 0.0, 3.0, 0.2 + 1.0 + 0.1, "inferred: as Galileo"),
    )
}

_BY_NAME = (
    ("GSAT0", "galileo"), ("GALILEO", "galileo"), ("COSMOS", "glonass"), ("GLONASS", "glonass"), ("BEIDOU", "beidou"),
    ("GPS", "gps"), ("NAVSTAR", "gps"), ("GOES", "goes"), ("EWS-G", "goes"), ("METEOSAT", "msg"),
    ("ELEKTRO", "electro"), ("LUCH", "electro"),
    ("METEOR", "cospas_sarp"), ("METOP", "sarsat_sarp"), ("NOAA", "sarsat_sarp"),
)  # fmt: skip
_BY_SYSTEM = {"LEO": "sarsat_sarp", "MEO": "galileo", "GEO": "goes"}


def payload_of(name: str, system: str) -> Payload:
    """The payload that a satellite of this name carries, else the commonest of its system."""
    for part, payload in _BY_NAME:
        if part in name.upper():
            return PAYLOADS[payload]
    return PAYLOADS[_BY_SYSTEM[system]]


def path_loss_db(distance_m: ArrayLike, frequency_hz: float) -> Any:
    """Free-space loss."""
    return 20 * np.log10(4 * np.pi * np.asarray(distance_m, float) * frequency_hz / SPEED_OF_LIGHT_MPS)


def uplink_dbhz(payload: Payload, eirp_dbw: ArrayLike, distance_m: ArrayLike, fading_db: ArrayLike = 0.0) -> Any:
    """C/N0 in the satellite's receiver."""
    lost = path_loss_db(distance_m, UPLINK_HZ) + payload.polarization_db + np.asarray(fading_db)
    return np.asarray(eirp_dbw) - lost + payload.g_over_t_dbk - BOLTZMANN_DB


def downlink_dbhz(payload: Payload, distance_m: ArrayLike, station_g_over_t_dbk: float | None = None) -> Any:
    """C/N0 of the downlink alone, for the low-level beacon of annex H; infinite for a processor."""
    if payload.downlink_hz is None:
        return np.full(np.shape(distance_m), np.inf)
    g_over_t = payload.station_g_over_t_dbk if station_g_over_t_dbk is None else station_g_over_t_dbk
    sent = payload.eirp_dbw - payload.sharing_db - payload.modulation_db
    lost = path_loss_db(distance_m, payload.downlink_hz) + payload.station_losses_db
    return sent - lost + g_over_t - BOLTZMANN_DB


def overall_dbhz(*parts_dbhz: ArrayLike) -> Any:
    """C/N0 of links and interference one after another: their noise adds up."""
    with np.errstate(divide="ignore"):
        return -10 * np.log10(sum(10 ** (-np.asarray(part, float) / 10) for part in parts_dbhz))


def g_over_t_dbk(gain_dbi: float, noise_figure_db: float, antenna_k: float = 50.0) -> float:
    """G/T of a station from the gain of its antenna and the noise figure behind it."""
    return float(gain_dbi - 10 * np.log10(antenna_k + 290 * (10 ** (noise_figure_db / 10) - 1)))


_UP_DEG = (-90.0, -30.0, 0.0, 5.0, 20.0, 40.0, 60.0, 90.0)
_UP_DBI = (-18.0, -12.0, -3.0, -1.0, 2.0, 1.5, -1.0, -8.0)


def monopole_dbi(elevation_deg: ArrayLike) -> Array:
    """Gain of an upright quarter-wave beacon antenna: within -3 to 4 dBi from 5 to 60 degrees (C/S T.001 2.3.3)."""
    return np.asarray(np.interp(np.asarray(elevation_deg, float), _UP_DEG, _UP_DBI))
