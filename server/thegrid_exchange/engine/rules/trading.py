"""Orders as members ask for them: placing, amending and cancelling one.

Batches and cancel-all are in `batches`; trades happen in `matching`.
"""

from typing import Final, cast

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import (
    BASIS_POINTS,
    ClosureReason,
    TimeInForce,
)
from thegrid_exchange.engine.records import Market, Member, Order
from thegrid_exchange.engine.refusals import Unwound, refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.fees import rates_of
from thegrid_exchange.engine.rules.lookups import active_member, ordering_market
from thegrid_exchange.engine.rules.lots import auto_transfer
from thegrid_exchange.engine.rules.matching import Stop, best_opposite, crosses, match
from thegrid_exchange.engine.rules.orders import bind_units, close_order, hold_cash, rehold
from thegrid_exchange.engine.rules.terms import (
    check_amendment,
    check_in_time,
    check_may_wait,
    check_price,
    check_quantity,
    check_terms,
    refuse_post_only,
    slid_price_micros,
)
from thegrid_exchange.engine.state import State

NOT_RESTING: Final[frozenset[TimeInForce]] = frozenset({"ioc", "fok"})


def place_order(state: State, command: commands.PlaceOrder) -> Rule[replies.OrderReply]:
    """Enter an order; with `validate_only`, tell what would come of it and undo it."""
    reply = yield from _place(state, command)
    if command.validate_only:
        raise Unwound(reply._replace(validated_only=True))
    return reply


def _place(state: State, command: commands.PlaceOrder) -> Rule[replies.OrderReply]:
    check_in_time(state, command.valid_until_us)
    member = active_member(state, command.member_id, "trader")
    market = ordering_market(state, command.market_id)
    check_terms(state, market, command)
    if market.auction_id:
        check_may_wait(state, market, command)
    return (yield from enter(state, market, order_from(state, member, market, command)))


def order_from(state: State, member: Member, market: Market, command: commands.PlaceOrder) -> Order:
    """The order that a checked command asks for, not yet accepted."""
    rates = rates_of(state, member, market.terms)
    maker_bps, taker_bps = rates or (None, None)
    usual_bps = (market.terms.maker_fee_bps, market.terms.taker_fee_bps)
    price_micros = command.price_micros or 0
    is_limit = command.type == "limit"
    time_in_force = command.time_in_force
    transfers = command.side == "buy" and (
        member.account_mode == "auto"
        or (member.auto_transfer if command.auto_transfer is None else command.auto_transfer)
    )
    return Order(
        order_id=state.next_id("ord"),
        member_id=member.member_id,
        market_id=market.market_id,
        side=command.side,
        type=command.type,
        time_in_force="ioc" if not is_limit and time_in_force == "gtc" else time_in_force,
        price_micros=price_micros,
        quantity_units=command.quantity_units,
        remaining_units=command.quantity_units,
        filled_units=0,
        filled_micros=0,
        fee_micros=0,
        held_micros=0,
        source=command.source,
        rank=0,
        client_order_id=command.client_order_id,
        post_only=command.post_only,
        max_slippage_bps=command.max_slippage_bps,
        expires_at_us=command.expires_at_us,
        outage_base_us=state.outage_us,
        auto_transfer=transfers,
        self_trade_prevention=command.self_trade_prevention or member.self_trade_prevention,
        tag=command.tag,
        session_id=command.session_id,
        worst_fee_bps=max(rates or usual_bps),
        accepted_at_us=state.now_us,
        updated_at_us=state.now_us,
        key_id=command.key_id,
        post_only_mode=command.post_only_mode,
        max_average_price_micros=command.max_average_price_micros or 0,
        max_spend_micros=command.max_spend_micros or 0,
        maker_fee_bps=maker_bps,
        taker_fee_bps=taker_bps,
    )


def enter(state: State, market: Market, order: Order) -> Rule[replies.OrderReply]:
    """Accept an order with what it holds; then it trades, rests or closes."""
    if market.auction_id:
        # Nothing trades until the auction ends, so there is nobody to meet yet.
        return (yield from _accept(state, order, rests=True))
    best_micros = yield from best_opposite(state, order)
    meets = best_micros is not None and crosses(order.side, best_micros, order.price_micros)
    if best_micros is not None and meets and order.post_only:
        price_micros = _price_behind(state, market, order, order.price_micros, best_micros)
        order, meets = order._replace(price_micros=price_micros), False
    rests = not meets and order.time_in_force not in NOT_RESTING
    reply = yield from _accept(state, order, rests=rests)
    if rests:
        return reply
    bound_micros = _bound_micros(order, best_micros)
    return (yield from _trade_and_settle(state, market, order.order_id, bound_micros))


def _accept(state: State, order: Order, *, rests: bool) -> Rule[replies.OrderReply]:
    """Take an order with what it holds, at its place in the book when it rests at once."""
    if rests:
        held_micros = 0
        if order.side == "buy":
            held_micros = yield from hold_cash(state, order)
        order = order._replace(rank=state.counters.get("rank", 0) + 1, held_micros=held_micros)
    yield events.OrderAccepted(order)
    if order.side == "sell":
        yield from bind_units(state, order, order.quantity_units)
    return replies.OrderReply(order)


def _price_behind(
    state: State, market: Market, order: Order, price_micros: int, best_micros: int
) -> int:
    """The price at which a post-only order that would trade rests, or a refusal if it must not."""
    if order.post_only_mode == "reject":
        refuse_post_only(price_micros, best_micros)
    slid_micros = slid_price_micros(market, order, price_micros, best_micros)
    check_price(state, market, slid_micros)
    return slid_micros


def amend_order(state: State, command: commands.AmendOrder) -> Rule[replies.OrderReply]:
    """Change price or total quantity; less quantity alone keeps the place in the queue."""
    check_in_time(state, command.valid_until_us)
    active_member(state, command.member_id, "trader")
    order = _open_order(state, command)
    market = ordering_market(state, order.market_id)
    check_amendment(order, command)
    price_micros = order.price_micros if command.price_micros is None else command.price_micros
    quantity_units = command.quantity_units or order.quantity_units
    if price_micros != order.price_micros:
        check_price(state, market, price_micros)
    if quantity_units != order.quantity_units:
        check_quantity(market, quantity_units)
    if (price_micros, quantity_units) == (order.price_micros, order.quantity_units):
        return replies.OrderReply(order)
    if price_micros == order.price_micros and quantity_units < order.quantity_units:
        yield from _change(state, order, price_micros, quantity_units)
        return replies.OrderReply(state.orders[order.order_id])
    if market.auction_id:
        yield events.OrderUnrested(order.order_id)
        yield from _change(state, order, price_micros, quantity_units)
        rested = yield from _rest(state, state.orders[order.order_id])
        return replies.OrderReply(rested)
    best_micros = yield from best_opposite(state, order)
    if order.post_only and best_micros and crosses(order.side, best_micros, price_micros):
        price_micros = _price_behind(state, market, order, price_micros, best_micros)
    yield events.OrderUnrested(order.order_id)
    yield from _change(state, order, price_micros, quantity_units)
    return (yield from _trade_and_settle(state, market, order.order_id, price_micros))


def cancel_order(state: State, command: commands.CancelOrder) -> Rule[replies.OrderReply]:
    """Close one open order; allowed in every state of the market and of the member."""
    order = _open_order(state, command)
    closed = yield from close_order(state, order, "cancelled")
    return replies.OrderReply(closed)


def _change(state: State, order: Order, price_micros: int, quantity_units: int) -> Rule[None]:
    remaining_units = quantity_units - order.filled_units
    held_micros = yield from rehold(state, order, price_micros, remaining_units)
    yield events.OrderAmended(
        order.order_id, price_micros, quantity_units, remaining_units, held_micros
    )


def _trade_and_settle(
    state: State, market: Market, order_id: str, bound_micros: int
) -> Rule[replies.OrderReply]:
    """Match an open order, then rest or close what is left of it."""
    matched = yield from match(state, order_id, bound_micros)
    order = matched.taker
    if matched.stop != "filled":
        order = yield from _rest_or_close(state, order, matched.stop)
    if order.auto_transfer and matched.gained_units:
        yield from auto_transfer(state, order.member_id, market.instrument_id, matched.gained_units)
    return replies.OrderReply(order, matched.fills)


def _rest_or_close(state: State, order: Order, stop: Stop) -> Rule[Order]:
    reason = _closure_reason(state, order, stop)
    if reason is not None:
        return (yield from close_order(state, order, reason))
    return (yield from _rest(state, order))


def _rest(state: State, order: Order) -> Rule[Order]:
    """Put an order at the end of the queue of its price."""
    held_micros = 0
    if order.side == "buy":
        held_micros = yield from hold_cash(state, order)
    yield events.OrderRested(order.order_id, state.counters.get("rank", 0) + 1, held_micros)
    return state.orders[order.order_id]


def _closure_reason(state: State, order: Order, stop: Stop) -> ClosureReason | None:
    """Why the rest of an order closes after matching; None when it waits in the book."""
    if order.time_in_force == "fok":
        refuse(
            "FILL_OR_KILL",
            "time_in_force",
            f"only {order.filled_units} of {order.quantity_units} Units can be had",
            limit=order.filled_units,
            value=order.quantity_units,
        )
    if stop in ("self_trade", "work_limit", "average_price", "spend_limit"):
        return cast(ClosureReason, stop)
    if stop == "halted":
        return "halted" if order.time_in_force in NOT_RESTING else None
    if stop == "price" and _would_trade_on(state, order):
        return "max_slippage"
    return "no_liquidity" if order.time_in_force in NOT_RESTING else None


def _would_trade_on(state: State, order: Order) -> bool:
    """Whether nothing but its slippage bound keeps an order from the next price."""
    opposite = state.indices.books[order.market_id].opposite(order.side)
    best_micros = opposite.best_price_micros()
    if order.type == "market" or best_micros is None:
        return True
    return crosses(order.side, best_micros, order.price_micros)


def _bound_micros(order: Order, best_micros: int | None) -> int:
    """The worst price the order may take: its own, or nearer by its max slippage; 0 for none."""
    if order.max_slippage_bps is None or best_micros is None:
        return order.price_micros
    if order.side == "buy":
        reach = best_micros * (BASIS_POINTS + order.max_slippage_bps) // BASIS_POINTS
        return min(order.price_micros, reach) if order.price_micros else reach
    reach = -(-best_micros * (BASIS_POINTS - order.max_slippage_bps) // BASIS_POINTS)
    return max(order.price_micros, reach, 1)


def _open_order(state: State, command: commands.AmendOrder | commands.CancelOrder) -> Order:
    """The caller's open order, by either id; a closed one is refused with its closure reason."""
    member_id = command.member_id
    order_id, field = command.order_id, "order_id"
    if not order_id:
        field = "client_order_id"
        order_id = state.indices.client_order_ids.get((member_id, command.client_order_id), "")
    order = state.orders.get(order_id)
    if order is not None and order.member_id == member_id:
        return order
    closed = state.closed_orders.get(order_id)
    if closed is not None and closed.member_id == member_id:
        refuse("ORDER_CLOSED", field, f"the order is closed: {closed.closure_reason}")
    return refuse("ORDER_NOT_FOUND", field, "no such order of this member")
