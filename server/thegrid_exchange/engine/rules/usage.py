"""Settling a delivery: what it used, what that cost, who earned it, and the record of it all.

Tokens of a verdict that does not bill go back to their Lot, or expire when its time has passed.
"""

from typing import Final, NamedTuple

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import CASH, HOUSE, Verdict, value_micros
from thegrid_exchange.engine.records import (
    ClosedDelivery,
    Draw,
    LateReport,
    Lot,
    LotParcel,
    LotParcelChange,
    Posting,
    Reservation,
    UsageRecord,
    UsedDraw,
)
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.escrow import Ended, Ending, end_tokens
from thegrid_exchange.engine.rules.lots import (
    by_lot,
    claims_of,
    close_if_ended,
    ended_units,
    expiring,
    lot_deadline_us,
    settle_endings,
)
from thegrid_exchange.engine.rules.metering import divergence_tokens, is_divergent, metering_policy
from thegrid_exchange.engine.rules.performance import note_performance
from thegrid_exchange.engine.rules.reference_index import note_delivered
from thegrid_exchange.engine.rules.spending import note_spend
from thegrid_exchange.engine.rules.waterfall import settle_claims
from thegrid_exchange.engine.state import State

BILLED_VERDICTS: Final[frozenset[Verdict]] = frozenset({"in_spec", "cancelled_by_client"})
TENDERED_VERDICTS: Final[frozenset[Verdict]] = frozenset({"late_first_token", "too_slow", "failed"})
"""The supplier's own failures: the tokens called count as tendered."""


class _Share(NamedTuple):
    """How one draw ends: used, given back, and of the latter what was tendered."""

    draw: Draw
    used_tokens: int
    returned_tokens: int
    tendered_tokens: int


class _Settled(NamedTuple):
    """One Lot's part of a settlement."""

    change: events.LotChanged
    postings: tuple[Posting, ...]
    endings: tuple[tuple[str, Ended], ...]
    used: tuple[UsedDraw, ...]


def settle(
    state: State, reservation: Reservation, report: commands.Report, status: str
) -> Rule[UsageRecord]:
    """Close a reservation by a report, or by what stands for one, and record the usage."""
    billed_tokens = 0
    if report.verdict in BILLED_VERDICTS:
        billed_tokens = min(max(report.billed_tokens, 0), reservation.reserved_tokens)
    tendered_tokens = _tendered_tokens(reservation, report)
    server_id = report.supplier_id if report.supplier_id in state.members else ""
    shares = _shares(reservation.draws, billed_tokens, tendered_tokens)
    used: list[UsedDraw] = []
    postings: list[Posting] = []
    endings: list[tuple[str, Ended]] = []
    changes: list[events.LotChanged] = []
    for lot_id, draws in by_lot(reservation.draws):
        settled = _settle_lot(
            state, state.lots[lot_id], [shares[draw] for draw in draws], server_id
        )
        used += settled.used
        postings += settled.postings
        endings += settled.endings
        changes.append(settled.change)
    venue_paid_micros = 0
    if report.verdict == "venue_fault":
        venue_paid_micros = _venue_pays_micros(state, reservation, report, server_id)
        postings.append(Posting(HOUSE, "guarantee", CASH, -venue_paid_micros))
        postings.append(Posting(server_id or HOUSE, "available", CASH, venue_paid_micros))
    yield from settle_endings(endings, postings, "consume", reservation.delivery_id)
    yield from note_delivered(state, reservation, report, used)
    for change in changes:
        yield change
        yield from close_if_ended(state, change.lot_id)
    claims = claims_of(endings)
    yield from settle_claims(state, reservation.member_id, claims, reservation.delivery_id)
    record = _record(
        state,
        reservation,
        report,
        status=status,
        billed_tokens=billed_tokens,
        tendered_tokens=tendered_tokens,
        draws=tuple(used),
        venue_paid_micros=venue_paid_micros,
    )
    yield events.UsageRecorded(record)
    yield from note_performance(state, record)
    yield from note_spend(state, record, reservation)
    return record


def record_late_report(
    state: State, closed: ClosedDelivery, report: commands.Report
) -> Rule[replies.LateReportReply]:
    """Note the report of a delivery that was settled without it."""
    late = LateReport(
        report.verdict,
        report.cause,
        report.supplier_id,
        report.canonical,
        report.by_supplier,
        max(report.billed_tokens, 0),
        state.now_us,
    )
    yield events.LateReportRecorded(closed.delivery_id, closed.member_id, late)
    return replies.LateReportReply(closed.usage_id)


def largest_issuers(draws: tuple[Draw, ...]) -> list[tuple[str, int]]:
    """Issuers with the tokens they owe a delivery, largest share first, then by id."""
    owed: dict[str, int] = {}
    for draw in draws:
        owed[draw.issuer_id] = owed.get(draw.issuer_id, 0) + draw.tokens
    return sorted(owed.items(), key=lambda item: (-item[1], item[0]))


def _tendered_tokens(reservation: Reservation, report: commands.Report) -> int:
    """Tokens called and not delivered in spec: at least the prompt, at most what was reserved."""
    if report.verdict not in TENDERED_VERDICTS:
        return 0
    counted = report.canonical.prompt_tokens + report.canonical.completion_tokens
    return min(max(counted, reservation.prompt_tokens), reservation.reserved_tokens)


def _shares(
    draws: tuple[Draw, ...], billed_tokens: int, tendered_tokens: int
) -> dict[Draw, _Share]:
    """Spread what was billed, and what was tendered, over the draws in their order."""
    shares = {}
    for draw in draws:
        used = min(billed_tokens, draw.tokens)
        tendered = min(tendered_tokens, draw.tokens - used)
        billed_tokens -= used
        tendered_tokens -= tendered
        shares[draw] = _Share(draw, used, draw.tokens - used, tendered)
    return shares


def _settle_lot(state: State, lot: Lot, shares: list[_Share], server_id: str) -> _Settled:
    has_expired = lot_deadline_us(state, lot) <= state.now_us
    postings: list[Posting] = []
    changes: list[LotParcelChange] = []
    endings: list[tuple[str, Ended]] = []
    used: list[UsedDraw] = []
    totals = Ending()
    reserved = 0
    for share in shares:
        draw = share.draw
        held = state.lot_parcels[(lot.lot_id, draw.number)]
        change, ending = _end_share(held, share, has_expired=has_expired)
        ended = end_tokens(state, lot, held, ending, server_id)
        changes.append(change)
        endings.append((draw.issuer_id, ended))
        postings += ended_units(lot, draw.issuer_id, ending, account_from="reserved")
        totals = Ending(*map(sum, zip(totals, ending, strict=True)))
        reserved += draw.tokens
        if share.used_tokens:
            used.append(_used(share, ended.cost_micros, ended.earned_micros))
    returned = reserved - sum(totals)
    postings.append(Posting(lot.member_id, "reserved", lot.instrument_id, -returned))
    postings.append(Posting(lot.member_id, "lots", lot.instrument_id, returned))
    changed = events.LotChanged(
        lot.lot_id,
        lot.free_tokens + returned,
        lot.reserved_tokens - reserved,
        lot.consumed_tokens + totals.consumed_tokens,
        lot.expired_tokens + totals.expired_tokens,
        lot.refunded_tokens + totals.refunded_tokens,
        tuple(changes),
        "settle",
    )
    return _Settled(changed, tuple(postings), tuple(endings), tuple(used))


def _end_share(
    held: LotParcel, share: _Share, *, has_expired: bool
) -> tuple[LotParcelChange, Ending]:
    """New figures of a parcel after one draw, and the tokens of it that end."""
    used, returned = share.used_tokens, share.returned_tokens
    # What is delivered in spec makes good for tokens of this parcel that failed before.
    tendered = max(held.tendered_tokens - used, 0) + share.tendered_tokens
    after_use = held._replace(
        reserved_tokens=held.reserved_tokens - used,
        ended_tokens=held.ended_tokens + used,
        tendered_tokens=min(tendered, held.free_tokens + held.reserved_tokens - used),
    )
    if has_expired:
        change, lapsed = expiring(after_use, returned, from_reserved=True)
        return change, lapsed._replace(consumed_tokens=used)
    change = LotParcelChange(
        held.number,
        after_use.free_tokens + returned,
        after_use.reserved_tokens - returned,
        after_use.ended_tokens,
        after_use.tendered_tokens,
    )
    return change, Ending(consumed_tokens=used)


def _used(share: _Share, cost_micros: int, earned_micros: int) -> UsedDraw:
    draw = share.draw
    return UsedDraw(
        draw.lot_id,
        draw.number,
        share.used_tokens,
        draw.issuer_id,
        draw.issue_trade_id,
        draw.cost_trade_id,
        draw.cost_price_micros,
        cost_micros,
        earned_micros,
    )


def _venue_pays_micros(
    state: State, reservation: Reservation, report: commands.Report, server_id: str
) -> int:
    """What the guarantee owes who worked in vain: the delivered tokens at their first sale's price.

    It pays no more than it has; the record shows what it paid.
    """
    if not server_id:
        return 0
    left = report.canonical.prompt_tokens + report.canonical.completion_tokens
    owed_micros = 0
    for draw in reservation.draws:
        tokens = min(left, draw.tokens)
        owed_micros += value_micros(draw.issue_price_micros, tokens)
        left -= tokens
    return min(owed_micros, state.balance(HOUSE, "guarantee", CASH))


def _record(
    state: State,
    reservation: Reservation,
    report: commands.Report,
    *,
    status: str,
    billed_tokens: int,
    tendered_tokens: int,
    draws: tuple[UsedDraw, ...],
    venue_paid_micros: int,
) -> UsageRecord:
    spec = state.spec_versions[(reservation.instrument_id, reservation.spec_version)].spec
    policy = metering_policy(state, spec.metering_policy_version)
    by_supplier = report.by_supplier
    return UsageRecord(
        usage_id="usg_" + reservation.delivery_id.removeprefix("dlv_"),
        delivery_id=reservation.delivery_id,
        request_id=report.request_id or reservation.client_request_id,
        member_id=reservation.member_id,
        key_id=reservation.key_id,
        instrument_id=reservation.instrument_id,
        spec_version=reservation.spec_version,
        metering_policy_version=spec.metering_policy_version,
        requested_model=reservation.requested_model,
        serving_model=report.serving_model,
        supplier_id=report.supplier_id,
        owed_by_id=largest_issuers(reservation.draws)[0][0],
        verdict=report.verdict,
        cause=report.cause,
        stage=report.stage,
        status=status,
        canonical=report.canonical,
        by_supplier=by_supplier,
        reserved_tokens=reservation.reserved_tokens,
        billed_tokens=billed_tokens,
        tendered_tokens=tendered_tokens,
        draws=draws,
        cost_micros=sum(draw.cost_micros for draw in draws),
        first_token_us=report.first_token_us,
        duration_us=report.duration_us,
        attempts=report.attempts,
        opened_at_us=reservation.opened_at_us,
        settled_at_us=state.now_us,
        venue_paid_micros=venue_paid_micros,
        streamed_us=report.streamed_us,
        divergence_tokens=divergence_tokens(report.canonical, by_supplier),
        divergent=policy is not None and is_divergent(policy, report.canonical, by_supplier),
        waited_us=report.waited_us,
        request_digest=reservation.request_digest,
    )
