"""Looking at suppliers' figures when it is time: warning, suspension, probation, reinstatement.

The figures are counted in `performance`; every limit is a contract's or the policy's.
"""

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import StandingCause
from thegrid_exchange.engine.records import Evidence, Finding, Performance, Standing
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.availability import observed_us, uptime_ppm
from thegrid_exchange.engine.rules.due import run_due
from thegrid_exchange.engine.rules.lookups import spec_in_force
from thegrid_exchange.engine.rules.performance import performance_of
from thegrid_exchange.engine.rules.standing import Pair, move, pair_of, review_later, standing_of
from thegrid_exchange.engine.state import State


def run_reviews(state: State) -> Rule[int]:
    """Review the admissions that are due, as far as one Tick goes."""

    def look(key: str) -> Rule[None]:
        return review(state, pair_of(key))

    return (yield from run_due(state, state.indices.standing_deadlines, state.up_us, look))


def review(state: State, pair: Pair) -> Rule[None]:
    """Look at one admission and take the step that its figures ask for."""
    standing = standing_of(state, pair)
    if standing.status == "admitted":
        yield from _review_admitted(state, pair, standing)
    elif standing.status == "warned":
        yield from _review_warned(state, pair, standing)
    elif standing.status == "suspended":
        yield from _begin_probation(state, pair, standing)
    elif standing.status == "probation":
        yield from _review_probation(state, pair, standing)
    else:
        yield events.StandingSet(review_later(state, standing, None))


def warn(
    state: State,
    pair: Pair,
    cause: StandingCause,
    evidence: Evidence,
    span_us: int,
) -> Rule[None]:
    """Warn a supplier with evidence, and say until when it may mend things."""
    standing = standing_of(state, pair)
    is_long_good = state.now_us - standing.since_us > state.term("performance_long_us")
    until_us = state.now_us + span_us
    yield from move(
        state,
        pair,
        "warned",
        cause,
        until_us=until_us,
        review_at_us=until_us,
        evidence=evidence,
        suspensions=0 if is_long_good else None,
    )


def begin_probation(state: State, pair: Pair, cause: StandingCause, reason: str = "") -> Rule[None]:
    """Let a suspended supplier show with few calls that it keeps the contract."""
    until_us = state.now_us + state.term("probation_us")
    yield from move(
        state,
        pair,
        "probation",
        cause,
        reason=reason,
        until_us=until_us,
        review_at_us=min(until_us, _soon_us(state)),
    )


# ---- one step per status -----------------------------------------------------------------------


def _review_admitted(state: State, pair: Pair, standing: Standing) -> Rule[None]:
    window_us = state.term("performance_short_us")
    findings, figures = _error_findings(state, pair, window_us, 0)
    if not findings:
        findings = _uptime_findings(state, pair, standing)
    if findings:
        cause: StandingCause = "uptime" if findings[0].figure == "uptime_ppm" else "performance"
        if cause == "uptime":
            uptime_us = state.term("standing_uptime_us")
            figures = performance_of(state, *pair, uptime_us)
        evidence = _evidence(state, pair, findings, figures)
        yield from warn(state, pair, cause, evidence, state.term("warning_us"))
        return
    history = state.able_histories.get(pair)
    again_us = None
    if history is not None and not history.is_able:
        # Nobody calls a supplier that is away, so its absence alone must bring the next look.
        again_us = state.now_us + state.term("warning_us")
    yield events.StandingSet(review_later(state, standing, again_us))


def _review_warned(state: State, pair: Pair, standing: Standing) -> Rule[None]:
    evidence = _evidence_since_warning(state, pair, standing)
    if not evidence.findings:
        yield from move(
            state,
            pair,
            "admitted",
            standing.cause,
            reason="what the warning named was mended in time",
            evidence=evidence,
        )
    elif state.term("standing_enforced"):
        yield from _suspend(state, pair, standing, evidence)
    else:
        at_us = state.now_us + state.term("warning_us")
        yield events.StandingSet(review_later(state, standing, at_us))


def _evidence_since_warning(state: State, pair: Pair, standing: Standing) -> Evidence:
    span_us = state.now_us - standing.since_us
    if standing.cause == "offer":
        offer = state.offers.get(pair)
        shortfalls = offer.shortfalls if offer is not None else ()
        return _evidence(state, pair, tuple(Finding(f"offer.{each}", 0, 0) for each in shortfalls))
    findings, figures = _error_findings(state, pair, span_us, standing.since_us)
    if standing.cause == "uptime":
        spec = spec_in_force(state, state.instruments[pair[1]]).spec
        uptime = uptime_ppm(state, *pair, span_us, state.now_us)
        if uptime is not None and uptime < spec.availability_ppm_min:
            findings += (Finding("uptime_ppm", uptime, spec.availability_ppm_min),)
    return _evidence(state, pair, findings, figures)


def _suspend(state: State, pair: Pair, standing: Standing, evidence: Evidence) -> Rule[None]:
    suspensions = standing.suspensions + 1
    until_us = None
    if standing.cause != "offer":
        until_us = state.now_us + suspensions * state.term("suspension_us")
    yield from move(
        state,
        pair,
        "suspended",
        standing.cause,
        until_us=until_us,
        review_at_us=until_us,
        evidence=evidence,
        suspensions=suspensions,
    )


def _begin_probation(state: State, pair: Pair, standing: Standing) -> Rule[None]:
    yield from begin_probation(state, pair, standing.cause)


def _review_probation(state: State, pair: Pair, standing: Standing) -> Rule[None]:
    span_us = max(state.now_us - standing.since_us, 1)
    spec = spec_in_force(state, state.instruments[pair[1]]).spec
    figures = performance_of(state, *pair, span_us, since_us=standing.since_us)
    faults = _counted_faults(figures)
    is_enough = figures.calls >= state.term("probation_calls")
    is_bad = (figures.error_rate_ppm or 0) > spec.error_rate_ppm_max
    if is_bad and (is_enough or faults >= state.term("standing_min_faults")):
        finding = Finding("error_rate_ppm", figures.error_rate_ppm or 0, spec.error_rate_ppm_max)
        evidence = _evidence(state, pair, (finding,), figures)
        yield from _suspend(state, pair, standing, evidence)
        return
    assert standing.until_us is not None
    until_us = state.deadline_us(standing.until_us, standing.outage_base_us)
    if state.now_us < until_us:
        at_us = min(until_us, _soon_us(state))
        yield events.StandingSet(review_later(state, standing, at_us))
    else:
        # Without calls there is nothing against it: who sold nothing is called by nobody.
        yield from move(
            state,
            pair,
            "admitted",
            standing.cause,
            reason="nothing spoke against it on probation",
            evidence=_evidence(state, pair, (), figures),
        )


# ---- figures -----------------------------------------------------------------------------------


def _error_findings(
    state: State, pair: Pair, window_us: int, since_us: int
) -> tuple[tuple[Finding, ...], Performance]:
    """Faults beyond what the contract allows, once there are enough calls to tell."""
    figures = performance_of(state, *pair, window_us, since_us=since_us)
    limit_ppm = spec_in_force(state, state.instruments[pair[1]]).spec.error_rate_ppm_max
    if (
        figures.calls < state.term("standing_min_calls")
        or _counted_faults(figures) < state.term("standing_min_faults")
        or (figures.error_rate_ppm or 0) <= limit_ppm
    ):
        return (), figures
    return (Finding("error_rate_ppm", figures.error_rate_ppm or 0, limit_ppm),), figures


def _uptime_findings(state: State, pair: Pair, standing: Standing) -> tuple[Finding, ...]:
    """Too little time able to serve; judged when a whole window has passed in good standing."""
    window_us = state.term("standing_uptime_us")
    seen_us = min(observed_us(state, *pair), state.now_us - standing.since_us)
    uptime = uptime_ppm(state, *pair, window_us, state.now_us)
    limit_ppm = spec_in_force(state, state.instruments[pair[1]]).spec.availability_ppm_min
    if seen_us < window_us or uptime is None or uptime >= limit_ppm:
        return ()
    return (Finding("uptime_ppm", uptime, limit_ppm),)


def _counted_faults(figures: Performance) -> int:
    faults = figures.calls - figures.delivered
    return faults - figures.contested_faults


def _evidence(
    state: State,
    pair: Pair,
    findings: tuple[Finding, ...],
    performance: Performance | None = None,
) -> Evidence:
    version = spec_in_force(state, state.instruments[pair[1]]).version
    return Evidence(version, findings, performance)


def _soon_us(state: State) -> int:
    return state.now_us + state.term("standing_review_us")
