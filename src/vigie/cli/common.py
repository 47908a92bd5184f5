"""What several subcommands share: JSON lines out, people's output, input lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from vigie import jsonl


def emit(value: Any) -> None:
    """One JSON line on standard output, at once."""
    sys.stdout.write(jsonl.line(value) + "\n")
    sys.stdout.flush()


def lines_of(arguments: Iterable[str]) -> Iterator[str]:
    """The arguments, or the lines of standard input that are not empty when there are none."""
    given = list(arguments)
    if given:
        yield from given
        return
    for raw in sys.stdin.buffer:  # a line that is no UTF-8 must not stop the rest
        line = raw.decode("utf-8", errors="replace").strip()
        if line:
            yield line
