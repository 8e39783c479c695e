"""The answers to commands that were carried out.

A command that was not is answered with a `Refusal`; instants and units as in `records`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import MarketState
from thegrid_exchange.engine.records import (
    Admission,
    Benchmark,
    CollateralMark,
    Dispute,
    Draw,
    FeeTier,
    Fill,
    Key,
    Lot,
    MarketPolicy,
    Member,
    MeteringPolicy,
    Offer,
    Order,
    ProbeResult,
    ReceiptKey,
    Supplier,
    Transfer,
    UsageRecord,
    Webhook,
)
from thegrid_exchange.engine.refusals import Refusal

# ---- operator, members, keys -------------------------------------------------------------------


class PolicyReply(NamedTuple):
    """The changes are in force."""

    changes: tuple[tuple[str, int], ...]


class InstrumentReply(NamedTuple):
    """The instrument exists, with its market."""

    instrument_id: str
    market_id: str


class SpecReply(NamedTuple):
    """The version is published."""

    instrument_id: str
    version: int
    effective_at_us: int


class MarketStateReply(NamedTuple):
    """The market is in this state."""

    market_id: str
    state: MarketState


class MarketPolicyReply(NamedTuple):
    """The market's own figures now."""

    market_id: str
    policy: MarketPolicy


class FeeTierReply(NamedTuple):
    """The fee tier now."""

    tier: FeeTier


class MemberReply(NamedTuple):
    """The member as it stands now."""

    member: Member


class CashReply(NamedTuple):
    """Available cash of the member, or of the house's guarantee, after the movement."""

    member_id: str
    amount_micros: int
    available_micros: int


class KeyReply(NamedTuple):
    """The key as it stands now."""

    key: Key


class WebhookReply(NamedTuple):
    """The webhook as it stands now; as it last stood once it is deleted."""

    webhook: Webhook


# ---- trading -----------------------------------------------------------------------------------


class OrderReply(NamedTuple):
    """The order after the command, and its fills in this command, oldest first."""

    order: Order
    fills: tuple[Fill, ...] = ()
    validated_only: bool = False


class OrdersCancelledReply(NamedTuple):
    """Orders cancelled at once; with `more_follow` the rest is cancelled in Ticks."""

    order_ids: tuple[str, ...]
    more_follow: bool


class BatchReply(NamedTuple):
    """One answer per item, in order; a refused item changed nothing."""

    items: tuple[OrderReply | Refusal, ...]


class QuotesReply(NamedTuple):
    """The orders that were replaced, and one answer per quote, in order.

    When a quote is refused nothing is changed and `cancelled_order_ids` is empty.
    """

    cancelled_order_ids: tuple[str, ...]
    items: tuple[OrderReply | Refusal, ...]


class CancelTimerReply(NamedTuple):
    """When all of the member's orders are cancelled unless it renews; None when disarmed."""

    member_id: str
    fires_at_us: int | None


class TransferReply(NamedTuple):
    """The transfer and the Lot it minted."""

    transfer: Transfer
    lot: Lot


# ---- supply ------------------------------------------------------------------------------------


class SupplierReply(NamedTuple):
    """The capacity pool, and the admission when one instrument was named."""

    supplier: Supplier
    admission: Admission | None


class BenchmarkReply(NamedTuple):
    """The benchmark as it stands now."""

    benchmark: Benchmark


class ProbeReply(NamedTuple):
    """The probe is counted."""

    probe: ProbeResult


class OfferReply(NamedTuple):
    """The offer as registered."""

    offer: Offer


class OfferWithdrawnReply(NamedTuple):
    """The offer is withdrawn."""

    member_id: str
    instrument_id: str


class IssuanceReply(NamedTuple):
    """Unsold Units after the movement, and what the capacity pool still allows.

    Capacity is in weighted tokens: tokens times the instrument's weight.
    """

    member_id: str
    instrument_id: str
    quantity_units: int
    unsold_units: int
    capacity_tokens: int
    obligation_tokens: int


class CollateralReply(NamedTuple):
    """How the collateral stands after the movement."""

    mark: CollateralMark


class RenewalReply(NamedTuple):
    """Whether sweeps leave the supplier's unsold Units as they are."""

    member_id: str
    instrument_id: str
    renews_unsold: bool


class AvailabilityReply(NamedTuple):
    """The link's state is noted."""

    member_id: str
    relay_id: str
    connected: bool


# ---- delivery ----------------------------------------------------------------------------------


class IssuerShare(NamedTuple):
    """How many of a reservation's tokens one issuer owes."""

    issuer_id: str
    tokens: int


class KeyStanding(NamedTuple):
    """What the limits of a key, and of those above it, leave after a reservation; 0 has no limit.

    Each figure is that of whichever key of the line leaves least.
    """

    tokens_limit: int = 0
    """Tokens per minute."""
    tokens_left: int = 0
    tokens_reset_us: int = 0
    """Span until all of them are there again."""
    spend_limit_micros: int = 0
    """Of the day or the month, whichever leaves less."""
    spend_left_micros: int = 0
    spend_reset_us: int = 0
    """Span until that day or month ends."""


class ReserveReply(NamedTuple):
    """Tokens are set aside; `issuers` come largest share first, the order to offer the call in."""

    delivery_id: str
    spec_version: int
    reserved_tokens: int
    completion_tokens: int
    """Output that may be produced, over all choices, until an extension allows more."""
    draws: tuple[Draw, ...]
    issuers: tuple[IssuerShare, ...]
    deadline_us: int
    bought_units: int = 0
    bought_micros: int = 0
    limits: KeyStanding | None = None


class MarkReply(NamedTuple):
    """How much output may be produced now; no extension when `extension_refused` names a reason."""

    delivery_id: str
    reserved_tokens: int
    completion_tokens: int
    deadline_us: int
    extension_refused: str = ""


class ReportReply(NamedTuple):
    """The usage record that settles the delivery."""

    usage: UsageRecord


class LateReportReply(NamedTuple):
    """The delivery had been settled without its report, which is now on its record."""

    usage_id: str


class MeteringPolicyReply(NamedTuple):
    """The policy with the version it was given."""

    policy: MeteringPolicy


class ReceiptKeyReply(NamedTuple):
    """The key that receipts are signed with."""

    key: ReceiptKey


class DisputeReply(NamedTuple):
    """The dispute as it stands now."""

    dispute: Dispute


# ---- time --------------------------------------------------------------------------------------


class TickReply(NamedTuple):
    """How many due items were done; with `more_due` another Tick is wanted at once."""

    done: int
    more_due: bool


Reply = (
    PolicyReply
    | InstrumentReply
    | SpecReply
    | MarketStateReply
    | MarketPolicyReply
    | FeeTierReply
    | MemberReply
    | CashReply
    | KeyReply
    | WebhookReply
    | OrderReply
    | OrdersCancelledReply
    | BatchReply
    | QuotesReply
    | CancelTimerReply
    | TransferReply
    | SupplierReply
    | OfferReply
    | OfferWithdrawnReply
    | IssuanceReply
    | AvailabilityReply
    | BenchmarkReply
    | ProbeReply
    | ReserveReply
    | MarkReply
    | ReportReply
    | LateReportReply
    | MeteringPolicyReply
    | ReceiptKeyReply
    | DisputeReply
    | TickReply
    | Refusal
)
