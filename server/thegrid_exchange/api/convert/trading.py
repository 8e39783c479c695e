"""Orders, fills and the commands that make them.

Which market a name means is asked of the catalogue by the handler.
"""

from collections.abc import Callable
from typing import Any, Final

from thegrid.v1 import trading_pb2
from thegrid_exchange.api.convert.common import (
    SIDES,
    Names,
    micros_of,
    optional_of,
    optional_time,
    time_of,
)
from thegrid_exchange.api.errors import invalid, status_of
from thegrid_exchange.engine.commands import AmendOrder, CancelOrder, PlaceOrder, ReplaceQuotes
from thegrid_exchange.engine.events import SelfTradePrevented
from thegrid_exchange.engine.records import Fill, Order, Trade
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.engine.replies import OrderReply, QuotesReply

ORDER_TYPES: Final = Names(trading_pb2.OrderType, "ORDER_TYPE", ("limit", "market"))
TIMES_IN_FORCE: Final = Names(
    trading_pb2.TimeInForce, "TIME_IN_FORCE", ("gtc", "ioc", "fok", "gtd", "gts")
)
SOURCES: Final = Names(trading_pb2.UnitSource, "UNIT_SOURCE", ("trading", "issuance"))
PREVENTIONS: Final = Names(
    trading_pb2.SelfTradePrevention,
    "SELF_TRADE_PREVENTION",
    ("cancel_newest", "cancel_oldest", "cancel_both", "decrement"),
)
CLOSURES: Final = Names(
    trading_pb2.ClosureReason,
    "CLOSURE_REASON",
    (
        "filled",
        "cancelled",
        "no_liquidity",
        "max_slippage",
        "expired",
        "swept",
        "self_trade",
        "halted",
        "work_limit",
        "average_price",
        "spend_limit",
    ),
)
POST_ONLY_MODES: Final = Names(trading_pb2.PostOnlyMode, "POST_ONLY_MODE", ("reject", "slide"))
_OPEN: Final = trading_pb2.ORDER_STATUS_OPEN
_CLOSED: Final = trading_pb2.ORDER_STATUS_CLOSED
_MAKER: Final = trading_pb2.LIQUIDITY_ROLE_MAKER
_TAKER: Final = trading_pb2.LIQUIDITY_ROLE_TAKER
_AUCTION: Final = trading_pb2.LIQUIDITY_ROLE_AUCTION

MarketOf = Callable[[str, str], str]
"""Market id of a market id or instrument symbol; the second argument is the field for refusals."""


def place_command(
    terms: trading_pb2.OrderTerms,
    member_id: str,
    key_id: str,
    market_of: MarketOf,
    path: str = "order.",
    *,
    validate_only: bool = False,
    session_id: str = "",
) -> PlaceOrder:
    """What a member asks for, as the engine takes it; `path` leads to the terms in the request."""
    time_in_force = TIMES_IN_FORCE.optional_word(terms.time_in_force)
    is_limit = terms.type == trading_pb2.ORDER_TYPE_LIMIT
    if time_in_force is None:
        time_in_force = "gtc" if is_limit else "ioc"
    if is_limit and not terms.price_micros:
        raise invalid(f"{path}price_micros", "must be set for a limit order", "limit.price")
    return PlaceOrder(
        member_id=member_id,
        market_id=market_of(terms.market, f"{path}market"),
        side=SIDES.word(terms.side),
        type=ORDER_TYPES.word(terms.type),
        quantity_units=terms.quantity_units,
        price_micros=terms.price_micros or None,
        time_in_force=time_in_force,
        client_order_id=terms.client_order_id,
        post_only=terms.post_only,
        max_slippage_bps=optional_of(terms, "max_slippage_bps"),
        source=SOURCES.optional_word(terms.source) or "trading",
        expires_at_us=micros_of(terms, "expire_time", path),
        auto_transfer=terms.auto_transfer or None,
        self_trade_prevention=PREVENTIONS.optional_word(terms.self_trade_prevention),
        valid_until_us=micros_of(terms, "valid_until_time", path),
        validate_only=validate_only,
        tag=terms.tag,
        session_id=session_id,
        key_id=key_id,
        post_only_mode=POST_ONLY_MODES.optional_word(terms.post_only_mode) or "reject",
        max_average_price_micros=optional_of(terms, "max_average_price_micros"),
        max_spend_micros=optional_of(terms, "max_spend_micros"),
    )


def quotes_command(
    request: trading_pb2.ReplaceQuotesRequest,
    member_id: str,
    key_id: str,
    market_id: str,
    session_id: str = "",
) -> ReplaceQuotes:
    """All of a market maker's quotes with a tag, in place of those before."""
    time_in_force: Any = TIMES_IN_FORCE.optional_word(request.time_in_force) or "gtc"
    expires_at_us = micros_of(request, "expire_time")
    prevention = PREVENTIONS.optional_word(request.self_trade_prevention)
    quotes = tuple(
        PlaceOrder(
            member_id=member_id,
            market_id=market_id,
            side=SIDES.word(quote.side),
            type="limit",
            quantity_units=quote.quantity_units,
            price_micros=quote.price_micros,
            time_in_force=time_in_force,
            client_order_id=quote.client_order_id,
            post_only=quote.post_only,
            source=SOURCES.optional_word(quote.source) or "trading",
            expires_at_us=expires_at_us,
            self_trade_prevention=prevention,
            tag=request.tag,
            key_id=key_id,
            session_id=session_id,
            post_only_mode=POST_ONLY_MODES.optional_word(quote.post_only_mode) or "reject",
        )
        for quote in request.quotes
    )
    valid_until_us = micros_of(request, "valid_until_time")
    return ReplaceQuotes(member_id, market_id, request.tag, quotes, valid_until_us)


def amend_command(
    amend: trading_pb2.AmendOrderRequest | trading_pb2.Amend, member_id: str
) -> AmendOrder:
    """A change of price or total quantity."""
    return AmendOrder(
        member_id,
        amend.order.order_id,
        amend.order.client_order_id,
        optional_of(amend, "price_micros"),
        optional_of(amend, "quantity_units"),
    )


def cancel_command(order: trading_pb2.OrderRef, member_id: str) -> CancelOrder:
    """The closing of one order."""
    return CancelOrder(member_id, order.order_id, order.client_order_id)


def item_command(
    item: trading_pb2.BatchItem,
    member_id: str,
    key_id: str,
    market_of: MarketOf,
    path: str,
    session_id: str = "",
) -> PlaceOrder | AmendOrder | CancelOrder:
    """One step of a batch or of a session."""
    action = item.WhichOneof("action")
    if action == "place":
        return place_command(
            item.place, member_id, key_id, market_of, f"{path}place.", session_id=session_id
        )
    if action == "amend":
        return amend_command(item.amend, member_id)
    return cancel_command(item.cancel, member_id)


def order_message(order: Order) -> trading_pb2.Order:
    """An order as its owner sees it."""
    closure = order.closure_reason
    return trading_pb2.Order(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        market_id=order.market_id,
        side=SIDES.to_wire[order.side],  # type: ignore[arg-type]
        type=ORDER_TYPES.to_wire[order.type],  # type: ignore[arg-type]
        time_in_force=TIMES_IN_FORCE.to_wire[order.time_in_force],  # type: ignore[arg-type]
        price_micros=order.price_micros,
        quantity_units=order.quantity_units,
        filled_units=order.filled_units,
        filled_value_micros=order.filled_micros,
        fee_micros=order.fee_micros,
        status=_OPEN if closure is None else _CLOSED,
        closure_reason=0 if closure is None else CLOSURES.to_wire[closure],  # type: ignore[arg-type]
        post_only=order.post_only,
        source=SOURCES.to_wire[order.source] if order.side == "sell" else 0,  # type: ignore[arg-type]
        auto_transfer=order.auto_transfer,
        tag=order.tag,
        expire_time=optional_time(order.expires_at_us),
        create_time=time_of(order.accepted_at_us),
        update_time=time_of(order.updated_at_us),
        post_only_mode=POST_ONLY_MODES.to_wire[order.post_only_mode] if order.post_only else 0,  # type: ignore[arg-type]
        max_average_price_micros=order.max_average_price_micros or None,
        max_spend_micros=order.max_spend_micros or None,
    )


def taker_fill_message(fill: Fill, order: Order, at_us: int) -> trading_pb2.Fill:
    """A fill that the order got in the command that entered or amended it."""
    return trading_pb2.Fill(
        trade_id=fill.trade_id,
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        market_id=order.market_id,
        side=SIDES.wire(order.side),
        price_micros=fill.price_micros,
        quantity_units=fill.quantity_units,
        fee_micros=fill.fee_micros,
        role=_TAKER,
        trade_time=time_of(at_us),
    )


def fill_message(trade: Trade, order_id: str, client_order_id: str) -> trading_pb2.Fill:
    """One order's side of a trade."""
    is_maker = order_id == trade.maker_order_id
    is_taker_buy = trade.taker_side == "buy"
    is_buyer = is_taker_buy != is_maker
    # The fee on issuance is taken as the proceeds are earned, not now.
    seller_fee_micros = 0 if trade.source == "issuance" else trade.seller_fee_micros
    return trading_pb2.Fill(
        trade_id=trade.trade_id,
        order_id=order_id,
        client_order_id=client_order_id,
        market_id=trade.market_id,
        side=SIDES.wire("buy" if is_buyer else "sell"),
        price_micros=trade.price_micros,
        quantity_units=trade.quantity_units,
        fee_micros=trade.buyer_fee_micros if is_buyer else seller_fee_micros,
        role=_AUCTION if trade.auction_id else _MAKER if is_maker else _TAKER,
        trade_time=time_of(trade.executed_at_us),
    )


def prevented_message(
    event: SelfTradePrevented, at_us: int, member_id: str
) -> trading_pb2.PreventedMatch:
    """A match that did not happen, as the owner of one of its orders sees it."""
    return trading_pb2.PreventedMatch(
        prevented_match_id=event.prevented_id,
        market_id=event.market_id,
        maker_order_id=event.maker_order_id,
        taker_order_id=event.taker_order_id,
        price_micros=event.price_micros,
        quantity_units=event.quantity_units,
        mode=PREVENTIONS.wire(event.mode),
        role=_TAKER if event.member_id == member_id else _MAKER,
        prevent_time=time_of(at_us),
    )


def shown_order(reply: OrderReply, at_us: int) -> tuple[trading_pb2.Order, list[trading_pb2.Fill]]:
    """The order after a command, and the fills that the command made."""
    fills = [taker_fill_message(fill, reply.order, at_us) for fill in reply.fills]
    return order_message(reply.order), fills


def shown_result(reply: OrderReply | Refusal, at_us: int) -> trading_pb2.BatchResult:
    """What came of one item of a batch or of one command of a session."""
    if isinstance(reply, Refusal):
        return trading_pb2.BatchResult(error=status_of(reply))
    order, fills = shown_order(reply, at_us)
    return trading_pb2.BatchResult(order=order, fills=fills)


def shown_quotes(reply: QuotesReply, at_us: int) -> trading_pb2.ReplaceQuotesResponse:
    """What came of replaced quotes, each in its place."""
    return trading_pb2.ReplaceQuotesResponse(
        cancelled_order_ids=reply.cancelled_order_ids,
        results=[shown_result(each, at_us) for each in reply.items],
    )
