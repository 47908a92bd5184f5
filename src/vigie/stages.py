"""The stages: generators from records to records; each acts on the kinds it knows and passes everything on."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vigie.constants import FGB_LONG_BITS
from vigie.records import Alert, Burst, Detection, Message, Record, Samples, Sync, Tick

if TYPE_CHECKING:
    from vigie.alert.book import AlertBook
    from vigie.locate.measurement import Settings
    from vigie.orbit.ephemeris import Orbits
    from vigie.sit.outgoing import Centre

DOPPLER_HZ = 13_000.0
"""how far the carrier of a second-generation burst may be from 406.05 MHz: 1.2 kHz of the beacon's own (T.018 2.3.1.1),
10 kHz of Doppler shift at a satellite in low orbit, and the error of the receiver's clock"""
LEAST_IDENTITY = 0.9995
"""probability that bits 25-106, or all of an SGB message, are right, below which it is not passed on as a beacon's: a
wrong message is worse than none"""
LEAST_REST = 0.999
"""the same of what follows, given those: below it the rest counts as unreadable"""
LEAST_FREE = 0.99
"""the same where no code protects what follows"""
MOST_DOUBT = 0.01
"""odds that there was no burst, below which one that cannot be read is kept all the same"""
_MOST_TRUST = 10.0
"""nats: no bit is believed more, for clicks and beacons' own faults obey no Gaussian law"""
_CLEAR = 6.0
"""nats: with every bit this sure, seven wrong ones, the least that both codes can miss, are out of the question"""
_PLAIN = 1 - 1e-9
_KEPT, _KEPT_S = 64, 1800.0
"""unread bursts, and seconds, that are kept to be read with later ones"""
_RIVALS = 1e4
"""odds by which the bits of two bursts must speak for one message, for each burst that is compared"""
_NEAR_HZ, _NEAR_RIVALS = 3.0, 3.0
"""the same where the carriers are no further apart: a beacon's stands still for a station on the ground"""
_PATHS_S = 0.4
"""one transmission comes by way of several satellites no further apart than this"""
_MINUTES = 5
"""between bursts that are read together, as far as a counter of minutes is followed"""
_SAME_BITS = np.r_[0:43, 90:137]
"""of a second-generation message, those that make the 23-hex ID (T.018 Table 3.11)"""
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
        )


def read(burst: Burst) -> Reading | None:
    """The most likely message of a burst; None when there is none. Its probabilities may be small.

    The codes are decoded softly: the most likely code words for the soft bits, beyond the errors that an algebraic
    decoder mends. A burst that is none, but chance, is weighed as well (``signal.trust``).
    """
    return _READ[burst.kind](burst)


def _read_first(burst: Burst) -> Reading | None:
    from vigie.message import beacon, soft
    from vigie.signal import trust

    trusted = np.clip(burst.soft, -_MOST_TRUST, _MOST_TRUST)
    received = _hard(burst.soft)
    if (message := _plain(burst, received)) is not None:
        bits = _SYNC[burst.sync] + received[24:]
        return Reading(message, bits, _PLAIN, _PLAIN, True, hex_of(burst, bits))
    likely = soft.fgb(trusted)
    if "1" not in likely.bits[24:106]:  # the word of a dead channel
        return None
    received = received[: len(likely.bits)]
    odds = trust.false_alarm_odds(burst.soft, burst.sync, burst.cn0_dbhz)
    real = 1 / (1 + odds * trust.chance_of_word(trusted, likely.bits))
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
    likely = soft.sgb(np.clip(burst.soft, -_MOST_TRUST, _MOST_TRUST))
    if "1" not in likely.bits:
        return None
    sure = likely.probability
    message = beacon.mended(likely.bits, received, sync=burst.sync, trusted=sure >= LEAST_IDENTITY)
    return Reading(message, likely.bits, sure, sure, True, hex_of(burst, likely.bits))


_READ = {"FGB": _read_first, "SGB": _read_second}


class Reader:
    """Reads bursts, and those that cannot be read alone together with others that carry the same message.

    The soft bits of what could not be read are kept for half an hour, ``_KEPT`` bursts at most. The bits themselves
    tell which of them belong together (``signal.combine``). What they say together is then weighed against all that
    this burst alone may say instead, for its position or rotating field may have changed.
    """

    def __init__(self) -> None:
        self._waiting: deque[Burst] = deque(maxlen=_KEPT)

    def read(self, burst: Burst) -> Reading | None:
        """What a burst says, alone or with those before it."""
        reading = read(burst)
        if reading is not None and reading.identity >= LEAST_IDENTITY and reading.whole:
            return reading
        others = [one for one in self._waiting if _comparable(one, burst)]
        joint = _together(burst, others) if others else None
        self._waiting.append(burst)
        if joint is None or joint.identity < LEAST_IDENTITY:
            return reading
        known = reading is not None and reading.identity >= LEAST_IDENTITY
        return reading if known and not joint.whole else joint


def _comparable(one: Burst, other: Burst) -> bool:
    """Whether two bursts may carry one message, whatever their bits say."""
    if (one.kind, one.sync, len(one.soft)) != (other.kind, other.sync, len(other.soft)):
        return False
    if one.start is None or other.start is None:
        return True
    return bool(abs((one.start - other.start) / np.timedelta64(1, "s")) <= _KEPT_S)


def _one_transmission(one: Burst, other: Burst) -> bool:
    """Whether two receivers heard one transmission: no beacon sends twice within seconds."""
    if one.start is None or other.start is None or one.channel == other.channel:
        return False
    return bool(abs((one.start - other.start) / np.timedelta64(1, "s")) < _PATHS_S)


def _least_odds(one: Burst, other: Burst) -> float:
    """Log-odds by which the bits must speak for one message: less where the carriers do so already."""
    here, there = one.frequency_offset_hz, other.frequency_offset_hz
    near = here is not None and there is not None and abs(here - there) < _NEAR_HZ and one.channel == other.channel
    return float(np.log(_NEAR_RIVALS if near else _RIVALS))


def _together(burst: Burst, others: list[Burst]) -> Reading | None:
    """The message of a burst and of those others that carry the same; None when there are none."""
    from vigie.signal import combine

    parts = {"FGB": (slice(24, 106), slice(106, None)), "SGB": (slice(0, None),)}[burst.kind]
    total, sure, most = burst.soft.copy(), 1.0, 1
    repeated = False
    for place, part in enumerate(parts):
        differences, chances = _differences(burst.kind, burst.soft[part].shape[0])
        left, members = list(others), 1
        while left:
            matches = [combine.match(total[part], one.soft[part], differences, chances) for one in left]
            leads = [found.odds - _least_odds(burst, one) for found, one in zip(matches, left, strict=True)]
            best = int(np.argmax(leads))
            chosen = matches[best]
            if leads[best] < np.log(len(left)):
                break
            repeated = repeated or not _one_transmission(burst, left[best])
            one = combine.turned(left.pop(best).soft[part], differences[chosen.difference])
            total[part] += np.clip(one, -_MOST_TRUST, _MOST_TRUST)
            members += 1
            sure *= chosen.share if place == 0 else 1.0
        if place == 0 and members == 1:
            return None
        most = max(most, members)
    reading = read(replace(burst, soft=total))
    if reading is None:
        return None
    doubts = _own_doubts(burst, reading.bits) if repeated else [0.0, 0.0]
    identity = reading.identity * sure * (1 - doubts[0])
    rest = reading.confidence / max(reading.identity, 1e-9) * (1 - doubts[-1] if len(doubts) > 1 else 1.0)
    whole = reading.whole and (burst.kind == "SGB" or rest >= LEAST_REST)
    facts = {**reading.message.facts, "combined_bursts": most}
    return replace(
        reading,
        message=replace(reading.message, facts=facts),
        identity=identity,
        confidence=identity * rest if whole else identity,
        whole=whole,
        combined=most,
    )


def _own_doubts(burst: Burst, bits: str) -> list[float]:
    """Chances that this very burst says something else than ``bits`` in each of its code words.

    It is decoded by itself, all other words being possible, with a prior of one half for a changed message; of a
    second-generation message the identity is taken for granted, since the bits that bind the bursts are mostly these.
    """
    from vigie.message import bch, soft

    said = np.array([int(bit) for bit in bits], np.int8)
    llr = np.clip(burst.soft, -_MOST_TRUST, _MOST_TRUST).astype(np.float64)
    if burst.kind == "SGB":
        known = np.full(bch.BCH_SGB.n, -1, np.int8)
        known[_SAME_BITS] = said[_SAME_BITS]
        words: list[tuple[bch.Code, slice, NDArray[np.int8] | None]] = [(bch.BCH_SGB, slice(0, None), known)]
    else:
        words = [(bch.BCH1, slice(24, 106), None)]
        if len(said) == FGB_LONG_BITS:
            words.append((bch.BCH2, slice(106, 144), None))
    doubts = []
    for code, part, known_bits in words:
        found = soft.decode(code, llr[part], known=known_bits, expected=(said[part][None], np.array([0.5])))
        same = bool((found.bits == said[part]).all())
        doubts.append(1 - float(found.probability if same else 0.0))
    return doubts


@cache
def _differences(kind: str, count: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """How messages of one beacon may differ in a way that can be foreseen, (M, n), and the chance of each.

    In rotating field 0 of the second generation the minutes since the position was taken go on (T.018 Table 3.3, bits
    165-175), and the parity bits with them: the code is linear, so a difference of data has the parity of its own word.
    """
    from vigie.message.bch import BCH_SGB

    none = np.zeros((1, count), np.int8)
    if kind != "SGB":
        return none, np.ones(1)
    shares: dict[int, float] = {}
    for later in range(1, _MINUTES + 1):
        values = np.arange(2047 - later)
        turns, times = np.unique(values ^ (values + later), return_counts=True)
        for turn, often in zip(turns.tolist(), times.tolist(), strict=True):
            shares[turn] = shares.get(turn, 0.0) + often / len(values) / _MINUTES / 2
    words = [BCH_SGB.encode(turn << (BCH_SGB.k - 175)) for turn in shares]
    rows = np.array([[int(bit) for bit in format(word, f"0{BCH_SGB.n}b")] for word in words], np.int8)
    return np.concatenate([none, rows]), np.array([0.5, *shares.values()])


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


def bursts(stream: Iterable[Record], *, doppler_hz: float | None = DOPPLER_HZ) -> Iterator[Record]:
    """Samples become the bursts found in them, as soon as they can be told; everything else passes on.

    doppler_hz: how far from 406.05 MHz the carriers of second-generation bursts are looked for; None: they are not.
    """
    from vigie.signal.receiver import Receiver

    receiver = Receiver(doppler_hz)
    for record in stream:
        if isinstance(record, Samples):
            yield from receiver.take(record)
        else:
            yield record
    yield from receiver.end()


def detections(stream: Iterable[Record], *, source: str = "", exercise: bool = False) -> Iterator[Record]:
    """After each burst that is one beyond doubt: what it says, as a Detection.

    Where bits 25-106 (of an SGB message: all) cannot be told with LEAST_IDENTITY, the message is unreliable and says
    so: it is kept, never taken for a beacon's. A message whose second field alone is past mending is sound; its facts
    say so (pdf2_verdict). What is likelier chance than a burst gets none. Without a time of its own a recording cannot
    date a detection: it then counts from 1970, and time_known says so.
    """
    reader = Reader()
    for record in stream:
        yield record
        if isinstance(record, Burst):
            reading = reader.read(record)
            if reading is not None and (reading.identity >= LEAST_IDENTITY or _is_burst(record)):
                yield reading.detection(record, source=source, exercise=exercise)


def _is_burst(burst: Burst) -> bool:
    """Whether there was a burst beyond doubt, whatever it said: bits 1-24 tell, or a preamble of 12,800 chips."""
    from vigie.signal import trust

    return burst.kind == "SGB" or trust.false_alarm_odds(burst.soft, burst.sync) < MOST_DOUBT


def solutions(stream: Iterable[Record]) -> Iterator[Record]:
    """After each detection whose trusted message states a position: that position as a Solution (method encoded)."""
    from vigie.alert.matching import encoded

    for record in stream:
        yield record
        if isinstance(record, Detection) and (solution := encoded(record)) is not None:
            yield solution


def locations(
    stream: Iterable[Record],
    orbits: Orbits,
    settings: Settings | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Iterator[Record]:
    """After each burst that satellites heard: where its beacon is by their times and frequencies, as Solutions.

    Detections of one beacon by several satellites are put together by their times, and the beacon is followed from
    burst to burst; both sides of an unresolved pass are given, the likelier first. Encoded positions stay out of it:
    an independent location is worth something beside them only if they had no part in it. A burst is complete when
    the stream's own time has passed it, so a quiet stream needs its ticks.
    """
    from vigie.locate.follow import Follower
    from vigie.locate.solutions import measurement_of, solutions_of

    follower = Follower(orbits, settings, aliases)
    for record in stream:
        yield record
        if isinstance(record, Tick):
            told = follower.push(record.time)
        elif isinstance(record, Detection) and (heard := measurement_of(record)) is not None:
            told = follower.push(heard)
        else:
            continue
        for fixes in told:
            yield from solutions_of(fixes)
    for fixes in follower.end():
        yield from solutions_of(fixes)


def alerts(stream: Iterable[Record], book: AlertBook) -> Iterator[Record]:
    """After each record: the alerts it changed. The book stays with the caller, who may have filled it before."""
    for record in stream:
        yield record
        yield from book.take(record)


def sits(stream: Iterable[Record], centre: Centre) -> Iterator[Record]:
    """After each alert: the messages it calls for, written. Those of an exercise are of a kind that nothing sends."""
    from vigie.sit.outgoing import message

    for record in stream:
        yield record
        if isinstance(record, Alert):
            for notice in record.notices:
                yield message(record, notice, centre)
