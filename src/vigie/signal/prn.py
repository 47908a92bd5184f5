"""The spreading sequences of second-generation beacons (C/S T.018 2.2.3, Table 2.2).

All four are stretches of one m-sequence, G(x) = x^23 + x^18 + 1, cut to the 38,400 chips of one burst.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vigie.records import Sync

Arm = Literal["i", "q"]

CHIPS = 38_400  # T.018 2.2.3 e
PREAMBLE_CHIPS = 6_400  # T.018 2.2.4
BIT_CHIPS = 256  # T.018 2.2.3 b, on one arm

REGISTERS: dict[tuple[Sync, Arm], str] = {
    ("normal", "i"): "00000000000000000000001",
    ("normal", "q"): "00110101100000111111100",
    ("self_test", "i"): "10100101100100111110000",
    ("self_test", "q"): "01111001110100100101000",
}
"""start values of Table 2.2, register 22 first"""


@cache
def logic(sync: Sync, arm: Arm) -> NDArray[np.int8]:
    """The chips of one arm as logic levels, (38400,) of 0 and 1, the first sent first. Read-only.

    The output is register 0, and register 0 xor register 18 goes into register 22 (Figure 2-2): so the first 23 chips
    are the registers from 0 up, and chip n + 23 is chip n xor chip n + 18.
    """
    chips = [int(level) for level in reversed(REGISTERS[sync, arm])]
    for n in range(CHIPS - len(chips)):
        chips.append(chips[n] ^ chips[n + 18])
    sequence = np.array(chips, np.int8)
    sequence.flags.writeable = False
    return sequence


@cache
def levels(sync: Sync, arm: Arm) -> NDArray[np.float32]:
    """The chips of one arm as signal levels, (38400,): logic 1 is -1, logic 0 is +1 (Table 2.3). Read-only."""
    sequence = (1 - 2 * logic(sync, arm)).astype(np.float32)
    sequence.flags.writeable = False
    return sequence
