"""The engine's matching against a naive book written separately, on seeded random tapes."""

import random
from typing import Any

import pytest

from tests.support.market import INSTRUMENT, MARKET, Exchange, place
from tests.support.naive_book import NaiveBook, NaiveOrder
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.events import TradeExecuted
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.refusals import Refusal

PREVENTIONS = ("cancel_newest", "cancel_oldest", "cancel_both", "decrement")


class Pair:
    """The engine and the naive book, fed with the same commands."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.exchange = Exchange(checked=False)
        self.exchange.instrument(quantity_units_max=1_000)
        self.exchange.policy(max_open_orders=10**9, max_events=100_000)
        self.members = []
        for number in range(5):
            member_id = self.exchange.supplier(f"member-{number}", dollars=10**9)
            self.exchange.ok(commands.AdmitSupplier(member_id, INSTRUMENT, 10**11))
            self.exchange.ok(commands.IssueUnits(member_id, INSTRUMENT, 10**8))
            self.members.append(member_id)
        for member_id in self.members[:2]:
            self.exchange.ok(commands.UpdateMember(member_id, prevention_group="desk"))
        self.naive = NaiveBook(parties=dict.fromkeys(self.members[:2], "desk"))
        self.trades: list[tuple[str, str, int, int]] = []

    def run(self, length: int, *, compare_every: int) -> None:
        for number in range(length):
            self.exchange.later(self.random.randrange(3))
            self._step()
            assert self.trades == self.naive.trades
            if number % compare_every == 0:
                self._compare_books()
                check(self.exchange.state)
            self.trades.clear()
            self.naive.trades.clear()
        self._compare_books()
        check(self.exchange.state)

    def _step(self) -> None:
        choice = self.random.random()
        # A book that is too long makes the naive one slow, so it is thinned out.
        if self.naive.resting and (choice < 0.25 or len(self.naive.resting) > 150):
            self._cancel()
        elif self.naive.resting and choice < 0.4:
            self._amend()
        else:
            self._place()

    def _place(self) -> None:
        rand = self.random
        owner, side = rand.choice(self.members), rand.choice(("buy", "sell"))
        price = None if rand.random() < 0.1 else rand.randint(90, 110) * 1_000
        time_in_force = rand.choice(("gtc", "gtc", "gtc", "ioc", "fok"))
        more: dict[str, Any] = {
            "time_in_force": time_in_force,
            "self_trade_prevention": rand.choice(PREVENTIONS),
            "post_only": price is not None and time_in_force == "gtc" and rand.random() < 0.1,
            "max_slippage_bps": rand.choice((None, None, 0, 100, 500)),
        }
        if more["post_only"]:
            more["post_only_mode"] = rand.choice(("reject", "slide"))
        if side == "sell":
            more["source"] = "issuance"
        elif price is None:
            more["max_spend_micros"] = rand.choice((None, rand.randint(90, 2_000) * 1_000))
        if price is None:
            more["max_average_price_micros"] = rand.choice((None, rand.randint(90, 110) * 1_000))
        units = rand.randint(1, 20)
        reply = self._send(place(owner, side, units, price, **more))
        name = "" if isinstance(reply, Refusal) else reply.order.order_id
        naive = NaiveOrder(
            name or self.exchange.state.next_id("ord"),
            owner,
            side,
            price,
            units,
            units,
            more["self_trade_prevention"],
            more["post_only"],
            more.get("post_only_mode") == "slide",
            more.get("max_average_price_micros"),
            more.get("max_spend_micros"),
        )
        self._agree(reply, self.naive.place(naive, time_in_force, more["max_slippage_bps"]))

    def _amend(self) -> None:
        order = self.random.choice(self.naive.resting)
        price = order.price if self.random.random() < 0.4 else self.random.randint(90, 110) * 1_000
        quantity = self.random.randint(1, 25)
        assert price is not None
        reply = self._send(
            commands.AmendOrder(
                order.owner, order.name, price_micros=price, quantity_units=quantity
            )
        )
        self._agree(reply, self.naive.amend(order.name, price, quantity))

    def _cancel(self) -> None:
        order = self.random.choice(self.naive.resting)
        reply = self._send(commands.CancelOrder(order.owner, order.name))
        assert not isinstance(reply, Refusal)
        self.naive.cancel(order.name)

    def _send(self, command: commands.Command) -> Any:
        reply = self.exchange.send(command)
        self.exchange.rows.clear()
        for event in self.exchange.events(TradeExecuted):
            trade = event.trade
            self.trades.append(
                (
                    trade.maker_order_id,
                    trade.taker_order_id,
                    trade.price_micros,
                    trade.quantity_units,
                )
            )
        return reply

    def _agree(self, reply: Any, naive: str) -> None:
        if isinstance(reply, Refusal):
            assert reply.reason == naive
        else:
            assert (reply.order.closure_reason or "open") == naive

    def _compare_books(self) -> None:
        book = self.exchange.state.indices.books[MARKET]
        for side in ("buy", "sell"):
            walked = [
                (
                    price,
                    [
                        (order_id, self.exchange.state.orders[order_id].remaining_units)
                        for order_id in level.queue
                    ],
                )
                for price, level in book.side(side).walk()
            ]
            assert walked == self.naive.ladder(side)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_engine_matches_as_the_naive_book_does(seed: int) -> None:
    Pair(seed).run(10_000, compare_every=100)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_the_engine_matches_as_the_naive_book_does_for_long(seed: int) -> None:
    Pair(seed).run(50_000, compare_every=500)


def test_the_comparison_catches_a_planted_fault() -> None:
    pair = Pair(3)
    buyer, seller = pair.members[2:4]
    for _ in range(2):
        pair._send(place(seller, "sell", 1, 100_000, source="issuance"))
    pair.naive.resting = [
        NaiveOrder("ord_000000000002", seller, "sell", 100_000, 1, 1, "decrement", age=1),
        NaiveOrder("ord_000000000001", seller, "sell", 100_000, 1, 1, "decrement", age=2),
    ]
    with pytest.raises(AssertionError):
        pair._compare_books()
    pair._send(place(buyer, "buy", 1, 100_000))
    pair.naive.place(NaiveOrder("b", buyer, "buy", 100_000, 1, 1, "decrement"), "gtc")
    assert pair.trades != pair.naive.trades
