"""SoapySDR through a module that behaves as its Python binding does: no radio is needed."""

from __future__ import annotations

import sys
import types
from typing import Any, ClassVar

import numpy as np
import pytest

from vigie.errors import ConfigError, RecordingError
from vigie.live.urls import open_feed, open_source


class Result:
    def __init__(self, ret: int) -> None:
        self.ret = ret


class Device:
    """A receiver with 6 dB steps, automatic gain, and a driver that overflows once and then stalls."""

    opened: ClassVar[list[Device]] = []

    def __init__(self, arguments: str) -> None:
        if "absent" in arguments:
            raise RuntimeError("SoapySDR::Device::make() no match")
        self.arguments, self.set, self.reads = arguments, {}, 0
        Device.opened.append(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("set"):
            return lambda *values: self.set.__setitem__(name[3:], values)
        raise AttributeError(name)

    def getSampleRate(self, direction: int, channel: int) -> float:  # noqa: N802, the binding's own names
        return 2e6 if "odd" in self.arguments else float(self.set["SampleRate"][2])

    def hasGainMode(self, direction: int, channel: int) -> bool:  # noqa: N802
        return True

    def hasFrequencyCorrection(self, direction: int, channel: int) -> bool:  # noqa: N802
        return True

    def setupStream(self, direction: int, layout: str, channels: list[int]) -> str:  # noqa: N802
        assert (direction, layout, channels) == (1, "CF32", [0])
        return "stream"

    def activateStream(self, stream: str) -> None:  # noqa: N802
        self.active = True

    def deactivateStream(self, stream: str) -> None:  # noqa: N802
        self.active = False

    def closeStream(self, stream: str) -> None:  # noqa: N802
        self.closed = True

    def readStream(self, stream: str, buffers: list[Any], count: int, timeoutUs: int = 0) -> Result:  # noqa: N802, N803
        self.reads += 1
        if self.reads == 3:
            return Result(-4)
        if self.reads > 5:
            return Result(-1)
        buffers[0][:1000] = np.complex64(0.5 + 0.25j) * self.reads
        return Result(1000)


@pytest.fixture
def soapy(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("SoapySDR")
    for name, value in {
        "SOAPY_SDR_RX": 1,
        "SOAPY_SDR_CF32": "CF32",
        "SOAPY_SDR_TIMEOUT": -1,
        "SOAPY_SDR_OVERFLOW": -4,
        "Device": Device,
        "errToStr": lambda code: f"error {code}",
    }.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, "SoapySDR", module)
    Device.opened.clear()


def test_a_radio_is_set_and_read(soapy: None, caplog: pytest.LogCaptureFixture) -> None:
    feed = open_feed("soapy://driver=rtlsdr,serial=7?rate_hz=1e6&centre_hz=406.05e6&gain_db=30&ppm=1.5&stall_s=1")
    samples = []
    for block in feed.blocks():
        samples += list(block.iq)
        if len(samples) >= 4000:
            feed.close()
    device = Device.opened[0]
    assert device.arguments == "driver=rtlsdr,serial=7"
    assert device.set["Frequency"] == (1, 0, 406.05e6)
    assert device.set["GainMode"] == (1, 0, False)
    assert device.set["Gain"] == (1, 0, 30.0)
    assert device.set["FrequencyCorrection"] == (1, 0, 1.5)
    assert samples[:1000] == [0.5 + 0.25j] * 1000
    assert len(samples) == 4000
    assert device.closed
    assert not device.active
    assert "driver lost samples" in caplog.text


def test_what_cannot_be_had_is_said(soapy: None) -> None:
    with pytest.raises(RecordingError, match="no such radio can be opened"):
        list(open_source("soapy://driver=absent").blocks())
    with pytest.raises(ConfigError, match="samples at 2e\\+06 Hz"):
        list(open_source("soapy://odd").blocks())


def test_without_the_module_the_way_to_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "SoapySDR", None)
    with pytest.raises(ConfigError, match="apt install python3-soapysdr"):
        open_feed("soapy://driver=airspy")
