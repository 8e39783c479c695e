"""Who calls: a secret to its key and member, and word to open streams when that ends.

What a caller may do is asked for by each method (see `methods`); keys themselves are journaled.
"""

import hmac
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
        self._callers: OrderedDict[str, tuple[Key, Caller, str]] = OrderedDict()
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
        if found is None or not hmac.compare_digest(self._hash_of(secret, found), found.key_hash):
            raise refused(
                "KEY_UNKNOWN",
                "authorization",
                "this is no key of this exchange; check that it was copied whole",
            )
        ended = self.ended(found)
        if ended is not None:
            raise ended
        return self._caller(secret, found)

    def ended(self, key: Key) -> Refused | None:
        """Why the key does not work any more, or None while it does."""
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

    def _hash_of(self, secret: str, key: Key) -> str:
        cached = self._callers.get(secret)
        return cached[2] if cached is not None else self._vault.hash_of(secret)

    def _caller(self, secret: str, key: Key) -> Caller:
        cached = self._callers.get(secret)
        if cached is not None and cached[0] is key:
            return cached[1]
        caller = Caller(
            key.member_id,
            key.key_id,
            frozenset(key.scopes),
            key.requests_per_second,
            key.concurrent_deliveries,
        )
        self._callers[secret] = (key, caller, key.key_hash)
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
