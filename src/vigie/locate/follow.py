"""A stream of measurements of many beacons, followed burst by burst as their receptions come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from vigie.locate.fixes import not_solved
from vigie.locate.grouping import SAME_BURST_S
from vigie.locate.measurement import Fix, Measurement, Settings
from vigie.locate.track import Track
from vigie.orbit.ephemeris import Orbits

_HOLD = np.timedelta64(round(4 * SAME_BURST_S * 1e9), "ns")


class Follower:
    """Every beacon of a stream: bursts are put together as their receptions come, and followed one by one."""

    def __init__(
        self,
        orbits: Orbits,
        settings: Settings | None = None,
        aliases: Mapping[str, str] | None = None,
        forget_s: float = 86_400.0,
    ) -> None:
        """``forget_s``: a beacon silent for so long starts anew when it is heard again."""
        self._orbits, self._settings, self._aliases = orbits, settings or Settings(), aliases or {}
        self._tracks: dict[str, Track] = {}
        self._open: dict[tuple[str, str | None], list[Measurement]] = {}
        self._forget = np.timedelta64(round(forget_s * 1e9), "ns")

    def push(self, item: Measurement | np.datetime64) -> list[list[Fix]]:
        """Take a measurement, or an instant before which nothing is still to come; what the bursts now complete tell.

        One list a burst, the likeliest place first.
        """
        if not isinstance(item, Measurement):
            return self._close(item)
        if np.isnat(item.time):
            return [self._take([item])]
        told = self._close(item.time)
        self._open.setdefault((item.beacon, _burst_of(item, self._open)), []).append(item)
        return told

    def end(self) -> list[list[Fix]]:
        """What the bursts still open tell."""
        return self._close(None)

    def _close(self, now: np.datetime64 | None) -> list[list[Fix]]:
        """Bursts that the stream's time has passed, in order."""
        ready = [key for key, items in self._open.items() if now is None or items[0].time < now - _HOLD]
        ready.sort(key=lambda key: self._open[key][0].time)
        told = []
        for key in ready:
            group = sorted(self._open.pop(key), key=lambda item: item.time)
            track = self._track(key[0])
            if track.history and group[0].time - track.history[-1][0].time > self._forget:
                del self._tracks[key[0]]
            told.append(self._take(group))
        if now is not None and ready:
            silent = [name for name, one in self._tracks.items() if one.history and one.last < now - self._forget]
            for name in silent:
                del self._tracks[name]
        return told

    def _take(self, group: Sequence[Measurement]) -> list[Fix]:
        """What its beacon's track tells; numbers that fail are said, end that track, and hold up no other beacon."""
        beacon = group[0].beacon
        try:
            return self._track(beacon).take(group)
        except (ValueError, ArithmeticError) as error:  # LinAlgError is a ValueError
            del self._tracks[beacon]
            return [not_solved(group, (), f"the calculation failed: {error}")]

    def _track(self, beacon: str) -> Track:
        return self._tracks.setdefault(beacon, Track(self._orbits, self._settings, self._aliases))


def follow(
    measurements: Iterable[Measurement | np.datetime64],
    orbits: Orbits,
    settings: Settings | None = None,
    aliases: Mapping[str, str] | None = None,
) -> Iterator[list[Fix]]:
    """After every burst of every beacon: what is known of that beacon now, the likeliest place first.

    ``measurements`` come about in the order of their times; a bare instant among them says that nothing earlier is
    still to come. A burst is complete once the stream's time is past it; one that comes late is solved with the rest.
    """
    follower = Follower(orbits, settings, aliases)
    for item in measurements:
        yield from follower.push(item)
    yield from follower.end()


def _burst_of(item: Measurement, open_bursts: Mapping[tuple[str, str | None], Sequence[Measurement]]) -> str:
    """The burst a measurement belongs to: the one it names, or that of the same moment."""
    if item.burst is not None:
        return item.burst
    near = np.timedelta64(round(SAME_BURST_S * 1e9), "ns")
    for (beacon, name), items in open_bursts.items():
        if beacon == item.beacon and name is not None and abs(items[0].time - item.time) <= near:
            return name
    return f"at {item.time}"
