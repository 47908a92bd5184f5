"""Sources by their URL: ``rtl_tcp://``, ``soapy://``, ``udp://``, ``-`` as a live pipe; and files."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from typing import get_args
from urllib.parse import parse_qsl

from vigie.errors import ConfigError, RecordingError
from vigie.live import rtl_tcp, soapy, udp_audio
from vigie.live.feed import STALL_S, Driver, Feed
from vigie.live.pipe import Pipe
from vigie.signal.recording import RAW_FORMATS, Audio, Recording, Wanted, check_rate, open_recording

SCHEMES = ("rtl_tcp", "soapy", "udp")
EXAMPLES = "rtl_tcp://127.0.0.1:1234, soapy://driver=airspy, udp://127.0.0.1:7355"


@dataclass(frozen=True, slots=True)
class Radio:
    """How a radio is set; None where the user says nothing."""

    gain_db: float | None = None
    ppm: float | None = None
    antenna: str | None = None
    stall_s: float | None = None


_NOTHING, _AS_IT_IS = Wanted(), Radio()
_NUMBERS = ("rate_hz", "centre_hz", "gain_db", "ppm", "stall_s")
_WORDS = ("audio", "format", "antenna")


def is_live(url: str) -> bool:
    """Whether a source is named by a URL."""
    return "://" in url


def open_source(url: str, wanted: Wanted = _NOTHING, radio: Radio = _AS_IT_IS, *, live: bool = False) -> Recording:
    """Any source as a recording whose blocks can be read once. A live one that is not there at once is given up.

    ``live``: standard input is a radio's. Raises RecordingError and ConfigError.
    """
    if not is_live(url) and not (live and url == "-"):
        return open_recording(url, wanted)
    feed = open_feed(url, wanted, radio)
    feed.patient = False
    return Recording(feed.name, feed.blocks, feed.rate_hz, feed.centre_hz, None, None)


def open_feed(url: str, wanted: Wanted = _NOTHING, radio: Radio = _AS_IT_IS) -> Feed:
    """A live source, not yet connected. What the arguments say wins over the URL's own parameters."""
    if url == "-":
        return _pipe(wanted, radio)
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise RecordingError(f"{url}: sources of kind {scheme}:// are unknown; known are {EXAMPLES}, and files")
    place, _, query = rest.partition("?")
    wanted, radio = _with_query(url, query, wanted, radio)
    if wanted.start is not None:
        raise ConfigError(f"{url}: a live source has the time of this computer's clock; a start cannot be given")
    return {"rtl_tcp": _rtl_tcp, "soapy": _soapy, "udp": _udp}[scheme](url, place, wanted, radio)


def _with_query(url: str, query: str, wanted: Wanted, radio: Radio) -> tuple[Wanted, Radio]:
    """The settings with what the URL says where they are silent."""
    said: dict[str, float | str] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        if name in _NUMBERS:
            try:
                said[name] = float(text)
            except ValueError:
                raise ConfigError(f"{url}: {name}={text} is no number") from None
        elif name in _WORDS:
            said[name] = text
        else:
            near = difflib.get_close_matches(name, [*_NUMBERS, *_WORDS], 1)
            hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join([*_NUMBERS, *_WORDS])
            raise ConfigError(f"{url}: unknown parameter {name}: {hint}")
    if said.get("audio", "iq") not in get_args(Audio):
        raise ConfigError(f"{url}: audio={said['audio']}: it must be one of {', '.join(get_args(Audio))}")
    for name, value in said.items():
        holder: Wanted | Radio = radio if hasattr(radio, name) else wanted
        if getattr(holder, name) is None:
            changed = replace(holder, **{name: value})  # type: ignore[arg-type]
            wanted, radio = (wanted, changed) if isinstance(changed, Radio) else (changed, radio)
    return wanted, radio


def _address(url: str, place: str, default: int) -> tuple[str, int]:
    """Host and port. Raises ConfigError."""
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, str(default)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"{url}: {port!r} is no port: write it as in {EXAMPLES}")
    return host.strip("[]"), int(port)


def _rtl_tcp(url: str, place: str, wanted: Wanted, radio: Radio) -> Feed:
    host, port = _address(url, place, rtl_tcp.PORT)
    if not host:
        raise ConfigError(f"{url} names no host: write it as rtl_tcp://127.0.0.1:{rtl_tcp.PORT}")
    rate_hz = rtl_tcp.RATE_HZ if wanted.rate_hz is None else wanted.rate_hz
    if not any(low <= rate_hz <= high for low, high in rtl_tcp.RATES_HZ):
        ranges = " or ".join(f"{low:.0f} to {high:.0f}" for low, high in rtl_tcp.RATES_HZ)
        raise ConfigError(f"{url}: an RTL-SDR cannot sample at {rate_hz:g} Hz, only at {ranges}")
    centre_hz = rtl_tcp.CENTRE_HZ if wanted.centre_hz is None else wanted.centre_hz
    if not 0 < centre_hz < 2**32:
        raise ConfigError(f"{url}: a centre frequency of {centre_hz:g} Hz cannot be tuned to")
    ppm = radio.ppm or 0.0
    driver = rtl_tcp.RtlTcp(host, port, centre_hz, radio.gain_db, ppm)
    rest = 1 + (ppm - round(ppm)) * 1e-6  # what the radio's whole-numbered correction leaves
    return _feed(url.partition("?")[0], driver, "cu8", rate_hz * rest, centre_hz * rest, radio)


def _soapy(url: str, place: str, wanted: Wanted, radio: Radio) -> Feed:
    soapy.module()  # said at once, not when the source is first read
    centre_hz = rtl_tcp.CENTRE_HZ if wanted.centre_hz is None else wanted.centre_hz
    rate_hz = soapy.RATE_HZ if wanted.rate_hz is None else wanted.rate_hz
    check_rate(f"{url}: a sample rate of", rate_hz)
    driver = soapy.Soapy(place, centre_hz, radio.gain_db, radio.ppm or 0.0, radio.antenna)
    return _feed(url.partition("?")[0], driver, "cf32", rate_hz, centre_hz, radio)


def _udp(url: str, place: str, wanted: Wanted, radio: Radio) -> Feed:
    host, port = _address(url, place, udp_audio.PORT)
    rate_hz = udp_audio.RATE_HZ if wanted.rate_hz is None else wanted.rate_hz
    check_rate(f"{url}: a sample rate of", rate_hz)
    layout = wanted.format or "s16"
    audio = wanted.audio or ("discriminator" if layout == "s16" else "iq")
    if (audio == "iq") == (layout == "s16"):
        raise ConfigError(f"{url}: format={layout} and audio={audio} do not go together: s16 is audio, the others I/Q")
    centre_hz = wanted.centre_hz if audio == "iq" else None
    feed = _feed(url.partition("?")[0], udp_audio.UdpAudio(host or "0.0.0.0", port), layout, rate_hz, centre_hz, radio)
    feed.audio = audio
    return feed


def _pipe(wanted: Wanted, radio: Radio) -> Feed:
    if wanted.format is None or wanted.rate_hz is None:
        flag = "a format (cu8 for rtl_sdr)" if wanted.format is None else "a sample rate"
        raise RecordingError(f"standard input does not say what it holds: give {flag}")
    feed = _feed("standard input", Pipe(), wanted.format, wanted.rate_hz, wanted.centre_hz, radio)
    if wanted.audio is not None:
        feed.audio = wanted.audio
    return feed


def _feed(name: str, driver: Driver, layout: str, rate_hz: float, centre_hz: float | None, radio: Radio) -> Feed:
    if layout not in RAW_FORMATS:
        raise ConfigError(f"{name}: format {layout}: it must be one of {', '.join(RAW_FORMATS)}")
    stall_s = STALL_S if radio.stall_s is None else radio.stall_s
    if not stall_s > 0:
        raise ConfigError(f"{name}: stall_s = {stall_s:g}: it must be a positive number of seconds")
    return Feed(name, driver, RAW_FORMATS[layout], rate_hz, centre_hz, stall_s=stall_s)
