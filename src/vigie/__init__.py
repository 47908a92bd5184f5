"""Vigie: the open ground segment of the Cospas-Sarsat search-and-rescue system.

``decode encode decode_many receive measure locate simulate`` and the records that they give and take are all there is
to know. Each is imported when it is first used, so that ``import vigie`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigie.functions import measure, receive, simulate
    from vigie.locate.call import locate
    from vigie.message.batch import decode_many
    from vigie.message.beacon import decode
    from vigie.message.encode import encode
    from vigie.records import Alert, Burst, Detection, Message, Samples, Sit, Solution, Tick

__version__ = "0.1.0"
__all__ = [
    "Alert",
    "Burst",
    "Detection",
    "Message",
    "Samples",
    "Sit",
    "Solution",
    "Tick",
    "__version__",
    "decode",
    "decode_many",
    "encode",
    "locate",
    "measure",
    "receive",
    "simulate",
]
_HOMES = {
    "decode": "message.beacon",
    "decode_many": "message.batch",
    "encode": "message.encode",
    "measure": "functions",
    "receive": "functions",
    "simulate": "functions",
}


def __getattr__(name: str) -> Any:
    """What is public, on first use."""
    if name == "locate":  # the package of that name, which can be called
        return import_module("vigie.locate")
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"vigie.{_HOMES.get(name, 'records')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
