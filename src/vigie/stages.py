"""The stages: generators from records to records; each acts on the kinds it knows and passes everything on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from vigie.combining import Reader
from vigie.reading import LEAST_FREE, LEAST_IDENTITY, LEAST_REST, MOST_DOUBT, Reading, hex_of, is_burst, read
from vigie.records import Alert, Burst, Detection, Record, Samples, Tick

if TYPE_CHECKING:
    from vigie.alert.book import AlertBook
    from vigie.locate.measurement import Settings
    from vigie.orbit.ephemeris import Orbits
    from vigie.sit.outgoing import Centre

__all__ = [
    "DOPPLER_HZ",
    "LEAST_FREE",
    "LEAST_IDENTITY",
    "LEAST_REST",
    "MOST_DOUBT",
    "Reader",
    "Reading",
    "alerts",
    "bursts",
    "detections",
    "hex_of",
    "locations",
    "read",
    "sits",
    "solutions",
]

DOPPLER_HZ = 13_000.0
"""how far the carrier of a second-generation burst may be from 406.05 MHz: 1.2 kHz of the beacon's own (T.018 2.3.1.1),
10 kHz of Doppler shift at a satellite in low orbit, and the error of the receiver's clock"""


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
            if reading is not None and (reading.identity >= LEAST_IDENTITY or is_burst(record)):
                yield reading.detection(record, source=source, exercise=exercise)


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
