"""Every intent that the exchange can be asked to carry out, as the engine takes it.

Shape and credentials were checked at the edge; whether the command is allowed is decided by the
rules. The acting member stands in the command; instants and units as in `records`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    AccountMode,
    MarketState,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    UnitSource,
    Verdict,
)
from thegrid_exchange.engine.records import Attempt, InstrumentSpec, MarketTerms, TokenCounts

# ---- operator ----------------------------------------------------------------------------------


class SetPolicy(NamedTuple):
    """Change named figures of the exchange's policy; unknown names are refused."""

    changes: tuple[tuple[str, int], ...]


class DefineInstrument(NamedTuple):
    """Create an instrument with the first version of its contract, and its market."""

    symbol: str
    name: str
    spec: InstrumentSpec
    terms: MarketTerms = MarketTerms()


class PublishSpec(NamedTuple):
    """Publish the next version of a contract, in force from an instant to come; 0 is now."""

    instrument_id: str
    spec: InstrumentSpec
    effective_at_us: int


class SetMarketState(NamedTuple):
    """Open a market, let it take cancels only, or halt it."""

    market_id: str
    state: MarketState
    reason: str = ""


class CreateMember(NamedTuple):
    """Admit a participant; `handle` is unique."""

    handle: str
    roles: tuple[str, ...] = ("trader", "consumer")
    affiliation_group: str = ""
    account_mode: AccountMode = "advanced"
    auto_buy_ceiling_micros: int = 0


class SuspendMember(NamedTuple):
    """Stop a member from trading and consuming; its open orders are cancelled."""

    member_id: str
    reason: str = ""


class ReinstateMember(NamedTuple):
    """Let a suspended member act again."""

    member_id: str


class Deposit(NamedTuple):
    """Credit money that reached the exchange from outside."""

    member_id: str
    amount_micros: int
    reference: str = ""


class Withdraw(NamedTuple):
    """Pay available money out of the exchange."""

    member_id: str
    amount_micros: int
    reference: str = ""


class FundGuarantee(NamedTuple):
    """Credit the house's guarantee from outside; it pays for the venue's own faults."""

    amount_micros: int
    reference: str = ""


class AdmitSupplier(NamedTuple):
    """Admit a member to an instrument and set its pool's verified speed; may be repeated.

    A verified speed of 0 ends the admission to the instrument and leaves the pool as it is.
    """

    member_id: str
    instrument_id: str
    verified_tokens_per_second: int
    reason: str = ""


class SuspendSupplier(NamedTuple):
    """Stop a supplier from issuing and being offered calls; empty instrument means all."""

    member_id: str
    instrument_id: str = ""
    reason: str = ""


class ReinstateSupplier(NamedTuple):
    """Undo a suspension; empty instrument means all."""

    member_id: str
    instrument_id: str = ""


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


# ---- trading -----------------------------------------------------------------------------------


class PlaceOrder(NamedTuple):
    """Buy or sell Units of a market's instrument.

    `price_micros` is the limit; of a market order the worst price it may take, None for any.
    `auto_transfer` and `self_trade_prevention` at None take the member's setting. With
    `validate_only` the answer tells the fills and fees to be had, and nothing changes.
    """

    member_id: str
    market_id: str
    side: Side
    type: OrderType
    quantity_units: int
    price_micros: int | None = None
    time_in_force: TimeInForce = "gtc"
    client_order_id: str = ""
    post_only: bool = False
    max_slippage_bps: int | None = None
    source: UnitSource = "trading"
    expires_at_us: int | None = None
    auto_transfer: bool | None = None
    self_trade_prevention: SelfTradePrevention | None = None
    valid_until_us: int | None = None
    validate_only: bool = False
    tag: str = ""
    session_id: str = ""
    key_id: str = ""


class AmendOrder(NamedTuple):
    """Change an open order's price or total quantity, named by either id.

    Less quantity keeps the place in the queue; anything else loses it and may trade at once.
    """

    member_id: str
    order_id: str = ""
    client_order_id: str = ""
    price_micros: int | None = None
    quantity_units: int | None = None
    valid_until_us: int | None = None


class CancelOrder(NamedTuple):
    """Cancel one open order, named by either id."""

    member_id: str
    order_id: str = ""
    client_order_id: str = ""


class CancelOrders(NamedTuple):
    """Cancel a member's open orders that match every filter given; long ones go on in Ticks."""

    member_id: str
    market_id: str = ""
    tag: str = ""
    session_id: str = ""


class BatchOrders(NamedTuple):
    """Several order commands in turn; with `all_or_none` one refusal undoes them all."""

    member_id: str
    items: tuple[PlaceOrder | AmendOrder | CancelOrder, ...]
    all_or_none: bool = False


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
    | CreateMember
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
