"""Writing what is known of how suppliers do: performance, standing, benchmarks.

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


def _benchmark_changed(state: State, event: events.BenchmarkChanged) -> None:
    benchmark = event.benchmark
    key = (benchmark.member_id, benchmark.instrument_id)
    known = state.benchmarks.get(key)
    state.put("benchmarks", key, benchmark)
    if known is None or known.benchmark_id != benchmark.benchmark_id:
        state.count(benchmark.benchmark_id)


APPLIERS: Final[dict[type[Any], Callable[[State, Any], None]]] = {
    events.PerformanceNoted: _performance_noted,
    events.BenchmarkChanged: _benchmark_changed,
    events.StandingSet: _standing_set,
    events.SupplierChangeRecorded: _supplier_change_recorded,
    events.SpecReviewed: _spec_reviewed,
}
