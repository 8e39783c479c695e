"""One command against one state at one instant: the engine's only door for change.

`step` is pure and deterministic: the same state, command and stamp give the same bytes.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from thegrid_exchange.engine import commands
from thegrid_exchange.engine.apply import APPLIERS, advance, is_outage
from thegrid_exchange.engine.events import Event
from thegrid_exchange.engine.invariants import check_touched
from thegrid_exchange.engine.refusals import Refused, Unwound
from thegrid_exchange.engine.replies import Reply
from thegrid_exchange.engine.rule import Rule, Trial
from thegrid_exchange.engine.rules import (
    accounts,
    auctions,
    batches,
    benchmarks,
    collateral,
    delivery,
    disputes,
    fees,
    instruments,
    keys,
    lots,
    members,
    metering,
    notices,
    offers,
    policy,
    quotes,
    receipts,
    supply,
    ticks,
    trading,
    webhooks,
)
from thegrid_exchange.engine.state import State


class Outcome(NamedTuple):
    """What a command brought about, in order, and its answer; a refusal comes with no events."""

    events: tuple[Event, ...]
    reply: Reply


def step(state: State, command: commands.Command, at_us: int) -> Outcome:
    """Carry out a command stamped `at_us`, or leave the state as it was.

    A refusal is an `Outcome` without events; only the state's clock moves. An unexpected exception
    undoes the command and the clock and propagates; `InvariantBroken` asks for the process to stop.
    """
    before_us = state.now_us
    outage = is_outage(state, at_us)
    advance(state, at_us, silent=False)
    state.event_count = 0
    events: list[Event] = []
    try:
        if outage:
            _run(state, ticks.outage(state, before_us), events)
        due = ticks.due_of_member(state, command)
        if due is not None:
            _run(state, due, events)
        reply = _run(state, RULES[type(command)](state, command), events)
        if state.indices.watching:
            _run(state, notices.watch(state, tuple(events)), events)
        check_touched(state, events)
    except (Refused, Unwound) as undone:
        state.unwind(0)
        if outage:
            # Nothing was recorded of the outage, so the next command must find it again.
            state.now_us = before_us
        return Outcome((), _answer_of(undone))
    except BaseException:
        state.unwind(0)
        state.now_us = before_us
        raise
    state.commit()
    return Outcome(tuple(events), reply)


def _run(state: State, rule: Rule[Any], events: list[Event]) -> Any:
    """Run a rule to its end, applying each event before the rule goes on."""
    answer: Any = None
    appliers = APPLIERS
    try:
        while True:
            item = rule.send(answer)
            if item.__class__ is Trial:
                answer = _try(state, item.rule, events)
                continue
            state.event_count += 1
            appliers[item.__class__](state, item)
            events.append(item)  # type: ignore[arg-type]
            answer = None
    except StopIteration as stop:
        return stop.value


def _try(state: State, rule: Rule[Any], events: list[Event]) -> Any:
    """Run a rule on trial: a refusal undoes what it did and becomes the answer."""
    mark, kept, counted = state.mark(), len(events), state.event_count
    try:
        return _run(state, rule, events)
    except (Refused, Unwound) as undone:
        state.unwind(mark)
        del events[kept:]
        state.event_count = counted
        return _answer_of(undone)


def _answer_of(undone: Refused | Unwound) -> Any:
    return undone.refusal if isinstance(undone, Refused) else undone.reply


RULES: Final[dict[type[Any], Callable[[State, Any], Rule[Any]]]] = {
    commands.SetPolicy: policy.set_policy,
    commands.DefineInstrument: instruments.define_instrument,
    commands.PublishSpec: instruments.publish_spec,
    commands.SetMarketState: instruments.set_market_state,
    commands.SetMarketPolicy: instruments.set_market_policy,
    commands.StartAuction: auctions.start_auction,
    commands.SetFeeTier: fees.set_fee_tier,
    commands.UpdateMember: members.update_member,
    commands.CreateMember: members.create_member,
    commands.SuspendMember: members.suspend_member,
    commands.ReinstateMember: members.reinstate_member,
    commands.UpdateSettings: members.update_settings,
    commands.CreateKey: keys.create_key,
    commands.UpdateKey: keys.update_key,
    commands.RotateKey: keys.rotate_key,
    commands.RevokeKey: keys.revoke_key,
    commands.CreateWebhook: webhooks.create_webhook,
    commands.UpdateWebhook: webhooks.update_webhook,
    commands.DeleteWebhook: webhooks.delete_webhook,
    commands.NoteWebhook: webhooks.note_webhook,
    commands.Deposit: accounts.deposit,
    commands.Withdraw: accounts.withdraw,
    commands.FundGuarantee: accounts.fund_guarantee,
    commands.PlaceOrder: trading.place_order,
    commands.AmendOrder: trading.amend_order,
    commands.CancelOrder: trading.cancel_order,
    commands.CancelOrders: batches.cancel_orders,
    commands.BatchOrders: batches.batch_orders,
    commands.ReplaceQuotes: quotes.replace_quotes,
    commands.CancelAllAfter: quotes.cancel_all_after,
    commands.TransferUnits: lots.transfer_units,
    commands.AdmitSupplier: supply.admit_supplier,
    commands.SuspendSupplier: supply.suspend_supplier,
    commands.ReinstateSupplier: supply.reinstate_supplier,
    commands.RegisterOffer: offers.register_offer,
    commands.WithdrawOffer: offers.withdraw_offer,
    commands.IssueUnits: supply.issue_units,
    commands.RetireUnits: supply.retire_units,
    commands.PostCollateral: collateral.post_collateral,
    commands.WithdrawCollateral: collateral.withdraw_collateral,
    commands.SetRenewal: supply.set_renewal,
    commands.Availability: supply.availability,
    commands.OpenBenchmark: benchmarks.open_benchmark,
    commands.ReportProbe: benchmarks.report_probe,
    commands.Reserve: delivery.reserve,
    commands.Mark: delivery.mark,
    commands.Report: delivery.report,
    commands.DefineMeteringPolicy: metering.define_metering_policy,
    commands.RegisterReceiptKey: receipts.register_receipt_key,
    commands.DisputeUsage: disputes.dispute_usage,
    commands.ResolveDispute: disputes.resolve_dispute,
    commands.Tick: ticks.tick,
}
