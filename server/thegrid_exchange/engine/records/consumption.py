"""Records of Lots, transfers, sweeps, reservations and usage.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    LotOrigin,
    Verdict,
)
from thegrid_exchange.engine.records.trading import Parcel


class Lot(NamedTuple):
    """Tokens that entered a Consumption account together and live one window."""

    lot_id: str
    member_id: str
    instrument_id: str
    origin: LotOrigin
    origin_id: str
    """Id of the transfer or sweep that minted it."""
    minted_at_us: int
    expires_at_us: int
    outage_base_us: int
    """Outage time already counted at minting; see `State.deadline_us`."""
    total_tokens: int
    free_tokens: int
    reserved_tokens: int
    consumed_tokens: int
    expired_tokens: int
    refunded_tokens: int


class LotParcel(NamedTuple):
    """A parcel inside a Lot; its tokens are free, reserved or ended."""

    lot_id: str
    number: int
    parcel: Parcel
    free_tokens: int
    reserved_tokens: int
    ended_tokens: int
    """Consumed, expired or refunded: the one monotone counter whose floor differences are money."""
    tendered_tokens: int
    """Called but not delivered in spec, and not delivered since: refunded when they expire."""


class LotParcelChange(NamedTuple):
    """New figures of one parcel of a Lot."""

    number: int
    free_tokens: int
    reserved_tokens: int
    ended_tokens: int
    tendered_tokens: int


class Transfer(NamedTuple):
    """Units that went from a Trading account into a Lot."""

    transfer_id: str
    member_id: str
    instrument_id: str
    quantity_units: int
    origin: LotOrigin
    lot_id: str
    transferred_at_us: int


class Sweep(NamedTuple):
    """One market's run of one slot; `slot_us` is the UTC instant it was due."""

    sweep_id: str
    market_id: str
    slot_us: int
    started_at_us: int
    members: int = 0
    swept_units: int = 0
    retired_units: int = 0
    cancelled_orders: int = 0
    finished_at_us: int | None = None
    issuer_id: str = ""
    """The last issuer whose unsold Units were seen to."""
    renewed_units: int = 0


class Draw(NamedTuple):
    """Tokens that a delivery took from one parcel of one Lot."""

    lot_id: str
    number: int
    tokens: int
    issuer_id: str
    issue_trade_id: str
    issue_price_micros: int
    cost_trade_id: str
    cost_price_micros: int


class UsedDraw(NamedTuple):
    """A draw after settlement: what was used of it, and what that cost its owner."""

    lot_id: str
    number: int
    tokens: int
    issuer_id: str
    issue_trade_id: str
    cost_trade_id: str
    cost_price_micros: int
    cost_micros: int
    earned_micros: int
    """Released from the issuer's escrow for these tokens, fee included."""


class Reservation(NamedTuple):
    """Tokens set aside for an open delivery."""

    delivery_id: str
    member_id: str
    key_id: str
    instrument_id: str
    spec_version: int
    relay_id: str
    requested_model: str
    prompt_tokens: int
    max_output_tokens: int
    """Per choice."""
    choices: int
    max_price_micros: int | None
    reserved_tokens: int
    marked_tokens: int
    """Prompt and output as of the last mark; what a missed report is settled at."""
    draws: tuple[Draw, ...]
    deadline_us: int
    outage_base_us: int
    opened_at_us: int
    extension_refused: str = ""
    """Reason of the refused extension, or empty."""
    client_request_id: str = ""
    """What the client knows the call by, so that it is found while it runs and without a report."""
    spend_held_micros: int = 0
    """Cost of the draws as it is held against the spend limits of the key and of those above it."""
    request_digest: str = ""
    """The client's own digest of its request, by which a repeat is told from another request."""


class ClosedDelivery(NamedTuple):
    """What is remembered of a settled delivery, so that a late report gets the right answer."""

    delivery_id: str
    member_id: str
    usage_id: str
    closed_at_us: int
    awaits_report: bool = False
    """Whether it was settled without a report, so that one that comes late is to be recorded."""


class TokenCounts(NamedTuple):
    """Tokens of a delivery by kind; `reasoning` is part of `completion`, `cached` of `prompt`."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


class Attempt(NamedTuple):
    """One supplier's try at a delivery."""

    supplier_id: str
    outcome: str
    """`served`, `hedge_lost`, or the cause for which it was passed over."""
    first_token_us: int | None = None
    duration_us: int | None = None
    is_hedge: bool = False
    """Whether it was asked while another had the call too."""
    ask_price_micros: int | None = None
    """Its lowest ask for Units it issued when it was chosen."""


class UsageRecord(NamedTuple):
    """Everything that is known of one delivery once it is settled."""

    usage_id: str
    delivery_id: str
    request_id: str
    member_id: str
    key_id: str
    instrument_id: str
    spec_version: int
    metering_policy_version: int
    requested_model: str
    serving_model: str
    supplier_id: str
    owed_by_id: str
    """Issuer of the largest draw, to whom the call was offered first."""
    verdict: Verdict
    cause: str
    stage: str
    status: str
    """`settled` by a report, or `settled_at_deadline` at the last mark."""
    canonical: TokenCounts
    by_supplier: TokenCounts | None
    reserved_tokens: int
    billed_tokens: int
    tendered_tokens: int
    draws: tuple[UsedDraw, ...]
    cost_micros: int
    first_token_us: int | None
    duration_us: int | None
    attempts: tuple[Attempt, ...]
    opened_at_us: int
    settled_at_us: int
    venue_paid_micros: int = 0
    """What the guarantee paid the supplier for work lost by the venue's fault."""
    streamed_us: int | None = None
    """From first to last token, less the time in which the supplier had no window."""
    waited_us: int = 0
    """Spent waiting for a supplier's free slot."""
    divergence_tokens: int | None = None
    """Prompt and answer taken apart, by how many tokens the supplier's count differs; None for no
    count."""
    divergent: bool = False
    """Whether that is more than the metering policy allows."""
    request_digest: str = ""
    """As the call was opened with it."""
