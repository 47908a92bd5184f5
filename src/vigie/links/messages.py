"""Outputs that tell somebody: MQTT, webhook, mail."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import smtplib
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

from vigie import __version__, jsonl
from vigie.errors import ConfigError
from vigie.links import words
from vigie.links.outputs import RefusedError, as_told
from vigie.links.settings import Mail, Mqtt, Webhook, loopback, secret, url_of

if TYPE_CHECKING:
    from vigie.store.journal import Row

ANSWER_S = 20.0
_NEVER = (400, 413, 422)
"""answers of a webhook after which trying again is of no use"""


def context(ca: str | None) -> ssl.SSLContext:
    """Certificates are checked, against the system's authorities or those of a file. Raises ConfigError."""
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"output.ca {ca} cannot be read: {error}") from None


class MqttTopics:
    """MQTT 3.1.1 through paho-mqtt (extra ``mqtt``). Exercises have topics of their own: ``PREFIX/exercise/...``."""

    batch = 50

    def __init__(self, settings: Mqtt) -> None:
        try:
            import paho.mqtt.client as mqtt
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise ConfigError("the output mqtt needs paho-mqtt: pip install 'vigie[mqtt]'") from None
        url = url_of(settings.to, ("mqtt", "mqtts"), "output.to")
        if any(sign in settings.prefix for sign in "+#\0") or not settings.prefix.strip("/"):
            raise ConfigError(f"output.prefix: {settings.prefix!r} cannot begin a topic")
        self._settings, self._mqtt, self._api = settings, mqtt, CallbackAPIVersion.VERSION2
        self._host, self._port = str(url.hostname), url.port or (8883 if url.scheme == "mqtts" else 1883)
        self._context = context(settings.ca) if url.scheme == "mqtts" else None
        self._password = secret(settings.password, settings.password_file, "output.password")
        if self._password and self._context is None and not loopback(url.hostname):
            raise ConfigError(
                f"output.to {settings.to}: the password would cross the network unencrypted: use mqtts://"
            )
        self._prefix = settings.prefix.rstrip("/")
        self._client: Any = None

    def _connected(self) -> Any:
        if self._client is not None:
            if not self._client.is_connected():
                raise OSError(f"the broker {self._host}:{self._port} is gone")
            return self._client
        client = self._mqtt.Client(self._api)
        if self._settings.user:
            client.username_pw_set(self._settings.user, self._password)
        if self._context is not None:
            client.tls_set_context(self._context)
        client.will_set(f"{self._prefix}/status", "offline", qos=1, retain=True)
        answered, refused = threading.Event(), []

        def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
            if reason.is_failure:
                refused.append(str(reason))
            answered.set()

        client.on_connect = on_connect
        client.connect_timeout = ANSWER_S
        client.connect(self._host, self._port, keepalive=30)
        client.loop_start()
        self._client = client
        if not answered.wait(ANSWER_S) or refused:
            raise OSError(
                f"the broker {self._host}:{self._port} {'refused: ' + refused[0] if refused else 'is silent'}"
            )
        client.publish(f"{self._prefix}/status", "online", qos=1, retain=True)
        return client

    def send(self, rows: Sequence[Row]) -> None:
        """Publish, and wait until the broker has taken all of it."""
        client = self._connected()
        under_way = []
        for row in rows:
            beacon = "".join(sign for sign in row.beacon or "unknown" if sign.isalnum() or sign in "-_")
            exercise = "exercise/" if words.is_exercise(row.body) else ""
            topic = f"{self._prefix}/{exercise}{row.kind}/{beacon}"
            retain = self._settings.retain and row.kind == "alert"
            under_way.append(client.publish(topic, jsonl.line(as_told(row)), qos=1, retain=retain))
        until = time.monotonic() + ANSWER_S
        for info in under_way:
            try:
                info.wait_for_publish(max(until - time.monotonic(), 0.01))
                taken = info.is_published()
            except (RuntimeError, ValueError) as error:
                raise OSError(f"the broker did not take it: {error}") from None
            if not taken:
                raise OSError(f"the broker {self._host}:{self._port} has not acknowledged for {ANSWER_S:.0f} s")

    def idle(self) -> None:
        """Connect, so that the availability topic is right before the first alert."""
        self._connected()

    def close(self) -> None:
        """Say goodbye."""
        client, self._client = self._client, None
        if client is not None:
            if client.is_connected():
                client.publish(f"{self._prefix}/status", "offline", qos=1, retain=True).wait_for_publish(1.0)
            client.disconnect()
            client.loop_stop()


class WebhookPost:
    """A POST a row. ``Vigie-Signature: t=UNIX,v1=HEX``: HMAC-SHA256 of ``t``, a full stop and the body."""

    batch = 1

    def __init__(self, settings: Webhook, origin: str) -> None:
        url = url_of(settings.to, ("https", "http"), "output.to")
        self._key = secret(settings.secret, settings.secret_file, "output.secret")
        self._settings, self._origin = settings, origin
        handlers: list[Any] = [urllib.request.ProxyHandler({})]
        if url.scheme == "https":
            handlers.append(urllib.request.HTTPSHandler(context=context(settings.ca)))
        self._open = urllib.request.build_opener(*handlers).open

    def send(self, rows: Sequence[Row]) -> None:
        """POST the row; anything but a success is an error."""
        (row,) = rows
        told = {
            "id": f"{self._origin}:{row.seq}",
            "exercise": words.is_exercise(row.body),
            "text": words.headline(row.body) if row.kind == "alert" else words.text(as_told(row)),
            **as_told(row),
        }
        data = jsonl.line(told).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"vigie/{__version__}",
            "Idempotency-Key": str(told["id"]),
        }
        if self._key:
            headers["Vigie-Signature"] = sign(self._key, data, int(time.time()))
        request = urllib.request.Request(self._settings.to, data, headers, method="POST")
        try:
            with self._open(request, timeout=self._settings.timeout_s) as reply:
                reply.read(10_000)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _NEVER:
                    raise RefusedError(f"it answered {error.code}") from None
                raise OSError(f"it answered {error.code} {error.reason}") from None
        except http.client.HTTPException as error:
            raise OSError(f"{type(error).__name__}: {error}") from None

    def idle(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing stays open."""


def sign(key: str, data: bytes, moment: int) -> str:
    """The signature header of a body. A receiver computes it again, compares, and refuses what is minutes old."""
    digest = hmac.new(key.encode(), f"{moment}.".encode() + data, hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


class MailPost:
    """A mail a row, over SMTP."""

    batch = 1

    def __init__(self, settings: Mail, origin: str) -> None:
        self._url = url_of(settings.server, ("smtp", "smtps", "smtp+plain"), "output.server")
        self._settings, self._origin = settings, origin
        self._password = secret(settings.password, settings.password_file, "output.password")
        self._context = None if self._url.scheme == "smtp+plain" else context(settings.ca)
        if self._password and self._context is None and not loopback(self._url.hostname):
            raise ConfigError(
                "output.server: the password would cross the network unencrypted: use smtp:// or smtps://"
            )
        if not settings.to:
            raise ConfigError("output.to: a mail needs somebody to go to")
        for address in (settings.sender, *settings.to):
            if address.count("@") != 1 or any(sign.isspace() or sign in "<>,;" for sign in address):
                raise ConfigError(f"output: {address!r} is no mail address")

    def message(self, row: Row) -> EmailMessage:
        """The mail of a row. Its Message-ID is the row's, so that one that comes twice is known."""
        settings, made = self._settings, EmailMessage(SMTP)
        exercise = f"{words.EXERCISE}: " if words.is_exercise(row.body) else ""
        alert = row.kind == "alert"
        subject = words.headline(row.body) if alert else words.text(as_told(row))
        subject = subject.removeprefix(f"{words.EXERCISE} ")
        made["Subject"] = f"[Vigie] {exercise}" + "".join(sign if sign.isprintable() else " " for sign in subject)[:200]
        made["From"], made["To"] = settings.sender, ", ".join(settings.to)
        made["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        made["Message-ID"] = f"<vigie.{self._origin}.{row.seq}@{settings.sender.partition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"
        if alert:  # mails about one beacon stay together
            beacon = "".join(sign for sign in str(row.body["id"]) if sign.isalnum() or sign == "-")
            made["References"] = f"<vigie.{self._origin}.{beacon}@{settings.sender.partition('@')[2]}>"
        text = words.page(row.body) if alert else subject + "\n"
        if settings.console and alert:
            text += f"\n{settings.console.rstrip('/')}/#/alert/{row.body['id']}\n"
        made.set_content(text)
        return made

    def send(self, rows: Sequence[Row]) -> None:
        """Hand the mail to the server."""
        message = self.message(rows[0])
        host, port = str(self._url.hostname), self._url.port
        try:
            if self._url.scheme == "smtps":
                server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=ANSWER_S, context=self._context)
            else:
                server = smtplib.SMTP(host, port or 587, timeout=ANSWER_S)
            with server:
                if self._url.scheme == "smtp":
                    server.starttls(context=self._context)
                if self._settings.user and self._password:
                    server.login(self._settings.user, self._password)
                left_out = server.send_message(message, self._settings.sender, list(self._settings.to))
        except smtplib.SMTPRecipientsRefused as error:
            raise OSError(f"no recipient was accepted: {error.recipients}") from None
        except smtplib.SMTPDataError as error:
            if error.smtp_code >= 500:
                raise RefusedError(f"the server refused the mail: {error}") from None
            raise OSError(str(error)) from None
        except smtplib.SMTPException as error:
            raise OSError(f"{type(error).__name__}: {error}") from None
        if left_out:
            raise RefusedError(f"these recipients were refused, the others have it: {', '.join(left_out)}")

    def idle(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing stays open."""
