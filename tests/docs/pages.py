"""The documentation as what a reader would type: fenced blocks, and the marks that say what a block needs.

Marks are HTML comments, which a reader of the page does not see:

    <!-- not run: REASON -->           of the next block; in the first lines of a page: of every block of the page
    <!-- exit 1: REASON -->            the next block's exit status
    <!-- input: TEXT -->               what is typed while the next block runs; \\n between lines
    <!-- stays: WHY -->                the next block is a service in a terminal of its own until the page ends

A block after a line that ends in "as `NAME`:" is a file that the reader saves. In a ``console`` block the lines after
``$ `` are typed and the others are what is printed, with ``...`` for what may differ.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from vigie.cli import COMMANDS, group

ROOT = Path(__file__).resolve().parents[2]
SHELLS = ("sh", "bash", "console")
LINE = re.compile(
    r"^[ \t]*(?:(?P<fence>```+)\{?(?P<kind>[\w-]*)\}?[^\n]*\n(?P<body>.*?)^[ \t]*(?P=fence)[ \t]*$"
    r"|<!-- (?P<mark>not run|exit \d+|input|stays): ?(?P<said>.*?) -->[ \t]*$)",
    re.MULTILINE | re.DOTALL,
)
SAVED = re.compile(r" as `([\w.-]+)`[^`\n]*:\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block of a page, with its marks."""

    line: int
    kind: str
    body: str
    not_run: str | None = None
    exit_code: int = 0
    typed: str = ""
    stays: bool = False
    saved_as: str | None = None

    @property
    def steps(self) -> list[tuple[str, str | None]]:
        """What is typed, and what is printed then; None where the page does not show it."""
        if self.kind != "console":
            return [(self.body, None)]
        steps: list[tuple[str, str | None]] = []
        for line in self.body.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], ""))
            elif line.startswith("> "):
                steps[-1] = f"{steps[-1][0]}\n{line[2:]}", steps[-1][1]
            else:
                steps[-1] = steps[-1][0], f"{steps[-1][1]}{line}\n"
        return steps


@dataclass(frozen=True, slots=True)
class Page:
    """The blocks of a page, in order."""

    path: Path
    blocks: tuple[Block, ...]

    @property
    def shell(self) -> list[Block]:
        return [block for block in self.blocks if block.kind in SHELLS]

    @classmethod
    def read(cls, path: Path) -> Page:
        text = path.read_text(encoding="utf-8")
        marks: dict[str, str] = {}
        whole: str | None = None
        blocks: list[Block] = []
        for found in LINE.finditer(text):
            mark, said = found["mark"], found["said"]
            if mark == "not run" and found.start() < 200 and not blocks:
                whole = said
            elif mark:
                kind, _, number = mark.partition("exit ")
                marks[kind or "exit"] = number or said
            else:
                saved = SAVED.search(text[: found.start()].rstrip("\n").rpartition("\n")[2])
                blocks.append(
                    Block(text.count("\n", 0, found.start()) + 1, found["kind"], found["body"],
                          marks.get("not run", whole), int(marks.get("exit", 0)), marks.get("input", ""),
                          "stays" in marks, saved[1] if saved else None)
                )  # fmt: skip
                marks = {}
        return cls(path, tuple(blocks))


def pages() -> list[Page]:
    """README, tutorials, how-to pages, entry pages: all that have something to type."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    found = (Page.read(path) for path in paths if "reference" not in path.parts and "_build" not in path.parts)
    return [page for page in found if page.blocks]


def calls(block: Block) -> Iterator[list[str]]:
    """The arguments of each call of ``vigie`` in a block."""
    for typed, _ in block.steps:
        for line in typed.replace("\\\n", " ").splitlines():
            lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
            lexer.whitespace_split = True
            words: list[str] = []
            for word in [*lexer, "|"]:
                if not set(word) <= set(";&|()<>"):
                    words.append(word)
                    continue
                while words and ("=" in words[0] or words[0] in ("sudo", "uv", "run", "--no-dev", "tee")):
                    words.pop(0)
                if words and Path(words[0]).name == "vigie":
                    yield words[1:]
                words = []


def wrong(call: list[str]) -> str | None:
    """What is wrong with the arguments of one call of ``vigie``: a command or an option that does not exist."""
    command: click.Command = group
    context = click.Context(group)
    rest = list(call)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        if command is group and rest[0] not in COMMANDS:
            return f"there is no command vigie {rest[0]}"
        inner = command.get_command(context, rest[0])
        if inner is None:
            return f"there is no command {rest[0]}"
        command, rest = inner, rest[1:]
    options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
    for position, word in enumerate(rest):
        name, _, value = word.partition("=")
        if not re.match(r"--?[a-zA-Z]", word) or name in ("--help", "-h", "--version"):
            continue
        if name not in options:
            return f"vigie has no {word} there: {' '.join(call)}"
        kind = options[name].type
        if isinstance(kind, click.Choice):
            chosen = value or "".join(rest[position + 1 : position + 2])
            if chosen not in kind.choices:
                return f"{name} is one of {', '.join(kind.choices)}, not {chosen}"
    return None


def shown(expected: str, printed: str) -> bool:
    """Whether what a page shows is what was printed: ``...`` is any text, and on a line of its own any lines."""
    pattern = ""
    for line in expected.strip("\n").splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += r".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ ]*\n"
    return re.fullmatch(pattern, f"{printed.rstrip()}\n" if printed.strip() else "") is not None
