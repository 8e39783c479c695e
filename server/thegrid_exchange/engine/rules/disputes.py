"""Disputes of usage records: opening one, and what the operator decides.

A record is never edited: a refund is postings of its own, and both sides see who paid.
"""

from collections.abc import Iterator
from typing import Final, cast

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import CASH, HOUSE, DisputePayer
from thegrid_exchange.engine.records import Dispute, DisputePayment, Posting
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.escrow import Claim
from thegrid_exchange.engine.rules.lookups import the_member
from thegrid_exchange.engine.rules.waterfall import settle_claims
from thegrid_exchange.engine.state import State

_FORGOTTEN_PER_EVENT: Final = 500


def dispute_usage(state: State, command: commands.DisputeUsage) -> Rule[replies.DisputeReply]:
    """Open the one dispute that a record may have, while the time for it runs."""
    member = the_member(state, command.member_id)
    if command.usage_id in state.indices.dispute_of:
        dispute_id = state.indices.dispute_of[command.usage_id]
        refuse("DISPUTE_EXISTS", "id", f"is disputed by {dispute_id}; a record is disputed once")
    # A longer window does not bring back what was forgotten under a shorter one.
    window_us = min(state.term("dispute_window_us"), state.now_us - state.disputable_from_us)
    age_us = state.now_us - command.settled_at_us
    if age_us > window_us:
        refuse(
            "DISPUTE_TOO_LATE",
            "id",
            "was settled too long ago; ask the operator directly",
            limit=window_us,
            value=age_us,
        )
    most, there = (
        state.term("max_open_disputes"),
        len(state.indices.open_disputes[member.member_id]),
    )
    if there >= most:
        refuse(
            "DISPUTE_LIMIT",
            "id",
            f"you have {there} disputes that are not decided; wait for the operator",
            limit=most,
            value=there,
        )
    dispute = Dispute(
        dispute_id=state.next_id("dsp"),
        usage_id=command.usage_id,
        member_id=member.member_id,
        supplier_id=command.supplier_id,
        instrument_id=command.instrument_id,
        reason=command.reason,
        status="open",
        cost_micros=command.cost_micros,
        settled_at_us=command.settled_at_us,
        opened_at_us=state.now_us,
    )
    yield events.DisputeOpened(dispute)
    return replies.DisputeReply(dispute)


def resolve_dispute(state: State, command: commands.ResolveDispute) -> Rule[replies.DisputeReply]:
    """Leave the record as it is, or pay back up to its cost from whoever is charged."""
    dispute = state.disputes.get(command.dispute_id)
    if dispute is None:
        refuse("DISPUTE_NOT_FOUND", "dispute_id", f"no dispute `{command.dispute_id}` is open")
    if dispute.status != "open":
        refuse("DISPUTE_CLOSED", "dispute_id", f"is decided: {dispute.status}")
    if not 0 <= command.refund_micros <= dispute.cost_micros:
        refuse(
            "INVALID_ARGUMENT",
            "refund_micros",
            f"must be 0 to {dispute.cost_micros}, the cost of the call",
            limit=dispute.cost_micros,
            value=command.refund_micros,
        )
    payments: list[DisputePayment] = []
    for event in _refund(state, dispute, command.payer, command.refund_micros):
        yield event
        if isinstance(event, events.Posted):
            payments += [
                DisputePayment(line.owner, line.account, -line.amount)
                for line in event.postings
                if line.amount < 0
            ]
    paid_micros = sum(payment.amount_micros for payment in payments)
    resolved = dispute._replace(
        status="refunded" if command.refund_micros else "refused",
        refunded_micros=paid_micros,
        shortfall_micros=command.refund_micros - paid_micros,
        payments=tuple(payments),
        resolution=command.reason,
        resolved_at_us=state.now_us,
    )
    yield events.DisputeResolved(resolved)
    return replies.DisputeReply(resolved)


def forget_disputes(state: State) -> Rule[int]:
    """Drop the memory of decided disputes whose records can be disputed no more."""
    window_us = state.term("dispute_window_us")
    forgotten: list[str] = []
    for settled_at_us, dispute_id in state.indices.decided_disputes:
        if settled_at_us + window_us >= state.now_us or len(forgotten) == _FORGOTTEN_PER_EVENT:
            break
        forgotten.append(dispute_id)
    if forgotten and state.work_left() >= WORK_MARGIN:
        from_us = max(state.disputable_from_us, state.now_us - window_us)
        yield events.DisputesForgotten(tuple(forgotten), from_us)
    return 0


def _refund(
    state: State, dispute: Dispute, payer: DisputePayer, amount_micros: int
) -> Iterator[events.Event]:
    """Pay the member back as the waterfall pays all that a supplier owes, or from the guarantee."""
    if not amount_micros:
        return
    if payer == "supplier" and dispute.supplier_id in state.members:
        claims = {dispute.supplier_id: Claim(cover_micros=amount_micros)}
        rule = settle_claims(state, dispute.member_id, claims, dispute.usage_id, "dispute")
        # It yields events alone, so nothing need be handed back to it.
        yield from cast("Iterator[events.Event]", rule)
        return
    micros = min(amount_micros, state.balance(HOUSE, "guarantee", CASH))
    if micros:
        lines = (
            Posting(HOUSE, "guarantee", CASH, -micros),
            Posting(dispute.member_id, "available", CASH, micros),
        )
        yield events.Posted(lines, "dispute_guarantee", dispute.usage_id)
