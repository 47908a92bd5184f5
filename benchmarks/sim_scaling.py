"""How the simulator scales: here, two processes, two Dask workers over TCP, and a Dask worker killed in mid-run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/sim_scaling.py [--hours 24] [--beacons 60] [--json]

Wall time says something only on a machine that is otherwise idle; ``cpu_efficiency`` is the CPU time of the run here
over that of all processes, so what distribution costs; a killed worker's time is lost to the count, and so is its work.
The default is about a minute of work, beside which the seconds in which workers load their modules are little.
``overhead`` is measured with items that do nothing, and ``identical`` compares every byte with the run here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import msgspec
import psutil

from vigie.engine import Builtin, Pool, cluster
from vigie.sim import scenario
from vigie.sim.run import simulate
from vigie.sim.scenario import Crowd


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--beacons", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    world = scenario.load(scenario.path_of("world"))
    crowd = Crowd(
        name="crowd", count=options.beacons, kind="PLB", position="internal", box=(20.0, -60.0, 60.0, 30.0),
        message={"protocol": "std_plb_serial", "country_code": 366, "tac": 1020, "serial_number": 1},
    )  # fmt: skip
    asked = msgspec.structs.replace(
        world, beacons=(), crowds=(crowd,), interference=(), duration_s=options.hours * 3600
    )
    reference = None
    for row, stream in runs(asked):
        reference = reference or stream
        row["identical"] = stream == reference
        print(
            json.dumps(row) if options.json else "  ".join(f"{key} {value}" for key, value in row.items()), flush=True
        )


def runs(asked):
    base = spent = None
    for name, make in (("here", Builtin), ("1 process", lambda: Pool(1)), ("2 processes", lambda: Pool(2))):
        with make() as engine:
            row, stream = timed(name, asked, engine)
        base, spent = base or row["wall_s"], spent or row["cpu_s"]
        row["cpu_efficiency"] = round(spent / row["cpu_s"], 2)
        row["speed_up"] = round(base / row["wall_s"], 2)
        yield row, stream
    for name, kill in (("2 Dask workers over TCP", False), ("2 Dask workers, one killed", True)):
        with tempfile.TemporaryDirectory() as folder:
            address, begun = dask(Path(folder))
            try:
                with cluster(address) as engine:
                    overhead_ms(engine)
                    if kill:
                        threading.Timer(base / 5, begun[1].send_signal, [signal.SIGKILL]).start()
                    row, stream = timed(name, asked, engine)
                row["cpu_efficiency"] = round(spent / row["cpu_s"], 2)
                row["speed_up"] = round(base / row["wall_s"], 2)
                yield row, stream
            finally:
                for process in begun:
                    process.kill()
                    process.wait()


def timed(name, asked, engine):
    cost = overhead_ms(engine)
    before = cpu_s()
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        done = simulate(asked, Path(folder), engine=engine)
        wall = time.monotonic() - began
        spent = cpu_s() - before
        with done.stream.open("rb") as written:
            stream = hashlib.file_digest(written, "sha256").hexdigest()
    return {
        "engine": name,
        "wall_s": round(wall, 2),
        "cpu_s": round(spent, 2),
        "overhead_ms_per_item": round(cost, 2),
        "lines": done.lines,
    }, stream


def cpu_s():
    """CPU time of this process and of all that it started and that live."""
    here = psutil.Process()
    return sum(sum(process.cpu_times()[:2]) for process in (here, *here.children(recursive=True)))


def overhead_ms(engine):
    """Of an item that does nothing, workers already up."""
    list(engine.map(abs, range(4 * engine.workers)))
    began = time.monotonic()
    list(engine.map(abs, range(300)))
    return 1e3 * (time.monotonic() - began) / 300


def dask(folder):
    """A scheduler and two single-threaded worker processes."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, "env": dict(os.environ)}
    file = folder / "scheduler.json"
    begun = [
        subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0",
             "--no-dashboard", "--scheduler-file", str(file)], **quiet,
        )
    ]  # fmt: skip
    while not file.exists():
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    for name in ("a", "b"):
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard",
                 "--no-nanny", "--name", name, "--local-directory", str(folder / name)], **quiet,
            )
        )  # fmt: skip
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    return address, begun


if __name__ == "__main__":
    main()
