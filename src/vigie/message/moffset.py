"""The minute offset at which a return-link beacon's receiver listens: CRC-16 of its hex ID, modulo 60.

C/S T.001 4.5.7.2.2 and Figure B3; C/S T.018 4.5.9 and Appendix F. Polynomial x^16 + x^15 + x^2 + 1, no reflection,
register starting at zero, over the 60 bits of the 15-hex ID.
"""

from __future__ import annotations

_POLYNOMIAL = 0b1_1000_0000_0000_0101


def of(hex_id: str) -> tuple[str, int]:
    """CRC-16 (four hex digits) and minute offset (0-59) of a 15-hex ID."""
    word = int(hex_id[:15], 16) << 16
    for place in range(75, 15, -1):
        if word >> place & 1:
            word ^= _POLYNOMIAL << (place - 16)
    return format(word, "04X"), word % 60
