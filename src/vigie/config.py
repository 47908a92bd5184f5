"""The configuration of a station or a centre: one TOML file, read strictly. What is not understood is refused.

Each section is a frozen record; its fields are the keys. Paths are relative to the folder of the file.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import msgspec

from vigie.config_tree import Where, unknown
from vigie.errors import ConfigError
from vigie.links.settings import AnyOutput, Broker, Exchange, Link
from vigie.web.settings import Access, Tls


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Station(Section, frozen=True, kw_only=True):
    """``[station]``: who receives, and where."""

    name: str | None = None
    """goes before the name of every source, so that several stations can share a console"""
    position_deg: list[float] | None = None
    """latitude and longitude in degrees, north and east positive, and metres above the ellipsoid"""
    site: str | None = None
    """what the place is called"""


class SourceSettings(Section, frozen=True, kw_only=True):
    """``[[source]]``: something that delivers samples."""

    name: str | None = None
    url: str | None = None
    """rtl_tcp://HOST:PORT, soapy://ARGUMENTS, udp://HOST:PORT, or - for standard input"""
    file: str | None = None
    """a recording, instead of url"""
    rate_hz: float | None = None
    centre_hz: float | None = None
    gain_db: float | None = None
    ppm: float | None = None
    """by how many millionths the radio's quartz is fast"""
    antenna: str | None = None
    """for SoapySDR: which of the radio's antenna sockets"""
    bands_hz: list[tuple[float, float]] = []
    """only these parts of what is sampled, each a channel"""
    doppler_hz: float = 13_000.0
    """how far from 406.05 MHz second-generation bursts are looked for: 13000 finds all that a satellite hears, 1500 all
    that a ground station does, at a third of the cost; 0: none"""
    format: Literal["cf32", "cs16", "cs8", "cu8", "s16"] | None = None
    audio: Literal["discriminator", "phase", "iq"] | None = None
    start: str | None = None
    """of a file: UTC of its first sample, ISO 8601"""
    speed: float | None = None
    """of a file: times real time; as fast as it can be read if not given"""
    stall_s: float = 5.0
    """without samples: the source counts as lost and is connected again"""
    exercise: bool = False
    """everything received is marked EXERCISE"""
    snippets: bool = True
    """keep the samples of every burst"""


class StoreSettings(Section, frozen=True, kw_only=True):
    """``[store]``: the journal."""

    url: str | None = None
    """SQLAlchemy URL, or a file for SQLite"""


class WebSettings(Section, frozen=True, kw_only=True):
    """``[web]``: the console."""

    host: str = "127.0.0.1"
    port: int = 8406
    browser: bool = True
    """open the console in a browser at the start"""


class SnippetSettings(Section, frozen=True, kw_only=True):
    """``[snippets]``: the samples of every burst, as SigMF recordings."""

    keep: bool = True
    folder: str = "snippets"
    most_mb: float = 2000.0
    """the oldest go when there are more"""
    most_days: float = 30.0
    """older ones go"""
    margin_s: float = 0.1
    """kept before and after the burst"""


class Orbits(Section, frozen=True, kw_only=True):
    """``[orbits]``: where the satellites are; with it, what names its satellite is located."""

    files: list[str]
    """TLE, OMM, SP3 or RINEX navigation; read again when one of them has changed"""


class RegisterSettings(Section, frozen=True, kw_only=True):
    """``[register]``: the beacons whose owners are known."""

    table: str = ""
    """CSV with a heading"""
    url: str = ""
    """an outside register, asked in the background for what the table has not: {hex_id} stands for the beacon's ID,
    {country} for its country code"""
    timeout_s: float = 5.0
    token_file: str = ""
    """a file with a token that is sent with each question"""


class CentreSettings(Section, frozen=True, kw_only=True, omit_defaults=True):
    """``[centre]``: who sends messages. The keys of ``vigie.centre``."""

    name: str
    code: str
    capability: str | None = None
    practice: Literal["international", "us"] | None = None
    training: bool | None = None
    areas: str | None = None
    clean_luts: list[str] | None = None
    backing_up: list[str] | None = None
    contributor: str | None = None
    base: str | None = None


class DestinationSettings(Section, frozen=True, kw_only=True, omit_defaults=True):
    """``[destinations.NAME]``: somebody who is told."""

    code: str | None = None
    kind: Literal["rcc", "spoc", "mcc", "repository", "test"] | None = None
    form: Literal["national", "sit185", "narrative", "sarmaster", "ladr"] | None = None
    buffer_km: float | None = None
    echo: str | None = None
    nodal: str | None = None
    capability: str | None = None
    backs_up: str | None = None


class CountrySettings(Section, frozen=True, kw_only=True, omit_defaults=True):
    """``[countries.CODE]``: who is told about beacons of a country."""

    unlocated: list[str] | str | None = None
    security: list[str] | str | None = None


class SpecialSettings(Section, frozen=True, kw_only=True, omit_defaults=True):
    """``[[special]]``: beacons that are routed otherwise."""

    prefix: str
    name: str | None = None
    to: list[str] | str | None = None
    replace: bool | None = None
    header: str | None = None


class Config(Section, frozen=True, kw_only=True):
    """The whole file."""

    station: Station = Station()
    source: list[SourceSettings] = []
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    snippets: SnippetSettings = SnippetSettings()
    access: Access = Access()
    tls: Tls | None = None
    output: list[AnyOutput] = []
    link: list[Link] = []
    exchange: list[Exchange] = []
    broker: list[Broker] = []
    orbits: Orbits | None = None
    centre: str | CentreSettings | None = None
    """or the file in which the tables of a centre stand"""
    destinations: dict[str, DestinationSettings] = {}
    countries: dict[str, CountrySettings] = {}
    special: list[SpecialSettings] = []
    register: RegisterSettings | None = None

    @property
    def receives(self) -> bool:
        """Whether anything can come in: from a radio, or, at a centre, from stations, brokers and other centres."""
        others = self.output, self.link, self.exchange, self.broker, self.centre
        return bool(self.source) or any(others) or self.access != Access()


_MOST_DOPPLER_HZ = 50_000.0
EXAMPLE = """\
# A station, or a centre, of Vigie. Start it with:  vigie run station.toml
# Check this file with:               vigie config check station.toml

[station]
name = "hillside"                     # goes before the name of every source
position_deg = [48.38, -4.49, 95.0]   # latitude, longitude, metres above the ellipsoid
site = "the hill above the harbour"

[[source]]
name = "north"
url = "rtl_tcp://127.0.0.1:1234"      # or soapy://driver=airspy, udp://127.0.0.1:7355, or - for standard input
rate_hz = 250000                      # an RTL-SDR: 225001 to 300000, or 900001 to 3200000
centre_hz = 406.1e6                   # beside the beacons' channels: the radio's own line lies at its centre
gain_db = 40                          # leave it out for automatic gain
ppm = 0.0                             # by how many millionths the radio's quartz is fast
bands_hz = [[406.0e6, 406.1e6]]       # training beacons: [[433.9e6, 434.0e6]], with a centre_hz near it
doppler_hz = 1500                     # reach for second-generation bursts; a satellite's needs 13000, as if left out
stall_s = 5.0                         # without samples for so long, it is connected again

# [[source]]
# name = "a recording"
# file = "pass.sigmf-meta"            # relative to the folder of this file
# speed = 1.0                         # times real time; left out: as fast as it can be read
# exercise = true                     # everything in it is marked EXERCISE

# [[source]]
# name = "scanner"
# url = "udp://127.0.0.1:7355"        # what gqrx sends: 16-bit audio of its FM demodulator
# rate_hz = 48000
# audio = "discriminator"             # or phase

[store]
url = "station.sqlite"                # or postgresql+psycopg://user@host/vigie; --store on the command line wins

[web]
host = "127.0.0.1"                    # off loopback everybody signs in, and a certificate is needed
port = 8406                           # --port on the command line wins
browser = true

[snippets]
keep = true                           # the samples of every burst, as SigMF recordings
folder = "snippets"
most_mb = 2000                        # the oldest go when there are more
most_days = 30
margin_s = 0.1

# [orbits]                            # what names the satellite that heard it is located
# files = ["orbits.tle"]              # TLE, OMM, SP3, RINEX navigation; read again when they change

# [access]
# required = true                     # on loopback too; left out: off loopback, behind a proxy, under another name
# hosts = ["vigie.example"]           # names under which it is reached
# proxies = ["127.0.0.1"]             # reverse proxies to be believed

# [tls]
# certificate = "server.pem"
# key = "server.key"

# [[output]]                          # as many as wanted: jsonl, text, csv, syslog, influx, geojson, kml, mqtt, ...
# kind = "jsonl"
# to = "all.jsonl"                    # - for standard output, a file, tcp://HOST:PORT, udp://HOST:PORT

# [[link]]                            # what this station receives goes to a centre
# to = "wss://centre.example"
# token_file = "centre.token"         # made there by: vigie users token NAME

# A centre needs no source of its own: stations deliver to it.

# [centre]                            # or centre = "centre.toml" at the top of this file
# name = "FMCC"
# code = "2270"
# practice = "international"          # or us
# areas = "areas"                     # a folder of GeoJSON

# [destinations.GRISNEZ]
# code = "CROSS1"
# kind = "rcc"
# form = "sit185"

# [countries.227]
# unlocated = ["GRISNEZ"]

# [register]
# table = "beacons.csv"
# url = "https://register.example/beacons/{hex_id}"     # asked in the background for what the table has not

# [[exchange]]                        # messages to and from another centre, as files
# own = "FMCC"
# partner = "USMCC"
# source = "2270"
# destination = "3660"
# outgoing = "to-usmcc"               # a folder, or ftps://USER@HOST/FOLDER with password_file
# incoming = "from-usmcc"

# [[broker]]                          # detections taken from NATS JetStream, by one of several workers
# servers = ["tls://broker.example:4222"]
# parts = 8
# take = [0, 1, 2, 3]
"""


def example(*, service: bool = False) -> str:
    """A commented configuration to begin with; for a ``service``, which may write to /var/lib/vigie alone."""
    if not service:
        return EXAMPLE
    columns = {'url = "station.sqlite"': 'url = "/var/lib/vigie/vigie.sqlite"', "browser = true": "browser = false",
               'folder = "snippets"': 'folder = "/var/lib/vigie/snippets"'}  # fmt: skip
    text = EXAMPLE
    for mine, its in columns.items():
        text = text.replace(f"\n{mine} ", f"\n{its} ").replace(f"\n{mine}\n", f"\n{its}\n")
    return text


def load(path: str | Path) -> Config:
    """Read a file. Raises ConfigError naming the file, the line, the key and what would be right."""
    config, wrong = check(path)
    if wrong or config is None:
        more = f" (and {len(wrong) - 1} more: vigie config check {path})" if len(wrong) > 1 else ""
        raise ConfigError(wrong[0] + more)
    return config


def check(path: str | Path) -> tuple[Config | None, list[str]]:
    """The configuration in a file and everything that is wrong with it, a sentence each. Opens no source."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        return None, [f"{path} cannot be read: {error.strerror}"]
    except UnicodeDecodeError as error:
        return None, [f"{path} is no UTF-8 text, at byte {error.start}"]
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, [f"{path}: no TOML: {error}"]
    wrong = [_told(path, text, where, words) for where, words in unknown(raw, Config)]
    if wrong:
        return None, wrong
    try:
        config = msgspec.convert(raw, Config)
    except msgspec.ValidationError as error:
        words, _, at = str(error).partition(" - at `$")
        where = tuple(int(part) if part.isdecimal() else part for part in re.findall(r"[^.\[\]`]+", at))
        if named := re.match(r"(access)\.(\w+): (.*)", words):  # the table's own check says which key
            where, words = (named[1], named[2]), named[3]
        return None, [_told(path, text, _of_map(raw, where), words[0].lower() + words[1:])]
    return config, [_told(path, text, where, words) for where, words in _unfit(config)]


def _told(path: str | Path, text: str, where: Where, words: str) -> str:
    line = line_of(text, where)
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in where).lstrip(".")
    return f"{path}{f', line {line}' if line else ''}: {key + ': ' if key else ''}{words}"


def _of_map(raw: Any, where: Where) -> Where:
    """A place as far as it is known: the key of a map is not told."""
    at, found = raw, list[str | int]()
    for part in where:
        if isinstance(at, dict) and part not in at:
            break
        found.append(part)
        at = at[part] if isinstance(at, dict) else at[int(part)] if isinstance(at, list) else None
    return tuple(found)


def _unfit(config: Config) -> Iterator[tuple[Where, str]]:
    """Values of the right kind that cannot be used."""
    position = config.station.position_deg
    if position is not None and not (len(position) in (2, 3) and abs(position[0]) <= 90 and abs(position[1]) <= 180):
        words = "[latitude, longitude] or [latitude, longitude, metres] is expected, -90 to 90 and -180 to 180 degrees"
        yield ("station", "position_deg"), words
    if not 0 <= config.web.port <= 65535:
        yield ("web", "port"), "a port from 0 (any free one) to 65535 is expected"
    for key in ("most_mb", "most_days", "margin_s"):
        value = getattr(config.snippets, key)
        if not (value > 0 and math.isfinite(value)):
            yield ("snippets", key), f"{value:g}: a positive number is expected"
    yield from _unfit_centre(config)
    names: set[str] = set()
    for index, source in enumerate(config.source):
        at: Where = ("source", index)
        name = name_of(source)
        if (source.url is None) == (source.file is None):
            yield at, "one of url and file is expected"
        elif name in names:
            yield (*at, "name"), f"{name!r} is the name of another source too: give each its own"
        names.add(name)
        for key in ("rate_hz", "speed", "stall_s"):
            number = getattr(source, key)
            if number is not None and not (number > 0 and math.isfinite(number)):
                yield (*at, key), f"{number:g}: a positive number is expected"
        if not 0 <= source.doppler_hz <= _MOST_DOPPLER_HZ:
            yield (*at, "doppler_hz"), f"{source.doppler_hz:g}: 0 to {_MOST_DOPPLER_HZ:g} Hz are expected"
        for low, high in source.bands_hz:
            if not 0 < low < high:
                yield (*at, "bands_hz"), f"[{low:g}, {high:g}]: a band is [low, high] in Hz"
        for key in ("gain_db", "ppm", "antenna"):
            if source.file is not None and getattr(source, key) is not None:
                yield (*at, key), "it is for radios, and a file is none"
        for key in ("speed", "start"):
            if source.url is not None and getattr(source, key) is not None:
                yield (*at, key), "it is for files: a live source has its own pace and time"


def _unfit_centre(config: Config) -> Iterator[tuple[Where, str]]:
    """What a centre and its links contradict."""
    parts = [name for name in ("destinations", "countries", "special") if getattr(config, name)]
    if parts and not isinstance(config.centre, CentreSettings):
        there = "in the file of the centre" if config.centre else "beside a [centre]: who sends?"
        yield (parts[0],), f"it belongs {there}"
    if config.exchange and config.centre is None:
        yield ("exchange", 0), "messages are written by a centre: add [centre] with its name and code"
    for index, link in enumerate(config.link):
        try:
            link.check()
        except ConfigError as error:
            yield ("link", index, "to"), str(error).removeprefix("link.to ").removeprefix("link.to: ")
    partners = [exchange.partner for exchange in config.exchange]
    for index, partner in enumerate(partners):
        if partner in partners[:index]:
            yield ("exchange", index, "partner"), f"{partner!r} has an exchange already"


def name_of(source: SourceSettings) -> str:
    """What a source is called: its name, or else where it comes from."""
    return source.name or (source.url or source.file or "source").partition("?")[0]


def line_of(text: str, where: Where) -> int | None:
    """The line of a TOML text in which a key stands, or its table begins; None when it cannot be told."""
    table = [part for part in where if isinstance(part, str)]
    wanted = next((part for part in where if isinstance(part, int)), 0)
    current: list[str] = []
    seen, best = -1, None
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[{1,2}\s*([^\]]+?)\s*\]", line)
        if header:
            current = [part.strip().strip("\"'") for part in header[1].split(".")]
            seen += current == table[:1] and line.lstrip().startswith("[[")
            if current == table[: len(current)] and (not line.lstrip().startswith("[[") or seen == wanted):
                best = number
                if current == table:
                    return number
            continue
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if key and [*current, *(part.strip("\"'") for part in key[1].split("."))] == table and seen in (-1, wanted):
            return number
    return best
