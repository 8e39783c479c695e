"""What events of suppliers write: admissions, offers, links, ability, collateral, shortfalls.

As in the whole of this package, nothing is decided or worked out here.
"""

from collections.abc import Callable
from typing import Any, Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.state import State


def _supplier_changed(state: State, event: events.SupplierChanged) -> None:
    member_id = event.supplier.member_id
    state.put("suppliers", member_id, event.supplier)
    if event.admission is not None:
        key = (member_id, event.admission.instrument_id)
        state.put("admissions", key, event.admission)


def _offer_registered(state: State, event: events.OfferRegistered) -> None:
    state.put("offers", (event.offer.member_id, event.offer.instrument_id), event.offer)


def _offer_withdrawn(state: State, event: events.OfferWithdrawn) -> None:
    state.delete("offers", (event.member_id, event.instrument_id))


def _told_by_postings(state: State, event: events.Event) -> None:
    """The Units themselves moved with the postings beside this event."""


def _units_renewed(state: State, event: events.UnitsRenewed) -> None:
    state.put("sweeps", event.sweep.sweep_id, event.sweep)


def _availability_changed(state: State, event: events.AvailabilityChanged) -> None:
    state.put("supplier_links", (event.link.member_id, event.link.relay_id), event.link)


def _ability_changed(state: State, event: events.AbilityChanged) -> None:
    for history in event.histories:
        state.put("able_histories", (history.member_id, history.instrument_id), history)


def _collateral_marked(state: State, event: events.CollateralMarked) -> None:
    for mark in event.marks:
        state.put("collateral_marks", mark.member_id, mark)
    if event.window is not None:
        state.put("index_windows", event.window.window_id, event.window)


def _shortfall_recorded(state: State, event: events.ShortfallRecorded) -> None:
    for shortfall in event.shortfalls:
        state.put("shortfalls", shortfall.issuer_id, shortfall)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.SupplierChanged: _supplier_changed,
    events.OfferRegistered: _offer_registered,
    events.OfferWithdrawn: _offer_withdrawn,
    events.UnitsIssued: _told_by_postings,
    events.UnitsRetired: _told_by_postings,
    events.UnitsBoughtBack: _told_by_postings,
    events.UnitsRenewed: _units_renewed,
    events.AvailabilityChanged: _availability_changed,
    events.AbilityChanged: _ability_changed,
    events.CollateralMarked: _collateral_marked,
    events.ShortfallRecorded: _shortfall_recorded,
}
