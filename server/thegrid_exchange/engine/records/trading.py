"""Records of postings, orders, trades and the parcels that Units lie in.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    ClosureReason,
    OrderType,
    PostOnlyMode,
    SelfTradePrevention,
    Side,
    TimeInForce,
    UnitSource,
)


class Posting(NamedTuple):
    """One line of a double entry; `amount` is micro-dollars of `usd`, else tokens."""

    owner: str
    """A member id or `house`."""
    account: str
    asset: str
    """`usd` or an instrument id."""
    amount: int


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
    """Place in time priority, smaller first; 0 while not resting. A closed order keeps its last."""
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
    post_only_mode: PostOnlyMode = "reject"
    max_average_price_micros: int = 0
    """Worst average price of a market order's fills; 0 for any."""
    max_spend_micros: int = 0
    """The most that a market buy's fills and fees may come to; 0 for any."""
    maker_fee_bps: int | None = None
    taker_fee_bps: int | None = None
    """The rates of the owner's fee tier at acceptance; None for the market's."""


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
    auction_id: str = ""
    """The call auction in which both orders waited, or empty; the taker is then who came later."""


class Fill(NamedTuple):
    """One order's side of a trade, as its owner sees it."""

    trade_id: str
    price_micros: int
    quantity_units: int
    fee_micros: int


class Gain(NamedTuple):
    """What a resale brought its seller above the price before, withheld per Unit between prices."""

    member_id: str
    from_micros: int
    until_micros: int


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
    cost_affiliated: bool = False
    """Whether the owner bought it from its own affiliation group, so it counts for no index."""
    gains: tuple[Gain, ...] = ()
    """Of its resales, in layers between first and last price, lowest first."""
    instrument_id: str = ""
    """Empty only in journals of before it was noted."""


class ParcelChange(NamedTuple):
    """A parcel's new content in a queue; None removes it.

    `queue_id` is `<member_id>/<instrument_id>` for a trading account or an order id for the parcels
    a sell has bound; `number` is its place, first in first out.
    """

    queue_id: str
    number: int
    parcel: Parcel | None


class CancelTimer(NamedTuple):
    """A dead man's switch: what cancels all of a member's orders unless it is renewed in time."""

    member_id: str
    fires_at_us: int
    """On the wall clock: an outage of the exchange does not move it."""
    span_us: int


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
