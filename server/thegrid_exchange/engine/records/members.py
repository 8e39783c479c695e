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
    auto_buy_day_ceiling_micros: int = 0
    """Most that automatic purchases spend in one UTC day, fees included; 0 for no such bound."""
    auto_buy_threshold_tokens: int = 0
    """Free tokens of an instrument below which auto mode buys ahead of need; 0 never does."""
    notice_cash_micros: int = 0
    """Available cash below which a notice is given; 0 gives none."""
    notice_tokens: int = 0
    """Free tokens of an instrument below which a notice is given; 0 gives none."""
    notice_lot_lead_us: int = 0
    """How long before a Lot expires a notice is given; 0 gives none."""
    notice_key_lead_us: int = 0
    """How long before a key expires a notice is given; 0 gives none."""


class FeeTier(NamedTuple):
    """What members of a tier pay instead of a market's fees."""

    fee_tier: str
    mode: FeeTierMode
    """`rates`: the figures are the fees; `discount`: they are what falls off the market's fees."""
    maker_bps: int
    taker_bps: int
    """Basis points of the traded value, or of the fee."""


class KeyLimits(NamedTuple):
    """What a key, and all keys below it together, may do; 0 or empty sets no bound."""

    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    """Prompt and output of calls: set aside at admission, given back when unused."""
    spend_per_day_micros: int = 0
    """Cost of what its calls use in one UTC day."""
    spend_per_month_micros: int = 0
    """Cost of what its calls use in one UTC month."""
    instrument_ids: tuple[str, ...] = ()
    """The only instruments that its calls may use; empty allows all."""


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
    limits: KeyLimits = KeyLimits()
    parent_id: str = ""
    """The key above it, whose limits count its calls too and whose end ends it; empty for none."""
    previous_hash: str = ""
    """Keyed hash of the secret before the last rotation."""
    previous_until_us: int | None = None
    """Until when that secret still works; None for not at all."""
