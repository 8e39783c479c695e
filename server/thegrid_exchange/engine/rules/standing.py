"""The ladder an admission stands on: reading it, moving along it with a record, asking for a look.

When to move is decided in `reviews`, and by the operator's commands in `supply`.
"""

from thegrid_exchange.engine import events
from thegrid_exchange.engine.quantities import StandingCause, SupplierStatus
from thegrid_exchange.engine.records import Evidence, Standing, SupplierChange
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.availability import note_ability
from thegrid_exchange.engine.rules.notices import raise_notice
from thegrid_exchange.engine.state import State

Pair = tuple[str, str]
"""Supplier and instrument."""


def pair_of(deadline_id: str) -> Pair:
    """The pair that a deadline of the indices names."""
    member_id, instrument_id = deadline_id.split("/", 1)
    return member_id, instrument_id


def standing_of(state: State, pair: Pair) -> Standing:
    """Where a supplier stands on an instrument; `none` without an admission."""
    known = state.standings.get(pair)
    if known is not None:
        return known
    admission, status = state.admissions.get(pair), "none"
    if admission is not None:
        status = "suspended" if admission.suspended else "admitted"
    since_us = admission.admitted_at_us if admission is not None else 0
    return Standing(*pair, status, "operator", since_us, None, None, state.outage_us)  # type: ignore[arg-type]


def move(
    state: State,
    pair: Pair,
    status: SupplierStatus,
    cause: StandingCause,
    *,
    reason: str = "",
    until_us: int | None = None,
    review_at_us: int | None = None,
    suspensions: int | None = None,
    evidence: Evidence | None = None,
    came_from: SupplierStatus | None = None,
    benchmark_id: str = "",
) -> Rule[None]:
    """Set a standing and record the change; suspending and lifting touch the admission too.

    `came_from` is where it stood before the command, when its admission is already written.
    """
    before = standing_of(state, pair)
    before = before._replace(status=came_from or before.status)
    change = SupplierChange(
        state.next_id("sch"),
        *pair,
        state.now_us,
        before.status,
        status,
        cause,
        reason,
        until_us,
        state.policy_version,
        evidence,
        benchmark_id,
    )
    after = Standing(
        *pair,
        status,
        cause,
        state.now_us,
        until_us,
        review_at_us,
        state.outage_us,
        before.suspensions if suspensions is None else suspensions,
    )
    yield events.StandingSet(after, change)
    yield from raise_notice(
        state,
        pair[0],
        "supplier",
        change.change_id,
        f"standing: {before.status} to {status}, by {cause}; its change record tells the figures",
        instrument_id=pair[1],
        due_us=until_us,
    )
    admission = state.admissions[pair]
    is_out = status in ("suspended", "ended")
    if admission.suspended != is_out:
        supplier = state.suppliers[pair[0]]
        yield events.SupplierChanged(supplier, admission._replace(suspended=is_out))
    yield from note_ability(state, pair[0])


def ask_review(state: State, pair: Pair) -> Rule[None]:
    """See to it that the figures of an admission are looked at soon."""
    standing = standing_of(state, pair)
    if standing.review_at_us is None and standing.status == "admitted":
        at_us = state.now_us + state.term("standing_review_us")
        yield events.StandingSet(review_later(state, standing, at_us))


def review_later(state: State, standing: Standing, at_us: int | None) -> Standing:
    """The same standing, looked at again at an instant."""
    until_us = standing.until_us
    if until_us is not None:
        until_us = state.deadline_us(until_us, standing.outage_base_us)
    return standing._replace(until_us=until_us, review_at_us=at_us, outage_base_us=state.outage_us)
