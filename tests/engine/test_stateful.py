"""The engine under Hypothesis: any order of commands, against the naive market, with every law.

A failure prints the commands that lead to it; in continuous integration the examples are fixed.
"""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.market import INSTRUMENT, MARKET, Exchange, place, report, reserve
from tests.support.market_machine import (
    AUTO,
    CEILING,
    DESK,
    DOLLARS,
    FIND,
    ISSUERS,
    SEARCH,
    SECOND,
    TRADERS,
    Door,
    Ladder,
    MarketMachine,
    naive_market,
)
from tests.support.naive_market import Answer, NaiveMarket, Wish
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.apply import fold
from thegrid_exchange.engine.events import TradeExecuted
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.policy import POLICY_DEFAULTS
from thegrid_exchange.engine.quantities import CASH
from thegrid_exchange.engine.refusals import InvariantBroken, Refusal
from thegrid_exchange.engine.replies import LateReportReply, OrderReply
from thegrid_exchange.engine.rules import matching
from thegrid_exchange.engine.state import State

SETTINGS = settings(max_examples=120, stateful_step_count=50, deadline=None, phases=SEARCH)
MET = ("open", "filled", "fills", "swept", "self_trade", "FILL_OR_KILL", "INSUFFICIENT_UNITS",
         "in_spec", "failed", "bought for a call", "Lots ended")  # fmt: skip
"""What a run must have met to be worth its name."""
BILLED = ("in_spec", "cancelled_by_client")
TENDERED = ("failed", "late_first_token", "too_slow")
CALLS = st.tuples(
    st.just("call"),
    st.sampled_from(TRADERS),
    st.sampled_from((1, 900, 60_000)),
    st.sampled_from((0, 500, 4_096)),
    st.sampled_from((1, 100, 128, 128)),
)
"""Who calls, with how many tokens of prompt, of output, and how many choices."""
MARKS = st.tuples(st.just("mark"), st.integers(0, 999), st.integers(0, 100))
"""Which call, and how much of what it may answer has been answered."""
ENDS = st.tuples(
    st.just("end"),
    st.integers(0, 999),
    st.integers(0, 120),
    st.sampled_from(BILLED + BILLED + TENDERED + ("client_fault", "venue_fault")),
)
"""Which call, how much of what it set aside is reported, and the verdict."""
WINDOWS = (POLICY_DEFAULTS["reservation_window_us"], POLICY_DEFAULTS["reservation_grace_us"])


class EngineDoor:
    """Commands straight into `step`, and answers out of the state."""

    def __init__(self) -> None:
        self.exchange = Exchange(checked=False)
        self.is_behind = False
        self.exchange.instrument()
        self.exchange.policy(index_trades_min=1_000_000)
        self.ids = {name: self.exchange.supplier(name, dollars=0) for name in ISSUERS}
        self.ids |= {
            name: self.exchange.member(name, DOLLARS, auto_buy_ceiling_micros=CEILING)
            for name in TRADERS
        }
        for name in DESK:
            self.send(commands.UpdateMember(self.ids[name], prevention_group="desk"))

    @property
    def state(self) -> State:
        return self.exchange.state

    def send(self, command: commands.Command) -> Any:
        """Carry out a command; a refusal must leave everything as it was."""
        before = self.state.digest()
        reply = self.exchange.send(command)
        if isinstance(reply, Refusal):
            assert self.state.digest() == before
        return reply

    def _command(self, owner: str, wish: Wish, *, rehearses: bool = False) -> commands.PlaceOrder:
        expires_at_us = self.exchange.at_us + wish.lasts_us if wish.lasts_us else None
        more = {"post_only_mode": "slide"} if wish.slides else {}
        return place(
            self.ids[owner], wish.side, wish.units, wish.price,
            time_in_force=wish.time_in_force, self_trade_prevention=wish.prevention,
            post_only=wish.post_only, max_slippage_bps=wish.slippage_bps,
            max_average_price_micros=wish.average, max_spend_micros=wish.spend,
            auto_transfer=wish.auto_transfer, tag=wish.tag, expires_at_us=expires_at_us,
            source="issuance" if owner in ISSUERS else "trading", validate_only=rehearses, **more,
        )  # fmt: skip

    def place(self, owner: str, wish: Wish, *, rehearses: bool = False) -> Answer:
        return _answer(self.send(self._command(owner, wish, rehearses=rehearses)))

    def amend(self, owner: str, order_id: str, price: int, units: int) -> Answer:
        amend = commands.AmendOrder(
            self.ids[owner], order_id, price_micros=price, quantity_units=units
        )
        return _answer(self.send(amend))

    def cancel(self, owner: str, order_id: str) -> str:
        return _word(self.send(commands.CancelOrder(self.ids[owner], order_id)))

    def cancel_all(self, owner: str, tag: str) -> set[str]:
        return set(self.send(commands.CancelOrders(self.ids[owner], tag=tag)).order_ids)

    def batch(self, owner: str, wishes: list[Wish], *, all_or_none: bool) -> list[Answer]:
        items = tuple(self._command(owner, wish) for wish in wishes)
        reply = self.send(commands.BatchOrders(self.ids[owner], items, all_or_none))
        return [_answer(item) for item in reply.items]

    def quote(self, owner: str, tag: str, quotes: list[Wish]) -> tuple[set[str], list[Answer]]:
        items = tuple(self._command(owner, wish) for wish in quotes)
        reply = self.send(commands.ReplaceQuotes(self.ids[owner], MARKET, tag, items))
        return set(reply.cancelled_order_ids), [_answer(item) for item in reply.items]

    def transfer(self, owner: str, units: int) -> str:
        return _word(self.send(commands.TransferUnits(self.ids[owner], INSTRUMENT, units)))

    def issue(self, owner: str, units: int) -> str:
        return _word(self.send(commands.IssueUnits(self.ids[owner], INSTRUMENT, units)))

    def arm(self, owner: str, span_us: int) -> None:
        self.exchange.ok(commands.CancelAllAfter(self.ids[owner], span_us))

    def set_auto(self, owner: str, *, is_auto: bool) -> None:
        mode: Any = "auto" if is_auto else "advanced"
        self.exchange.ok(commands.UpdateSettings(self.ids[owner], account_mode=mode))

    def set_open(self, *, is_open: bool) -> None:
        state: Any = "open" if is_open else "cancel_only"
        self.exchange.ok(commands.SetMarketState(MARKET, state, "a test"))

    def pass_time(self, span_us: int) -> None:
        self.exchange.later(span_us)
        self.exchange.tick()
        self.is_behind = False

    def pass_time_without_ticks(self, span_us: int) -> None:
        """What falls due is done when somebody looks, or later."""
        self.exchange.later(span_us)
        self.send(commands.UpdateMember(self.ids[ISSUERS[0]]))
        self.is_behind = True

    def restart(self) -> None:
        """Come back from a snapshot; the order of its rows is of no importance."""
        digest = self.state.digest()
        self.exchange.state = State.load(reversed(list(self.state.dump())))
        assert self.state.digest() == digest

    def wealth(self, owner: str) -> int:
        mine = self.ids[owner]
        balances = self.state.balances.items()
        return sum(amount for (who, _, asset), amount in balances if (who, asset) == (mine, CASH))

    def units(self, owner: str) -> int:
        accounts = ("unsold", "listed") if owner in ISSUERS else ("trading", "held")
        return sum(self.exchange.tokens(self.ids[owner], account) for account in accounts)

    def lots(self, owner: str) -> list[tuple[int, int, int, int]]:
        return [
            (
                lot.free_tokens,
                lot.reserved_tokens,
                lot.consumed_tokens,
                lot.expired_tokens + lot.refunded_tokens,
            )
            for _, lot in sorted(self.state.lots.items())
            if lot.member_id == self.ids[owner]
        ]

    def ladder(self, side: str) -> Ladder:
        book = self.state.indices.books[MARKET]
        levels = []
        for price, level in book.side(side).walk():  # type: ignore[arg-type]
            queue = [self.state.orders[order_id] for order_id in level.queue]
            live = [(o.order_id, o.remaining_units) for o in queue if not self._has_lapsed(o)]
            if live:
                levels.append((price, live))
        return levels

    def _has_lapsed(self, order: Any) -> bool:
        timer = self.state.cancel_timers.get(order.member_id)
        switched_off = timer is not None and timer.fires_at_us <= self.state.now_us
        ends_us = order.expires_at_us
        return switched_off or (ends_us is not None and ends_us <= self.state.now_us)


def _word(reply: Any) -> str:
    return reply.reason if isinstance(reply, Refusal) else ""


def _answer(reply: OrderReply | Refusal) -> Answer:
    if isinstance(reply, Refusal):
        return Answer("", reply.reason)
    fills = tuple((fill.price_micros, fill.quantity_units) for fill in reply.fills)
    return Answer(reply.order.order_id, reply.order.closure_reason or "open", fills)


class EngineMachine(MarketMachine):
    """What all doors offer, and calls as relays report them, of whatever verdict."""

    door: EngineDoor

    def open_door(self) -> tuple[Door, NaiveMarket]:
        door = EngineDoor()
        self.calls = 0
        self.settled: list[str] = []
        self.folded = State()
        self.rows = 0
        return door, naive_market(door.state, door.exchange.at_us)

    @initialize()
    def begin(self) -> None:
        """As everywhere; and whoever is in auto mode calls for more than there is."""
        super().begin()
        self.consume([("call", AUTO, 60_000, 4_096, 128)] * 2)

    @rule(span_us=st.sampled_from((1, 40, 700)).map(lambda seconds: seconds * SECOND))
    def pass_time_without_ticks(self, span_us: int) -> None:
        if self.model.now_us + span_us >= self.model.slot_us:
            self.pass_time(span_us)
            return
        self.door.pass_time_without_ticks(span_us)
        self.model.pass_time(span_us)

    # ---- calls ---------------------------------------------------------------------------------

    @rule(acts=st.lists(CALLS | MARKS | ENDS, min_size=1, max_size=8))
    def consume(self, acts: list[tuple[Any, ...]]) -> None:
        """Calls begin, come along and end, in any order."""
        for act, *figures in acts:
            if act == "call":
                self._call(*figures)
            elif self.model.calls:
                (self._mark if act == "mark" else self._end)(*figures)

    def _call(self, owner: str, prompt: int, output: int, choices: int) -> None:
        self.calls += 1
        name, before = f"dlv_{self.calls:06d}", self.model.volume_units
        wanted = reserve(name, self.door.ids[owner], prompt, output, choices=choices)
        expected = self.model.reserve(name, owner, prompt, choices * output, *WINDOWS)
        assert _word(self.door.send(wanted)) == expected
        self.seen["bought for a call"] += self.model.volume_units > before

    def _mark(self, number: int, part: int) -> None:
        name, call = self._some_call(number)
        output = (call.tokens - call.prompt) * part // 100
        self.door.exchange.ok(commands.Mark(name, output))
        call.marked = max(call.marked, call.prompt + output)
        first_us = min(lot.expires_us for lot, _ in call.draws)
        call.deadline_us = min(self.model.now_us + WINDOWS[0], first_us + WINDOWS[1])

    def _end(self, number: int, part: int, verdict: str) -> None:
        name, call = self._some_call(number)
        billed = call.tokens * part // 100
        usage = self.door.exchange.ok(report(name, verdict, billed)).usage
        expected = min(billed, call.tokens) if verdict in BILLED else 0
        assert usage.billed_tokens == expected
        self.is_exact = self.is_exact and verdict not in TENDERED
        self.model.settle(name, expected)
        self.settled.append(name)
        self.seen[verdict] += 1

    @precondition(lambda self: self.settled)
    @rule(number=st.integers(0, 999))
    def end_twice(self, number: int) -> None:
        """A second report moves nothing; one of a call that time has settled is noted."""
        name = self.settled[number % len(self.settled)]
        reply = self.door.exchange.send(report(name, "in_spec", 1))
        assert isinstance(reply, LateReportReply) or reply.reason in (
            "DELIVERY_CLOSED", "DELIVERY_NOT_FOUND",
        )  # fmt: skip

    def _some_call(self, number: int) -> Any:
        calls = sorted(self.model.calls.items())
        return calls[number % len(calls)]

    # ---- laws ----------------------------------------------------------------------------------

    @invariant()
    def laws_hold(self) -> None:
        check(self.door.state)
        sent = sum(self.door.wealth(name) for name in self.model.members)
        house = self.door.exchange.cash("house", "guarantee")
        assert sent + house == len(TRADERS) * DOLLARS * 1_000_000

    @invariant()
    def the_events_alone_make_the_same_state(self) -> None:
        rows = self.door.exchange.rows
        for _, at_us, outcome in rows[self.rows :]:
            fold(self.folded, at_us, outcome.events)
        self.rows = len(rows)
        assert self.folded.digest() == self.door.state.digest()

    @invariant()
    def volume_agrees(self) -> None:
        trades = self.door.exchange.all_events(TradeExecuted)
        assert sum(each.trade.quantity_units for each in trades) == self.model.volume_units


def test_any_order_of_commands_keeps_every_law() -> None:
    EngineMachine.seen.clear()
    run_state_machine_as_test(EngineMachine, settings=SETTINGS)
    seen = EngineMachine.seen
    print(dict(sorted(seen.items())))
    # Where examples are drawn anew each time, a run may be poor in something.
    if SETTINGS.derandomize:
        assert min(seen[each] for each in MET) >= 1, seen
        assert seen["fills"] > 500, seen


def test_a_planted_fault_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "crosses", lambda side, price_micros, bound_micros: True)
    with pytest.raises((AssertionError, InvariantBroken)):
        run_state_machine_as_test(EngineMachine, settings=settings(SETTINGS, phases=FIND))
