"""An outside register beside a running service: asked in the background, its answer kept, nothing held up by it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from vigie import centre, enquiries, station
from vigie.config import load
from vigie.errors import ConfigError
from vigie.register import Answer, Entry, Http, Register
from vigie.service import Service
from vigie.sim.detections import PLB, YACHT, detection, message
from vigie.store.journal import Journal, Row
from vigie.web.dossiers import Dossiers
from vigie.web.hub import Hub

SETTINGS = '[centre]\nname = "FMCC"\ncode = "2270"\n[destinations.G]\ncode = "G1"\n[countries.227]\nunlocated = ["G"]\n'
OWNER = {"OWNER": "JEAN DUPONT", "PHONE": "+33 1"}


class Outside:
    """A register that answers when it is let, or says that it cannot."""

    def __init__(self) -> None:
        self.open, self.asked, self.down = threading.Event(), list[str](), False

    def __call__(self, hex_id: str) -> Answer:
        self.asked.append(hex_id)
        self.open.wait(10)
        if self.down:
            return Answer("unreachable", source="far", why="the register far could not be asked: no answer")
        return Answer("found", Entry(hex_id, OWNER), "far")


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    yield made
    made.open.set()


@pytest.fixture
def service(outside: Outside, tmp_path: Path) -> Iterator[Service]:
    (tmp_path / "centre.toml").write_text(SETTINGS)
    settings = centre.load(tmp_path / "centre.toml", Register(outside=outside))
    made = Service(Journal.open(str(tmp_path / "a.sqlite")), Hub(), centre=settings)
    made.start()
    yield made
    outside.open.set()
    made.close()


def soon(true: Callable[[], object]) -> None:
    until = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def rows(service: Service, kind: str) -> list[Row]:
    return service.journal.rows(kinds=(kind,))


def test_no_message_waits_for_the_register_and_later_ones_have_its_answer(service: Service, outside: Outside) -> None:
    began = time.monotonic()
    service.chain.feed([detection(YACHT)])
    assert time.monotonic() - began < 5
    (first,) = rows(service, "sit")
    assert "THE REGISTER HAS NOT ANSWERED YET" in first.body["text"]
    soon(lambda: outside.asked)
    outside.open.set()
    soon(lambda: rows(service, "note"))
    (note,) = rows(service, "note")
    assert note.beacon == first.body["alert"] == message(YACHT).hex_id
    assert "JEAN DUPONT" in note.body["words"]
    told = Dossiers(service.journal).of([str(note.beacon)], 10)
    assert any("JEAN DUPONT" in line["words"] for line in told["journal"])
    service.chain.feed([detection(YACHT | {"latitude": 10.0, "longitude": 10.0}, 60)])
    assert "OWNER: JEAN DUPONT" in rows(service, "sit")[-1].body["text"]
    assert outside.asked == [note.beacon]
    assert service.health()["register"] == {"found": 1, "not_found": 0, "unreachable": 0, "waiting": 0, "error": None}


def test_a_register_that_is_down_is_said_to_be_and_asked_again(
    service: Service, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enquiries, "AGAIN_S", 0.2)
    outside.down = True
    outside.open.set()
    service.chain.feed([detection(YACHT)])
    soon(lambda: service.health()["register"]["unreachable"])
    assert "no answer" in service.health()["register"]["error"]
    service.chain.feed([detection(YACHT | {"latitude": 10.0, "longitude": 10.0}, 60)])
    assert "THE REGISTER COULD NOT BE REACHED" in rows(service, "sit")[-1].body["text"]
    outside.down = False
    soon(lambda: rows(service, "note"))
    assert service.health()["register"]["error"] is None


def test_nobody_is_asked_about_exercises_doubtful_identities_and_what_is_known(
    service: Service, outside: Outside
) -> None:
    assert service.centre is not None
    known = message(PLB).hex_id or ""
    service.centre.register.entries[known] = Entry(known, {})
    outside.open.set()
    service.chain.feed([detection(PLB), replace(detection(YACHT, 10), exercise=True), detection(YACHT, 20)])
    soon(lambda: rows(service, "note"))
    assert outside.asked == [message(YACHT).hex_id]


def test_a_configuration_names_an_outside_register(tmp_path: Path) -> None:
    file, token = tmp_path / "centre.toml", tmp_path / "token"
    token.write_text("secret\n")
    ours = '[centre]\nname = "FMCC"\ncode = "2270"\n[register]\n'
    file.write_text(ours + 'url = "https://register.example/{hex_id}"\ntimeout_s = 2.0\ntoken_file = "token"\n')
    made = station.centre_of(load(str(file)), str(file))
    assert made is not None
    assert made.register.outside == Http("https://register.example/{hex_id}", 2.0, {"Authorization": "Bearer secret"})
    for wrong, words in (("", "give its table"), ('url = "ftp://x/{hex_id}"', "register.url"),
                         ('url = "http://x"\ntoken_file = "none"', "token_file")):  # fmt: skip
        file.write_text(ours + wrong)
        with pytest.raises(ConfigError, match=words):
            station.centre_of(load(str(file)), str(file))
