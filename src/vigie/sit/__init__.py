"""Messages between centres (SIT): parsed and written. Knows nothing of alerts; ``text`` is the way in."""

from vigie.sit.sheet import SitError
from vigie.sit.text import Sit, format_message, parse, split

__all__ = ["Sit", "SitError", "format_message", "parse", "split"]
