"""Writing what is known of how suppliers do: performance, standing.

Nothing is decided or worked out here.
"""

from collections.abc import Callable
from typing import Any, Final

from thegrid_exchange.engine import events
from thegrid_exchange.engine.records import SupplierChange
from thegrid_exchange.engine.state import State


def _performance_noted(state: State, event: events.PerformanceNoted) -> None:
    for bucket in event.buckets:
        key = (bucket.member_id, bucket.instrument_id, bucket.grain, bucket.slot)
        state.put("performance", key, bucket)


def _standing_set(state: State, event: events.StandingSet) -> None:
    standing = event.standing
    state.put("standings", (standing.member_id, standing.instrument_id), standing)
    if event.change is not None:
        _count(state, event.change)


def _supplier_change_recorded(state: State, event: events.SupplierChangeRecorded) -> None:
    _count(state, event.change)


def _count(state: State, change: SupplierChange) -> None:
    state.count(change.change_id)


def _spec_reviewed(state: State, event: events.SpecReviewed) -> None:
    state.put("spec_reviews", event.review.instrument_id, event.review)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.PerformanceNoted: _performance_noted,
    events.StandingSet: _standing_set,
    events.SupplierChangeRecorded: _supplier_change_recorded,
    events.SpecReviewed: _spec_reviewed,
}
