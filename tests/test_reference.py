"""The documentation says what the code does: generated pages are fresh, commands and layouts are all there."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from vigie import cli, jsonl
from vigie.message import beacon, fgb, sgb

ROOT = Path(__file__).parents[1]


def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "name",
    [
        "layouts.md",
        "layouts_sgb.md",
        "layouts_rlm.md",
        "message.schema.json",
        "cli.md",
        "alerts.md",
        "alert_states.svg",
    ],
)
def test_generated_pages_are_fresh(name: str) -> None:
    page = reference().PAGES[name]()
    assert (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8") == page, "run scripts/docs"


def test_every_command_is_in_the_readme_or_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert all(f"## vigie {name}" in text for name in cli.COMMANDS)


def test_every_field_of_every_layout_is_in_the_reference() -> None:
    for page, tables in (("layouts.md", fgb.all_layouts()), ("layouts_sgb.md", sgb.all_layouts())):
        text = (ROOT / "docs" / "reference" / page).read_text(encoding="utf-8")
        names = {row.name for layout in tables for row in layout.fields}
        assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_decoded_message_fits_the_schema(shared: Path) -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads((ROOT / "docs/reference/message.schema.json").read_text()))
    names = ("fgb.jsonl", "sgb.jsonl")
    rows = [json.loads(row) for name in names for row in (shared / "beacons" / name).read_text().splitlines()]
    for row in rows:
        if row["kind"] in ("sgb_field", "sgb_prn", "moffset"):
            continue  # no messages
        facts = json.loads(jsonl.line(beacon.decode(row["hex"]).facts))
        errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(facts)]
        assert not errors, facts["input"]
