"""What stands in the way of good work on this machine: packages, clock, Earth-orientation data, folders, devices.

Each check is a function that returns findings and never raises; together they are what ``vigie doctor`` prints. Nothing
is changed and nothing is sent anywhere.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata, util
from pathlib import Path
from typing import Literal

import numpy as np

Verdict = Literal["ok", "note", "warning", "failure"]

EXTRAS: dict[str, tuple[str, str]] = {
    "pyarrow": ("archive", "Parquet files in and out"),
    "matplotlib": ("plot", "plots as PNG and HTML"),
}
"""optional packages: import name -> extra, what it is for"""
RTL_SDR_USB = {("0bda", "2832"), ("0bda", "2838")}
"""USB vendor and product of the receivers that librtlsdr drives"""
LEAST_FREE_BYTES = 1 << 30
MOST_CLOCK_ERROR_S = 0.1
"""a clock known no better than this spoils the times of arrival that are compared with other stations'"""
STALE_EOP_DAYS = 180.0
_MJD_UNIX = 40587
"""Modified Julian Date of 1970-01-01"""
LEAP_NOTICE_DAYS = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    check: str
    verdict: Verdict
    text: str
    advice: str = ""


def findings(now: np.datetime64, data_folder: Path) -> Iterator[Finding]:
    """Everything there is to say; ``data_folder``: where ``vigie run`` keeps its journal by default."""
    yield from packages()
    yield from clock()
    yield from earth(now)
    yield from folders(data_folder)
    yield from devices()


def packages() -> Iterator[Finding]:
    """Python, this package, what is optional and missing, and whether sgp4 has its compiled core."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", "ok", f"{version} at {sys.executable}")
    yield Finding("vigie", "ok", f"{metadata.version('vigie')} at {Path(__file__).parent}")
    for name, (extra, use) in EXTRAS.items():
        if util.find_spec(name) is None:
            yield Finding(name, "note", f"not installed: no {use}", f"pip install 'vigie[{extra}]'")
        else:
            yield Finding(name, "ok", f"{metadata.version(name)}: {use}")
    from sgp4.api import accelerated

    if accelerated:
        yield Finding("sgp4", "ok", f"{metadata.version('sgp4')} with its compiled core")
    else:
        yield Finding("sgp4", "warning", "its compiled core is missing: orbits are computed 100 times slower",
                      "install sgp4 from a wheel")  # fmt: skip


class _Timex(ctypes.Structure):
    """The head of Linux's ``struct timex`` (adjtimex(2)); the rest is room that the kernel may write to."""

    _fields_ = (
        ("modes", ctypes.c_uint), ("offset", ctypes.c_long), ("freq", ctypes.c_long), ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long), ("status", ctypes.c_int), ("rest", ctypes.c_byte * 256),
    )  # fmt: skip


_CLOCK_UNSYNCHRONISED = 5


def clock() -> Iterator[Finding]:
    """Whether the system's clock is disciplined (NTP, PTP or GPS), and how well by the kernel's own account."""
    advice = "run chrony or another NTP client, or a GPS clock: times of bursts come from this clock"
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (AttributeError, OSError, TypeError):
        yield Finding("clock", "note", "this system does not tell whether its clock is synchronised", advice)
        return
    timex = _Timex()
    state = adjtimex(ctypes.byref(timex))
    if state < 0:
        yield Finding("clock", "note", f"cannot be asked: {os.strerror(ctypes.get_errno())}", advice)
        return
    error_s = timex.maxerror / 1e6
    if state == _CLOCK_UNSYNCHRONISED:
        yield Finding("clock", "warning", "not synchronised, says the kernel", advice)
    elif error_s > MOST_CLOCK_ERROR_S:
        yield Finding("clock", "warning", f"synchronised, but only within {error_s:.3f} s", advice)
    else:
        yield Finding("clock", "ok", f"synchronised within {error_s * 1e3:.1f} ms, says the kernel")


def earth(now: np.datetime64) -> Iterator[Finding]:
    """How old the Earth-orientation and leap-second data are: without them positions drift eastward or westward."""
    from vigie.orbit.earth import packaged

    table = packaged()
    today = float(now.astype("datetime64[ns]").astype("int64")) / 86_400e9 + _MJD_UNIX
    advice = "pip install -U astropy-iers-data"
    age, ahead = today - table.measured_until_mjd, float(table.mjd[-1]) - today
    sigma_s = float(table.at(np.asarray(now, "datetime64[ns]"))[1])
    error = f"UT1 known within {sigma_s * 1e3:.1f} ms ({sigma_s * 465:.1f} m on the equator)"
    if ahead < 0:
        yield Finding("Earth orientation", "failure", f"the table ended {-ahead:.0f} days ago; {error}", advice)
    elif age > STALE_EOP_DAYS:
        yield Finding("Earth orientation", "warning", f"measured until {age:.0f} days ago; {error}", advice)
    else:
        yield Finding("Earth orientation", "ok", f"measured until {age:.0f} days ago, predicted {ahead:.0f} days "
                      f"ahead; {error}")  # fmt: skip
    until = _leap_seconds_until()
    if until is None:
        yield Finding("leap seconds", "note", "the table does not say until when it holds")
        return
    left = float((until - now) / np.timedelta64(1, "D"))
    text = f"the table holds until {np.datetime_as_string(until, unit='D')}"
    if left < 0:
        yield Finding("leap seconds", "failure", f"{text}: that is past", advice)
    else:
        yield Finding("leap seconds", "warning" if left < LEAP_NOTICE_DAYS else "ok", text,
                      advice if left < LEAP_NOTICE_DAYS else "")  # fmt: skip


def _leap_seconds_until() -> np.datetime64 | None:
    """The date after which the packaged table of leap seconds may miss one; None when it does not say."""
    import astropy_iers_data

    for line in Path(astropy_iers_data.IERS_LEAP_SECOND_FILE).read_text(encoding="utf-8").splitlines():
        if "expires on" in line:
            return np.datetime64(datetime.strptime(line.split("expires on")[1].strip(), "%d %B %Y"), "ns")
    return None


def folders(data_folder: Path) -> Iterator[Finding]:
    """Whether the journal can be written, and for how long."""
    existing = next(path for path in (data_folder, *data_folder.parents) if path.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".vigie-doctor-") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield Finding("journal folder", "failure", f"{data_folder} cannot be written: {error.strerror or error}",
                      "give another with vigie run --store sqlite:///PATH")  # fmt: skip
        return
    free = shutil.disk_usage(existing).free
    text = f"{data_folder}: writable, {free / 1e9:.1f} GB free"
    if free < LEAST_FREE_BYTES:
        yield Finding("journal folder", "warning", text, "make room: a journal that cannot grow stops the alerts")
    else:
        yield Finding("journal folder", "ok", text)


def devices(usb: Path = Path("/sys/bus/usb/devices")) -> Iterator[Finding]:
    """Receivers that are plugged in, and whether a driver is there for them."""
    found = []
    for vendor in sorted(usb.glob("*/idVendor")):
        product = vendor.with_name("idProduct")
        try:
            pair = (vendor.read_text().strip(), product.read_text().strip())
        except OSError:
            continue
        if pair in RTL_SDR_USB:
            found.append(vendor.parent.name)
    if found:
        yield Finding("RTL-SDR", "ok", f"plugged in: USB {', '.join(found)}")
        if shutil.which("rtl_tcp") is None:
            yield Finding("rtl_tcp", "warning", "not installed", "apt install rtl-sdr")
    else:
        yield Finding("RTL-SDR", "note", "none plugged into this machine; recordings and network sources work without")
    if util.find_spec("SoapySDR") is None:
        yield Finding("SoapySDR", "note", "not importable: no soapy:// sources",
                      "apt install python3-soapysdr, and a Python that sees it")  # fmt: skip
    else:
        yield Finding("SoapySDR", "ok", "importable: soapy:// sources")
