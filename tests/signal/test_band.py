"""A band cut out of a wider stream keeps its times, its frequencies and its level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.errors import ConfigError
from vigie.instants import after
from vigie.records import Samples
from vigie.signal.band import Band, check, cut

RATE_HZ, CENTRE_HZ = 250_000.0, 406.1e6
START = np.datetime64("2026-11-22T00:00:00", "ns")


def blocks(iq: np.ndarray, sizes: list[int]) -> list[Samples]:
    result, at = [], 0
    for size in sizes:
        result.append(Samples(iq[at : at + size], RATE_HZ, CENTRE_HZ, after(START, at / RATE_HZ), at))
        at += size
    return result


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 9000), min_size=2, max_size=12), st.floats(406.02e6, 406.08e6))
def test_a_tone_comes_out_where_and_when_it_is(sizes: list[int], tone_hz: float) -> None:
    times_s = np.arange(sum(sizes)) / RATE_HZ
    iq = np.exp(2j * np.pi * (tone_hz - CENTRE_HZ) * times_s).astype(np.complex64)
    parts = list(cut(blocks(iq, sizes), [Band(406.01e6, 406.09e6)]))
    assert sum(len(part.iq) for part in parts) <= sum(sizes) / 2 + 1
    begin_s = 2e-3
    for part in parts:
        assert (part.rate_hz, part.centre_hz) == (125_000.0 if part.rate_hz > 1e5 else part.rate_hz, 406.05e6)
        at_s = float((part.start - START) / np.timedelta64(1, "s")) + np.arange(len(part.iq)) / part.rate_hz
        assert at_s[0] == pytest.approx(part.first / part.rate_hz, abs=2e-9)
        expected = np.exp(2j * np.pi * (tone_hz - part.centre_hz) * at_s)
        turned = part.iq * expected.conj()
        late = at_s > begin_s
        if late.any():
            assert np.abs(turned[late]).min() == pytest.approx(1, abs=2e-3)
            assert np.ptp(np.unwrap(np.angle(turned[late]))) < 0.01


def test_what_lies_beside_the_band_is_kept_out() -> None:
    iq = np.exp(2j * np.pi * 60_000 * np.arange(100_000) / RATE_HZ).astype(np.complex64)
    (part,) = cut(blocks(iq, [100_000]), [Band(406.03e6, 406.05e6)])
    assert np.abs(part.iq[200:]).max() < 1e-3
    assert part.rate_hz == 25_000


def test_several_bands_are_several_channels_and_a_gap_begins_anew() -> None:
    iq = np.ones(60_000, np.complex64)
    given_blocks = blocks(iq, [20_000, 20_000, 20_000])
    bands = [Band(406.0e6, 406.05e6, "low"), Band(406.1e6, 406.15e6, "high")]
    parts = list(cut([given_blocks[0], given_blocks[2]], bands))
    assert [part.channel for part in parts] == ["low", "high"] * 2
    assert parts[2].first > parts[0].first + len(parts[0].iq)


def test_audio_and_no_bands_pass_as_they_are() -> None:
    block = Samples(np.ones(10, np.complex64), 48e3, None, None, 0, "", "discriminator")
    assert list(cut([block], [Band(1.0, 2.0)])) == [block]
    with pytest.raises(ConfigError, match="is not within the 405975000 to 406225000 Hz"):
        check([Band(434.0e6, 434.1e6)], RATE_HZ, CENTRE_HZ, "here")
    with pytest.raises(ConfigError, match="state centre_hz"):
        check([Band(434.0e6, 434.1e6)], RATE_HZ, None, "here")
