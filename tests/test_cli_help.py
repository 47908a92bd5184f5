"""The command line teaches: help, near misses, completion."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from vigie import cli


def vigie(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "vigie", *arguments], capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, **env})  # fmt: skip


def test_the_first_help_names_first_steps_and_every_command() -> None:
    said = vigie("--help").stdout
    assert "vigie decode HEX" in said
    assert all(f"  {name}" in said for name in cli.COMMANDS)


def test_a_near_miss_is_named() -> None:
    done = vigie("decod", "FF")
    assert done.returncode == 2
    assert "Did you mean 'decode'?" in done.stderr
    far = vigie("zzz")
    assert far.returncode == 2
    assert "No such command 'zzz'" in far.stderr


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_the_help_of_a_command_says_what_it_is_for_with_an_example(name: str) -> None:
    command = cli.group.get_command(click.Context(cli.group), name)
    assert command is not None
    assert command.help
    assert isinstance(command, click.Group) or "xample" in command.help, f"vigie {name} --help shows no example"
    for option in command.params:
        assert not isinstance(option, click.Option) or option.help or option.type.get_metavar(
            option, click.Context(command)
        ), f"vigie {name} {option.opts} says nothing"  # fmt: skip


def test_a_shell_completes_commands_and_options(tmp_path: Path) -> None:
    made = vigie("completion", "bash").stdout
    assert "_VIGIE_COMPLETE" in made
    subprocess.run(["bash", "-n"], input=made, text=True, check=True)
    asked = {"_VIGIE_COMPLETE": "bash_complete", "COMP_CWORD": "1", "COMP_WORDS": "vigie dec"}
    done = vigie(**asked)
    assert "plain,decode" in done.stdout
    asked |= {"COMP_CWORD": "2", "COMP_WORDS": "vigie decode --js"}
    assert "plain,--json" in vigie(**asked).stdout
