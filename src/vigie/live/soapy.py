"""Radios that SoapySDR drives (Airspy, SDRplay, HackRF, bladeRF, RTL-SDR and many more), for receiving only.

SoapySDR's Python module comes from the system (Debian: ``python3-soapysdr``), not from a package index; it is imported
when such a source is opened, not before.
"""

from __future__ import annotations

import importlib
import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from vigie.errors import ConfigError
from vigie.live.feed import Feed, LostError

log = logging.getLogger(__name__)

RATE_HZ = 250_000.0
_BUFFER = 1 << 15
_POLL_US = 500_000


def module() -> Any:
    """The SoapySDR module. Raises ConfigError when it is not there."""
    try:
        return importlib.import_module("SoapySDR")
    except ImportError as error:
        raise ConfigError(
            "soapy:// needs SoapySDR's Python module, which this Python does not have "
            f"({error}). Debian and Ubuntu: apt install python3-soapysdr soapysdr-module-all, and an environment made "
            "with --system-site-packages on the system's own Python"
        ) from None


@dataclass(frozen=True, slots=True)
class Soapy:
    """A driver for ``Feed``. Samples come as CF32."""

    arguments: str
    """of the device, as SoapySDR writes them: driver=airspy,serial=..."""
    centre_hz: float
    gain_db: float | None = None
    """None: automatic gain where the radio has it"""
    ppm: float = 0.0
    antenna: str | None = None
    channel: int = 0

    def __call__(self, feed: Feed) -> None:
        """Read until ``feed.stop``; raises LostError, and ConfigError without SoapySDR or for a rate it cannot have."""
        soapy = module()
        try:
            device = soapy.Device(self.arguments)
        except RuntimeError as error:
            raise LostError(f"no such radio can be opened: {error}") from None
        try:
            self._set(soapy, device, feed)
            stream = device.setupStream(soapy.SOAPY_SDR_RX, soapy.SOAPY_SDR_CF32, [self.channel])
            device.activateStream(stream)
            try:
                feed.connected(float(device.getSampleRate(soapy.SOAPY_SDR_RX, self.channel)))
                self._listen(soapy, device, stream, feed)
            finally:
                device.deactivateStream(stream)
                device.closeStream(stream)
        except RuntimeError as error:
            raise LostError(str(error)) from None

    def _set(self, soapy: Any, device: Any, feed: Feed) -> None:
        receive, channel = soapy.SOAPY_SDR_RX, self.channel
        device.setSampleRate(receive, channel, feed.rate_hz)
        got_hz = float(device.getSampleRate(receive, channel))
        if abs(got_hz / feed.rate_hz - 1) > 0.01:
            raise ConfigError(
                f"soapy://{self.arguments} samples at {got_hz:g} Hz, not at {feed.rate_hz:g}: ask for that"
            )
        if self.antenna is not None:
            device.setAntenna(receive, channel, self.antenna)
        if self.ppm and device.hasFrequencyCorrection(receive, channel):
            device.setFrequencyCorrection(receive, channel, self.ppm)
        device.setFrequency(receive, channel, self.centre_hz)
        automatic = bool(device.hasGainMode(receive, channel))
        if automatic:
            device.setGainMode(receive, channel, self.gain_db is None)
        if self.gain_db is not None:
            device.setGain(receive, channel, self.gain_db)
        elif not automatic:
            log.warning("soapy://%s has no automatic gain: its own default is used; state gain_db", self.arguments)

    def _listen(self, soapy: Any, device: Any, stream: Any, feed: Feed) -> None:
        buffer = np.empty(_BUFFER, np.complex64)
        silent_s = 0.0
        while not feed.stop.is_set():
            result = device.readStream(stream, [buffer], len(buffer), timeoutUs=_POLL_US)
            if result.ret > 0:
                silent_s = 0.0
                feed.give(buffer[: result.ret].tobytes())
            elif result.ret == soapy.SOAPY_SDR_OVERFLOW:
                feed.overflow()
            elif result.ret in (soapy.SOAPY_SDR_TIMEOUT, 0):
                silent_s += _POLL_US / 1e6
                if silent_s >= feed.stall_s:
                    raise LostError(f"no samples for {feed.stall_s:g} s")
            else:
                raise LostError(f"SoapySDR says {soapy.errToStr(result.ret)}")
