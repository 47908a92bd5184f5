"""What the estimator is given and what it gives back: measurements, settings, fixes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vigie.locate.media import TecModel

Method = Literal["doppler", "doa", "encoded", "fused"]
Motion = Literal["auto", "static", "moving"]

Array = NDArray[np.float64]
Ground = Callable[[Array, Array], tuple[Array, Array]]
"""ellipsoidal height of the ground and its one-sigma error (m) at latitudes and longitudes (degrees), any shape"""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One reception of one transmission at one satellite; or, with ``position_deg``, a place that the beacon sent.

    A reception without frequency and precise time still says that the beacon was in the satellite's view then.
    """

    beacon: str
    time: np.datetime64
    """UTC of arrival at the satellite (for an encoded position: when it was sent)"""
    satellite: str | None = None
    burst: str | None = None
    """names the transmission when several satellites heard it; None: judged by the times"""
    foa_hz: float | None = None
    sigma_foa_hz: float | None = None
    carrier_hz: float = 406.04e6
    """nominal transmitted frequency: only media and starting values rest on it"""
    toa: np.datetime64 | None = None
    """the instant of arrival when it is a precise one"""
    sigma_toa_s: float | None = None
    satellite_ecef_m: tuple[float, float, float] | None = None
    satellite_velocity_mps: tuple[float, float, float] | None = None
    satellite_sigma_m: float | None = None
    """one-sigma error of a given state along its track; None: taken as exact"""
    altitude_m: float | None = None
    """known ellipsoidal height of the beacon"""
    flies: bool = False
    """in an aircraft: the beacon may be high and fast (an ELT(DT))"""
    position_deg: tuple[float, float] | None = None
    """encoded latitude and longitude"""
    sigma_position_m: float | None = None
    label: str = ""
    """where it came from (a line of a file), for messages"""
    foa_after_s: float = 0.0
    """how long after ``time``, as received, the frequency is that: the middle of a burst, say. Half a second long, a
    burst changes its frequency by up to 12 Hz at a low satellite until then, which is 1.5 km along the track"""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A measurement left out, and why. ``part``: toa, foa, position or the whole."""

    measurement: Measurement
    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What is assumed of beacons, air and heights. The defaults are for 406 MHz beacons of unknown kind and place."""

    altitude_m: float = 0.0
    altitude_sigma_m: float = 500.0
    """the ellipsoid stands in for the ground: most of the inhabited land and all of the sea lie within this of it"""
    known_altitude_sigma_m: float = 30.0
    ground: Ground | None = None
    """heights of the ground where no height is given (``vigie.locate.terrain``); None: ``altitude_m`` everywhere"""
    drift_ppb_per_min: float = 1.0
    """one-sigma frequency drift; C/S T.001 2.3.1.2 allows a mean slope of 1 ppb a minute"""
    wander_ppb: float = 1.0
    """one-sigma scatter from burst to burst; C/S T.001 2.3.1.2 allows a residual variation of 3 ppb"""
    epoch_ppb: float = 5.0
    """one-sigma change of frequency between passes"""
    epoch_gap_s: float = 1200.0
    """a longer silence starts a new frequency and drift"""
    tec_tecu: float = 15.0
    """vertical electron content"""
    tec_sigma_tecu: float = 15.0
    tec_slope_sigma_tecu: float = 5.0
    """one-sigma slope of the content to the north and to the east, TECU in 1000 km; counts while ``tec_sigma_tecu`` is
    not 0"""
    tec_model: TecModel | None = None
    """a model of the vertical content in the place of the one value everywhere (``vigie.locate.media.Klobuchar``)"""
    troposphere: bool = True
    relativity: bool = True
    orbit_errors: bool = True
    """take the uncertainty of every satellite's orbit and payload as unknowns"""
    payload_sigma_s: float = 1e-7
    """one-sigma error of the calibration of a satellite's payload and channel: delay; the same for all bursts"""
    payload_sigma_hz: float = 0.02
    """the same of its frequency translation, at the carrier"""
    direction: Literal["up", "down"] = "up"
    """down: the measurements were made on the ground of signals from the satellites"""
    motion: Motion = "auto"
    speeds_mps: tuple[float, ...] = (0.2, 1.0, 30.0)
    """one-sigma speed, east and north, of the models that are weighed beside exact rest: about at rest, adrift, under
    way (``vigie.locate.motion``)"""
    motion_odds: tuple[float, ...] = (0.15, 0.45, 0.3, 0.1)
    """prior probability of exact rest and of each model. With these 95 % circles hold 92 to 97 % of the beacons of any
    one speed, however short or long they are heard; more weight on exact rest and 84 % of those at 0.1 m/s"""
    climb_mps: float = 0.0
    """one-sigma vertical speed of a beacon under way; 0: it keeps its height"""
    scale_dof: float = 30.0
    """how firmly the stated sigmas are believed, as degrees of freedom of their common scale"""
    cells: Literal["auto", "always", "never"] = "auto"
    """map the probability on H3 cells: auto when there are several places or one is no ellipse"""
    reject: bool = True
    """leave out measurements that contradict the rest"""


@dataclass(frozen=True, slots=True)
class Ellipse:
    """The 95 % error ellipse on the ground."""

    semi_major_m: float
    semi_minor_m: float
    azimuth_deg: float
    """of the major axis, from north over east, 0 to 180"""


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """Where a beacon may be, one per possible place, the likeliest first; or why it cannot be located (``verdict``)."""

    beacon: str
    method: Method | None
    verdict: str
    """ok, or a sentence that begins with: not solvable"""
    start: np.datetime64
    end: np.datetime64
    used: int
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...] = ()
    lat_deg: float | None = None
    lon_deg: float | None = None
    alt_m: float | None = None
    side: str | None = None
    """A the likelier, B the other side of a Doppler pass (C ... further places of few satellites); None: no doubt"""
    probability: float | None = None
    covariance_m2: tuple[float, float, float] | None = None
    """east-east, east-north, north-north"""
    ellipse: Ellipse | None = None
    ehe_m: float | None = None
    frequency_hz: float | None = None
    sigma_frequency_hz: float | None = None
    drift_hz_per_s: float | None = None
    velocity_mps: tuple[float, float] | None = None
    """east, north; None when the static model holds"""
    sigma_velocity_mps: tuple[float, float] | None = None
    moving: bool = False
    motion_probability: float | None = None
    """that the beacon moves"""
    residual_toa_s: float | None = None
    residual_foa_hz: float | None = None
    chi2: float | None = None
    dof: int | None = None
    bursts: int = 0
    satellites: tuple[str, ...] = ()
    cells: tuple[tuple[str, float], ...] = ()
    """H3 cells and the probability that the beacon is in each, of all its places together; on the likeliest of them,
    when there are several or one is no ellipse"""

    @property
    def solved(self) -> bool:
        """True when there is a place."""
        return self.lat_deg is not None
