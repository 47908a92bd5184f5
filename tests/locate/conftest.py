"""Orbits that the tests of this folder share."""

from __future__ import annotations

import pytest

from vigie.orbit.files import read_files


@pytest.fixture(scope="session")
def fleet_orbits(shared):
    """Low, medium and stationary satellites of August 2026."""
    return read_files([shared / f"orbits/{name}sar_2026-08-22.tle" for name in ("leo", "meo", "geo")])
