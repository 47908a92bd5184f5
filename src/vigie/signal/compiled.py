"""Loops compiled to machine code: what follows samples or bits one by one, where arrays would cost a pass a step.

Compiled at the first burst and kept in Python's cache directories: later runs load it in a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

_Function = TypeVar("_Function", bound=Callable[..., object])


def compiled(function: _Function) -> _Function:
    """The function as machine code: NumPy's rules for division, no reordering of sums, the GIL let go."""
    try:
        return cast(_Function, njit(cache=True, error_model="numpy", nogil=True)(function))
    except RuntimeError:  # no directory can be written: compiled anew in each process
        return cast(_Function, njit(error_model="numpy", nogil=True)(function))
