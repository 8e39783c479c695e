"""Intents of traders: orders one by one, in batches, as quotes, and how they are cancelled.

As with all commands, whether one is allowed is decided by the rules.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    OrderType,
    PostOnlyMode,
    SelfTradePrevention,
    Side,
    TimeInForce,
    UnitSource,
)


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
    post_only_mode: PostOnlyMode = "reject"
    max_average_price_micros: int | None = None
    """Of a market order: the worst average price, its fills together."""
    max_spend_micros: int | None = None
    """Of a market buy: the most that its fills and their fees may come to."""


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


class ReplaceQuotes(NamedTuple):
    """Cancel all of a member's orders with a tag in a market and place these, all or nothing.

    Each quote is a limit order of the same member, market and tag.
    """

    member_id: str
    market_id: str
    tag: str
    quotes: tuple[PlaceOrder, ...]
    valid_until_us: int | None = None


class CancelAllAfter(NamedTuple):
    """Cancel all of a member's orders unless it says this again in time; a span of 0 disarms."""

    member_id: str
    span_us: int
