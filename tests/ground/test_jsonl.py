import json
from dataclasses import dataclass

import numpy as np

from vigie import jsonl


@dataclass(frozen=True)
class Sample:
    time: np.datetime64
    values: tuple[float, ...]
    note: str | None = None


def test_records_instants_and_unknown_numbers() -> None:
    record = Sample(np.datetime64("2026-11-22T06:30:00.000000001", "ns"), (1.5, float("nan"), float("inf")))
    assert json.loads(jsonl.line(record)) == {
        "time": "2026-11-22T06:30:00.000000001Z",
        "values": [1.5, None, None],
        "note": None,
    }


def test_numpy_values_become_plain_ones() -> None:
    value = {
        "n": np.int64(3),
        "x": np.float32(0.5),
        "row": np.arange(3),
        "flag": np.bool_(True),
        "t": np.datetime64("NaT"),
    }
    assert json.loads(jsonl.line(value)) == {"n": 3, "x": 0.5, "row": [0, 1, 2], "flag": True, "t": None}


def test_one_value_is_one_line() -> None:
    assert "\n" not in jsonl.line({"text": "two\nlines"})
