"""The waiting room: calls for which every supplier is busy, served by turns between members.
Which supplier may serve which call, and who has a slot, is told by the suppliers.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable
from itertools import count
from typing import Any

from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.parts import Failure


class Waiter:
    """One call that waits: `grant` is told the slot it got; `dismiss` that none will come, for the
    reason given or, without one, because no supplier could serve it any more.
    """

    __slots__ = ("dismiss", "grant", "instrument_id", "member_id", "number", "wants")

    def __init__(
        self,
        instrument_id: str,
        member_id: str,
        wants: Hashable,
        grant: Callable[[Any], None],
        dismiss: Callable[[Failure | None], None],
    ) -> None:
        self.instrument_id, self.member_id = instrument_id, member_id
        self.wants, self.grant, self.dismiss = wants, grant, dismiss
        self.number = 0
        """Which came before which; 0 for one that does not wait."""


class _Line:
    """The calls of one member in the order in which they came, those that want the same together.

    Calls that want the same suit the same suppliers, so that only the first of each kind is ever
    looked at, and nobody is slowed down by those behind it.
    """

    __slots__ = ("kinds", "size")

    def __init__(self) -> None:
        self.kinds: dict[Hashable, OrderedDict[int, Waiter]] = {}
        self.size = 0

    def add(self, waiter: Waiter) -> None:
        self.kinds.setdefault(waiter.wants, OrderedDict())[waiter.number] = waiter
        self.size += 1

    def remove(self, waiter: Waiter) -> None:
        kind = self.kinds[waiter.wants]
        del kind[waiter.number]
        self.size -= 1
        if not kind:
            del self.kinds[waiter.wants]

    def first(self, suits: Callable[[Any], bool]) -> Waiter | None:
        heads = [next(iter(kind.values())) for wants, kind in self.kinds.items() if suits(wants)]
        return min(heads, key=lambda waiter: waiter.number, default=None)

    def newest(self) -> Waiter:
        tails = [next(reversed(kind.values())) for kind in self.kinds.values()]
        return max(tails, key=lambda waiter: waiter.number)


class _Queue:
    """The calls that wait for one instrument: a line for each member, in the order of turns."""

    __slots__ = ("_by_size", "lines", "longest", "size")

    def __init__(self) -> None:
        self.lines: OrderedDict[str, _Line] = OrderedDict()
        self.size = 0
        self._by_size: defaultdict[int, OrderedDict[str, None]] = defaultdict(OrderedDict)
        self.longest = 0
        """Length of the longest line."""

    def add(self, waiter: Waiter) -> None:
        line = self.lines.get(waiter.member_id)
        if line is None:
            line = self.lines[waiter.member_id] = _Line()
        line.add(waiter)
        self._resized(waiter.member_id, line.size - 1, line.size)

    def remove(self, waiter: Waiter) -> None:
        line = self.lines[waiter.member_id]
        line.remove(waiter)
        self._resized(waiter.member_id, line.size + 1, line.size)
        if not line.size:
            del self.lines[waiter.member_id]

    def has_turned(self, member_id: str) -> None:
        """The member was served: the others come first now."""
        if member_id in self.lines:
            self.lines.move_to_end(member_id)

    def length(self, member_id: str) -> int:
        line = self.lines.get(member_id)
        return 0 if line is None else line.size

    def newest_of_longest(self) -> Waiter:
        return self.lines[next(iter(self._by_size[self.longest]))].newest()

    def _resized(self, member_id: str, old: int, new: int) -> None:
        self.size += new - old
        if old:
            del self._by_size[old][member_id]
        if new:
            self._by_size[new][member_id] = None
        self.longest = max(self.longest, new)
        while self.longest and not self._by_size[self.longest]:
            del self._by_size[self.longest]
            self.longest -= 1


class WaitingRoom:
    """Bounded queues by instrument and member; whatever is done with one call costs the same,
    however many wait, as long as they want the same.
    """

    def __init__(self, limits: DeliveryLimits) -> None:
        self._limits = limits
        self._queues: defaultdict[str, _Queue] = defaultdict(_Queue)
        self._numbers = count(1)

    def refusal(self, instrument_id: str, member_id: str) -> Failure | None:
        """Why one more call of this member may not wait; None when it may.

        In a full room it may when another member's line is so much longer that it is fair to
        shorten it.
        """
        queue = self._queues[instrument_id]
        own, most_own = queue.length(member_id), self._limits.waiting_deliveries_per_member
        if own >= most_own:
            return self._full("waiting_deliveries_per_member", most_own, own, "of yours")
        most = self._limits.waiting_deliveries
        if queue.size >= most and own + 1 >= queue.longest:
            return self._full("waiting_deliveries", most, queue.size, "of all members")
        return None

    def _full(self, name: str, limit: int, value: int, whose: str) -> Failure:
        return Failure(
            "SATURATED",
            f"every supplier is busy and {value} calls {whose} wait already, the greatest number"
            f" ({name}); wait for some to end",
            name,
            limit,
            value,
            self._limits.retry_us,
        )

    def enter(self, waiter: Waiter) -> None:
        """Wait behind the member's own calls; in a full room the longest line gives up its last."""
        queue = self._queues[waiter.instrument_id]
        waiter.number = next(self._numbers)
        queue.add(waiter)
        if queue.size > self._limits.waiting_deliveries:
            displaced = queue.newest_of_longest()
            own = queue.longest
            self.leave(displaced)
            most = self._limits.waiting_deliveries
            displaced.dismiss(self._full("waiting_deliveries", most, most, f"({own} of yours)"))

    def leave(self, waiter: Waiter) -> None:
        """Wait no more; one that is not here is no mistake."""
        if waiter.number:
            self._queues[waiter.instrument_id].remove(waiter)
            waiter.number = 0

    def next(self, instrument_id: str, suits: Callable[[Any], bool]) -> Waiter | None:
        """Take out the first call that suits, of the member whose turn it is or a later one."""
        queue = self._queues[instrument_id]
        known: dict[Hashable, bool] = {}

        def suits_once(wants: Hashable) -> bool:
            if wants not in known:
                known[wants] = suits(wants)
            return known[wants]

        for member_id, line in queue.lines.items():
            waiter = line.first(suits_once)
            if waiter is not None:
                self.leave(waiter)
                queue.has_turned(member_id)
                return waiter
        return None

    def dismiss(self, instrument_id: str, is_hopeless: Callable[[Any], bool]) -> None:
        """Send away every call for which there is no hope."""
        hopeless = [
            waiter
            for line in self._queues[instrument_id].lines.values()
            for wants, kind in line.kinds.items()
            if is_hopeless(wants)
            for waiter in kind.values()
        ]
        for waiter in hopeless:
            self.leave(waiter)
            waiter.dismiss(None)

    def waiting(self, instrument_id: str) -> int:
        """Calls that wait for this instrument."""
        return self._queues[instrument_id].size
