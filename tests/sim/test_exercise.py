"""The exercise: invented beacons, real messages, samples that are the same each time."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from vigie.alert.book import AlertBook
from vigie.constants import FGB_REPETITION_S
from vigie.message import beacon
from vigie.records import Detection, Message
from vigie.sim.detections import START
from vigie.sim.exercise import SCRIPT, Exercise, load, samples
from vigie.stages import alerts, bursts, detections, solutions


@pytest.fixture(scope="module")
def script() -> Exercise:
    return load()


@pytest.fixture(scope="module")
def said(script: Exercise) -> dict[str, list[Message]]:
    heard: dict[str, list[Message]] = {}
    for sent in script.transmissions:
        heard.setdefault(sent.beacon, []).append(beacon.from_bits(sent.bits))
    return heard


def test_it_teaches_every_kind_of_traffic(said: dict[str, list[Message]]) -> None:
    categories = {message.category for messages in said.values() for message in messages}
    assert categories == {"distress", "self_test", "test", "orbitography", "cancelled", "unreliable"}
    types = {message.facts["beacon_type"] for messages in said.values() for message in messages}
    assert {"EPIRB", "PLB", "ELT_DT"} <= types


def test_the_first_burst_is_a_distress_and_comes_at_once(script: Exercise) -> None:
    first = script.transmissions[0]
    assert first.at_s < 0.5
    assert beacon.from_bits(first.bits).category == "distress"
    assert 180 < script.length_s < 260


def test_beacons_repeat_as_the_standard_says(script: Exercise) -> None:
    for name in {sent.beacon for sent in script.transmissions}:
        times = [sent.at_s for sent in script.transmissions if sent.beacon == name]
        gaps = np.diff(times)
        if "ELT(DT)" in name:
            assert set(np.round(gaps[:21], 2)) == {4.9}
            assert np.all((gaps[22:] >= 9.5) & (gaps[22:] <= 10.5))
        else:
            low, high = FGB_REPETITION_S
            assert np.all((gaps >= low) & (gaps <= high)), name


def test_no_two_bursts_overlap_on_one_carrier(script: Exercise) -> None:
    for one, other in pairwise(sorted(script.transmissions, key=lambda sent: (sent.frequency_hz, sent.at_s))):
        if one.frequency_hz == other.frequency_hz:
            assert other.at_s - one.at_s > one.length_s


def test_the_airliner_flies_tells_its_operator_and_is_cancelled(said: dict[str, list[Message]]) -> None:
    heard = said["Airliner, ELT(DT)"]
    operators = [number for number, message in enumerate(heard[:22]) if message.facts.get("aircraft_operator_3ld")]
    assert operators == [1, 5, 9, 13, 17, 21]
    fine = [message.position_deg for message in heard[:22] if not message.facts.get("aircraft_operator_3ld")]
    assert len(set(fine)) == len(fine)
    assert [message.category for message in heard].count("cancelled") == 10


def test_no_identity_is_one_that_was_ever_seen(said: dict[str, list[Message]], shared: Path) -> None:
    ours = {message.facts["hex_id_15"] for messages in said.values() for message in messages}
    seen = set()
    for name in ("fgb.jsonl", "sgb.jsonl"):
        for line in (shared / "beacons" / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            seen |= {str(row["expect"].get("hex_id_15")), row["hex"][:15]}
    assert not ours & seen


def test_the_samples_are_the_same_for_the_same_seed(script: Exercise) -> None:
    def start_of(seed: int | None) -> np.ndarray:
        blocks = samples(script, START, seed=seed)
        return np.concatenate([next(blocks).iq for _ in range(5)])

    assert np.array_equal(start_of(None), start_of(script.seed))
    assert not np.array_equal(start_of(None), start_of(1))


def test_blocks_follow_one_another_and_hold_the_power_they_should(script: Exercise) -> None:
    blocks = [block for block, _ in zip(samples(script, START), range(8), strict=False)]
    for one, other in pairwise(blocks):
        assert other.first == one.first + len(one.iq)
        assert (other.start - one.start) == np.timedelta64(250, "ms")
    iq = np.concatenate([block.iq for block in blocks])
    sent = script.transmissions[0]
    begin, end = (int(second * script.rate_hz) for second in (sent.at_s + 0.01, sent.at_s + sent.length_s - 0.01))
    noise = np.mean(np.abs(iq[: begin - 1000]) ** 2)
    power = np.mean(np.abs(iq[begin:end]) ** 2) - noise
    assert noise == pytest.approx(1.0, abs=0.03)
    assert 10 * np.log10(power * script.rate_hz / noise) == pytest.approx(sent.cn0_dbhz, abs=0.3)


def test_received_it_tells_its_story(script: Exercise) -> None:
    records = list(alerts(solutions(detections(bursts(samples(script, START)), exercise=True)), book := AlertBook()))
    heard = [record for record in records if isinstance(record, Detection)]
    broken = [sent for sent in script.transmissions if beacon.from_bits(sent.bits).verdict == "unreliable"]
    assert len(heard) == len(script.transmissions)
    assert sum(record.message.verdict == "unreliable" for record in heard) == len(broken) == 1
    assert any(record.message.verdict == "corrected" for record in heard)
    states = " ".join(sorted(alert.state for alert in book.alerts()))
    assert states == "cancelled conflict orbitography self_test test unlocated unreliable updated"
    assert all(alert.id.startswith("X-") for alert in book.alerts())


def test_the_script_says_that_it_is_invented() -> None:
    assert re.search(r"Every identity is invented", SCRIPT.read_text(encoding="utf-8"))
