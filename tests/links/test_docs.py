"""The configurations in the pages are ones that can be read."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from vigie.links.settings import AnyOutput, Broker, Exchange, Link
from vigie.web.settings import Access, Tls

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto"


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """What these pages configure."""

    access: Access | None = None
    tls: Tls | None = None
    output: list[AnyOutput] = []
    link: list[Link] = []
    exchange: list[Exchange] = []
    broker: list[Broker] = []


@pytest.mark.parametrize("page", ["access", "links", "outputs"])
def test_the_configurations_of_a_page_are_read(page: str) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", (HOWTO / f"{page}.md").read_text(), re.DOTALL)
    read = [msgspec.toml.decode(block, type=Part) for block in blocks]
    assert read
    if page == "outputs":
        assert len(read[0].output) == len(AnyOutput.__args__)


def test_wrong_access_is_refused_in_words() -> None:
    for text, words in (("hosts = ['https://x']", "no name of a host"), ("proxies = ['x']", "no IP address"),
                        ("idle_hours = 0", "above 0")):  # fmt: skip
        with pytest.raises(msgspec.ValidationError, match=words):
            msgspec.toml.decode(text, type=Access)
