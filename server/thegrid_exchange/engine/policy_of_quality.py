"""The named figures by which suppliers are measured, judged, suspended and reinstated.

They are part of `policy`, which is where a rule asks for one.
"""

from typing import Final, NamedTuple

from thegrid_exchange.engine.quantities import HOUR_US, SECOND_US


class PolicyTerm(NamedTuple):
    """A figure's default and the range it must lie in, in the unit its name ends with."""

    default: int
    least: int
    greatest: int
    meaning: str


_DAY_US: Final = 24 * HOUR_US
_MINUTE_US: Final = 60 * SECOND_US
_YEAR_US: Final = 365 * _DAY_US

QUALITY_TERMS: Final[dict[str, PolicyTerm]] = {
    "performance_fine_us": PolicyTerm(
        5 * _MINUTE_US, SECOND_US, HOUR_US, "Length of the buckets of the short window."
    ),
    "performance_coarse_us": PolicyTerm(
        HOUR_US, _MINUTE_US, _DAY_US, "Length of the buckets of the middle and the long window."
    ),
    "performance_short_us": PolicyTerm(
        HOUR_US, _MINUTE_US, _DAY_US, "The short window of performance; suspension goes by it."
    ),
    "performance_middle_us": PolicyTerm(
        _DAY_US, HOUR_US, 7 * _DAY_US, "The middle window of performance."
    ),
    "performance_long_us": PolicyTerm(
        7 * _DAY_US, HOUR_US, 31 * _DAY_US, "The long window of performance."
    ),
    "performance_speed_tokens": PolicyTerm(
        64, 1, 100_000, "Least answer whose speed counts in performance."
    ),
    "performance_callers": PolicyTerm(
        32, 1, 1_000, "Callers told apart in one bucket; further ones count as one."
    ),
    "performance_caller_samples": PolicyTerm(
        20, 0, 1_000_000, "Time samples of one caller that a bucket takes whatever its share."
    ),
    "performance_caller_per_mille": PolicyTerm(
        300, 0, 1_000, "Share of a bucket's calls above which a caller adds no time samples."
    ),
    "performance_other_calls": PolicyTerm(
        4, 1, 1_000_000, "Calls of others from which an excess of faults is contested."
    ),
    "performance_contested_callers": PolicyTerm(
        2, 1, 1_000, "Callers whose excess of faults beyond what all others saw does not count."
    ),
    "ability_memory_us": PolicyTerm(
        8 * _DAY_US, HOUR_US, _YEAR_US, "How long it is kept when a supplier was able to serve."
    ),
    "standing_enforced": PolicyTerm(
        1, 0, 1, "1: a warning that is not heeded suspends; 0: it stays a warning."
    ),
    "standing_review_us": PolicyTerm(
        5 * _MINUTE_US, SECOND_US, _DAY_US, "From a judged call to the look at the figures."
    ),
    "standing_min_calls": PolicyTerm(
        20, 1, 1_000_000, "Calls in the short window from which faults are judged."
    ),
    "standing_min_faults": PolicyTerm(
        3, 1, 1_000_000, "Faults in the short window below which nobody is warned."
    ),
    "standing_uptime_us": PolicyTerm(
        _DAY_US, HOUR_US, 7 * _DAY_US, "Window over which uptime is judged, once it has passed."
    ),
    "warning_us": PolicyTerm(
        HOUR_US, _MINUTE_US, 31 * _DAY_US, "From a warning to the suspension it announces."
    ),
    "offer_warning_us": PolicyTerm(
        _DAY_US, _MINUTE_US, 31 * _DAY_US, "The same for an offer that a new contract overtook."
    ),
    "suspension_us": PolicyTerm(
        4 * HOUR_US, _MINUTE_US, _YEAR_US, "First suspension; the n-th in a row lasts n times this."
    ),
    "probation_us": PolicyTerm(
        4 * HOUR_US,
        _MINUTE_US,
        _YEAR_US,
        "Probation after a suspension.",
    ),
    "probation_calls": PolicyTerm(
        8, 1, 1_000_000, "Judged calls on probation from which any excess of faults suspends again."
    ),
    "probation_deliveries": PolicyTerm(
        1, 1, 100_000, "Calls at once that a supplier on probation gets."
    ),
    "self_admission": PolicyTerm(
        0, 0, 1, "1: a supplier may ask for the benchmark that admits it; 0: the operator does."
    ),
    "benchmark_probes": PolicyTerm(16, 1, 256, "Probes of one benchmark."),
    "benchmark_deliveries": PolicyTerm(
        8, 1, 256, "Probes of a benchmark at once, if the offer takes as many."
    ),
    "benchmark_faults": PolicyTerm(
        1, 0, 256, "Faulty probes that a benchmark forgives, if its contract forgives no more."
    ),
    "benchmark_us": PolicyTerm(
        10 * _MINUTE_US, SECOND_US, _DAY_US, "Time a benchmark has before it is judged as it is."
    ),
    "benchmark_speed_per_mille": PolicyTerm(
        800, 1, 1_000, "Share of the measured speed that a benchmark verifies."
    ),
    "probes_per_hour": PolicyTerm(
        6, 0, 3_600, "Probes of each offer that is able to serve, per hour; 0: none."
    ),
    "probe_prompt_tokens": PolicyTerm(
        1_000, 16, 1_000_000, "About the longest prompt of a probe, within the first band."
    ),
    "probe_output_tokens": PolicyTerm(
        128, 1, 100_000, "Most output that a probe asks for, within what the contract gives."
    ),
}
"""Every figure of quality; a change of any is a new version of the exchange's policy."""
