"""Where the beacon is: one forward model and one estimator for LEO, MEO and GEO.

``vigie.locate(measurements, orbits)`` calls this package: see ``vigie.locate.call``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vigie.locate.measurement import Fix


class _Package(ModuleType):
    """The package, and the function of its name: a package and a function cannot both be ``vigie.locate``."""

    def __call__(self, *arguments: Any, **options: Any) -> list[Fix]:
        from vigie.locate.call import locate

        return locate(*arguments, **options)

    @property
    def __signature__(self) -> Any:
        from inspect import signature

        from vigie.locate.call import locate

        return signature(locate)


sys.modules[__name__].__class__ = _Package
