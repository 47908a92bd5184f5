"""A throw-away PostgreSQL server in a folder, for tests and benchmarks: the Debian package, no running service."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


def binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``, the newest there is; None when they are not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


class Postgres:
    """A server on a port of the loopback interface; its folder is removed at the end."""

    def __init__(self, folder: Path, commands: Path, port: int) -> None:
        self.folder, self._commands, self.port = folder, commands, port
        self._process: subprocess.Popen[bytes] | None = None
        self._made = 0

    @classmethod
    @contextlib.contextmanager
    def started(cls, folder: Path) -> Iterator[Postgres]:
        """A new server, stopped at the end; skips the test when PostgreSQL is not installed."""
        commands = binaries()
        if commands is None:
            pytest.skip("PostgreSQL is not installed: install Debian's postgresql to test stores on it")
        try:
            import psycopg  # noqa: F401
        except ImportError:
            pytest.skip("psycopg is not installed: install the extra postgres to test stores on it")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        data = folder / "data"
        data.mkdir()
        if os.getuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(data, user.pw_uid, user.pw_gid)
            for parent in folder.parents:
                if parent.stat().st_uid == 0 and len(parent.parts) > 2:
                    parent.chmod(parent.stat().st_mode | 0o011)
            folder.chmod(0o755)
        server = cls(folder, commands, port)
        server._run("initdb", "-D", str(data), "-U", "vigie", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        try:
            server.start()
            yield server
        finally:
            server.stop()
            shutil.rmtree(data, ignore_errors=True)

    def _as_user(self) -> list[str]:
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []

    def _run(self, *command: str) -> None:
        name, *arguments = command
        subprocess.run(
            [*self._as_user(), str(self._commands / name), *arguments], check=True, capture_output=True, cwd="/"
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [str(self._commands / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "shared_buffers=64MB"]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            [*self._as_user(), *command, *options], stdout=log, stderr=log, cwd="/", start_new_session=True
        )
        log.close()
        until = time.monotonic() + 60
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text(errors="replace"))
            time.sleep(0.05)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self._url("postgres").replace("+psycopg", ""), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stop it as a crash would: nothing more is written, all its processes end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(30)
            self._process = None

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://vigie@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside a transaction."""
        import psycopg

        with psycopg.connect(self._url(database).replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())

    def database(self, encoding: str = "UTF8") -> str:
        """The URL of a new, empty database."""
        self._made += 1
        name = f"store{self._made}"
        self.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        return self._url(name)
