"""Parcels in their queues: taking from the front, putting back, and what their tokens are worth.

These are plain functions for the rules; none of them changes anything.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import fee_micros, number_of, value_between, value_micros
from thegrid_exchange.engine.records import Parcel, ParcelChange
from thegrid_exchange.engine.refusals import InvariantBroken, refuse
from thegrid_exchange.engine.state import State

_PARCELS_PER_TRADE = 1 << 16


class Taken(NamedTuple):
    """Parcels taken from a queue, with their places, and the changes that take them out."""

    parcels: tuple[tuple[int, Parcel], ...]
    changes: tuple[ParcelChange, ...]


def trading_queue(member_id: str, instrument_id: str) -> str:
    """The queue of a member's Units in its Trading account."""
    return f"{member_id}/{instrument_id}"


def parcel_number(trade_id: str, position: int) -> int:
    """The place of a trade's `position`-th parcel: later trades come later."""
    return number_of(trade_id) * _PARCELS_PER_TRADE + position


def take_first(
    state: State, queue_id: str, quantity_units: int, *, max_parcels: int | None = None
) -> Taken:
    """Take Units from the front of a queue that holds at least so many.

    With `max_parcels`, more parcels than that are refused.
    """
    parcels: list[tuple[int, Parcel]] = []
    changes: list[ParcelChange] = []
    wanted = quantity_units
    for number in state.indices.parcel_numbers.get(queue_id, ()):
        if wanted == 0:
            break
        if max_parcels is not None and len(parcels) == max_parcels:
            refuse(
                "WORK_LIMIT",
                "quantity_units",
                f"these Units lie in more than {max_parcels} parcels; "
                f"ask for at most {quantity_units - wanted} at a time",
                limit=quantity_units - wanted,
                value=quantity_units,
            )
        parcel = state.parcels[(queue_id, number)]
        if parcel.quantity_units <= wanted:
            wanted -= parcel.quantity_units
            parcels.append((number, parcel))
            changes.append(ParcelChange(queue_id, number, None))
        else:
            rest_units = parcel.quantity_units - wanted
            parcels.append((number, parcel._replace(quantity_units=wanted)))
            changes.append(
                ParcelChange(queue_id, number, parcel._replace(quantity_units=rest_units))
            )
            wanted = 0
    if wanted:
        raise InvariantBroken(f"queue {queue_id} is {wanted} Units short of its balance")
    return Taken(tuple(parcels), tuple(changes))


def take_last(state: State, queue_id: str, quantity_units: int) -> Taken:
    """Take Units from the end of a queue that holds at least so many."""
    parcels: list[tuple[int, Parcel]] = []
    changes: list[ParcelChange] = []
    wanted = quantity_units
    for number in reversed(state.indices.parcel_numbers.get(queue_id, ())):
        if wanted == 0:
            break
        parcel = state.parcels[(queue_id, number)]
        taken_units = min(parcel.quantity_units, wanted)
        rest_units = parcel.quantity_units - taken_units
        wanted -= taken_units
        rest = parcel._replace(quantity_units=rest_units) if rest_units else None
        parcels.append((number, parcel._replace(quantity_units=taken_units)))
        changes.append(ParcelChange(queue_id, number, rest))
    if wanted:
        raise InvariantBroken(f"queue {queue_id} is {wanted} Units short of its balance")
    return Taken(tuple(parcels), tuple(changes))


def put_back(state: State, queue_id: str, taken: Taken) -> tuple[ParcelChange, ...]:
    """Changes that put parcels at their own places in a queue, joining what was split there."""
    changes = []
    for number, parcel in taken.parcels:
        there = state.parcels.get((queue_id, number))
        if there is not None:
            parcel = parcel._replace(quantity_units=parcel.quantity_units + there.quantity_units)
        changes.append(ParcelChange(queue_id, number, parcel))
    return tuple(changes)


def joined(parcels: list[Parcel]) -> list[Parcel]:
    """Neighbours of equal provenance become one parcel."""
    merged: list[Parcel] = []
    for parcel in parcels:
        if merged and merged[-1]._replace(quantity_units=parcel.quantity_units) == parcel:
            last = merged[-1]
            units = last.quantity_units + parcel.quantity_units
            merged[-1] = last._replace(quantity_units=units)
        else:
            merged.append(parcel)
    return merged


def escrow_between(parcel: Parcel, before_tokens: int, after_tokens: int) -> int:
    """What the issuer's escrow releases as a parcel's ended tokens go from one count to another."""
    return value_between(parcel.issue_price_micros, before_tokens, after_tokens)


def cost_between(parcel: Parcel, before_tokens: int, after_tokens: int) -> int:
    """What these tokens cost their owner."""
    return value_between(parcel.cost_price_micros, before_tokens, after_tokens)


def issue_fee_between(parcel: Parcel, before_tokens: int, after_tokens: int) -> int:
    """The seller's fee on what `escrow_between` releases; never more than that."""
    price_micros, fee_bps = parcel.issue_price_micros, parcel.issue_fee_bps
    return fee_micros(value_micros(price_micros, after_tokens), fee_bps) - fee_micros(
        value_micros(price_micros, before_tokens), fee_bps
    )
