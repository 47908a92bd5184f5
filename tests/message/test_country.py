import pytest

from vigie.message import country, moffset


@pytest.mark.parametrize(
    ("code", "name"), [(227, "France"), (366, "United States of America"), (503, "Australia"), (0, None), (999, None)]
)
def test_names_of_the_itu_list(code: int, name: str | None) -> None:
    assert country.name(code) == name


def test_the_whole_list_is_there() -> None:
    codes = country.codes()
    assert len(codes) == 292
    assert (codes[0], codes[-1]) == (201, 775)
    assert country.iso_a3(226) == "FRA"


@pytest.mark.parametrize(
    ("hex_id", "crc", "minutes"), [("193BFCE031BFDFF", "B380", 52), ("9934039823D8000", "AA6B", 7)]
)
def test_worked_minute_offsets(hex_id: str, crc: str, minutes: int) -> None:
    """C/S T.001 Figure B3 and C/S T.018 Appendix F."""
    assert moffset.of(hex_id) == (crc, minutes)
