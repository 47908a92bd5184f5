"""Messages between centres as files: numbered, sent until they have arrived, gaps asked for, nothing taken twice.

As C/S A.002 Annex E (Issue 6 Rev 1, 2016) has it: files ``?SRCE_?DEST_?CUR#.TXT``, sent to a folder named after the
sender on the receiver's server. How a missing message is asked for is not in the documents that were read: it is done
here by a narrative, SIT 605, whose form is ours; a partner's request is understood in that form alone, and everything
else that comes is handed on unread. This is an inference, marked as such, and no claim of conformity.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from vigie.errors import ConfigError, InputError, VigieError
from vigie.links.folders import folder
from vigie.links.ledger import Incoming, Ledger
from vigie.links.settings import Exchange
from vigie.records import Sit
from vigie.sit import SitError, format_message

_log = logging.getLogger(__name__)
RETRY_S = (1.0, 60.0)
ASK = "REQUEST RETRANSMISSION OF MESSAGES"
_ASK = re.compile(rf"{ASK}\s+([\d,\s]{{5,600}})", re.ASCII)
_FIRST_LINE = re.compile(r"^/\d{5} \d{5}/", re.ASCII)
_NUMBER = re.compile(r"(?i)^[A-Z0-9]+_[A-Z0-9]+_(\d{5})\.TXT$", re.ASCII)
MOST_ASKED = 50


class Desk:
    """The exchange with one partner, run by a thread."""

    def __init__(
        self, settings: Exchange, ledger: Ledger, take: Callable[[str, str], None], *, clock: Callable[[], datetime]
        = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        """``take(partner, text)`` gets each new message, once it is in the ledger; when it raises StoreError, again.

        Raises ConfigError.
        """
        check(settings)
        self.settings, self.ledger, self._take, self._clock = settings, ledger, take, clock
        self._out, self._in = folder(settings.outgoing, settings), folder(settings.incoming, settings)
        self.name = settings.partner
        self.state, self.error = "waiting", None
        self.failures = 0
        self._wake = threading.Event()
        self._held: dict[str, str] = {}

    state: str
    error: str | None

    def health(self) -> dict[str, Any]:
        """How it fares, as ``/healthz`` prints it."""
        return {
            "name": self.name,
            "state": self.state,
            "error": self.error,
            "failures": self.failures,
            **self.ledger.counts(),
            "missing_numbers": self.ledger.missing()[:20],
            "unreadable": dict(list(self._held.items())[:20]),
        }

    def send(self, sit: str, body: list[str], *, exercise: bool = False, original: int | None = None) -> int:
        """Number a message and keep it until it has arrived; its number. On disk when this returns.

        An exercise message is refused (ConfigError) unless this exchange is declared for exercises. InputError names a
        line that cannot stand in a message.
        """
        if exercise and not self.settings.exercise:
            raise ConfigError(f"exchange {self.name}: exercise messages may not leave by it (exchange.exercise)")
        for line in body:
            if re.match(r"\s*/?\s*(LAST?SIT|ENDMSG)\b", line) or not line.isascii() or not line.isprintable():
                raise InputError(f"{line!r} cannot stand in a message")
        if not re.fullmatch(r"\d{3}[A-Z]?", sit, re.ASCII):
            raise InputError(f"{sit!r} is no SIT number")

        def make(number: int) -> str:
            moment = self._clock().strftime("%y %j %H%M")
            head = f"/{number:05d} {original or 0:05d}/{self.settings.source}/{moment}"
            return "\n".join([head, f"/{sit}/{self.settings.destination}", *body, "/LASSIT", "/ENDMSG"]) + "\n"

        made = self.ledger.send(make, original=original, exercise=exercise)
        self._wake.set()
        return made.number

    def deliver(self, message: Sit, seq: int) -> None:
        """Keep a centre's message until it has arrived, under this exchange's next number. On disk when this returns.

        ``seq``: its row in the journal. The same message is taken once. Raises InputError for a text without the header
        of such messages.
        """
        if not _FIRST_LINE.match(message.text):
            raise InputError(f"message {message.key} is a {message.form}, which cannot be sent as such a file")

        def make(number: int) -> str:
            if number == message.serial:
                return message.text
            try:
                return format_message({**message.values, "msg_no": f"{number:05d}"})
            except SitError:
                return _FIRST_LINE.sub(f"/{number:05d} 00000/", message.text, count=1)

        self.ledger.send(make, key=message.key, seq=seq)
        self._wake.set()

    def repeat(self, number: int) -> int | None:
        """Send what was sent under a number again, under a new one; None when nothing was."""
        kept = self.ledger.sent_as(number)
        if kept is None:
            return None
        text, exercise = kept

        def make(new: int) -> str:
            return _FIRST_LINE.sub(f"/{new:05d} {number:05d}/", text, count=1)

        made = self.ledger.send(make, original=number, exercise=exercise)
        self._wake.set()
        return made.number

    def run(self, stop: threading.Event) -> None:
        """Exchange until ``stop`` is set."""
        wait_s = RETRY_S[0]
        while not stop.is_set():
            self._wake.clear()
            try:
                self.step()
            except (OSError, VigieError) as error:
                self.failures += 1
                if self.error != str(error):
                    _log.warning("exchange with %s: %s; messages wait", self.name, error)
                self.state, self.error = "failing", str(error)
                self._rest(stop, wait_s)
                wait_s = min(wait_s * 2, RETRY_S[1])
                continue
            if self.state == "failing":
                _log.info("exchange with %s works again", self.name)
            self.state, self.error, wait_s = "working", None, RETRY_S[0]
            self._rest(stop, self.settings.poll_s)
        self.close()

    def _rest(self, stop: threading.Event, wait_s: float) -> None:
        """Wait so long; a new message ends it, whatever failed before: it may be able to leave."""
        end = time.monotonic() + wait_s
        while not stop.is_set() and not self._wake.is_set() and (left_s := end - time.monotonic()) > 0:
            self._wake.wait(min(0.2, left_s))

    def close(self) -> None:
        """Let go of connections; the next use makes new ones."""
        self._out.close()
        self._in.close()

    def step(self) -> None:
        """Send what waits, read what lies there, hand it on, ask for what is missing. Raises OSError, VigieError."""
        problem: Exception | None = None
        for part in (self._send_all, self._read_all, self._hand_on):
            try:  # a server that is down does not stop the reading
                part()
            except (OSError, VigieError) as error:
                problem = problem or error
        unasked = self.ledger.missing(unasked=True)[:MOST_ASKED]
        if unasked:
            numbers = ", ".join(f"{number:05d}" for number in unasked)
            self.send("605", [f"/{ASK}", numbers, "QQQQ"])
            self.ledger.asked(unasked)
            _log.warning("exchange with %s: messages %s are missing and have been asked for", self.name, numbers)
        if problem is not None:
            raise problem

    def _send_all(self) -> None:
        for message in self.ledger.waiting():
            name = f"{self.settings.own}_{self.settings.partner}_{message.number:05d}.TXT"
            self._out.put(name, message.text.encode("ascii"))
            self.ledger.left(message)

    def _read_all(self) -> None:
        names = self._in.names()
        newest = self.ledger.newest or 0
        for name in sorted(names, key=lambda name: _order(name, newest)):
            try:
                data = self._in.get(name)
            except InputError as error:
                if name not in self._held:
                    _log.error("exchange with %s: %s: it stays where it is", self.name, error)
                self._held[name] = str(error)
                continue
            incoming = self.ledger.receive(name, data)
            self._in.done(name)
            self._note(name, incoming)

    def _note(self, name: str, incoming: Incoming) -> None:
        if incoming.what == "duplicate":
            _log.info("exchange with %s: %s came before and is dropped", self.name, name)
        elif incoming.what == "other":
            _log.warning("exchange with %s: number %s came before with another text", self.name, incoming.number)
        elif incoming.what == "unnumbered":
            _log.warning(
                "exchange with %s: %s has no number that could be read; it is taken all the same", self.name, name
            )

    def _hand_on(self) -> None:
        for id_, data in self.ledger.to_take():
            text = data.decode("latin-1")
            if (match := _ASK.search(text)) and "/605/" in text.replace(" ", ""):
                for number in sorted({int(one) for one in re.findall(r"\d{5}", match[1])})[:MOST_ASKED]:
                    if self.repeat(number) is None:
                        _log.warning("exchange with %s: %05d is asked for, but was never sent", self.name, number)
            self._take(self.name, text)
            self.ledger.taken(id_)


def check(settings: Exchange) -> None:
    """Raise ConfigError for settings that cannot be used."""
    for name, value in (("own", settings.own), ("partner", settings.partner)):
        if not re.fullmatch(r"[A-Z0-9]{1,12}", value, re.ASCII):
            raise ConfigError(f"exchange.{name}: {value!r} is no name of capital letters and digits")
    if not re.fullmatch(r"\d{4}", settings.source, re.ASCII):
        raise ConfigError(f"exchange.source: {settings.source!r} is no facility number of four digits")
    if not re.fullmatch(r"[0-9A-Z]{1,10}", settings.destination, re.ASCII):
        raise ConfigError(f"exchange.destination: {settings.destination!r} is no destination")


def _order(name: str, newest: int) -> tuple[int, str]:
    """Files in the order of their numbers, going on from the newest that came; others last."""
    match = _NUMBER.match(name)
    return ((int(match[1]) - newest + 50_000) % 100_000, name) if match else (10**6, name)
