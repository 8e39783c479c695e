"""Members and keys as they are listed, newest first.

Their records lie in the durable state; secrets are nowhere.
"""

from collections import defaultdict
from collections.abc import Sequence

from thegrid_exchange.engine.events import KeyCreated
from thegrid_exchange.engine.quantities import number_of, numbered
from thegrid_exchange.engine.records import Key, Member
from thegrid_exchange.engine.state import State
from thegrid_exchange.journal.protocol import Row


class Members:
    """The participants and every key of each, ended ones included."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._keys_of: defaultdict[str, list[Key]] = defaultdict(list)
        for key in sorted(state.keys.values(), key=lambda key: (key.created_at_us, key.key_id)):
            self._keys_of[key.member_id].append(key)

    def fold(self, rows: Sequence[Row]) -> None:
        """Take the keys that were created."""
        for row in rows:
            for event in row.events:
                if type(event) is KeyCreated:
                    self._keys_of[event.key.member_id].append(event.key)

    def listed(self, before: str, limit: int) -> list[Member]:
        """Members admitted before the given id (empty for the newest), newest first."""
        number = number_of(before) if before else self._state.counters.get("mem", 0) + 1
        found: list[Member] = []
        while number > 1 and len(found) < limit:
            number -= 1
            member = self._state.members.get(numbered("mem", number))
            if member is not None:
                found.append(member)
        return found

    def keys(self, member_id: str, skip: int, limit: int) -> list[Key]:
        """Keys of a member, newest first, as they stand now; `skip` counts from the oldest."""
        keys = self._keys_of.get(member_id, [])
        end = len(keys) if skip < 0 else min(skip, len(keys))
        return [self._state.keys[key.key_id] for key in reversed(keys[max(0, end - limit) : end])]

    def key_ids(self, member_id: str) -> list[str]:
        """Ids of all keys the member ever had."""
        return [key.key_id for key in self._keys_of.get(member_id, ())]

    def key_count(self, member_id: str) -> int:
        """How many keys the member ever had."""
        return len(self._keys_of.get(member_id, ()))
