"""Ways to find keys, notices and webhooks; derived from their tables as all of `indices` is.

What they may do is decided in `rules`.
"""

from bisect import insort
from collections import defaultdict

from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.records import Alarm, Key, Member, Webhook


class ControlIndices:
    """Look-ups of what bounds and warns members."""

    def __init__(self) -> None:
        super().__init__()
        self.keys_of: defaultdict[str, list[str]] = defaultdict(list)
        """Key ids by member, revoked ones left out."""
        self.key_by_hash: dict[str, str] = {}
        self.keys_below: defaultdict[str, list[str]] = defaultdict(list)
        """Key ids by the key right above them, revoked ones left out."""
        self.watching: set[str] = set()
        """Members whose settings ask for notices of cash, tokens or Lots."""
        self.alarms: SortedKeys[tuple[int, str]] = SortedKeys()
        """Lots and keys by when a notice of their end is due (wall clock)."""
        self.webhooks_of: defaultdict[str, list[str]] = defaultdict(list)

    def follow_watching(self, member_id: str, member: Member | None) -> None:
        """Members who asked for notices."""
        if member is not None and (
            member.notice_cash_micros or member.notice_tokens or member.notice_lot_lead_us
        ):
            self.watching.add(member_id)
        else:
            self.watching.discard(member_id)

    def follow_keys(self, key_id: str, old: Key | None, new: Key | None) -> None:
        """Keys in force by member, and all by hash."""
        key = new if new is not None else old
        assert key is not None
        was_live = old is not None and old.revoked_at_us is None
        is_live = new is not None and new.revoked_at_us is None
        if is_live and not was_live:
            insort(self.keys_of[key.member_id], key_id)
            if key.parent_id:
                insort(self.keys_below[key.parent_id], key_id)
        elif was_live and not is_live:
            self.keys_of[key.member_id].remove(key_id)
            if key.parent_id:
                self.keys_below[key.parent_id].remove(key_id)
        for each in (old, new):
            for key_hash in (each.key_hash, each.previous_hash) if each is not None else ():
                self.key_by_hash.pop(key_hash, None)
        if new is not None:
            self.key_by_hash[new.key_hash] = key_id
            if new.previous_hash:
                self.key_by_hash[new.previous_hash] = key_id

    def follow_alarms(self, subject_id: str, old: Alarm | None, new: Alarm | None) -> None:
        """When notices of an end are due."""
        if old is not None:
            self.alarms.remove((old.due_us, subject_id))
        if new is not None:
            self.alarms.add((new.due_us, subject_id))

    def follow_webhooks(self, webhook_id: str, old: Webhook | None, new: Webhook | None) -> None:
        """Webhooks by member."""
        if new is not None and old is None:
            insort(self.webhooks_of[new.member_id], webhook_id)
        elif new is None and old is not None:
            self.webhooks_of[old.member_id].remove(webhook_id)
