"""``vigie completion``: what a shell needs to complete commands, options and their values."""

from __future__ import annotations

import click


@click.command(name="completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print what SHELL needs to complete vigie's commands, options and values with the Tab key.

    \b
    Example:  echo 'eval "$(vigie completion bash)"' >> ~/.bashrc
              echo 'eval "$(vigie completion zsh)"' >> ~/.zshrc
              vigie completion fish > ~/.config/fish/completions/vigie.fish
    """
    from click.shell_completion import get_completion_class

    from vigie.cli import group

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(group, {}, "vigie", "_VIGIE_COMPLETE").source())
