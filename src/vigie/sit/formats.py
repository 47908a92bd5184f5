"""Formats of slashed messages as lists of field numbers, line by line after the two lines of the envelope.

A line with a ``side`` gives its fields that prefix: side A carries the reference position, side A of a Doppler pair or
the DOA position; side B the other. Rows marked ``inferred`` were made up from the SARMaster formats, because no message
of that kind and no description of it could be read: their field order is a guess and is said to be one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of a format: field numbers in order. ``optional``: how many at the end may be left out.

    A number that a message has twice carries a mark after ``#`` at one of its places.
    """

    marked: tuple[str, ...]
    side: str = ""
    optional: int = 0

    @property
    def numbers(self) -> tuple[str, ...]:
        """Field numbers, as ``fields.FIELDS`` has them."""
        return tuple(number.partition("#")[0] for number in self.marked)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the fields in a message: the number, with the side before it where the line has one."""
        return tuple(f"{self.side}.{number}" if self.side else number for number in self.marked)


@dataclass(frozen=True)
class Format:
    """A slashed message's body."""

    name: str
    form: str
    sits: tuple[str, ...]
    rows: tuple[Row, ...]
    doc: str
    source: str
    inferred: bool = False


def _row(*numbers: str, side: str = "", optional: int = 0) -> Row:
    return Row(numbers, side, optional)


_COMMON = _row("1B", "670", "671", "674", "668", "666", "667", "22#6", "665")
_TIMED = _row("11", "12", "13", "14", "15")
_SIDES = (
    _row("24", "25", "26", "27", "28", "29", "30", "31", side="A"),
    _row("29", "669", "7B", "673", "672", side="A.next"),
    _row("24", "25", "26", "27", "28", "29", "30", "31", side="B"),
    _row("29", "669", "7B", "673", "672", side="B.next"),
)
_UNTIMED = _row("11", "13", "14", "21")
_SARMASTER = "RCC manual v5.1, Annexes 10 and 11"
_GUESS = "inferred from the SARMaster formats; neither a description nor a genuine message could be read"

FORMATS: tuple[Format, ...] = (
    Format(
        "sarmaster_plain",
        "sarmaster",
        ("172", "173", "174", "182"),
        (_UNTIMED, _row("23"), _COMMON, _row("22", "25", "26", optional=2)),
        "406 MHz alert without a Doppler or DOA position",
        _SARMASTER,
    ),
    Format(
        "sarmaster_located",
        "sarmaster",
        ("175", "176", "177", "183"),
        (_TIMED, _row("16", "17", "18", "21"), _row("23"), _COMMON, _row("22"), *_SIDES),
        "406 MHz alert with Doppler or DOA positions",
        _SARMASTER,
    ),
    Format(
        "sarmaster_missed",
        "sarmaster",
        ("170",),
        (_TIMED, _row("16", "17", "18"), _COMMON, *_SIDES),
        "missed pass: field 674 says of which side",
        _SARMASTER,
    ),
    Format(
        "sarmaster_121",
        "sarmaster",
        ("165", "167"),
        (_TIMED, _row("16", "17", "18", "19", "20"), _COMMON, *_SIDES),
        "121.5 MHz alert (the system stopped listening there in 2009)",
        _SARMASTER,
    ),
    Format(
        "us_automated",
        "usmcc_auto",
        (),
        (
            _row("22", "auto.craft", "auto.site", "auto.reliable", "auto.program", "auto.type"),
            _row("auto.time", "auto.sat", "11"),
            _row("auto.lat", "auto.lon", "auto.3", "auto.time", "auto.quality", side="E"),
            _row("auto.lat", "auto.lon", "auto.3", "auto.time", "auto.prob", side="A"),
            _row("auto.lat", "auto.lon", "auto.3", "auto.time", "auto.prob", side="B"),
            _row("auto.lat", "auto.lon", "auto.3", "auto.time", side="R"),
        ),
        "US automated 9-line format: identity, detection, encoded, A, B, resolved; SIT number with a letter",
        "RCC manual v5.1, Annex 9",
    ),
    Format(
        "a002_plain",
        "a002_automatic",
        ("122", "123", "124", "132", "136", "142", "143", "144"),
        (_UNTIMED, _row("23"), _row("22", "25", "26", optional=2)),
        "alert between MCCs without a Doppler or DOA position",
        _GUESS,
        inferred=True,
    ),
    Format(
        "a002_located",
        "a002_automatic",
        ("125", "126", "127", "133", "137", "145", "146", "147"),
        (_TIMED, _row("16", "17", "18", "21"), _row("23"), _SIDES[0], _SIDES[2]),
        "alert between MCCs with Doppler or DOA positions",
        _GUESS,
        inferred=True,
    ),
)

BY_SIT: dict[str, Format] = {sit: row for row in FORMATS for sit in row.sits}
BY_NAME: dict[str, Format] = {row.name: row for row in FORMATS}
AUTOMATED = BY_NAME["us_automated"]
