"""Messages made from values alone, as an alert gives them, and values that do not fit."""

from __future__ import annotations

from typing import Any

import pytest

from vigie import sit

ENVELOPE: dict[str, Any] = {
    "msg_no": "00012",
    "orig_no": "00000",
    "orig_facility": "2270",
    "transmit_time": "2022-02-18T12:39:00Z",
    "dest": "3660",
}
SOLUTION = {
    "sol": "D",
    "prob": None,
    "ee_nm": 5,
    "lat": 47.11333,
    "lon": -122.465,
    "detect_time": "2022-02-18T12:37:21Z",
    "sat": "MEO",
    "num": 4,
    "source": "FMCC",
    "srr": ["CGD13"],
}
ALERT_185: dict[str, Any] = {
    **ENVELOPE,
    "sit": "185",
    "title": "DISTRESS COSPAS-SARSAT INITIAL LOCATED ALERT",
    "orig_mcc": "FMCC",
    "ref": "2DC7433BFCFFBFF",
    "beacon_id": "2DC7433BFCFFBFF",
    "country_code": "366",
    "country_name": "USA",
    "detect_time": "2022-02-18T12:37:21Z",
    "detect_precision": "s",
    "detected_by": "MEOSAR",
    "detection_frequency_mhz": 406.037,
    "positions": {
        "confirmed": None,
        "doppler_a": None,
        "doppler_b": None,
        "doa": {"lat": 47.11333, "lon": -122.465, "ee_nm": 5},
        "encoded": {"lat": 47.1145, "lon": -122.4685},
    },
    "remarks": ["WHICH POSITION IS RIGHT IS NOT KNOWN"],
}


def agree(values: dict[str, Any]) -> sit.Sit:
    """Write, read back, and compare every value given."""
    message = sit.parse(sit.format_message(values))
    wrong = {key: (value, message.facts.get(key)) for key, value in values.items() if message.facts.get(key) != value}
    assert not wrong
    return message


@pytest.mark.parametrize("layout", ["reorganised", "legacy"])
def test_a_185_in_both_layouts(layout: str) -> None:
    message = agree({**ALERT_185, "layout": layout})
    assert message.unread == ()


def test_a_185_alone_and_inside_a_narrative() -> None:
    alone = {key: value for key, value in ALERT_185.items() if key not in ENVELOPE or key == "msg_no"}
    assert sit.format_message(alone).startswith("1. DISTRESS")
    assert sit.parse(sit.format_message(alone)).values["positions"] == ALERT_185["positions"]
    assert agree({**ALERT_185, "form": "sit185", "sit": "915"}).form == "sit185"


def test_national_text() -> None:
    message = agree({
        **ENVELOPE,
        "sit": "174",
        "title": "406 BEACON POSITION UPDATE",
        "beacon_id": "2DC7433BFCFFBFF",
        "site_id": "75100",
        "mcc_reference_position": {"lat": 47.11333, "lon": -122.465, "duration_h": 0.5, "srr": ["CGD13", "CGD17"]},
        "solutions": [SOLUTION, {**SOLUTION, "sol": "U", "lat": None, "lon": None, "ee_nm": None}],
        "previous_solutions": [{**SOLUTION, "sol": "A", "prob": 61, "ee_nm": None}],
        "position_confirmed": True,
        "position_conflict": True,
        "uncorroborated": True,
        "doppler_nominal_5km": True,
        "cancellation_confirmed": False,
        "detection_frequency_mhz": None,
        "detection_frequency_note": "FREQUENCY IS UNRELIABLE",
        "first_detect_time": "2022-02-18T12:30:00Z",
        "country_name": "USA",
        "serial": "256",
        "registration": ["OWNER: X", "", "  TEL 1: 1"],
        "sent_to": [f"RCC{number}" for number in range(30)],
        "previously_sent_to": [],
    })  # fmt: skip
    assert message.unread == ()


def test_sarmaster_without_fields() -> None:
    values = {
        **ENVELOPE,
        "form": "sarmaster",
        "sit": "177",
        "satellite": "300",
        "n_alerts": "01",
        "lut": "3669",
        "detect_time": "2022-02-18T12:37:21.50Z",
        "beacon_id": "A78DF00363403AD",
        "beacon_id_mid": 316,
        "beacon_message_30hex": "53C6F801B1A01D6B50911000000000",
        "num_points": 4,
        "country_name": "CANADA",
        "position_confirmed": True,
        "resolved": {"lat": 54.345, "lon": -130.357},
        "doa_matching": {"lat": 54.351, "lon": -130.362, "expected_error_nm": 13},
    }
    assert agree(values).unread == ()


def test_the_automated_format_without_fields() -> None:
    values = {
        **ENVELOPE,
        "sit": "164E",
        "beacon_id": "2DD79DB3BF81FE0",
        "site_id": "143801",
        "reliable": False,
        "beacon_type": "PLB SERIAL (NATIONAL)",
        "detect_time": "2022-02-18T12:37:21Z",
        "sat": "S12",
        "lut": "3673",
        "encoded": {"lat": 43.0456, "lon": -115.8678, "quality": "R"},
        "doppler_a": {"lat": 43.0431, "lon": -115.8753, "prob": 64},
        "doppler_b": {"lat": 51.5094, "lon": -71.4631, "prob": 36},
        "resolved": {"lat": 43.0453, "lon": -115.8688},
    }
    assert agree(values).form == "usmcc_auto"


def test_a_ladr_upload() -> None:
    agree(
        {
            "identifier": "f4f66928-8a15-4e72-b827-e53d98f06ffb",
            "timestamp": "2022-12-01T20:08:03.717Z",
            "contributor_code": "001",
            "adt_type": "ELT_DT",
            "adt_activation_method": "100003",
            "aircraft_address": "AF0F67",
            "beacon_id": "1A72E26E013FDFF",
            "time_at_position": "2022-07-19T14:52:32.340Z",
            "operator_3ld": "A&<",
            "lat": 28.0,
            "lon": -82.00001,
            "altitude": "2800",
            "altitude_uom": "FT",
            "altitude_source": "GNSS",
            "horizontalAccuracy": "4.52",
            "horizontal_accuracy_uom": "KM",
        }
    )


def test_a_narrative() -> None:
    agree({**ENVELOPE, "sit": "605", "narrative": ["SYSTEM STATUS", "", "ALL WELL"]})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"msg_no": None}, "msg_no None is not a number"),
        ({"transmit_time": "yesterday"}, "yesterday"),
        ({"dest": "A/B"}, "dest 'A/B'"),
        ({"title": None}, "needs a title"),
        ({"remarks": ["/ENDMSG"]}, "would end the message"),
        ({"remarks": ["A\nB"]}, "is no line"),
        ({"positions": {"doa": {"lat": "north", "lon": 1.0}}}, "does not fit"),
        ({"detect_time": "2022-02-30T00:00:00Z"}, "is no time"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(sit.SitError, match=reason):
        sit.format_message({**ALERT_185, **change})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"25": 91.0}, "field 25 .latitude.: 91.0 degrees is beyond 90"),
        ({"665": "A/B"}, "field 665 .*does not fit between two slashes"),
        ({"11": "36"}, "field 11 .source LUT.: '36' is not 4 digits"),
        ({"22": "XYZ"}, "field 22 .*hexadecimal"),
    ],
)
def test_a_field_that_does_not_fit_is_refused_by_number(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(sit.SitError, match=reason):
        sit.format_message({**ENVELOPE, "form": "sarmaster", "sit": "173", "fields": fields})
