"""WAV (and RF64, W64, FLAC) recordings: I/Q in two channels, or the audio of an FM or phase receiver."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vigie.errors import RecordingError
from vigie.instants import after
from vigie.records import Samples
from vigie.signal.naming import read_name

if TYPE_CHECKING:
    from vigie.signal.recording import Audio, Recording, Wanted

log = logging.getLogger(__name__)

_HEAD_S = 20.0
"""how much is looked at to tell what a WAV holds"""


def open_wav(path: str, wanted: Wanted) -> Recording:
    """Open a WAV. Raises RecordingError when it is none, or holds more than two channels."""
    import soundfile

    from vigie.signal.recording import BLOCK_S, MOST_SAMPLES, Recording, check_rate

    try:
        with soundfile.SoundFile(path) as file:
            rate_hz, channels, frames = float(file.samplerate), int(file.channels), int(file.frames)
            head = file.read(int(_HEAD_S * rate_hz), dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, OSError, ValueError) as error:
        raise RecordingError(f"{path} is no WAV that can be read: {_reason(error)}") from None
    if wanted.rate_hz is not None:
        rate_hz = wanted.rate_hz
    if channels > 2:
        raise RecordingError(f"{path} has {channels} channels: a WAV of one or two is expected")
    if not frames:
        raise RecordingError(f"{path} is empty: its header is there, but no samples")
    check_rate(f"{path}: its sample rate of", rate_hz)
    if wanted.audio == "iq" and channels == 1:
        raise RecordingError(f"{path} has one channel: --audio iq needs two")
    missing = _missing_bytes(path)
    if missing:
        log.warning("%s ends %d bytes before its header says: what is there is read", path, missing)
    kinds = kinds_of(head, wanted.audio)
    named = read_name(path)
    centre_hz = named.centre_hz if wanted.centre_hz is None else wanted.centre_hz
    start = named.start if wanted.start is None else wanted.start
    length = max(1, min(int(BLOCK_S * rate_hz), MOST_SAMPLES))

    def blocks() -> Iterator[Samples]:
        first = 0
        try:
            with soundfile.SoundFile(path) as file:
                while len(part := file.read(length, dtype="float32", always_2d=True)):
                    begun = None if start is None else after(start, first / rate_hz)
                    for name, audio in kinds.items():
                        iq = _as_samples(part, name, audio)
                        centre = centre_hz if audio == "iq" else None
                        yield Samples(iq, rate_hz, centre, begun, first, name if channels == 2 else "", audio)
                    first += len(part)
        except (soundfile.SoundFileError, OSError) as error:
            raise RecordingError(f"{path}, at sample {first}: cannot be read on: {_reason(error)}") from None

    return Recording(path, blocks, rate_hz, centre_hz, start, frames / rate_hz)


def _missing_bytes(path: str) -> int:
    """By how much a RIFF WAV is shorter than the size of its data chunk; 0 for other files and for streams.

    A recorder that never finished leaves 0 or all ones for the size, which says nothing.
    """
    with open(path, "rb") as file:
        if file.read(4) != b"RIFF":
            return 0
        size = file.seek(0, 2)
        place = 12
        while place + 8 <= size:
            file.seek(place)
            name, length = struct.unpack("<4sI", file.read(8))
            if name == b"data":
                return max(0, place + 8 + length - size) if 0 < length < 0xFFFFFFFF else 0
            place += 8 + length + length % 2
    return 0


def _reason(error: Exception) -> str:
    text = str(getattr(error, "error_string", None) or error).strip().rstrip(".")
    return text.split(": ")[-1] if text else type(error).__name__


def _as_samples(part: NDArray[np.float32], name: str, audio: Audio) -> NDArray[np.complex64]:
    if audio == "iq":
        return np.ascontiguousarray(part).view(np.complex64).ravel()
    return part[:, 1 if name == "right" else 0].astype(np.complex64)


def kinds_of(head: NDArray[Any], forced: Audio | None = None) -> dict[str, Audio]:
    """What the channels of a WAV hold, from its beginning (n, 1 or 2): channel name -> kind.

    Two channels of about the same power that have nothing in common are I and Q. Otherwise each channel that is not
    silent is audio. A discriminator's and a phase detector's need not be told apart: the receiver learns which it is.
    """
    if forced == "iq" or (forced is None and _looks_like_iq(head)):
        return {"": "iq"}
    names = ("left", "right") if head.shape[1] == 2 else ("",)
    heard = [name for index, name in enumerate(names) if np.any(head[:, index])] or [names[0]]
    if len(heard) == 2 and np.array_equal(head[:, 0], head[:, 1]):
        heard = heard[:1]
    return dict.fromkeys(heard, forced or "discriminator")


def _looks_like_iq(head: NDArray[Any]) -> bool:
    if head.shape[1] != 2:
        return False
    left, right = (head[:, index].astype(np.float64) for index in (0, 1))
    left, right = left - left.mean(), right - right.mean()
    powers = float(left @ left), float(right @ right)
    if min(powers) <= 0 or max(powers) > 4 * min(powers):
        return False
    return abs(float(left @ right)) < 0.3 * float(np.sqrt(powers[0] * powers[1]))
