"""What events of orders, trades, timers and auctions write.

As in the whole of this package, nothing is decided or worked out here.
"""

from collections.abc import Callable
from typing import Any, Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.records import ClosedOrder
from thegrid_exchange.engine.refusals import InvariantBroken
from thegrid_exchange.engine.state import State


def _order_accepted(state: State, event: events.OrderAccepted) -> None:
    order = event.order
    state.count(order.order_id)
    if order.rank:
        state.put("counters", "rank", order.rank)
    state.put("orders", order.order_id, order)


def _order_rested(state: State, event: events.OrderRested) -> None:
    state.put("counters", "rank", event.rank)
    order = state.orders[event.order_id]
    rested = order._replace(rank=event.rank, held_micros=event.held_micros)
    state.put("orders", event.order_id, rested)


def _order_unrested(state: State, event: events.OrderUnrested) -> None:
    order = state.orders[event.order_id]
    state.put("orders", event.order_id, order._replace(rank=0))


def _order_filled(state: State, event: events.OrderFilled) -> None:
    order = state.orders[event.order_id]
    filled = order._replace(
        remaining_units=event.remaining_units,
        filled_units=event.filled_units,
        filled_micros=event.filled_micros,
        fee_micros=event.fee_micros,
        held_micros=event.held_micros,
        updated_at_us=state.now_us,
    )
    state.put("orders", event.order_id, filled)


def _order_amended(state: State, event: events.OrderAmended) -> None:
    order = state.orders[event.order_id]
    amended = order._replace(
        price_micros=event.price_micros,
        quantity_units=event.quantity_units,
        remaining_units=event.remaining_units,
        held_micros=event.held_micros,
        updated_at_us=state.now_us,
    )
    state.put("orders", event.order_id, amended)


def _order_decremented(state: State, event: events.OrderDecremented) -> None:
    order = state.orders[event.order_id]
    decremented = order._replace(
        quantity_units=event.quantity_units,
        remaining_units=event.remaining_units,
        held_micros=event.held_micros,
        updated_at_us=state.now_us,
    )
    state.put("orders", event.order_id, decremented)


def _order_closed(state: State, event: events.OrderClosed) -> None:
    order = event.order
    reason = order.closure_reason
    if reason is None:
        raise InvariantBroken(f"{order.order_id} closes without a reason")
    # The open row goes first: the memory of its client id then replaces the open order's.
    state.delete("orders", order.order_id)
    closed = ClosedOrder(
        order.order_id, order.member_id, order.client_order_id, reason, order.updated_at_us
    )
    state.put("closed_orders", order.order_id, closed)


def _trade_executed(state: State, event: events.TradeExecuted) -> None:
    trade = event.trade
    state.count(trade.trade_id)
    market = state.markets[trade.market_id]
    if not trade.affiliated and market.last_trade_price_micros != trade.price_micros:
        changed = market._replace(last_trade_price_micros=trade.price_micros)
        state.put("markets", trade.market_id, changed)


def _self_trade_prevented(state: State, event: events.SelfTradePrevented) -> None:
    """The record is for its owners; what was done about it are events of their own."""
    if event.prevented_id:
        state.count(event.prevented_id)


def _parcels_moved(state: State, event: events.ParcelsMoved) -> None:
    for queue_id, number, parcel in event.changes:
        if parcel is None:
            state.delete("parcels", (queue_id, number))
        else:
            state.put("parcels", (queue_id, number), parcel)


def _cancellation_opened(state: State, event: events.CancellationOpened) -> None:
    cancellation = event.cancellation
    state.count(cancellation.cancellation_id)
    state.put("cancellations", cancellation.cancellation_id, cancellation)


def _cancellation_advanced(state: State, event: events.CancellationAdvanced) -> None:
    cancellation = state.cancellations[event.cancellation_id]
    advanced = cancellation._replace(first_order_id=event.first_order_id)
    state.put("cancellations", event.cancellation_id, advanced)


def _cancellation_closed(state: State, event: events.CancellationClosed) -> None:
    state.delete("cancellations", event.cancellation_id)


# ---- timers and auctions -----------------------------------------------------------------------


def _cancel_timer_set(state: State, event: events.CancelTimerSet) -> None:
    state.put("cancel_timers", event.timer.member_id, event.timer)


def _cancel_timer_cleared(state: State, event: events.CancelTimerCleared) -> None:
    state.delete("cancel_timers", event.member_id)


def _orders_swept(state: State, event: events.OrdersSwept) -> None:
    sweep = state.sweeps[event.sweep_id]
    state.put("sweeps", event.sweep_id, sweep._replace(cancelled_orders=event.cancelled_orders))


def _reference_set(state: State, event: events.ReferenceSet) -> None:
    market = state.markets[event.market_id]
    changed = market._replace(
        reference_price_micros=event.price_micros, reference_at_us=event.set_at_us
    )
    state.put("markets", event.market_id, changed)


def _auction_opened(state: State, event: events.AuctionOpened) -> None:
    auction = event.auction
    state.count(auction.auction_id)
    state.put("auctions", auction.auction_id, auction)
    market = state.markets[auction.market_id]
    changed = market._replace(
        state="auction", state_reason=event.reason, auction_id=auction.auction_id
    )
    state.put("markets", auction.market_id, changed)


def _auction_changed(state: State, event: events.AuctionChanged) -> None:
    state.put("auctions", event.auction.auction_id, event.auction)


def _auction_closed(state: State, event: events.AuctionClosed) -> None:
    """The breaker measures anew after it, for its price was found by everybody."""
    state.delete("auctions", event.auction.auction_id)
    market = state.markets[event.auction.market_id]
    changed = market._replace(
        state=event.state,
        state_reason=event.reason,
        auction_id="",
        reference_price_micros=0,
        reference_at_us=0,
    )
    state.put("markets", market.market_id, changed)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.OrderAccepted: _order_accepted,
    events.OrderRested: _order_rested,
    events.OrderUnrested: _order_unrested,
    events.OrderFilled: _order_filled,
    events.OrderAmended: _order_amended,
    events.OrderDecremented: _order_decremented,
    events.OrderClosed: _order_closed,
    events.TradeExecuted: _trade_executed,
    events.SelfTradePrevented: _self_trade_prevented,
    events.ParcelsMoved: _parcels_moved,
    events.CancellationOpened: _cancellation_opened,
    events.CancellationAdvanced: _cancellation_advanced,
    events.CancellationClosed: _cancellation_closed,
    events.CancelTimerSet: _cancel_timer_set,
    events.CancelTimerCleared: _cancel_timer_cleared,
    events.OrdersSwept: _orders_swept,
    events.ReferenceSet: _reference_set,
    events.AuctionOpened: _auction_opened,
    events.AuctionChanged: _auction_changed,
    events.AuctionClosed: _auction_closed,
}
