"""Records of how suppliers do: calls counted in buckets of time, standing, changes.

Nothing here computes; what follows from them is decided in `rules`.
"""

from typing import NamedTuple

from thegrid_exchange.engine.quantities import (
    HOUSE,
    BenchmarkStatus,
    StandingCause,
    SupplierStatus,
    Verdict,
)

Bins = tuple[tuple[int, int], ...]
"""A histogram: number of a bin on the logarithmic scale, and how many samples lie in it."""


class CallerCount(NamedTuple):
    """Calls of one caller in a bucket; members of one affiliation group are one caller."""

    caller_id: str
    """Member id, `group:` and the group's name, the house for probes, or empty for all further."""
    calls: int
    faults: int


class PerformanceBucket(NamedTuple):
    """Judged calls of one supplier and instrument in one stretch of time.

    Buckets lie in rings: the slot of an old one is taken by a new one.
    """

    member_id: str
    instrument_id: str
    grain: str
    """`fine` or `coarse`; fine ones are added to the coarse one when the next begins."""
    slot: int
    start_us: int
    length_us: int
    delivered: int = 0
    late: int = 0
    """First token after its deadline."""
    slow: int = 0
    """Too few tokens per second, or silence."""
    failed: int = 0
    refused: int = 0
    """Calls that the supplier would not take."""
    output_tokens: int = 0
    first_token_bins: Bins = ()
    """Milliseconds to the first token, of prompts of the first band."""
    speed_bins: Bins = ()
    """Tokens per second, of answers long enough to tell."""
    callers: tuple[CallerCount, ...] = ()
    divergent: int = 0
    """Calls whose tokens the supplier counted otherwise, by more than the policy allows."""

    @property
    def faults(self) -> int:
        """Calls that were not delivered in spec."""
        return self.late + self.slow + self.failed + self.refused

    @property
    def calls(self) -> int:
        """Calls that were judged."""
        return self.delivered + self.faults

    @property
    def probes(self) -> int:
        """Calls of the venue's own among them."""
        return sum(each.calls for each in self.callers if each.caller_id == HOUSE)


class Performance(NamedTuple):
    """How a supplier did on an instrument over a window that ends now."""

    member_id: str
    instrument_id: str
    window_us: int
    start_us: int
    """Where the oldest bucket that counts begins; the window less at most one bucket."""
    calls: int
    delivered: int
    late: int
    slow: int
    failed: int
    refused: int
    output_tokens: int
    contested_faults: int
    """Faults that one caller saw far more often than all others; they do not count."""
    error_rate_ppm: int | None
    """Share of calls with faults that count; None without calls."""
    first_token_us_p50: int | None
    first_token_us_p95: int | None
    tokens_per_second_p50: int | None
    tokens_per_second_p05: int | None
    """What nineteen of twenty answers reached."""
    uptime_ppm: int | None
    """Share of the window, or of the time since it was first able, in which it was able."""
    probes: int = 0
    """Calls of the venue's own among all."""
    divergent: int = 0
    """Calls whose tokens the supplier counted otherwise, by more than the policy allows."""


class Standing(NamedTuple):
    """Where an admission stands on the ladder from good to suspended and back."""

    member_id: str
    instrument_id: str
    status: SupplierStatus
    cause: StandingCause
    since_us: int
    until_us: int | None
    """When the next step is decided; None when nothing is to be waited for."""
    review_at_us: int | None
    """When figures are looked at again; None until something happens."""
    outage_base_us: int
    suspensions: int = 0
    """How often it was suspended without a time in good standing between; each lasts longer."""


class Finding(NamedTuple):
    """One figure beyond its limit, in the unit that the name ends with."""

    figure: str
    value: int
    limit: int


class Evidence(NamedTuple):
    """What a change of standing rests on."""

    spec_version: int
    findings: tuple[Finding, ...]
    performance: Performance | None = None


class SupplierChange(NamedTuple):
    """One change of a supplier's standing, with what it rests on."""

    change_id: str
    member_id: str
    instrument_id: str
    """Empty for a change in all instruments at once."""
    changed_at_us: int
    before: SupplierStatus
    status: SupplierStatus
    cause: StandingCause
    reason: str
    until_us: int | None
    """When the next step is decided."""
    policy_version: int
    """Version of the exchange's policy by which it was decided."""
    evidence: Evidence | None = None
    benchmark_id: str = ""
    """The benchmark that decided; empty for none."""


class ProbeResult(NamedTuple):
    """What one delivery of the venue's own came to."""

    delivery_id: str
    verdict: Verdict
    cause: str
    prompt_tokens: int
    completion_tokens: int
    first_token_us: int | None
    streamed_us: int | None
    duration_us: int | None
    divergent: bool = False
    """Whether the supplier counted otherwise, by more than the metering policy allows."""


class Benchmark(NamedTuple):
    """A run of probes over one offer, which admits its supplier or refuses it with figures."""

    benchmark_id: str
    member_id: str
    instrument_id: str
    asked_by: str
    """`operator` or `supplier`."""
    spec_version: int
    opened_at_us: int
    deadline_us: int
    outage_base_us: int
    probes_wanted: int
    concurrent_probes: int
    status: BenchmarkStatus
    probes: tuple[ProbeResult, ...] = ()
    """In the order of their ends."""
    closed_at_us: int | None = None
    first_token_us_p50: int | None = None
    first_token_us_p95: int | None = None
    tokens_per_second_p50: int | None = None
    """Median speed of one answer while it streams."""
    measured_tokens_per_second: int = 0
    """Weighted output of all probes in spec together, per second."""
    verified_tokens_per_second: int = 0
    """The share of it that the pool was verified for; 0 when refused."""
    findings: tuple[Finding, ...] = ()
