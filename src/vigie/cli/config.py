"""``vigie config``: check the configuration of a station or a centre, or print one to begin with."""

from __future__ import annotations

import click


@click.group(name="config")
def command() -> None:
    """Check the configuration of a station or a centre, or print an example."""


@command.command(name="check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def check(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Say everything that is wrong with a configuration file; connects to nothing. Exit status 2: something is.

    \b
    Example:  vigie config check station.toml
    """
    from vigie import config, station
    from vigie.errors import VigieError

    bad = False
    for file in files:
        read, wrong = config.check(file)
        if read is not None and not wrong:
            try:
                count = len(station.configured(read, file))
                told = station.inspected(read, file)
            except VigieError as error:
                wrong = [str(error) if str(error).startswith(file) else f"{file}: {error}"]
            else:
                parts = [f"{count} {'source' if count == 1 else 'sources'}", *told]
                click.echo(f"{file}: good, {', '.join(parts)}")
        for words in wrong:
            click.echo(f"vigie: {words}", err=True)
        bad = bad or bool(wrong)
    if bad:
        ctx.exit(2)


@command.command(name="example")
@click.option("--service", is_flag=True, help="For a service of the system: everything it writes is in /var/lib/vigie.")
def example(service: bool) -> None:
    """Print a commented configuration to begin with.

    \b
    Example:  vigie config example > station.toml
    """
    from vigie import config

    click.echo(config.example(service=service), nl=False)
