"""Engines: order kept, work bounded, workers that die cost no answer. With real processes and a real Dask cluster."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vigie.engine import Builtin, Engine, Over, Pool, cluster, open_engine
from vigie.errors import ConfigError, VigieError
from vigie.sim import scenario
from vigie.sim.run import simulate


def test_each_engine_keeps_the_order() -> None:
    items = list(range(40))
    for engine in (Builtin(), Over(ThreadPoolExecutor(3), 3)):
        with engine:
            assert list(engine.map(lambda item: item * item, items)) == [item * item for item in items]


def test_only_so_much_is_under_way() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    with Over(ThreadPoolExecutor(2), 2) as engine:
        results = engine.map(abs, items())
        assert next(results) == 0
        time.sleep(0.05)
        assert len(taken) <= 7


def test_an_error_of_the_work_is_raised_where_it_stands() -> None:
    with Pool(2) as engine:
        results = engine.map(int, ["1", "2", "three", "4"])
        assert [next(results), next(results)] == [1, 2]
        with pytest.raises(ValueError, match="three"):
            next(results)


def test_a_pool_does_the_work_of_dead_workers_again() -> None:
    with Pool(2) as engine:
        results = engine.map(time.sleep, [0.3] * 12)
        next(results)
        for pid in engine.pids:
            os.kill(pid, signal.SIGKILL)
        assert list(results) == [None] * 11
        assert engine.rebuilt >= 1


def test_an_item_that_kills_every_worker_is_named() -> None:
    with Pool(1) as engine, pytest.raises(VigieError, match="the same item of work: 9"):
        list(engine.map(_die, [9]))


def _die(code: int) -> None:
    os._exit(code)


def test_pools_and_clusters_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="at least one"):
        Pool(0)
    assert isinstance(open_engine(1), Builtin)


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers as processes, on TCP."""
    pytest.importorskip("distributed")
    environment = {**os.environ, "DASK_DISTRIBUTED__ADMIN__LOG_FORMAT": "%(message)s"}
    file = tmp_path / "scheduler.json"
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--scheduler-file", str(file)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=tmp_path,
        )
    ]  # fmt: skip
    until = time.monotonic() + 60
    while not file.exists() and time.monotonic() < until:
        time.sleep(0.1)
    import json

    address = json.loads(file.read_text())["address"]
    for name in ("a", "b"):
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nworkers", "1", "--nthreads", "1",
                 "--name", name, "--no-dashboard", "--no-nanny", "--local-directory", str(tmp_path / name)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=tmp_path,
            )
        )  # fmt: skip
    yield address, begun[1:]
    for process in begun:
        process.kill()
        process.wait()


def _played(text: str, folder: Path, engine: Engine) -> tuple[bytes, bytes]:
    with engine:
        done = simulate(scenario.parse(text, "small.toml"), folder, engine=engine)
    return done.stream.read_bytes(), done.truth.read_bytes()


@pytest.fixture
def longer() -> str:
    """A scenario of three spans."""
    return """\
title = "Three spans"
start = "2026-08-23T00:00:00Z"
duration_s = 5000
[[satellites]]
system = "MEO"
select = ["GSAT0"]
[[stations]]
name = "T"
system = "MEO"
latitude = 43.5
longitude = 1.5
[[crowds]]
name = "crowd"
count = 5
kind = "PLB"
message = { protocol = "std_plb_serial", country_code = 366, tac = 1020, serial_number = 9000 }
box = [30.0, -30.0, 50.0, 10.0]
"""


def test_a_simulation_is_the_same_on_a_pool_whose_worker_is_killed(longer: str, tmp_path: Path) -> None:
    here = _played(longer, tmp_path / "here", Builtin())
    pool = Pool(2)
    killer = threading.Timer(2.0, lambda: [os.kill(pid, signal.SIGKILL) for pid in pool.pids[:1]])
    killer.start()
    there = _played(longer, tmp_path / "there", pool)
    killer.cancel()
    assert here == there


def test_a_simulation_is_the_same_on_a_cluster_whose_worker_is_killed(
    longer: str, tmp_path: Path, dask: tuple[str, list[subprocess.Popen[bytes]]]
) -> None:
    address, workers = dask
    here = _played(longer, tmp_path / "here", Builtin())
    code = (
        "import sys; from pathlib import Path; from vigie.engine import cluster; from vigie.sim import scenario;"
        "from vigie.sim.run import simulate; engine = cluster(sys.argv[1]);\n"
        "with engine: simulate(scenario.load(Path(sys.argv[2])), Path(sys.argv[3]), engine=engine)\n"
    )
    file = tmp_path / "longer.toml"
    file.write_text(longer)
    play = subprocess.Popen(
        [sys.executable, "-c", code, address, str(file), str(tmp_path / "there")], stderr=subprocess.PIPE, text=True
    )
    time.sleep(2.5)
    workers[0].send_signal(signal.SIGKILL)
    _, said = play.communicate(timeout=120)
    assert play.returncode == 0, said
    assert here == ((tmp_path / "there/detections.jsonl").read_bytes(), (tmp_path / "there/truth.jsonl").read_bytes())


def test_a_cluster_that_is_not_there_is_refused() -> None:
    pytest.importorskip("distributed")
    code = (
        "from vigie.engine import cluster\nfrom vigie.errors import ConfigError\n"
        "try: cluster('tcp://127.0.0.1:9')\nexcept ConfigError as error: print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert said.stdout.startswith("--cluster tcp://127.0.0.1:9: no Dask scheduler answers there"), said.stderr
    assert cluster is not None
