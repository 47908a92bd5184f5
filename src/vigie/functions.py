"""``vigie.receive``, ``vigie.measure`` and ``vigie.simulate``: the commands of these names as functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vigie import instants, stages
from vigie.live import urls
from vigie.records import Detection, Samples
from vigie.signal.recording import Audio, Recording, Wanted

if TYPE_CHECKING:
    from vigie.measuring import Report
    from vigie.sim.run import Done
    from vigie.sim.scenario import Level, Scenario

Source = str | Path | Samples | Iterable[Samples]


def receive(
    source: Source,
    *,
    format: str | None = None,  # noqa: A002 - as the option is named
    rate_hz: float | None = None,
    centre_hz: float | None = None,
    start: str | np.datetime64 | None = None,
    audio: Audio | None = None,
    gain_db: float | None = None,
    ppm: float | None = None,
    doppler_hz: float | None = stages.DOPPLER_HZ,
    name: str | None = None,
) -> Iterator[Detection]:
    """Every burst of a source with what it says, both generations, as soon as it can be told.

    source: a SigMF, WAV or raw recording, a live source (``rtl_tcp://``, ``soapy://``, ``udp://``), or samples. A
    burst whose message is not to be trusted comes too, its verdict says unreliable; what is likelier noise does not.
    format, rate_hz, centre_hz, start (UTC), audio: what a recording does not say itself. gain_db, ppm: of a radio.
    doppler_hz: how far from 406.05 MHz second-generation bursts are looked for; None: they are not.
    name: what the detections name as their source, the recording's own by default.

    Raises RecordingError for a source that cannot be read, ConfigError for one that does not exist.
    """
    wanted = Wanted(format, rate_hz, centre_hz, instants.parse(start) if isinstance(start, str) else start, audio)
    recording = _opened(source, wanted, urls.Radio(gain_db, ppm))
    return _detections(recording, doppler_hz, recording.name if name is None else name)


def _detections(recording: Recording, doppler_hz: float | None, name: str) -> Iterator[Detection]:
    for record in stages.detections(stages.bursts(recording.blocks(), doppler_hz=doppler_hz), source=name):
        if isinstance(record, Detection):
            yield record


def _opened(source: Source, wanted: Wanted, radio: urls.Radio) -> Recording:
    if isinstance(source, str | Path):
        return urls.open_source(str(source), wanted, radio)
    blocks = [source] if isinstance(source, Samples) else source
    return Recording("samples", lambda: iter(blocks), 0.0, None, None, None)


def measure(
    source: Source,
    *,
    reference_ppm: float | None = None,
    channel_hz: float | None = None,
    format: str | None = None,  # noqa: A002
    rate_hz: float | None = None,
    centre_hz: float | None = None,
    start: str | np.datetime64 | None = None,
) -> Report:
    """The transmitters of a recording against the limits of C/S T.001 and T.018: each burst, and each beacon over it.

    reference_ppm: one standard deviation of the recorder's clock, millionths; None: taken as exact, which is said.
    channel_hz: the channel that the beacon is declared to use. The rest as for ``receive``, which says what is raised.
    """
    from vigie import measuring

    wanted = Wanted(format, rate_hz, centre_hz, instants.parse(start) if isinstance(start, str) else start)
    recording = _opened(source, wanted, urls.Radio())
    return measuring.report(recording.blocks(), measuring.Settings(reference_ppm, channel_hz))


def simulate(
    scenario: str | Path | Scenario,
    folder: str | Path,
    *,
    seed: int | None = None,
    level: Level | None = None,
    workers: int = 1,
    cluster: str | None = None,
) -> Done:
    """Play a scenario, and write what its stations would deliver, the orbits as published, and the truth.

    scenario: a TOML file, the name of one that comes with Vigie, or a Scenario. level: detections, bursts or samples;
    it and the seed are the scenario's own by default. The same seed gives the same bytes, whatever does the work:
    ``workers`` processes here, or the Dask ``cluster`` at an address.

    Raises ConfigError for a scenario that cannot be played or a folder that cannot be written.
    """
    from vigie.engine import open_engine
    from vigie.sim import scenario as scenarios
    from vigie.sim.run import simulate as play

    played = scenarios.load(scenarios.path_of(str(scenario))) if isinstance(scenario, str | Path) else scenario
    with open_engine(workers, cluster) as engine:
        return play(played, Path(folder), seed=seed, level=level, engine=engine)
