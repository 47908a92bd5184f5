"""Soft-decision decoding measured: word error rates, bounds, cost, and whether the stated probabilities are true.

    python benchmarks/soft_decoding.py [--quick] [--json FILE] [--part wer|messages|exact] [--seed N]

Channel: BPSK (or the phase modulation of C/S T.001 seen through a perfect receiver) in white Gaussian noise, with LLRs
as a calibrated receiver gives them. Hard decision is exact (binomial); the bounds are on maximum-likelihood decoding.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from typing import Any

import numpy as np
from scipy import integrate, optimize, special, stats

from vigie.message import bch, country, fgb, soft, soft_basis, soft_fgb, soft_osd, soft_prior
from vigie.message.bch import Code

LEVEL = 1e-3
SURE = 0.99
POINTS = {
    "BCH-1": np.arange(2.0, 6.01, 0.5),
    "BCH-2": np.arange(2.0, 7.01, 0.5),
    "BCH": np.arange(2.5, 4.26, 0.25),
}
CARRIER_DB = 10 * math.log10(400 / math.sin(1.1) ** 2)
"""from the energy of a bit over N0 to C/N0: 400 bit/s, deviation 1.1 rad (C/S T.001 2.3)"""


def sigma_of(code: Code, ebn0_db: float) -> float:
    return math.sqrt(1 / (2 * code.k / code.n * 10 ** (ebn0_db / 10)))


def words(code: Code, count: int, rng: np.random.Generator) -> np.ndarray:
    data = rng.integers(0, 2, (count, code.k), dtype=np.uint8)
    parity = np.bitwise_xor.reduce(np.where(data, soft_basis.columns(code)[: code.k], np.uint64(0)), axis=1)
    bits = parity[:, None] >> np.arange(code.n - code.k - 1, -1, -1, dtype=np.uint64) & np.uint64(1)
    return np.hstack([data, bits.astype(np.uint8)])


def llrs(bits: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    return 2 * (1 - 2.0 * bits + rng.normal(0, sigma, bits.shape)) / sigma**2


# -- bounds -----------------------------------------------------------------------------------------------------------


def spectrum(code: Code) -> tuple[np.ndarray, str]:
    """Number of code words of each weight 0..n: exact from the dual code where that can be listed."""
    n, parity = code.n, code.n - code.k
    if parity <= 21:
        columns = soft_basis.columns(code)
        weight = np.zeros(1 << parity, np.uint16)
        dual = np.arange(1 << parity, dtype=np.uint64)
        for column in columns:
            weight += (np.bitwise_count(dual & column) & 1).astype(np.uint16)
        counts = np.bincount(weight, minlength=n + 1)
        exact = []
        for w in range(n + 1):  # MacWilliams
            total = sum(int(counts[v]) * krawtchouk(n, w, v) for v in range(n + 1) if counts[v])
            exact.append(total >> parity)
        return np.array(exact, float), "exact weight spectrum"
    least = 2 * code.t + 1
    binomial = [math.comb(n, w) / 2**parity if w >= least or w == 0 else 0.0 for w in range(n + 1)]
    return np.array([1.0, *binomial[1:]]), "binomial approximation of the weight spectrum"


def krawtchouk(n: int, w: int, v: int) -> int:
    return sum((-1) ** j * math.comb(v, j) * math.comb(n - v, w - j) for j in range(w + 1))


def union_bound(counts: np.ndarray, sigma: float) -> float:
    weights = np.flatnonzero(counts[1:]) + 1
    return float(min(1.0, (counts[weights] * stats.norm.sf(np.sqrt(weights) / sigma)).sum()))


def tangential_sphere_bound(counts: np.ndarray, sigma: float) -> float:
    """Poltyrev, Bounds on the decoding error probability of binary linear codes, IEEE Trans. Inf. Theory 40 (1994)."""
    n = len(counts) - 1
    weights = np.flatnonzero(counts[1:n]) + 1
    number, half = counts[weights], np.sqrt(weights)

    def excess(radius: float) -> float:
        alpha = radius * np.sqrt(1 - weights / n)
        inside = half < alpha
        angle = np.arccos(half[inside] / alpha[inside])
        # integral of sin^(n-3) from 0 to the angle
        part = 0.5 * special.beta((n - 2) / 2, 0.5) * special.betainc((n - 2) / 2, 0.5, np.sin(angle) ** 2)
        return float(
            (number[inside] * part).sum()
            - math.sqrt(math.pi) * math.exp(math.lgamma((n - 2) / 2) - math.lgamma((n - 1) / 2))
        )

    radius = optimize.brentq(excess, math.sqrt(weights[0]) * 1.0001, 50 * math.sqrt(n))
    inside = half < radius * np.sqrt(1 - weights / n)
    number, half, chosen = number[inside], half[inside], weights[inside]

    def at(z: float) -> float:
        reach = max(radius * (1 - z / math.sqrt(n)), 0.0)
        outside = special.gammaincc((n - 1) / 2, reach**2 / (2 * sigma**2))
        beta = (math.sqrt(n) - z) * half / np.sqrt(n - chosen)
        nodes, quad = np.polynomial.legendre.leggauss(48)
        low = np.minimum(beta, reach)
        upper = np.minimum(reach, low + 12 * sigma)
        y = low[:, None] + (upper - low)[:, None] * (nodes + 1) / 2
        ball = special.gammainc((n - 2) / 2, np.maximum(reach**2 - y**2, 0) / (2 * sigma**2))
        pair = (stats.norm.pdf(y, scale=sigma) * ball * quad).sum(axis=1) * (upper - low) / 2
        return min(1.0, outside + float((number * pair).sum())) * stats.norm.pdf(z, scale=sigma)

    return float(integrate.quad(at, -8 * sigma, min(8 * sigma, math.sqrt(n)), limit=200)[0])


def hard_error_rate(code: Code, sigma: float) -> float:
    return float(stats.binom.sf(code.t, code.n, stats.norm.sf(1 / sigma)))


def accepted_share(code: Code) -> float:
    """Share of all words within the power of the code: of the words lost, about as many are miscorrected."""
    return sum(math.comb(code.n, errors) for errors in range(code.t + 1)) / 2 ** (code.n - code.k)


def crossing(points: list[float], rates: list[float], level: float) -> float | None:
    """Where log-rate crosses a level, linear between points; None when the points do not reach it."""
    logs = [math.log(max(rate, 1e-12)) for rate in rates]
    for left, right in zip(range(len(points)), range(1, len(points)), strict=False):
        if logs[left] >= math.log(level) > logs[right]:
            share = (logs[left] - math.log(level)) / (logs[left] - logs[right])
            return points[left] + share * (points[right] - points[left])
    return None


# -- word error rates -------------------------------------------------------------------------------------------------


def measure(code: Code, points: np.ndarray, errors: int, most_s: float, rng: np.random.Generator) -> dict[str, Any]:
    counts, how = spectrum(code)
    rows = []
    for ebn0_db in map(float, points):
        sigma = sigma_of(code, ebn0_db)
        sent = wrong = not_ml = ml_wrong = undetected = refused = 0
        stated = 0.0
        spent = 0.0
        started = time.process_time()
        while wrong < errors and time.process_time() - started < most_s:
            truth = words(code, 512, rng)
            llr = llrs(truth, sigma, rng)
            before = time.process_time()
            found = soft.decode(code, llr)
            spent += time.process_time() - before
            bad = (found.bits != truth).any(axis=1)
            cost_sent = np.where((llr < 0) != truth, np.abs(llr), 0).sum(axis=1)
            cost_found = np.where((llr < 0) != found.bits, np.abs(llr), 0).sum(axis=1)
            sent += len(truth)
            wrong += int(bad.sum())
            not_ml += int((bad & (cost_sent < cost_found - 1e-9)).sum())
            ml_wrong += int((bad & (cost_found <= cost_sent + 1e-9)).sum())
            undetected += int((bad & (found.probability >= SURE)).sum())
            refused += int((found.probability < SURE).sum())
            stated += float(found.probability.sum())
        rows.append(
            {
                "ebn0_db": ebn0_db,
                "words": sent,
                "hard": hard_error_rate(code, sigma),
                "hard_undetected": hard_error_rate(code, sigma) * accepted_share(code),
                "soft": wrong / sent,
                "stated_error": 1 - stated / sent,
                "ml_lower": ml_wrong / sent,
                "tangential_sphere": tangential_sphere_bound(counts, sigma),
                "union": union_bound(counts, sigma),
                "undetected": undetected / sent,
                "refused": refused / sent,
                "cost_us": spent / sent * 1e6,
            }
        )
        print_row(rows[-1], first=len(rows) == 1, title=f"{code.name} ({code.n},{code.k}), {how}")
        if wrong < 3:
            break
    at = [row["ebn0_db"] for row in rows]
    soft_db = crossing(at, [row["soft"] for row in rows], LEVEL)
    ml_db = crossing(at, [max(row["ml_lower"], 1e-9) for row in rows], LEVEL)
    hard_db = float(optimize.brentq(lambda db: math.log(hard_error_rate(code, sigma_of(code, db)) / LEVEL), 0, 12))
    bound_db = float(
        optimize.brentq(lambda db: math.log(tangential_sphere_bound(counts, sigma_of(code, db)) / LEVEL), 1, 10)
    )
    summary = {
        "hard_db": hard_db,
        "soft_db": soft_db,
        "ml_lower_bound_db": ml_db,
        "tangential_sphere_db": bound_db,
        "gain_db": None if soft_db is None else hard_db - soft_db,
        "gap_to_ml_db": None if soft_db is None or ml_db is None else soft_db - ml_db,
    }
    print(
        "at word error rate 1e-3: "
        + ", ".join(f"{k} {v:.2f}" if v is not None else f"{k} -" for k, v in summary.items())
    )
    return {"code": code.name, "n": code.n, "k": code.k, "spectrum": how, "points": rows, "at_1e-3": summary}


def print_row(row: dict[str, float], first: bool, title: str) -> None:
    if first:
        print(f"\n{title}\n" + "  ".join(f"{name:>12s}" for name in row))
    plain = {"ebn0_db": ".2f", "cost_us": ".1f", "words": "d"}
    cells = [format(value, f"12{plain.get(name, '.2e')}") for name, value in row.items()]
    print("  ".join(cells), flush=True)


# -- whole messages ---------------------------------------------------------------------------------------------------


def draw(count: int, rng: np.random.Generator) -> list[str]:
    """Random messages as beacons may send them: allocated country, protocol in use, positions on the globe."""
    codes = country.codes()
    drawn = []
    while len(drawn) < count:
        data = int.from_bytes(rng.bytes(8), "big") >> 3
        data = data & ~(0x3FF << 49) | codes[rng.integers(len(codes))] << 49
        if soft_prior.pdf1(data) < 0.5:
            continue
        first = bch.BCH1.encode(data)
        protocol = fgb.protocol_of(data, fgb.ID_LAST)
        head = format(0xFFFE2F if rng.random() < 0.9 else 0xFFFED0, "024b") + format(first, "082b")
        if not data >> 60 or rng.random() < soft_fgb.TRUNCATED_SHARE:
            drawn.append(head + format(int(rng.integers(64)), "06b"))
            continue
        fixed = soft_prior.fixed_bits(protocol)
        if fixed is None:
            drawn.append(head + format(int.from_bytes(rng.bytes(5), "big") >> 2, "038b"))
            continue
        while True:
            body = int.from_bytes(rng.bytes(4), "big") >> 6
            for place, value in fixed.items():
                body = body & ~(1 << (25 - place)) | value << (25 - place)
            if soft_prior.pdf2(protocol, body) >= 0.5:
                break
        drawn.append(head + format(bch.BCH2.encode(body), "038b"))
    return drawn


def burst_llrs(messages: list[str], esn0_db: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """LLRs (W, 144) of messages at each one's energy per bit over N0; after a short message there is noise alone."""
    signal = np.zeros((len(messages), fgb.LONG))
    for row, message in enumerate(messages):
        signal[row, : len(message)] = 1 - 2.0 * (np.frombuffer(message.encode(), np.uint8) - 48)
    sigma = np.sqrt(1 / (2 * 10 ** (esn0_db / 10)))[:, None]
    return 2 * (signal + rng.normal(0, 1, signal.shape) * sigma) / sigma**2


def hard_right(message: str, llr: np.ndarray) -> bool:
    """Whether hard decision and algebraic correction give the message (its length and sync given)."""
    received = int("".join("1" if value < 0 else "0" for value in llr[: len(message)]), 2)
    got = fgb.decode(received, 1, len(message)).word
    return got & (1 << (len(message) - 24)) - 1 == int(message[24:], 2)


def messages_part(count: int, rng: np.random.Generator) -> dict[str, Any]:
    points = np.arange(-1.0, 5.01, 0.5)
    each = -(-count // len(points))
    rows, stated, right, stated_id, right_id = [], [], [], [], []
    print("\nwhole first-generation messages: short, long and cut off, decoded by soft.fgb")
    for esn0_db in points:
        truth = draw(each, rng)
        llr = burst_llrs(truth, np.full(each, esn0_db), rng)
        before = time.process_time()
        found = [item for start in range(0, each, 500) for item in soft.fgb_all(llr[start : start + 500])]
        spent = time.process_time() - before
        good = np.array([item.bits == text for item, text in zip(found, truth, strict=True)])
        good_id = np.array([item.bits[24:106] == text[24:106] for item, text in zip(found, truth, strict=True)])
        p = np.array([item.probability for item in found])
        p_id = np.array([item.identity_probability for item in found])
        hard = np.mean([hard_right(text, row) for text, row in zip(truth, llr, strict=True)])
        rows.append(
            {
                "esn0_db": float(esn0_db),
                "cn0_dbhz": float(esn0_db) + CARRIER_DB,
                "hard_right": float(hard),
                "soft_right": float(good.mean()),
                "stated": float(p.mean()),
                "identity_right": float(good_id.mean()),
                "identity_stated": float(p_id.mean()),
                "sure_and_wrong": float((~good & (p >= SURE)).mean()),
                "id_sure_and_wrong": float((~good_id & (p_id >= SURE)).mean()),
                "cost_us": spent / each * 1e6,
            }
        )
        if len(rows) == 1:
            print("  ".join(f"{name:>17s}" for name in rows[-1]))
        print(
            "  ".join(f"{value:17.5f}" if name != "cost_us" else f"{value:17.0f}" for name, value in rows[-1].items()),
            flush=True,
        )
        stated.append(p)
        right.append(good)
        stated_id.append(p_id)
        right_id.append(good_id)
    tables = {
        "message": reliability(np.concatenate(stated), np.concatenate(right)),
        "identity": reliability(np.concatenate(stated_id), np.concatenate(right_id)),
    }
    for name, table in tables.items():
        print(f"\nreliability of the {name} probability over {each * len(points)} messages")
        print(f"{'stated':>17s} {'messages':>9s} {'mean stated':>12s} {'right':>9s} {'+-':>8s}")
        for row in table:
            span = f"{row['low']:8.3f}-{row['high']:8.4f} {row['count']:9d}"
            print(f"{span} {row['stated']:12.5f} {row['right']:9.5f} {row['error']:8.5f}")
    expected = expected_part(max(each // 8, 100), rng)
    return {"points": rows, "reliability": tables, "expected_id": expected}


def reliability(stated: np.ndarray, right: np.ndarray) -> list[dict[str, float]]:
    """Share right among messages of about the same stated probability; ``error`` is one standard error."""
    edges = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.985, 0.995, 0.999, 0.9999, 1.0000001]
    table = []
    for low, high in itertools.pairwise(edges):
        inside = (stated >= low) & (stated < high)
        if inside.any():
            share = float(right[inside].mean())
            error = math.sqrt(max(float((stated[inside] * (1 - stated[inside])).mean()), 1e-12) / inside.sum())
            table.append({"low": low, "high": min(high, 1.0), "count": int(inside.sum()),
                          "stated": float(stated[inside].mean()), "right": share, "error": error})  # fmt: skip
    return table


def expected_part(count: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """What an expected identity brings: the true ID among ten expected ones with probability one half."""
    print("\nidentity right, without and with ten expected IDs (half of the bursts are from one of them)")
    rows = []
    for esn0_db in (-3.0, -2.0, -1.0, 0.0):
        truth = draw(count, rng)
        llr = burst_llrs(truth, np.full(count, esn0_db), rng)
        plain = np.mean([m.bits[24:106] == t[24:106] for m, t in zip(soft.fgb_all(llr), truth, strict=True)])
        ids = [fgb.hex_id(int(text, 2), len(text)) for text in truth]
        pool = draw(10, rng)
        others = [fgb.hex_id(int(text, 2), len(text)) for text in pool]
        helped, stated = 0, 0.0
        for row, text in enumerate(truth):
            is_one = rng.random() < 0.5
            names = [*others[:9], ids[row] if is_one else others[9]]
            got = soft.fgb(llr[row], expected_ids=dict.fromkeys(names, 0.05))
            helped += got.bits[24:106] == text[24:106]
            stated += got.identity_probability
        rows.append({"esn0_db": esn0_db, "plain": float(plain), "expected": helped / count, "stated": stated / count})
        print("  ".join(f"{name} {value:.3f}" for name, value in rows[-1].items()), flush=True)
    return rows


# -- the estimate of what is not listed, against the exact sum -------------------------------------------------------


def exact_part(count: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """BCH(82,61): the posterior by the sum over all 2^21 dual words, beside the estimate."""
    code = bch.BCH1
    columns = soft_basis.columns(code)
    print("\nBCH-1: error probability stated, by the exact sum over the code and by the estimate (means)")
    rows = []
    for ebn0_db in (2.0, 3.0, 4.0):
        llr = llrs(words(code, count, rng), sigma_of(code, ebn0_db), rng)
        found = soft_osd.search(code, llr)
        estimate = 1 - soft.decode(code, llr).probability
        exact = []
        for row in range(count):
            size = np.zeros(1 << 21)
            np.add.at(size, columns.astype(np.int64), np.log(np.tanh(np.abs(llr[row]) / 2)))
            syndrome = int(np.bitwise_xor.reduce(columns[llr[row] < 0], initial=np.uint64(0)))
            half = (size.sum() - hadamard(size)) / 2  # sum of the logarithms over each dual word
            sign = 1 - 2.0 * (np.bitwise_count(np.arange(1 << 21) & syndrome) & 1)
            whole = float((np.exp(half) * sign).mean())
            exact.append(1 - math.exp(found.log_mass[row, 0]) / whole)
        rows.append(
            {"ebn0_db": ebn0_db, "exact": float(np.mean(exact)), "estimate": float(np.mean(estimate)),
             "largest_difference": float(np.abs(np.array(exact) - estimate).max())}
        )  # fmt: skip
        print("  ".join(f"{name} {value:.5f}" for name, value in rows[-1].items()), flush=True)
    return rows


def hadamard(values: np.ndarray) -> np.ndarray:
    step = 1
    while step < len(values):
        pairs = values.reshape(-1, 2, step)
        values = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
        step *= 2
    return values


def plot(result: dict[str, Any], path: str) -> None:
    """Word error rates with their bounds, and stated against observed probabilities, as a picture."""
    from matplotlib.figure import Figure

    codes, messages = result.get("wer", []), result.get("messages")
    figure = Figure(figsize=(5 * (len(codes) + bool(messages)), 4.5), layout="constrained")
    axes = figure.subplots(1, len(codes) + bool(messages), squeeze=False)[0]
    styles = {"hard": "C3-", "soft": "C0o-", "ml_lower": "C2:", "tangential_sphere": "k--", "undetected": "C1x-"}
    for axis, code in zip(axes, codes, strict=False):
        ebn0_db = [point["ebn0_db"] for point in code["points"]]
        for name, style in styles.items():
            axis.semilogy(ebn0_db, [point[name] or np.nan for point in code["points"]], style, label=name)
        axis.set(title=f"{code['code']} ({code['n']},{code['k']})", xlabel="Eb/N0, dB", ylim=(1e-6, 1))
        axis.grid(alpha=0.3)
    if codes:
        axes[0].set_ylabel("word error rate")
        axes[0].legend()
    if messages:
        axes[-1].plot([0, 1], [0, 1], "k:", lw=1)
        for name, rows in messages["reliability"].items():
            stated, right = ([row[key] for row in rows if row["count"]] for key in ("stated", "right"))
            error = [2 * row["error"] for row in rows if row["count"]]
            axes[-1].errorbar(stated, right, error, fmt=".", label=name)
        axes[-1].set(title="reliability", xlabel="probability stated", ylabel="share right")
        axes[-1].legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a minute instead of a quarter of an hour")
    parser.add_argument("--part", choices=["wer", "messages", "exact"], action="append")
    parser.add_argument("--code", choices=sorted(POINTS), action="append", help="for the part wer: these codes only")
    parser.add_argument("--messages", type=int, help="noisy messages for the reliability table")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE", help="draw it (needs matplotlib, the extra plot)")
    given = parser.parse_args()
    parts = given.part or ["wer", "messages", "exact"]
    result: dict[str, Any] = {"seed": given.seed, "numpy": np.__version__, "python": sys.version.split()[0]}
    if "wer" in parts:
        errors, most_s = (40, 4.0) if given.quick else (200, 40.0)
        result["wer"] = [
            measure(code, POINTS[code.name], errors, most_s, np.random.default_rng(given.seed))
            for code in (bch.BCH1, bch.BCH2, bch.BCH_SGB)
            if not given.code or code.name in given.code
        ]
    if "messages" in parts:
        count = given.messages or (4000 if given.quick else 100_000)
        result["messages"] = messages_part(count, np.random.default_rng(given.seed + 1))
    if "exact" in parts:
        result["exact"] = exact_part(10 if given.quick else 100, np.random.default_rng(given.seed + 2))
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    if given.plot:
        plot(result, given.plot)


if __name__ == "__main__":
    main()
