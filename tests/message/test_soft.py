"""Soft-decision decoding: most likely, no less than hard decision, and with probabilities that are true."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vigie.errors import HexError, InputError
from vigie.message import bch, beacon, fgb, sgb, soft, soft_osd, soft_prior

CODES = (bch.BCH1, bch.BCH2, bch.BCH_SGB)
LONG = "FFFE2F8E390E86CB28946AB42A10CFB97F83"  # an ELT(DT) with its position in both fields
STANDARD = "FFFE2F96E3A43F2E7FDFFDE2B5F583E0FAA8"


def bits_of(code: bch.Code, data: int) -> np.ndarray:
    return np.array([int(bit) for bit in format(code.encode(data), f"0{code.n}b")], np.uint8)


def text_bits(hexadecimal: str) -> str:
    return format(int(hexadecimal, 16), f"0{4 * len(hexadecimal)}b")


def llrs(bits: np.ndarray | str, sigma: float, rng: np.random.Generator) -> np.ndarray:
    values = np.array([int(bit) for bit in bits]) if isinstance(bits, str) else bits
    return 2 * (1 - 2.0 * values + rng.normal(0, sigma, values.shape)) / sigma**2


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_worse_than_hard_decision(code: bch.Code, data: st.DataObject) -> None:
    """Up to t errors among bits of one reliability come back, as from the algebraic decoder."""
    sent = bits_of(code, data.draw(st.integers(0, (1 << code.k) - 1)))
    wrong = data.draw(st.sets(st.integers(0, code.n - 1), max_size=code.t))
    llr = 4.0 * (1 - 2.0 * sent)
    llr[list(wrong)] *= -1
    found = soft.decode(code, llr)
    assert (found.bits == sent).all()
    assert found.corrected == len(wrong)
    assert found.probability > found.runner_up_probability


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_weak_bits_cost_little(code: bch.Code) -> None:
    """2t errors, far beyond hard decision, where the receiver itself doubts those bits."""
    rng = np.random.default_rng(3)
    sent = np.stack([bits_of(code, int(rng.integers(1 << 26))) for _ in range(20)])
    llr = 9.0 * (1 - 2.0 * sent)
    for row in llr:
        row[rng.choice(code.n, 2 * code.t, replace=False)] *= -0.05
    found = soft.decode(code, llr)
    assert (found.bits == sent).all()
    assert (found.corrected == 2 * code.t).all()


def test_most_likely_and_exact_probability_against_all_words() -> None:
    """BCH(38,26) with 14 data bits known leaves 4096 words: each weighed one by one."""
    code, rng = bch.BCH2, np.random.default_rng(5)
    head = 0b10110011100011
    words = np.stack([bits_of(code, head << 12 | low) for low in range(1 << 12)])
    known = np.full(code.n, -1)
    known[:14] = words[0, :14]
    for _ in range(20):
        llr = llrs(words[int(rng.integers(1 << 12))], 0.9, rng)
        logs = -np.where(words == 1, np.logaddexp(0, llr), np.logaddexp(0, -llr))[:, 14:].sum(axis=1)
        posterior = np.exp(logs - np.logaddexp.reduce(logs))
        found = soft.decode(code, llr, known=known)
        assert (found.bits == words[posterior.argmax()]).all()
        assert found.probability == pytest.approx(posterior.max(), rel=1e-6)
        second = np.sort(posterior)[-2]
        if second > posterior.max() / 50:  # rarer ones are not all listed
            assert found.runner_up_probability == pytest.approx(second, rel=1e-6)


def test_sum_over_the_code_by_its_dual() -> None:
    """Shortened to eight free data bits the sum over the code is 256 terms."""
    code, rng = bch.BCH2, np.random.default_rng(6)
    words = np.stack([bits_of(code, low) for low in range(1 << 8)])
    llr = rng.normal(0, 2, code.n)
    llr[:18] = soft_osd.CERTAIN
    logs = -np.where(words == 1, np.logaddexp(0, llr), np.logaddexp(0, -llr)).sum(axis=1)
    assert soft_osd.total(code, llr[None])[0] == pytest.approx(np.logaddexp.reduce(logs), abs=1e-6)


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_batch_is_one_at_a_time(code: bch.Code) -> None:
    rng = np.random.default_rng(8)
    sent = np.stack([bits_of(code, int(rng.integers(1 << 26))) for _ in range(12)]).reshape(3, 4, code.n)
    llr = llrs(sent, 0.65, rng)
    together = soft.decode(code, llr)
    assert together.bits.shape == sent.shape
    assert together.probability.shape == (3, 4)
    for place in np.ndindex(3, 4):
        alone = soft.decode(code, llr[place])
        assert (alone.bits == together.bits[place]).all()
        assert alone.probability == pytest.approx(together.probability[place], rel=1e-9)
        assert alone.corrected == together.corrected[place]


@pytest.mark.parametrize(("code", "sigma"), [(bch.BCH1, 0.68), (bch.BCH2, 0.72), (bch.BCH_SGB, 0.565)])
def test_probability_is_true(code: bch.Code, sigma: float) -> None:
    """Over many noisy words, what is stated comes true within four standard errors."""
    rng = np.random.default_rng(11)
    count = 400 if code.n > 100 else 3000
    sent = np.stack([bits_of(code, int(rng.integers(1 << 26))) for _ in range(count)])
    found = soft.decode(code, llrs(sent, sigma, rng))
    right = (found.bits == sent).all(axis=1)
    p = found.probability
    assert 0.5 < right.mean() < 0.995
    assert right.mean() == pytest.approx(p.mean(), abs=4 * np.sqrt((p * (1 - p)).sum()) / count)
    sure = p > 0.99
    assert (~right[sure]).sum() <= 4 + 3 * (1 - p[sure]).sum()


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_noise_alone_is_not_sure(code: bch.Code) -> None:
    rng = np.random.default_rng(12)
    found = soft.decode(code, rng.normal(0, 1.5, (20, code.n)))
    assert (found.probability < 0.5).all()
    assert (found.probability + found.runner_up_probability + found.unlisted_probability <= 1 + 1e-9).all()


def test_known_bits_that_no_word_has() -> None:
    code = bch.BCH2
    known = bits_of(code, 12345)
    known[20] ^= 1
    found = soft.decode(code, 3.0 * (1 - 2.0 * known), known=known)
    assert found.probability == 0


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf, -np.inf])
def test_degenerate_llrs(value: float) -> None:
    for code in CODES:
        found = soft.decode(code, np.full(code.n, value))
        assert 0 <= found.probability <= 1
    assert 0 <= soft.fgb(np.full(144, value)).probability <= 1


def test_expected_words() -> None:
    """A word that was expected is believed in noise where it could not be found among all; a wrong one is not."""
    code, rng = bch.BCH1, np.random.default_rng(14)
    sent = bits_of(code, 0x123456789ABCDEF)
    other = bits_of(code, 0x0FEDCBA98765432)
    llr = llrs(np.tile(sent, (40, 1)), 0.95, rng)
    plain = soft.decode(code, llr)
    told = soft.decode(code, llr, expected=([sent, other], [0.3, 0.3]))
    right_plain = (plain.bits == sent).all(axis=1).mean()
    right_told = (told.bits == sent).all(axis=1).mean()
    assert right_plain < 0.5 < 0.95 <= right_told
    strong = soft.decode(code, llrs(sent, 0.5, rng), expected=([other], [0.9]))
    assert (strong.bits == sent).all()
    assert strong.probability > 0.99


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(InputError, match="82"):
        soft.decode(bch.BCH1, np.zeros(81))
    with pytest.raises(InputError, match="144"):
        soft.fgb(np.zeros(120))
    with pytest.raises(InputError, match="one burst"):
        soft.fgb(np.zeros((2, 144)))
    with pytest.raises(HexError):
        soft.fgb(np.zeros(144), expected_ids=["12"])
    with pytest.raises(InputError, match="hex ID"):
        soft.fgb(np.zeros(144), expected_ids=[LONG])
    with pytest.raises(InputError, match="at most 1"):
        soft.decode(bch.BCH2, np.zeros(38), expected=([np.zeros(38)], [1.5]))


def _whole(shared: Path) -> list[str]:
    """Bits of every message of the corpus whose codes hold, as sent."""
    messages = set()
    for line in (shared / "beacons" / "fgb.jsonl").read_text().splitlines():
        row = json.loads(line)
        if not row["kind"].startswith("message_"):
            continue
        facts = beacon.decode(row["hex"]).facts
        if facts["verdict"] == "unreliable" or facts.get("bch2_errors", 0) is None:
            continue
        first, last = beacon.FORMS[row["kind"]]
        whole = fgb.decode(int(row["hex"], 16), first, last)
        bits = format(whole.word, f"0{whole.last - first + 1}b")
        messages.add(bits if first == 1 else format(0xFFFE2F, "024b") + bits)
    return sorted(messages)


def test_corpus_without_noise(shared: Path) -> None:
    """Every message of the corpus comes back, its form told, from strong soft bits with noise after a short one."""
    rng = np.random.default_rng(15)
    messages = _whole(shared)
    assert len(messages) > 200
    llr = np.zeros((len(messages), 144))
    for row, bits in enumerate(messages):
        llr[row, : len(bits)] = llrs(bits, 0.22, rng)
        llr[row, len(bits) :] = 2 * rng.normal(0, 0.22, 144 - len(bits)) / 0.22**2
    for bits, found in zip(messages, soft.fgb_all(llr), strict=True):
        assert found.bits[24:] == bits[24:]
        assert (len(found.bits) == 112) == (found.form != "long")
        assert found.identity_probability > 0.99
        assert found.sync == ("self_test" if bits[15:24] == "011010000" else "normal")
        assert found.hex_id == beacon.from_bits(found.bits).facts["hex_id"]


def test_corpus_in_noise(shared: Path) -> None:
    """At 29 dB-Hz hard decision loses about half; soft decoding finds most, and its probabilities hold."""
    rng = np.random.default_rng(16)
    messages = [bits for bits in _whole(shared) if len(bits) == 144]
    llr = llrs(np.array([[int(bit) for bit in bits] for bits in messages]), 0.6, rng)
    found = soft.fgb_all(llr)
    right = np.array([item.bits[24:] == bits[24:] for item, bits in zip(found, messages, strict=True)])
    stated = np.array([item.probability for item in found])
    hard = 0
    for row, bits in zip(llr, messages, strict=True):
        word = fgb.decode(int("".join("1" if value < 0 else "0" for value in row), 2), 1, 144).word
        hard += format(word, "0144b")[24:] == bits[24:] if word.bit_length() > 112 else 0
    assert right.mean() > 0.9 > 0.75 > hard / len(messages)
    assert abs(right.mean() - stated.mean()) < 4 * np.sqrt((stated * (1 - stated)).sum()) / len(right) + 0.01
    assert all(item.probability <= item.identity_probability + 1e-12 for item in found)


def test_short_array_and_truncation() -> None:
    """A long message of which 112 bits came is cut off; zeros or ones after bit 112 are filler."""
    bits = text_bits(LONG)
    llr = 12 * (1 - 2.0 * np.array([int(bit) for bit in bits]))
    assert soft.fgb(llr[:112]).form == "truncated"
    assert soft.fgb(llr[:112]).bits == bits[:112]
    for filler in (12.0, -12.0):
        cut = np.concatenate([llr[:112], np.full(32, filler)])
        found = soft.fgb(cut)
        assert (found.form, found.bits) == ("truncated", bits[:112])
    assert soft.fgb(llr).form == "long"


def test_expected_id_finds_a_buried_burst() -> None:
    rng = np.random.default_rng(17)
    bits = text_bits(LONG)
    hex_id = fgb.hex_id(int(bits, 2), 144)
    array = np.tile([int(bit) for bit in bits], (30, 1))
    llr = llrs(array, 0.95, rng)
    plain = sum(item.hex_id == hex_id for item in soft.fgb_all(llr))
    told = sum(item.hex_id == hex_id for item in soft.fgb_all(llr, expected_ids={hex_id: 0.3, "2DC843D14B53C01": 0.3}))
    assert told > plain + 5
    clear = soft.fgb(llrs(bits, 0.4, rng), expected_ids=["2DC843D14B53C01"])
    assert clear.hex_id == hex_id
    assert clear.identity_probability > 0.99


def test_expected_id_whatever_the_position() -> None:
    """Deep in noise the ID is surer than the message: its position bits are not told."""
    rng = np.random.default_rng(19)
    bits = text_bits(STANDARD)
    hex_id = fgb.hex_id(int(bits, 2), 144)
    found = [soft.fgb(llrs(bits, 1.25, rng), expected_ids={hex_id: 0.5}) for _ in range(25)]
    right = np.mean([item.hex_id == hex_id for item in found])
    stated = np.mean([item.hex_id_probability for item in found])
    assert right > 0.8
    assert stated == pytest.approx(right, abs=0.2)
    assert all(item.hex_id_probability >= item.identity_probability - 1e-9 for item in found)
    assert np.mean([item.identity_probability for item in found]) < stated - 0.1


def test_second_generation() -> None:
    """Bits known of every message and an expected ID carry the decoder past what the code alone gives."""
    rng = np.random.default_rng(20)
    data = [format(int.from_bytes(rng.bytes(26), "big") >> 6, "0202b") for _ in range(40)]
    head = [row[:30] + format(227, "010b") + row[40:140] + "1" * 14 + "0000" + row[158:] for row in data]
    sent = np.stack([bits_of(bch.BCH_SGB, int(row, 2)) for row in head])
    llr = llrs(sent, 0.66, rng)
    plain = (soft.decode(bch.BCH_SGB, llr).bits == sent).all(axis=1)
    found = soft.sgb_all(llr)
    texts = ["".join(map(str, row)) for row in sent.tolist()]
    right = np.array([item.bits == text for item, text in zip(found, texts, strict=True)])
    stated = np.array([item.probability for item in found])
    assert right.sum() >= plain.sum()
    assert abs(right.mean() - stated.mean()) < 4 * np.sqrt((stated * (1 - stated)).sum()) / len(right) + 0.02
    hex_id = sgb.hex_id(int(texts[0], 2), 250)
    buried = [soft.sgb(row, expected_ids=[hex_id]) for row in llrs(np.tile(sent[0], (5, 1)), 0.9, rng)]
    assert all(item.hex_id == hex_id and item.identity_probability > 0.9 for item in buried)
    with pytest.raises(InputError, match="250"):
        soft.sgb(np.zeros(144))
    with pytest.raises(InputError, match="hex ID"):
        soft.sgb(np.zeros(250), expected_ids=["1C721D0D963FDFF"])


def test_plausibility_averages_one() -> None:
    """Relative priors are weights over all patterns: their mean is 1."""
    rng = np.random.default_rng(18)
    weights = [soft_prior.pdf1(int.from_bytes(rng.bytes(8), "big") >> 3) for _ in range(20_000)]
    assert np.mean(weights) == pytest.approx(1.0, abs=0.1)
    standard = fgb.protocol_of(int(text_bits(STANDARD), 2), 144)
    assert soft_prior.fixed_bits(standard) == {0: 1, 1: 1, 2: 0, 3: 1}
    weights = [soft_prior.pdf2(standard, int(rng.integers(1 << 26))) for _ in range(5000)]
    assert np.mean(weights) == pytest.approx(1.0, abs=0.05)
