"""Who may come in: users, tokens, open sessions, and the audit of what each did. One SQLite file beside the journal.

Passwords are kept as Argon2id hashes, tokens and sessions as SHA-256 digests: nothing in the file opens a door. The
audit is append-only. The file may be changed by ``vigie users`` while a service runs: it is asked at every request.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from vigie.errors import ConfigError, InputError

Permission = Literal["read", "act", "deliver", "manage"]
ROLES: dict[str, frozenset[Permission]] = {
    "view": frozenset({"read"}),
    "duty": frozenset({"read", "act"}),
    "admin": frozenset({"read", "act", "deliver", "manage"}),
    "station": frozenset({"deliver"}),
}
"""what each role may do. ``station`` is for tokens alone: it delivers detections and reads nothing"""
PASSWORD_LENGTH = (12, 256)
SEEN_EVERY_S = 60.0
"""the use of a session is noted at most this often"""
SCHEMA = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
_TABLES = """
CREATE TABLE users (name TEXT PRIMARY KEY, role TEXT NOT NULL, password TEXT NOT NULL, created TEXT NOT NULL);
CREATE TABLE tokens (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, digest TEXT NOT NULL UNIQUE, created TEXT NOT NULL);
CREATE TABLE sessions (
    digest TEXT PRIMARY KEY, user TEXT NOT NULL, csrf TEXT NOT NULL, began REAL NOT NULL, seen REAL NOT NULL);
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, time TEXT NOT NULL, who TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
    detail TEXT NOT NULL, good INTEGER NOT NULL);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END;
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks."""

    name: str
    role: str
    how: Literal["local", "session", "token"]
    csrf: str = ""
    """what a page must send back with everything it changes; sessions only"""
    digest: str = ""
    """of the session or token, to ask later whether it still holds"""

    def may(self, permission: Permission) -> bool:
        """Whether the role has this permission."""
        return permission in ROLES.get(self.role, ())


LOCAL = Identity("local", "admin", "local")
"""whoever sits at the machine, where no sign-in is asked for"""


def digest(secret: str) -> str:
    """What is kept of a token or session: it has 256 random bits, so a plain hash cannot be searched."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Accounts:
    """An open file of accounts. From any thread. Raises ConfigError when the file cannot be used."""

    def __init__(
        self, file: str | Path, *, session_s: float = 86400.0, idle_s: float = 43200.0, create: bool = True
    ) -> None:
        self.file = Path(file).absolute()
        self.session_s, self.idle_s = session_s, idle_s
        self._guard = threading.RLock()
        try:
            if create:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                os.close(
                    os.open(self.file, os.O_CREAT | os.O_RDWR, 0o600)
                )  # never readable by others, not for a moment
            elif not self.file.is_file():
                raise ConfigError(f"there is no accounts file {self.file}: add a user with 'vigie users add'")
            self._db = sqlite3.connect(self.file, isolation_level=None, check_same_thread=False, timeout=5.0)
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"the accounts file {self.file} cannot be used: {error}") from None

    def _prepare(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA:
            raise ConfigError(f"the accounts file {self.file} was written by a newer Vigie: update Vigie")
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        if not version:
            with self._write() as db:
                if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
                    for statement in re.split(r";\n", _TABLES.strip().removesuffix(";")):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version={SCHEMA}")

    @contextlib.contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        with self._guard:
            found: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
            return found

    # users

    def add_user(self, name: str, role: str, password: str) -> None:
        """Add a user. Raises InputError for a name that is taken or odd, an unknown role, a weak password."""
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no user name: 1 to 64 letters, digits and . _ @ -")
        if role not in ROLES or role == "station":
            raise InputError(f"{role!r} is no role of a user: view, duty or admin")
        hashed = hash_password(name, password)
        with self._write() as db:
            try:
                db.execute("INSERT INTO users VALUES (?, ?, ?, ?)", (name, role, hashed, _now()))
            except sqlite3.IntegrityError:
                raise InputError(f"there is a user {name} already: remove it first, or set its password") from None

    def set_password(self, name: str, password: str) -> None:
        """Set a password and end the user's sessions. Raises InputError."""
        hashed = hash_password(name, password)
        with self._write() as db:
            if not db.execute("UPDATE users SET password = ? WHERE name = ?", (hashed, name)).rowcount:
                raise InputError(f"there is no user {name}")
            db.execute("DELETE FROM sessions WHERE user = ?", (name,))

    def remove(self, name: str) -> None:
        """Remove a user with its sessions, or a token by its id. Raises InputError when there is neither."""
        with self._write() as db:
            gone = db.execute("DELETE FROM users WHERE name = ?", (name,)).rowcount
            gone += db.execute("DELETE FROM tokens WHERE id = ?", (name,)).rowcount
            db.execute("DELETE FROM sessions WHERE user = ?", (name,))
        if not gone:
            raise InputError(f"there is no user and no token {name}")

    def users(self) -> list[dict[str, Any]]:
        """Name, role and date of each user, and of each token its id as well."""
        with self._guard:
            users = self._db.execute("SELECT name, role, created FROM users ORDER BY name").fetchall()
            tokens = self._db.execute("SELECT name, role, created, id FROM tokens ORDER BY created, id").fetchall()
        keys = ("name", "role", "created", "id")
        return [
            *({"kind": "user", **dict(zip(keys[:3], row, strict=True))} for row in users),
            *({"kind": "token", **dict(zip(keys, row, strict=True))} for row in tokens),
        ]

    def empty(self) -> bool:
        """Whether there is neither a user nor a token."""
        return self._one("SELECT 1 FROM users UNION ALL SELECT 1 FROM tokens LIMIT 1") is None

    def verify(self, name: str, password: str) -> str | None:
        """The role of the user with this password, else None. Takes as long for a name that nobody has."""
        row = self._one("SELECT role, password FROM users WHERE name = ?", name) if _NAME.fullmatch(name) else None
        good = password_matches(row[1] if row else _nobody(), password)
        return str(row[0]) if row and good else None

    # tokens

    def add_token(self, name: str, role: str) -> str:
        """A new token, to be shown once: only its digest is kept. Raises InputError."""
        if not _NAME.fullmatch(name):
            raise InputError(f"{name!r} is no name of a token: 1 to 64 letters, digits and . _ @ -")
        if role not in ROLES:
            raise InputError(f"{role!r} is no role: {', '.join(ROLES)}")
        token = f"vigie_{secrets.token_urlsafe(32)}"
        with self._write() as db:
            row = (secrets.token_hex(4), name, role, digest(token), _now())
            db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?, ?)", row)
        return token

    def by_token(self, token: str) -> Identity | None:
        """Whose token this is."""
        return self._token(digest(token))

    def _token(self, kept: str) -> Identity | None:
        row = self._one("SELECT name, role FROM tokens WHERE digest = ?", kept)
        return Identity(row[0], row[1], "token", digest=kept) if row else None

    # sessions

    def open_session(self, name: str) -> tuple[str, Identity]:
        """A new session of a user: its secret, for the cookie alone, and who it is."""
        secret, csrf, moment = secrets.token_urlsafe(32), secrets.token_urlsafe(32), time.time()
        with self._write() as db:
            row = (digest(secret), name, csrf, moment, moment)
            db.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?)", row)
            old = moment - self.session_s, moment - self.idle_s
            db.execute("DELETE FROM sessions WHERE began < ? OR seen < ?", old)
        identity = self._session(digest(secret))
        if identity is None:
            raise InputError(f"there is no user {name}")
        return secret, identity

    def by_session(self, secret: str) -> Identity | None:
        """Who holds this session, if it has not ended."""
        return self._session(digest(secret))

    def _session(self, kept: str) -> Identity | None:
        row = self._one(
            "SELECT user, role, csrf, began, seen FROM sessions JOIN users ON users.name = user WHERE digest = ?", kept
        )
        moment = time.time()
        if row is None or moment - row[3] > self.session_s or moment - row[4] > self.idle_s:
            return None
        if moment - row[4] > SEEN_EVERY_S:
            with self._write() as db:
                db.execute("UPDATE sessions SET seen = ? WHERE digest = ?", (moment, kept))
        return Identity(row[0], row[1], "session", row[2], kept)

    def close_session(self, identity: Identity) -> None:
        """End a session."""
        with self._write() as db:
            db.execute("DELETE FROM sessions WHERE digest = ?", (identity.digest,))

    def holds(self, identity: Identity) -> bool:
        """Whether a session or token still stands, with the same role."""
        if identity.how == "local":
            return True
        found = self._session(identity.digest) if identity.how == "session" else self._token(identity.digest)
        return found is not None and found.role == identity.role

    # audit

    def note(self, who: str, address: str, action: str, detail: str = "", *, good: bool = True) -> None:
        """Add a line to the audit."""
        with self._write() as db:
            row = (_now(), _line(who), _line(address), _line(action), _line(detail), good)
            db.execute("INSERT INTO audit (time, who, address, action, detail, good) VALUES (?, ?, ?, ?, ?, ?)", row)

    def audit(self, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
        """Lines of the audit with ``seq > after``, oldest first."""
        query = "SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT ?"
        keys = ("seq", "time", "who", "address", "action", "detail", "good")
        with self._guard:
            rows = self._db.execute(query, (after, limit)).fetchall()
        return [{**dict(zip(keys, row, strict=True)), "good": bool(row[6])} for row in rows]

    def close(self) -> None:
        """Close the file."""
        with self._guard:
            self._db.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(text: str) -> str:
    """A text of strangers on one line of printable characters, not too long."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text[:200])


def hash_password(name: str, password: str) -> str:
    """The Argon2id hash of a password. Raises InputError for one that is too short, too long or the name itself."""
    least, most = PASSWORD_LENGTH
    if not least <= len(password) <= most:
        raise InputError(f"a password has {least} to {most} characters: several words make a good one")
    if name.lower() in password.lower() and len(password) < len(name) + least:
        raise InputError("the password is made of the user's name")
    if len(set(password)) < 5:
        raise InputError("the password repeats a few characters")
    made: str = _hasher().hash(password)
    return made


def password_matches(hashed: str, password: str) -> bool:
    """Whether the password gives this hash."""
    from argon2.exceptions import Argon2Error, InvalidHashError

    if len(password) > PASSWORD_LENGTH[1]:
        password = ""
    try:
        return bool(_hasher().verify(hashed, password))
    except (Argon2Error, InvalidHashError):
        return False


def _hasher() -> Any:
    from argon2 import PasswordHasher

    return PasswordHasher()


_NOBODY: list[str] = []


def _nobody() -> str:
    """The hash of a password that nobody knows, so that an unknown name takes as long as a known one."""
    if not _NOBODY:
        _NOBODY.append(_hasher().hash(secrets.token_urlsafe(16)))
    return _NOBODY[0]
