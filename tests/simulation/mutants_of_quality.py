"""Faults to plant in performance, standing and offers.

All others, and the list of them all, are in `mutants`.
"""

from typing import Final

from tests.simulation.mutants_of_orders import Mutant

QUALITY: Final = "tests/engine/test_quality.py"

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
        "return max(worst.faults - credible, 0)",
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
)
