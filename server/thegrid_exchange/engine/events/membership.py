"""Events of the ledger, of the operator, of members and of keys.

Applying one is a plain write (see `apply`).
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import MarketState
from thegrid_exchange.engine.records import (
    FeeTier,
    Instrument,
    Key,
    Market,
    MarketPolicy,
    Member,
    Posting,
    SpecVersion,
)


class Posted(NamedTuple):
    """A double entry: the amounts of each asset sum to zero.

    `cause` is one of `deposit withdrawal hold release trade issue retire buy_back list unlist bind
    unbind transfer reserve unreserve consume expire venue_fault guarantee`; `reference` names the
    order, trade, lot, delivery or outside reference it belongs to.
    """

    postings: tuple[Posting, ...]
    cause: str
    reference: str = ""


class PolicyChanged(NamedTuple):
    """Named figures now have these values."""

    changes: tuple[tuple[str, int], ...]
    version: int = 0
    """Version of the policy from now on; 0 in rows written before it was counted."""


class InstrumentDefined(NamedTuple):
    """A new instrument, its first contract and its market."""

    instrument: Instrument
    spec_version: SpecVersion
    market: Market


class SpecPublished(NamedTuple):
    """A further version of a contract; it takes force at its `effective_at_us`."""

    spec_version: SpecVersion


class MarketStateChanged(NamedTuple):
    """A market is now in this state."""

    market_id: str
    state: MarketState
    reason: str


class MarketPolicyChanged(NamedTuple):
    """A market's own figures now read so."""

    market_id: str
    policy: MarketPolicy


class FeeTierSet(NamedTuple):
    """A fee tier now reads so."""

    tier: FeeTier


class MemberCreated(NamedTuple):
    """A new participant."""

    member: Member


class MemberChanged(NamedTuple):
    """A participant's record now reads so; `reason` is given by who changed it."""

    member: Member
    reason: str = ""


class KeyCreated(NamedTuple):
    """A new key."""

    key: Key


class KeyRevoked(NamedTuple):
    """A key no longer works."""

    key_id: str
    member_id: str
    revoked_at_us: int
    descendant_ids: tuple[str, ...] = ()
    """Keys below it that end with it."""
