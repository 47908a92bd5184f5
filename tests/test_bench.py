"""``vigie bench``: counts over recordings, against what is known to be in them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from vigie.cli.bench import command
from vigie.message import beacon
from vigie.signal import fgb

HEX = "FFFE2F8E39048D158AC01E3AA482856824CE"
RATE_HZ = 20_000.0


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """One strong burst in a little noise."""
    bits = [int(bit) for bit in format(int(HEX, 16), "0144b")]
    rng = np.random.default_rng(7)
    iq = 0.02 * (rng.standard_normal(40_000) + 1j * rng.standard_normal(40_000))
    wave = fgb.modulate(np.array(bits), RATE_HZ)
    iq[9_000 : 9_000 + len(wave)] += wave
    path = tmp_path / "one_20000sps.cf32"
    path.write_bytes(iq.astype(np.complex64).tobytes())
    return path


def run(*arguments: str) -> tuple[int, list[dict[str, object]]]:
    result = CliRunner().invoke(command, [*arguments, "--sample-rate", "20000", "--json"])
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


def test_counts_what_a_recording_holds_and_the_total(recording: Path) -> None:
    code, (row, last) = run(str(recording))
    assert code == 0
    assert row["messages"] == [HEX]
    assert (row["bursts"], row["read"], row["unread"], row["duration_s"]) == (1, 1, 0, 2.0)
    assert row["cpu_s"] > 0
    assert last["total"]["read"] == 1


def test_compares_with_what_is_known(recording: Path, tmp_path: Path) -> None:
    expect = tmp_path / "known.jsonl"
    other = beacon.decode(HEX).received[:-1] + "F"
    lines = [{"file": f"/elsewhere/{recording.name}", "hex": HEX[6:]}, {"file": recording.name, "hex": other}]
    expect.write_text("\n".join(map(json.dumps, lines)) + "\n")
    code, (row, last) = run(str(recording), "--expect", str(expect))
    assert code == 1
    assert (row["expected"], row["missed"], row["beyond"]) == (2, [other], [])
    assert (last["total"]["missed"], last["total"]["beyond"]) == (1, 0)

    expect.write_text("")
    code, (row, _) = run(str(recording), "--expect", str(expect))
    assert (code, row["beyond"]) == (0, [HEX])


def test_recording_that_cannot_be_read_does_not_stop_the_others(recording: Path) -> None:
    code, rows = run("/no/such/file.cf32", str(recording))
    assert code == 1
    assert "cannot be read" in rows[0]["error"]["message"]
    assert rows[1]["read"] == 1


def test_line_that_states_no_message_is_named(recording: Path, tmp_path: Path) -> None:
    expect = tmp_path / "known.jsonl"
    expect.write_text('{"file": "x", "hex": null}\n{"file": "x"}\n')
    result = CliRunner().invoke(command, [str(recording), "--expect", str(expect), "--sample-rate", "20000"])
    assert "line 2" in str(result.exception)


def test_table_for_people(recording: Path) -> None:
    result = CliRunner().invoke(command, [str(recording), "--sample-rate", "20000"])
    assert result.exit_code == 0
    assert "1 in all" in result.stdout
