"""Who calls: a secret to its key and member, and word to open streams when that ends.

What a caller may do is asked for by each method (see `methods`); keys themselves are journaled.
"""

import hmac
import operator
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.secrets import Vault, key_id_of
from thegrid_exchange.clock import Clock
from thegrid_exchange.engine.records import Key, Member
from thegrid_exchange.engine.refusals import Refused

CACHED_SECRETS = 10_000
"""Hashes kept, so that a busy caller is not hashed anew at every call."""

OnRevoked = Callable[[str], None]
"""Told the reason: `KEY_REVOKED`, `KEY_EXPIRED` or `MEMBER_SUSPENDED`."""


class Caller(NamedTuple):
    """An authenticated caller; `scopes` are wire names such as `trade:write`."""

    member_id: str
    key_id: str
    scopes: frozenset[str]
    requests_per_second: int
    concurrent_deliveries: int
    line: tuple[Key, ...] = ()
    """The key, the one above it, and so on to the top: the limits of each hold."""

    def may(self, scope: str) -> bool:
        """Whether the key carries the scope."""
        return scope in self.scopes

    def require(self, scope: str) -> None:
        """Refuse with SCOPE_MISSING unless the key carries the scope."""
        if scope not in self.scopes:
            raise refused(
                "SCOPE_MISSING",
                "authorization",
                f"this key lacks the scope {scope}; use a key that has it",
                metadata={"scope": scope},
            )


class Directory(Protocol):
    """The members view, as far as callers are concerned: folded up to the durable row."""

    @property
    def keys(self) -> Mapping[str, Key]:
        """Every key ever made, by id."""
        ...

    @property
    def members(self) -> Mapping[str, Member]:
        """Every member, by id."""
        ...


class Authenticator:
    """Verifies secrets against the durable keys; knows which streams hang on which key."""

    def __init__(self, vault: Vault, directory: Directory, clock: Clock) -> None:
        self._vault, self._directory, self._clock = vault, directory, clock
        self._callers: OrderedDict[str, tuple[tuple[Key, ...], Caller, str]] = OrderedDict()
        self._watchers: defaultdict[str, set[OnRevoked]] = defaultdict(set)

    def verify(self, secret: str) -> Caller:
        """The caller that the secret belongs to.

        Refused with KEY_MISSING, KEY_UNKNOWN, KEY_REVOKED, KEY_EXPIRED, MEMBER_SUSPENDED.
        """
        if not secret:
            raise refused(
                "KEY_MISSING",
                "authorization",
                "no API key was sent; send metadata `authorization: Bearer <key>`",
            )
        found = self._directory.keys.get(key_id_of(secret))
        presented = "" if found is None else self._hash_of(secret)
        if found is None or not self._fits(presented, found):
            raise refused(
                "KEY_UNKNOWN",
                "authorization",
                "this is no key of this exchange; check that it was copied whole",
            )
        ended = self.ended(found)
        if ended is not None:
            raise ended
        return self._caller(secret, presented, found)

    def _fits(self, presented: str, key: Key) -> bool:
        """Whether a hash is that of the key's secret, or of the one before while that works."""
        if hmac.compare_digest(presented, key.key_hash):
            return True
        until_us = key.previous_until_us
        return (
            until_us is not None
            and self._clock.now_us() < until_us
            and hmac.compare_digest(presented, key.previous_hash)
        )

    def ended(self, key: Key) -> Refused | None:
        """Why the key, or one above it, does not work any more; None while all do."""
        for each in self._line(key):
            ended = self._ended_itself(each)
            if ended is not None:
                return ended
        return None

    def _line(self, key: Key) -> tuple[Key, ...]:
        if not key.parent_id:
            return (key,)
        return (key, *self._line(self._directory.keys[key.parent_id]))

    def _ended_itself(self, key: Key) -> Refused | None:
        if key.revoked_at_us is not None:
            return refused("KEY_REVOKED", "authorization", "this key was revoked; use another key")
        if key.expires_at_us is not None and key.expires_at_us <= self._clock.now_us():
            return refused("KEY_EXPIRED", "authorization", "this key's time has passed; make a new")
        member = self._directory.members.get(key.member_id)
        if member is None or member.suspended:
            return refused(
                "MEMBER_SUSPENDED", "authorization", "the member is suspended; ask the operator"
            )
        return None

    def ended_id(self, key_id: str) -> Refused | None:
        """As `ended`, for a key id; long streams ask it each second, since keys also expire."""
        key = self._directory.keys.get(key_id)
        return None if key is None else self.ended(key)

    def _hash_of(self, secret: str) -> str:
        cached = self._callers.get(secret)
        return cached[2] if cached is not None else self._vault.hash_of(secret)

    def _caller(self, secret: str, presented: str, key: Key) -> Caller:
        cached, line = self._callers.get(secret), self._line(key)
        if cached is not None and all(map(operator.is_, cached[0], line)):
            return cached[1]
        caller = Caller(
            key.member_id,
            key.key_id,
            frozenset(key.scopes),
            key.requests_per_second,
            key.concurrent_deliveries,
            line,
        )
        self._callers[secret] = (line, caller, presented)
        if len(self._callers) > CACHED_SECRETS:
            self._callers.popitem(last=False)
        return caller

    # ---- ends ----------------------------------------------------------------------------------

    def on_revoked(self, key_id: str, callback: OnRevoked) -> Callable[[], None]:
        """Call back once when the key stops working; answers how to take the wish back."""
        self._watchers[key_id].add(callback)

        def forget() -> None:
            watching = self._watchers.get(key_id)
            if watching is not None:
                watching.discard(callback)
                if not watching:
                    del self._watchers[key_id]

        return forget

    def announce(self, key_ids: Iterable[str]) -> None:
        """Tell those who hang on these keys, if the keys have ended; called after each fold."""
        for key_id in key_ids:
            if key_id not in self._watchers:
                continue
            ended = self.ended_id(key_id)
            if ended is not None:
                for callback in tuple(self._watchers.pop(key_id, ())):
                    callback(ended.refusal.reason)

    def watched(self) -> list[str]:
        """Key ids on which something hangs, for the sweep that finds expired ones."""
        return list(self._watchers)
