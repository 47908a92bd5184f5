"""Recordings opened and read block by block, in bounded memory: SigMF, WAV and raw samples.

What the flags say wins; then the metadata; then the file's name; what is still missing is asked for by its flag.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from vigie.errors import RecordingError
from vigie.instants import after
from vigie.records import Samples
from vigie.signal.naming import read_name

log = logging.getLogger(__name__)

BLOCK_S = 0.5
MOST_SAMPLES = 1 << 20
"""longest block"""
LEAST_RATE_HZ = 4000.0
Audio = Literal["iq", "discriminator", "phase"]


@dataclass(frozen=True, slots=True)
class Format:
    """How raw samples lie in a file."""

    dtype: str
    """NumPy type of one number, byte order first"""
    offset: float = 0.0
    """taken off each number"""
    scale: float = 1.0
    """then multiplied"""
    pair: bool = True
    """I and Q take turns; else the samples are real"""

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return np.dtype(self.dtype).itemsize * (2 if self.pair else 1)

    def read(self, raw: bytes) -> NDArray[np.complex64]:
        """Whole samples out of bytes."""
        if self == RAW_FORMATS["cu8"]:  # a pair of bytes is one of 65,536 values: ten times as fast as arithmetic
            samples: NDArray[np.complex64] = _cu8_table()[np.frombuffer(raw, "<u2")]
            return samples
        numbers = np.frombuffer(raw, self.dtype)
        if self.dtype == "<f4" and self.pair:
            return numbers.view("<c8").astype(np.complex64)
        with np.errstate(over="ignore", invalid="ignore"):  # numbers no float32 holds become infinite: missing samples
            values = ((numbers.astype(np.float64) - self.offset) * self.scale).astype(np.float32)
        return values.view(np.complex64) if self.pair else values.astype(np.complex64)


@cache
def _cu8_table() -> NDArray[np.complex64]:
    """The sample of each pair of unsigned bytes, I the lower."""
    level = ((np.arange(256) - 127.5) / 128).astype(np.float32)
    table: NDArray[np.complex64] = (level[None, :] + 1j * level[:, None]).astype(np.complex64).ravel()
    return table


RAW_FORMATS = {
    "cf32": Format("<f4"),
    "cs16": Format("<i2", scale=1 / 32768),
    "cs8": Format("i1", scale=1 / 128),
    "cu8": Format("u1", offset=127.5, scale=1 / 128),
    "s16": Format("<i2", scale=1 / 32768, pair=False),
}
"""s16 is audio, the others are I and Q"""
RAW_EXTENSIONS = {
    ".cf32": "cf32", ".cfile": "cf32", ".fc32": "cf32", ".iq": "cf32", ".raw": "cf32", ".cs16": "cs16", ".sc16": "cs16",
    ".cs8": "cs8", ".sc8": "cs8", ".cu8": "cu8", ".uc8": "cu8",
}  # fmt: skip
WAV_EXTENSIONS = (".wav", ".wave", ".rf64", ".w64", ".flac")


@dataclass(frozen=True, slots=True)
class Recording:
    """An opened source. ``blocks()`` reads it from the beginning, once for standard input."""

    name: str
    blocks: Callable[[], Iterator[Samples]]
    rate_hz: float
    centre_hz: float | None
    start: np.datetime64 | None
    duration_s: float | None
    """None when it cannot be known beforehand"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user's flags say; None where they are silent."""

    format: str | None = None
    rate_hz: float | None = None
    centre_hz: float | None = None
    start: np.datetime64 | None = None
    audio: Audio | None = None


def open_recording(path: str, wanted: Wanted = Wanted()) -> Recording:
    """Open a SigMF recording, a WAV or a raw file, or ``-`` for raw samples on standard input.

    Raises RecordingError when it cannot be read as what it seems to be, or when the rate or format cannot be known.
    """
    if wanted.rate_hz is not None and not (np.isfinite(wanted.rate_hz) and wanted.rate_hz > 0):
        raise RecordingError(f"--sample-rate {wanted.rate_hz:g}: it must be a positive number of Hz")
    if wanted.rate_hz is not None:
        check_rate("--sample-rate", wanted.rate_hz)
    if wanted.centre_hz is not None and not (np.isfinite(wanted.centre_hz) and wanted.centre_hz >= 0):
        raise RecordingError(f"--center-frequency {wanted.centre_hz:g}: it must be a number of Hz")
    if "://" in path:
        raise RecordingError(f"{path} is a live source, not a recording")
    if path == "-":
        return _standard_input(wanted)
    from vigie.signal import sigmf_files

    meta = sigmf_files.metadata_path(path)
    if meta is not None:
        return sigmf_files.open_sigmf(meta, wanted)
    _check_readable(path)
    if wanted.format is None and Path(path).suffix.lower() in WAV_EXTENSIONS:
        from vigie.signal import wav_files

        return wav_files.open_wav(path, wanted)
    return _raw(path, wanted)


def check_rate(what: str, rate_hz: float) -> None:
    """Raise RecordingError when a rate is too low for a burst, whose main lobe is 1.6 kHz wide."""
    if rate_hz < LEAST_RATE_HZ:
        raise RecordingError(f"{what} {rate_hz:g} Hz is too low for a burst: {LEAST_RATE_HZ:g} Hz are the least")


def _check_readable(path: str) -> None:
    if os.path.isdir(path):
        raise RecordingError(f"{path} is a folder, not a recording")
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from None


def _layout(path: str, wanted: Wanted) -> Format:
    suffix = Path(path).suffix.lower()
    name = wanted.format or RAW_EXTENSIONS.get(suffix)
    if name is None:
        known = ", ".join(sorted({*RAW_EXTENSIONS, ".wav", ".sigmf-meta"}))
        ending = f"ends in {suffix}" if suffix else "has no ending"
        raise RecordingError(f"{path} {ending}, which names no format ({known}): give --format cf32|cs16|cs8|cu8|s16")
    if name not in RAW_FORMATS:
        raise RecordingError(f"--format {name}: it must be one of {', '.join(RAW_FORMATS)}")
    return RAW_FORMATS[name]


def _audio(layout: Format, wanted: Wanted) -> Audio:
    """What raw samples are: I/Q, or audio when they are single numbers."""
    if layout.pair:
        return "iq"
    return "discriminator" if wanted.audio in (None, "iq") else wanted.audio


def _raw(path: str, wanted: Wanted) -> Recording:
    named = read_name(path)
    layout = _layout(path, wanted)
    rate_hz = wanted.rate_hz or named.rate_hz
    if rate_hz is None:
        raise RecordingError(f"{path}: neither the file nor its name says the sample rate: give --sample-rate HZ")
    centre_hz = named.centre_hz if wanted.centre_hz is None else wanted.centre_hz
    start = named.start if wanted.start is None else wanted.start
    size = os.path.getsize(path)
    if size < layout.sample_bytes:
        raise RecordingError(f"{path} is empty: it holds {size} bytes, less than one sample")

    def blocks() -> Iterator[Samples]:
        with _opened(path) as file:
            yield from raw_blocks(file, path, layout, rate_hz, centre_hz, start, audio=_audio(layout, wanted))

    return Recording(path, blocks, rate_hz, centre_hz, start, size / layout.sample_bytes / rate_hz)


def _opened(path: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from None


def _standard_input(wanted: Wanted) -> Recording:
    if wanted.format is None or wanted.rate_hz is None:
        flag = "--format cf32|cs16|cs8|cu8|s16" if wanted.format is None else "--sample-rate HZ"
        raise RecordingError(f"standard input does not say what it holds: give {flag}")
    layout, rate_hz = _layout("-", wanted), wanted.rate_hz

    def blocks() -> Iterator[Samples]:
        yield from raw_blocks(
            sys.stdin.buffer, "standard input", layout, rate_hz, wanted.centre_hz, wanted.start,
            audio=_audio(layout, wanted),
        )  # fmt: skip

    return Recording("standard input", blocks, rate_hz, wanted.centre_hz, wanted.start, None)


def raw_blocks(
    file: BinaryIO,
    name: str,
    layout: Format,
    rate_hz: float,
    centre_hz: float | None,
    start: np.datetime64 | None,
    first: int = 0,
    most: int | None = None,
    audio: Audio = "iq",
    channels: int = 1,
) -> Iterator[Samples]:
    """Blocks of raw samples from where ``file`` stands, to its end or ``most`` samples, counted from ``first`` on.

    Several channels take turns sample by sample; each becomes blocks of its own, named by its number from 0 on.
    """
    length = max(1, min(int(BLOCK_S * rate_hz), MOST_SAMPLES // channels))
    step = layout.sample_bytes * channels
    done, rest = 0, b""
    while most is None or done < most:
        count = length if most is None else min(length, most - done)
        try:
            raw = file.read(count * step)
        except OSError as error:
            raise RecordingError(f"{name}, at sample {first + done}: cannot be read on: {error.strerror}") from None
        whole = len(raw) // step * step
        if whole:
            iq = layout.read(raw[:whole])
            begun = None if start is None else after(start, done / rate_hz)
            if channels == 1:
                yield Samples(iq, rate_hz, centre_hz, begun, first + done, "", audio)
            else:
                for index, part in enumerate(np.ascontiguousarray(iq.reshape(-1, channels).T)):
                    yield Samples(part, rate_hz, centre_hz, begun, first + done, str(index), audio)
            done += len(iq) // channels
        rest = raw[whole:]
        if len(raw) < count * step:
            break
    if rest:
        log.warning("%s ends within a sample: its last %d bytes are left out", name, len(rest))
    if most is not None and done < most:
        log.warning("%s ends early: %d of %d samples are there", name, done, most)
