"""Sweeps: at each slot a market's tradable Units go into Lots, member by member, in bounded turns.

A turn takes whoever still has Units, so nothing is done twice and a sweep may be interrupted.
"""

from typing import Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import TOKENS_PER_UNIT, UnitSource
from thegrid_exchange.engine.records import Market, Posting, Sweep
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.collateral import may_renew
from thegrid_exchange.engine.rules.lots import move_to_lot, units_for_one_lot
from thegrid_exchange.engine.rules.obligations import unsold_tokens
from thegrid_exchange.engine.rules.orders import close_order
from thegrid_exchange.engine.state import State

_SELLS: Final = "sell"


def slot_after(state: State, at_us: int) -> int:
    """The first slot after an instant; slots are counted from 1970 UTC."""
    interval_us = state.term("sweep_interval_us")
    return (at_us // interval_us + 1) * interval_us


def run_sweeps(state: State) -> Rule[int]:
    """Begin the sweeps that are due, and give all open ones a turn after the other."""
    turns = 0
    yield from _start_due(state)
    while state.indices.open_sweeps:
        for sweep_id in tuple(state.indices.open_sweeps):
            if state.work_left() < WORK_MARGIN:
                return turns
            yield from _turn(state, state.sweeps[sweep_id])
            turns += 1
    return turns


def sweeps_due(state: State) -> bool:
    """Whether a sweep waits to begin or to go on."""
    first = state.indices.sweep_slots.first()
    return bool(state.indices.open_sweeps) or (first is not None and first[0] <= state.now_us)


def _start_due(state: State) -> Rule[None]:
    due = []
    for slot_us, market_id in state.indices.sweep_slots:
        if slot_us > state.now_us:
            break
        due.append(market_id)
    for market_id in due:
        if state.work_left() < WORK_MARGIN:
            return
        # No auction is open here: each ends by the slot, and Ticks run those that are due first.
        if state.markets[market_id].sweep_id:
            continue
        next_us = slot_after(state, state.now_us)
        # Slots missed while the exchange was down collapse into the last of them.
        slot_us = next_us - state.term("sweep_interval_us")
        sweep = Sweep(state.next_id("swp"), market_id, slot_us, state.now_us)
        yield events.SweepStarted(sweep, next_us)


def _turn(state: State, sweep: Sweep) -> Rule[None]:
    market = state.markets[sweep.market_id]
    if state.indices.sweep_orders[sweep.market_id]:
        yield from _close_swept_orders(state, sweep)
        return
    holder_id = state.indices.holders[market.instrument_id].first()
    if holder_id is not None:
        yield from _sweep_holder(state, sweep, market, holder_id)
        return
    if state.term("retire_unsold_at_sweep"):
        issuers = state.indices.issuers[market.instrument_id]
        issuer_id = issuers.first_from(sweep.issuer_id + "\0" if sweep.issuer_id else "")
        if issuer_id is not None:
            yield from _see_to_unsold(state, sweep, market, issuer_id)
            return
    finished = sweep._replace(finished_at_us=state.now_us)
    yield events.SweepFinished(finished, slot_after(state, state.now_us))


def _close_swept_orders(state: State, sweep: Sweep) -> Rule[None]:
    """Close the orders that were good till this sweep, as far as the work allows."""
    cancelled = sweep.cancelled_orders
    for order_id in tuple(state.indices.sweep_orders[sweep.market_id]):
        if state.work_left() < WORK_MARGIN:
            break
        yield from close_order(state, state.orders[order_id], "swept")
        cancelled += 1
    yield events.OrdersSwept(sweep.sweep_id, cancelled)


def _sweep_holder(state: State, sweep: Sweep, market: Market, member_id: str) -> Rule[None]:
    """Cancel a member's sells of bought Units and move all its Units into a Lot.

    A member with more parcels than one Lot takes at a time gets another turn, and another Lot.
    """
    cancelled, complete = yield from _cancel_sells(state, market, member_id, "trading")
    swept_units, lot_id = 0, ""
    if complete:
        swept_units = units_for_one_lot(state, member_id, market.instrument_id)
        transfer = yield from move_to_lot(
            state, member_id, market.instrument_id, swept_units, "sweep", sweep.sweep_id
        )
        lot_id = transfer.lot_id
    totals = sweep._replace(
        members=sweep.members + (1 if complete else 0),
        swept_units=sweep.swept_units + swept_units,
        cancelled_orders=sweep.cancelled_orders + cancelled,
    )
    yield events.MemberSwept(totals, member_id, lot_id, swept_units, 0)


def _see_to_unsold(state: State, sweep: Sweep, market: Market, member_id: str) -> Rule[None]:
    """Leave an issuer's unsold Units for another window where it asked for it, else retire them."""
    instrument_id = market.instrument_id
    if not may_renew(state, member_id, instrument_id):
        yield from _retire_unsold(state, sweep, market, member_id)
        return
    units = unsold_tokens(state, member_id, instrument_id) // TOKENS_PER_UNIT
    totals = sweep._replace(issuer_id=member_id, renewed_units=sweep.renewed_units + units)
    yield events.UnitsRenewed(member_id, instrument_id, units, totals)


def _retire_unsold(state: State, sweep: Sweep, market: Market, member_id: str) -> Rule[None]:
    """Cancel an issuer's sells of issuance and take its unsold Units back."""
    cancelled, complete = yield from _cancel_sells(state, market, member_id, "issuance")
    retired_units = 0
    if complete:
        tokens = state.balance(member_id, "unsold", market.instrument_id)
        retired_units = tokens // TOKENS_PER_UNIT
        yield from retire(state, member_id, market.instrument_id, retired_units, "sweep")
    totals = sweep._replace(
        retired_units=sweep.retired_units + retired_units,
        cancelled_orders=sweep.cancelled_orders + cancelled,
    )
    yield events.MemberSwept(totals, member_id, "", 0, retired_units)


def retire(
    state: State, member_id: str, instrument_id: str, quantity_units: int, cause: str
) -> Rule[None]:
    """Take unsold Units back for good."""
    tokens = quantity_units * TOKENS_PER_UNIT
    yield events.Posted(
        (
            Posting(member_id, "unsold", instrument_id, -tokens),
            Posting(member_id, "retired", instrument_id, tokens),
        ),
        "retire",
        member_id,
    )
    yield events.UnitsRetired(member_id, instrument_id, quantity_units, cause)


def _cancel_sells(
    state: State, market: Market, member_id: str, source: UnitSource
) -> Rule[tuple[int, bool]]:
    """Cancel a member's sells of one source; answers how many, and whether none is left."""
    cancelled = 0
    for order_id in tuple(state.indices.open_orders[member_id]):
        order = state.orders[order_id]
        if (order.market_id, order.side, order.source) != (market.market_id, _SELLS, source):
            continue
        if state.work_left() < WORK_MARGIN:
            return cancelled, False
        yield from close_order(state, order, "swept")
        cancelled += 1
    return cancelled, True
