"""Syslog and InfluxDB lines, over real sockets and from what strangers write."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Any

import pytest

from vigie.errors import ConfigError
from vigie.links.line_forms import influx, syslog
from vigie.links.settings import Influx, Syslog
from vigie.links.traffic import sink_of

PLACE = {"latitude": 45.0, "longitude": -5.0, "method": "encoded", "ehe_m": 75.7}
BODY: dict[str, Any] = {"hex_id": "1C6FFE0002FFBFF", "category": "distress", "category_words": "Distress",
                        "state": "located", "bursts": 2, "country": "France", "exercise": False,
                        "position": PLACE}  # fmt: skip
ROW: dict[str, Any] = {"seq": 3, "time": "2026-11-22T06:00:00.123456789Z", "kind": "alert", "beacon": "1C6FFE0002FFBFF",
                       "body": BODY}  # fmt: skip
MESSAGE = re.compile(r"<(\d+)>1 (\S+) (\S+) vigie - (\w+) - \ufeff(.*)")


def test_a_live_distress_alert_is_critical_and_an_exercise_is_not() -> None:
    found = MESSAGE.fullmatch(syslog(ROW, "roof"))
    assert found
    assert found.groups()[:4] == (str(16 * 8 + 2), "2026-11-22T06:00:00.123456Z", "roof", "alert")
    assert "Distress" in found[5]
    drill = MESSAGE.fullmatch(syslog({**ROW, "body": {**BODY, "exercise": True}}, "roof"))
    assert drill
    assert drill[1] == str(16 * 8 + 6)


def test_a_point_has_its_place_and_its_nanosecond() -> None:
    assert influx(ROW) == (
        "vigie_alert,hex_id=1C6FFE0002FFBFF,category=distress,method=encoded,exercise=false "
        'latitude=45.0,longitude=-5.0,ehe_m=75.7,bursts=2.0,state="located" 1795327200123456789'
    )
    assert influx({**ROW, "body": {"exercise": False}}) == ""


def test_what_strangers_write_makes_no_second_line_or_field() -> None:
    body = {**BODY, "category_words": "a\n<0>1 b", "source": "x,y=1 z\\\nvigie v=1", "state": 'a"b\\\n'}
    row = {**ROW, "body": body}
    assert len(syslog(row, "a b\n").splitlines()) == 1
    point = influx(row)
    assert len(point.splitlines()) == 1
    assert r"source=x\,y\=1\ z\\\ vigie\ v\=1," in point
    assert 'state="a\\"b\\\\ "' in point


def test_an_address_that_cannot_be_used_is_refused() -> None:
    for settings in (Syslog(to="/var/log/x"), Syslog(to="udp://host"), Influx(to="http://influx:8086")):
        with pytest.raises(ConfigError, match=r"output\.to"):
            sink_of(settings, None, "origin")


def test_a_datagram_is_a_message(tmp_path: Path) -> None:
    from vigie.links.sinks import Lines
    from vigie.sim.detections import PLB, detection
    from vigie.store.journal import Journal

    journal = Journal.open(str(tmp_path / "a.sqlite"))
    rows = journal.append([detection(PLB, n, latitude=45.0, longitude=-5.0) for n in range(3)])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as heard:
        heard.bind(("127.0.0.1", 0))
        heard.settimeout(10)
        for settings, start in ((Syslog, b"<134>1 "), (Influx, b"vigie_detection,")):
            sink = Lines(settings(to=f"udp://127.0.0.1:{heard.getsockname()[1]}"))
            assert sink.batch == 1
            sink.send(rows[:1])
            assert heard.recv(65536).startswith(start)
            sink.close()
    journal.close()
