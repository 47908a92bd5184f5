"""Decode a beacon message and explain it: python examples/explain_a_message.py [HEX ...]"""

from __future__ import annotations

import sys

import vigie

for digits in sys.argv[1:] or ["FFFE2F8E39048D158AC01E3AA482856824CE"]:
    message = vigie.decode(digits)
    print(f"{message.hex_id}: {message.category}, {message.verdict}, position {message.position_deg}")
    for sentence in message.facts["description"]:
        print(f"  {sentence}")
    for name, field in message.facts["fields"].items():
        first, last = field["bits"]
        print(f"  bits {first:3}-{last:3}  {name} = {field['value']}")
