"""Folders in which messages are left for a partner: on a disk, or on a server reached by FTP.

C/S A.002 Annex E (Issue 6 Rev 1): a message is written under a temporary name, .TMP, and then renamed to .TXT; whoever
reads leaves .TMP alone. Binary transfers, one message a file.
"""

from __future__ import annotations

import contextlib
import ftplib
import io
import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote

from vigie.errors import ConfigError, InputError
from vigie.links.settings import Exchange, loopback, secret, url_of

WAIT_S = 20.0
LARGEST = 1_000_000
"""bytes of the longest message that is read"""
DONE = "DONE"
"""folder for files that have been read, beside them"""


class Folder(Protocol):
    """Where files lie. Raises OSError when it cannot be reached now."""

    def put(self, name: str, data: bytes) -> None:
        """Leave a file: under a temporary name first, complete when it has its own."""

    def names(self) -> list[str]:
        """The .TXT files that lie there."""

    def get(self, name: str) -> bytes:
        """What a file holds."""

    def done(self, name: str) -> None:
        """Put a file that was read out of the way."""

    def close(self) -> None:
        """Let go of the connection."""


class LocalFolder:
    """A folder of this machine; an FTP server may receive into it."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def put(self, name: str, data: bytes) -> None:
        """See Folder."""
        self._path.mkdir(parents=True, exist_ok=True)
        temporary = self._path / f"{name.removesuffix('.TXT')}.TMP"
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(self._path / name)
        with contextlib.suppress(OSError):  # the name itself on disk, where the system can do that
            handle = os.open(self._path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def names(self) -> list[str]:
        """See Folder."""
        return sorted(one.name for one in self._path.iterdir() if one.name.upper().endswith(".TXT") and one.is_file())

    def get(self, name: str) -> bytes:
        """See Folder."""
        with (self._path / name).open("rb") as stream:
            return _short(name, stream.read(LARGEST + 1))

    def done(self, name: str) -> None:
        """See Folder."""
        aside = self._path / DONE
        aside.mkdir(exist_ok=True)
        target, count = aside / name, 0
        while target.exists():  # numbers come again
            count += 1
            target = aside / f"{name}.{count}"
        (self._path / name).replace(target)

    def close(self) -> None:
        """Nothing is open."""


class FtpFolder:
    """A folder on an FTP server (RFC 959), or over TLS (RFC 4217)."""

    def __init__(self, address: str, settings: Exchange) -> None:
        url = url_of(address, ("ftp", "ftps"), "exchange")
        self._host, self._port = str(url.hostname), url.port or 21
        self._user, self._path = unquote(url.username or ""), unquote(url.path).strip("/")
        self._password = secret(settings.password, settings.password_file, "exchange.password") or ""
        if not self._user or self._user.lower() in ("anonymous", "ftp"):
            raise ConfigError(f"exchange: {address!r} names no user: nobody exchanges messages anonymously")
        if not loopback(self._host) and len(self._password) < 8:
            raise ConfigError("exchange.password: it has less than 8 characters")
        self._context = ssl.create_default_context(cafile=settings.ca) if url.scheme == "ftps" else None
        self._ftp: ftplib.FTP | None = None

    def _connected(self) -> ftplib.FTP:
        if self._ftp is not None:
            return self._ftp
        ftp = ftplib.FTP_TLS(context=self._context, timeout=WAIT_S) if self._context else ftplib.FTP(timeout=WAIT_S)
        try:
            ftp.connect(self._host, self._port)
            ftp.login(self._user, self._password)
            if isinstance(ftp, ftplib.FTP_TLS):
                ftp.prot_p()
            ftp.voidcmd("TYPE I")
            if self._path:
                ftp.cwd(self._path)
        except BaseException:
            ftp.close()
            raise
        self._ftp = ftp
        return ftp

    @contextlib.contextmanager
    def _session(self) -> Iterator[ftplib.FTP]:
        """A session; every failure of it is an OSError, and the next use begins a new one."""
        try:
            yield self._connected()
        except (ftplib.Error, EOFError, OSError) as error:
            self.close()
            raise OSError(f"{self._host}: {str(error) or type(error).__name__}") from None

    def put(self, name: str, data: bytes) -> None:
        """See Folder."""
        temporary = f"{name.removesuffix('.TXT')}.TMP"
        with self._session() as ftp:
            ftp.storbinary(f"STOR {temporary}", io.BytesIO(data))
            ftp.rename(temporary, name)

    def names(self) -> list[str]:
        """See Folder."""
        with self._session() as ftp:
            try:
                listed = ftp.nlst()
            except ftplib.error_perm as error:
                if not str(error).startswith("550"):  # some servers answer so for an empty folder
                    raise
                listed = []
        found = {one.replace("\\", "/").rpartition("/")[2] for one in listed}
        return sorted(one for one in found if one.upper().endswith(".TXT"))

    def get(self, name: str) -> bytes:
        """See Folder."""
        made = bytearray()

        def add(part: bytes) -> None:
            made.extend(part)
            _short(name, made)

        with self._session() as ftp:
            try:
                ftp.retrbinary(f"RETR {name}", add)
            except InputError:
                self.close()
                raise
        return bytes(made)

    def done(self, name: str) -> None:
        """See Folder. On a server of others a file that was read is removed: our ledger keeps what it said."""
        with self._session() as ftp:
            ftp.delete(name)

    def close(self) -> None:
        """See Folder."""
        ftp, self._ftp = self._ftp, None
        if ftp is not None:
            ftp.close()


def _short(name: str, data: bytes | bytearray) -> bytes:
    if len(data) > LARGEST:
        raise InputError(f"{name} is longer than {LARGEST} bytes: no message between centres")
    return bytes(data)


def folder(address: str, settings: Exchange) -> Folder:
    """The folder that a setting names. Raises ConfigError."""
    if address.startswith(("ftp://", "ftps://")):
        return FtpFolder(address, settings)
    if "://" in address:
        raise ConfigError(f"exchange: {address!r} is neither a folder nor ftp:// or ftps://")
    return LocalFolder(address)
