"""The errors Vigie raises. What the air brings is never one of them: an odd message gets a verdict, not an exception.

::

    VigieError                a caller did something that cannot be done; says what, where, what would be right
    |-- InputError            a text, a number or a file that cannot be read as what it should be
    |   |-- HexError          a hex string that is no beacon message (``.kind`` says in which way)
    |   |-- FieldError        a value that does not fit its message field (``.field``, ``.bits``)
    |   `-- RecordingError    a recording that cannot be read
    |-- StoreError            a journal that cannot be opened or written (read-only, locked, newer version, full disk)
    `-- ConfigError           a setting or an option that cannot be used (a port in use, a missing extra)
"""


class VigieError(Exception):
    """Base of everything raised on purpose. ``kind`` is the short name that goes into JSON."""

    kind = "error"


class InputError(VigieError):
    """An input that cannot be read as what it should be."""

    kind = "input"


class HexError(InputError):
    """A hex string that is no beacon message. ``kind`` is empty, character, length, sync or layout."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class FieldError(InputError):
    """A value that does not fit its message field. ``field``: name, ``bits``: (first, last), first bit 1."""

    kind = "field"

    def __init__(self, field: str, bits: tuple[int, int] | None, message: str) -> None:
        where = f"{field} (bits {bits[0]}-{bits[1]})" if bits else field
        super().__init__(f"{where}: {message}")
        self.field = field
        self.bits = bits


class RecordingError(InputError):
    """A recording that cannot be read."""

    kind = "recording"


class StoreError(VigieError):
    """A journal that cannot be opened or written."""

    kind = "store"


class ConfigError(VigieError):
    """A setting or an option that cannot be used."""

    kind = "config"
