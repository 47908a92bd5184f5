"""Broadcast orbits: RINEX 3 and 4 navigation files of GPS, Galileo, BeiDou and GLONASS.

The first three send Kepler elements with corrections (IS-GPS-200 table 20-IV, Galileo OS SIS ICD 5.1.1, BDS-SIS-ICD
5.2.4); GLONASS sends a state to integrate (GLONASS ICD 5.1, appendix A.3.1.2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from vigie.constants import EARTH_GM_M3PS2, EARTH_ROTATION_RADPS
from vigie.errors import InputError
from vigie.orbit.earth import EarthOrientation, packaged
from vigie.orbit.ephemeris import Array, Orbits, Refused, Times, nearest
from vigie.orbit.frames import rotate_z

_GPS_EPOCH = np.datetime64("1980-01-06", "ns")
_BDS_EPOCH = np.datetime64("2006-01-01", "ns")
_GM = {"G": 3.986005e14, "E": EARTH_GM_M3PS2, "C": EARTH_GM_M3PS2}
_SPIN = {"G": 7.2921151467e-5, "E": 7.2921151467e-5, "C": 7.292115e-5}
_GOOD_FOR_S = {"G": 2.1 * 3600, "E": 4 * 3600, "C": 2.1 * 3600, "R": 45 * 60}
_SIGMA_M = {"G": (1.0, 2.0, 1.5), "E": (0.5, 1.0, 0.8), "C": (2.0, 4.0, 3.0), "R": (2.0, 4.0, 3.0)}
_MESSAGES = frozenset({"LNAV", "INAV", "FNAV", "FDMA", "D1", "D2", "D1D2"})
"""messages of RINEX 4 that are laid out as version 3 has them; the modernised ones (CNAV, CNV1 ...) are passed over"""
_LINES = {"G": 8, "E": 8, "C": 8, "J": 8, "I": 8, "R": 4, "S": 4}


@dataclass(frozen=True, eq=False)
class Kepler:
    """Broadcast elements of one GPS, Galileo or BeiDou satellite; each instant takes the nearest set."""

    names: tuple[str, ...]
    source: str
    epochs: Times
    """(n,) reference times of the sets, UTC"""
    sets: Array
    """(n, 15) sqrt_a, e, i0, omega0, omega, m0, delta_n, omega_dot, i_dot, cuc, cus, crc, crs, cic, cis and
    the reference time in seconds of the week"""
    clocks: Array
    """(n, 4) clock reference time (s past the orbit's), af0, af1, af2"""

    def state(self, times: Times) -> tuple[Array, Array]:
        """Earth-fixed state, the velocity by the analytic derivative; NaN too far from any set."""
        times = np.asarray(times, "datetime64[ns]")
        which = nearest(self.epochs, times)
        tk = (times - self.epochs[which]).astype("int64") * 1e-9
        position, velocity = _kepler(self.sets[which], tk, self.names[0])
        far = np.abs(tk) > _GOOD_FOR_S[self.names[0][0]]
        position[far], velocity[far] = np.nan, np.nan
        return position, velocity

    def clock(self, times: Times) -> Array:
        """Satellite clock less system time (s), without the relativistic eccentricity term."""
        times = np.asarray(times, "datetime64[ns]")
        which = nearest(self.epochs, times)
        toc, af0, af1, af2 = np.moveaxis(self.clocks[which], -1, 0)
        dt = (times - self.epochs[which]).astype("int64") * 1e-9 - toc
        return np.asarray(af0 + af1 * dt + af2 * dt**2)

    def sigma_m(self, times: Times) -> Array:
        """What broadcast orbits are good for (radial, along, across); it grows once they are an hour old.

        The two Galileos on eccentric orbits leave theirs fastest: 0.7 km after four hours, against SP3.
        """
        times = np.asarray(times, "datetime64[ns]")
        over_h = np.maximum(self.age_s(times) / 3600 - 1, 0)
        eccentric = self.sets[nearest(self.epochs, times), 1] > 0.1
        growth = np.where(eccentric, 80.0, 4.0) * over_h**2
        return np.asarray(np.array(_SIGMA_M[self.names[0][0]]) + growth[..., None])

    def age_s(self, times: Times) -> Array:
        """Seconds to the reference time of the set used."""
        times = np.asarray(times, "datetime64[ns]")
        return np.asarray(np.abs((times - self.epochs[nearest(self.epochs, times)]).astype("int64")) * 1e-9)


def _kepler(sets: Array, tk: Array, name: str) -> tuple[Array, Array]:
    """Position and velocity of broadcast elements ``(..., 16)`` at ``tk`` seconds past their reference time."""
    gm, spin = _GM[name[0]], _SPIN[name[0]]
    sqrt_a, e, i0, omega0, omega, m0, delta_n, omega_dot, i_dot, cuc, cus, crc, crs, cic, cis, toe_s = np.moveaxis(
        sets, -1, 0
    )
    a = sqrt_a**2
    n = np.sqrt(gm / a**3) + delta_n
    mean = m0 + n * tk
    anomaly = mean
    for _ in range(8):  # Newton; the eccentricities are below 0.03 (0.2 for two stray Galileos)
        anomaly = anomaly - (anomaly - e * np.sin(anomaly) - mean) / (1 - e * np.cos(anomaly))
    anomaly_dot = n / (1 - e * np.cos(anomaly))
    root = np.sqrt(1 - e**2)
    phi = np.arctan2(root * np.sin(anomaly), np.cos(anomaly) - e) + omega
    phi_dot = anomaly_dot * root / (1 - e * np.cos(anomaly))
    sin2, cos2 = np.sin(2 * phi), np.cos(2 * phi)
    u, u_dot = phi + cus * sin2 + cuc * cos2, phi_dot * (1 + 2 * (cus * cos2 - cuc * sin2))
    r = a * (1 - e * np.cos(anomaly)) + crs * sin2 + crc * cos2
    r_dot = a * e * np.sin(anomaly) * anomaly_dot + 2 * phi_dot * (crs * cos2 - crc * sin2)
    i = i0 + i_dot * tk + cis * sin2 + cic * cos2
    i_rate = i_dot + 2 * phi_dot * (cis * cos2 - cic * sin2)
    stationary = name in _BDS_STATIONARY
    node_dot = omega_dot if stationary else omega_dot - spin
    node = omega0 + node_dot * tk - spin * toe_s
    x, y = r * np.cos(u), r * np.sin(u)
    x_dot, y_dot = r_dot * np.cos(u) - y * u_dot, r_dot * np.sin(u) + x * u_dot
    cos_i, sin_i, cos_n, sin_n = np.cos(i), np.sin(i), np.cos(node), np.sin(node)
    position = np.stack([x * cos_n - y * cos_i * sin_n, x * sin_n + y * cos_i * cos_n, y * sin_i], axis=-1)
    across_dot = y_dot * cos_i - y * sin_i * i_rate
    velocity = np.stack(
        [
            x_dot * cos_n - across_dot * sin_n - position[..., 1] * node_dot,
            x_dot * sin_n + across_dot * cos_n + position[..., 0] * node_dot,
            y_dot * sin_i + y * cos_i * i_rate,
        ],
        axis=-1,
    )
    if stationary:
        return _tilted(position, velocity, spin * tk, spin)
    return position, velocity


_BDS_STATIONARY = frozenset(f"C{number:02d}" for number in (*range(1, 6), *range(59, 64)))


def _tilted(position: Array, velocity: Array, angle: Array, spin: float) -> tuple[Array, Array]:
    """BeiDou's stationary satellites: elements on axes tilted by -5 degrees (BDS-SIS-ICD 5.2.4.12)."""
    cos, sin = np.cos(np.radians(-5)), np.sin(np.radians(-5))
    tilt = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    position, velocity = rotate_z(position @ tilt.T, angle), rotate_z(velocity @ tilt.T, angle)
    velocity[..., 0] += spin * position[..., 1]
    velocity[..., 1] -= spin * position[..., 0]
    return position, velocity


@dataclass(frozen=True, eq=False)
class Glonass:
    """Broadcast states of one GLONASS satellite, every half hour."""

    names: tuple[str, ...]
    source: str
    epochs: Times
    sets: Array
    """(n, 9) PZ-90 position (m), velocity (m/s), luni-solar acceleration (m/s2)"""

    def state(self, times: Times) -> tuple[Array, Array]:
        """Runge-Kutta of fourth order from the nearest set, steps of at most a minute; NaN too far from any."""
        times = np.asarray(times, "datetime64[ns]")
        which = nearest(self.epochs, times)
        tk = np.asarray((times - self.epochs[which]).astype("int64") * 1e-9)
        far = np.abs(tk) > _GOOD_FOR_S["R"]
        start = self.sets[which]
        state, force = start[..., :6], start[..., 6:]
        steps = max(1, int(np.ceil(np.max(np.abs(np.where(far, 0, tk)), initial=0) / 60)))
        h = (np.where(far, 0, tk) / steps)[..., None]
        for _ in range(steps):
            k1 = _pull(state, force)
            k2 = _pull(state + h / 2 * k1, force)
            k3 = _pull(state + h / 2 * k2, force)
            k4 = _pull(state + h * k3, force)
            state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        state = np.where(far[..., None], np.nan, state)
        return state[..., :3], state[..., 3:]

    def sigma_m(self, times: Times) -> Array:
        """Metres (radial, along, across)."""
        return np.broadcast_to(np.array(_SIGMA_M["R"]), (*np.shape(times), 3)).copy()

    def age_s(self, times: Times) -> Array:
        """Seconds to the state used."""
        times = np.asarray(times, "datetime64[ns]")
        return np.asarray(np.abs((times - self.epochs[nearest(self.epochs, times)]).astype("int64")) * 1e-9)


def _pull(state: Array, force: Array) -> Array:
    """Time derivative of an Earth-fixed state under PZ-90's mass, oblateness and spin (GLONASS ICD A.3.1.2)."""
    gm, radius, j2, spin = EARTH_GM_M3PS2, 6_378_136.0, 1.08262575e-3, EARTH_ROTATION_RADPS
    x, y, z = np.moveaxis(state[..., :3], -1, 0)
    r2 = x * x + y * y + z * z
    central, oblate = gm / r2**1.5, 1.5 * j2 * gm * radius**2 / r2**2.5
    ratio = 5 * z * z / r2
    common = -central - oblate * (1 - ratio) + spin**2
    rate = np.empty_like(state)
    rate[..., :3] = state[..., 3:]
    rate[..., 3] = common * x + 2 * spin * state[..., 4] + force[..., 0]
    rate[..., 4] = common * y - 2 * spin * state[..., 3] + force[..., 1]
    rate[..., 5] = (-central - oblate * (3 - ratio)) * z + force[..., 2]
    return rate


def read_navigation(text: str, where: str = "the navigation file", earth: EarthOrientation | None = None) -> Orbits:
    """All satellites of a RINEX 3 or 4 navigation file; unhealthy and unreadable sets are refused.

    Raises InputError when the text is no such file.
    """
    earth = earth or packaged()
    lines = text.splitlines()
    if not lines or "RINEX VERSION" not in lines[0] or lines[0][20:21] != "N" or lines[0].lstrip()[:1] not in "34":
        raise InputError(f"{where}: no RINEX 3 or 4 navigation file")
    found: dict[str, list[tuple[np.datetime64, list[float]]]] = defaultdict(list)
    refused: list[Refused] = []
    for number, name, rows in _records(lines):
        try:
            values = [_numbers(rows[0][23:])] + [_numbers(row[4:]) for row in rows[1:]]
            epoch = np.datetime64("-".join(rows[0][4:14].split()) + "T" + ":".join(rows[0][14:23].split()), "ns")
            sick = values[6][1] if name[0] in "GEC" else values[1][3]
        except (ValueError, IndexError):
            refused.append(Refused(f"{where}, line {number}", f"set of {name} not readable"))
            continue
        # Galileo health also tells of other signals; bits 1-2 and 7-8 are those of E1-B and E5b
        if sick and name[0] != "E":
            refused.append(Refused(f"{where}, line {number}", f"{name} was set unhealthy"))
            continue
        found[name].append((epoch, [number for row in values for number in row]))
    ephemerides: list[Kepler | Glonass] = []
    for name, sets in found.items():
        made = _glonass(name, sets) if name[0] == "R" else _keplerian(name, sets, earth)
        if made is not None:
            ephemerides.append(made)
    return Orbits(tuple(ephemerides), tuple(refused))


def ionosphere(text: str) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Klobuchar's eight coefficients, alpha and beta, from the header of a navigation file (RINEX 2.11 and 3.05).

    None when the header has none.
    """
    found: dict[str, tuple[float, ...]] = {}
    for line in text.split("END OF HEADER")[0].splitlines():
        label = line[60:].strip()
        name, start = (line[:4], 5) if label == "IONOSPHERIC CORR" else (label, 2)
        name = {"ION ALPHA": "GPSA", "ION BETA": "GPSB"}.get(name, name)
        if name in ("GPSA", "GPSB"):
            parts = (line[at : at + 12].strip().replace("D", "E") for at in range(start, start + 48, 12))
            try:
                found[name] = tuple(float(part) for part in parts)
            except ValueError:
                return None
    if len(found.get("GPSA", ())) != 4 or len(found.get("GPSB", ())) != 4:
        return None
    return found["GPSA"], found["GPSB"]


def _records(lines: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Line number, satellite and lines of each set of the four constellations."""
    at = next((index for index, line in enumerate(lines) if "END OF HEADER" in line), len(lines)) + 1
    known = True
    while at < len(lines):
        name, size = lines[at][:3], _LINES.get(lines[at][:1], 1)
        if lines[at][:1] == ">":
            kind = lines[at][1:].split()
            known = len(kind) > 2 and kind[0] == "EPH" and kind[2] in _MESSAGES
        elif known and lines[at][:1] in "GERC" and name[1:].isdigit():
            rows = lines[at : at + size]
            if len(rows) == size and all(row[:4].strip() == "" for row in rows[1:]):
                yield at + 1, name, rows
                at += size
                if name[0] == "R" and at < len(lines) and lines[at][:4] == "    ":
                    at += 1  # the fifth line of version 3.05
                continue
        at += 1


def _numbers(text: str) -> list[float]:
    return [float((text[at : at + 19].strip() or "0").replace("D", "E")) for at in range(0, 76, 19)]


def _keplerian(name: str, found: list[tuple[np.datetime64, list[float]]], earth: EarthOrientation) -> Kepler | None:
    """Sets of one satellite by reference time; the last one sent for a reference time counts."""
    start = _BDS_EPOCH if name[0] == "C" else _GPS_EPOCH
    by_time: dict[np.datetime64, tuple[Array, Array]] = {}
    for epoch, v in found:
        # v: 3 of the first line are clock; then rows of four as the RINEX table A lists them
        week, toe = int(v[4 + 18]), v[4 + 8]
        reference = start + np.timedelta64(week * 7, "D") + np.timedelta64(round(toe * 1e9), "ns")
        clock_s = float((epoch - reference).astype("int64")) * 1e-9
        if name[0] == "C":
            reference = reference + np.timedelta64(14, "s")  # BDT is 14 s behind GPS time
        o = v[4:]
        elements = [
            o[7],
            o[5],
            o[12],
            o[10],
            o[14],
            o[3],
            o[2],
            o[15],
            o[16],
            o[4],
            o[6],
            o[13],
            o[1],
            o[9],
            o[11],
            toe,
        ]
        by_time[reference] = (np.array(elements), np.array([clock_s, *v[:3]]))
    if not by_time:
        return None
    order = sorted(by_time)
    epochs = earth.utc_of_gps(np.array(order))
    sets, clocks = (np.array([by_time[time][part] for time in order]) for part in (0, 1))
    return Kepler((name,), "broadcast", epochs, sets, clocks)


def _glonass(name: str, found: list[tuple[np.datetime64, list[float]]]) -> Glonass | None:
    """Sets of one satellite by time (RINEX gives GLONASS epochs in UTC)."""
    by_time = {
        epoch: np.array([v[4 + 4 * axis + part] for part in (0, 1, 2) for axis in (0, 1, 2)]) * 1e3
        for epoch, v in found
    }
    if not by_time:
        return None
    order = sorted(by_time)
    return Glonass((name,), "broadcast", np.array(order), np.array([by_time[time] for time in order]))
