"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the repository (or in $VIGIE_SHARED); tests that need it skip where it is absent."""
    path = Path(os.environ.get("VIGIE_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"
    if not path.is_dir():
        pytest.skip(f"reference data not found at {path}: set VIGIE_SHARED to the folder that holds data/")
    return path
