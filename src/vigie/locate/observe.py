"""What satellites receive from a beacon, for simulations; and what a station received, brought up to the satellite."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vigie.geodesy import geodetic, local_axes
from vigie.locate import media
from vigie.locate.uplink import path
from vigie.orbit.ephemeris import Ephemeris, Times

Array = NDArray[np.float64]


def observe(
    ephemeris: Ephemeris,
    place_m: ArrayLike,
    sent: Times,
    sent_hz: ArrayLike,
    velocity_mps: ArrayLike = (0.0, 0.0, 0.0),
    tec: media.TecModel | float = 0.0,
    troposphere: bool = False,
    relativity: bool = True,
) -> tuple[Times, Array, Array]:
    """Arrival (UTC, to the nanosecond), received frequency (Hz) and elevation (degrees) of bursts at a satellite.

    ``place_m`` and ``velocity_mps (..., 3)``: Earth-fixed, when the burst leaves; ``sent (...)``. A satellite below the
    horizon still gets an answer, with its negative elevation; where the orbit is unknown the frequency is NaN.
    """
    place, own = np.asarray(place_m, float), np.asarray(velocity_mps, float)
    sent = np.asarray(sent, "datetime64[ns]")
    lat, lon, height = geodetic(place)
    up = local_axes(lat, lon)[..., 2, :]
    delay = np.full(sent.shape, 0.05)
    extra, ratio = np.zeros(sent.shape), np.zeros(sent.shape)
    for _ in range(4):  # the satellite moves 4 km/s while the signal is under way: each round gains five digits
        arrival = sent + np.rint(delay * 1e9).astype("int64").astype("timedelta64[ns]")
        position, velocity = ephemeris.state(arrival)
        link = path(place, own, position, velocity, relativity=relativity)
        extra, ratio = np.zeros(sent.shape), np.zeros(sent.shape)
        if callable(tec) or tec:
            per = media.per_tecu(place, up, position, velocity, np.asarray(sent_hz, float))
            day_s = (sent - sent.astype("datetime64[D]")).astype("timedelta64[ns]").astype("int64") * 1e-9
            tecu = media.vertical_tecu(tec, place, up, position, day_s)
            extra, ratio = per[0] * tecu, per[1] * tecu
        if troposphere:
            air = media.troposphere(place, up, height, position, velocity)
            extra, ratio = extra + air[0], ratio + air[1]
        delay = np.nan_to_num(link.delay_s + extra)
    elevation = np.degrees(np.arcsin(np.sum(link.direction * up, axis=-1)))
    return arrival, np.asarray(sent_hz) * (1 + link.ratio_less_1 + ratio), elevation


def at_satellite(
    ephemeris: Ephemeris,
    station_m: ArrayLike,
    received: Times,
    received_hz: ArrayLike,
    translation_hz: float,
    payload_delay_s: float = 0.0,
    inverted: bool = False,
    troposphere: bool = True,
    tec: media.TecModel | float = 0.0,
) -> tuple[Times, Array]:
    """Arrival (UTC) and frequency (Hz) at the satellite of what a station received through a repeater.

    ``translation_hz``: what the repeater adds to the uplink frequency (for an inverting one: sum of uplink and
    downlink). The downlink's light time, Doppler, troposphere and ionosphere (at 1544 MHz a fourteenth of the uplink's)
    are taken off.
    """
    station = np.asarray(station_m, float)
    received = np.asarray(received, "datetime64[ns]")
    lat, lon, height = geodetic(station)
    up = local_axes(lat, lon)[..., 2, :]
    delay = np.full(received.shape, 0.08)
    ratio = np.zeros(received.shape)
    for _ in range(4):
        left = received - np.rint(delay * 1e9).astype("int64").astype("timedelta64[ns]")
        position, velocity = ephemeris.state(left)
        link = path(station, np.zeros(3), position, velocity, sense=1)
        air = media.troposphere(station, up, height, position, velocity) if troposphere else (0.0, 0.0)
        delay, ratio = link.delay_s + air[0], link.ratio_less_1 + air[1]
        if callable(tec) or tec:
            per = media.per_tecu(station, up, position, velocity, np.asarray(received_hz, float))
            day_s = (received - received.astype("datetime64[D]")).astype("timedelta64[ns]").astype("int64") * 1e-9
            tecu = media.vertical_tecu(tec, station, up, position, day_s)
            delay, ratio = delay + per[0] * tecu, ratio + per[1] * tecu
        delay = np.nan_to_num(delay)
    down_hz = np.asarray(received_hz) / (1 + ratio)
    up_hz = translation_hz - down_hz if inverted else down_hz - translation_hz
    return left - np.timedelta64(round(payload_delay_s * 1e9), "ns"), np.asarray(up_hz)
