"""The waiting room: calls for which every supplier is busy, served by turns between members.
Which supplier may serve which call, and who has a slot, is told by the suppliers.
"""

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from thegrid_exchange.delivery.limits import DeliveryLimits


class Waiter:
    """One call that waits: `grant` is told the slot it got, `dismiss` that none will come."""

    __slots__ = ("dismiss", "grant", "instrument_id", "member_id", "wants")

    def __init__(
        self,
        instrument_id: str,
        member_id: str,
        wants: Any,
        grant: Callable[[Any], None],
        dismiss: Callable[[], None],
    ) -> None:
        self.instrument_id, self.member_id = instrument_id, member_id
        self.wants, self.grant, self.dismiss = wants, grant, dismiss


class WaitingRoom:
    """Bounded queues by instrument and member."""

    def __init__(self, limits: DeliveryLimits) -> None:
        self._limits = limits
        self._queues: defaultdict[str, OrderedDict[str, deque[Waiter]]] = defaultdict(OrderedDict)
        self._sizes: defaultdict[str, int] = defaultdict(int)

    def has_place(self, instrument_id: str, member_id: str) -> bool:
        """Whether one more call of this member may wait."""
        if self._sizes[instrument_id] >= self._limits.waiting_deliveries:
            return False
        queue = self._queues[instrument_id].get(member_id)
        return queue is None or len(queue) < self._limits.waiting_deliveries_per_member

    def enter(self, waiter: Waiter) -> None:
        """Wait behind the member's own calls."""
        self._queues[waiter.instrument_id].setdefault(waiter.member_id, deque()).append(waiter)
        self._sizes[waiter.instrument_id] += 1

    def leave(self, waiter: Waiter) -> None:
        """Wait no more; one that is not here is no mistake."""
        queues = self._queues[waiter.instrument_id]
        queue = queues.get(waiter.member_id)
        if queue is None or waiter not in queue:
            return
        queue.remove(waiter)
        self._sizes[waiter.instrument_id] -= 1
        if not queue:
            del queues[waiter.member_id]

    def next(self, instrument_id: str, suits: Callable[[Any], bool]) -> Waiter | None:
        """Take out the first call that suits, of the member whose turn it is or a later one."""
        queues = self._queues.get(instrument_id) or OrderedDict()
        turns = ((member_id, waiter) for member_id, queue in queues.items() for waiter in queue)
        for member_id, waiter in turns:
            if suits(waiter.wants):
                self.leave(waiter)
                if member_id in queues:
                    queues.move_to_end(member_id)
                return waiter
        return None

    def dismiss(self, instrument_id: str, is_hopeless: Callable[[Any], bool]) -> None:
        """Send away every call for which there is no hope."""
        queues = self._queues[instrument_id]
        for waiter in [waiter for queue in queues.values() for waiter in queue]:
            if is_hopeless(waiter.wants):
                self.leave(waiter)
                waiter.dismiss()

    def waiting(self, instrument_id: str) -> int:
        """Calls that wait for this instrument."""
        return self._sizes[instrument_id]
