"""A burst as the console draws it, from the samples that were kept of it: spectrogram, phase or constellation.

Plain numbers, small enough for a page; the page draws them. Sizes are bounded whatever the snippet holds.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vigie.errors import RecordingError
from vigie.records import Samples
from vigie.signal import measure_fgb, measure_sgb
from vigie.signal.channel import Stretch
from vigie.signal.recording import open_recording

MOST_BYTES = 100_000_000
"""a longer snippet is not drawn: a burst of a second at 10 MHz is shorter"""
COLUMNS = 240
"""of the spectrogram, at most"""
POINTS = 1500
"""of a curve or a constellation, at most"""
_WIDTH_HZ = {"FGB": 12_000.0, "SGB": 120_000.0}
_SIZE = {"FGB": 128, "SGB": 128}
"""cells of the spectrogram in frequency: 94 Hz for the first generation, 940 Hz for the second"""
_DIGITS = {"FGB": (28, 36), "SGB": (63,)}
_QUIET, _TOP_DB = 0.25, 60.0


def picture(meta: Path, body: Mapping[str, Any]) -> dict[str, Any]:
    """What can be drawn of a burst. ``meta``: its snippet; ``body``: the journal's row of the detection.

    Raises RecordingError when the snippet cannot be read, or is longer than MOST_BYTES.
    """
    samples, first = _read(meta)
    kind = str(body["generation"])
    offset_hz = float(body["frequency_offset_hz"] or 0.0)
    narrow = Stretch(samples.iq, samples.rate_hz).take(offset_hz, min(_WIDTH_HZ[kind], samples.rate_hz))
    at_s = first / samples.rate_hz
    told: dict[str, Any] = {
        "generation": kind,
        "rate_hz": samples.rate_hz,
        "samples": len(samples.iq),
        "duration_s": len(samples.iq) / samples.rate_hz,
        "burst_s": at_s,
        "spectrogram": _spectrogram(narrow.iq, narrow.rate_hz, narrow.centre_hz - offset_hz, _SIZE[kind]),
    }
    return {**told, **_demodulated(samples, kind, at_s, offset_hz, body)}


def _read(meta: Path) -> tuple[Samples, int]:
    """The whole snippet as one block, and the sample at which its burst begins."""
    try:
        size = meta.with_suffix(".sigmf-data").stat().st_size
        marks = json.loads(meta.read_text(encoding="utf-8")).get("annotations") or [{}]
        first = int(marks[0].get("core:sample_start", 0))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise RecordingError(f"{meta.name} cannot be read: {error}") from None
    if size > MOST_BYTES:
        raise RecordingError(f"{meta.name} is longer than {MOST_BYTES // 1_000_000} MB")
    blocks = list(open_recording(str(meta)).blocks())
    if not blocks:
        raise RecordingError(f"{meta.name} holds no samples")
    iq = np.concatenate([block.iq for block in blocks])
    return Samples(iq, blocks[0].rate_hz, blocks[0].centre_hz, blocks[0].start), first


def _spectrogram(iq: NDArray[np.complex64], rate_hz: float, shift_hz: float, size: int) -> dict[str, Any]:
    """Power over time and frequency in steps of a byte, from the quiet level up."""
    window = np.hanning(size).astype(np.float32)
    step = max(size // 4, 1)
    count = max((len(iq) - size) // step + 1, 1)
    padded = np.pad(iq, (0, max(size - len(iq), 0)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::step][:count]
    power = np.abs(np.fft.fftshift(np.fft.fft(frames * window, axis=1), axes=1)) ** 2
    together = -(-count // COLUMNS)
    edges = np.arange(0, count, together)
    power = np.add.reduceat(power, edges, axis=0) / np.diff(np.append(edges, count))[:, None]
    level_db = 10 * np.log10(np.maximum(power, 1e-30))
    floor_db = float(np.quantile(level_db, _QUIET))
    top_db = float(np.clip(level_db.max() - floor_db, 1.0, _TOP_DB))
    cells = np.clip((level_db - floor_db) / top_db * 255, 0, 255).astype(np.uint8)
    return {
        "columns": cells.shape[0],
        "rows": cells.shape[1],
        "step_s": together * step / rate_hz,
        "low_hz": shift_hz - rate_hz / 2,
        "high_hz": shift_hz + rate_hz / 2,
        "range_db": top_db,
        "cells": base64.b64encode(cells.tobytes()).decode(),
    }


def _demodulated(samples: Samples, kind: str, at_s: float, offset_hz: float, body: Mapping[str, Any]) -> dict[str, Any]:
    """The phase of a first-generation burst, the chips of a second-generation one; or why there are none."""
    digits = body.get("hex")
    if not digits or len(digits) not in _DIGITS[kind]:
        return {"why": "The message was not recovered, so the modulation cannot be taken off."}
    bits = [int(bit) for bit in format(int(digits, 16), f"0{4 * len(digits)}b")]
    drift = float(body.get("drift_hz_per_s") or 0.0)
    rate_bps = body.get("bit_rate_bps")
    if kind == "FGB":
        first = measure_fgb.measure(samples, at_s, offset_hz, drift, bits, rate_bps or 400.0)
        return {"why": _MISFIT} if first is None else {"cn0_dbhz": first.cn0_dbhz, **_phase(first)}
    second = measure_sgb.measure(
        samples, at_s, offset_hz, drift, bits[2:], body.get("sync", "normal"), 128 * (rate_bps or 300.0)
    )
    return {"why": _MISFIT} if second is None else {"cn0_dbhz": second.cn0_dbhz, **_chips(second)}


_MISFIT = "The samples do not fit the message."


def _phase(shown: measure_fgb.Shown) -> dict[str, Any]:
    step = -(-len(shown.times_s) // POINTS)
    inside = (shown.times_s >= 0) & (shown.times_s < shown.times_s[-1] - shown.bit_s)
    half = np.floor(shown.times_s[inside] / (shown.bit_s / 2)).astype(int)
    within = shown.times_s[inside] / (shown.bit_s / 2) - half
    middle = (within > 0.3) & (within < 0.9)
    turns = np.exp(1j * shown.phase_rad[inside])
    total = np.zeros(half.max() + 1 if half.size else 0, complex)
    np.add.at(total, half[middle], turns[middle])
    number = np.bincount(half[middle], minlength=total.size)
    points = total[number > 0] / number[number > 0]
    return {
        "phase": {
            "times_ms": _listed(shown.times_s[::step] * 1e3),
            "phase_rad": _listed(shown.phase_rad[::step]),
            "model_rad": _listed(shown.model_rad[::step]),
        },
        "constellation": {"i": _listed(points.real), "q": _listed(points.imag), "what": "half bits"},
    }


def _chips(shown: measure_sgb.Shown) -> dict[str, Any]:
    points = shown.points[:: -(-len(shown.points) // POINTS)]
    return {"constellation": {"i": _listed(points.real), "q": _listed(points.imag), "what": "chips"}}


def _listed(values: NDArray[Any]) -> list[float]:
    return [round(float(value), 3) for value in values]
