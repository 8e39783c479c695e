"""Faults to plant in performance, standing, offers, benchmarks and probes.

All others, and the list of them all, are in `mutants`.
"""

from typing import Final

from tests.simulation.mutants_of_orders import Mutant

QUALITY: Final = "tests/engine/test_quality.py"
BENCHMARKS: Final = "tests/engine/test_benchmarks.py"

QUALITY_MUTANTS: Final = (
    Mutant(
        "calls inside an affiliation group make a record",
        "engine/rules/performance.py",
        "if caller_id != caller_of(state, judged.member_id):",
        "if caller_id:",
        QUALITY,
    ),
    Mutant(
        "who rescued a call bears the fault of who was tried before",
        "engine/rules/performance.py",
        "Judged(attempt.supplier_id, usage.instrument_id,",
        "Judged(usage.supplier_id, usage.instrument_id,",
        QUALITY,
    ),
    Mutant(
        "one caller's faults make a record",
        "engine/rules/performance.py",
        "return sum(max(each.faults - _ceil(each.calls * faults, calls), 0) for each in worst)",
        "return 0",
        QUALITY,
    ),
    Mutant(
        "a bucket is taken in twice",
        "engine/rules/performance.py",
        "return _sum(before, fine, state.term",
        "return _sum(_sum(before, fine, 99), fine, state.term",
        QUALITY,
    ),
    Mutant(
        "a percentile lies below the truth",
        "engine/rules/histograms.py",
        "return ((number - (shift << _STEPS_BITS) + 1) << shift) - 1",
        "return (number - (shift << _STEPS_BITS)) << shift",
        QUALITY,
    ),
    Mutant(
        "suspension comes without a warning",
        "engine/rules/reviews.py",
        'yield from warn(state, pair, cause, evidence, state.term("warning_us"))',
        "yield from _suspend(state, pair, standing, evidence)",
        QUALITY,
    ),
    Mutant(
        "what was mended since a warning does not count",
        "engine/rules/reviews.py",
        "findings, figures = _error_findings(state, pair, span_us, standing.since_us)",
        "findings, figures = _error_findings(state, pair, 2 * span_us, 0)",
        QUALITY,
    ),
    Mutant(
        "the rules undo the operator's suspension",
        "engine/rules/standing.py",
        "        until_us,\n        review_at_us,\n        state.outage_us,",
        "        until_us,\n        review_at_us or state.now_us,\n        state.outage_us,",
        QUALITY,
    ),
    Mutant(
        "who is on probation issues",
        "engine/rules/supply.py",
        'if standing_of(state, pair).status == "probation":',
        'if standing_of(state, pair).status == "ended":',
        QUALITY,
    ),
    Mutant(
        "an offer below the new contract still issues",
        "engine/rules/offers.py",
        "    if offer.shortfalls:\n        fields",
        "    if not offer:\n        fields",
        QUALITY,
    ),
    Mutant(
        "a suspended admission stays as it was",
        "engine/rules/standing.py",
        "if admission.suspended != is_out:",
        "if not admission:",
        QUALITY,
    ),
    # ---- benchmarks and probes
    Mutant(
        "two who act together make a record",
        "engine/rules/performance.py",
        "[:most_callers]",
        "[:1]",
        BENCHMARKS,
    ),
    Mutant(
        "any two callers are contested",
        "engine/rules/performance.py",
        "if probes < least_other_calls:",
        "if probes < 0:",
        QUALITY,
    ),
    Mutant(
        "probes count as a member's calls",
        "engine/rules/benchmarks.py",
        "        *pair,\n        HOUSE,\n",
        "        *pair,\n        pair[1],\n",
        BENCHMARKS,
    ),
    Mutant(
        "a faulty offer is admitted",
        "engine/rules/benchmarks.py",
        "if faults > most:",
        "if faults > wanted:",
        BENCHMARKS,
    ),
    Mutant(
        "a benchmark verifies all of what it measured",
        "engine/rules/benchmarks.py",
        "    verified //= PER_MILLE\n",
        "    verified = measured.measured_tokens_per_second\n",
        BENCHMARKS,
    ),
    Mutant(
        "places that are not there multiply the speed",
        "engine/rules/benchmarks.py",
        "max(shared_us, state.now_us - benchmark.opened_at_us, 1)",
        "max(shared_us, 1)",
        BENCHMARKS,
    ),
    Mutant(
        "a half made benchmark passes",
        "engine/rules/benchmarks.py",
        "if count < wanted:",
        "if count < 1:",
        BENCHMARKS,
    ),
    Mutant(
        "another offer than the measured one is admitted",
        "engine/rules/benchmarks.py",
        " or offer.registered_at_us > benchmark.opened_at_us:",
        ":",
        BENCHMARKS,
    ),
    Mutant(
        "a benchmark lowers a pool",
        "engine/rules/benchmarks.py",
        "max(verified, known.verified_tokens_per_second)",
        "verified",
        BENCHMARKS,
    ),
    Mutant(
        "every supplier admits itself",
        "engine/rules/benchmarks.py",
        'if not state.term("self_admission"):',
        'if state.term("self_admission") < 0:',
        BENCHMARKS,
    ),
    Mutant(
        "a well formed probe that is called malformed counts nowhere",
        "engine/rules/benchmarks.py",
        'if probe.verdict == "client_fault":',
        'if probe.verdict == "nothing":',
        "tests/engine/test_benchmarks.py",
    ),
)
