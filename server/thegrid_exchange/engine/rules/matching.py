"""Matching: price first, then time; a trade is at the resting order's price.

Which orders come here, and what becomes of what is left, is decided in `trading`.
"""

from typing import Literal, NamedTuple

from thegrid_exchange.engine import events, quantities
from thegrid_exchange.engine.quantities import (
    CASH,
    HOUSE,
    TOKENS_PER_UNIT,
    Side,
    hold_micros,
)
from thegrid_exchange.engine.records import (
    Fill,
    Market,
    Order,
    Parcel,
    ParcelChange,
    Posting,
    Trade,
)
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.accounts import require_cash
from thegrid_exchange.engine.rules.caps import CapStop, most_units
from thegrid_exchange.engine.rules.fees import rate_bps
from thegrid_exchange.engine.rules.halts import halt_for_move, move_bounds
from thegrid_exchange.engine.rules.lookups import are_affiliated
from thegrid_exchange.engine.rules.lots import auto_transfer, summed
from thegrid_exchange.engine.rules.orders import close_order, lapse_reason, rehold
from thegrid_exchange.engine.rules.parcels import (
    joined,
    parcel_number,
    take_first,
    trading_queue,
)
from thegrid_exchange.engine.rules.resale import freed_whole, resold
from thegrid_exchange.engine.state import State

Stop = Literal["filled", "empty", "price", "self_trade", "work_limit", "halted"] | CapStop


class Matched(NamedTuple):
    """The taker's last state, its fills, the Units it gained, and why it stopped.

    A taker that is `filled` is closed already. Units it had issued itself are not gained.
    """

    taker: Order
    fills: tuple[Fill, ...]
    gained_units: int
    stop: Stop


class _Sale(NamedTuple):
    """The Units of one trade on their way: parcels for the buyer and what leaves the seller.

    Units that the buyer itself issued end here (`returned`), and with them their escrow.
    """

    parcels: list[Parcel]
    left: tuple[ParcelChange, ...]
    returned_units: int
    returned_micros: int
    gains: tuple[Posting, ...] = ()
    """What is withheld of the seller's gain, and set free of others'."""


def crosses(side: Side, price_micros: int, bound_micros: int) -> bool:
    """Whether an order of this side may take this opposite price; a bound of 0 is none."""
    if bound_micros == 0:
        return True
    return price_micros <= bound_micros if side == "buy" else price_micros >= bound_micros


def match(state: State, order_id: str, bound_micros: int) -> Rule[Matched]:
    """Trade an open, not resting order against the book as far as its bound and the work allow."""
    fills: list[Fill] = []
    gained_units = 0
    taker = state.orders[order_id]
    market = state.markets[taker.market_id]
    opposite = state.indices.books[taker.market_id].opposite(taker.side)
    limits = yield from move_bounds(state, market)
    stop: Stop = "filled"
    while taker.remaining_units:
        price_micros = opposite.best_price_micros()
        if price_micros is None:
            stop = "empty"
            break
        if not crosses(taker.side, price_micros, bound_micros):
            stop = "price"
            break
        if state.work_left() < WORK_MARGIN:
            stop = "work_limit"
            break
        maker = state.orders[opposite.first_order_id()]
        lapse = lapse_reason(state, maker)
        if lapse is not None:
            yield from close_order(state, maker, lapse)
            continue
        if are_one_party(state, maker, taker):
            goes_on = yield from prevent_self_trade(state, taker, maker)
            taker = state.orders[order_id]
            if goes_on:
                continue
            stop = "self_trade"
            break
        if limits is not None and not limits.allows(price_micros):
            yield from halt_for_move(state, market, limits, price_micros)
            stop = "halted"
            break
        quantity_units = min(maker.remaining_units, taker.remaining_units)
        if taker.max_average_price_micros or taker.max_spend_micros:
            most, cap = most_units(taker, market, price_micros)
            if not most:
                stop = cap
                break
            quantity_units = min(quantity_units, most)
        traded = yield from trade(state, market, maker, taker, price_micros, quantity_units)
        taker, fill, units = traded
        fills.append(fill)
        gained_units += units
    return Matched(taker, tuple(fills), gained_units, stop)


def best_opposite(state: State, order: Order) -> Rule[int | None]:
    """The best price on the other side, once what may trade no longer is closed there."""
    opposite = state.indices.books[order.market_id].opposite(order.side)
    while opposite:
        first = state.orders[opposite.first_order_id()]
        lapse = lapse_reason(state, first)
        if lapse is None or state.work_left() < WORK_MARGIN:
            return first.price_micros
        yield from close_order(state, first, lapse)
    return None


def are_one_party(state: State, one: Order, other: Order) -> bool:
    """Whether two orders belong to one member, or to one prevention group."""
    if one.member_id == other.member_id:
        return True
    group = state.members[one.member_id].prevention_group
    return group != "" and group == state.members[other.member_id].prevention_group


def trade(
    state: State,
    market: Market,
    maker: Order,
    taker: Order,
    price_micros: int,
    quantity_units: int,
    auction_id: str = "",
) -> Rule[tuple[Order, Fill, int]]:
    """One match; answers the taker after it, its fill, and the Units it gained by it.

    In an auction both orders rest: the taker is the younger one, and both pay the maker's rate.
    """
    taker_buys = taker.side == "buy"
    buyer, seller = (taker, maker) if taker_buys else (maker, taker)
    both_wait = auction_id != ""
    buyer_bps = rate_bps(buyer, market, is_maker=both_wait or not taker_buys)
    seller_bps = rate_bps(seller, market, is_maker=both_wait or taker_buys)
    notional_micros = price_micros * quantity_units
    made = Trade(
        trade_id=state.next_id("trd"),
        market_id=market.market_id,
        instrument_id=market.instrument_id,
        price_micros=price_micros,
        quantity_units=quantity_units,
        taker_side=taker.side,
        maker_order_id=maker.order_id,
        taker_order_id=taker.order_id,
        buyer_id=buyer.member_id,
        seller_id=seller.member_id,
        buyer_fee_micros=quantities.fee_micros(notional_micros, buyer_bps),
        seller_fee_micros=quantities.fee_micros(notional_micros, seller_bps),
        source=seller.source,
        affiliated=are_affiliated(state, buyer.member_id, seller.member_id),
        executed_at_us=state.now_us,
        auction_id=auction_id,
    )
    sale = _sale_of(state, made, seller, seller_bps)
    taker, fill = yield from _execute(state, made, sale, buyer, seller)
    gained_units = quantity_units - sale.returned_units
    if buyer.rank and buyer.auto_transfer and gained_units:
        yield from auto_transfer(state, buyer.member_id, market.instrument_id, gained_units)
    return taker, fill, gained_units if taker_buys else 0


def _execute(
    state: State, trade: Trade, sale: _Sale, buyer: Order, seller: Order
) -> Rule[tuple[Order, Fill]]:
    """Carry out a trade; answers the taker after it and its fill."""
    quantity_units = trade.quantity_units
    held_micros = 0
    if buyer.held_micros:
        remaining_units = buyer.remaining_units - quantity_units
        held_micros = hold_micros(buyer.price_micros, remaining_units, buyer.worst_fee_bps)
    else:
        cost_micros = trade.price_micros * quantity_units + trade.buyer_fee_micros
        require_cash(state, buyer.member_id, cost_micros, field="quantity_units")
    yield events.TradeExecuted(trade)
    released_micros = buyer.held_micros - held_micros
    yield events.Posted(_postings_of(trade, sale, released_micros), "trade", trade.trade_id)
    yield from _move_parcels(trade, sale)
    # A seller of issuance has paid no fee yet: it is taken as the proceeds are earned.
    seller_fee_micros = trade.seller_fee_micros if trade.source == "trading" else 0
    sides = ((buyer, trade.buyer_fee_micros, held_micros), (seller, seller_fee_micros, 0))
    of_maker, of_taker = reversed(sides) if trade.taker_side == "buy" else sides
    yield from _fill(state, trade, *of_maker)
    taker = yield from _fill(state, trade, *of_taker)
    return taker, Fill(trade.trade_id, trade.price_micros, quantity_units, of_taker[1])


def _sale_of(state: State, trade: Trade, seller: Order, fee_bps: int) -> _Sale:
    """The parcels that a trade hands over, now with this trade as their cost."""
    price_micros, trade_id = trade.price_micros, trade.trade_id
    if trade.source == "issuance":
        parcel = Parcel(
            trade.seller_id,
            trade_id,
            price_micros,
            trade_id,
            price_micros,
            trade.quantity_units,
            fee_bps,
            trade.affiliated,
            instrument_id=trade.instrument_id,
        )
        return _Sale([parcel], (), 0, 0)
    taken = take_first(state, seller.order_id, trade.quantity_units)
    gains_max = state.term("resale_gains_max")
    kept: list[Parcel] = []
    gains: list[Posting] = []
    returned_units = returned_micros = 0
    for _, parcel in taken.parcels:
        if parcel.issuer_id == trade.buyer_id:
            returned_units += parcel.quantity_units
            returned_micros += parcel.quantity_units * parcel.issue_price_micros
            gains += freed_whole(parcel)
        else:
            sold, lines = resold(parcel, trade, fee_bps, gains_max)
            kept.append(sold)
            gains += lines
    return _Sale(joined(kept), taken.changes, returned_units, returned_micros, tuple(gains))


def _postings_of(trade: Trade, sale: _Sale, released_micros: int) -> tuple[Posting, ...]:
    """Money and Units of one trade; `released_micros` is what the buyer no longer holds."""
    notional_micros = trade.price_micros * trade.quantity_units
    tokens = trade.quantity_units * TOKENS_PER_UNIT
    returned_tokens = sale.returned_units * TOKENS_PER_UNIT
    buyer_id, seller_id, instrument_id = trade.buyer_id, trade.seller_id, trade.instrument_id
    issued = trade.source == "issuance"
    seller_fee_micros = 0 if issued else trade.seller_fee_micros
    spent_micros = notional_micros + trade.buyer_fee_micros
    back_micros = released_micros - spent_micros + sale.returned_micros
    seller_cash = "escrow" if issued else "available"
    lines = (
        (buyer_id, "held", CASH, -released_micros),
        (buyer_id, "available", CASH, back_micros),
        (buyer_id, "escrow", CASH, -sale.returned_micros),
        (seller_id, seller_cash, CASH, notional_micros - seller_fee_micros),
        (HOUSE, "fees", CASH, trade.buyer_fee_micros + seller_fee_micros),
        (seller_id, "listed" if issued else "held", instrument_id, -tokens),
        (buyer_id, "trading", instrument_id, tokens - returned_tokens),
        (buyer_id, "bought_back", instrument_id, returned_tokens),
    )
    of_trade = [Posting(*line) for line in lines if line[3]]
    return tuple(summed([*of_trade, *sale.gains]) if sale.gains else of_trade)


def _move_parcels(trade: Trade, sale: _Sale) -> Rule[None]:
    """Parcels leave the seller's order and join the buyer's queue at its end."""
    queue_id = trading_queue(trade.buyer_id, trade.instrument_id)
    arrived = [
        ParcelChange(queue_id, parcel_number(trade.trade_id, position), parcel)
        for position, parcel in enumerate(sale.parcels)
    ]
    yield events.ParcelsMoved((*sale.left, *arrived))
    if sale.returned_units:
        yield events.UnitsBoughtBack(
            trade.buyer_id,
            trade.instrument_id,
            sale.returned_units,
            trade.trade_id,
            sale.returned_micros,
        )


def _fill(
    state: State, trade: Trade, order: Order, fee_paid_micros: int, held_micros: int
) -> Rule[Order]:
    """Give an order its side of a trade; what is filled whole closes in the same breath."""
    quantity_units = trade.quantity_units
    remaining_units = order.remaining_units - quantity_units
    filled_units = order.filled_units + quantity_units
    filled_micros = order.filled_micros + trade.price_micros * quantity_units
    fee_micros = order.fee_micros + fee_paid_micros
    if remaining_units:
        yield events.OrderFilled(
            order.order_id,
            trade.trade_id,
            remaining_units,
            filled_units,
            filled_micros,
            fee_micros,
            held_micros,
        )
        return state.orders[order.order_id]
    closed = order._replace(
        remaining_units=0,
        filled_units=filled_units,
        filled_micros=filled_micros,
        fee_micros=fee_micros,
        held_micros=0,
        closure_reason="filled",
        updated_at_us=state.now_us,
    )
    yield events.OrderClosed(closed)
    return closed


def prevent_self_trade(state: State, taker: Order, maker: Order) -> Rule[bool]:
    """Do what the newer order asks for instead of a trade; answers whether matching goes on."""
    mode = taker.self_trade_prevention
    quantity_units = min(taker.remaining_units, maker.remaining_units)
    yield events.SelfTradePrevented(
        taker.market_id,
        taker.member_id,
        taker.order_id,
        maker.order_id,
        quantity_units,
        mode,
        state.next_id("prv"),
        maker.member_id,
        maker.price_micros,
    )
    if mode == "decrement":
        yield from _decrement(state, maker, quantity_units)
        yield from _decrement(state, taker, quantity_units)
        rest = state.orders[maker.order_id]
        if rest.remaining_units == 0:
            yield from close_order(state, rest, "self_trade")
        return state.orders[taker.order_id].remaining_units > 0
    if mode in ("cancel_oldest", "cancel_both"):
        yield from close_order(state, maker, "self_trade")
    return mode == "cancel_oldest"


def _decrement(state: State, order: Order, less_units: int) -> Rule[None]:
    """Take quantity off an order without a trade; what it held for that is released."""
    remaining_units = order.remaining_units - less_units
    held_micros = yield from rehold(state, order, order.price_micros, remaining_units)
    yield events.OrderDecremented(
        order.order_id, order.quantity_units - less_units, remaining_units, held_micros
    )
