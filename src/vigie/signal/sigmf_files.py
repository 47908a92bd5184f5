"""SigMF recordings (github.com/sigmf/SigMF): metadata read with the ``sigmf`` library, data read block by block."""

from __future__ import annotations

import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from vigie import instants
from vigie.errors import InputError, RecordingError
from vigie.records import Samples

if TYPE_CHECKING:
    from vigie.signal.recording import Format, Recording, Wanted

_MOST_CHANNELS = 64
_META, _DATA, _ARCHIVE = ".sigmf-meta", ".sigmf-data", ".sigmf"


def metadata_path(path: str) -> str | None:
    """The metadata file of a SigMF recording named by either file or by their common base; None for anything else."""
    suffix = Path(path).suffix.lower()
    if suffix in (_META, _ARCHIVE):
        return path
    if suffix == _DATA:
        return str(Path(path).with_suffix(_META))
    if not os.path.exists(path) and os.path.exists(path + _META):
        return path + _META
    return None


@dataclass(frozen=True, slots=True)
class _Part:
    """One capture: a stretch of samples with one centre and one start."""

    first: int
    count: int
    at_byte: int
    centre_hz: float | None
    start: np.datetime64 | None


def open_sigmf(path: str, wanted: Wanted) -> Recording:
    """Open a SigMF recording by its metadata file or archive. Raises RecordingError."""
    from vigie.signal.recording import Recording, check_rate, raw_blocks

    metadata, data_path, base, size = _read(path)
    whole = metadata["global"]
    layout = _format(path, whole.get("core:datatype"))
    rate = whole.get("core:sample_rate") if wanted.rate_hz is None else wanted.rate_hz
    if not isinstance(rate, (int, float)) or isinstance(rate, bool) or not 0 < rate < float("inf"):
        said = "is missing" if rate is None else f"is {rate!r}"
        raise RecordingError(f"{path}: core:sample_rate {said}: give --sample-rate HZ")
    rate_hz = float(rate)
    check_rate(f"{path}: core:sample_rate", rate_hz)
    channels = whole.get("core:num_channels", 1)
    if not isinstance(channels, int) or isinstance(channels, bool) or not 0 < channels <= _MOST_CHANNELS:
        raise RecordingError(
            f"{path}: core:num_channels is {channels!r}: a number from 1 to {_MOST_CHANNELS} is expected"
        )
    parts = list(_parts(path, metadata.get("captures"), layout.sample_bytes * channels, size, whole, wanted, rate_hz))
    if not parts:
        raise RecordingError(f"{path}: its data file is empty")

    def blocks() -> Iterator[Samples]:
        try:
            with open(data_path, "rb") as file:
                for part in parts:
                    file.seek(base + part.at_byte)
                    yield from raw_blocks(
                        file, data_path, layout, rate_hz, part.centre_hz, part.start, part.first, part.count,
                        channels=channels,
                    )  # fmt: skip
        except OSError as error:
            raise RecordingError(f"{data_path} cannot be read: {error.strerror}") from None

    count = sum(part.count for part in parts)
    return Recording(path, blocks, rate_hz, parts[0].centre_hz, parts[0].start, count / rate_hz)


def _read(path: str) -> tuple[dict[str, Any], str, int, int]:
    """Metadata, the file with the data, where in it they begin, and how many bytes they have."""
    if path.lower().endswith(_ARCHIVE):
        return _read_archive(path)
    try:
        text = Path(path).read_bytes()
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from None
    metadata = _json(path, text)
    dataset = metadata["global"].get("core:dataset")
    data = Path(path).with_name(dataset) if isinstance(dataset, str) else Path(path).with_suffix(_DATA)
    try:
        with open(data, "rb") as file:
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise RecordingError(f"{data}, the data of {path}, cannot be read: {error.strerror}") from None
    return metadata, str(data), 0, size


def _read_archive(path: str) -> tuple[dict[str, Any], str, int, int]:
    try:
        with tarfile.open(path, "r:") as archive:
            members = {Path(member.name).suffix.lower(): member for member in archive if member.isfile()}
            meta, data = members.get(_META), members.get(_DATA)
            if meta is None or data is None:
                raise RecordingError(f"{path} is no SigMF archive: it lacks metadata or data")
            file = archive.extractfile(meta)
            return _json(path, file.read() if file else b""), path, data.offset_data, data.size
    except tarfile.TarError as error:
        raise RecordingError(f"{path} is no SigMF archive: {error}") from None
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}") from None


def _json(path: str, text: bytes) -> dict[str, Any]:
    try:
        metadata = json.loads(text)
    except ValueError as error:
        raise RecordingError(f"{path}: its metadata is no JSON: {error}") from None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("global"), dict):
        raise RecordingError(f"{path}: no SigMF metadata: its object global is missing")
    return metadata


def _format(path: str, datatype: Any) -> Format:
    """The layout that core:datatype names, such as cf32_le, ci16_le, cu8, rf32_le."""
    from sigmf.error import SigMFError
    from sigmf.sigmffile import dtype_info

    from vigie.signal.recording import Format

    if not isinstance(datatype, str):
        raise RecordingError(f"{path}: core:datatype is missing")
    try:
        info = dtype_info(datatype)
    except SigMFError:
        raise RecordingError(f"{path}: core:datatype {datatype!r} is none that SigMF knows") from None
    number = np.dtype(info["component_dtype"])
    bits = 8 * number.itemsize
    scale = 1.0 if number.kind == "f" else 2.0 ** (1 - bits)
    offset = 2.0 ** (bits - 1) - (0.5 if bits == 8 else 0.0) if number.kind == "u" else 0.0
    return Format(number.str, offset, scale, bool(info["is_complex"]))


def _parts(
    path: str, captures: Any, step: int, size: int, whole: dict[str, Any], wanted: Wanted, rate_hz: float
) -> Iterator[_Part]:
    """The captures with where their data lie, ``step`` bytes a sample. Without any, all the data are one."""
    if captures is None:
        captures = []
    if not isinstance(captures, list) or not all(isinstance(one, dict) for one in captures):
        raise RecordingError(f"{path}: captures is no list of objects")
    captures = captures or [{}]
    firsts = [one.get("core:sample_start", 0) for one in captures]
    if not all(isinstance(first, int) and first >= 0 for first in firsts) or any(a > b for a, b in pairwise(firsts)):
        raise RecordingError(f"{path}: core:sample_start of the captures must be whole numbers that rise")
    header, trailing = 0, int(whole.get("core:trailing_bytes") or 0)
    start, known = wanted.start, 0
    shift = int(whole.get("core:offset") or 0)
    shift = 0 if firsts[0] >= shift else shift  # the indices count from core:offset already, as SigMF asks
    for index, (capture, first) in enumerate(zip(captures, firsts, strict=True)):
        header += int(capture.get("core:header_bytes") or 0)
        at_byte = header + (first - firsts[0]) * step
        left = max(0, size - trailing - at_byte) // step
        count = min(left, firsts[index + 1] - first) if index + 1 < len(firsts) else left
        if wanted.start is not None:
            start, known = wanted.start, firsts[0]
        elif capture.get("core:datetime"):
            try:
                start, known = instants.parse(_nanoseconds(str(capture["core:datetime"]))), first
            except InputError as error:
                raise RecordingError(f"{path}: core:datetime of capture {index}: {error}") from None
        centre = capture.get("core:frequency") if wanted.centre_hz is None else wanted.centre_hz
        begun = None if start is None else instants.after(start, (first - known) / rate_hz)
        if count:
            yield _Part(shift + first, count, at_byte, None if centre is None else float(centre), begun)


def _nanoseconds(text: str) -> str:
    """A time with the digits past the nanosecond cut off."""
    head, point, rest = text.partition(".")
    digits = rest.rstrip("Zz")
    return f"{head}.{digits[:9]}Z" if point and digits.isdigit() else text
