"""Intents of suppliers: offers, issuance, collateral, and where they are connected.

As with all commands, whether one is allowed is decided by the rules.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import Verdict
from thegrid_exchange.engine.records import TokenCounts


class RegisterOffer(NamedTuple):
    """Say with which model, and how well, a supplier answers an instrument; may be repeated."""

    member_id: str
    instrument_id: str
    model: str
    quality_score: int
    context_tokens: int
    output_tokens: int
    tokens_per_second: int
    first_token_us: int
    concurrent_deliveries: int
    capabilities: tuple[str, ...] = ()
    honoured_fields: tuple[str, ...] = ()
    region: str = ""
    data_policy: str = ""
    embedding_space: str = ""


class WithdrawOffer(NamedTuple):
    """Take an offer back; Units already sold stay owed."""

    member_id: str
    instrument_id: str


class IssueUnits(NamedTuple):
    """Create Units to sell, within the capacity pool."""

    member_id: str
    instrument_id: str
    quantity_units: int


class RetireUnits(NamedTuple):
    """Take unsold, unlisted Units back."""

    member_id: str
    instrument_id: str
    quantity_units: int


class PostCollateral(NamedTuple):
    """Move available cash into the collateral."""

    member_id: str
    amount_micros: int


class WithdrawCollateral(NamedTuple):
    """Move collateral that is not required back into the available cash."""

    member_id: str
    amount_micros: int


class SetRenewal(NamedTuple):
    """Say whether sweeps leave the supplier's unsold Units of an instrument as they are."""

    member_id: str
    instrument_id: str
    renews_unsold: bool


class Availability(NamedTuple):
    """A relay tells that a supplier's link came up, changed or went down."""

    member_id: str
    relay_id: str
    instrument_ids: tuple[str, ...]
    connected: bool


class OpenBenchmark(NamedTuple):
    """Ask that an offer be measured by probes and, if it keeps the contract, admitted."""

    member_id: str
    instrument_id: str
    asked_by: str
    """`operator` or `supplier`."""


class ReportProbe(NamedTuple):
    """Tell what a delivery of the venue's own came to."""

    member_id: str
    instrument_id: str
    delivery_id: str
    verdict: Verdict
    cause: str
    canonical: TokenCounts
    by_supplier: TokenCounts | None = None
    first_token_us: int | None = None
    streamed_us: int | None = None
    duration_us: int | None = None
    benchmark_id: str = ""
    """The benchmark that it is part of; empty for one of those that go on."""
