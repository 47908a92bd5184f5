"""Imports go one way: what stands lower never imports what stands higher."""

from __future__ import annotations

import ast
from pathlib import Path

import vigie

ROOT = Path(vigie.__file__).parent
GROUND = {"records", "errors", "constants", "instants", "geodesy", "jsonl"}
MAY_IMPORT: dict[str, set[str]] = {
    "message": GROUND | {"data"},
    "signal": GROUND,
    "orbit": GROUND | {"data"},
    "locate": GROUND | {"orbit"},
    "alert": GROUND | {"data"},
    "sit": GROUND | {"data"},
    "live": GROUND | {"signal"},
    "reading": GROUND | {"message", "signal"},
    "combining": GROUND | {"message", "signal", "reading"},
    "stages": GROUND | {"reading", "combining", "message", "signal", "orbit", "locate", "alert", "sit"},
    "store": GROUND | {"alert"},
    "links": GROUND | {"store", "sit"},
    "web": GROUND | {"store", "message", "alert", "links"},
}
"""what each layer may import beside itself; the outermost (cli, service, sim) may import anything below them"""
OUTSIDE = {"cli", "__main__"}


def imports(path: Path) -> set[str]:
    """First-level names of vigie that a module imports, inside functions too; ``if TYPE_CHECKING`` counts."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "vigie":
            parts = node.module.split(".")
            found |= {parts[1]} if len(parts) > 1 else {name.name for name in node.names}
        elif isinstance(node, ast.Import):
            found |= {name.name.split(".")[1] for name in node.names if name.name.startswith("vigie.")}
    return found


def test_each_layer_imports_only_what_stands_below_it() -> None:
    wrong = []
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        layer = parts[0]
        allowed = GROUND if layer in GROUND else MAY_IMPORT.get(layer)
        if allowed is None:
            continue
        beyond = imports(path) - allowed - {layer, "__version__"}
        wrong += [f"{'/'.join(parts)} imports {name}" for name in sorted(beyond)]
    assert not wrong


def test_nothing_imports_the_command_line() -> None:
    wrong = [
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.py")
        if path.relative_to(ROOT).parts[0] not in {"cli", "__main__.py"} and imports(path) & OUTSIDE
    ]
    assert not wrong
