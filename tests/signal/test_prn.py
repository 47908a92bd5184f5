"""The spreading sequences against C/S T.018 Table 2.2, Appendix D and the published vectors."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vigie.records import Sync
from vigie.signal import prn
from vigie.signal.prn import Arm

TABLE_2_2: dict[tuple[Sync, Arm], str] = {
    ("normal", "i"): "8000 0108 4212 84A1",
    ("normal", "q"): "3F83 58BA D030 F231",
    ("self_test", "i"): "0F93 4A4D 4CF3 028D",
    ("self_test", "q"): "1497 3DC7 16CD E124",
}


def _hex(chips: np.ndarray) -> str:
    return f"{int(''.join(map(str, chips)), 2):0{len(chips) // 4}X}"


@pytest.mark.parametrize("key", TABLE_2_2, ids="-".join)
def test_first_64_chips_are_those_of_table_2_2(key: tuple[Sync, Arm]) -> None:
    assert _hex(prn.logic(*key)[:64]) == TABLE_2_2[key].replace(" ", "")


def test_published_vectors(shared: Path) -> None:
    rows = [json.loads(line) for line in (shared / "beacons" / "sgb.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["kind"] == "sgb_prn"]
    assert rows
    for row in rows:
        sync, _, arm = row["expect"]["component"].rpartition("_")
        assert prn.REGISTERS[sync, arm] == row["expect"]["register_22_to_0"]
        assert _hex(prn.logic(sync, arm)[:64]) == row["hex"]
        assert len(prn.logic(sync, arm)) == row["expect"]["length_chips"]


@pytest.mark.parametrize("key", TABLE_2_2, ids="-".join)
def test_a_shift_register_stepped_as_in_figure_2_2_gives_the_whole_sequence(key: tuple[Sync, Arm]) -> None:
    register, out = int(prn.REGISTERS[key], 2), []
    for _ in range(prn.CHIPS):
        out.append(register & 1)
        register = register >> 1 | ((register ^ register >> 18) & 1) << 22
    assert np.array_equal(prn.logic(*key), out)


def test_levels_are_plus_one_for_logic_zero() -> None:
    levels = prn.levels("normal", "i")
    assert list(levels[:2]) == [-1, 1]
    assert np.array_equal(levels < 0, prn.logic("normal", "i") == 1)


def test_no_two_sequences_look_alike_at_any_shift() -> None:
    spectra = [np.fft.fft(prn.levels(*key), 2 * prn.CHIPS) for key in TABLE_2_2]
    for i, one in enumerate(spectra):
        for other in spectra[:i]:
            assert np.abs(np.fft.ifft(one * other.conj())).max() < 6 * np.sqrt(prn.CHIPS)
