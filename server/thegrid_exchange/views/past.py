"""What a state says of one member, of one market, and of the whole, as plain values to be printed.

How the state of an earlier moment is had from the journal is told in `recovery`.
"""

from typing import Any

from thegrid_exchange.engine.book import BookSide
from thegrid_exchange.engine.records import Member
from thegrid_exchange.engine.state import State
from thegrid_exchange.views.catalogue import Catalogue
from thegrid_exchange.views.live import trial_balance
from thegrid_exchange.views.lots import deadline_of, open_lot


class Unknown(Exception):
    """There was no such member or market at that moment."""


def member_then(state: State, name: str) -> dict[str, Any]:
    """A member by id or handle: balances by account and asset, open orders, open Lots."""
    member = _member(state, name)
    member_id = member.member_id
    lots = [lot for lot in state.lots.values() if lot.member_id == member_id]
    found = [open_lot(state, lot.lot_id) for lot in sorted(lots, key=deadline_of)]
    return {
        "member": member._asdict(),
        "balances": [
            {"asset": asset, "account": account, "amount": amount}
            for (owner, account, asset), amount in sorted(state.balances.items())
            if owner == member_id
        ],
        "open_orders": [
            state.orders[order_id]._asdict()
            for order_id in sorted(state.indices.open_orders.get(member_id, ()))
        ],
        "open_lots": [
            {
                **each.lot._asdict(),
                "expires_at_us": state.deadline_us(each.lot.expires_at_us, each.lot.outage_base_us),
                "parcels": [_flat(parcel) for parcel in each.parcels],
            }
            for each in found
            if each is not None
        ],
    }


def market_then(state: State, name: str) -> dict[str, Any]:
    """A market by id or symbol: its state, last price, and every level of its book."""
    market = Catalogue(state).market(name)
    if market is None:
        raise Unknown(f"there was no market {name!r} then")
    book = state.indices.books[market.market_id]
    return {
        "market_id": market.market_id,
        "symbol": Catalogue(state).symbol(market.instrument_id),
        "state": market.state,
        "sweep_id": market.sweep_id,
        "last_trade_price_micros": market.last_trade_price_micros or None,
        "bids": _levels(book.buy),
        "asks": _levels(book.sell),
    }


def whole_then(state: State) -> dict[str, Any]:
    """How many things there were, and the trial balance."""
    return {
        "digest": state.digest(),
        "members": len(state.members),
        "markets": len(state.markets),
        "open_orders": len(state.orders),
        "open_lots": len(state.lots),
        "open_deliveries": len(state.reservations),
        "trial_balance": [
            {"asset": asset, "account": account, "amount": amount}
            for asset, account, amount in trial_balance(state)
        ],
    }


def _member(state: State, name: str) -> Member:
    found = state.members.get(name)
    if found is None:
        found = next((each for each in state.members.values() if each.handle == name), None)
    if found is None:
        raise Unknown(f"there was no member {name!r} then")
    return found


def _levels(side: BookSide) -> list[dict[str, Any]]:
    """Best level first, each with its orders in their order of time."""
    return [
        {
            "price_micros": price_micros,
            "quantity_units": level.quantity_units,
            "order_ids": list(level.queue),
        }
        for price_micros, level in side.walk()
    ]


def _flat(record: Any) -> Any:
    """A record and the records inside it as objects."""
    if hasattr(record, "_asdict"):
        return {name: _flat(value) for name, value in record._asdict().items()}
    return [_flat(each) for each in record] if isinstance(record, tuple) else record
