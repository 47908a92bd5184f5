"""What the tables of a configuration may hold, walked by their types: unknown keys, and paths made whole."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

T = TypeVar("T", bound=msgspec.Struct)
Where = tuple[str | int, ...]
FILES = frozenset(
    {
        "token_file", "password_file", "secret_file", "spool", "ledger", "accounts", "ca", "certificate", "key",
        "outgoing", "incoming", "to",
    }
)  # fmt: skip
"""keys that name a file or a folder, unless what they name is an address or standard output"""


def unknown(raw: Any, kind: Any, where: Where = ()) -> Iterator[tuple[Where, str]]:
    """Keys of a table that its type has not, with the nearest that it has."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        chosen = _chosen(raw, inner)
        if chosen is not None:
            yield from unknown(raw, chosen, where)
    elif origin in (list, tuple) and isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from unknown(item, inner[0], (*where, index))
    elif origin is dict and isinstance(raw, dict):
        for key, item in raw.items():
            yield from unknown(item, inner[1], (*where, key))
    elif _is_table(kind) and isinstance(raw, dict):
        known = get_type_hints(kind)
        tag = kind.__struct_config__.tag_field
        for key, value in raw.items():
            if key in known:
                yield from unknown(value, known[key], (*where, key))
            elif key != tag:
                near = difflib.get_close_matches(key, known, 1, 0.5)
                hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
                yield (*where, key), f"unknown key; {hint}"


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _chosen(raw: Any, kinds: tuple[Any, ...]) -> Any:
    """Which of several types a value has; None when that cannot be told, or it holds no keys."""
    tables = [kind for kind in kinds if _is_table(kind)]
    if isinstance(raw, dict) and tables:
        tag = tables[0].__struct_config__.tag_field
        return next((k for k in tables if tag is None or raw.get(tag) == k.__struct_config__.tag), None)
    return next((kind for kind in kinds if isinstance(raw, list) and get_origin(kind) in (list, tuple)), None)


def rooted(table: T, folder: Path) -> T:
    """The table with its files relative to a folder."""
    changed = {
        name: str(folder / value)
        for name in FILES.intersection(table.__struct_fields__)
        if isinstance(value := getattr(table, name), str) and value != "-" and "://" not in value
    }
    return msgspec.structs.replace(table, **changed)
