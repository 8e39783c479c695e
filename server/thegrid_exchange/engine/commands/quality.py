"""Intents about the quality of supply: asking for a benchmark, and telling what a probe came to.

As with all commands, whether one is allowed is decided by the rules.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import Verdict


class OpenBenchmark(NamedTuple):
    """Ask that an offer be measured and, if it keeps the contract, admitted."""

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
    prompt_tokens: int
    completion_tokens: int
    first_token_us: int | None = None
    streamed_us: int | None = None
    duration_us: int | None = None
    benchmark_id: str = ""
