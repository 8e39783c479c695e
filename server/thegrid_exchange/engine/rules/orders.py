"""What every order does, however it came to be: hold what it may cost, change that, and close.

A buy holds cash; a sell takes its Units off the account they lie on, and with them their parcels.
"""

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import CASH, TOKENS_PER_UNIT, ClosureReason, hold_micros
from thegrid_exchange.engine.records import Order
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.accounts import moved, require_cash
from thegrid_exchange.engine.rules.parcels import put_back, take_first, take_last, trading_queue
from thegrid_exchange.engine.state import State


def hold_cash(state: State, order: Order) -> Rule[int]:
    """Set aside what the rest of a buy may cost before it waits in the book; answers how much."""
    held_micros = hold_micros(order.price_micros, order.remaining_units, order.worst_fee_bps)
    more_micros = held_micros - order.held_micros
    if more_micros:
        require_cash(state, order.member_id, more_micros, field="quantity_units")
        yield moved(order.member_id, CASH, more_micros, "available", "held", "hold", order.order_id)
    return held_micros


def bind_units(state: State, order: Order, quantity_units: int) -> Rule[None]:
    """Take a sell's Units off its source, oldest parcels first."""
    instrument_id = state.markets[order.market_id].instrument_id
    tokens = quantity_units * TOKENS_PER_UNIT
    source = "unsold" if order.source == "issuance" else "trading"
    there_tokens = state.balance(order.member_id, source, instrument_id)
    if there_tokens < tokens:
        refuse(
            "INSUFFICIENT_UNITS",
            "quantity_units",
            f"{there_tokens // TOKENS_PER_UNIT} Units are free in `{order.source}`; sell fewer",
            limit=there_tokens // TOKENS_PER_UNIT,
            value=quantity_units,
        )
    member_id, order_id = order.member_id, order.order_id
    if order.source == "issuance":
        yield moved(member_id, instrument_id, tokens, "unsold", "listed", "list", order_id)
        return
    queue_id = trading_queue(member_id, instrument_id)
    most = state.term("max_parcels")
    taken = take_first(state, queue_id, quantity_units, max_parcels=most)
    yield moved(member_id, instrument_id, tokens, "trading", "held", "bind", order_id)
    yield events.ParcelsMoved(taken.changes + put_back(state, order_id, taken))


def unbind_units(state: State, order: Order, quantity_units: int) -> Rule[None]:
    """Give a sell's last Units back to where they came from, each parcel to its old place."""
    instrument_id = state.markets[order.market_id].instrument_id
    tokens = quantity_units * TOKENS_PER_UNIT
    member_id, order_id = order.member_id, order.order_id
    if order.source == "issuance":
        yield moved(member_id, instrument_id, tokens, "listed", "unsold", "unlist", order_id)
        return
    taken = take_last(state, order_id, quantity_units)
    returned = put_back(state, trading_queue(member_id, instrument_id), taken)
    yield moved(member_id, instrument_id, tokens, "held", "trading", "unbind", order_id)
    yield events.ParcelsMoved(taken.changes + returned)


def rehold(state: State, order: Order, price_micros: int, remaining_units: int) -> Rule[int]:
    """Bring what an order holds in line with a new price and remainder; answers the cash held."""
    if order.side == "sell":
        more_units = remaining_units - order.remaining_units
        if more_units > 0:
            yield from bind_units(state, order, more_units)
        elif more_units < 0:
            yield from unbind_units(state, order, -more_units)
        return 0
    if not order.held_micros:
        return 0
    held_micros = hold_micros(price_micros, remaining_units, order.worst_fee_bps)
    more_micros = held_micros - order.held_micros
    if more_micros > 0:
        require_cash(state, order.member_id, more_micros, field="quantity_units")
        yield moved(order.member_id, CASH, more_micros, "available", "held", "hold", order.order_id)
    elif more_micros < 0:
        yield moved(
            order.member_id, CASH, -more_micros, "held", "available", "release", order.order_id
        )
    return held_micros


def close_order(state: State, order: Order, reason: ClosureReason) -> Rule[Order]:
    """Release what an open order holds and close it; answers its last state.

    It keeps the rank that it had, which tells whether it leaves the book.
    """
    if order.held_micros:
        yield moved(
            order.member_id,
            CASH,
            order.held_micros,
            "held",
            "available",
            "release",
            order.order_id,
        )
    if order.side == "sell" and order.remaining_units:
        yield from unbind_units(state, order, order.remaining_units)
    closed = order._replace(held_micros=0, closure_reason=reason, updated_at_us=state.now_us)
    yield events.OrderClosed(closed)
    return closed


def lapse_reason(state: State, order: Order) -> ClosureReason | None:
    """Why an open order may trade no longer, though no Tick has closed it yet; None if it may."""
    expires_at_us = order.expires_at_us
    if (
        expires_at_us is not None
        and state.deadline_us(expires_at_us, order.outage_base_us) <= state.now_us
    ):
        return "expired"
    timer = state.cancel_timers.get(order.member_id)
    if timer is not None and timer.fires_at_us <= state.now_us:
        return "cancelled"
    return None
