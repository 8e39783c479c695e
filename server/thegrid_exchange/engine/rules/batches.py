"""Several orders in one command: batches, and cancelling all that match a filter.

What a single order may do is decided in `trading`.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.quantities import number_of, numbered
from thegrid_exchange.engine.records import Cancellation, Order
from thegrid_exchange.engine.refusals import Refusal, Unwound, refuse
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule, Trial
from thegrid_exchange.engine.rules.lookups import the_member
from thegrid_exchange.engine.rules.orders import close_order
from thegrid_exchange.engine.rules.trading import amend_order, cancel_order, place_order
from thegrid_exchange.engine.state import State

OrderCommand = commands.PlaceOrder | commands.AmendOrder | commands.CancelOrder

_ITEM_RULES: Final[dict[type[Any], Callable[[State, Any], Rule[replies.OrderReply]]]] = {
    commands.PlaceOrder: place_order,
    commands.AmendOrder: amend_order,
    commands.CancelOrder: cancel_order,
}
_UNDONE: Final = Refusal(
    "BATCH_UNDONE", "items", "another item was refused and the batch is all or none"
)
_TOO_MUCH_WORK: Final = Refusal(
    "WORK_LIMIT", "items", "the batch reached the bound on work; send this item again"
)


def batch_orders(state: State, command: commands.BatchOrders) -> Rule[replies.BatchReply]:
    """Run the items in turn; a refused one is undone alone, or all of them when all or none."""
    most = state.term("max_batch_items")
    if len(command.items) > most:
        refuse(
            "TOO_LARGE",
            "items",
            f"a batch has at most {most} items; send several",
            limit=most,
            value=len(command.items),
        )
    if any(item.member_id != command.member_id for item in command.items):
        refuse("INVALID_ARGUMENT", "items", "all items must be of the batch's own member")
    answers, refused = yield from run_items(state, command.items, stops=command.all_or_none)
    if refused:
        raise Unwound(replies.BatchReply(answers))
    return replies.BatchReply(answers)


def run_items(
    state: State, items: Sequence[OrderCommand], *, stops: bool
) -> Rule[tuple[tuple[replies.OrderReply | Refusal, ...], bool]]:
    """Run order commands in turn; answers each, and whether a refusal stopped and undoes all."""
    answers: list[replies.OrderReply | Refusal] = []
    for item in items:
        answer: replies.OrderReply | Refusal = _TOO_MUCH_WORK
        if state.work_left() >= WORK_MARGIN:
            answer = yield Trial(_ITEM_RULES[type(item)](state, item))
        answers.append(answer)
        if stops and isinstance(answer, Refusal):
            undone: list[replies.OrderReply | Refusal] = [_UNDONE] * len(items)
            undone[len(answers) - 1] = answer
            return tuple(undone), True
    return tuple(answers), False


def cancel_orders(
    state: State, command: commands.CancelOrders
) -> Rule[replies.OrdersCancelledReply]:
    """Cancel a member's open orders that match; allowed in every state of market and member."""
    the_member(state, command.member_id)
    return (yield from cancel_all(state, command))


def cancel_all(
    state: State, command: commands.CancelOrders, spared_events: int = WORK_MARGIN
) -> Rule[replies.OrdersCancelledReply]:
    """Cancel what matches as far as the work allows; Ticks do the rest.

    Orders that come after this command are not concerned. `spared_events` are left for what the
    command has to do besides.
    """
    order_ids = state.indices.open_orders[command.member_id]
    first_id, last_id = order_ids.first(), order_ids.last()
    if first_id is None or last_id is None:
        return replies.OrdersCancelledReply((), more_follow=False)
    cancellation = Cancellation(
        cancellation_id=state.next_id("can"),
        member_id=command.member_id,
        market_id=command.market_id,
        tag=command.tag,
        session_id=command.session_id,
        first_order_id=first_id,
        last_order_id=last_id,
        requested_at_us=state.now_us,
    )
    cancelled, next_id = yield from _cancel_from(state, cancellation, spared_events)
    if next_id:
        yield events.CancellationOpened(cancellation._replace(first_order_id=next_id))
    return replies.OrdersCancelledReply(tuple(cancelled), more_follow=bool(next_id))


def run_cancellations(state: State) -> Rule[int]:
    """Go on with cancel-alls that were too long for one command."""
    done = 0
    for cancellation_id in tuple(state.indices.cancellations):
        if state.work_left() < WORK_MARGIN:
            break
        cancelled, next_id = yield from _cancel_from(state, state.cancellations[cancellation_id])
        done += len(cancelled)
        if next_id:
            yield events.CancellationAdvanced(cancellation_id, next_id)
        else:
            yield events.CancellationClosed(cancellation_id)
    return done


def _cancel_from(
    state: State, cancellation: Cancellation, spared_events: int = WORK_MARGIN
) -> Rule[tuple[list[str], str]]:
    """Cancel as far as the work allows; answers the ids, and where to go on, empty at the end."""
    cancelled: list[str] = []
    order_ids = state.indices.open_orders[cancellation.member_id]
    order_id = order_ids.first_from(cancellation.first_order_id)
    while order_id is not None and order_id <= cancellation.last_order_id:
        if state.work_left() < spared_events:
            return cancelled, order_id
        order = state.orders[order_id]
        if _matches(order, cancellation):
            yield from close_order(state, order, "cancelled")
            cancelled.append(order_id)
        order_id = order_ids.first_from(numbered("ord", number_of(order_id) + 1))
    return cancelled, ""


def _matches(order: Order, cancellation: Cancellation) -> bool:
    return (
        cancellation.market_id in ("", order.market_id)
        and cancellation.tag in ("", order.tag)
        and cancellation.session_id in ("", order.session_id)
    )
