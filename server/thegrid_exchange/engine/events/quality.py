"""Events of how suppliers do: performance, standing.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.records import (
    Benchmark,
    PerformanceBucket,
    SpecReview,
    Standing,
    SupplierChange,
)


class PerformanceNoted(NamedTuple):
    """Judged calls were counted: these buckets now read so."""

    buckets: tuple[PerformanceBucket, ...]


class StandingSet(NamedTuple):
    """An admission's place on the ladder now reads so; `change` when the status moved."""

    standing: Standing
    change: SupplierChange | None = None


class SupplierChangeRecorded(NamedTuple):
    """A change that touches all instruments of a supplier, or one it is not admitted to."""

    change: SupplierChange


class SpecReviewed(NamedTuple):
    """Offers were compared with a contract that has come into force, as far as this says."""

    review: SpecReview


class BenchmarkChanged(NamedTuple):
    """A benchmark was opened, has come on by a probe, or is closed; it moved no Units, no money."""

    benchmark: Benchmark
