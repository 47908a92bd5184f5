"""From a configuration to what a service works with: sources, outputs and links, the centre, who may come in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from vigie import centre, instants
from vigie.config import CentreSettings, Config, RegisterSettings, SourceSettings, name_of
from vigie.config_tree import rooted
from vigie.errors import ConfigError, VigieError
from vigie.links.traffic import Plan, checked
from vigie.live import urls
from vigie.register import Http, Register
from vigie.service import Source
from vigie.signal import band
from vigie.signal.recording import Wanted, open_recording
from vigie.snippets import Keeper, Shelf
from vigie.web.settings import Access, Tls


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


def plan_of(config: Config, path: str) -> Plan:
    """The outputs, links, exchanges and brokers that a configuration asks for. Raises ConfigError; opens nothing."""
    folder = Path(path).absolute().parent
    plan = Plan(
        [rooted(output, folder) for output in config.output],
        [rooted(link, folder) for link in config.link],
        [rooted(exchange, folder) for exchange in config.exchange],
        [rooted(broker, folder) for broker in config.broker],
    )
    try:
        checked(plan)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    return plan


def door_of(config: Config, path: str) -> tuple[Access, Tls | None]:
    """Who may come in, and the server's certificate."""
    folder = Path(path).absolute().parent
    return rooted(config.access, folder), config.tls and rooted(config.tls, folder)


def orbits_of(config: Config, path: str) -> list[Path]:
    """The files of orbits. Raises ConfigError for one that is not there."""
    folder = Path(path).absolute().parent
    files = [folder / file for file in config.orbits.files] if config.orbits else []
    for file in files:
        if not file.is_file():
            raise ConfigError(f"{path}: orbits.files: there is no file {file}")
    return files


def centre_of(config: Config, path: str, register: Register | None = None) -> centre.Settings | None:
    """The centre that a configuration makes; None for a station that belongs to none. Raises ConfigError.

    ``register``: beacons that are known besides those of the configuration's own table.
    """
    if config.centre is None:
        return None
    folder = Path(path).absolute().parent
    register = register or Register()
    if config.register is not None:
        _add_register(register, config.register, folder, path)
    if not isinstance(config.centre, CentreSettings):
        made = centre.load(folder / config.centre, register)
    else:
        table = {name: msgspec.to_builtins(getattr(config, name), str_keys=True)
                 for name in ("centre", "destinations", "countries", "special")}  # fmt: skip
        try:
            made = centre.read(table, folder, register)
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
    return replace(made, file=str(Path(path).absolute()))


def inspected(config: Config, path: str) -> list[str]:
    """Look at all that a configuration asks for besides sources, and say what there is. Raises ConfigError."""
    plan, made = plan_of(config, path), centre_of(config, path)
    orbits_of(config, path)
    tls = door_of(config, path)[1]
    if tls is not None:
        tls.check()
    parts = (("output", plan.outputs), ("link", plan.links), ("exchange", plan.exchanges), ("broker", plan.brokers))
    told = [f"{len(found)} {name}{'s' * (len(found) != 1)}" for name, found in parts if found]
    return told + ([f"centre {made.centre.name}"] if made else [])


def _add_register(register: Register, settings: RegisterSettings, folder: Path, path: str) -> None:
    """Add what a configuration asks for. A row that names no beacon is refused here, where somebody reads it."""
    if not (settings.table or settings.url):
        raise ConfigError(f"{path}: register: give its table, its url, or both")
    if settings.table:
        file = folder / settings.table
        try:
            refused = register.add(file.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: register.table: {file} cannot be read: {error}") from None
        except VigieError as error:
            raise ConfigError(f"{path}: register.table: {file}: {error}") from None
        if refused:
            raise ConfigError(f"{path}: register.table: {file}: {refused[0]} ({len(refused)} refused)")
    if settings.url:
        headers = {}
        if settings.token_file:
            file = folder / settings.token_file
            try:
                headers["Authorization"] = f"Bearer {file.read_text(encoding='utf-8').strip()}"
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path}: register.token_file: {file} cannot be read: {error}") from None
        try:
            register.outside = Http(settings.url, settings.timeout_s, headers)
        except ConfigError as error:
            raise ConfigError(f"{path}: register.url: {error}") from None


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
    source.bands, source.doppler_hz = bands, settings.doppler_hz or None
    if shelf is not None and settings.snippets:
        place = config.station.position_deg
        source.keeper = Keeper(shelf, name, config.snippets.margin_s, None if place is None else tuple(place))
    return source
