"""Events of orders, trades and the parcels they move.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import MarketState, SelfTradePrevention
from thegrid_exchange.engine.records import (
    Auction,
    Cancellation,
    CancelTimer,
    Order,
    ParcelChange,
    Trade,
)


class OrderAccepted(NamedTuple):
    """An order passed every check.

    With a rank above 0 it rests in the book from the start; without, it meets the other side first
    and what becomes of it follows in the same command.
    """

    order: Order


class OrderRested(NamedTuple):
    """What is left of an order after matching stands in the book, behind all of smaller rank."""

    order_id: str
    rank: int
    held_micros: int


class OrderUnrested(NamedTuple):
    """An order left the book to be amended; it is still open."""

    order_id: str


class OrderFilled(NamedTuple):
    """An order's figures after a trade that left some of it; else it is `OrderClosed` at once."""

    order_id: str
    trade_id: str
    remaining_units: int
    filled_units: int
    filled_micros: int
    fee_micros: int
    held_micros: int


class OrderAmended(NamedTuple):
    """An order's terms and figures after an amendment; in the book it keeps its rank."""

    order_id: str
    price_micros: int
    quantity_units: int
    remaining_units: int
    held_micros: int


class OrderDecremented(NamedTuple):
    """Self-trade prevention took quantity off an order without a trade."""

    order_id: str
    quantity_units: int
    remaining_units: int
    held_micros: int


class OrderClosed(NamedTuple):
    """An order left the exchange; `order` is its last state."""

    order: Order


class TradeExecuted(NamedTuple):
    """Two orders matched."""

    trade: Trade


class SelfTradePrevented(NamedTuple):
    """Two orders of one party would have matched; what was done instead follows."""

    market_id: str
    member_id: str
    taker_order_id: str
    maker_order_id: str
    quantity_units: int
    mode: SelfTradePrevention
    prevented_id: str = ""
    maker_id: str = ""
    price_micros: int = 0


class ParcelsMoved(NamedTuple):
    """Parcels of Trading accounts and of sell orders now read so."""

    changes: tuple[ParcelChange, ...]


class CancellationOpened(NamedTuple):
    """A cancel-all goes on in Ticks."""

    cancellation: Cancellation


class CancellationAdvanced(NamedTuple):
    """A cancel-all is done with every order before this one."""

    cancellation_id: str
    first_order_id: str


class CancellationClosed(NamedTuple):
    """A cancel-all has come to its end."""

    cancellation_id: str


class CancelTimerSet(NamedTuple):
    """A member's dead man's switch is armed and fires then, unless it is set again."""

    timer: CancelTimer


class CancelTimerCleared(NamedTuple):
    """A member's dead man's switch is gone: disarmed, or `fired` and its orders are cancelled."""

    member_id: str
    fired: bool


class OrdersSwept(NamedTuple):
    """A sweep has closed orders that were good till it; the counts of the sweep so far."""

    sweep_id: str
    cancelled_orders: int


class ReferenceSet(NamedTuple):
    """The max-move breaker of a market measures from this price from now on."""

    market_id: str
    price_micros: int
    set_at_us: int


class AuctionOpened(NamedTuple):
    """A market trades no longer and collects orders for a call auction."""

    auction: Auction
    reason: str


class AuctionChanged(NamedTuple):
    """A call auction ends at another time, or has traded a part of its volume."""

    auction: Auction


class AuctionClosed(NamedTuple):
    """A call auction is over, traded or called off; the market is in this state now."""

    auction: Auction
    state: MarketState
    reason: str
