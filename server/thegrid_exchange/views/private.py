"""A member's private events of one row: as many as `Theirs.count` says, in one fixed order.

Whether they are published as they happen or shown once more later is told elsewhere.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from thegrid_exchange.engine.events import LotClosed, LotMinted, OrderClosed
from thegrid_exchange.engine.records import LotParcel, Order, Transfer
from thegrid_exchange.engine.state import State
from thegrid_exchange.views.accounts import cash_of, units_of
from thegrid_exchange.views.lots import LotWithParcels, as_closed, open_lot
from thegrid_exchange.views.touched import Theirs

Parcels = dict[str, tuple[LotParcel, ...]]
"""Parcels by Lot id."""


class PrivateEvent(NamedTuple):
    """One event: the journal row that made it, what kind it is, and the record as it then was.

    Records by kind: `order` an Order, `fill` (trade, order id, client order id), `cash` a Cash,
    `units` a Units, `transfer` (transfer, sweep id), `lot` a LotThen, `usage` a UsageRecord,
    `notice` a Notice, `dispute` a Dispute, `late_report` (delivery id, LateReport).
    """

    row_seq: int
    kind: str
    record: Any


class LotThen(NamedTuple):
    """A Lot as it stood after a row, and the length of all outages up to it."""

    found: LotWithParcels
    outage_us: int


class After(NamedTuple):
    """The world right after one row."""

    state: State
    totals: dict[str, int]
    """Tokens that ended, as `accounts.units_of` reads them."""
    seq: int
    events: Sequence[Any]
    parcels: Parcels
    """Parcels of the touched Lots before the row: a Lot that closes leaves the state."""


def parcels_before(state: State, theirs: Theirs) -> Parcels:
    """What `After.parcels` needs of one member, from the state before the row."""
    return {
        lot_id: found.parcels
        for lot_id in theirs.lots
        if (found := open_lot(state, lot_id)) is not None
    }


def add_ended(totals: dict[str, int], member_id: str, theirs: Theirs) -> None:
    """Count the tokens that ended in the member's Lots."""
    for name, tokens in theirs.ended.items():
        scope = f"{member_id}/{name}"
        totals[scope] = totals.get(scope, 0) + tokens


def private_events(after: After, member_id: str, theirs: Theirs) -> list[PrivateEvent]:
    """The events of the row for the member."""
    balances, seq = after.state.balances, after.seq
    made: list[tuple[str, Any]] = []
    orders = _orders(after, theirs)
    made.extend(("order", orders[order_id]) for order_id in theirs.orders)
    for trade, order_id in theirs.fills:
        made.append(("fill", (trade, order_id, orders[order_id].client_order_id)))
    if theirs.cash:
        made.append(("cash", cash_of(balances, member_id)))
    totals = after.totals
    made.extend(("units", units_of(balances, totals, member_id, each)) for each in theirs.assets)
    made.extend(("transfer", (each, _sweep_id(each, after))) for each in theirs.transfers)
    made.extend(("lot", _lot(lot_id, after)) for lot_id in theirs.lots)
    made.extend(("usage", usage) for usage in theirs.usages)
    made.extend(("notice", notice) for notice in theirs.notices)
    made.extend(("dispute", dispute) for dispute in theirs.disputes)
    made.extend(("late_report", found) for found in theirs.late_reports)
    return [PrivateEvent(seq, *each) for each in made]


def _orders(after: After, theirs: Theirs) -> dict[str, Order]:
    open_orders = after.state.orders
    closed = {
        event.order.order_id: event.order for event in after.events if type(event) is OrderClosed
    }
    wanted = (*theirs.orders, *(order_id for _, order_id in theirs.fills))
    return {order_id: open_orders.get(order_id) or closed[order_id] for order_id in wanted}


def _lot(lot_id: str, after: After) -> LotThen:
    found = open_lot(after.state, lot_id)
    if found is None:
        closed = [e.lot for e in after.events if type(e) is LotClosed and e.lot.lot_id == lot_id]
        found = as_closed(LotWithParcels(closed[-1], after.parcels.get(lot_id, ())))
    return LotThen(found, after.state.outage_us)


def _sweep_id(transfer: Transfer, after: After) -> str:
    """The sweep that a transfer belongs to, or nothing; the Lot it minted names it."""
    for event in after.events:
        if type(event) is LotMinted and event.lot.lot_id == transfer.lot_id:
            origin = event.lot.origin_id
            return origin if origin.startswith("swp_") else ""
    return ""
