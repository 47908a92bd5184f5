"""The catalogue of the console's words: nothing stale, nothing lost in translation, nothing of a beacon's touched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import web_traffic as traffic
from web_station import Station

from vigie.alert import states
from vigie.message import beacon, country
from vigie.message.beacon import CATEGORY_WORDS
from vigie.message.fgb_tables import PROTOCOLS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE: dict[str, str] = json.loads((ROOT / "frontend/src/fr.json").read_text(encoding="utf-8"))
PLACE = re.compile(r"\{(=?)(\w+)\}")


def test_each_sentence_fills_the_same_places() -> None:
    for english, french in CATALOGUE.items():
        there = {name for _, name in PLACE.findall(english)}
        assert {name for _, name in PLACE.findall(french)} == there, english
        assert french.strip(), english


def test_no_sentence_is_stale() -> None:
    """The longest piece of each stands in the code that says it."""
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder, kind in ((ROOT / "frontend/src", "*.ts"), (ROOT / "src/vigie", "*.py"))
        for path in folder.rglob(kind)
    ).lower()
    code += " ".join((*states.STATES.values(), *(row.words for row in states.TABLE))).lower()
    code = re.sub(r"\s+", " ", code)
    code += " ".join(row.title for row in PROTOCOLS).lower()
    stale = []
    for english in CATALOGUE:
        words = re.findall(r"[a-z][a-z' -]*[a-z]", PLACE.sub("\0", english).lower())
        if not all(word in code or word.replace(" ", "_") in code for word in _pieces(words)):
            stale.append(english)
    assert stale == []


def _pieces(words: list[str]) -> list[str]:
    """The two words at the beginning of each run of words: sentences are put together from parts in the code."""
    return [" ".join(run.split()[:2]) for run in words]


def test_states_reasons_and_categories_are_all_there() -> None:
    said = {
        *states.STATES.values(),
        *(row.words for row in states.TABLE),
        *(f"{one}." for one in CATEGORY_WORDS.values()),
    }
    missing = sorted(one for one in said if one and one not in CATALOGUE)
    assert missing == []


ENGLISH = re.compile(r"\b(the|of|is|are|was|with|not|no|burst|bursts|received|unread|show|close|next)\b", re.IGNORECASE)
TEXTS = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!parent.closest('.fields, script, noscript, .language, [lang=en]')) texts.push(walker.currentNode.data);
    }
    for (const element of document.querySelectorAll('[aria-label], [placeholder]'))
        texts.push(element.getAttribute('aria-label') ?? '', element.getAttribute('placeholder') ?? '');
    return texts;
}"""


def test_the_page_speaks_french(browser: Browser, station: Station) -> None:
    station.post(traffic.mixed())
    station.post([traffic.burst(traffic.PLB, source="the next burst")])
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="fr-FR", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{station.url}/#/alert/{beacon.decode(traffic.PLB).hex_id}")
    page.wait_for_selector("html[data-ready]", timeout=15_000)
    assert page.get_attribute("html", "lang") == "fr"
    page.wait_for_selector(".burst")
    page.keyboard.press("?")
    texts: list[Any] = page.evaluate(TEXTS)
    names = {"the next burst", *(str(country.name(code)) for code in country.codes())}
    english = [text for text in texts if ENGLISH.search(_without(text, names))]
    assert english == []
    assert "DÉTRESSE" in page.inner_text(".row >> nth=0")
    assert any("de the next burst" in text for text in texts), "what a station calls itself is no word of ours"

    page.keyboard.press("?")
    page.click(".language")
    page.wait_for_selector("html[lang=en][data-ready]", timeout=15_000)
    assert "DISTRESS" in page.inner_text(".row >> nth=0")
    context.close()


def _without(text: str, names: set[str]) -> str:
    """A text less the names in it, which stay as they are."""
    for name in names:
        text = text.replace(name, "")
    return text


def test_what_a_beacon_says_is_never_translated(browser: Browser, station: Station) -> None:
    from vigie.message.encode import encode

    text = encode({"protocol": "user_radio_callsign", "country_code": 227, "callsign": "TEST", "kind": "message_28"})
    station.post([traffic.burst(text)])
    context = browser.new_context(locale="fr-FR")
    page = context.new_page()
    page.goto(station.url)
    page.wait_for_selector("html[data-ready]", timeout=15_000)
    page.click(".row")
    page.wait_for_selector(".burst")
    assert "TEST" in page.inner_text(".fields")
    assert "ESSAI" not in page.inner_text(".detail")
    context.close()
