"""Scenarios: what is in the world and for how long, read from TOML. Units are in the keys.

A scenario that cannot be is refused with file, line and key, and with what would be right.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from vigie import instants
from vigie.errors import ConfigError, InputError
from vigie.sim.toml_lines import Path as KeyPath
from vigie.sim.toml_lines import line_of, lines

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90)]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Window = tuple[float, float]
"""from, until: seconds past the start of the scenario"""

System = Literal["LEO", "MEO", "GEO"]
Schedule = Literal["fgb", "elt_dt", "elt_dt_operator", "sgb", "sgb_elt_dt", "sgb_two_way"]
Kind = Literal["EPIRB", "ELT", "PLB", "ELT_DT", "SSAS", "system", "test", "spurious"]
Level = Literal["detections", "bursts", "samples"]
Track = Literal["highest", "spread", "all"]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: a key it does not know is an error."""


class Air(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What lies between beacons and satellites."""

    tec_tecu: Annotated[float, msgspec.Meta(ge=0, le=500)] = 15.0
    """vertical electron content"""
    troposphere: bool = True
    collisions: bool = True
    """False: bursts do not disturb each other, so that many test beacons can be on the air at once"""


class Satellites(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Some satellites with one kind of payload."""

    orbits: str = "builtin"
    """an orbit file, by its path from the scenario; builtin: the elements that come with Vigie, of 2026-08-22"""
    system: System
    payload: str = "auto"
    """a row of ``vigie.sim.budget.PAYLOADS``; auto: by the satellite's name"""
    select: tuple[str, ...] = ()
    """only satellites whose name contains one of these"""
    without: tuple[str, ...] = ()
    along_error_m: NotNegative | None = None
    """one-sigma distance along the track by which the published orbit is wrong; None: as old elements are"""
    off: tuple[Window, ...] = ()
    """when its payload does not work"""


class Station(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A ground station with antennas for one system."""

    name: str
    system: System
    latitude: Latitude
    longitude: Longitude
    altitude_m: float = 0.0
    antennas: Count = 6
    least_elevation_deg: Annotated[float, msgspec.Meta(ge=0, lt=90)] = 5.0
    track: Track = "spread"
    """highest: the highest satellites; spread: high ones far from each other in azimuth; all: every one in view"""
    dwell_s: Positive = 300.0
    """how often the antennas are given out anew"""
    follows: tuple[str, ...] = ()
    """only satellites whose name contains one of these"""
    antenna_gain_dbi: float | None = None
    noise_figure_db: NotNegative | None = None
    """with the gain: G/T of the station; without both, that of C/S T.014 annex H for the payload heard"""
    antenna_temperature_k: Positive = 50.0
    clock_error_s: float = 0.0
    clock_rate: float = 0.0
    """relative frequency error of the station's reference"""
    sigma_foa_floor_hz: NotNegative = 0.05
    """error of each frequency beside noise: translation of the repeater, calibration"""
    sigma_toa_floor_s: NotNegative = 2e-6
    """error of each time beside noise: delays of payload and station"""
    latency_s: NotNegative = 1.0
    lost: Share = 0.0
    """part of its data that never arrives"""
    duplicated: Share = 0.0
    late: Share = 0.0
    """part of its data that arrives up to ``late_by_s`` later"""
    late_by_s: NotNegative = 600.0
    off: tuple[Window, ...] = ()
    """when it does not work or its link is broken"""


class Oscillator(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a beacon's frequency behaves. The defaults are well inside C/S T.001 2.3.1 and T.018 2.3.1."""

    offset_hz: float | None = None
    """constant error of the carrier; None: drawn within +-300 Hz"""
    drift_ppb_per_min: float | None = None
    """mean slope (limit 1); None: drawn with one sigma of 0.2"""
    wander_ppb: NotNegative = 0.5
    """scatter from burst to burst (limit 3)"""
    warm_up_ppb: float = 0.0
    """excess at switch-on, dying away with ``warm_up_s``"""
    warm_up_s: Positive = 600.0


class Waypoint(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a beacon is at a moment."""

    at_s: float
    """seconds past its activation"""
    latitude: Latitude
    longitude: Longitude
    altitude_m: float = 0.0


class Motion(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Steady motion from the first place."""

    course_deg: float = 0.0
    speed_mps: NotNegative = 0.0
    climb_mps: float = 0.0
    turn_deg_per_h: float = 0.0
    """slow change of the course, as of a drifting raft"""


class Blocked(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A part of the horizon behind which satellites are not heard: a cliff, a hull."""

    from_deg: float
    """azimuth, clockwise to ``to_deg``"""
    to_deg: float
    below_deg: Annotated[float, msgspec.Meta(gt=0, le=90)]
    loss_db: NotNegative = 40.0


class Step(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a beacon says from a moment on."""

    at_s: NotNegative
    """seconds past its activation"""
    message: dict[str, Any]
    replaces: bool = False
    """the whole message, not some values of it"""


class _Sender(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What beacons, and those of a crowd, have in common."""

    kind: Kind
    message: dict[str, Any] = {}
    """values for ``vigie encode``; the position is added where ``position`` says so"""
    schedule: Schedule | None = None
    """None: that of its kind and generation"""
    position: Literal["none", "message", "internal"] = "message"
    """internal: a navigation receiver encodes where the beacon is; message: only what the message states"""
    first_fix_s: NotNegative = 60.0
    fix_every_s: Positive = 300.0
    fix_sigma_m: NotNegative = 10.0
    carrier_hz: Annotated[float, msgspec.Meta(ge=405.9e6, le=406.2e6)] | None = None
    oscillator: Oscillator = Oscillator()
    power_dbw: float = 7.0
    antenna: Literal["monopole", "flat"] = "monopole"
    tumble_s: NotNegative = 0.0
    """period with which its antenna turns over in the waves; 0: it stands upright"""
    fading_db: NotNegative = 1.0
    """scatter of the received power from burst to burst and satellite to satellite"""
    blocked: tuple[Blocked, ...] = ()
    horizon: tuple[tuple[float, Annotated[float, msgspec.Meta(ge=-10, le=90)]], ...] = ()
    """points of its skyline: azimuth, elevation; satellites below it are not heard"""
    motion: Motion = Motion()
    region: str | None = None


class Beacon(_Sender, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One beacon."""

    name: str
    story: str = ""
    latitude: Latitude
    longitude: Longitude
    altitude_m: float = 0.0
    on_s: float = 0.0
    """activation, seconds past the start of the scenario; negative when it was on before"""
    off_s: float | None = None
    """None: to the end"""
    at_s: tuple[float, ...] | None = None
    """moments of its bursts past its activation, instead of a schedule"""
    track: tuple[Waypoint, ...] = ()
    then: tuple[Step, ...] = ()
    wrong_bits: tuple[int, ...] = ()


class Crowd(_Sender, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Many beacons alike, their places, times and serial numbers drawn."""

    name: str
    count: Count
    box: tuple[Latitude, Longitude, Latitude, Longitude] = (-90.0, -180.0, 90.0, 180.0)
    """south, west, north, east"""
    lasting_s: tuple[Positive, Positive] | None = None
    """shortest and longest time on; None: all the scenario"""
    spacing: Literal["random", "grid"] = "random"


class Interferer(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is no beacon and sends into the band."""

    name: str
    kind: Literal["carrier", "sweeper", "pulsed", "noise"]
    latitude: Latitude
    longitude: Longitude
    altitude_m: float = 0.0
    eirp_dbw: float
    frequency_hz: Annotated[float, msgspec.Meta(ge=405.5e6, le=406.6e6)] = 406.05e6
    width_hz: Positive = 100e3
    """swept or filled by noise"""
    period_s: Positive = 1.0
    """of a sweep or of the pulses"""
    duty: Share = 0.1
    on: tuple[Window, ...] = ()
    """when; empty: always"""


class Channel(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is recorded at the level of samples."""

    satellites: tuple[str, ...] = ()
    """names; empty: every satellite that hears a beacon"""
    at: Literal["satellite", "site"] = "satellite"
    """site: with the downlink's delay and Doppler of the first station that tracks it"""
    rate_hz: Annotated[float, msgspec.Meta(ge=8000)] = 100e3
    centre_hz: float = 406.05e6
    from_s: NotNegative = 0.0
    until_s: Positive | None = None


class Play(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How ``vigie run`` plays the scenario: one satellite's channel is received from samples while a station sees it;
    what is heard by way of the others comes as messages."""

    satellite: str
    rate_hz: Annotated[float, msgspec.Meta(ge=8000)] = 48e3
    centre_hz: float = 406.031e6
    reach_hz: NotNegative | None = None
    """how far from 406.05 MHz second-generation carriers are looked for; None: they are not"""


class Output(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is written."""

    level: Level = "detections"
    states: bool = False
    """each line states where its satellite truly was, as with broadcast ephemerides"""
    states_sigma_m: NotNegative = 2.0
    exercise: bool = True
    """mark every detection as an exercise"""
    channel: Channel = Channel()


class Scenario(_Strict, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A world and a span of time."""

    title: str
    start: str
    """UTC, ISO 8601"""
    duration_s: Positive | None = None
    end: str | None = None
    seed: Annotated[int, msgspec.Meta(ge=0)] = 1
    air: Air = Air()
    terrain: tuple[str, ...] = ()
    """grids of heights (SRTM tiles, Esri ASCII grids), by their paths from the scenario: ridges hide satellites"""
    satellites: tuple[Satellites, ...]
    stations: tuple[Station, ...] = ()
    beacons: tuple[Beacon, ...] = ()
    crowds: tuple[Crowd, ...] = ()
    interference: tuple[Interferer, ...] = ()
    output: Output = Output()
    play: Play | None = None
    folder: str = "."
    """where relative paths begin; set when a file is read"""

    @property
    def began(self) -> instants.Instant:
        """The first moment."""
        return instants.parse(self.start)

    @property
    def length_s(self) -> float:
        """How long it lasts."""
        if self.duration_s is not None:
            return self.duration_s
        assert self.end is not None
        return float((instants.parse(self.end) - self.began) / np.timedelta64(1, "s"))


_TABLES: Mapping[str, Any] = {
    "air": Air, "output": Output, "play": Play, "satellites": Satellites, "stations": Station, "beacons": Beacon,
    "crowds": Crowd, "interference": Interferer,
}  # fmt: skip
_INNER: Mapping[str, Any] = {
    "oscillator": Oscillator, "motion": Motion, "channel": Channel, "track": Waypoint, "then": Step, "blocked": Blocked,
}  # fmt: skip
_MANY = ("satellites", "stations", "beacons", "crowds", "interference")
_LEVELS = ("detections", "bursts", "samples")


def path_of(name: str) -> Path:
    """The file of a scenario named by its path, or by the name of one that comes with Vigie. Raises ConfigError."""
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        return path
    folder = Path(__file__).with_name("scenarios")
    known = sorted(item.stem for item in folder.glob("*.toml"))
    if name in known:
        return folder / f"{name}.toml"
    raise ConfigError(f"{name}: no such file, and none of the scenarios that come with Vigie: {', '.join(known)}")


def load(path: Path) -> Scenario:
    """The scenario of a file, its orbits and grids looked at too.

    Raises ConfigError naming file, line and key, and what would be right.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable: {error}") from None
    read = parse(text, str(path), path.parent)
    _check_files(read, Where(str(path), lines(text)))
    return read


def _check_files(scenario: Scenario, where: Where) -> None:
    from vigie.sim.world import World

    world = World(scenario)
    for index, group in enumerate(scenario.satellites):
        try:
            list(world.satellites_of(group))
        except ConfigError as error:
            raise where.error(("satellites", index, "orbits"), f"cannot be used: {error}") from None
    try:
        _ = world.ground
    except ConfigError as error:
        raise where.error(("terrain",), f"cannot be used: {error}") from None


def parse(text: str, name: str, folder: Path = Path()) -> Scenario:
    """The scenario that a text states; ``name`` is what errors call it, ``folder`` where its paths begin."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: no TOML: {error}") from None
    where = Where(name, lines(text))
    built: dict[str, Any] = {}
    for key, value in tree.items():
        if key in _MANY:
            if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
                raise where.error((key,), f"is no array of tables: write [[{key}]] above each")
            built[key] = tuple(convert(item, _TABLES[key], (key, index), where) for index, item in enumerate(value))
        elif key in _TABLES:
            built[key] = convert(value, _TABLES[key], (key,), where)
        else:
            built[key] = value
    scenario: Scenario = convert(built | {"folder": str(folder)}, Scenario, (), where)
    _check(scenario, where)
    return scenario


class Where:
    """Names places in the file."""

    def __init__(self, name: str, found: dict[KeyPath, int]) -> None:
        self.name, self.found = name, found

    def error(self, path: KeyPath, words: str) -> ConfigError:
        line = line_of(self.found, path)
        place = self.name if line is None else f"{self.name}, line {line}"
        keys = "".join(f"[{key + 1}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
        return ConfigError(f"{place}: {keys} {words}" if keys else f"{place}: {words}")


def convert(value: Any, kind: Any, path: KeyPath, where: Where) -> Any:
    """A table as its struct. Inner tables one by one first, so that an error knows their number."""
    if isinstance(value, dict) and kind is not Scenario:
        value = dict(value)
        known = {field.name for field in msgspec.structs.fields(kind)}
        for key in value.keys() & _INNER.keys() & known:
            inner = value[key]
            if isinstance(inner, list) and all(isinstance(item, dict) for item in inner):
                value[key] = tuple(
                    convert(item, _INNER[key], (*path, key, index), where) for index, item in enumerate(inner)
                )
            elif isinstance(inner, dict):
                value[key] = convert(inner, _INNER[key], (*path, key), where)
    if isinstance(value, dict):
        known = {field.name for field in msgspec.structs.fields(kind)} - {"folder" if kind is Scenario else ""}
        for key in value.keys() - known - {"folder"}:
            raise where.error((*path, key), f"is no key of this table; {_close(key, known)}")
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise where.error(*_reason(str(error), path)) from None


def _reason(words: str, path: KeyPath) -> tuple[KeyPath, str]:
    """Where in a table a value is wrong and why, out of msgspec's sentence."""
    missing = re.search(r"missing required field `(\w+)`", words)
    if missing:
        return path, f"has no {missing.group(1)}, which is needed"
    sentence, _, at = words.partition(" - at `$")
    deeper = tuple(key for key in re.findall(r"\.(\w+)", at))
    return (*path, *deeper), f"is not right: {sentence[0].lower()}{sentence[1:]}"


def _close(key: str, known: set[str]) -> str:
    near = difflib.get_close_matches(key, known, 1)
    return f"is {near[0]} meant?" if near else f"it has {', '.join(sorted(known))}"


def _check(scenario: Scenario, where: Where) -> None:
    """What no single value shows: times in order, messages that can be made, names that are unique."""
    for key in ("start", "end"):
        value = getattr(scenario, key)
        if value is not None:
            try:
                instants.parse(value)
            except InputError as error:
                raise where.error((key,), f"is no time: {error}") from None
    if (scenario.duration_s is None) == (scenario.end is None):
        raise where.error(("end",) if scenario.end else ("start",), "needs one of duration_s and end beside it")
    if scenario.length_s <= 0:
        raise where.error(("end",), f"is not after start: {scenario.end} comes before {scenario.start}")
    if not scenario.beacons and not scenario.crowds:
        raise where.error((), "there is no beacon: at least one [[beacons]] or [[crowds]] is needed")
    _windows(scenario, where)
    for table in ("stations", "beacons", "crowds", "interference"):
        seen: set[str] = set()
        for index, item in enumerate(getattr(scenario, table)):
            if item.name in seen:
                raise where.error((table, index, "name"), f"is {item.name!r} a second time: names are unique")
            seen.add(item.name)
    from vigie.sim.says import refuse_bad_message

    for table in ("beacons", "crowds"):
        for index, sender in enumerate(getattr(scenario, table)):
            refuse_bad_message(sender, partial(_at, where, (table, index)))


def _at(where: Where, first: KeyPath, key: KeyPath, words: str) -> ConfigError:
    return where.error((*first, *key), words)


def _windows(scenario: Scenario, where: Where) -> None:
    """Spans of time that end before they begin."""

    def ordered(path: KeyPath, begin: float, end: float) -> None:
        if end <= begin:
            raise where.error(path, f"ends before it begins: {end:g} is not after {begin:g}")

    for table, key in (("satellites", "off"), ("stations", "off"), ("interference", "on")):
        for index, item in enumerate(getattr(scenario, table)):
            for window in getattr(item, key):
                ordered((table, index, key), *window)
    for index, beacon in enumerate(scenario.beacons):
        if beacon.off_s is not None:
            ordered(("beacons", index, "off_s"), beacon.on_s, beacon.off_s)
        if beacon.on_s >= scenario.length_s:
            raise where.error(
                ("beacons", index, "on_s"), f"is after the end of the scenario at {scenario.length_s:g} s"
            )
        times = [point.at_s for point in beacon.track]
        if times != sorted(set(times)):
            raise where.error(("beacons", index, "track"), "has times that do not rise")
        if beacon.at_s is not None and list(beacon.at_s) != sorted(beacon.at_s):
            raise where.error(("beacons", index, "at_s"), "has times that do not rise")
    for index, crowd in enumerate(scenario.crowds):
        if crowd.lasting_s is not None and crowd.lasting_s[1] < crowd.lasting_s[0]:
            raise where.error(("crowds", index, "lasting_s"), "has the longest time before the shortest")
        if crowd.box[2] < crowd.box[0]:
            raise where.error(("crowds", index, "box"), "has its north below its south: south, west, north, east")
    channel = scenario.output.channel
    if channel.until_s is not None:
        ordered(("output", "channel", "until_s"), channel.from_s, channel.until_s)
