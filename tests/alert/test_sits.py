"""From an alert to the text that a destination gets: every message reads back as what was meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vigie import centre as centres
from vigie import sit
from vigie.alert.book import AlertBook
from vigie.errors import ConfigError
from vigie.records import Alert, ExerciseSit, Notice, Order, Record, Sit, Tick
from vigie.sim.detections import CANCEL, ELT_DT, PLB, YACHT, at, detection, message, solution
from vigie.sit.outgoing import Address, Centre
from vigie.sit.sending import hand_over
from vigie.stages import alerts, sits

US = """
[centre]
name = "USMCC"
code = "3660"
practice = "us"
areas = "areas.geojson"
contributor = "002"
"""
AREA = """{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "CGD01"},
 "geometry": {"type": "Polygon", "coordinates": [[[-75,38],[-40,38],[-40,50],[-75,50],[-75,38]]]}}]}"""


@pytest.fixture
def usmcc(tmp_path: Path) -> centres.Settings:
    (tmp_path / "areas.geojson").write_text(AREA)
    (tmp_path / "centre.toml").write_text(US)
    return centres.load(tmp_path / "centre.toml")


def messages(settings: centres.Settings, *records: Any) -> list[Sit]:
    stream = sits(alerts(iter(records), settings.book()), settings.centre)
    return [record for record in stream if isinstance(record, Sit)]


def agreeing(made: Sit) -> sit.Sit:
    """The message read back: nothing not understood, nothing odd, the same beacon."""
    read = sit.parse(made.text)
    assert not read.unread, made.text
    assert not read.notes, made.text
    assert all(len(line) <= 96 for line in made.text.splitlines())
    return read


PLACE = {"latitude": 45.0, "longitude": -50.0}
AMERICAN = YACHT | {"country_code": 366}
STORY = [
    detection(AMERICAN),
    *(solution("doppler", lat, lon, 300, probability=p, facts=AMERICAN, satellites=("S12",), source="CMCC")
      for lat, lon, p in ((45.0, -50.0, 0.7), (44.0, 20.0, 0.3))),
    solution("doa", 45.05, -50.0, 400, facts=AMERICAN, satellites=("401", "402"), source="FL-MEO"),
    solution("doa", 45.05, -50.0, 4000, facts=AMERICAN, satellites=("401", "402"), source="FL-MEO"),
    solution("doa", 46.05, -50.0, 4400, facts=AMERICAN, satellites=("401", "402"), source="FL-MEO"),
    Tick(at(11_600)),
]  # fmt: skip


def test_a_whole_story_in_national_text(usmcc: centres.Settings) -> None:
    made = messages(usmcc, *STORY)
    told = [(one.number, one.to) for one in made]
    assert ("170", "PACAREA") in told
    assert {("171", "CGD01"), ("174", "CGD01"), ("175", "CGD01"), ("176", "CGD01")} <= set(told)
    for one in made:
        read = agreeing(one)
        assert read.form == "usmcc_rcc"
        assert read.values["beacon_id"] == message(AMERICAN).hex_id
        assert (read.values["sit"], read.values["dest"]) == (one.number, one.address)
        assert read.values["msg_no"] == f"{one.serial:05d}"
        confirmed = read.values.get("mcc_reference_position")
        assert (confirmed is not None) == (one.number in ("174", "175", "176"))
    first = next(one for one in made if one.number == "171" and one.to == "CGD01")
    rows = sit.parse(first.text).values["solutions"]
    assert [(row["sol"], row["prob"], row["sat"], row["source"]) for row in rows] == [
        ("A", 70, "S12", "CMCC"),
        ("B", 30, "S12", "CMCC"),
    ]
    last = made[-1]
    assert sit.parse(last.text).values["status"] == "CLOSED - TIMEOUT"


def test_numbers_count_for_each_destination_from_one(usmcc: centres.Settings) -> None:
    made = messages(usmcc, *STORY)
    for name in {one.to for one in made}:
        assert [one.serial for one in made if one.to == name] == list(range(1, 1 + sum(one.to == name for one in made)))
    assert len({one.key for one in made}) == len(made)


def test_between_centres_a_sit_185_travels_in_a_915() -> None:
    made = messages(centres.default(), detection(PLB, latitude=47.0, longitude=2.0), solution("doa", 47.0, 2.0, 300))
    assert [(one.to, one.number) for one in made] == [("FMCC", "915"), ("FMCC", "915")]
    read = agreeing(made[1])
    assert read.form == "sit185"
    assert read.values["title"] == "DISTRESS COSPAS-SARSAT POSITION CONFIRMED ALERT"
    assert read.values["positions"]["confirmed"]["lat"] == pytest.approx(47.0, abs=1e-4)


def test_what_is_inferred_is_said_in_the_remarks() -> None:
    made = messages(centres.default(), detection(PLB, latitude=36.0, longitude=-30.0))
    assert any("INFERRED" in line for line in sit.parse(made[0].text).values["remarks"])


def test_an_elt_dt_reaches_the_repository_as_xml(usmcc: centres.Settings) -> None:
    flight = ELT_DT | {"country_code": 366}
    made = messages(usmcc, detection(flight, **PLACE), detection(flight, 5, **PLACE), detection(flight, 7, **PLACE))
    uploads = [one for one in made if one.to == "ICAOLADR"]
    assert len(uploads) == 2  # three seconds apart at least
    read = sit.parse(uploads[0].text)
    assert read.form == "ladr"
    assert (read.values["operator_3ld"], read.values["contributor_code"]) == ("ZGA", "002")
    assert (read.values["lat"], read.values["lon"]) == (45.0, -50.0)
    assert "DISTRESS TRACKING ELT" in next(one for one in made if one.to == "CGD01").text
    cancels = [detection(CANCEL | {"country_code": 366}, 20.0 + 10 * n) for n in range(3)]
    after = messages(usmcc, detection(flight, **PLACE), *cancels)
    assert [one.to for one in after if "CANCELLATION" in str(one.values.get("title"))] == ["CGD01"]
    assert sum(one.to == "ICAOLADR" for one in after) == 2


def test_special_lines_stand_above_the_title(usmcc: centres.Settings) -> None:
    bad = detection(PLB, wrong=(33, 46, 58, 63, 77, 91))
    found = replace(solution("doa", 45.0, -50.0, 10), hex_id=f"U-{bad.message.received}")
    texts = {one.to: one.text for one in messages(usmcc, bad, found)}
    assert set(texts) == {"CGD01", "LANTAREA", "PACAREA"}
    assert "!!! UNRELIABLE BEACON (HEXADECIMAL) ID !!!" in texts["CGD01"]
    assert "NO DATA PROVIDED BECAUSE THE BEACON CODING IS NOT RELIABLE" in texts["CGD01"]
    ship = {"protocol": "std_ship_security", "country_code": 366, "mmsi": "366123456"}
    assert "!!! SHIP SECURITY ALERT !!!" in messages(usmcc, detection(ship))[0].text


def test_a_form_that_cannot_be_written_costs_no_alert() -> None:
    centre = Centre("X", "0000", lambda name: Address("LADR", "ladr"))
    book = AlertBook()
    (alert,) = book.take(detection(YACHT))
    from vigie.sit.outgoing import message as written

    made = written(alert, alert.notices[0], centre)  # no position: the repository takes none
    assert isinstance(made, Sit)
    assert made.form == "narrative"
    assert "COULD NOT BE WRITTEN" in made.text
    assert (alert.hex_id or "") in made.text


def test_every_state_of_an_alert_can_be_written() -> None:
    book, made = AlertBook(), 0
    key = message(PLB).hex_id or ""
    records: list[Record] = [
        detection(PLB), detection(PLB, 50, **PLACE), solution("doa", 46.0, -50.0, 60), Order(at(70), key, "resend"),
        *(detection(CANCEL, 100.0 + 10 * n) for n in range(3)), Order(at(200), key, "close"),
    ]  # fmt: skip
    for record in sits(alerts(iter(records), book), centres.default().centre):
        if isinstance(record, Sit):
            agreeing(record)
            made += 1
    assert made >= 5


# -- training ---------------------------------------------------------------------------------------------------------


def test_an_exercise_makes_messages_that_nothing_can_send() -> None:
    book = AlertBook()
    made = list(sits(alerts(iter([detection(YACHT, exercise=True)]), book), centres.default().centre))
    exercise = next(one for one in made if isinstance(one, ExerciseSit))
    assert not any(isinstance(one, Sit) for one in made)
    assert not isinstance(exercise, Sit)
    assert "EXERCISE EXERCISE EXERCISE" in exercise.message.text
    sent: list[Sit] = []
    with pytest.raises(TypeError, match="never sent"):
        hand_over(exercise, sent.append, set())  # type: ignore[arg-type]
    assert sent == []


def test_a_centre_in_training_makes_exercises_of_live_alerts(tmp_path: Path) -> None:
    (tmp_path / "centre.toml").write_text('[centre]\nname = "FMCC"\ntraining = true\n')
    settings = centres.load(tmp_path / "centre.toml")
    made = list(sits(alerts(iter([detection(YACHT)]), settings.book()), settings.centre))
    assert [type(one) for one in made if isinstance(one, (Sit, ExerciseSit))] == [ExerciseSit]


def test_a_message_goes_once_to_a_destination_and_again_only_when_the_link_failed() -> None:
    (one,) = messages(centres.default(), detection(YACHT))
    sent: list[str] = []
    done: set[str] = set()

    def broken(_: Sit) -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        hand_over(one, broken, done)
    assert hand_over(one, lambda made: sent.append(made.text), done)
    assert not hand_over(one, lambda made: sent.append(made.text), done)
    assert len(sent) == 1


# -- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[centre", "no TOML"),
        ("[center]\n", "section 'center'"),
        ("[centre]\ncolour = 1\n", "colour"),
        ('[destinations.X]\nkind = "friend"\n', "friend"),
        ("[countries.22]\nunlocated = []\n", "three digits"),
        ('[countries.227]\nunlocated = ["NOWHERE"]\n', "NOWHERE"),
        ('[centre]\nareas = "absent.geojson"\n', "absent.geojson"),
        ('[centre]\npractice = "mine"\n', "practice"),
        ('centre = "FMCC"\n', "wrong kind"),
    ],
)
def test_settings_that_cannot_be_used_are_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "centre.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=words):
        centres.load(path)


def test_a_centre_adds_its_own_destinations_and_programmes(tmp_path: Path) -> None:
    (tmp_path / "centre.toml").write_text(
        '[centre]\nname = "FMCC"\n[destinations.GRISNEZ]\ncode = "CROSS1"\nkind = "rcc"\n'
        '[countries.227]\nunlocated = ["GRISNEZ"]\n[[special]]\nprefix = "9C7A"\nname = "Trial"\nto = ["SPMCC"]\n'
    )
    settings = centres.load(tmp_path / "centre.toml")
    (alert,) = settings.book([detection(YACHT)]).alerts()
    assert alert.to == ("GRISNEZ", "SPMCC")
    assert [(one.to, one.address) for one in messages(settings, detection(YACHT))] == [
        ("GRISNEZ", "CROSS1"),
        ("SPMCC", "2240"),
    ]


def test_a_notice_says_why_and_by_which_clause() -> None:
    (alert,) = AlertBook().take(detection(YACHT))
    assert isinstance(alert, Alert)
    (notice,) = alert.notices
    assert isinstance(notice, Notice)
    assert (notice.to, notice.number, notice.source) == ("FMCC", "170", "R 3.2.8, Table 2.1 (SIT 170)")
    assert alert.to == ("FMCC",)
    assert alert.told == ()


def slashed(form: str, tmp_path: Path, *story: Any) -> list[tuple[Sit, sit.Sit]]:
    """What a destination of this form gets of a story, and the same read back."""
    (tmp_path / "areas.geojson").write_text(AREA)
    (tmp_path / "centre.toml").write_text(US + f'[destinations.CGD01]\ncode = "366B"\nkind = "rcc"\nform = "{form}"\n')
    settings = centres.load(tmp_path / "centre.toml")
    made = [one for one in messages(settings, *story) if one.to == "CGD01" and one.form != "usmcc_rcc"]
    return [(one, agreeing(one)) for one in made]


def test_a_story_for_sarmaster(tmp_path: Path) -> None:
    told = slashed("sarmaster", tmp_path, *STORY)
    assert [one.number for one, _ in told] == ["175", "177", "177", "176"]  # Table 10.1: incident, confirmed, conflict
    first, confirmed, _, conflict = (read for _, read in told)
    assert first.form == "sarmaster"
    assert first.values["beacon_id"] == message(AMERICAN).hex_id
    assert first.values["doppler_a"] == {"lat": 45.0, "lon": -50.0, "prob": 70}
    assert first.values["doppler_b"] == {"lat": 44.0, "lon": 20.0, "prob": 30}
    assert first.values["position_confirmed"] is False
    assert confirmed.values["position_confirmed"] is True
    assert confirmed.values["doa_matching"]["lat"] == 45.05
    assert abs(confirmed.values["resolved"]["lat"] - 45.0) < 0.06
    assert conflict.values["position_conflict"] is True
    assert conflict.values["doa"]["lat"] == 46.05
    assert {read.values["satellite"] for _, read in told[1:]} == {"300"}
    assert len(first.values["beacon_message_30hex"]) == 30


def test_a_story_for_a_program_that_takes_the_automated_format(tmp_path: Path) -> None:
    told = slashed("automated", tmp_path, *STORY)
    assert [one.number for one, _ in told] == ["161E", "164M", "165M", "165B"]  # Annex 9, Table 9.2
    first, confirmed, *_ = (read for _, read in told)
    assert first.values["doppler_a"] == {"lat": 45.0, "lon": -50.0, "prob": 70}
    assert first.values["encoded"] is None
    assert first.values["reliable"] is True
    assert first.values["sat"] == "S12"
    assert confirmed.values["doa"] == {"lat": 45.05, "lon": -50.0}
    assert confirmed.values["position_confirmed"] is True
    assert confirmed.values["sat"] == "W00"
    ((one, read),) = slashed("automated", tmp_path, detection(AMERICAN | {"latitude": 45.0, "longitude": -50.0}))
    assert one.number == "161P"
    assert read.values["encoded"] == {"lat": 45.0, "lon": -50.0, "quality": "C"}  # a cell of four minutes


@pytest.mark.parametrize("form", ["sarmaster", "automated"])
def test_what_has_no_slashed_form_goes_as_a_185(form: str, tmp_path: Path) -> None:
    ours = {"country_code": 366, "aircraft_24bit": "F0F0F0"}
    calls = [detection(ELT_DT | ours | PLACE), *(detection(CANCEL | ours, seconds) for seconds in (60, 70, 80))]
    *_, (last, read) = slashed(form, tmp_path, *calls)
    assert (last.number, read.form) == ("185", "sit185")
    assert read.values["title"].endswith("USER CANCELLATION ALERT")


def test_canadas_centre_gets_a_185_inside_a_925(usmcc: centres.Settings) -> None:
    made = messages(usmcc, detection(YACHT | {"country_code": 316}))
    ours = next(one for one in made if one.to == "CMCC")
    read = agreeing(ours)
    assert (ours.number, read.form) == ("925", "sit185")
    assert read.values["wrapped_beacon_id"] == read.values["beacon_id"] == message(YACHT | {"country_code": 316}).hex_id
