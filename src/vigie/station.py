"""From a configuration to the sources of a service: radios, recordings, their bands and where their bursts are kept."""

from __future__ import annotations

from pathlib import Path

from vigie import instants
from vigie.config import Config, SourceSettings, name_of
from vigie.errors import ConfigError, VigieError
from vigie.live import urls
from vigie.service import Source
from vigie.signal import band
from vigie.signal.recording import Wanted, open_recording
from vigie.snippets import Keeper, Shelf


def configured(config: Config, path: str) -> list[Source]:
    """The sources that a configuration file asks for; none is connected to yet. Raises ConfigError, RecordingError."""
    folder = Path(path).absolute().parent
    shelf = None
    if config.snippets.keep and any(source.snippets for source in config.source):
        kept = config.snippets
        shelf = Shelf(folder / kept.folder, int(kept.most_mb * 1e6), kept.most_days * 86_400)
    sources = []
    for index, settings in enumerate(config.source):
        try:
            sources.append(_source(config, settings, folder, shelf))
        except VigieError as error:
            raise ConfigError(f"{path}: source[{index}]: {error}") from None
    return sources


def _source(config: Config, settings: SourceSettings, folder: Path, shelf: Shelf | None) -> Source:
    """One source of a configuration."""
    name = "/".join(part for part in (config.station.name, name_of(settings)) if part)
    start = None if settings.start is None else instants.parse(settings.start)
    asked = Wanted(settings.format, settings.rate_hz, settings.centre_hz, start, settings.audio)
    bands = [band.Band(low, high, f"{low / 1e6:g}-{high / 1e6:g} MHz") for low, high in settings.bands_hz]
    if settings.url is not None:
        radio = urls.Radio(settings.gain_db, settings.ppm, settings.antenna, settings.stall_s)
        feed = urls.open_feed(settings.url, asked, radio)
        source = Source(name, feed.blocks, settings.exercise, live=True, feed=feed)
        rate_hz, centre_hz = feed.rate_hz, feed.centre_hz
    else:
        opened = open_recording(str(folder / str(settings.file)), asked)
        source = Source(name, opened.blocks, settings.exercise, speed=settings.speed)
        rate_hz, centre_hz = opened.rate_hz, opened.centre_hz
    band.check(bands, rate_hz, centre_hz, "bands_hz")
    source.bands = bands
    if shelf is not None and settings.snippets:
        place = config.station.position_deg
        source.keeper = Keeper(shelf, name, config.snippets.margin_s, None if place is None else tuple(place))
    return source
