"""What passes through the pipe: calls, parts of answers, ends and failures, and who takes them.
Payloads are the edge's own messages and opaque here; only texts and sizes are looked at.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol

from thegrid_exchange.delivery.meter import Prompt
from thegrid_exchange.engine.records import TokenCounts, UsageRecord
from thegrid_exchange.engine.replies import KeyStanding


class Failure(NamedTuple):
    """Why a call is refused or ended badly; `reason` is a name of ErrorReason without prefix."""

    reason: str
    message: str
    field: str = ""
    limit: int | None = None
    value: int | None = None
    retry_after_us: int | None = None


class Preferences(NamedTuple):
    """What the caller wants of supplier and price; names are those of the contract."""

    max_price_micros: int | None = None
    only_supplier_ids: frozenset[str] = frozenset()
    ignore_supplier_ids: frozenset[str] = frozenset()
    order_supplier_ids: tuple[str, ...] = ()
    allow_fallbacks: bool = True
    data_policies: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    hedge_after_percent: int | None = None
    """Share of the first-token deadline after which a second supplier is asked."""


NO_PREFERENCES = Preferences()
"""Of a caller who takes any supplier at any price."""


class EmbeddingAsk(NamedTuple):
    """What a call for embeddings asks."""

    inputs: Sequence[str | Sequence[int]]
    """Each as text, or as tokens of the instrument's tokenizer; none is empty."""
    dimensions: int | None = None
    """None leaves the instrument's own."""


class CallRequest(NamedTuple):
    """A call as its client asks for it."""

    delivery_id: str
    member_id: str
    key_id: str
    instrument: str
    """Symbol or id."""
    requested_model: str
    prompt: Prompt
    fields: frozenset[str]
    """Names of the request's fields that a supplier must honour to serve it."""
    capabilities: frozenset[str]
    """Capabilities that its content needs, such as `vision`."""
    choices: int
    """Answers that are asked for: choices of a chat, vectors of a call for embeddings."""
    output_cap_tokens: int | None
    """Per choice; None leaves the instrument's greatest."""
    payload: Any
    payload_bytes: int
    window_bytes: int
    preferences: Preferences = NO_PREFERENCES
    client_request_id: str = ""
    concurrent_deliveries: int = 0
    """Limit of the key; 0 leaves the exchange's own."""
    traceparent: str = ""
    keys_above: tuple[tuple[str, int], ...] = ()
    """Keys above the key, each with its limit of deliveries at once; 0 for none."""
    embedding: EmbeddingAsk | None = None
    """None for a chat."""
    request_digest: str = ""
    output_cap_field: str = "max_completion_tokens"
    """The request's own name of its cap."""


class Piece(NamedTuple):
    """Text that a part adds to one channel of one choice (see `meter.AnswerCount`)."""

    choice: int
    channel: str
    text: str


class Part(NamedTuple):
    """A part of an answer, its finish reasons taken out of the payload."""

    payload: Any
    """None when nothing is left to show."""
    size_bytes: int
    pieces: tuple[Piece, ...]
    finishes: tuple[tuple[int, str], ...] = ()
    released_bytes: int = 0
    """What the supplier's window gets back once this part has gone to the client."""
    vectors: tuple[tuple[int, int], ...] = ()
    """Place and length of each vector that it holds; 0 for one that is no vector of numbers."""
    is_joined: bool = False
    """Whether the pieces hold text that the payload lacks: see `PayloadEdits.filled`."""


class Started(NamedTuple):
    """A supplier has taken the call."""

    usage_id: str
    supplier_id: str
    serving_model: str
    instrument_id: str
    spec_version: int
    prompt_tokens: int
    limits: KeyStanding | None = None


class Ended(NamedTuple):
    """The good end, after the report is durable or takes too long to be waited for."""

    finishes: tuple[tuple[int, str], ...]
    billed: TokenCounts
    usage: UsageRecord | None
    """None while the settlement is under way."""
    delivery_id: str


class Client(Protocol):
    """Who called, at the edge. None of these may block or raise."""

    def started(self, started: Started) -> None:
        """A supplier serves; nothing of the answer came before."""
        ...

    def part(self, payload: Any) -> None:
        """A part of the answer, in order."""
        ...

    def ended(self, ended: Ended) -> None:
        """The last word, when all went well."""
        ...

    def failed(self, failure: Failure, usage: UsageRecord | None) -> None:
        """The last word, when it did not."""
        ...


class Offered(NamedTuple):
    """A delivery as it is handed to a supplier."""

    delivery_id: str
    instrument_id: str
    symbol: str
    model: str
    payload: Any
    payload_bytes: int
    window_bytes: int
    first_token_us: int
    max_output_tokens: int
    traceparent: str
    dimensions: int = 0
    """Length that vectors must have; 0 for a chat."""


class SupplierWire(Protocol):
    """A supplier's stream, at the edge. None of these may block or raise."""

    def open(self, number: int, offered: Offered) -> None:
        """Hand a delivery over; `number` is its own on this stream."""
        ...

    def grant(self, number: int, window_bytes: int) -> None:
        """Let the supplier send so much more."""
        ...

    def cancel(self, number: int, reason: str) -> None:
        """Stop a delivery; what still comes of it is dropped."""
        ...

    def release(self, number: int) -> None:
        """The delivery is over; forget what belongs to it."""
        ...

    def close(self, reason: str) -> None:
        """End the stream."""
        ...


class PayloadEdits(Protocol):
    """The few changes that the pipe makes to payloads, done where their shape is known."""

    def shortened(self, payload: Any, texts: Mapping[tuple[int, str], str]) -> Any:
        """The payload with each named channel's text replaced; None when nothing is left."""
        ...

    def spelled(self, payload: Any, texts: Mapping[int, str]) -> Any:
        """A request for embeddings with the inputs at these places as text."""
        ...

    def without_reasoning(self, part: Part) -> Part:
        """The part less what it says of the model's reasoning; its payload may be None then."""
        ...

    def joined(self, parts: Sequence[Part]) -> Part | None:
        """Two neighbouring parts as one, or None when they differ in more than text."""
        ...

    def filled(self, part: Part) -> Part:
        """A joined part with all its text in the payload, which is done once, before it goes out:
        a message keeps the memory of every text that it was ever given.
        """
        ...


FailureKind = Literal["refused", "client_fault", "failed"]
