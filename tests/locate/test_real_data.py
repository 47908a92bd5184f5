"""Real measurements with known places, through ``benchmarks/locate_real.py``."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def real():
    """The benchmark as a module: readers of the data sets live there alone."""
    path = Path(__file__).resolve().parents[2] / "benchmarks/locate_real.py"
    spec = importlib.util.spec_from_file_location("locate_real", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["locate_real"] = module
    spec.loader.exec_module(module)
    return module


def test_iridium_in_hong_kong(shared, real):
    result = real.iridium(shared)
    assert result["error_m"] < 109
    assert result["error_m"] < result["ehe_m"]


@pytest.mark.parametrize(("use", "limit_m"), [("toa", 6.0), ("foa", 95.0), ("both", 6.0)])
def test_gnss_in_esbjerg_with_precise_orbits(shared, real, use, limit_m):
    result = real.gnss(shared, "sp3", use)
    assert result["error_m"] < limit_m
    assert result["rejected"] == 0


def test_gnss_in_esbjerg_with_broadcast_orbits(shared, real):
    assert real.gnss(shared, "broadcast", "both")["error_m"] < 6.0
