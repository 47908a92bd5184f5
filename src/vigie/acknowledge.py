"""The return-link message that a beacon is owed. Made for whoever sends it to the provider: nothing here transmits."""

from __future__ import annotations

from vigie.message import rlm
from vigie.records import Alert


def content(alert: Alert) -> str | None:
    """The 80 bits (20 hex digits) of the automatic acknowledgement that an alert's beacon is owed; None when none is.

    Owed is one to a beacon of Galileo's return link that accepts the automatic kind, from the confirmation of its
    position until its own feedback bits say that it was received (R 3.3.2, Galileo OS SIS ICD 5.3). None for an
    exercise: its beacon waits for nothing.
    """
    link, hex_id = alert.return_link, alert.facts.get("hex_id_15")
    if link is None or not hex_id or alert.exercise:
        return None
    if link.state not in ("owed", "lost") or not link.automatic or link.provider != "galileo":
        return None
    facts = {"beacon_hex_id_15": hex_id, "service": "acknowledgement", "acknowledgement_type": "type1"}
    return rlm.encode(facts)
