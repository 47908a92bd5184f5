"""The one door through which messages leave. It takes a live message and nothing else, and each of them once.

An ``ExerciseSit`` is no ``Sit``: handing one over is a type error for whoever writes the call, and refused at run time.
"""

from __future__ import annotations

from collections.abc import Callable, MutableSet

from vigie.records import Sit


def hand_over(message: Sit, transport: Callable[[Sit], None], done: MutableSet[str]) -> bool:
    """Give a message to a link unless that was done before; True when it was given now.

    ``done``: keys of what was handed over, which the caller keeps on disk; a key is added only when ``transport`` came
    back. Raises TypeError for anything that is not a live message: an exercise never leaves.
    """
    if type(message) is not Sit:
        raise TypeError(f"a {type(message).__name__} is never sent: only a live message is")
    if message.key in done:
        return False
    transport(message)
    done.add(message.key)
    return True
