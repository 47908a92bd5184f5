"""The alert book under random life: its cost as it grows, and that nothing is doubled or decided otherwise in a replay.

Feeds invented traffic (bursts with and without positions, Doppler passes, DOA positions, cancellations, late and
future times, a clock, orders) to a book, and to a second one that gets the same records. Counts states reached,
messages decided, and differences. With ``--open N`` it times detections in a book of N open alerts.

    python benchmarks/alert_model.py --records 200000
    python benchmarks/alert_model.py --open 1000 10000 100000
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from dataclasses import replace

from vigie.alert import states
from vigie.alert.book import AlertBook
from vigie.alert.practice import named
from vigie.records import Detection, Message, Order, Record, Tick
from vigie.sim.detections import CANCEL, ELT_DT, ORBITOGRAPHY, PLB, TEST, YACHT, at, detection, message, solution

PLACES = [(45.0, -5.0), (45.05, -5.0), (45.5, -5.0), (46.0, 4.0), (-10.0, 179.99)]
SATELLITES = [(), ("401", "402"), ("402", "403"), ("S12",), ("S13",)]


def traffic(rng: random.Random, count: int) -> list[Record]:
    """So many records, most of them in order of time."""
    kinds = [PLB, PLB, YACHT, ELT_DT, ELT_DT, CANCEL, TEST, ORBITOGRAPHY, PLB | {"frame_sync": "self_test"}]
    ids = [message(facts).hex_id or "" for facts in kinds]
    made: list[Record] = []
    now = 0.0
    for _ in range(count):
        now += rng.choice((5, 50, 50, 300, 1800, 8000))
        when = now + rng.choice((0, 0, 0, 0, -400, 600, -90_000))
        draw, facts = rng.random(), rng.choice(kinds)
        if draw < 0.5:
            place = rng.choice([None, *PLACES]) if facts in (PLB, ELT_DT) else None
            more = {} if place is None else {"latitude": place[0], "longitude": place[1]}
            wrong = rng.choice(((), (), (), (33, 46, 58, 63, 77, 91)))
            one = detection(facts, when, wrong=wrong, **more)
            made.append(replace(one, satellite=rng.choice(("", "401", "G16", "S12"))))
            if facts is CANCEL:
                made += [detection(facts, when + 10.0 * step) for step in (1, 2)]
        elif draw < 0.8:
            known = facts if facts in (PLB, YACHT) else ELT_DT
            method, place = rng.choice(("doa", "doppler")), rng.choice(PLACES)
            share = 0.7 if method == "doppler" else 1.0
            one_place = solution(
                method, *place, when, facts=known, probability=share, satellites=rng.choice(SATELLITES)
            )
            made.append(one_place)
            if share < 1:
                lat, lon = rng.choice(PLACES)
                made.append(replace(one_place, lat_deg=lat, lon_deg=lon, probability=0.3))
        elif draw < 0.97:
            made.append(Tick(at(now)))
        else:
            what = rng.choice(("close", "add", "remove", "resend"))
            made.append(Order(at(now), rng.choice(ids), what, "SPMCC"))  # type: ignore[arg-type]
    return made


def model(count: int, seed: int, practice: str) -> dict[str, object]:
    """Two books fed the same; what happened in them."""
    records = traffic(random.Random(seed), count)
    one, other = AlertBook(practice=named(practice)), AlertBook(practice=named(practice))
    reached: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    keys: set[tuple[str, int]] = set()
    doubled = differing = 0
    begun = time.process_time()
    for record in records:
        for alert in one.take(record):
            reached[alert.state] += 1
            for notice in alert.notices:
                sent[notice.number] += 1
                doubled += (notice.to, notice.serial) in keys
                keys.add((notice.to, notice.serial))
    spent = time.process_time() - begun
    for record in records:
        other.take(record)
    differing = sum(a != b for a, b in zip(one.alerts(), other.alerts(), strict=True))
    return {
        "records": len(records),
        "practice": practice,
        "states_reached": dict(sorted(reached.items())),
        "states_never": sorted(set(states.STATES) - set(reached)),
        "messages": dict(sorted(sent.items())),
        "sent_twice": doubled,
        "alerts_differing_in_replay": differing,
        "cpu_us_per_record": round(spent / len(records) * 1e6, 1),
    }


def cost(open_alerts: int, count: int) -> dict[str, object]:
    """CPU time of a detection in a book with so many open alerts."""
    base = message(PLB, latitude=45.0, longitude=-5.0)
    told = [
        Message(base.kind, base.received, base.form, {**base.facts, "hex_id": f"{i:015X}"}) for i in range(open_alerts)
    ]
    book = AlertBook()
    begun = time.process_time()
    for number, one in enumerate(told):
        book.take(Detection(one, at(number * 1e-3)))
    first = time.process_time()
    for number in range(count):
        book.take(Detection(told[number * 7919 % open_alerts], at(200 + number * 1e-2)))
    again = time.process_time()
    for number in range(100):
        book.take(Tick(at(300 + number)))
    ticked = time.process_time()
    return {
        "open": open_alerts,
        "first_us": round((first - begun) / open_alerts * 1e6, 1),
        "again_us": round((again - first) / count * 1e6, 1),
        "tick_us": round((ticked - again) / 100 * 1e6, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--open", type=int, nargs="*", default=[])
    parser.add_argument("--detections", type=int, default=20_000)
    given = parser.parse_args()
    for practice in ("international", "us") if given.records else ():
        print(json.dumps(model(given.records, given.seed, practice)))
    for size in given.open:
        print(json.dumps(cost(size, given.detections)))


if __name__ == "__main__":
    main()
