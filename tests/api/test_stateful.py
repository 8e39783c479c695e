"""The public gRPC door under Hypothesis: any order of calls, deliveries, sweeps and restarts.

After each step the book is the naive market's, balances add up, each member's private stream folds
to what the lists show, and nobody is shown anything of another.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from tests.support.grpc_door import GrpcDoor
from tests.support.market_machine import (
    DOLLARS,
    FIND,
    SEARCH,
    SPANS,
    TRADERS,
    Door,
    MarketMachine,
    naive_market,
)
from tests.support.naive_market import NaiveMarket
from thegrid.v1 import admin_pb2, trading_pb2
from thegrid_exchange.api import account_stream
from thegrid_exchange.api.convert.accounts import cash_message
from thegrid_exchange.delivery.encodings import encoding_named
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.policy import POLICY_DEFAULTS
from thegrid_exchange.views.trading import TradingReader

SETTINGS = settings(
    max_examples=30,
    stateful_step_count=30,
    deadline=None,
    phases=SEARCH,
    report_multiple_bugs=False,
)
SAID = "one two three, and so on"
PROMPT_TOKENS = 8
"""`Say hello` of a user: two tokens, a message, a request; see the metering policy."""
CALLS = st.tuples(st.sampled_from(TRADERS), st.sampled_from((1, 50, 4_096)))
"""Who calls, and how much may be answered."""
WINDOWS = (POLICY_DEFAULTS["reservation_window_us"], POLICY_DEFAULTS["reservation_grace_us"])
MET = ("open", "fills", "swept", "restarts", "delivered")


class GrpcMachine(MarketMachine):
    """What all doors offer, and whole deliveries through a supplier that serves."""

    door: GrpcDoor

    def open_door(self) -> tuple[Door, NaiveMarket]:
        self.folder = Path(tempfile.mkdtemp(prefix="grid-"))
        door = GrpcDoor(self.folder, SAID)
        state = door.exchange.running.services.sequencer.state
        self.calls = 0
        return door, naive_market(state, door.clock.now_us())

    def teardown(self) -> None:
        self.door.close()
        shutil.rmtree(self.folder)

    @rule(calls=st.lists(CALLS, min_size=1, max_size=4))
    def deliver(self, calls: list[tuple[str, int]]) -> None:
        for owner, output in calls:
            self._deliver(owner, output)

    def _deliver(self, owner: str, output: int) -> None:
        self.calls += 1
        name = f"call-{self.calls}"
        reason, text, billed = self.door.deliver(owner, output)
        assert reason == self.model.reserve(name, owner, PROMPT_TOKENS, output, *WINDOWS)
        if reason:
            self.seen[reason] += 1
            return
        words = len(encoding_named("o200k_base").encode_ordinary(text))
        assert SAID.startswith(text)
        assert words == output or text == SAID
        assert billed == PROMPT_TOKENS + words
        self.model.settle(name, billed)
        self.seen["delivered"] += 1

    @rule(span_us=SPANS)
    def pass_time(self, span_us: int) -> None:
        """What expires earns for the time its issuer was there, and restarts took some of it."""
        ended = self.seen["Lots ended"]
        super().pass_time(span_us)
        self.is_exact = self.is_exact and self.seen["Lots ended"] == ended

    # ---- laws ----------------------------------------------------------------------------------

    @invariant()
    def the_ledger_sums_to_zero(self) -> None:
        request = admin_pb2.GetTrialBalanceRequest()
        lines = self.door.run(self.door.exchange.admin.GetTrialBalance(request)).lines
        sums: dict[str, int] = {}
        for line in lines:
            sums[line.asset] = sums.get(line.asset, 0) + line.amount
        assert not any(sums.values()), sums
        people = sum(self.door.wealth(name) for name in self.model.members)
        assert people == len(TRADERS) * DOLLARS * 10**6
        check(self.door.exchange.running.services.live.state)

    @invariant()
    def streams_fold_to_what_the_lists_show(self) -> None:
        for name in self.model.members:
            picture = self.door.pictures[name]
            self.door.run(picture.agrees())
            assert picture.cash == self.door.balances(name).cash
            assert set(picture.orders) == {o.name for o in self.model.open_orders(name)}

    @invariant()
    def nobody_sees_anothers(self) -> None:
        resting = {order.name for order in self.model.book.resting}
        for name in self.model.members:
            mine = {order_id for order_id, owner in self.model.owners.items() if owner == name}
            listed = self.door.orders(name)
            assert {order.order_id for order in listed} == mine - {"", "auto", "undone"}
            for order in listed:
                is_open = order.status == trading_pb2.ORDER_STATUS_OPEN
                assert is_open == (order.order_id in resting)


def test_any_order_of_calls_keeps_every_law() -> None:
    GrpcMachine.seen.clear()
    run_state_machine_as_test(GrpcMachine, settings=SETTINGS)
    seen = GrpcMachine.seen
    print(dict(sorted(seen.items())))
    # Where examples are drawn anew each time, a run may be poor in something.
    if SETTINGS.derandomize:
        assert min(seen[each] for each in MET) >= 1, seen


async def _orders_of_all(reader: TradingReader, member_id: str, **more: Any) -> list[Any]:
    """A planted fault: whoever asks for a list is shown that of others as well."""
    honest = REAL_ORDERS(reader, member_id, **more)
    others = REAL_ORDERS(reader, "mem_000000000003", **more)
    return [*await honest, *await others]


REAL_ORDERS: Any = TradingReader.orders


def test_a_planted_leak_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TradingReader, "orders", _orders_of_all)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(GrpcMachine, settings=settings(SETTINGS, phases=FIND))


def test_a_planted_fault_in_a_stream_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stream is a micro-dollar behind the lists."""

    def short(cash: Any) -> Any:
        return cash_message(cash._replace(available_micros=cash.available_micros - 1))

    monkeypatch.setattr(account_stream, "cash_message", short)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(GrpcMachine, settings=settings(SETTINGS, phases=FIND))
