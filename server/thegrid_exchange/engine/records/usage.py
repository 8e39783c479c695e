"""Records of how calls are counted, and of what follows after they were settled.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    DisputeReason,
    DisputeStatus,
    ReasoningBilling,
    Verdict,
)
from thegrid_exchange.engine.records.consumption import TokenCounts


class ImageMetering(NamedTuple):
    """What an image of a prompt counts for, in tokens; `px` are pixels."""

    low_tokens: int
    """An image of `low` detail."""
    unknown_size_tokens: int
    """Any other image whose size is not known, and every other one when there are no tiles."""
    tile_px: int = 0
    """Side of a tile; 0 counts no tiles."""
    tile_tokens: int = 0
    base_tokens: int = 0
    long_side_px: int = 0
    """Before tiles are counted the longer side is scaled down to this; 0 for never."""
    short_side_px: int = 0
    """After that the shorter side is scaled down to this; 0 for never."""


class MeteringPolicy(NamedTuple):
    """One version of how calls are counted; it never changes."""

    version: int
    tokenizer: str
    """Name of the encoding; empty leaves it to each specification."""
    request_tokens: int
    """Once for each request: what primes the answer."""
    message_tokens: int
    """For each message: role, name and separators."""
    tool_tokens: int
    """For each tool definition, beside its own text."""
    tool_call_tokens: int
    """For each tool call in a message, beside its own text."""
    schema_tokens: int
    """For a schema that the answer must keep to, beside its own text."""
    images: ImageMetering
    reasoning: ReasoningBilling
    """`counted`; `visible`: only what the client sees bills; `forbidden`: none is passed on."""
    divergence_per_mille: int
    """How far a supplier's count may differ before the record is flagged."""
    divergence_floor_tokens: int
    """Differences of up to so many tokens are never flagged."""
    defined_at_us: int = 0
    input_tokens: int = 0
    """For each input of a request for embeddings, for which no other figure but its text counts."""


class LateReport(NamedTuple):
    """What a relay told of a delivery that had been settled without it; it moves nothing."""

    verdict: Verdict
    cause: str
    supplier_id: str
    canonical: TokenCounts
    by_supplier: TokenCounts | None
    billable_tokens: int
    """What it would have billed."""
    reported_at_us: int


class DisputePayment(NamedTuple):
    """What one account paid of a refund."""

    owner: str
    account: str
    amount_micros: int


class Dispute(NamedTuple):
    """A member's objection to one of its usage records, and what the operator made of it."""

    dispute_id: str
    usage_id: str
    member_id: str
    supplier_id: str
    """Who served the call, or owed it when nobody did."""
    instrument_id: str
    reason: DisputeReason
    status: DisputeStatus
    cost_micros: int
    settled_at_us: int
    """When the call was settled; from then on the time for disputes runs."""
    opened_at_us: int
    refunded_micros: int = 0
    shortfall_micros: int = 0
    """What was decided to be refunded and no account could pay."""
    payments: tuple[DisputePayment, ...] = ()
    resolution: str = ""
    """The operator's reason."""
    resolved_at_us: int = 0


class ReceiptKey(NamedTuple):
    """A public key that receipts were signed with for a time."""

    key_id: str
    public_key: str
    """Ed25519, in hex."""
    started_at_us: int
    ended_at_us: int | None = None
