"""Ways to find offers, performance and standings without looking through tables.

They follow the tables as all indices do; the rest of them is in `indices`.
"""

from bisect import insort
from collections import defaultdict

from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.records import (
    Benchmark,
    Offer,
    PerformanceBucket,
    SpecReview,
    SpecVersion,
    Standing,
)

Deadline = tuple[int, str]
"""An instant on the up-time clock (outages taken off) and the id of what is due then."""


class QualityIndices:
    """Derived look-ups of how suppliers do."""

    def __init__(self) -> None:
        super().__init__()
        self.standing_deadlines: SortedKeys[Deadline] = SortedKeys()
        """Supplier and instrument, with a slash between, by when their figures are looked at."""
        self.benchmark_deadlines: SortedKeys[Deadline] = SortedKeys()
        """Supplier and instrument, with a slash between, by when a running benchmark ends."""
        self.spec_deadlines: SortedKeys[Deadline] = SortedKeys()
        """Instruments by when contracts come into force that offers were not compared with."""
        self.performance_slots: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
        """Slots of a ring that hold a bucket, by supplier, instrument and grain."""
        self.performance_heads: dict[tuple[str, str], int] = {}
        """Slot of the newest fine bucket, by supplier and instrument."""
        self.spec_effective_us: dict[tuple[str, int], int] = {}
        self.specs_reviewed: dict[str, int] = {}
        self.offers_of: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Suppliers with an offer, by instrument."""

    performance: dict[tuple[str, str, str, int], PerformanceBucket]
    """The table, lent by the state: the newest bucket is looked for in it."""

    def follow_performance(
        self,
        key: tuple[str, str, str, int],
        old: PerformanceBucket | None,
        new: PerformanceBucket | None,
    ) -> None:
        """Slots in use, and the newest fine bucket."""
        if old is not None and new is not None and old.start_us == new.start_us:
            return
        member_id, instrument_id, grain, slot = key
        slots = self.performance_slots[key[:3]]
        if old is None:
            insort(slots, slot)
        elif new is None:
            slots.remove(slot)
        if grain != "fine":
            return
        pair = (member_id, instrument_id)
        if slots:
            table = self.performance
            self.performance_heads[pair] = max(
                slots, key=lambda each: table[(*pair, "fine", each)].start_us
            )
        else:
            self.performance_heads.pop(pair, None)

    def follow_offers(self, key: tuple[str, str], old: Offer | None, new: Offer | None) -> None:
        """Offers by instrument."""
        member_id, instrument_id = key
        follow_presence(self.offers_of[instrument_id], member_id, old, new)

    def follow_standings(
        self, key: tuple[str, str], old: Standing | None, new: Standing | None
    ) -> None:
        """When standings are reviewed."""
        for standing, present in ((old, False), (new, True)):
            if standing is not None and standing.review_at_us is not None:
                due_us = standing.review_at_us - standing.outage_base_us
                set_key(self.standing_deadlines, (due_us, "/".join(key)), present)

    def follow_benchmarks(
        self, key: tuple[str, str], old: Benchmark | None, new: Benchmark | None
    ) -> None:
        """When benchmarks that still run are ended."""
        for benchmark, present in ((old, False), (new, True)):
            if benchmark is not None and benchmark.status == "running":
                due_us = benchmark.deadline_us - benchmark.outage_base_us
                set_key(self.benchmark_deadlines, (due_us, "/".join(key)), present)

    def follow_spec_versions(
        self, key: tuple[str, int], old: SpecVersion | None, new: SpecVersion | None
    ) -> None:
        """Contracts that offers are to be compared with; the first has none before it."""
        if old is not None:
            self._set_spec(key, present=False)
            del self.spec_effective_us[key]
        if new is not None:
            self.spec_effective_us[key] = new.effective_at_us
            self._set_spec(key, present=True)

    def follow_spec_reviews(
        self, instrument_id: str, old: SpecReview | None, new: SpecReview | None
    ) -> None:
        """Contracts that offers were compared with."""
        before = old.version if old is not None else 1
        after = new.version if new is not None else 1
        for version in range(before + 1, after + 1):
            self._set_spec((instrument_id, version), present=False)
        self.specs_reviewed[instrument_id] = after
        for version in range(after + 1, before + 1):
            self._set_spec((instrument_id, version), present=True)

    def _set_spec(self, key: tuple[str, int], *, present: bool) -> None:
        instrument_id, version = key
        effective_us = self.spec_effective_us.get(key)
        if effective_us is not None and version > self.specs_reviewed.get(instrument_id, 1):
            set_key(self.spec_deadlines, (effective_us, f"{instrument_id}/{version}"), present)


def set_key(
    keys: SortedKeys[Deadline] | SortedKeys[str], key: Deadline | str, present: bool
) -> None:
    """Let a key be there or not."""
    if present:
        keys.add(key)  # type: ignore[arg-type]  # both kinds come here, each with its own keys
    else:
        keys.remove(key)  # type: ignore[arg-type]


def follow_presence(keys: SortedKeys[str], key: str, old: object, new: object) -> None:
    """Let a key be there when its row is."""
    if (old is None) != (new is None):
        set_key(keys, key, new is not None)
