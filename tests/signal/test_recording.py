"""Recordings of every kind read as the same samples; what a file's name says; what cannot be read."""

from __future__ import annotations

import json
import logging
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from vigie.errors import RecordingError
from vigie.signal.naming import read_name
from vigie.signal.recording import RAW_FORMATS, Wanted, open_recording

RATE_HZ = 12_000.0
IQ = (0.9 * np.exp(2j * np.pi * 0.01 * np.arange(20_001)) * np.linspace(0.1, 1, 20_001)).astype(
    np.complex64
)  # more than one block
START = np.datetime64("2026-01-02T03:04:05.25", "ns")


def whole(path: Path, wanted: Wanted | None = None) -> np.ndarray:
    blocks = list(open_recording(str(path), wanted or Wanted()).blocks())
    assert [block.first for block in blocks] == list(np.cumsum([0] + [len(block.iq) for block in blocks])[:-1])
    return np.concatenate([block.iq for block in blocks])


def numbers(kind: str) -> np.ndarray:
    pairs = IQ.view(np.float32)
    match kind:
        case "cf32":
            return pairs
        case "cs16":
            return np.rint(pairs * 32767).astype("<i2")
        case "cs8":
            return np.rint(pairs * 127).astype("i1")
    return np.rint(pairs * 127 + 127.5).astype("u1")


@pytest.mark.parametrize("kind", sorted(set(RAW_FORMATS) - {"s16"}))
def test_raw_formats(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"x.{kind}"
    numbers(kind).tofile(path)
    assert np.allclose(whole(path, Wanted(rate_hz=RATE_HZ)), IQ, atol=0.02)
    path = path.rename(tmp_path / "x.bin")
    assert np.allclose(whole(path, Wanted(kind, RATE_HZ)), IQ, atol=0.02)


def test_a_partial_sample_at_the_end_is_said_and_the_rest_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "x_12ksps.cf32"
    path.write_bytes(IQ.tobytes() + b"12345")
    with caplog.at_level(logging.WARNING):
        assert np.array_equal(whole(path), IQ)
    assert "last 5 bytes" in caplog.text


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("container", ["WAV", "RF64"])
def test_wav_with_i_and_q(tmp_path: Path, subtype: str, container: str) -> None:
    path = tmp_path / "SDRSharp_20160101_231914Z_406025000Hz_IQ.wav"
    soundfile.write(path, IQ.view(np.float32).reshape(-1, 2), int(RATE_HZ), subtype, format=container)
    recording = open_recording(str(path))
    assert np.allclose(whole(path), IQ, atol=0.02)
    assert recording.centre_hz == 406_025_000
    assert recording.start == np.datetime64("2016-01-01T23:19:14", "ns")
    assert all(block.audio == "iq" for block in recording.blocks())


def test_a_wav_cut_off_says_so_and_the_rest_is_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "cut.wav"
    soundfile.write(path, IQ.view(np.float32).reshape(-1, 2), int(RATE_HZ), "FLOAT")
    held = path.read_bytes()
    path.write_bytes(held[:-800])
    with caplog.at_level(logging.WARNING):
        assert np.allclose(whole(path), IQ[:-100])
    assert "ends 800 bytes before its header says" in caplog.text


def test_wav_audio_is_told_from_i_and_q(tmp_path: Path) -> None:
    sound = np.random.default_rng(1).standard_normal(30_000) * 0.1
    for name, channels, expected in (
        ("mono", sound[:, None], {("", "discriminator")}),
        ("same", np.stack([sound, sound], 1), {("left", "discriminator")}),
        ("one", np.stack([0 * sound, sound], 1), {("right", "discriminator")}),
        (
            "unlike",
            np.stack([sound, 0.1 * np.roll(sound, 999)], 1),
            {("left", "discriminator"), ("right", "discriminator")},
        ),
    ):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, channels, 22050)
        assert {(block.channel, block.audio) for block in open_recording(str(path)).blocks()} == expected
    forced = open_recording(str(tmp_path / "unlike.wav"), Wanted(audio="iq"))
    assert {block.audio for block in forced.blocks()} == {"iq"}


def sigmf(folder: Path, data: bytes, **changes: object) -> Path:
    whole = {"core:datatype": "cf32_le", "core:sample_rate": RATE_HZ, "core:version": "1.2.0"} | changes
    captures = [
        {"core:sample_start": 0, "core:frequency": 406.05e6, "core:datetime": "2026-01-02T03:04:05.25Z"},
        {"core:sample_start": 8000, "core:frequency": 406.025e6},
    ]
    meta = folder / "x.sigmf-meta"
    meta.write_text(json.dumps({"global": whole, "captures": captures, "annotations": []}))
    (folder / "x.sigmf-data").write_bytes(data)
    return meta


@pytest.mark.parametrize("name", ["x.sigmf-meta", "x.sigmf-data", "x"])
def test_sigmf_by_any_of_its_names(tmp_path: Path, name: str) -> None:
    sigmf(tmp_path, IQ.tobytes())
    assert np.array_equal(whole(tmp_path / name), IQ)
    blocks = list(open_recording(str(tmp_path / name)).blocks())
    assert blocks[0].start == START
    assert {block.centre_hz for block in blocks if block.first < 8000} == {406.05e6}
    later = [block for block in blocks if block.first >= 8000]
    assert {block.centre_hz for block in later} == {406.025e6}
    assert later[0].first == 8000
    assert later[0].start == START + np.timedelta64(round(8000 / RATE_HZ * 1e9), "ns")


@pytest.mark.parametrize(
    ("datatype", "scale", "offset"),
    [("cf64_le", 1, 0), ("cf32_be", 1, 0), ("ci16_be", 32767, 0), ("ci32_le", 2**31 - 200, 0), ("ci8", 127, 0),
     ("cu8", 127, 127.5), ("cu16_le", 32767, 32768)],
)  # fmt: skip
def test_sigmf_datatypes(tmp_path: Path, datatype: str, scale: float, offset: float) -> None:
    order = ">" if datatype.endswith("be") else "<"
    kind = {"f": "f", "i": "i", "u": "u"}[datatype[1]] + str(int(datatype.split("_")[0][2:]) // 8)
    values = IQ.view(np.float32).astype(float) * scale + offset
    data = (values if kind[0] == "f" else np.rint(values)).astype(order + kind).tobytes()
    assert np.allclose(whole(sigmf(tmp_path, data, **{"core:datatype": datatype})), IQ, atol=0.02)


def test_sigmf_archive(tmp_path: Path) -> None:
    meta = sigmf(tmp_path, IQ.tobytes())
    with tarfile.open(tmp_path / "pass.sigmf", "w") as archive:
        archive.add(meta, "x/x.sigmf-meta")
        archive.add(tmp_path / "x.sigmf-data", "x/x.sigmf-data")
    assert np.array_equal(whole(tmp_path / "pass.sigmf"), IQ)


def test_flags_win_over_metadata(tmp_path: Path) -> None:
    wanted = Wanted(rate_hz=9000.0, centre_hz=1e8, start=START)
    recording = open_recording(str(sigmf(tmp_path, IQ.tobytes())), wanted)
    assert (recording.rate_hz, recording.centre_hz, recording.start) == (9000.0, 1e8, START)


@pytest.mark.parametrize(
    ("name", "rate_hz", "centre_hz", "start"),
    [
        ("1645386152.07_raw_ulf406025000_dlf1544185000_gain65_inputsr1500000_outputsr37500_0000.cf32",
         37_500, 406.025e6, "2022-02-20T19:42:32.07"),
        ("sdr_iq_20210615_013918_405900000_1500000_15_66_37500sps.cf32", 37_500, None, "2021-06-15T01:39:18"),
        ("g001_406.05M_250k.cu8", 250_000, 406.05e6, None),
        ("gqrx_20210615_013918_405900000_1500000_fc.raw", 1_500_000, 405.9e6, "2021-06-15T01:39:18"),
        ("HDSDR_20160101_231914Z_406025kHz_RF.wav", None, 406.025e6, "2016-01-01T23:19:14"),
        ("rec_2.4Msps.cu8", 2_400_000, None, None),
        ("trame_257_STANDARD_LocN43_43_56_E0_58_52.wav", None, None, None),
        ("beacon.cf32", None, None, None),
        ("x_20219999_999999.cf32", None, None, None),
    ],
)  # fmt: skip
def test_names(name: str, rate_hz: float | None, centre_hz: float | None, start: str | None) -> None:
    named = read_name("/some/folder_12k/" + name)
    assert (named.rate_hz, named.centre_hz) == (rate_hz, centre_hz)
    assert named.start == (None if start is None else np.datetime64(start, "ns"))


def test_what_cannot_be_read(tmp_path: Path) -> None:
    for name, content, wanted, words in (
        ("x.cf32", IQ.tobytes(), Wanted(), "give --sample-rate"),
        ("x.cf32", b"", Wanted(rate_hz=1e4), "is empty"),
        ("x.txt", b"hello", Wanted(rate_hz=1e4), "give --format"),
        ("x", b"hello", Wanted(rate_hz=1e4), "has no ending"),
        ("x.cf32", IQ.tobytes(), Wanted(rate_hz=-1.0), "positive"),
        ("x.cf32", IQ.tobytes(), Wanted(rate_hz=float("nan")), "positive"),
        ("x.cf32", IQ.tobytes(), Wanted(rate_hz=100.0), "too low"),
        ("x.cf32", IQ.tobytes(), Wanted("cf64", 1e4), "one of cf32"),
        ("x.wav", b"no wave", Wanted(), "no WAV"),
        ("x.wav", b"RIFF\x24\0\0\0WAVEfmt ", Wanted(), "no WAV"),
        ("x.sigmf-meta", b"{", Wanted(), "no JSON"),
        ("x.sigmf-meta", b"[]", Wanted(), "global is missing"),
        ("x.sigmf-meta", b'{"global": {"core:datatype": "cf32_le"}}', Wanted(), "x.sigmf-data"),
        ("x.sigmf", b"not a tar", Wanted(), "no SigMF archive"),
        ("-", b"", Wanted(), "give --format"),
        ("-", b"", Wanted("cf32"), "give --sample-rate"),
        ("rtl_tcp://localhost:1234", b"", Wanted(), "is a live source"),
    ):
        source = name if "/" in name or name == "-" else str(tmp_path / name)
        if source not in ("-", name):
            Path(source).write_bytes(content)
        with pytest.raises(RecordingError, match=words):
            open_recording(source, wanted)
        if source not in ("-", name):
            Path(source).unlink()
    with pytest.raises(RecordingError, match="No such file"):
        open_recording(str(tmp_path / "missing.cf32"))
    with pytest.raises(RecordingError, match="folder"):
        open_recording(str(tmp_path))


def test_the_channels_of_a_sigmf_recording_are_told_apart(tmp_path: Path) -> None:
    captures = [{"core:sample_start": 0, "core:datetime": "2026-01-02T03:04:05Z"}, {"core:sample_start": 15_000}]
    data = np.stack([IQ, -IQ, 2 * IQ], axis=1).tobytes()
    meta = sigmf(tmp_path, data, **{"core:num_channels": 3})
    text = json.loads(meta.read_text())
    meta.write_text(json.dumps(text | {"captures": captures}))
    opened = open_recording(str(meta))
    assert opened.duration_s == pytest.approx(len(IQ) / opened.rate_hz)
    blocks = list(opened.blocks())
    for name, factor in (("0", 1), ("1", -1), ("2", 2)):
        own = [block for block in blocks if block.channel == name]
        assert np.array_equal(np.concatenate([block.iq for block in own]), factor * IQ)
        assert [block.first for block in own] == list(np.cumsum([0] + [len(block.iq) for block in own])[:-1])
    late = next(block for block in blocks if block.first == 15_000)
    assert late.start == np.datetime64("2026-01-02T03:04:05", "ns") + np.timedelta64(
        round(15_000 / opened.rate_hz * 1e9), "ns"
    )


def test_raw_audio(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(np.array([0, 16384, -32768], "<i2").tobytes())
    (block,) = open_recording(str(tmp_path / "x"), Wanted("s16", 48_000.0)).blocks()
    assert (list(block.iq), block.audio) == ([0, 0.5, -1], "discriminator")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"core:datatype": "zz"}, "none that SigMF knows"),
        ({"core:datatype": None}, "datatype is missing"),
        ({"core:sample_rate": None}, "give --sample-rate"),
        ({"core:sample_rate": -5}, "give --sample-rate"),
        ({"core:num_channels": 0}, "core:num_channels is 0"),
        ({"core:num_channels": "two"}, "core:num_channels is 'two'"),
    ],
)
def test_sigmf_that_cannot_be_read(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    with pytest.raises(RecordingError, match=words):
        open_recording(str(sigmf(tmp_path, IQ.tobytes(), **changes)))
