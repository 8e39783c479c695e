"""What time brings: outages, deadlines, sweeps, and forgetting what is long closed.

Order of one Tick: reservations, Lots, orders, switches, auctions, sweeps, indexes, cancel-alls,
contracts, benchmarks, standings, notices, memory; all in bounded steps.
"""

from typing import Final

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.ordered import SortedKeys
from thegrid_exchange.engine.quality_indices import Deadline
from thegrid_exchange.engine.rule import WORK_MARGIN, Rule
from thegrid_exchange.engine.rules.auctions import auctions_due, run_auctions
from thegrid_exchange.engine.rules.batches import run_cancellations
from thegrid_exchange.engine.rules.benchmarks import end_benchmarks
from thegrid_exchange.engine.rules.collateral import mark_suppliers
from thegrid_exchange.engine.rules.delivery import settle_at_mark
from thegrid_exchange.engine.rules.disputes import forget_disputes
from thegrid_exchange.engine.rules.due import run_due
from thegrid_exchange.engine.rules.lots import expire_lot
from thegrid_exchange.engine.rules.notices import fire_alarms
from thegrid_exchange.engine.rules.offers import run_spec_reviews, specs_due
from thegrid_exchange.engine.rules.orders import close_order
from thegrid_exchange.engine.rules.quotes import fire_timer, fire_timers, timer_is_due
from thegrid_exchange.engine.rules.reference_index import indices_due, run_indices
from thegrid_exchange.engine.rules.reviews import run_reviews
from thegrid_exchange.engine.rules.sweeps import run_sweeps, sweeps_due
from thegrid_exchange.engine.state import State

_FORGOTTEN_PER_EVENT: Final = 500


def tick(state: State, command: commands.Tick) -> Rule[replies.TickReply]:
    """Do what is due by now; `more_due` asks for another Tick at once."""
    done = 0
    for work in (
        _expire_reservations,
        _expire_lots,
        _expire_orders,
        fire_timers,
        run_auctions,
        run_sweeps,
        _set_indices,
        run_cancellations,
        run_spec_reviews,
        end_benchmarks,
        run_reviews,
        fire_alarms,
        _forget_closed,
        forget_disputes,
    ):
        done += yield from work(state)
    return replies.TickReply(done, more_due=_is_due(state))


def outage(state: State, before_us: int) -> Rule[None]:
    """Record that the exchange was down since the last row, which moves open deadlines."""
    gap_us = state.now_us - before_us
    yield events.OutageRecorded(before_us, state.now_us, gap_us, state.outage_us + gap_us)


def due_of_member(state: State, command: commands.Command) -> Rule[None] | None:
    """The due items of the member who acts, to run before its command; None when there are none."""
    member_id = getattr(command, "member_id", None)
    if member_id is None:
        reservation = state.reservations.get(getattr(command, "delivery_id", ""))
        if reservation is None:
            return None
        member_id = reservation.member_id
    deadlines = state.indices.member_deadlines.get(member_id)
    is_due = deadlines is not None and _first_is_due(state, deadlines)
    if not is_due and not timer_is_due(state, member_id):
        return None
    return _run_due(state, member_id, state.term("max_due_items"))


def _run_due(state: State, member_id: str, most: int) -> Rule[None]:
    if timer_is_due(state, member_id):
        yield from fire_timer(state, member_id, state.term("max_events") // 2)
    deadlines = state.indices.member_deadlines[member_id]
    for _ in range(most):
        first = deadlines.first()
        if first is None or not _first_is_due(state, deadlines):
            return
        if state.work_left() < state.term("max_events") // 2:
            # The command itself needs room; Ticks do the rest.
            return
        identifier = first[1]
        if identifier in state.orders:
            yield from close_order(state, state.orders[identifier], "expired")
        elif identifier in state.lots:
            yield from expire_lot(state, identifier)
        else:
            yield from settle_at_mark(state, state.reservations[identifier])


def _expire_reservations(state: State) -> Rule[int]:
    deadlines = state.indices.reservation_deadlines
    done = 0
    while _first_is_due(state, deadlines):
        first = deadlines.first()
        assert first is not None
        reservation = state.reservations[first[1]]
        # Each draw may lie in a Lot of its own, which changes and perhaps closes.
        if state.work_left() < WORK_MARGIN + 2 * len(reservation.draws):
            break
        yield from settle_at_mark(state, reservation)
        done += 1
    return done


def _set_indices(state: State) -> Rule[int]:
    return (yield from run_indices(state, mark_suppliers))


def _expire_lots(state: State) -> Rule[int]:
    def expire(lot_id: str) -> Rule[None]:
        return expire_lot(state, lot_id)

    return (yield from run_due(state, state.indices.lot_deadlines, state.up_us, expire))


def _expire_orders(state: State) -> Rule[int]:
    def close(order_id: str) -> Rule[object]:
        return close_order(state, state.orders[order_id], "expired")

    return (yield from run_due(state, state.indices.order_deadlines, state.up_us, close))


def _forget_closed(state: State) -> Rule[int]:
    """Drop the memory of orders and deliveries that closed long ago."""
    done = 0
    while state.work_left() >= WORK_MARGIN:
        forgotten = _forgettable(state)
        if not forgotten:
            break
        yield events.ClosedForgotten(
            tuple(name for name in forgotten if name in state.closed_orders),
            tuple(name for name in forgotten if name in state.closed_deliveries),
        )
        done += len(forgotten)
    return done


def _forgettable(state: State) -> list[str]:
    forgotten: list[str] = []
    for closed in state.indices.closed:
        if state.forget_at_us(closed) > state.now_us or len(forgotten) == _FORGOTTEN_PER_EVENT:
            break
        forgotten.append(closed[1])
    return forgotten


def _first_is_due(state: State, deadlines: SortedKeys[Deadline]) -> bool:
    first = deadlines.first()
    return first is not None and first[0] + state.outage_us <= state.now_us


def _has_come(state: State, deadline: Deadline | None) -> bool:
    return deadline is not None and deadline[0] <= state.now_us


def _is_due(state: State) -> bool:
    indices = state.indices
    return (
        sweeps_due(state)
        or auctions_due(state)
        or specs_due(state)
        or indices_due(state)
        or bool(indices.cancellations)
        or _has_come(state, indices.timer_deadlines.first())
        or _has_come(state, indices.alarms.first())
        or any(
            _first_is_due(state, deadlines)
            for deadlines in (
                indices.reservation_deadlines,
                indices.lot_deadlines,
                indices.order_deadlines,
                indices.standing_deadlines,
                indices.benchmark_deadlines,
            )
        )
    )
