"""The options that say who may come in, and how the server is reached."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from vigie.errors import ConfigError

if TYPE_CHECKING:
    from vigie.web.door import Door
    from vigie.web.settings import Access, Tls

_OPTIONS = (
    click.option("--sign-in", is_flag=True, help="Everybody signs in, on loopback too."),
    click.option("--accounts", metavar="FILE", help="File of the accounts.  [default: in the user's data folder]"),
    click.option("--tls-cert", metavar="FILE", help="PEM file of the server's certificate."),
    click.option("--tls-key", metavar="FILE", help="PEM file of its key."),
    click.option("--name", "names", multiple=True, metavar="HOST", help="Name under which the server is reached."),
    click.option("--proxy", "proxies", multiple=True, metavar="ADDRESS", help="Reverse proxy to be believed."),
    click.option("--insecure-http", is_flag=True, help="Off loopback without TLS, on a network encrypted otherwise."),
)


def access_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options; the command gets ``access``, to be called with the host: the door (see ``opened``)."""

    @functools.wraps(command)
    def inner(
        *arguments: Any, sign_in: bool, accounts: str | None, tls_cert: str | None, tls_key: str | None,
        names: tuple[str, ...], proxies: tuple[str, ...], insecure_http: bool, **more: Any,
    ) -> Any:  # fmt: skip
        def access(host: str, settings: Access | None = None, tls: Tls | None = None) -> Door:
            from vigie.web.settings import Access, Tls

            base = settings or Access()
            try:
                merged = Access(
                    required=True if sign_in else base.required,
                    accounts=accounts or base.accounts,
                    hosts=names or base.hosts,
                    proxies=proxies or base.proxies,
                    insecure_http=insecure_http or base.insecure_http,
                    session_hours=base.session_hours,
                    idle_hours=base.idle_hours,
                )
            except ValueError as error:
                raise ConfigError(str(error)) from None
            if tls_key and not tls_cert:
                raise ConfigError("--tls-key without --tls-cert")
            return opened(host, merged, Tls(tls_cert, tls_key) if tls_cert else tls)

        return command(*arguments, access=access, **more)

    for option in reversed(_OPTIONS):
        inner = option(inner)
    return inner


def opened(host: str, settings: Access, tls: Tls | None) -> Door:
    """The door of a server at ``host``. Raises ConfigError where that would not be safe."""
    from vigie.web.door import Door

    try:
        ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        raise ConfigError(f"--host {host!r} is no IP address") from None
    return Door.open(settings, tls, host)
