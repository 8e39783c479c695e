"""Records of members and of their keys.

Nothing here computes; the tables that hold them are in `state`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    AccountMode,
    FeeTierMode,
    SelfTradePrevention,
)


class Member(NamedTuple):
    """One participant and its settings."""

    member_id: str
    handle: str
    roles: tuple[str, ...]
    """Of `trader`, `consumer`, `supplier`, `operator`."""
    affiliation_group: str
    """Members of one non-empty group count as one for statistics and capacity."""
    suspended: bool
    account_mode: AccountMode
    auto_buy_ceiling_micros: int
    """Highest price per Unit for automatic purchases; 0 buys nothing."""
    auto_buy_units: int
    """Least number of Units bought at a time by automatic purchases."""
    auto_transfer: bool
    self_trade_prevention: SelfTradePrevention
    created_at_us: int
    prevention_group: str = ""
    """Members of one non-empty group do not trade with each other."""
    fee_tier: str = ""
    """The tier that its fees follow; empty for the market's own fees."""


class FeeTier(NamedTuple):
    """What members of a tier pay instead of a market's fees."""

    fee_tier: str
    mode: FeeTierMode
    """`rates`: the figures are the fees; `discount`: they are what falls off the market's fees."""
    maker_bps: int
    taker_bps: int
    """Basis points of the traded value, or of the fee."""


class Key(NamedTuple):
    """An API key; the secret itself never comes here."""

    key_id: str
    member_id: str
    key_hash: str
    label: str
    scopes: tuple[str, ...]
    expires_at_us: int | None
    requests_per_second: int
    """0 leaves the exchange's own limit."""
    concurrent_deliveries: int
    """0 leaves the exchange's own limit."""
    created_at_us: int
    revoked_at_us: int | None = None
    public_key: str = ""
    """Ed25519 public key in hex of a signing key; empty for a bearer key."""
    key_prefix: str = ""
    """The secret's first characters, shown in lists."""
