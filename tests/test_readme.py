"""The links of the README. What it tells to type is typed by ``tests/docs``."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_links_of_the_readme_lead_somewhere() -> None:
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
