"""Intents of the operator: policy, instruments, markets, members, money and suppliers.

As with all commands, whether one is allowed is decided by the rules.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    AccountMode,
    DisputePayer,
    FeeTierMode,
    MarketState,
)
from thegrid_exchange.engine.records import (
    InstrumentSpec,
    MarketPolicy,
    MarketTerms,
    MeteringPolicy,
)


class SetPolicy(NamedTuple):
    """Change named figures of the exchange's policy; unknown names are refused."""

    changes: tuple[tuple[str, int], ...]


class DefineInstrument(NamedTuple):
    """Create an instrument with the first version of its contract, and its market."""

    symbol: str
    name: str
    spec: InstrumentSpec
    terms: MarketTerms = MarketTerms()


class PublishSpec(NamedTuple):
    """Publish the next version of a contract, in force from an instant to come; 0 is now."""

    instrument_id: str
    spec: InstrumentSpec
    effective_at_us: int


class SetMarketState(NamedTuple):
    """Open a market, let it take cancels only, or halt it."""

    market_id: str
    state: MarketState
    reason: str = ""


class SetMarketPolicy(NamedTuple):
    """Give a market its own figures for the max-move breaker and for sweep auctions."""

    market_id: str
    policy: MarketPolicy


class StartAuction(NamedTuple):
    """Let a market collect orders for a call auction until an instant, or move that instant."""

    market_id: str
    until_us: int
    reason: str = ""


class SetFeeTier(NamedTuple):
    """Create a fee tier or change it; orders that were accepted before keep their rates."""

    fee_tier: str
    mode: FeeTierMode
    maker_bps: int
    taker_bps: int


class CreateMember(NamedTuple):
    """Admit a participant; `handle` is unique."""

    handle: str
    roles: tuple[str, ...] = ("trader", "consumer")
    affiliation_group: str = ""
    account_mode: AccountMode = "advanced"
    auto_buy_ceiling_micros: int = 0
    prevention_group: str = ""
    fee_tier: str = ""


class UpdateMember(NamedTuple):
    """Change what the operator decides of a member; None leaves it as it is."""

    member_id: str
    prevention_group: str | None = None
    fee_tier: str | None = None
    reason: str = ""
    affiliation_group: str | None = None


class SuspendMember(NamedTuple):
    """Stop a member from trading and consuming; its open orders are cancelled."""

    member_id: str
    reason: str = ""


class ReinstateMember(NamedTuple):
    """Let a suspended member act again."""

    member_id: str


class Deposit(NamedTuple):
    """Credit money that reached the exchange from outside."""

    member_id: str
    amount_micros: int
    reference: str = ""


class Withdraw(NamedTuple):
    """Pay available money out of the exchange."""

    member_id: str
    amount_micros: int
    reference: str = ""


class FundGuarantee(NamedTuple):
    """Credit the house's guarantee from outside; it pays for the venue's own faults."""

    amount_micros: int
    reference: str = ""


class AdmitSupplier(NamedTuple):
    """Admit a member to an instrument and set its pool's verified speed; may be repeated.

    A verified speed of 0 ends the admission to the instrument and leaves the pool as it is.
    """

    member_id: str
    instrument_id: str
    verified_tokens_per_second: int
    reason: str = ""


class SuspendSupplier(NamedTuple):
    """Stop a supplier from issuing and being offered calls; empty instrument means all."""

    member_id: str
    instrument_id: str = ""
    reason: str = ""


class ReinstateSupplier(NamedTuple):
    """Undo a suspension; empty instrument means all."""

    member_id: str
    instrument_id: str = ""
    reason: str = ""


class DefineMeteringPolicy(NamedTuple):
    """Add the next version of the metering policy; the version in `policy` is not read."""

    policy: MeteringPolicy


class RegisterReceiptKey(NamedTuple):
    """Make known the public key that receipts are signed with from now on."""

    key_id: str
    public_key: str


class ResolveDispute(NamedTuple):
    """Decide a dispute: refund so much of the call's cost, or nothing."""

    dispute_id: str
    refund_micros: int
    payer: DisputePayer = "supplier"
    reason: str = ""
