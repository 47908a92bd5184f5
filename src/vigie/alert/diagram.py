"""The table of states for people: a page with every row and constant, and a diagram. Both are made from the tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from html import escape

from vigie.alert import practice, states
from vigie.alert.rules import RULES

_PLACES = {
    states.NEW: (90, 330),
    "self_test": (90, 60),
    "test": (90, 130),
    "orbitography": (90, 200),
    "unreliable": (90, 460),
    "unlocated": (330, 330),
    "located": (560, 200),
    "updated": (560, 330),
    "unresolved": (560, 460),
    "conflict": (790, 330),
    "confirmed": (1020, 200),
    "confirmed_conflict": (1020, 330),
    "cancelling": (330, 590),
    "cancelled": (660, 590),
    "closed": (1020, 590),
}
"""where each state stands in the diagram, px"""
_WIDTH, _HEIGHT = 150, 44
_AFTER = ("cancelling", "cancelled", "closed")
_DRAWN = {("cancelling", "cancelled"), ("cancelled", "closed"), ("confirmed", "closed")}
_NOTE = "From every state of a call: a cancellation message, three of them, silence or age or the duty officer"
_COLOURS = {"calm": "#e8eef4", "open": "#fde9c8", "sure": "#f8d0c8", "ending": "#dfe8d5", "other": "#eeeeee"}


def edges() -> dict[tuple[str, str], list[str]]:
    """Each pair of different states that the table joins, with the events that do."""
    found: dict[tuple[str, str], list[str]] = {}
    for row in states.TABLE:
        for state in row.states:
            for to in _targets(state, row.to):
                events = found.setdefault((state, to), [])
                if to != state and row.event not in events:
                    events.append(row.event)
    return {pair: events for pair, events in found.items() if events}


def _targets(state: str, to: str) -> Iterable[str]:
    if to == states.STAY:
        return (state,)
    return (*states.OPEN, *states.SURE) if to == states.BEFORE else (to,)


def _colour(state: str) -> str:
    for name, group in (("calm", states.CALM), ("open", states.OPEN), ("sure", states.SURE), ("ending", states.ENDING)):
        if state in group:
            return _COLOURS[name]
    return _COLOURS["other"]


def svg() -> str:
    """The diagram. Rare ways are thin; resting on an arrow shows its events; the table under it has them all."""
    lines = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1130 650" font-family="sans-serif" font-size="13">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#456"/></marker></defs>',
    ]
    common = {"burst", "first", "moved", "better", "conflicting", "matching", "unresolved", "renewed"}
    for (start, end), events in sorted(edges().items()):
        if end in _AFTER and (start, end) not in _DRAWN:
            continue
        rare = not common & set(events) or start in (*states.OVER, *states.ENDING, "unreliable")
        lines.append(_arrow(start, end, events, rare))
    for state, (x, y) in _PLACES.items():
        words = "before the first burst" if state == states.NEW else states.STATES[state]
        lines.append(
            f"<g><title>{escape(words)}</title>"
            f'<rect x="{x - _WIDTH / 2:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{_WIDTH}" height="{_HEIGHT}" '
            f'rx="8" fill="{_colour(state)}" stroke="#456"/>'
            f'<text x="{x}" y="{y + 5}" text-anchor="middle">{escape(state.replace("_", " "))}</text></g>'
        )
    lines.append(f'<text x="660" y="640" text-anchor="middle" fill="#456">{escape(_NOTE)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"


def _arrow(start: str, end: str, events: list[str], rare: bool) -> str:
    (x1, y1), (x2, y2) = _PLACES[start], _PLACES[end]
    length = math.hypot(x2 - x1, y2 - y1)
    bend = 14 if length < 200 else 26
    cx, cy = (x1 + x2) / 2 - (y2 - y1) / length * bend, (y1 + y2) / 2 + (x2 - x1) / length * bend
    sx, sy = _edge(x1, y1, cx, cy)
    ex, ey = _edge(x2, y2, cx, cy)
    look = 'stroke="#b8c4cc" stroke-width="0.8"' if rare else 'stroke="#456" stroke-width="1.4"'
    tip = "" if rare else ' marker-end="url(#tip)"'
    words = f"{start} to {end}: {', '.join(events)}"
    return (
        f'<path d="M{sx:.0f} {sy:.0f}Q{cx:.0f} {cy:.0f} {ex:.0f} {ey:.0f}" fill="none" {look}{tip}>'
        f"<title>{escape(words)}</title></path>"
    )


def _edge(x: float, y: float, towards_x: float, towards_y: float) -> tuple[float, float]:
    """Where the line to a point leaves the box about (x, y)."""
    dx, dy = towards_x - x, towards_y - y
    scale = 1 / max(abs(dx) / (_WIDTH / 2 + 2), abs(dy) / (_HEIGHT / 2 + 2), 1e-9)
    return x + dx * min(scale, 1), y + dy * min(scale, 1)


def page() -> str:
    """The reference page, in Markdown."""
    return "\n".join([*_head(), *_rows(), *_constants(), *_practices()]).rstrip() + "\n"


def _head() -> Iterator[str]:
    yield from (
        "# Alert states and rules",
        "",
        "Written from the tables in `vigie.alert.states`, `data/alert_rules.toml` and `data/practices.toml`.",
        '**R** is the USMCC "RCC Messages Manual" v5.1 (21 September 2023, NOAA), which was read; it describes one',
        "centre that follows C/S A.001 and A.002. Those two were not read: no conformity with them is claimed.",
        "*Inferred* marks what no document read says.",
        "",
        "![States of an alert](alert_states.svg)",
        "",
        "## States",
        "",
        "| state | meaning |",
        "|---|---|",
    )
    yield from (f"| `{name}` | {words} |" for name, words in states.STATES.items())
    yield from ("", "## Events", "", "| event | meaning |", "|---|---|")
    yield from (f"| `{name}` | {words} |" for name, words in states.EVENTS.items())


def _rows() -> Iterator[str]:
    yield from (
        "",
        "## Transitions",
        "",
        "`=` stays, `<` goes back to the state before the cancellation. *message*: the",
    )
    yield "number it may call for, as for a first-generation beacon (3xx for a second-generation one); whether it"
    yield from ("is sent is decided by the re-send rules and the practice.", "")
    yield from ("| event | in | to | message | source |", "|---|---|---|---|---|")
    for row in states.TABLE:
        source = f"*inferred*; {row.source}" if row.inferred else row.source
        among = ", ".join(f"`{state}`" for state in row.states)
        yield f"| `{row.event}` | {among} | `{row.to}` | {row.sit} | {source} |"


def _constants() -> Iterator[str]:
    yield from ("", "## Constants", "", "| name | value | rule | source |", "|---|---|---|---|")
    for name, rule in RULES.items():
        marks = "".join(f"*{word}*; " for word, holds in (("inferred", rule.inferred), ("US", rule.national)) if holds)
        yield f"| `{name}` | {rule.value:g} {rule.unit} | {rule.rule} | {marks}{rule.source} |"


def _practices() -> Iterator[str]:
    yield from ("", "## Practices", "", "| | " + " | ".join(f"`{name}`" for name in practice.names()) + " |")
    yield "|---" * (1 + len(practice.names())) + "|"
    chosen = [practice.named(name) for name in practice.names()]
    yield "| | " + " | ".join(one.title for one in chosen) + " |"
    yield "| national constants | " + " | ".join(", ".join(sorted(one.rules)) or "none" for one in chosen) + " |"
    for key in ("unlocated_needs_name", "nocr_sticky", "hold_uncorroborated", "repository"):
        yield f"| {key} | " + " | ".join("yes" if getattr(one, key) else "no" for one in chosen) + " |"
    yield "| unreliable_copies | " + " | ".join(", ".join(one.unreliable_copies) or "none" for one in chosen) + " |"
