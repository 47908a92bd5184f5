"""Each trap of real traffic has a message of its own: read as far as it goes, nothing lost, refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vigie import sit
from vigie.sit import values as forms

HEAD = "/12345 00000/3660/22 049 1239\n"
TAIL = "QQQQ\n/LASSIT\n/ENDMSG\n"


def national(rows: str = "", header: str = HEAD, number: str = "171", extra: str = "") -> sit.Sit:
    text = (
        f"{header}/{number}/366S\n\n**** 406 BEACON INITIAL LOCATED ALERT ****\n\n"
        "BEACON ID: 2DC74 33BFC FFBFF   SITE ID: 75100\n"
        "\n**** DETECTION TIME AND POSITIONS FOR THE BEACON ****\n\n"
        "PROB EE SOL LATITUDE    LONGITUDE   DETECT TIME   SAT NUM SOURCE SRR  /BUFFER/BUFF_2\n"
        f"{rows}\n{extra}\n{TAIL}"
    )
    return sit.parse(text)


def alert185(lines: str, title: str = "1. DISTRESS COSPAS-SARSAT INITIAL ALERT") -> sit.Sit:
    return sit.parse(f"{HEAD}/185/CNAM\n/\n{title}\n2. MSG NO 12345 USMCC REF 09272\n{lines}\nEND OF MESSAGE\n{TAIL}")


def unread(message: sit.Sit) -> list[str]:
    return [row["text"] for row in message.unread]


# --- envelope ---------------------------------------------------------------------------------------------------------


def test_a_missing_first_slash_is_tolerated_and_said() -> None:
    message = national(header="12345 00000/3660/22 049 1239\n")
    assert message.values["msg_no"] == "12345"
    assert message.notes[0] == {"line": 1, "message": "the first slash is missing"}


@pytest.mark.parametrize("end", ["/LASSIT\n/ENDMSG", "/LASTSIT\n/ENDMSG", "/LASSIT", "LASSIT\nENDMSG"])
def test_every_known_ending_ends_the_body(end: str) -> None:
    message = sit.parse(f"{HEAD}/605/2270/004/01\nTEXT\n{end}\n")
    assert message.values["narrative"] == ["TEXT"]


def test_a_message_cut_off_is_read_and_said_to_be_cut() -> None:
    message = sit.parse(
        f"{HEAD}/171/366S\n**** 406 BEACON INITIAL LOCATED ALERT ****\nBEACON ID: 2DC74 33BFC FFBFF   SI"
    )
    assert message.values["title"] == "406 BEACON INITIAL LOCATED ALERT"
    assert "no /ENDMSG: the message may have been cut off" in [note["message"] for note in message.notes]
    assert message.unread


def test_lines_of_the_transport_are_kept() -> None:
    message = sit.parse(
        "ZCZC ABC123\r\nFF LOWWYCYX\r\n" + (HEAD + "/915/2270\nHELLO\n" + TAIL).replace("\n", "\r\n") + "NNNN\r\n"
    )
    assert message.values["narrative"] == ["HELLO"]
    assert unread(message) == ["ZCZC ABC123", "FF LOWWYCYX", "NNNN"]


def test_a_damaged_header_does_not_cost_the_alert() -> None:
    message = national("61   N/A A 01 22.2N      103 59.9E   18 130234 FEB S13 008 VNMCC SIMCC", header="/1#345 00\n")
    assert message.values["transmit_time"] is None
    assert message.values["solutions"][0]["lat"] == 1.37
    assert message.values["solutions"][0]["detect_time"] is None
    assert message.values["solutions"][0]["detect_time_text"] == "18 130234 FEB"


def test_a_missing_envelope_does_not_cost_the_alert() -> None:
    text = national("N/A 005 D 47 06.8N 122 27.9W 18 020154 FEB MEO 004 HI-MEO CGD13").text.split("\n", 2)[2]
    message = sit.parse(text)
    assert message.values["solutions"][0]["lon"] == -122.465
    assert message.values["sit"] is None


def test_unknown_destinations_and_facilities_are_kept_as_printed() -> None:
    message = sit.parse("/12345 00000/3680/22 049 1239\n/915/MEXISP\nX\n" + TAIL)
    assert (message.values["orig_facility"], message.values["dest"]) == ("3680", "MEXISP")


def test_a_retransmission_keeps_its_original_number() -> None:
    message = sit.parse("/37646 37644/3660/22 140 1230\n/915/2270\nX\n" + TAIL)
    assert (message.values["msg_no"], message.values["orig_no"]) == ("37646", "37644")


def test_several_messages_in_a_file_are_told_apart(shared: Path) -> None:
    paths = sorted((shared / "mcc" / "samples").glob("*.txt"))
    pieces = list(sit.split(b"".join(path.read_bytes() for path in paths)))
    assert len(pieces) == len(paths)
    for path, (first, text) in zip(paths, pieces, strict=True):
        alone, together = sit.parse(path.read_bytes()), sit.parse(text, first)
        assert (path.name, together.values) == (path.name, alone.values)


def test_a_second_alert_whose_header_is_lost_is_read_on_its_own() -> None:
    second = national("61   N/A A 01 22.2N      103 59.9E   18 130234 FEB S13 008 VNMCC SIMCC").text
    cut_off = national().text.split("\nQQQQ")[0] + "\n/1@345 00/36\n"
    pieces = [sit.parse(text, first) for first, text in sit.split(cut_off + second.split("\n", 1)[1])]
    assert [piece.values["sit"] for piece in pieces] == ["171", "171"]
    assert pieces[1].values["solutions"][0]["lat"] == 1.37


def test_a_title_out_of_its_place_costs_no_position() -> None:
    text = alert185("").text.replace("1. DISTRESS", "MCC REFERENCE - 25 53.9N 080 16.8W\n1. DISTRESS")
    assert sit.parse(text).values["positions"]["confirmed"] == {"lat": 25.89833, "lon": -80.28}


def test_no_text_is_slow() -> None:
    import time

    units = (
        "* ",
        "BEACON ID: ",
        " ",
        "N/A ",
        "/",
        "LUT: A ",
        "DOPPLER A - ",
        "12 12.0N ",
        "COUNTRY: ",
        "1. COSPAS SARSAT ",
    )
    began = time.process_time()
    for unit in units:
        for width in (60, 1900, 190_000):
            body = unit * (190_000 // len(unit))
            rows = "\n".join(body[place : place + width] for place in range(0, len(body), width))
            for head in ("/171/366S\n**** DETECTION TIME AND POSITIONS ****\n", "/185/X\n", "/175/X/300/01\n"):
                sit.parse(f"{HEAD}{head}{rows}\n{TAIL}")
    assert time.process_time() - began < 60  # 17 MB take one or two seconds


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "near", "expected"),
    [
        ("24 184321 DEC", "2015-12-25T18:44:00Z", "2015-12-24T18:43:21Z"),
        ("31 235950 DEC", "2016-01-01T00:05:00Z", "2015-12-31T23:59:50Z"),  # the header is of the new year
        ("01 000500 JAN", "2015-12-31T23:58:00Z", "2016-01-01T00:05:00Z"),  # a Doppler TCA lies in the future
        ("10 092931 JUL", "2022-12-21T21:31:00Z", "2022-07-10T09:29:31Z"),
        ("06 122700 MAY", "2022-12-24T01:10:00Z", "2022-05-06T12:27:00Z"),
        ("29 120000 FEB", "2024-03-01T00:00:00Z", "2024-02-29T12:00:00Z"),
        ("29 120000 FEB", "2023-03-01T00:00:00Z", None),
        ("31 120000 JUN", "2023-03-01T00:00:00Z", None),
        ("09 1834 JUL", "2015-07-09T18:46:00Z", "2015-07-09T18:34:00Z"),
        ("06 1202700 MAY", "2022-05-20T12:30:00Z", None),
        ("24 184321 DEC", None, None),
    ],
)
def test_the_year_of_a_time_comes_from_the_header(text: str, near: str | None, expected: str | None) -> None:
    assert forms.national(text, near) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22 358 0002", "2022-12-24T00:02:00Z"),
        ("16 366 1026", "2016-12-31T10:26:00Z"),
        ("15 366 1026", None),
        ("99 279 1958", "1999-10-06T19:58:00Z"),
        ("15 293 1441.00", "2015-10-20T14:41:00Z"),
        ("13 345 194431", "2013-12-11T19:44:31Z"),
        ("16 109 1812 35.33", "2016-04-18T18:12:35.33Z"),
        ("99 280 1131 60.00", "1999-10-07T11:32:00Z"),
        ("22 049 2460", None),
        ("00 000 0000", None),
    ],
)
def test_day_of_year_times(text: str, expected: str | None) -> None:
    assert forms.julian(text) == expected


def test_a_detection_in_the_future_and_out_of_order_stays_where_it_was_printed() -> None:
    rows = "N/A N/A U N/A  18 130234 FEB S13 008 VNMCC\nN/A N/A U N/A  18 110234 FEB S13 008 VNMCC\n"
    times = [
        row["detect_time"] for row in national(rows + "N/A N/A U N/A  19 110234 FEB S13 008 VNMCC").values["solutions"]
    ]
    assert times == ["2022-02-18T13:02:34Z", "2022-02-18T11:02:34Z", "2022-02-19T11:02:34Z"]


def test_an_impossible_date_is_kept_as_text() -> None:
    message = national("N/A 005 D 47 06.8N 122 27.9W 31 020154 FEB MEO 004 HI-MEO CGD13")
    assert message.values["solutions"][0]["detect_time"] is None
    assert message.values["solutions"][0]["detect_time_text"] == "31 020154 FEB"


# --- positions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20 31.8S 140 01.0E", (-20.53, 140.01667)),
        ("25 13.1 N  080 00.0 W", (25.21833, -80.0)),
        ("-00 00.0N 000 00.0W", (0.0, 0.0)),
        ("-10 30.0N 010 00.0E", (-10.5, 10.0)),
        ("10 60.0N 179 60.0E", (11.0, 180.0)),
        ("05 10 S 178 01 E", (-5.16667, 178.01667)),
        ("21 20.12N 95 59.43W", (21.33533, -95.9905)),
        ("90 00.1N 000 00.0E", None),
        ("10 60.1N 000 00.0E", None),
        ("10 00.0N 180 00.1W", None),
        ("25 53 54N 080 16 48W", None),  # degrees, minutes, seconds: not this form, and not 53 degrees
    ],
)
def test_positions_as_centres_print_them(text: str, expected: tuple[float, float] | None) -> None:
    found = forms.position(text)
    assert (found and found[:2]) == expected


def test_a_position_out_of_range_is_no_position_but_kept() -> None:
    message = national("61   N/A A 91 22.2N      103 59.9E   18 130234 FEB S13 008 VNMCC SIMCC")
    assert message.values["solutions"][0]["lat"] is None
    assert message.values["solutions"][0]["position_text"] == "91 22.2N      103 59.9E"
    assert message.notes


def test_an_encoded_position_off_its_own_grid_is_said_to_be_odd() -> None:
    row, resolution = (
        "N/A N/A E 36 30.{}N 072 30.00W 18 184321 FEB MEO 002 SPMCC4 CGD05",
        "\n**** ENCODED INFORMATION ****\n",
    )
    resolution += "POSITION RESOLUTION: 4 SECONDS"
    assert not national(row.format("07"), extra=resolution).notes
    assert "4 seconds" in national(row.format("10"), extra=resolution).notes[0]["message"]


def test_expected_errors_that_are_no_numbers_of_miles_are_said_so() -> None:
    message = national(
        "N/A 000 D 47 06.8N 122 27.9W 18 020154 FEB MEO 004 HI-MEO\n"
        "N/A 999 D 47 06.8N 122 27.9W 18 020154 FEB MEO 004 X"
    )
    assert [row["ee_nm"] for row in message.values["solutions"]] == [0, 999]
    assert ["not known" in note["message"] or "over 150" in note["message"] for note in message.notes] == [True, True]


def test_a_wrapped_solution_row_is_joined() -> None:
    message = national("61   N/A A 01 22.2N      103 59.9E   18 130234 FEB\n   S13 008 VNMCC SIMCC")
    assert message.values["solutions"][0]["srr"] == ["SIMCC"]


def test_a_row_that_cannot_be_read_is_listed() -> None:
    message = national("61   N/A A 01 22.2N      103 5@.9E   18 130234 FEB S13 008 VNMCC SIMCC")
    assert message.values["solutions"] == []
    assert any("103 5@.9E" in text for text in unread(message))


# --- national text ----------------------------------------------------------------------------------------------------


def test_the_outcome_is_told_by_the_reference_position_not_by_the_title() -> None:
    row = "N/A 005 D 47 06.8N 122 27.9W 18 020154 FEB MEO 004 HI-MEO"
    extra = "**** MCC REFERENCE POSITION ****\nLATITUDE LONGITUDE DURATION SRR\n47 06.8N 122 27.9W 000.0 HRS CGD13"
    assert national(row).values["position_confirmed"] is False
    assert national(row, number="174", extra=extra).values["position_confirmed"] is True


def test_a_masked_identity_is_no_identity_but_kept() -> None:
    text = national().text.replace("2DC74 33BFC FFBFF", "XXXXX XXXXX XXXXX")
    message = sit.parse(text)
    assert message.values["beacon_id"] is None
    assert "XXXXX XXXXX XXXXX" in unread(message)


@pytest.mark.parametrize("dash", ["-", "\u2013", "\u2014"])
def test_any_dash_in_a_status(dash: str) -> None:
    message = sit.parse(national().text.replace("\n\n****", f"\n\nSTATUS: OPEN {dash} NO DETECTION\n****", 1))
    assert message.values["status"] == f"OPEN {dash} NO DETECTION"


def test_bytes_that_are_no_utf8_are_read() -> None:
    data = national().text.encode().replace(b"\n\n****", b"\n\nSTATUS: OPEN \x96 NO DETECTION\n****", 1)
    assert sit.parse(data).values["status"] == "OPEN \u2013 NO DETECTION"


def test_the_unreliable_identity_is_marked() -> None:
    message = sit.parse(
        national().text.replace("\n\n****", "\n\n!!! UNRELIABLE BEACON (HEXADECIMAL) ID !!!!!!\n\n****", 1)
    )
    assert message.values["special_header"] == "UNRELIABLE BEACON (HEXADECIMAL) ID"
    assert message.values["beacon_message_reliable"] is False


def test_two_values_for_one_label_are_both_kept() -> None:
    message = national(extra="FIRST DETECT TIME: 18 123720 FEB\nFIRST DETECT TIME: 18 123721 FEB")
    assert message.values["first_detect_time"] == "2022-02-18T12:37:20Z"
    assert "FIRST DETECT TIME: 18 123721 FEB" in unread(message)


# --- numbers used twice -----------------------------------------------------------------------------------------------


def test_one_number_means_two_things() -> None:
    slashed = "/3669/+8/+02968.7 000.5 -00.08/16 109 1812 35.33/0\n/0/00.000/0013\n"
    slashed += "/00000/01/01/ /000.421/0/0/A78DF00363403AD/X\n"
    missed = sit.parse(f"{HEAD}/170/3160/004/01\n{slashed}{TAIL}")
    assert (missed.form, national(number="170").form) == ("sarmaster", "usmcc_rcc")
    assert national(number="164").form == "usmcc_rcc"  # US text had 160-169 until 2016


def test_a_185_is_found_inside_a_narrative(shared: Path) -> None:
    inner = (shared / "mcc" / "samples" / "s185_new_format_confirmed_doppler.txt").read_text()
    body = inner.split("/185/CNAM\n/\n")[1]
    message = sit.parse(f"{HEAD}/915/2320\n{body}")
    assert (message.form, message.values["sit"]) == ("sit185", "915")
    assert message.values["positions"]["doppler_a"] == {"lat": 25.93167, "lon": -80.31667, "prob": 50}


def test_a_narrative_that_speaks_of_cospas_sarsat_is_no_alert() -> None:
    message = sit.parse(
        f"{HEAD}/915/2320\nPLEASE CHECK COSPAS-SARSAT ALERT 123: NOT DETECTED AT OUR LUT, HEX ID WRONG\n{TAIL}"
    )
    assert message.form == "narrative"


def test_an_unknown_number_is_kept_as_text() -> None:
    message = sit.parse(f"{HEAD}/417/2270\nANY TEXT\n{TAIL}")
    assert (message.form, message.values["narrative"], unread(message)) == ("unknown", ["ANY TEXT"], ["ANY TEXT"])


def test_alerts_between_centres_are_marked_as_read_by_inference() -> None:
    body = "/3675/+12018.4 005.3 +01.12/15 274 2238 31.48/02\n/96E736C98F25EF3FE99E370E23BABA\n/2DCE6D931EFFBFF\n"
    message = sit.parse(f"{HEAD}/122/3160/215/01\n{body}{TAIL}")
    assert message.form == "a002_automatic"
    assert any("inferred" in note["message"] for note in message.notes)
    with pytest.raises(sit.SitError, match="is not written"):
        sit.format_message(message.facts)


# --- slashed messages -------------------------------------------------------------------------------------------------


def sarmaster(shared: Path, name: str = "sm175_doa_unconfirmed.txt") -> str:
    return (shared / "mcc" / "samples" / name).read_text()


def test_residuals_wrapped_onto_a_line_of_their_own(shared: Path) -> None:
    text = sarmaster(shared)
    wrapped = text.replace("/0/000.0 000.0\n", "/0/\n000.0 000.0\n")
    assert wrapped != text
    assert sit.parse(wrapped).values == sit.parse(text).values


def test_a_line_some_centres_add_before_the_end_does_not_shift_fields(shared: Path) -> None:
    message = sit.parse(sarmaster(shared).replace("/LASSIT", "/0000/\n/LASSIT"))
    assert message.values["doa"] == {"lat": 54.345, "lon": -130.357, "expected_error_nm": 13}
    assert unread(message) == ["/0000/"]


@pytest.mark.parametrize(
    ("signs", "keys", "confirmed"),
    [("++", {"doppler_a", "doppler_b"}, False), ("+-", {"resolved", "doppler_matching"}, True),
     ("--", {"doppler_a", "doppler_b", "position_conflict"}, True)],
)  # fmt: skip
def test_the_signs_say_which_position_is_which(shared: Path, signs: str, keys: set[str], confirmed: bool) -> None:
    text = sarmaster(shared, "sm177_confirmation_doppler.txt")
    text = text.replace("/+366/", f"/{signs[0]}366/").replace("/-366/", f"/{signs[1]}366/")
    values = sit.parse(text).values
    assert keys <= values.keys()
    assert values["position_confirmed"] is confirmed


def test_zeros_are_no_position(shared: Path) -> None:
    text = sarmaster(shared).replace("/+54.345/-130.357/", "/+00.000/-000.000/")
    assert sit.parse(text).values["doa"] is None


def test_a_field_that_cannot_be_read_is_kept_and_written_back(shared: Path) -> None:
    message = sit.parse(sarmaster(shared).replace("+54.345", "+94.345"))
    assert message.values["doa"] is None
    assert unread(message) == ["+94.345"]
    assert "/+94.345/-130.357/" in sit.format_message(message.facts)


def test_fields_that_slipped_by_one_make_no_position(shared: Path) -> None:
    text = sarmaster(shared).replace("/+316/+54.345/-130.357/", "/+316/+031/+54.345/-030.357/")
    message = sit.parse(text)
    assert message.values["doa"] is None
    assert "+031" in unread(message)


def test_an_identity_of_the_wrong_length_is_no_identity(shared: Path) -> None:
    message = sit.parse(sarmaster(shared, "smt175.txt"))
    assert message.values.get("beacon_id") is None
    assert "ADDC0000000000008" in unread(message)


# --- SIT 185 ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ("11. HEX ID1C0412345678901 HOMING SIGNAL 121.5", "beacon_id", "1C0412345678901"),
        ("11 HEX ID: 997400 040015 E1B1FF FFFFF", "beacon_id", "997400040015E1B1FFFFFFF"),
        ("     HEX ID ADF7FFF0BC74 0F0F0F18540", "beacon_id", "ADF7FFF0BC740F0F0F18540"),
        ("5 COUNTRY OF BEACON REGISTRATION: SINGAPORE", "country_name", "SINGAPORE"),
        ("5. COUNTRY OF BEACON REGISTRATION 366/ USA", "country_code", "366"),
        ("3. DETECTED AT 15 FEB 12 1936 28 UTC BY SARSAT S11", "detect_time", "2012-02-15T19:36:28Z"),
        ("3. DETECTED AT 27 APR 21 131120 UTC BY MEOSAR", "detected_by", "MEOSAR"),
        ("15. OPERATIONAL INFORMATION LUT ID FRLUT2 TOULOUSE, FRANCE", "lut", "FRLUT2 TOULOUSE, FRANCE"),
        ("    A. LUT ID: NZGEO1", "lut", "NZGEO1"),
        ("11. Hex Id: 1c0412345678901 Homing Signal 121.5 MHz", "homing", "121.5 MHz"),
        ("4. DETECTION FREQUENCY: NOT AVAILABLE", "detection_frequency_mhz", None),
    ],
)
def test_labels_of_a_185_however_they_are_printed(line: str, key: str, expected: object) -> None:
    assert alert185(line).values[key] == expected


@pytest.mark.parametrize(
    ("line", "key", "expected"),
    [
        ("DOPPLER A - 52 52.0 N 160 39.3 W PROBABILITY 55 PERCENT", "doppler_a",
         {"lat": 52.86667, "lon": -160.655, "prob": 55}),
        ("DOPPLER B \u2013 45 41.0N 123 11.7W PROB 45", "doppler_b", {"lat": 45.68333, "lon": -123.195, "prob": 45}),
        ("B. DOPPLER B - 45 41.0N 123 11.7W PROB 45", "doppler_b", {"lat": 45.68333, "lon": -123.195, "prob": 45}),
        ("RESOLVED - 25 53.9N 080 16.8W", "confirmed", {"lat": 25.89833, "lon": -80.28}),
        ("MCC REFERENCE - 25 53.9N 080 16.8W", "confirmed", {"lat": 25.89833, "lon": -80.28}),
        ("DOA - 48 30.5N 071 04.1W ESTIMATED ERROR 2 NMS", "doa", {"lat": 48.50833, "lon": -71.06833, "ee_nm": 2}),
        ("GNSS - 15 22.87N 117 08.56W", "encoded", {"lat": 15.38117, "lon": -117.14267}),
        ("ENCODED   - 55 45.00 N\n          - 037 45.00 E", "encoded", {"lat": 55.75, "lon": 37.75}),
        ("ENCODED - (DEFAULT)", "encoded", None),
        ("DOPPLER A - NIL", "doppler_a", None),
    ],
)  # fmt: skip
def test_positions_of_a_185_however_they_are_printed(line: str, key: str, expected: object) -> None:
    assert alert185(f"8. POSITIONS\n{line}").values["positions"][key] == expected


def test_times_of_next_passes_are_no_positions() -> None:
    message = alert185(
        "8. POSITIONS\nDOPPLER A - NIL\n10. NEXT PASS TIMES (UTC):\nDOPPLER A - 15 FEB 12 2048 UTC CHURCHILL LEOLUT"
    )
    assert message.values["positions"]["doppler_a"] is None
    assert message.values["next_pass"] == {"doppler_a": "15 FEB 12 2048 UTC CHURCHILL LEOLUT"}


def test_a_second_position_of_a_kind_does_not_replace_the_first() -> None:
    message = alert185("8. POSITIONS\nDOA - 48 30.5N 071 04.1W\nDOA - 49 30.5N 071 04.1W")
    assert message.values["positions"]["doa"] == {"lat": 48.50833, "lon": -71.06833}
    assert "DOA - 49 30.5N 071 04.1W" in unread(message)


def test_items_run_together_on_a_line_are_both_read() -> None:
    values = alert185("12. ACTIVATION TYPE: MANUAL 13. BEACON NUMBER ON AIRCRAFT OR VESSEL NO: 7").values
    assert values["beacon_number"] == "7"


def test_a_wrapped_title_is_joined() -> None:
    title = "1. DISTRESS COSPAS-SARSAT NOTIFICATION OF COUNTRY OF BEACON\nREGISTRATION ALERT"
    assert alert185("", title).values["title"].endswith("COUNTRY OF BEACON REGISTRATION ALERT")


def test_a_missing_end_is_tolerated_and_said() -> None:
    text = alert185("11. HEX ID 1C0412345678901").text.replace("END OF MESSAGE\n", "")
    assert "no END OF MESSAGE" in [note["message"] for note in sit.parse(text).notes]


def test_a_security_alert_keeps_its_title() -> None:
    message = alert185("11. HEX ID 1C0412345678901", "1. SHIP SECURITY COSPAS-SARSAT INITIAL ALERT")
    assert message.values["title"].startswith("SHIP SECURITY")


def test_what_no_label_explains_is_listed() -> None:
    assert "THE MASTER ASKS FOR HELP" in unread(alert185("14. OTHER ENCODED INFORMATION\nTHE MASTER ASKS FOR HELP"))


# --- LADR -------------------------------------------------------------------------------------------------------------

LADR = "ladr_SPMCC_03.2.xml"


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]>',
        '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        "<!doctype x>",
        '<!ENTITY x SYSTEM "http://example.org/">',
    ],
)
def test_a_document_type_is_refused(shared: Path, head: str) -> None:
    text = (shared / "mcc" / "samples" / LADR).read_text().replace("?>", f"?>\n{head}", 1)
    with pytest.raises(sit.SitError, match="line 2: a document type") as caught:
        sit.parse(text)
    assert caught.value.line == 2


def test_broken_xml_is_refused_with_its_line(shared: Path) -> None:
    text = (shared / "mcc" / "samples" / LADR).read_text().replace("</ladr:metadata>", "")
    with pytest.raises(sit.SitError, match="not well-formed") as caught:
        sit.parse(text)
    assert caught.value.line is not None


def test_other_xml_is_refused() -> None:
    with pytest.raises(sit.SitError, match="not LadrApplicationMessage"):
        sit.parse("<a/>")
    with pytest.raises(sit.SitError, match="deep"):
        sit.parse("<a>" * 500 + "</a>" * 500)


def test_a_missing_mandatory_element_is_said_and_not_invented(shared: Path) -> None:
    text = (shared / "mcc" / "samples" / LADR).read_text()
    message = sit.parse(text.replace("<fb:designatorIcao>ABC</fb:designatorIcao>", "<fb:designatorIcao/>"))
    assert message.values["operator_3ld"] is None
    assert "operator_3ld is mandatory and missing" in [note["message"] for note in message.notes]


def test_unknown_elements_are_listed(shared: Path) -> None:
    text = (shared / "mcc" / "samples" / LADR).read_text()
    message = sit.parse(
        text.replace("<ladr:contributorCode>", '<ladr:extra a="1">seven</ladr:extra><ladr:contributorCode>')
    )
    assert unread(message) == ["extra a=1", "distressEvent/extra: seven"]


@pytest.mark.parametrize("pos", ["91 0", "1", "nan 2", "1 2 3", "1,2"])
def test_a_position_that_is_none_is_not_taken(shared: Path, pos: str) -> None:
    text = (shared / "mcc" / "samples" / LADR).read_text().replace("39.949 32.384", pos)
    message = sit.parse(text)
    assert (message.values["lat"], message.values["lon"]) == (None, None)
    assert f"pos: {pos}" in unread(message)


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n\n", "hello", "/", "/12345", "\x00\x01", "{}"])
def test_what_is_no_message_is_refused_with_line_and_reason(text: str) -> None:
    with pytest.raises(sit.SitError) as caught:
        sit.parse(text)
    assert caught.value.line == 1
    assert str(caught.value).startswith("line 1: ")


def test_a_line_number_counts_from_the_start_of_the_file() -> None:
    with pytest.raises(sit.SitError, match="line 41: "):
        sit.parse("hello", first_line=41)


def test_a_text_beyond_any_message_is_refused() -> None:
    with pytest.raises(sit.SitError, match="more than any message has"):
        sit.parse("x" * 1_000_001)


def test_the_raw_text_always_comes_along(shared: Path) -> None:
    for path in (shared / "mcc" / "samples").glob("*.txt"):
        assert sit.parse(path.read_bytes()).facts["text"] == path.read_text(encoding="utf-8")


def test_facts_are_plain_json(shared: Path) -> None:
    for path in (shared / "mcc" / "samples").glob("*.*l"):
        facts = sit.parse(path.read_bytes()).facts
        assert json.loads(json.dumps(facts)) == facts
