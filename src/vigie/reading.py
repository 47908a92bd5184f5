"""What one burst says: its soft bits decoded, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_LONG_BITS
from vigie.records import Burst, Detection, Message, Sync

LEAST_IDENTITY = 0.9998
"""probability that bits 25-106, or all of an SGB message, are right, below which it is not passed on as a beacon's: a
wrong message is worse than none"""
LEAST_REST = 0.9995
"""the same of what follows, given those: below it the rest counts as unreadable"""
LEAST_FREE = 0.99
"""the same where no code protects what follows"""
MOST_DOUBT = 0.01
"""odds that there was no burst, below which one that cannot be read is kept all the same"""
MOST_TRUST = 10.0
"""nats: no bit is believed more, for clicks and beacons' own faults obey no Gaussian law"""
_BEFORE_BITS_S = {"FGB": 0.160, "SGB": 1 / 6}
_CLEAR = 6.0
"""nats: with every bit this sure, seven wrong ones, the least that both codes can miss, are out of the question"""
_PLAIN = 1 - 1e-9
_SYNC: dict[Sync, str] = {"normal": "1" * 15 + "000101111", "self_test": "1" * 15 + "011010000"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a burst says."""

    message: Message
    bits: str
    """the bits as mended, bit 1 first"""
    identity: float
    """probability that bits 25-106 (FGB) or all bits (SGB), and so the hex ID, are right"""
    confidence: float
    """probability that all of it is right; without ``whole``, that bits 25-106 are"""
    whole: bool
    """False when what follows the first protected field cannot be told"""

    hex: str
    """of the bits as mended: 28 or 36 digits with the sync (FGB), 63 (SGB)"""
    combined: int = 1
    """bursts whose soft bits were added to read it"""

    def detection(self, burst: Burst, *, source: str = "", exercise: bool = False) -> Detection:
        """The reading with the path it came by."""
        return Detection(
            self.message,
            np.datetime64(0, "ns") if burst.start is None else burst.start,
            burst.sample,
            burst.sync,
            burst.frequency_hz,
            burst.frequency_offset_hz,
            burst.drift_hz_per_s,
            burst.cn0_dbhz,
            burst.sigma_frequency_hz,
            burst.sigma_time_s,
            self.confidence,
            burst.channel,
            source,
            exercise,
            burst.start is not None,
            burst.at,
            snippet=burst.snippet,
            frequency_at_s=None if burst.frequency_offset_hz is None else middle_s(burst),
        )


def middle_s(burst: Burst) -> float:
    """Seconds after the start of a burst, as received, at which its frequency is stated: in its middle."""
    return float((_BEFORE_BITS_S[burst.kind] + len(burst.soft) / (burst.bit_rate_bps or 400.0)) / 2)


def read(burst: Burst) -> Reading | None:
    """The most likely message of a burst; None when there is none. Its probabilities may be small.

    The codes are decoded softly: the most likely code words for the soft bits, beyond the errors that an algebraic
    decoder mends. A burst that is none, but chance, is weighed as well (``signal.trust``).
    """
    return _READ[burst.kind](burst)


def _read_first(burst: Burst) -> Reading | None:
    from vigie.message import beacon, soft
    from vigie.signal import trust

    trusted = np.clip(burst.soft, -MOST_TRUST, MOST_TRUST)
    received = _hard(burst.soft)
    if (message := _plain(burst, received)) is not None:
        bits = _SYNC[burst.sync] + received[24:]
        return Reading(message, bits, _PLAIN, _PLAIN, True, hex_of(burst, bits))
    likely = soft.fgb(trusted)
    if "1" not in likely.bits[24:106]:  # the word of a dead channel
        return None
    received = received[: len(likely.bits)]
    odds = trust.false_alarm_odds(burst.soft, burst.sync, burst.cn0_dbhz)
    chance = trust.chance_of_word(trusted, likely.bits)
    odds *= chance
    for later, elsewhere in trust.displaced(burst.soft, burst.sync):
        there = trust.moved(trusted, later)
        odds += elsewhere * chance / trust.chance_of_word(there, soft.fgb(there).bits)
    real = 1 / (1 + odds)
    identity = likely.identity_probability * real
    rest = min(likely.probability / max(likely.identity_probability, 1e-9), 1.0)
    whole = rest >= (LEAST_REST if likely.bch2_errors is not None else LEAST_FREE)
    bits = _SYNC[burst.sync] + (likely.bits[24:] if whole else likely.bits[24:106] + received[106:])
    confidence = identity * rest if whole else identity
    message = beacon.mended(bits, received, trusted=identity >= LEAST_IDENTITY)
    return Reading(message, bits, identity, confidence, whole, hex_of(burst, bits))


def _read_second(burst: Burst) -> Reading | None:
    """One code protects all 250 bits, so the message is right as a whole or not at all.

    That there was a burst is beyond doubt: the receiver tells none that noise shows more than once in 1,000 hours.
    """
    from vigie.message import beacon, soft

    received = _hard(burst.soft)
    if np.abs(burst.soft).min() >= _CLEAR and "1" in received:
        message = beacon.from_bits(received, sync=burst.sync)
        if message.facts.get("bch_errors") == 0 and not message.facts["corrected_bits"]:
            return Reading(message, received, _PLAIN, _PLAIN, True, hex_of(burst, received))
    likely = soft.sgb(np.clip(burst.soft, -MOST_TRUST, MOST_TRUST))
    if "1" not in likely.bits:
        return None
    sure = likely.probability
    message = beacon.mended(likely.bits, received, sync=burst.sync, trusted=sure >= LEAST_IDENTITY)
    return Reading(message, likely.bits, sure, sure, True, hex_of(burst, likely.bits))


_READ = {"FGB": _read_first, "SGB": _read_second}


def _plain(burst: Burst, received: str) -> Message | None:
    """The message of a clear burst, of which no bit is doubtful and no check fails: it needs no soft decoding."""
    from vigie.message import beacon

    if np.abs(burst.soft).min() < _CLEAR or "1" not in received[24:106]:
        return None
    message = beacon.from_bits(_SYNC[burst.sync] + received[24:])
    facts = message.facts
    sound = not facts["corrected_bits"] and facts.get("bch1_errors") == 0 and facts.get("bch2_errors", 0) == 0
    odd = (len(received) == FGB_LONG_BITS) != (received[24] == "1")  # not as long as its format flag says
    return message if sound and not odd and received[:24] == _SYNC[burst.sync] else None


def hex_of(burst: Burst, bits: str | None = None) -> str:
    """Upper-case hex of a burst's bits, bit 1 first, as received if None are given.

    The 250 bits of a second-generation burst follow two that say whether it was a self-test (T.018 Appendix B).
    """
    bits = _hard(burst.soft) if bits is None else bits
    lead = {"normal": "00", "self_test": "10"}[burst.sync] if burst.kind == "SGB" else ""
    return format(int(lead + bits, 2), f"0{(len(lead) + len(bits)) // 4}X")


def _hard(soft: NDArray[np.float32]) -> str:
    return "".join("1" if value < 0 else "0" for value in soft)


def is_burst(burst: Burst) -> bool:
    """Whether there was a burst beyond doubt, whatever it said: bits 1-24 tell, or a preamble of 12,800 chips."""
    from vigie.signal import trust

    return burst.kind == "SGB" or trust.false_alarm_odds(burst.soft, burst.sync) < MOST_DOUBT
