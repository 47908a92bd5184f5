"""Settings of the server: who may come in, under which names, behind what. The tables ``[access]`` and ``[tls]``."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import msgspec

from vigie.errors import ConfigError


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[tls]``: the server's own certificate."""

    certificate: str
    """PEM file: the certificate, then those between it and the root"""
    key: str | None = None
    """PEM file of the private key; None: it stands in the certificate's file"""

    def check(self) -> None:
        """Raise ConfigError for a file that cannot be read or is no certificate with its key."""
        import ssl

        for name, file in (("certificate", self.certificate), ("key", self.key)):
            if file is not None and not Path(file).is_file():
                raise ConfigError(f"tls.{name}: there is no file {file}")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key)
        except (ssl.SSLError, OSError) as error:
            raise ConfigError(f"tls.certificate {self.certificate}: no certificate with its key: {error}") from None


class Access(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[access]``: who must sign in, and how the server is reached."""

    required: bool | None = None
    """True: everybody signs in. None: unless the server listens on loopback alone, with no proxy and no other name"""
    accounts: str | None = None
    """file of users, tokens and audit; None: ``accounts.sqlite`` in the user's data folder"""
    hosts: tuple[str, ...] = ()
    """names, without port, under which the server is reached"""
    proxies: tuple[str, ...] = ()
    """addresses of the reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"""
    insecure_http: bool = False
    """passwords may cross a network unencrypted: for a network that is encrypted by other means"""
    session_hours: float = 24.0
    """a session ends so long after signing in, used or not"""
    idle_hours: float = 12.0
    """a session ends so long after its last use; an open console uses it"""

    def __post_init__(self) -> None:
        for proxy in self.proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                raise ValueError(f"access.proxies: {proxy!r} is no IP address or network") from None
        for host in self.hosts:
            if not host or any(sign in host for sign in "/:@ "):
                raise ValueError(f"access.hosts: {host!r} is no name of a host (without scheme and port)")
        if not (0 < self.idle_hours <= 24 * 365 and 0 < self.session_hours <= 24 * 365):
            raise ValueError("access.session_hours and access.idle_hours must be above 0 and at most a year")
