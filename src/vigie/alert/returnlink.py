"""Who is owed an acknowledgement by the return link service, and whether the beacon says that it got it (R 3.3.2).

Nothing is owed to a beacon before its position is confirmed, because the provider hears of it only then (R 3.2.3.8.2
(9)). That it was received is said by the beacon's own feedback bits, and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from vigie.instants import Instant
from vigie.records import ReturnLink

Stands = Literal["capable", "owed", "received", "lost"]


def stated(facts: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a message says of the return link: an RLS protocol's own fields, or a rotating field of that type.

    None when it says nothing: another rotating field, a second field that could not be mended, a beacon without.
    """
    turn = facts.get("rotating_field")
    said = turn if isinstance(turn, Mapping) else facts
    return said if "rlm_type1_capable" in said or "rlm_type2_capable" in said else None


def update(link: ReturnLink | None, facts: Mapping[str, Any], time: Instant, *, confirmed: bool) -> ReturnLink | None:
    """Where the acknowledgement stands after a message, or after the position was confirmed (no new facts).

    A message that says nothing of the return link changes nothing.
    """
    said = stated(facts)
    if said is None:
        if link is not None and confirmed and link.state == "capable":
            return ReturnLink(link.provider, "owed", time, link.automatic, link.manual)
        return link
    automatic, manual = bool(said.get("rlm_type1_capable")), bool(said.get("rlm_type2_capable"))
    if not (automatic or manual):
        return link
    received = bool(said.get("rlm_type1_received")) or bool(said.get("rlm_type2_received"))
    provider = str(said.get("rls_provider") or "unknown")
    before = link.state if link else "capable"
    state: Stands
    if received:
        state = "received"
    elif before in ("received", "lost"):
        state = "lost"
    else:
        state = "owed" if confirmed or before == "owed" else "capable"
    if link is not None and (link.provider, link.state, link.automatic, link.manual) == (
        provider,
        state,
        automatic,
        manual,
    ):
        return link
    return ReturnLink(provider, state, time, automatic, manual)
