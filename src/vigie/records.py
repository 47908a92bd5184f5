"""The records that flow through Vigie. Whoever knows these knows the project.

``Samples -> Burst -> Message -> Detection -> Solution -> Alert -> Sit``, with ``Tick``, the clock of a live stream, and
``Order``, what a duty officer decides. A stage is a generator from records to records: it acts on the kinds it knows,
passes everything on and adds what it made.

Every number carries its unit in its name. An instant is UTC ``datetime64[ns]``. ``None`` means unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:  # numpy is not needed to decode one message, so it is not imported for that
    import numpy as np
    from numpy.typing import NDArray

Generation = Literal["FGB", "SGB"]
Sync = Literal["normal", "self_test"]
Verdict = Literal["ok", "corrected", "unreliable"]
Category = Literal["distress", "test", "self_test", "orbitography", "national", "cancelled", "unreliable"]


@dataclass(frozen=True, slots=True)
class Tick:
    """The clock of a live stream: nothing earlier than ``time`` is still to come."""

    time: np.datetime64


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """A stretch of one channel."""

    iq: NDArray[np.complex64]
    """(n,) complex baseband; for FM-discriminator audio the real part is the audio and the imaginary part 0"""
    rate_hz: float
    centre_hz: float | None
    """radio frequency of baseband zero; None when the recording does not say"""
    start: np.datetime64 | None
    """instant of the first sample; None when the recording does not say"""
    first: int = 0
    """index of the first sample in its source"""
    channel: str = ""
    audio: Literal["iq", "discriminator", "phase"] = "iq"


@dataclass(frozen=True, slots=True, eq=False)
class Burst:
    """One transmission found in a channel, demodulated but not yet understood."""

    kind: Generation
    start: np.datetime64 | None
    """instant at which the carrier began (FGB) or the preamble (SGB), by the receiver's clock"""
    sample: int
    """index of that instant in the source, in samples; negative when the burst began before the recording"""
    sync: Sync
    soft: NDArray[np.float32]
    """(n,) log-likelihood ratios ln P(0)/P(1) of the message bits from bit 1 on, sync included"""
    frequency_hz: float | None
    """carrier in the middle of the burst; None when the centre frequency of the channel is unknown"""
    frequency_offset_hz: float | None
    """carrier less the channel's centre; None in audio, where it is lost"""
    drift_hz_per_s: float | None = None
    cn0_dbhz: float | None = None
    sigma_frequency_hz: float | None = None
    sigma_time_s: float | None = None
    bit_rate_bps: float | None = None
    channel: str = ""
    at: Literal["satellite", "site"] = "site"
    snippet: str | None = None
    """its samples as a SigMF recording: path of the metadata below the station's folder of snippets"""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Message:
    """What a beacon said. The bits are the truth; everything else is a view of them, made by ``vigie.message``."""

    kind: Generation
    received: str
    """upper-case hex as it came, before correction"""
    form: str
    """how ``received`` is to be read: message_36, message_28, message_30, message_22, hexid_15, sgb_63 ..."""
    facts: Mapping[str, Any]
    """every stated value by its name, as ``vigie decode --json`` prints them"""

    @property
    def hex_id(self) -> str | None:
        """The 15-hex (FGB) or 23-hex (SGB) beacon ID, position bits at default; None if not to be trusted."""
        return self.facts.get("hex_id")

    @property
    def verdict(self) -> Verdict:
        """ok, corrected, or unreliable (the code could not mend it)."""
        verdict: Verdict = self.facts["verdict"]
        return verdict

    @property
    def position_deg(self) -> tuple[float, float] | None:
        """Encoded latitude and longitude in degrees, north and east positive; None when the message carries none."""
        lat, lon = self.facts.get("latitude"), self.facts.get("longitude")
        return None if lat is None or lon is None else (lat, lon)

    @property
    def category(self) -> Category:
        """What kind of traffic this is: a distress call is told apart from tests and system beacons everywhere."""
        category: Category = self.facts["category"]
        return category


@dataclass(frozen=True, slots=True)
class Detection:
    """A message with the path it came by: once per burst and receiver."""

    message: Message
    time: np.datetime64
    """when the burst began, by the receiver's clock (at the satellite or at the site, as ``at`` says)"""
    sample: int | None = None
    sync: Sync = "normal"
    frequency_hz: float | None = None
    frequency_offset_hz: float | None = None
    drift_hz_per_s: float | None = None
    cn0_dbhz: float | None = None
    sigma_frequency_hz: float | None = None
    sigma_time_s: float | None = None
    confidence: float | None = None
    """probability that the message is right"""
    channel: str = ""
    source: str = ""
    """the station, file or link that delivered it"""
    exercise: bool = False
    """True when the source is an exercise: never to be taken for a live alert"""
    time_known: bool = True
    """False when the source has no time of its own and the time of reading it was taken instead"""
    at: Literal["satellite", "site"] = "site"
    key: str | None = field(default=None, compare=False)
    """what a second delivery of the same detection is told by, 32 hex digits; None: by all that it says"""
    snippet: str | None = None
    """the burst's samples, as in ``Burst.snippet``"""
    satellite: str = ""
    """the satellite that heard it: C/S number, or the code of messages between centres; empty: not known, or none"""
    more: bool = False
    """True when the next record of this beacon belongs to the same alert, such as the DOA position of this burst"""
    frequency_at_s: float | None = None
    """seconds after ``time`` at which the frequency is stated, in the middle of a burst received; None: at ``time``"""


@dataclass(frozen=True, slots=True)
class Solution:
    """Where a beacon may be, and how sure we are."""

    hex_id: str
    method: Literal["encoded", "doppler", "doa", "fused"]
    lat_deg: float
    lon_deg: float
    start: np.datetime64
    end: np.datetime64
    ehe_m: float | None
    """expected horizontal error: 95 % radius, m. For an encoded position the half diagonal of the coding cell only:
    what the beacon's navigation receiver adds to it is unknown"""
    alt_m: float | None = None
    covariance_m2: tuple[float, float, float] | None = None
    """east-east, east-north, north-north, m2"""
    probability: float = 1.0
    used: int = 1
    """measurements used"""
    exercise: bool = False
    velocity_mps: tuple[float, float] | None = None
    """east, north; None when the beacon is at rest or that cannot be told"""
    cells: tuple[tuple[str, float], ...] = ()
    """H3 cells with the probability of each, when the ellipse alone would mislead: all places of the beacon together"""
    satellites: tuple[str, ...] = ()
    """the satellites that contributed, by C/S number or code; empty when they are not known"""
    source: str = ""
    """the LUT or the centre that found it"""
    outside: tuple[str, ...] = ()
    """contributing satellites in whose footprint the place does not lie: such a position is suspect"""
    more: bool = False
    """True when the next record of this beacon belongs to the same alert: the other side of a Doppler pass, or the
    encoded position beside a DOA one"""


@dataclass(frozen=True, slots=True)
class Reference:
    """The MCC reference position: the centre's estimate from positions that agree. No measurement, and not the place
    itself: the beacon may have moved since."""

    lat_deg: float
    lon_deg: float
    start: np.datetime64
    """earliest of the times of detection of the alert when it was made"""
    end: np.datetime64
    """latest detection that went into it"""
    used: int
    """positions that went into it"""
    renewed: bool = False
    """True when it was established anew from new positions alone, which contradicted the old one"""


@dataclass(frozen=True, slots=True)
class ReturnLink:
    """Where the acknowledgement stands that a beacon with return link is owed."""

    provider: str
    """galileo, glonass, bds, or unknown"""
    state: Literal["capable", "owed", "received", "lost"]
    """capable: nothing is owed before the position is confirmed; owed: not yet confirmed by the beacon; received: the
    beacon's feedback bits say so; lost: they said so, and say it no more"""
    since: np.datetime64
    automatic: bool
    """accepts the automatic acknowledgement (type 1)"""
    manual: bool
    """accepts one that a rescue centre sends (type 2)"""


@dataclass(frozen=True, slots=True)
class Notice:
    """A message that a change of an alert calls for: decided, numbered, not yet written."""

    number: str
    """the SIT number, as for national text: 170-179, 370-379"""
    to: str
    """name of the destination"""
    serial: int
    """current message number, counted for each destination from 1 to 99999, and again from 0"""
    title: str
    why: str
    """what calls for it, in words"""
    source: str
    """the clause"""
    inferred: bool = False
    """True when no document read says so"""
    buffers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a duty officer decides about one alert. Journalled like everything the book learns from."""

    time: np.datetime64
    alert: str
    what: Literal["close", "add", "remove", "resend"]
    to: str = ""
    """the destination meant: added, taken off, or sent the last message once more"""
    by: str = ""
    """who decided"""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is known of one beacon now. One row of the console's list."""

    id: str
    """the hex ID, prefixed ``X-`` for an exercise and ``U-`` when the identity is not to be trusted"""
    hex_id: str | None
    state: str
    reason: str
    """why the alert stands where it does, in words"""
    category: Category
    exercise: bool
    first_seen: np.datetime64
    last_seen: np.datetime64
    bursts: int
    solutions: tuple[Solution, ...] = ()
    """newest first, one per method and place"""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """facts of the latest trusted message, as ``vigie decode`` prints them"""
    changed: np.datetime64 | None = None
    site: int = 1
    """which activation of this beacon it is, counted from 1; a closed one is never opened again"""
    to: tuple[str, ...] = ()
    """who would get the next message, before anything is sent"""
    told: tuple[str, ...] = ()
    """who had got a message about this activation before this change"""
    notices: tuple[Notice, ...] = ()
    """the messages that this very change calls for"""
    reference: Reference | None = None
    """the MCC reference position; its presence says that the position is confirmed"""
    remarks: tuple[str, ...] = ()
    """warnings that belong into every message, as rescue centres know them"""
    return_link: ReturnLink | None = None
    until: np.datetime64 | None = None
    """when it is closed unless the beacon is heard again; None when no clock runs"""


@dataclass(frozen=True, slots=True)
class Sit:
    """A message between centres, ready to be handed to a link."""

    to: str
    """name of the destination"""
    address: str
    """the code that stands in the message's header"""
    number: str
    serial: int
    """current message number: with ``to`` it names this message and no other"""
    form: str
    """usmcc_rcc, sit185, narrative, usmcc_auto, ladr ..., as ``vigie sit parse`` names them"""
    text: str
    time: np.datetime64
    alert: str
    why: str
    values: Mapping[str, Any] = field(default_factory=dict)
    """what it says, by name, as ``vigie sit parse --json`` prints it"""

    @property
    def key(self) -> str:
        """What a link remembers so that nothing goes twice to a destination."""
        return f"{self.to}/{self.serial:05d}/{self.alert}"


@dataclass(frozen=True, slots=True)
class ExerciseSit:
    """A message that an exercise made: it looks like a Sit and is none, so nothing that sends takes it."""

    message: Sit

    @property
    def key(self) -> str:
        """As a Sit's, and never one of them."""
        return f"X/{self.message.key}"


Record = Samples | Burst | Detection | Solution | Alert | Tick | Order | Sit | ExerciseSit
