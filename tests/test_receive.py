"""``vigie receive`` on the real recordings and on everything that is none."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vigie import instants, stages
from vigie.message.bch import BCH1, BCH2, BCH_SGB
from vigie.records import Burst, Detection, Samples, Tick
from vigie.signal import sgb
from vigie.signal.fgb import BIT_SYNC, FRAME_SYNC, modulate

FGB_SYNC = {False: "FFFE2F", True: "FFFED0"}
ALSO_THERE = {
    # a Canadian test beacon 136 Hz below another burst and 0.1 s after its start: BCH-1 holds without correction
    "FFFE2F53CF771371970E85941B40",
    # a Chinese EPIRB without a position, its carrier cut off by the start of the file: BCH-1 and BCH-2 hold
    "FFFE2F99D23534007FDFFF480AB783E0F66C",
}
"""bursts that the manifest does not list"""


def run(*arguments: str, stdin: bytes = b"", limit_bytes: int | None = None) -> subprocess.CompletedProcess[bytes]:
    def limit() -> None:
        if limit_bytes:
            resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))

    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "vigie", "receive", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=120, env=environment, preexec_fn=limit)


def rows(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def recordings() -> list[str]:
    folder = (
        Path(os.environ.get("VIGIE_SHARED") or Path(__file__).resolve().parents[2] / "shared") / "data" / "recordings"
    )
    manifest = folder / "manifest.json"
    return [one["file"] for one in json.loads(manifest.read_text())["recordings"]] if manifest.is_file() else []


@pytest.mark.parametrize("name", recordings())
def test_real_recordings(shared: Path, name: str) -> None:
    listed = json.loads((shared / "recordings" / "manifest.json").read_text())["recordings"]
    known = next(one for one in listed if one["file"] == name)["bursts_known"]
    done = run(str(shared / "recordings" / name), "--json")
    found = {row["hex"]: row for row in rows(done)}
    wanted = {FGB_SYNC[one["selftest"]] + one["hex"]: one for one in known}
    assert done.returncode == (0 if found else 1), done.stderr
    assert set(wanted) <= set(found)
    assert set(found) - set(wanted) <= ALSO_THERE
    for text, one in wanted.items():
        row = found[text]
        assert row["sync"] == ("self_test" if one["selftest"] else "normal")
        assert row["generation"] == "FGB"
        assert row["confidence"] > 0.99
        assert row["corrected"]["bch1"] == one.get("corrected_bits", [0])[0]
        if "carrier_on_s" in one:
            assert row["sample"] / 37_500 == pytest.approx(one["carrier_on_s"], abs=3e-3)
            assert row["frequency_offset_hz"] == pytest.approx(one["freq_offset_hz"], abs=15)
            assert 30 < row["cn0_dbhz"] < 50
        if "position_encoded" in one:
            assert (row["message"]["latitude"], row["message"]["longitude"]) == pytest.approx(
                one["position_encoded"], abs=1e-4
            )


def long_message(seed: int = 1) -> str:
    rng = np.random.default_rng(seed)
    data = (1 << 60) | (227 << 49) | (2 << 45) | int(rng.integers(0, 2**45))
    return BIT_SYNC + FRAME_SYNC["normal"] + format(BCH1.encode(data), "082b") + format(BCH2.encode(123456), "038b")


def recording(bits: str, cn0_dbhz: float = 45.0, rate_hz: float = 12e3, seed: int = 0) -> np.ndarray:
    wave = modulate(bits, rate_hz, frequency_hz=1234, start_s=0.3, duration_s=1.1)
    noise = np.random.default_rng(seed).standard_normal(2 * len(wave), np.float32).view(np.complex64)
    return np.asarray(0.1 * (wave + noise * np.float32(np.sqrt(rate_hz / 2 / 10 ** (cn0_dbhz / 10)))), np.complex64)


def test_standard_input_with_every_key() -> None:
    bits = long_message()
    flags = [
        "--format",
        "cf32",
        "--sample-rate",
        "12000",
        "--center-frequency",
        "406.05e6",
        "--start",
        "2026-01-02T03:04Z",
    ]
    done = run("-", "--json", *flags, stdin=recording(bits).tobytes())
    assert done.returncode == 0, done.stderr
    (row,) = rows(done)
    assert row["hex"] == format(int(bits, 2), "036X")
    late_s = (instants.parse(row["time"]) - np.datetime64("2026-01-02T03:04:00.3", "ns")) / np.timedelta64(1, "s")
    assert late_s == pytest.approx(0, abs=5 * row["sigma_time_s"])
    assert row["sample"] == pytest.approx(3600, abs=2)
    assert row["frequency_hz"] == pytest.approx(406_051_234, abs=0.5)
    assert row["frequency_offset_hz"] == pytest.approx(1234, abs=0.5)
    assert row["drift_hz_per_s"] == pytest.approx(0, abs=3)
    assert row["cn0_dbhz"] == pytest.approx(45, abs=1)
    assert 0 < row["sigma_frequency_hz"] < 0.05
    assert 0 < row["sigma_time_s"] < 2e-5
    assert row["corrected"] == {"bch1": 0, "bch2": 0}
    assert row["message"]["country_code"] == 227
    assert row["message"]["verdict"] == "ok"


def test_mended_bits_are_counted_and_the_hex_is_as_mended() -> None:
    bits = list(long_message(2))
    true = "".join(bits)
    for bit in (30, 77, 120):
        bits[bit - 1] = "10"[int(bits[bit - 1])]
    done = run(
        "-", "--json", "--format", "cf32", "--sample-rate", "12000", stdin=recording("".join(bits), 33.0).tobytes()
    )
    (row,) = rows(done)
    assert row["hex"] == format(int(true, 2), "036X")
    assert row["corrected"] == {"bch1": 2, "bch2": 1}
    assert row["message"]["verdict"] == "corrected"
    assert {30, 77, 120} <= set(row["message"]["corrected_bits"])


def test_what_cannot_be_read_is_listed_with_all_alone() -> None:
    bits = "".join(np.random.default_rng(3).choice(["0", "1"], 120))
    sent = recording(BIT_SYNC + FRAME_SYNC["normal"] + "1" + bits[1:], 40.0).tobytes()
    flags = ["-", "--json", "--format", "cf32", "--sample-rate", "12000"]
    done = run(*flags, stdin=sent)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"1 more whose message could not be recovered" in done.stderr
    done = run(*flags, "--all", stdin=sent)
    assert done.returncode == 1
    (row,) = rows(done)
    assert (row["hex"], row["message"], row["confidence"]) == (None, None, None)


def test_a_second_generation_burst_has_the_same_keys() -> None:
    rng = np.random.default_rng(4)
    data = f"{int.from_bytes(rng.bytes(26), 'big') >> 6:0202b}"
    bits = format(BCH_SGB.encode(int(data[:30] + f"{227:010b}" + data[40:140] + "1" * 14 + data[154:], 2)), "0250b")
    rate_hz = 80_000.0
    wave = sgb.modulate(bits, rate_hz, frequency_hz=-3_600.0, start_s=0.25, duration_s=1.4, sync="self_test")
    noise = rng.standard_normal(2 * len(wave), np.float32).view(np.complex64)
    sent = (wave + noise * np.float32(np.sqrt(rate_hz / 2 / 10**4.2))).astype(np.complex64).tobytes()
    flags = ["-", "--json", "--format", "cf32", "--sample-rate", "80000", "--doppler", "1500", "--start", "2026-01-02"]
    done = run(*flags, "--center-frequency", "406.053e6", stdin=sent)
    assert done.returncode == 0, done.stderr
    (row,) = rows(done)
    assert row["hex"] == format(int("10" + bits, 2), "063X")
    assert (row["generation"], row["sync"]) == ("SGB", "self_test")
    assert row["sample"] == pytest.approx(20_000, abs=1)
    assert instants.parse(row["time"]) - np.datetime64("2026-01-02T00:00:00.25", "ns") < np.timedelta64(3, "us")
    assert row["frequency_hz"] == pytest.approx(406_049_400, abs=0.1)
    assert row["frequency_offset_hz"] == pytest.approx(-3_600, abs=0.1)
    assert row["frequency_at_s"] == pytest.approx(0.5, abs=1e-3)
    assert row["cn0_dbhz"] == pytest.approx(42, abs=1)
    assert 0 < row["sigma_frequency_hz"] < 0.01
    assert 0 < row["sigma_time_s"] < 1e-6
    assert row["corrected"] == {"bch": 0}
    assert row["message"]["country_code"] == 227
    assert row["message"]["generation"] == "SGB"
    assert row["confidence"] > 0.999
    assert row["combined"] == 1
    assert run("-", "--json", *flags[2:6], "--doppler", "0", stdin=sent).returncode == 1


def test_a_channel_too_narrow_for_the_second_generation_is_said_so() -> None:
    flags = ["-", "--json", "--format", "cf32", "--sample-rate", "12000"]
    done = run(*flags, stdin=recording(long_message()).tobytes())
    assert b"second-generation bursts were not looked for: 12000 samples a second are too few" in done.stderr
    assert b"second-generation" not in run(*flags, "--doppler", "0", stdin=recording(long_message()).tobytes()).stderr


def test_a_line_for_people(tmp_path: Path) -> None:
    path = tmp_path / "beacon_12ksps.cf32"
    recording(long_message()).tofile(path)
    done = run(str(path))
    assert done.returncode == 0
    assert b"France" in done.stdout
    assert b"dB-Hz" in done.stdout
    assert b"sample 36" in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "flags", "code", "words"),
    [
        ("a.cf32", b"", ["--sample-rate", "12000"], 2, "is empty"),
        ("a.wav", b"just text", [], 2, "no WAV"),
        ("a.xyz", b"12345678", ["--sample-rate", "12000"], 2, "--format"),
        ("a.cf32", b"12345678" * 9, [], 2, "--sample-rate"),
        ("a.cf32", b"12345678" * 9, ["--sample-rate", "0"], 2, "positive"),
        ("a.cf32", b"12345678" * 9, ["--sample-rate", "-8000"], 2, "positive"),
        ("a.cf32", b"12345678" * 9, ["--sample-rate", "12000", "--start", "soon"], 2, "ISO 8601"),
        ("a.sigmf-meta", b"{bad", [], 2, "no JSON"),
        ("a.sigmf-meta", b'{"global": {"core:datatype": "cf32_le", "core:sample_rate": 1e4}}', [], 2, "a.sigmf-data"),
        ("a.cf32", bytes(400_000), ["--sample-rate", "12000"], 1, "no message"),
        ("a.cf32", np.full(30_000, np.nan, np.complex64).tobytes(), ["--sample-rate", "12000"], 1, "no numbers"),
        ("a.cf32", (np.random.default_rng(1).normal(size=60_000) * 1e30).astype("f4").tobytes(),
         ["--sample-rate", "12000"], 1, "no message"),
        ("a.cf32", np.sign(np.random.default_rng(1).normal(size=60_000)).astype("f4").tobytes(),
         ["--sample-rate", "12000"], 1, "no message"),
        ("a.cf32", b"\x12\x34\x56", ["--sample-rate", "12000"], 2, "is empty"),
        ("a.cf32", np.ones(20_001, np.float32).tobytes(), ["--sample-rate", "12000"], 1, "last 4 bytes"),
    ],
)  # fmt: skip
def test_bad_input(tmp_path: Path, name: str, content: bytes, flags: list[str], code: int, words: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    done = run(str(path), "--json", *flags)
    told = done.stderr.decode()
    assert done.returncode == code, told
    assert words in told
    assert "Traceback" not in told
    assert "Warning" not in told
    assert done.stdout == b""
    assert len(told.strip().splitlines()) <= 4


def test_a_file_of_tens_of_gigabytes_is_read_in_little_memory_and_can_be_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "long_12ksps.cf32"
    with path.open("wb") as file:
        file.write(recording(long_message()).tobytes())
        try:
            file.truncate(40 << 30)
        except OSError:
            pytest.skip("the file system holds no such file")
    command = [sys.executable, "-m", "vigie", "receive", str(path), "--json"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=limit, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["message"]["country_code"] == 227
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130, process.stderr.read()
        assert b"Traceback" not in process.stderr.read()


def test_stages_pass_on_what_they_do_not_know() -> None:
    tick = Tick(np.datetime64("2026-01-01", "ns"))
    iq = recording(long_message())
    block = Samples(iq, 12e3, 406.05e6, np.datetime64("2026-01-01", "ns"))
    records = list(stages.detections(stages.bursts(iter([tick, block, tick])), source="here", exercise=True))
    kinds = [type(record) for record in records]
    assert kinds == [Tick, Tick, Burst, Detection]
    detection = records[-1]
    assert isinstance(detection, Detection)
    assert (detection.source, detection.exercise, detection.time_known) == ("here", True, True)
    assert detection.confidence is not None
    assert detection.confidence > 0.999
    assert detection.message.verdict == "ok"


def test_a_weak_burst_gives_no_message_rather_than_a_wrong_one() -> None:
    bits = long_message(9)
    right = wrong = unsure = 0
    for seed in range(60):
        block = Samples(recording(bits, 27.0, seed=seed), 12e3, None, None)
        for record in stages.detections(stages.bursts(iter([block]))):
            if isinstance(record, Detection) and record.message.verdict == "unreliable":
                assert record.message.hex_id is None
                unsure += 1
            elif isinstance(record, Detection):
                true = record.message.hex_id == format(int(bits[25:85], 2), "015X")
                right, wrong = right + true, wrong + (not true)
    assert unsure > 0  # kept, for there was a burst beyond doubt
    assert wrong == 0
