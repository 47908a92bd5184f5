"""``vigie locate``: the contract's keys, refused lines in place, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from tests.locate.scene import SECOND, bursts, in_sight

from vigie import instants
from vigie.cli.locate import command
from vigie.errors import VigieError
from vigie.geodesy import distance_m
from vigie.orbit.files import read_files

PLACE = (43.0, 5.0, 0.0)
START = np.datetime64("2026-08-23T09:00:00", "ns")
KEYS = {
    "beacon",
    "method",
    "side",
    "probability",
    "latitude",
    "longitude",
    "altitude_m",
    "frequency_hz",
    "drift_hz_per_s",
    "ellipse",
    "ehe_m",
    "velocity_mps",
    "moving",
    "residual_rms",
    "used",
    "rejected",
    "start",
    "end",
}


@pytest.fixture(scope="module")
def elements(shared):
    return shared / "orbits/meosar_2026-08-22.tle"


@pytest.fixture(scope="module")
def rows(elements):
    """Measurements of three bursts through six satellites, as the command reads them."""
    orbits = read_files([elements])
    names = in_sight(orbits, PLACE, START)[:6]
    heard = bursts(orbits, names, PLACE, START + np.arange(3) * 50 * SECOND, np.random.default_rng(0))
    return [
        {
            "beacon": "ADCD0228C500401",
            "burst": int(item.burst),
            "satellite": int(item.satellite),
            "time": instants.text(item.time),
            "toa": instants.text(item.toa),
            "sigma_toa_s": item.sigma_toa_s,
            "foa_hz": item.foa_hz,
            "sigma_foa_hz": item.sigma_foa_hz,
            "carrier_hz": item.carrier_hz,
        }
        for item in heard
    ]


@pytest.fixture
def run(tmp_path, capfd):
    """Write the lines, run the command on them, give back its exit code and output lines."""

    def call(lines, *options):
        path = tmp_path / "measurements.jsonl"
        path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines))
        code = command.main([str(path), *map(str, options)], standalone_mode=False)
        return code, capfd.readouterr().out.splitlines()

    return call


def test_a_solution_has_the_keys_of_the_contract(run, rows, elements):
    code, out = run(rows, "--orbits", elements, "--json")
    assert code == 0
    [found] = [json.loads(line) for line in out]
    assert set(found) >= KEYS
    assert found["method"] == "doa"
    assert found["side"] is None
    assert set(found["ellipse"]) == {"semi_major_m", "semi_minor_m", "azimuth_deg"}
    assert set(found["residual_rms"]) == {"toa_s", "foa_hz"}
    assert found["used"] == len(rows)
    assert found["rejected"] == 0
    assert found["verdict"] == "ok"
    assert found["earth_orientation"] in ("measured", "predicted")
    assert distance_m(*PLACE[:2], found["latitude"], found["longitude"]) < 2.5 * found["ehe_m"]


def test_refused_lines_are_answered_in_place(run, rows, elements):
    bad = ["{", "[1]", json.dumps({**rows[0], "foa_hz": "high"}), json.dumps({**rows[0], "time": "yesterday"})]
    bad += [json.dumps({key: value for key, value in rows[0].items() if key != missing}) for missing in ("beacon",)]
    code, out = run([*bad, *rows], "--orbits", elements, "--json")
    assert code == 1
    answers = [json.loads(line) for line in out]
    assert [set(item) for item in answers[:5]] == [{"input", "error"}] * 5
    assert "line 3" in answers[2]["error"]["message"]
    assert "foa_hz" in answers[2]["error"]["message"]
    assert answers[5]["verdict"] == "ok"


def test_nan_is_no_measurement(run, rows, elements):
    text = json.dumps({**rows[0], "foa_hz": float("nan")})
    code, out = run([text, *rows[1:]], "--orbits", elements, "--json")
    found = json.loads(out[-1])
    assert code == 0
    assert found["rejected"] == 1
    assert "foa_hz is not a number" in found["rejected_measurements"][0]["reason"]
    assert found["rejected_measurements"][0]["line"] == "1"


def test_what_cannot_be_solved_says_so_and_exits_one(run, rows, elements):
    code, out = run(rows[:1], "--orbits", elements, "--json")
    found = json.loads(out[0])
    assert code == 1
    assert found["verdict"].startswith("not solvable: ")
    assert found["latitude"] is None
    code, out = run(rows, "--json")
    assert code == 1
    assert "no orbit of satellite" in json.loads(out[0])["verdict"]


def test_states_in_the_file_need_no_orbits(run, rows, elements):
    orbits = read_files([elements])
    given = []
    for row in rows:
        position, velocity = orbits.find(row["satellite"]).state(np.array(instants.parse(row["time"])))
        given.append({**row, "satellite_ecef_m": position.tolist(), "satellite_velocity_mps": velocity.tolist()})
    code, out = run(given, "--json")
    assert code == 0
    found = json.loads(out[0])
    assert distance_m(*PLACE[:2], found["latitude"], found["longitude"]) < 2.5 * found["ehe_m"]


def test_cospas_sarsat_numbers_name_satellites(run, rows, elements):
    from vigie.orbit.fleet import fleet

    numbers = {item.norad: item.number for item in fleet() if item.seen > np.datetime64("2026-01-01")}
    renamed = [{**row, "satellite": numbers.get(row["satellite"], row["satellite"])} for row in rows]
    assert any(row["satellite"] < 1000 for row in renamed)
    code, out = run(renamed, "--orbits", elements, "--json")
    assert code == 0
    assert json.loads(out[0])["used"] == len(rows)


def test_for_people(run, rows, elements):
    code, out = run(rows, "--orbits", elements)
    assert code == 0
    assert "95 % within" in out[0]
    assert "N" in out[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--orbits", "absent.tle"], "absent.tle: not readable"),
        (["--fix-orbit", "REF"], "should be BEACON=LAT,LON,ALT"),
        (["--fix-orbit", "REF=91,0,0"], "no place"),
        (["--fix-orbit", "REF=1,0,0"], "no measurement of that beacon"),
    ],
)
def test_wrong_use_is_one_sentence(run, rows, options, message):
    with pytest.raises(VigieError, match=message):
        run(rows, *options)


def test_a_picture_of_each_beacon(run, rows, elements, tmp_path):
    from matplotlib.image import imread

    lines = [*rows, *({**row, "beacon": "OTHER"} for row in rows[:6]), {**rows[0], "beacon": "HOPELESS"}]
    code, _ = run(lines, "--orbits", elements, "--plot", tmp_path / "where.png", "--map")
    assert code == 1  # one of them has too few measurements; its picture says so
    for name in ("where.png", "where-2.png", "where-3.png"):
        assert np.ptp(imread(tmp_path / name)[..., :3]) > 0.5
    with pytest.raises(VigieError, match="not writable"):
        run(rows, "--orbits", elements, "--plot", tmp_path / "none" / "where.png")


def test_following_tells_after_every_burst(run, rows, elements):
    code, out = run(rows, "--orbits", elements, "--follow", "--json")
    assert code == 0
    told = [json.loads(line) for line in out]
    assert [item["bursts"] for item in told] == [1, 2, 3]
    assert set(told[-1]) >= KEYS
    assert told[-1]["ehe_m"] < told[0]["ehe_m"]
    assert [item["used"] for item in told] == [6, 12, 18]
    mixed = [rows[0], "{", *rows[1:]]
    code, out = run(mixed, "--orbits", elements, "--follow", "--json")
    assert code == 1
    assert "error" in json.loads(out[0])
    with pytest.raises(VigieError, match="--follow goes with neither"):
        run(rows, "--orbits", elements, "--follow", "--plot", "where.png")


def test_following_does_not_wait_for_the_end(rows, elements):
    """A live stream: the first burst is told while the input is still open."""
    command = [sys.executable, "-m", "vigie", "locate", "-", "--orbits", str(elements), "--follow", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        in_order = sorted(rows, key=lambda row: row["time"])
        process.stdin.write("".join(json.dumps(row) + "\n" for row in in_order[:7]))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["bursts"] == 1
        rest = process.communicate("".join(json.dumps(row) + "\n" for row in in_order[7:]))[0]
    assert [json.loads(line)["bursts"] for line in rest.splitlines()] == [2, 3]
    assert process.returncode == 0


def test_the_probability_map(run, rows, elements):
    _, out = run(rows, "--orbits", elements, "--json")
    assert json.loads(out[0])["cells"] is None
    _, out = run(rows, "--orbits", elements, "--json", "--map")
    cells = json.loads(out[0])["cells"]
    assert sum(cells.values()) == pytest.approx(1.0)


def test_heights_from_a_grid(run, rows, elements, tmp_path):
    grid = tmp_path / "ground.asc"
    head = "ncols 3\nnrows 3\nxllcorner 3.5\nyllcorner 41.5\ncellsize 1\nNODATA_value -9999\n"
    grid.write_text(head + "\n".join(["1200 1200 1200"] * 3))
    code, out = run(rows, "--orbits", elements, "--json", "--terrain", grid, "--geoid", 50)
    assert code == 0
    assert json.loads(out[0])["altitude_m"] == pytest.approx(1250, abs=30)
    grid.write_text("nothing")
    with pytest.raises(VigieError, match="no Esri ASCII grid"):
        run(rows, "--orbits", elements, "--terrain", grid)


def test_the_ionosphere_of_a_navigation_file(run, rows, elements, shared):
    navigation = shared / "orbits/precise_2020-06-25/ESBC00DNK_R_20201770000_01D_MN.rnx.gz"
    code, out = run(rows, "--orbits", elements, "--json", "--tec-model", navigation)
    assert code == 0
    there = json.loads(out[0])
    here = json.loads(run(rows, "--orbits", elements, "--json")[1][0])
    apart = distance_m(there["latitude"], there["longitude"], here["latitude"], here["longitude"])
    assert 0 < apart < here["ehe_m"]
    with pytest.raises(VigieError, match="no coefficients of the ionosphere"):
        run(rows, "--orbits", elements, "--tec-model", elements)


def test_an_empty_file_locates_nothing(run):
    assert run([], "--json")[0] == 1
