"""Every intent that the exchange can be asked to carry out, as the engine takes it.

Shape and credentials were checked at the edge; whether the command is allowed is decided by the
rules. The acting member stands in the command; instants and units as in `records`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.commands.operator import (
    AdmitSupplier,
    CreateMember,
    DefineInstrument,
    Deposit,
    FundGuarantee,
    PublishSpec,
    ReinstateMember,
    ReinstateSupplier,
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
from thegrid_exchange.engine.commands.trading import (
    AmendOrder,
    BatchOrders,
    CancelAllAfter,
    CancelOrder,
    CancelOrders,
    PlaceOrder,
    ReplaceQuotes,
)
from thegrid_exchange.engine.quantities import AccountMode, SelfTradePrevention, Verdict
from thegrid_exchange.engine.records import Attempt, TokenCounts

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


class RevokeKey(NamedTuple):
    """End a key; repeating it changes nothing and is answered alike."""

    member_id: str
    key_id: str


class UpdateSettings(NamedTuple):
    """Change a member's settings; None leaves a setting as it is."""

    member_id: str
    account_mode: AccountMode | None = None
    auto_buy_ceiling_micros: int | None = None
    auto_buy_units: int | None = None
    auto_transfer: bool | None = None
    self_trade_prevention: SelfTradePrevention | None = None


# ---- transfers ---------------------------------------------------------------------------------


class TransferUnits(NamedTuple):
    """Move whole Units from the Trading account into a new Lot; never back."""

    member_id: str
    instrument_id: str
    quantity_units: int


# ---- supply ------------------------------------------------------------------------------------


class RegisterOffer(NamedTuple):
    """Say with which model, and how well, a supplier answers an instrument; may be repeated."""

    member_id: str
    instrument_id: str
    model: str
    quality_score: int
    context_tokens: int
    output_tokens: int
    tokens_per_second: int
    first_token_us: int
    concurrent_deliveries: int
    capabilities: tuple[str, ...] = ()
    honoured_fields: tuple[str, ...] = ()
    region: str = ""
    data_policy: str = ""


class WithdrawOffer(NamedTuple):
    """Take an offer back; Units already sold stay owed."""

    member_id: str
    instrument_id: str


class IssueUnits(NamedTuple):
    """Create Units to sell, within the capacity pool."""

    member_id: str
    instrument_id: str
    quantity_units: int


class RetireUnits(NamedTuple):
    """Take unsold, unlisted Units back."""

    member_id: str
    instrument_id: str
    quantity_units: int


class Availability(NamedTuple):
    """A relay tells that a supplier's link came up, changed or went down."""

    member_id: str
    relay_id: str
    instrument_ids: tuple[str, ...]
    connected: bool


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
    | RevokeKey
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
    | Availability
    | Reserve
    | Mark
    | Report
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
    "DefineInstrument",
    "Deposit",
    "FundGuarantee",
    "IssueUnits",
    "Mark",
    "PlaceOrder",
    "PublishSpec",
    "RegisterOffer",
    "ReinstateMember",
    "ReinstateSupplier",
    "ReplaceQuotes",
    "Report",
    "Reserve",
    "RetireUnits",
    "RevokeKey",
    "SetFeeTier",
    "SetMarketPolicy",
    "SetMarketState",
    "SetPolicy",
    "StartAuction",
    "SuspendMember",
    "SuspendSupplier",
    "Tick",
    "TransferUnits",
    "UpdateMember",
    "UpdateSettings",
    "Withdraw",
    "WithdrawOffer",
]
