"""Engine: commands per second of CPU time, and calls per command, by depth of book and members.

Orders go through `step` alone: no journal, no wire. The collector is off while a rate is taken, as
the server freezes it; calls are counted in a pass of their own, so that they do not depend on load.
"""

import argparse
import gc
import random
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.support.market import DOLLAR, INSTRUMENT, Exchange, place, reserve
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import MarketTerms
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.engine.step import step

TOP_MICROS = 100_000
"""Buys rest at 1 to this many micro-dollars, sells above it."""
RATED = 5_000
COUNTED = 200


class Size(NamedTuple):
    """One line of the table."""

    resting: int
    members: int


SIZES = (
    Size(1_000, 10),
    Size(1_000, 100_000),
    Size(100_000, 10),
    Size(100_000, 100_000),
    Size(1_000_000, 10),
    Size(1_000_000, 100_000),
)


class Bench:
    """An exchange of one size, and streams of commands that leave its size about the same."""

    def __init__(self, size: Size) -> None:
        self.random = random.Random(1)
        self.deliveries = 0
        self.exchange = exchange = Exchange(checked=False)
        exchange.instrument(**MarketTerms(quantity_units_max=10**6)._asdict())
        exchange.policy(max_open_orders=10**9)
        self.seller = exchange.supplier("seller", dollars=0)
        self._run(commands.AdmitSupplier(self.seller, INSTRUMENT, 10**9))
        self._run(commands.IssueUnits(self.seller, INSTRUMENT, 10**6))
        self.members = [self._member(number) for number in range(size.members)]
        for _ in range(size.resting // 2):
            self._run(self.resting_buy())
            self._run(self.resting_sell())
        self.buyer = self._member(size.members)
        for _ in range(5):
            self._run(place(self.buyer, "buy", 20, 3 * DOLLAR, auto_transfer=True))
        gc.collect()
        gc.freeze()

    def _member(self, number: int) -> str:
        roles = ("trader", "consumer")
        member_id: str = self._run(
            commands.CreateMember(f"member-{number}", roles)
        ).member.member_id
        self._run(commands.Deposit(member_id, 10**12))
        return member_id

    def _run(self, command: commands.Command) -> Any:
        reply = step(self.exchange.state, command, self.exchange.at_us).reply
        assert not isinstance(reply, Refusal), reply
        return reply

    # ---- commands ------------------------------------------------------------------------------

    def resting_buy(self) -> commands.Command:
        price = self.random.randint(1, TOP_MICROS)
        return place(self.random.choice(self.members), "buy", 1, price)

    def resting_sell(self) -> commands.Command:
        price = self.random.randint(TOP_MICROS + 1, 2 * TOP_MICROS)
        return place(self.seller, "sell", 1, price, source="issuance")

    def crossing(self) -> commands.Command:
        return place(self.random.choice(self.members), "buy", 1, 2 * TOP_MICROS)

    def cancelling(self) -> Iterator[commands.Command]:
        orders = self.exchange.state.orders
        chosen = self.random.sample(sorted(orders), RATED // 10)
        for order_id in chosen:
            yield commands.CancelOrder(orders[order_id].member_id, order_id)

    def amending(self) -> Iterator[commands.Command]:
        orders = self.exchange.state.orders
        buys = [order for order in orders.values() if order.side == "buy"]
        for order in self.random.sample(buys, min(len(buys), RATED // 10)):
            price = self.random.randint(1, TOP_MICROS)
            yield commands.AmendOrder(order.member_id, order.order_id, price_micros=price)

    def calls(self) -> Iterator[commands.Command]:
        for _ in range(RATED // 4):
            self.deliveries += 1
            delivery_id = f"dlv_{self.deliveries}"
            yield reserve(delivery_id, self.buyer, 1_000, 500)
            yield commands.Report(delivery_id, "in_spec", 1_200, self.seller)

    # ---- measuring -----------------------------------------------------------------------------

    def rate(self, stream: list[commands.Command]) -> float:
        """Commands per second of CPU time."""
        state, at_us = self.exchange.state, self.exchange.at_us
        self.exchange.at_us += len(stream)
        gc.disable()
        began = time.process_time()
        for command in stream:
            at_us += 1
            step(state, command, at_us)
        spent = time.process_time() - began
        gc.enable()
        return len(stream) / spent

    def count(self, stream: list[commands.Command]) -> tuple[float, float]:
        """Calls (Python and C) and events per command."""
        counted = 0

        def count_calls(frame: Any, event: str, argument: Any) -> None:
            nonlocal counted
            counted += event in ("call", "c_call")

        happened = 0
        for command in stream:
            sys.setprofile(count_calls)
            outcome = step(self.exchange.state, command, self.exchange.at_us)
            sys.setprofile(None)
            happened += len(outcome.events)
        return counted / len(stream), happened / len(stream)


def many(make: Callable[[], commands.Command], number: int) -> list[commands.Command]:
    """So many commands of one kind."""
    return [make() for _ in range(number)]


def streams(bench: Bench) -> Iterator[tuple[str, list[commands.Command]]]:
    """What is measured; the counted commands are the tail of each stream."""
    number = RATED + COUNTED
    yield "rest", many(bench.resting_sell, number) + many(bench.resting_buy, number)
    yield "cross", many(bench.crossing, number)
    yield "amend", list(bench.amending())
    yield "cancel", list(bench.cancelling())
    yield "call", list(bench.calls())


def main() -> None:
    """Print one line per size and kind of command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=10**6, help="leave out deeper books")
    most = parser.parse_args().most
    print(f"{'resting':>9} {'members':>8} {'command':>8} {'per s':>8} {'calls':>6} {'events':>6}")
    for size in (size for size in SIZES if size.resting <= most):
        bench = Bench(size)
        for name, stream in streams(bench):
            tail = min(COUNTED, len(stream) // 4) // 2 * 2
            rate = bench.rate(stream[:-tail])
            calls, happened = bench.count(stream[-tail:])
            line = f"{size.resting:>9,} {size.members:>8,} {name:>8} {rate:>8,.0f}"
            print(f"{line} {calls:>6.0f} {happened:>6.1f}", flush=True)
        del bench
        gc.unfreeze()
        gc.collect()


if __name__ == "__main__":
    main()
