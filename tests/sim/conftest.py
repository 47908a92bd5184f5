"""A small world for the tests of the simulator."""

from __future__ import annotations

import pytest

SMALL = """\
title = "A small world"
start = "2026-08-23T00:00:00Z"
duration_s = 900
seed = 5

[[satellites]]
system = "MEO"
select = ["GSAT0"]

[[satellites]]
system = "LEO"

[[stations]]
name = "MEOLUT"
system = "MEO"
latitude = 43.56
longitude = 1.48
antennas = 8

[[stations]]
name = "LEOLUT"
system = "LEO"
latitude = 43.56
longitude = 1.48

[[beacons]]
name = "yacht"
kind = "EPIRB"
message = { protocol = "user_radio_callsign", country_code = 227, callsign = "VIGI001" }
latitude = 46.2
longitude = -8.4
motion = { course_deg = 120, speed_mps = 0.5 }
tumble_s = 6.0

[[beacons]]
name = "hiker"
kind = "PLB"
message = { generation = "SGB", tac = 10020, serial_number = 77, country_code = 224, beacon_type = "PLB" }
position = "internal"
latitude = 42.787
longitude = -0.146
altitude_m = 2300
on_s = 100

[[beacons]]
name = "jet"
kind = "ELT_DT"
position = "internal"
first_fix_s = 0
latitude = 44.0
longitude = -12.0
altitude_m = 10500
on_s = 200
off_s = 600

[beacons.message]
protocol = "elt_dt"
country_code = 227
aircraft_24bit = "F0F0F0"
operator = "QQQ"

[[beacons.track]]
at_s = 0
latitude = 44.0
longitude = -12.0
altitude_m = 10500

[[beacons.track]]
at_s = 400
latitude = 43.4
longitude = -13.2
altitude_m = 6000

[[crowds]]
name = "crowd"
count = 3
kind = "PLB"
message = { protocol = "std_plb_serial", country_code = 366, tac = 1020, serial_number = 9000 }
position = "internal"
box = [30.0, -30.0, 50.0, 10.0]
"""


@pytest.fixture
def small() -> str:
    """The text of a scenario of fifteen minutes."""
    return SMALL
