"""Footprints from orbits, and the acknowledgement that a beacon is owed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from vigie.acknowledge import content
from vigie.alert.book import AlertBook
from vigie.geodesy import ecef_m
from vigie.message import rlm
from vigie.orbit.ephemeris import Orbits
from vigie.sim.detections import at, detection, solution
from vigie.visibility import Visibility

RLS = {"protocol": "rls", "rls_beacon_type": "plb", "rls_tac": 3002, "serial_number": 135, "country_code": 227}


class Fixed:
    """A satellite that stands over a place."""

    names, source = ("G16",), "a test"

    def state(self, times: Any) -> Any:
        position = np.broadcast_to(ecef_m(0.0, -75.2, 35_786_000.0), (len(times), 3))
        return position, np.zeros_like(position)

    def sigma_m(self, times: Any) -> Any:
        return np.zeros(len(times))

    def age_s(self, times: Any) -> Any:
        return np.zeros(len(times))


def test_a_geostationary_satellite_sees_its_side_of_the_earth() -> None:
    visible = Visibility(Orbits((Fixed(),)))  # type: ignore[arg-type]
    assert visible("G16", at(0), 45.0, -60.0) is True
    assert visible("G16", at(0), 45.0, 60.0) is False
    assert visible("G16", at(0), 89.0, -75.2) is False  # beyond 81 degrees nothing is seen
    assert visible("S12", at(0), 45.0, -60.0) is None


def test_a_position_out_of_sight_is_marked_and_so_suspect() -> None:
    visible = Visibility(Orbits((Fixed(),)))  # type: ignore[arg-type]
    far = solution("doa", 45.0, 60.0, 300, satellites=("G16", "401"))
    near = replace(far, lon_deg=-60.0)
    marked = list(visible.marked([far, near]))
    assert [one.outside for one in marked] == [("G16",), ()]  # type: ignore[union-attr]
    (alert,) = AlertBook(marked[:1]).alerts()
    assert "SUSPECT" in alert.remarks[0]


def test_the_acknowledgement_names_the_beacon_and_ends_with_its_receipt() -> None:
    place = {"latitude": 45.0, "longitude": -5.0}
    story = [
        detection(RLS, **place),
        solution("doa", 45.0, -5.0, 300, facts=RLS),
        detection(RLS, 350, **place, rlm_type1_received=True),
    ]
    book, said = AlertBook(), []
    for record in story:
        (alert,) = book.take(record)
        said.append(content(alert))
    assert (said[0], said[2]) == (None, None)
    read = rlm.decode(said[1] or "")
    assert (read["beacon_hex_id_15"], read["service"], read["acknowledgement_type"], read["verdict"]) == (
        alert.hex_id,
        "acknowledgement",
        "type1",
        "ok",
    )
    exercise = AlertBook([replace(one, exercise=True) for one in story[:2]]).alerts()[0]  # type: ignore[type-var]
    assert content(exercise) is None
