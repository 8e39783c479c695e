"""What market makers live by: replacing all their quotes at once, and a dead man's switch.

Each quote is an order like any other (see `trading`); cancelling in bulk is in `batches`.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import MICROS_PER_DOLLAR as _MICROS
from thegrid_exchange.engine.records import CancelTimer
from thegrid_exchange.engine.refusals import Unwound, refuse
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.batches import cancel_all, run_items
from thegrid_exchange.engine.rules.due import run_due
from thegrid_exchange.engine.rules.lookups import active_member, the_market, the_member
from thegrid_exchange.engine.rules.orders import close_order
from thegrid_exchange.engine.rules.terms import check_in_time
from thegrid_exchange.engine.rules.trading import NOT_RESTING
from thegrid_exchange.engine.state import State


def replace_quotes(state: State, command: commands.ReplaceQuotes) -> Rule[replies.QuotesReply]:
    """Cancel the member's orders with the tag and place the quotes; one refusal undoes it all.

    Without quotes it only cancels, which is allowed in every state of market and member.
    """
    check_in_time(state, command.valid_until_us)
    the_market(state, command.market_id)
    _check_quotes(state, command)
    if command.quotes:
        active_member(state, command.member_id, "trader")
    else:
        the_member(state, command.member_id)
    cancelled: list[str] = []
    key = (command.member_id, command.market_id, command.tag)
    for order_id in tuple(state.indices.tagged_orders[key]):
        if state.work_left() < WORK_MARGIN:
            refuse(
                "WORK_LIMIT",
                "tag",
                f"more than {len(cancelled)} orders have this tag; cancel some by CancelOrders",
                limit=len(cancelled),
                value=len(state.indices.tagged_orders[key]) + len(cancelled),
            )
        yield from close_order(state, state.orders[order_id], "cancelled")
        cancelled.append(order_id)
    answers, refused = yield from run_items(state, command.quotes, stops=True)
    if refused:
        raise Unwound(replies.QuotesReply((), answers))
    return replies.QuotesReply(tuple(cancelled), answers)


def _check_quotes(state: State, command: commands.ReplaceQuotes) -> None:
    most = state.term("max_batch_items")
    if len(command.quotes) > most:
        refuse(
            "TOO_LARGE",
            "quotes",
            f"at most {most} quotes may stand at a time; use a second tag",
            limit=most,
            value=len(command.quotes),
        )
    if not command.tag:
        refuse("INVALID_ARGUMENT", "tag", "is empty; quotes are replaced by their tag")
    ours = (command.member_id, command.market_id, command.tag)
    for number, quote in enumerate(command.quotes):
        if (quote.member_id, quote.market_id, quote.tag) != ours:
            refuse("INVALID_ARGUMENT", f"quotes[{number}]", "is of another member, market or tag")
        if quote.type != "limit" or quote.time_in_force in NOT_RESTING or quote.validate_only:
            refuse("ORDER_TERMS_INVALID", f"quotes[{number}]", "a quote is a limit that may wait")


def cancel_all_after(
    state: State, command: commands.CancelAllAfter
) -> Rule[replies.CancelTimerReply]:
    """Arm the member's dead man's switch, renew it, or disarm it with a span of 0."""
    member = the_member(state, command.member_id)
    span_us = command.span_us
    if span_us == 0:
        if member.member_id in state.cancel_timers:
            yield events.CancelTimerCleared(member.member_id, fired=False)
        return replies.CancelTimerReply(member.member_id, None)
    least_us, most_us = state.term("cancel_timer_least_us"), state.term("cancel_timer_most_us")
    if not least_us <= span_us <= most_us:
        refuse(
            "INVALID_ARGUMENT",
            "span_us",
            f"must be 0 to disarm, or {least_us / _MICROS:g} to {most_us / _MICROS:g} seconds",
            limit=least_us if span_us < least_us else most_us,
            value=span_us,
        )
    timer = CancelTimer(member.member_id, state.now_us + span_us, span_us)
    yield events.CancelTimerSet(timer)
    return replies.CancelTimerReply(member.member_id, timer.fires_at_us)


def timer_is_due(state: State, member_id: str) -> bool:
    """Whether a member's dead man's switch should have fired by now."""
    timer = state.cancel_timers.get(member_id)
    return timer is not None and timer.fires_at_us <= state.now_us


def fire_timer(state: State, member_id: str, spared_events: int = WORK_MARGIN) -> Rule[None]:
    """Cancel all of a member's orders because it did not say in time that it is there."""
    yield events.CancelTimerCleared(member_id, fired=True)
    yield from cancel_all(state, commands.CancelOrders(member_id), spared_events)


def fire_timers(state: State) -> Rule[int]:
    """Fire every switch that is due."""

    def fire(member_id: str) -> Rule[None]:
        return fire_timer(state, member_id)

    return (yield from run_due(state, state.indices.timer_deadlines, state.now_us, fire))
