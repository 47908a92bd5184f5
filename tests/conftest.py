"""What every test may use."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "store"))  # servers that several tests start

from postgres_server import Postgres


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data beside the repository (or in $VIGIE_SHARED); tests that need it skip where it is absent."""
    path = Path(os.environ.get("VIGIE_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data"
    if not path.is_dir():
        pytest.skip(f"reference data not found at {path}: set VIGIE_SHARED to the folder that holds data/")
    return path


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A throw-away PostgreSQL server; tests that need it skip where PostgreSQL is not installed."""
    memory = Path("/dev/shm")  # its many small files cost a busy disk half a minute
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 2_000_000_000
    place = memory if roomy else tmp_path_factory.getbasetemp()
    with tempfile.TemporaryDirectory(dir=place) as name, Postgres.started(Path(name)) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, on SQLite and on PostgreSQL in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.sqlite'}"
    server: Postgres = request.getfixturevalue("postgres_server")
    return server.database()
