"""Ways to find disputes of usage records; derived from their table as all of `indices` is.

What a dispute may become is decided in `rules.disputes`.
"""

from collections import defaultdict

from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.records import Dispute


class DisputeIndices:
    """Look-ups of disputes."""

    def __init__(self) -> None:
        super().__init__()
        self.dispute_of: dict[str, str] = {}
        """Disputes by usage record."""
        self.open_disputes: defaultdict[str, SortedKeys[str]] = defaultdict(SortedKeys)
        """Undecided disputes by member."""
        self.decided_disputes: SortedKeys[tuple[int, str]] = SortedKeys()
        """Decided disputes by when their calls were settled (wall clock)."""

    def follow_disputes(self, dispute_id: str, old: Dispute | None, new: Dispute | None) -> None:
        """Disputes by record, open ones by member, and decided ones by when they were settled."""
        if old is not None:
            del self.dispute_of[old.usage_id]
            if old.status == "open":
                self.open_disputes[old.member_id].remove(dispute_id)
            else:
                self.decided_disputes.remove((old.settled_at_us, dispute_id))
        if new is not None:
            self.dispute_of[new.usage_id] = dispute_id
            if new.status == "open":
                self.open_disputes[new.member_id].add(dispute_id)
            else:
                self.decided_disputes.add((new.settled_at_us, dispute_id))
