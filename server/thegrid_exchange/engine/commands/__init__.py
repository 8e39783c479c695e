"""Every intent that the exchange can be asked to carry out, as the engine takes it.

Shape and credentials were checked at the edge; whether the command is allowed is decided by the
rules. The acting member stands in the command; instants and units as in `records`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.commands.operator import (
    AdmitSupplier,
    CreateMember,
    DefineInstrument,
    DefineMeteringPolicy,
    Deposit,
    FundGuarantee,
    PublishSpec,
    RegisterReceiptKey,
    ReinstateMember,
    ReinstateSupplier,
    ResolveDispute,
    SetFeeTier,
    SetMarketPolicy,
    SetMarketState,
    SetPolicy,
    StartAuction,
    SuspendMember,
    SuspendSupplier,
    UpdateMember,
    Withdraw,
)
from thegrid_exchange.engine.commands.supply import (
    Availability,
    IssueUnits,
    OpenBenchmark,
    PostCollateral,
    RegisterOffer,
    ReportProbe,
    RetireUnits,
    SetRenewal,
    WithdrawCollateral,
    WithdrawOffer,
)
from thegrid_exchange.engine.commands.trading import (
    AmendOrder,
    BatchOrders,
    CancelAllAfter,
    CancelOrder,
    CancelOrders,
    PlaceOrder,
    ReplaceQuotes,
)
from thegrid_exchange.engine.quantities import (
    AccountMode,
    DisputeReason,
    NoticeKind,
    SelfTradePrevention,
    Verdict,
)
from thegrid_exchange.engine.records import Attempt, KeyLimits, TokenCounts

# ---- keys and settings -------------------------------------------------------------------------


class CreateKey(NamedTuple):
    """Register an API key whose id and keyed hash were made at the edge."""

    member_id: str
    key_id: str
    key_hash: str
    label: str
    scopes: tuple[str, ...]
    expires_at_us: int | None = None
    requests_per_second: int = 0
    concurrent_deliveries: int = 0
    public_key: str = ""
    key_prefix: str = ""
    limits: KeyLimits = KeyLimits()
    parent_id: str = ""
    """The key it shall stand below; empty for none, or for the acting key if that is bounded."""
    by_key_id: str = ""
    """The acting key, which reaches no further than itself; empty for an operator."""


class UpdateKey(NamedTuple):
    """Change a key's label or limits; None leaves one as it is."""

    member_id: str
    key_id: str
    label: str | None = None
    limits: KeyLimits | None = None
    requests_per_second: int | None = None
    concurrent_deliveries: int | None = None
    by_key_id: str = ""


class RotateKey(NamedTuple):
    """Give a key another secret, of which the hash was made at the edge; the id stays.

    The secret before it works for `grace_us` more.
    """

    member_id: str
    key_id: str
    key_hash: str
    grace_us: int = 0
    by_key_id: str = ""


class RevokeKey(NamedTuple):
    """End a key and all below it; repeating it changes nothing and is answered alike."""

    member_id: str
    key_id: str
    by_key_id: str = ""


class UpdateSettings(NamedTuple):
    """Change a member's settings; None leaves a setting as it is."""

    member_id: str
    account_mode: AccountMode | None = None
    auto_buy_ceiling_micros: int | None = None
    auto_buy_units: int | None = None
    auto_transfer: bool | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    auto_buy_day_ceiling_micros: int | None = None
    auto_buy_threshold_tokens: int | None = None
    notice_cash_micros: int | None = None
    notice_tokens: int | None = None
    notice_lot_lead_us: int | None = None
    notice_key_lead_us: int | None = None


# ---- webhooks ----------------------------------------------------------------------------------


class CreateWebhook(NamedTuple):
    """Have notices sent to an address; the id was made at the edge, since the secret follows it."""

    member_id: str
    webhook_id: str
    url: str
    kinds: tuple[NoticeKind, ...] = ()


class UpdateWebhook(NamedTuple):
    """Change a webhook's address or kinds, or enable it again; None leaves one as it is."""

    member_id: str
    webhook_id: str
    url: str | None = None
    kinds: tuple[NoticeKind, ...] | None = None
    enabled: bool | None = None


class DeleteWebhook(NamedTuple):
    """Send nothing more to an address."""

    member_id: str
    webhook_id: str


class NoteWebhook(NamedTuple):
    """The outbox tells how far it has delivered, or why it has given an address up."""

    member_id: str
    webhook_id: str
    delivered_number: int
    disabled_reason: str = ""


# ---- transfers ---------------------------------------------------------------------------------


class TransferUnits(NamedTuple):
    """Move whole Units from the Trading account into a new Lot; never back."""

    member_id: str
    instrument_id: str
    quantity_units: int


# ---- delivery ----------------------------------------------------------------------------------


class Reserve(NamedTuple):
    """Set tokens aside for a call: its prompt, and output up to one step per choice.

    `max_price_micros` bounds automatic purchases for this call; the member's ceiling holds as well.
    """

    delivery_id: str
    member_id: str
    key_id: str
    instrument_id: str
    prompt_tokens: int
    max_output_tokens: int
    choices: int = 1
    max_price_micros: int | None = None
    relay_id: str = ""
    requested_model: str = ""
    client_request_id: str = ""
    request_digest: str = ""


class Mark(NamedTuple):
    """Tell how far an open delivery has come; extends its reservation when half a step is used."""

    delivery_id: str
    completion_tokens: int
    """Canonical output so far, over all choices."""


class Report(NamedTuple):
    """Tell how a delivery ended; bills `billed_tokens` and returns the rest."""

    delivery_id: str
    verdict: Verdict
    billed_tokens: int
    supplier_id: str = ""
    serving_model: str = ""
    cause: str = ""
    stage: str = ""
    canonical: TokenCounts = TokenCounts()
    by_supplier: TokenCounts | None = None
    first_token_us: int | None = None
    duration_us: int | None = None
    attempts: tuple[Attempt, ...] = ()
    request_id: str = ""
    streamed_us: int | None = None
    """From first to last token, less the time in which the supplier had no window."""
    waited_us: int = 0
    """Spent waiting for a supplier's free slot."""


class DisputeUsage(NamedTuple):
    """Object to a settled call.

    The facts of the record stand in the command: usage records are kept by the journal and the
    read models, not by the engine, and were read where everything before was durable.
    """

    member_id: str
    usage_id: str
    supplier_id: str
    instrument_id: str
    reason: DisputeReason
    cost_micros: int
    settled_at_us: int


# ---- time --------------------------------------------------------------------------------------


class Tick(NamedTuple):
    """Do what is due by now, in bounded steps."""


Command = (
    SetPolicy
    | DefineInstrument
    | PublishSpec
    | SetMarketState
    | SetMarketPolicy
    | StartAuction
    | SetFeeTier
    | CreateMember
    | UpdateMember
    | SuspendMember
    | ReinstateMember
    | Deposit
    | Withdraw
    | FundGuarantee
    | AdmitSupplier
    | SuspendSupplier
    | ReinstateSupplier
    | CreateKey
    | UpdateKey
    | RotateKey
    | RevokeKey
    | CreateWebhook
    | UpdateWebhook
    | DeleteWebhook
    | NoteWebhook
    | UpdateSettings
    | PlaceOrder
    | AmendOrder
    | CancelOrder
    | CancelOrders
    | BatchOrders
    | ReplaceQuotes
    | CancelAllAfter
    | TransferUnits
    | RegisterOffer
    | WithdrawOffer
    | IssueUnits
    | RetireUnits
    | PostCollateral
    | WithdrawCollateral
    | SetRenewal
    | Availability
    | OpenBenchmark
    | ReportProbe
    | Reserve
    | Mark
    | Report
    | DefineMeteringPolicy
    | RegisterReceiptKey
    | DisputeUsage
    | ResolveDispute
    | Tick
)

__all__ = [
    "AdmitSupplier",
    "AmendOrder",
    "Availability",
    "BatchOrders",
    "CancelAllAfter",
    "CancelOrder",
    "CancelOrders",
    "Command",
    "CreateKey",
    "CreateMember",
    "CreateWebhook",
    "DefineInstrument",
    "DefineMeteringPolicy",
    "DeleteWebhook",
    "Deposit",
    "DisputeUsage",
    "FundGuarantee",
    "IssueUnits",
    "Mark",
    "NoteWebhook",
    "OpenBenchmark",
    "PlaceOrder",
    "PostCollateral",
    "PublishSpec",
    "RegisterOffer",
    "RegisterReceiptKey",
    "ReinstateMember",
    "ReinstateSupplier",
    "ReplaceQuotes",
    "Report",
    "ReportProbe",
    "Reserve",
    "ResolveDispute",
    "RetireUnits",
    "RevokeKey",
    "RotateKey",
    "SetFeeTier",
    "SetMarketPolicy",
    "SetMarketState",
    "SetPolicy",
    "SetRenewal",
    "StartAuction",
    "SuspendMember",
    "SuspendSupplier",
    "Tick",
    "TransferUnits",
    "UpdateKey",
    "UpdateMember",
    "UpdateSettings",
    "UpdateWebhook",
    "Withdraw",
    "WithdrawCollateral",
    "WithdrawOffer",
]
