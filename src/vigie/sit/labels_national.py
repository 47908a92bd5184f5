"""Headings and labels of national text (RCC manual v5.1, chapters 3 and 4), as tables."""

from __future__ import annotations

BLOCKS = (
    ("reference", "MCC REFERENCE POSITION"),
    ("conflict", "POSITION DIFFERENCES OF MORE THAN"),
    ("solutions", "DETECTION TIME AND POSITIONS"),
    ("solutions", "NEW ALERT INFORMATION"),
    ("solutions", "POSITION UPDATED FROM"),
    ("solutions", "POSITION CONFIRMED FROM"),
    ("solutions", "POSITION CONFLICT FROM"),
    ("decode", "ENCODED INFORMATION"),
    ("registration", "BEACON REGISTRATION DATABASE INFORMATION"),
    ("registration", "REGISTRATION INFORMATION"),
    ("support", "SUPPORTING INFORMATION"),
    ("feedback", "INCIDENT FEEDBACK REPORT"),
)
"""what a heading begins a block of; the first heading that none of these is in is the title"""

DECODE = {
    "COUNTRY": "country_name",
    "BEACON TYPE": "beacon_type",
    "COUNTRY CODE": "country_code",
    "CRAFT ID": "craft_id",
    "SPECIFIC BEACON": "specific_beacon",
    "MANUFACTURER": "manufacturer",
    "MODEL": "model",
    "SERIAL NUM": "serial",
    "SERIAL NUMBER": "serial",
    "24 BIT ADDR": "addr24",
    "HOMING": "homing",
    "POSITION DEVICE": "position_device",
    "POSITION RESOLUTION": "position_resolution",
    "ACTIVATION TYPE": "activation_type",
    "AIRCRAFT OPERATOR DESIGNATOR": "aircraft_operator",
    "AIRCRAFT OPERATOR SERIAL NUMBER": "aircraft_operator_serial",
    "CRAFT ID TYPE": "craft_id_type",
    "TIME OF GNSS POSITION UPDATE": "gnss_update_time_text",
    "ALTITUDE OF GNSS LOCATION": "altitude_text",
    "REMAINING BATTERY CAPACITY": "battery_text",
    "ELAPSED TIME SINCE ACTIVATION": "elapsed_text",
    "RLS PROVIDER": "rls_provider",
    "RLS BEACON TYPE": "rls_type",
    "PROGRAM": "program",
    "PROGRAM BLOCK REGISTRATION ID": "program_block_id",
    "SEPIRB ID": "sepirb_id",
    "MINUTES FOR GPS LOC": "gps_minutes",
    "HOURS ACTIVE": "hours_active",
}
"""labels of the decode block and the keys they become"""
