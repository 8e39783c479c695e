"""The immutable records that state tables hold, that events carry and that replies show.

Nothing here computes; the tables that hold them are in `state`. Instants are microseconds since
1970 UTC, money is micro-dollars, quantities are whole Units, `tokens` are tokens.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    AccountMode,
    ClosureReason,
    LotOrigin,
    MarketState,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
    UnitSource,
    Verdict,
)

# ---- instruments and markets -------------------------------------------------------------------


class FirstTokenBand(NamedTuple):
    """Prompts of up to `prompt_tokens_max` tokens must see a first token within this time."""

    prompt_tokens_max: int
    first_token_us_max: int


class InstrumentSpec(NamedTuple):
    """The quality contract: what any model delivering this instrument must reach."""

    service_type: str
    """What is delivered, such as `text`, `code` or `agent`."""
    quality_index: str
    """Name of the index that `quality_score_min` is read on."""
    quality_score_min: int
    """Least score on the index, in thousandths of a point."""
    first_token_bands: tuple[FirstTokenBand, ...]
    """Ascending by `prompt_tokens_max`; the last band holds for all longer prompts."""
    tokens_per_second_min: int
    context_tokens_min: int
    """Prompt and output together that must be accepted."""
    output_tokens_min: int
    """The longest output that must be possible."""
    availability_ppm_min: int
    error_rate_ppm_max: int
    tokenizer: str
    """Canonical tokenizer's name, such as `o200k_base`."""
    metering_policy_version: int
    capabilities: tuple[str, ...] = ()
    """Capabilities every offer must have, such as `tools` or `json_schema`."""
    unseen_reasoning_allowed: bool = True
    capacity_weight_per_mille: int = 1_000
    """How heavily one token of this instrument weighs in a supplier's capacity pool."""


class SpecVersion(NamedTuple):
    """One version of an instrument's contract, in force from `effective_at_us` to the next."""

    instrument_id: str
    version: int
    spec: InstrumentSpec
    effective_at_us: int
    published_at_us: int


class Instrument(NamedTuple):
    """A tradable quality contract; its versions lie in their own table."""

    instrument_id: str
    symbol: str
    name: str
    market_id: str
    latest_version: int
    created_at_us: int


class MarketTerms(NamedTuple):
    """What orders of a market must obey and what they pay."""

    tick_micros: int = 1
    quantity_units_min: int = 1
    quantity_units_max: int = 10_000
    quantity_units_step: int = 1
    maker_fee_bps: int = 0
    taker_fee_bps: int = 0
    price_micros_max: int = 1_000_000_000_000


class Market(NamedTuple):
    """The one market of an instrument."""

    market_id: str
    instrument_id: str
    symbol: str
    terms: MarketTerms
    state: MarketState
    state_reason: str
    next_sweep_us: int
    """From this instant on no order is taken until the sweep of this slot has finished."""
    sweep_id: str = ""
    """The unfinished sweep, or empty."""
    last_trade_price_micros: int = 0
    """Price of the last trade that counts for statistics; 0 before the first."""


# ---- members and keys --------------------------------------------------------------------------


class Member(NamedTuple):
    """One participant and its settings."""

    member_id: str
    handle: str
    roles: tuple[str, ...]
    """Of `trader`, `consumer`, `supplier`, `operator`."""
    affiliation_group: str
    """Members of one non-empty group count as one for statistics and capacity."""
    suspended: bool
    account_mode: AccountMode
    auto_buy_ceiling_micros: int
    """Highest price per Unit for automatic purchases; 0 sets none."""
    auto_buy_units: int
    """Least number of Units bought at a time by automatic purchases."""
    auto_transfer: bool
    self_trade_prevention: SelfTradePrevention
    created_at_us: int


class Key(NamedTuple):
    """An API key; the secret itself never comes here."""

    key_id: str
    member_id: str
    key_hash: str
    label: str
    scopes: tuple[str, ...]
    expires_at_us: int | None
    requests_per_second: int
    """0 leaves the exchange's own limit."""
    concurrent_deliveries: int
    """0 leaves the exchange's own limit."""
    created_at_us: int
    revoked_at_us: int | None = None
    public_key: str = ""
    """Ed25519 public key in hex of a signing key; empty for a bearer key."""
    key_prefix: str = ""
    """The secret's first characters, shown in lists."""


# ---- ledger ------------------------------------------------------------------------------------


class Posting(NamedTuple):
    """One line of a double entry; `amount` is micro-dollars of `usd`, else tokens."""

    owner: str
    """A member id or `house`."""
    account: str
    asset: str
    """`usd` or an instrument id."""
    amount: int


# ---- orders and trades -------------------------------------------------------------------------


class Order(NamedTuple):
    """An order as it stands. What is open is in the table `orders`; closed ones leave it."""

    order_id: str
    member_id: str
    market_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price_micros: int
    """The limit; of a market order the worst price it may take, 0 for any."""
    quantity_units: int
    remaining_units: int
    filled_units: int
    filled_micros: int
    """Sum of price times quantity over all fills."""
    fee_micros: int
    """Fees charged so far to this order (a seller's fee on issuance is taken when earned)."""
    held_micros: int
    """Cash set aside for a buy that waits in the book; 0 for sells and before it rests."""
    source: UnitSource
    """Where a sell takes its Units from."""
    rank: int
    """Place in time priority, smaller first; 0 while not resting."""
    client_order_id: str
    post_only: bool
    max_slippage_bps: int | None
    expires_at_us: int | None
    outage_base_us: int
    """Outage time already counted when `expires_at_us` was set; see `State.deadline_us`."""
    auto_transfer: bool
    self_trade_prevention: SelfTradePrevention
    tag: str
    session_id: str
    worst_fee_bps: int
    """The dearer fee at acceptance, on which a buy's hold is reckoned."""
    accepted_at_us: int
    updated_at_us: int
    closure_reason: ClosureReason | None = None
    key_id: str = ""


class ClosedOrder(NamedTuple):
    """What is remembered of a closed order, so that ids stay unique and cancels get an answer."""

    order_id: str
    member_id: str
    client_order_id: str
    closure_reason: ClosureReason
    closed_at_us: int


class Trade(NamedTuple):
    """A match of two orders, at the resting order's price."""

    trade_id: str
    market_id: str
    instrument_id: str
    price_micros: int
    quantity_units: int
    taker_side: Side
    maker_order_id: str
    taker_order_id: str
    buyer_id: str
    seller_id: str
    buyer_fee_micros: int
    seller_fee_micros: int
    """For Units out of issuance: the fee that will be taken as the proceeds are earned."""
    source: UnitSource
    """`issuance` for a first sale, `trading` for a resale."""
    affiliated: bool
    """Between members of one affiliation group, so it counts for no statistic."""
    executed_at_us: int


class Fill(NamedTuple):
    """One order's side of a trade, as its owner sees it."""

    trade_id: str
    price_micros: int
    quantity_units: int
    fee_micros: int


class Parcel(NamedTuple):
    """Units that share one provenance: who owes them, and which trades brought them here."""

    issuer_id: str
    issue_trade_id: str
    issue_price_micros: int
    cost_trade_id: str
    """The trade by which the present owner came to them."""
    cost_price_micros: int
    quantity_units: int
    issue_fee_bps: int = 0
    """The issuer's fee at the first sale, taken as the proceeds are earned."""


class ParcelChange(NamedTuple):
    """A parcel's new content in a queue; None removes it.

    `queue_id` is `<member_id>/<instrument_id>` for a trading account or an order id for the parcels
    a sell has bound; `number` is its place, first in first out.
    """

    queue_id: str
    number: int
    parcel: Parcel | None


class Cancellation(NamedTuple):
    """A cancel-all that was too long for one command and goes on in Ticks."""

    cancellation_id: str
    member_id: str
    market_id: str
    tag: str
    session_id: str
    first_order_id: str
    """Orders before this one are done with."""
    last_order_id: str
    """Orders after this one came later than the command and stay."""
    requested_at_us: int


# ---- consumption -------------------------------------------------------------------------------


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


class ClosedDelivery(NamedTuple):
    """What is remembered of a settled delivery, so that a late report gets the right answer."""

    delivery_id: str
    member_id: str
    usage_id: str
    closed_at_us: int


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
    """A verdict, or the name of the cause for which it was passed over."""
    first_token_us: int | None = None
    duration_us: int | None = None


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


# ---- supply ------------------------------------------------------------------------------------


class Supplier(NamedTuple):
    """A member's capacity pool, shared by all instruments it is admitted to."""

    member_id: str
    verified_tokens_per_second: int
    suspended: bool
    suspension_reason: str
    admitted_at_us: int


class Admission(NamedTuple):
    """A supplier's right to issue and deliver one instrument."""

    member_id: str
    instrument_id: str
    admitted_at_us: int
    suspended: bool = False


class Offer(NamedTuple):
    """The model a supplier answers an instrument with, and what it can do."""

    member_id: str
    instrument_id: str
    model: str
    quality_score: int
    """On the instrument's index, in thousandths."""
    context_tokens: int
    output_tokens: int
    tokens_per_second: int
    first_token_us: int
    concurrent_deliveries: int
    capabilities: tuple[str, ...]
    honoured_fields: tuple[str, ...]
    registered_at_us: int
    region: str = ""
    data_policy: str = ""


class SupplierLink(NamedTuple):
    """A supplier's connection to one relay, and how long it has been up in all."""

    member_id: str
    relay_id: str
    instrument_ids: tuple[str, ...]
    connected: bool
    changed_at_us: int
    connected_us: int
    """Time connected up to `changed_at_us`."""
