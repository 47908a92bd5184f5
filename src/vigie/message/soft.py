"""Soft-decision decoding: the most likely valid message from log-likelihood ratios, and how sure it is.

``decode`` for one code word of any of the three codes (``bch.BCH1``, ``BCH2``, ``BCH_SGB``), a batch at a time;
``fgb`` for the message of one first-generation burst, both its fields together; ``fgb_all`` for many; ``sgb`` and
``sgb_all`` for the second generation.

LLRs are ln P(0)/P(1), one a bit, in the order sent. A word that cannot be told from its rivals still comes back, with
the low probability it deserves: nothing received is lost, and nothing uncertain passes as sure.
"""

from __future__ import annotations

from vigie.message.soft_fgb import SoftMessage
from vigie.message.soft_fgb import decode as fgb
from vigie.message.soft_fgb import decode_all as fgb_all
from vigie.message.soft_patterns import Effort
from vigie.message.soft_sgb import SoftSecond
from vigie.message.soft_sgb import decode as sgb
from vigie.message.soft_sgb import decode_all as sgb_all
from vigie.message.soft_word import SoftWord, decode

__all__ = ["Effort", "SoftMessage", "SoftSecond", "SoftWord", "decode", "fgb", "fgb_all", "sgb", "sgb_all"]
