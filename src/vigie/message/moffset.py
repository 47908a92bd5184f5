"""The minute offset at which a return-link beacon's receiver listens: CRC-16 of its hex ID, modulo 60.

C/S T.001 4.5.7.2.2 and Figure B3; C/S T.018 4.5.9 and Appendix F. Polynomial x^16 + x^15 + x^2 + 1, no reflection,
register starting at zero, over the 60 bits of the 15-hex ID.
"""

from __future__ import annotations

from functools import cache

from vigie.message import bch

_POLYNOMIAL = 0b1_1000_0000_0000_0101
_ID_BITS, _CRC_BITS = 60, 16


@cache
def _tables() -> list[list[int]]:
    return bch.byte_tables(_POLYNOMIAL, _ID_BITS + _CRC_BITS)


def of(hex_id: str) -> tuple[str, int]:
    """CRC-16 (four hex digits) and minute offset (0-59) of a 15-hex ID."""
    crc = bch.remainder_of(int(hex_id[:15], 16) << _CRC_BITS, _tables())
    return format(crc, "04X"), crc % 60
