"""What the pages tell a reader to type is typed, page by page, and does what they say."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pages
import pytest
from pages import ROOT, Block, Page

PAGES = pages.pages()
FAULTS = ("Traceback", "command not found", "No such option", "No such command", "Usage:")


def name(page: Page) -> str:
    return str(page.path.relative_to(ROOT))


class Reader:
    """Somebody who has just installed Vigie, in a folder of their own. ``vigie run`` is ended once it answers."""

    def __init__(self, page: Page, place: Path) -> None:
        self.page, self.folder = page, place / "reader"
        self.folder.mkdir()
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self._port = str(bound.getsockname()[1])
        program, driver = place / "bin" / "vigie", Path(__file__).with_name("vigie_run.py")
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\nif [ "$1" = run ]; then exec "{sys.executable}" "{driver}" "$@"; fi\n'
            f'exec "{sys.executable}" -m vigie "$@"\n'
        )
        program.chmod(0o755)
        path = os.pathsep.join([str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        home = str(place / "home")
        self._env = {**os.environ, "PATH": path, "HOME": home, "XDG_DATA_HOME": home, "OPENBLAS_NUM_THREADS": "1",
                     "COLUMNS": "140", "VIGIE_PORT": self._port}  # fmt: skip
        self._stays: list[subprocess.Popen[str]] = []

    def read(self) -> None:
        """Go through the page."""
        for block in self.page.blocks:
            if block.not_run:
                continue
            if block.saved_as:
                (self.folder / block.saved_as).write_text(block.body, encoding="utf-8")
            elif block.kind in pages.SHELLS:
                for typed, shown in block.steps:
                    self._type(block, typed.replace("8406", self._port), shown)

    def _type(self, block: Block, typed: str, shown: str | None) -> None:
        where = f"{name(self.page)}:{block.line}: {typed}"
        begun = subprocess.Popen(
            ["bash", "-e", "-c", typed], cwd=self.folder, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self._env | ({"VIGIE_STAYS": "1"} if block.stays else {}),
        )  # fmt: skip
        if block.stays:
            self._stays.append(begun)
            assert begun.stdout is not None
            assert any("Vigie at" in line for line in begun.stdout), where
            return
        said, _ = begun.communicate(block.typed.replace("\\n", "\n"), timeout=240)
        assert begun.returncode == block.exit_code, f"{where}\n{said}"
        assert not [fault for fault in FAULTS if fault in said and "--help" not in typed], f"{where}\n{said}"
        if shown is not None:
            assert pages.shown(shown, said), f"{where} printed\n{said}\nbut the page shows\n{shown}"

    def leave(self) -> None:
        """Press Ctrl-C where something still runs."""
        for begun in self._stays:
            said, _ = begun.communicate(timeout=30)
            assert begun.returncode == 0, said


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(not block.not_run for block in page.shell)], ids=name
)  # fmt: skip
def test_what_a_page_says_can_be_typed(page: Page, tmp_path: Path) -> None:
    reader = Reader(page, tmp_path)
    try:
        reader.read()
    finally:
        reader.leave()


@pytest.mark.parametrize("page", [page for page in PAGES if page.shell], ids=name)
def test_every_command_and_option_of_a_page_exists(page: Page) -> None:
    for block in page.shell:
        for call in pages.calls(block):
            said = pages.wrong(call)
            assert said is None, f"{name(page)}:{block.line}: {said}"
        for word in block.body.split():
            if word.startswith(("scripts/", "examples/", "deploy/", "benchmarks/")):
                assert (ROOT / word.rstrip("/")).exists(), f"{name(page)}:{block.line}: there is no {word}"


def test_a_wrong_command_or_option_is_noticed() -> None:
    block = Block(1, "sh", "vigie decode --jsn FF | vigie locat -\nFOO=1 vigie simulate world --level sample -o x\n")
    first, second, third = pages.calls(block)
    assert "--jsn" in str(pages.wrong(first))
    assert "locat" in str(pages.wrong(second))
    assert "--level" in str(pages.wrong(third))
    assert pages.wrong(["simulate", "world", "--level", "samples", "-o", "x"]) is None
    assert pages.shown("a ... c\n...\nz\n", "a b c\n1\n2\nz\n")
    assert not pages.shown("a b\n", "a b\nc\n")


def test_what_is_not_run_says_why() -> None:
    unsaid = [f"{name(page)}:{block.line}" for page in PAGES for block in page.shell if block.not_run == ""]
    assert unsaid == []


def test_python_and_toml_of_every_page_can_be_read() -> None:
    for page in PAGES:
        for block in page.blocks:
            if block.kind == "python":
                compile(block.body, f"{name(page)}:{block.line}", "exec")
            elif block.kind == "toml":
                tomllib.loads(block.body)
