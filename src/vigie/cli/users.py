"""``vigie users``: who may come in."""

from __future__ import annotations

import sys

import click

from vigie.cli.common import emit


@click.group(name="users")
@click.option("--accounts", metavar="FILE", help="File of the accounts.  [default: in the user's data folder]")
@click.pass_context
def command(ctx: click.Context, accounts: str | None) -> None:
    """Add, list and remove users and tokens; read the audit. A running service sees the changes at once.

    \b
    Roles:  view     reads everything
            duty     reads and acts
            admin    all of it, the audit too
            station  (tokens only) delivers detections, reads nothing
    """
    from vigie.web.accounts import Accounts
    from vigie.web.door import default_file

    def opened(*, create: bool = True) -> Accounts:
        return Accounts(accounts or default_file(), create=create)

    ctx.obj = opened


def _password() -> str:
    """The password, typed twice, or the first line of standard input."""
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")


@command.command(name="add")
@click.argument("name")
@click.option("--role", type=click.Choice(["view", "duty", "admin"]), required=True)
@click.pass_obj
def add(opened: type, name: str, role: str) -> None:
    """Add a user; the password is asked for, or read from standard input.

    \b
    Example:  vigie users add anna --role duty
    """
    accounts = opened()
    accounts.add_user(name, role, _password())
    accounts.note("command line", "", "user added", f"{name}, {role}")
    click.echo(f"{name} may sign in ({role}). Accounts: {accounts.file}")


@command.command(name="password")
@click.argument("name")
@click.pass_obj
def password(opened: type, name: str) -> None:
    """Set a user's password; every open session of the user ends."""
    accounts = opened(create=False)
    accounts.set_password(name, _password())
    accounts.note("command line", "", "password set", name)


@command.command(name="token")
@click.argument("name")
@click.option("--role", type=click.Choice(["station", "view", "duty", "admin"]), default="station", show_default=True)
@click.pass_obj
def token(opened: type, name: str, role: str) -> None:
    """Make a token for a station or a program. It is printed once: only its digest is kept.

    \b
    Example:  vigie users token albany > albany.token
    """
    accounts = opened()
    made = accounts.add_token(name, role)
    accounts.note("command line", "", "token added", f"{name}, {role}")
    click.echo(made)


@command.command(name="remove")
@click.argument("name")
@click.pass_obj
def remove(opened: type, name: str) -> None:
    """Remove a user by name, or a token by its id; open sessions end within seconds."""
    accounts = opened(create=False)
    accounts.remove(name)
    accounts.note("command line", "", "removed", name)


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="JSON lines.")
@click.pass_obj
def list_(opened: type, as_json: bool) -> None:
    """List users and tokens."""
    for one in opened(create=False).users():
        if as_json:
            emit(one)
        else:
            number = f"  id {one['id']}" if one["kind"] == "token" else ""
            click.echo(f"{one['kind']:5}  {one['role']:7}  {one['created'][:10]}  {one['name']}{number}")


@command.command(name="audit")
@click.option("--after", type=int, default=0, help="Lines with a greater number only.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines, which is what it prints in any case.")
@click.pass_obj
def audit(opened: type, after: int, as_json: bool) -> None:
    """Print what everybody did, oldest first, as JSON lines."""
    accounts = opened(create=False)
    while lines := accounts.audit(after):
        for line in lines:
            emit(line)
        after = lines[-1]["seq"]
