"""Many messages at once say what one at a time says, whatever they hold."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.errors import HexError, InputError
from vigie.message import bch, beacon, fgb, sgb
from vigie.message.batch import CORE, Batch, decode_many
from vigie.message.fgb_tables import PROTOCOLS

NESTED = {"fields", "description", "category_words"}


def expected(text: str) -> dict[str, Any]:
    try:
        facts = beacon.decode(text).facts
    except HexError as error:
        return {"input": text, "error_kind": error.kind, "error": str(error)}
    return {**{name: value for name, value in facts.items() if name not in NESTED}, "input": text}


def same(batch: Batch, wanted: list[dict[str, Any]]) -> None:
    """Every fact of every row, and nothing stated that one at a time does not state."""
    assert len(batch) == len(wanted)
    names = set(batch.names).union(*wanted) - NESTED
    for name in sorted(names):
        column = batch.column(name)
        got = column.tolist()
        for row, (value, facts) in enumerate(zip(got, wanted, strict=True)):
            right = facts.get(name)
            assert value == right, (name, row, facts["input"])
            assert type(value) is type(right), (name, row, facts["input"])


def corpus(shared: Path) -> list[str]:
    texts = []
    for name in ("fgb", "sgb"):
        for line in (shared / "beacons" / f"{name}.jsonl").read_text().splitlines():
            texts.append(json.loads(line)["hex"])
    return texts


def test_corpora(shared: Path) -> None:
    texts = corpus(shared)
    assert len(texts) > 350
    same(decode_many(texts), [expected(text) for text in texts])


@pytest.mark.parametrize("digits", [15, 22, 23, 28, 30, 36, 51, 63])
def test_random_bits(digits: int) -> None:
    dice = random.Random(digits)
    texts = [f"{dice.getrandbits(4 * digits):0{digits}X}" for _ in range(150)]
    if digits in (28, 36):
        texts = [("FFFE2F", "FFFED0", "FFFE2E", "7FFED1")[row % 4] + text[6:] for row, text in enumerate(texts)]
    same(decode_many(texts), [expected(text) for text in texts])


def valid_fgb(dice: random.Random) -> str:
    """A message with right codes of any protocol, with a few bits then wrong."""
    protocol = dice.choice(PROTOCOLS)
    word = dice.getrandbits(120) | (0xFFFE2F if dice.random() < 0.7 else 0xFFFED0) << 120
    for low, high, value in protocol.when:
        mask = (1 << (high - low + 1)) - 1
        word = word & ~(mask << 144 - high) | value << 144 - high
    for tail in dice.sample(protocol.tails, 1):
        for low, high, value in (*tail.when, *((r.first, r.last, r.fixed) for r in tail.fields if r.fixed is not None)):
            if dice.random() < 0.9:
                mask = (1 << (high - low + 1)) - 1
                word = word & ~(mask << 144 - high) | value << 144 - high
    word = fgb.with_parity(word, 144, bch2=True)
    for _ in range(dice.choice((0, 0, 0, 1, 2, 3, 4, 6))):
        word ^= 1 << dice.randrange(120)
    if dice.random() < 0.2:
        word = word >> 32 << 32 | dice.choice((0, 0xFFFFFFFF, dice.getrandbits(32)))
    text = f"{word:036X}"
    return dice.choice((text, text, text[:28], text[6:], text[6:28], text.lower()))


def valid_sgb(dice: random.Random) -> str:
    data = dice.getrandbits(202)
    if dice.random() < 0.7:
        for low, high, value in ((44, 66, dice.choice((0x3F83E0, 0x7F83E0, dice.getrandbits(23)))), (90, 90, 0)):
            data = data & ~(((1 << (high - low + 1)) - 1) << 202 - high) | value << 202 - high
    if dice.random() < 0.3:
        data = data & ~((1 << 48) - 1) | 0xF << 44 | ((1 << 44) - 1)
    word = bch.BCH_SGB.encode(data)
    for _ in range(dice.choice((0, 0, 0, 1, 2, 3, 5, 6, 7, 9))):
        word ^= 1 << dice.randrange(250)
    return f"{dice.choice((0, 2)) << 250 | word:063X}"


def test_right_and_damaged_messages() -> None:
    dice = random.Random(42)
    texts = [valid_fgb(dice) for _ in range(1500)] + [valid_sgb(dice) for _ in range(500)]
    texts += [beacon.decode(valid_fgb(dice)).facts["hex_id_15"] for _ in range(50)]
    texts += [sgb.hex_id(int(valid_sgb(dice), 16), 250) for _ in range(50)]
    dice.shuffle(texts)
    same(decode_many(texts), [expected(text) for text in texts])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=70), st.text("0123456789abcdefABCDEFoO -", min_size=14, max_size=40))))
def test_any_text(texts: list[str]) -> None:
    batch = decode_many(texts)
    same(batch, [expected(text) for text in texts])
    assert set(batch.refused) == {row for row, text in enumerate(texts) if "error" in expected(text)}


@pytest.mark.parametrize("size", [112, 144, 250])
def test_bits(size: int) -> None:
    rng = np.random.default_rng(size)
    bits = rng.integers(0, 2, (60, size), dtype=np.uint8)
    bits[:30, :24] = [int(bit) for bit in format(0xFFFE2F, "024b")]
    wanted = [beacon.from_bits("".join(map(str, row))).facts for row in bits.tolist()]
    same(decode_many(bits), [{k: v for k, v in facts.items() if k not in NESTED} for facts in wanted])


def test_one_by_one_is_all_together(shared: Path) -> None:
    """A batch of one, in any order, gives what the batch of all gives."""
    texts = corpus(shared)[::9]
    whole = {name: decode_many(texts).column(name).tolist() for name in CORE}
    for row, text in enumerate(texts):
        alone = decode_many(iter([text]))
        assert {name: alone.column(name).tolist()[0] for name in CORE} == {name: whole[name][row] for name in CORE}


def test_arrays_of_a_column() -> None:
    texts = ["FFFE2F96E3A43F2E7FDFFDE2B5F583E0FAA8", "FFFE2F8E390E86CB28946AB42A10CFB97F83", "nothing"]
    batch = decode_many(texts)
    latitude = batch.column("latitude").array()
    assert latitude.dtype == np.float64
    assert np.isnan(latitude[[0, 2]]).all()
    assert latitude[1] == beacon.decode(texts[1]).facts["latitude"]
    assert batch.column("hex_id").array().tolist()[2] is None
    assert batch.column("error_kind").tolist()[:2] == [None, None]
    assert batch.message(1).hex_id == batch.column("hex_id").tolist()[1]


def test_nothing_and_wrong_shapes() -> None:
    assert len(decode_many([])) == 0
    assert decode_many([]).column("latitude").tolist() == []
    with pytest.raises(InputError, match="250"):
        decode_many(np.zeros((3, 100), np.uint8))
    with pytest.raises(InputError, match="zeros and ones"):
        decode_many(np.full((1, 112), 2))
