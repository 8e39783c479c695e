"""A seeded life of the whole house on a clock moved by hand: real exchange, real gRPC, real agents.

Suppliers serve, fail, dawdle and vanish; people trade, transfer and call; hours pass, sweeps come,
the exchange goes down and comes back. After each stretch the books are proved, at the end every
usage record and the journal itself.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import (
    HOUR_US,
    SYMBOL,
    Exchange,
    an_offer,
    running_exchange,
    started_clock,
)
from tests.support.house import DOLLAR, SELLER, House, Person, Scripted, Seller, a_house
from tests.support.until import until
from tests.support.whole import grid_exchange
from thegrid.errors import GridError
from thegrid.supplier.call import SupplierCall
from thegrid.v1 import chat_pb2
from thegrid_exchange.clock import ManualClock
from thegrid_exchange.engine import invariants

SECOND_US = 1_000_000
OUTAGE_GAP_US = 60 * SECOND_US


class Moody(Scripted):
    """A supplier that answers well most of the time."""

    def __init__(self, chance: random.Random, model: str) -> None:
        super().__init__(lambda call: [" word"] * chance.choice([1, 20, 150]), model)
        self.chance = chance
        self.mood = "good"
        self.dawdling = 0

    async def answer(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        if self.mood == "failing":
            raise RuntimeError("the model fell over")
        if self.mood == "dawdling":
            self.dawdling += 1
            try:
                await asyncio.Event().wait()
            finally:
                self.dawdling -= 1
        return await super().answer(call)


class HouseLife:
    """One history: what happens next is drawn from a seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.chance = random.Random(seed)
        # Ten days back, so that ids made by the real clock do not grow old while days pass here.
        self.folder, self.clock = folder, ManualClock(started_clock().now_us() - 240 * HOUR_US)
        self.totals: Counter[str] = Counter()
        self.secrets: dict[str, tuple[str, str]] = {}
        self.exchange: Exchange
        self.house: House
        self.people: dict[str, Person] = {}
        self.sellers: list[Seller] = []
        self.choices: list[tuple[int, Callable[[], Any]]] = [
            (14, self._order),
            (3, self._cancel),
            (4, self._transfer),
            (16, self._calls),
            (5, self._sell),
            (4, self._mood),
            (2, self._lose_supplier),
            (5, self._pass_time),
            (3, self._pass_hours),
        ]

    async def run(self, lives: int, steps: int) -> None:
        """Live, go down, come back; prove everything along the way."""
        for life in range(lives):
            async with (
                running_exchange(self.folder, clock=self.clock) as self.exchange,
                a_house(self.exchange.target, self.exchange.operator_key) as self.house,
            ):
                await self._begin(first=life == 0)
                weights = [weight for weight, _ in self.choices]
                for step in range(steps):
                    await self.chance.choices(self.choices, weights)[0][1]()
                    if step % 10 == 9:
                        await self._prove()
                await self._prove()
                await self._prove_usage()
                policy = {"outage_gap_us": OUTAGE_GAP_US}
                await self.house.operator.admin.set_policy(policy)
                assert self.exchange.faults == []
            self.clock.advance(self.chance.choice([1, 5_000, 12_000]) * SECOND_US)
            self.totals["outages"] += 1

    async def _begin(self, *, first: bool) -> None:
        house = self.house
        await house.operator.admin.set_policy({"outage_gap_us": 0})
        if first:
            await house.instrument(maker_fee_bps=10, taker_fee_bps=30)
            await house.operator.admin.fund_guarantee(1_000 * DOLLAR)
            await self._admit_people()
        else:
            for handle, (member_id, secret) in self.secrets.items():
                client = type(house.operator)(house.target, secret)
                self.people[handle] = Person(member_id, secret, "", client)
                house.people.append(self.people[handle])
        self.sellers = []
        for handle in ("alpha", "beta", "gamma"):
            person = self.people[handle]
            backend = Moody(self.chance, f"{handle}/model")
            agent = await house.serve(person, backend)
            self.sellers.append(Seller(person, agent, backend))

    async def _admit_people(self) -> None:
        for handle in ("alpha", "beta", "gamma"):
            seller = await self.house.member(
                handle, 1_000, roles=("trader", "supplier"), scopes=SELLER
            )
            self.people[handle] = seller
            await self.house.operator.admin.admit_supplier(seller.member_id, SYMBOL, 10_000)
            offer = an_offer(model=f"{handle}/model")
            await seller.client.supply.register_offer(SYMBOL, offer)
            await self.house.sell(seller, 20, DOLLAR)
        for number, ceiling in enumerate((0, 0, 3 * DOLLAR, DOLLAR)):
            handle = f"person-{number}"
            self.people[handle] = await self.house.member(
                handle, 2_000, auto_ceiling_micros=ceiling
            )
        self.secrets = {
            handle: (person.member_id, person.secret) for handle, person in self.people.items()
        }

    # ---- what happens --------------------------------------------------------------------------

    def _someone(self) -> Person:
        return self.people[f"person-{self.chance.randrange(4)}"]

    async def _tried(self, name: str, work: Any) -> None:
        try:
            await work
            self.totals[name] += 1
        except GridError as error:
            if error.code in ("INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"):
                raise
            self.totals[f"refused {error.reason}"] += 1

    async def _order(self) -> None:
        orders = self._someone().client.orders
        enter = self.chance.choice([orders.buy, orders.buy, orders.sell])
        price = self.chance.choice([None, self.chance.randint(8, 16) * DOLLAR // 10])
        more = {"auto_transfer": True} if enter == orders.buy and self.chance.random() < 0.3 else {}
        await self._tried("orders", enter(SYMBOL, self.chance.randint(1, 3), price, **more))

    async def _cancel(self) -> None:
        await self._tried("cancel-alls", self._someone().client.orders.cancel_all())

    async def _transfer(self) -> None:
        client = self._someone().client
        await self._tried("transfers", client.accounts.transfer(SYMBOL, self.chance.randint(1, 2)))

    async def _sell(self) -> None:
        seller = self.chance.choice(self.sellers).person
        price = self.chance.randint(8, 14) * DOLLAR // 10
        await self._tried("listings", self.house.sell(seller, self.chance.randint(1, 8), price))

    async def _calls(self) -> None:
        """A few calls at once; time passes for those whose supplier dawdles."""
        calls = [
            asyncio.create_task(self._tried("answers", self._call()))
            for _ in range(self.chance.randint(1, 6))
        ]
        for _ in range(12):
            _, under_way = await asyncio.wait(calls, timeout=0.2)
            if not under_way:
                break
            if any(seller.backend.dawdling for seller in self.sellers):
                self.clock.advance(3 * SECOND_US)
        await asyncio.gather(*calls)

    async def _call(self) -> None:
        client = self._someone().client
        cap = self.chance.choice([10, 200, None])
        delivery = client.deliver(SYMBOL, "Say hello", max_output_tokens=cap)
        if self.chance.random() < 0.15:
            async for event in delivery:
                if event.WhichOneof("event") == "reply":
                    delivery.close()
                    self.totals["left"] += 1
                    return
        else:
            await delivery.text()

    async def _mood(self) -> None:
        seller = self.chance.choice(self.sellers)
        seller.backend.mood = self.chance.choice(["good", "good", "good", "failing", "dawdling"])

    async def _lose_supplier(self) -> None:
        """A supplier vanishes under a call, and another day comes back."""
        seller = self.chance.choice(self.sellers)
        seller.backend.hold = asyncio.Event()
        seller.backend.mood = "good"
        opened = seller.backend.opened
        call = asyncio.create_task(self._tried("answers", self._call()))
        await asyncio.wait([call], timeout=0.2)
        if seller.backend.opened > opened:
            self.totals["suppliers lost"] += 1
        await seller.agent.stop()
        self.house.agents.remove(seller.agent)
        seller.backend.hold.set()
        await self._settle(call)
        seller.backend.hold = None
        seller.agent = await self.house.serve(seller.person, seller.backend)

    async def _settle(self, call: "asyncio.Task[None]") -> None:
        for _ in range(20):
            done, _ = await asyncio.wait([call], timeout=0.2)
            if done:
                break
            self.clock.advance(3 * SECOND_US)
        await call

    async def _pass_time(self) -> None:
        await self.exchange.advance(self.chance.choice([1, 30, 900]) * SECOND_US)

    async def _pass_hours(self) -> None:
        await self.exchange.advance(self.chance.choice([1, 2, 5]) * HOUR_US)
        self.totals["hours"] += 1

    # ---- proof ---------------------------------------------------------------------------------

    async def _prove(self) -> None:
        relay = self.exchange.running.services.relay
        await until(lambda: relay.open_calls == 0)
        books = await self.house.books()
        assert not books.get((f"ins_{SYMBOL}", "reserved"), 0)
        invariants.check(self.exchange.running.services.sequencer.state)

    async def _prove_usage(self) -> None:
        sellers = {person.member_id for handle, person in self.people.items() if "-" not in handle}
        billed = 0
        for handle, person in self.people.items():
            if "-" in handle:
                records = await self.house.prove_usage(person, sellers)
                billed += sum(record.billed_tokens for record in records)
        books = await self.house.books()
        assert billed == books.get((f"ins_{SYMBOL}", "consumed"), 0)
        self.totals["billed tokens"] = billed
        for account in ("issued", "retired", "expired", "refunded"):
            self.totals[account] = abs(books.get((f"ins_{SYMBOL}", account), 0))
        self.totals["fees"] = books.get(("usd", "fees"), 0)


async def lived(seed: int, folder: Path, lives: int, steps: int) -> Counter[str]:
    life = HouseLife(seed, folder)
    await life.run(lives, steps)
    code, said = await grid_exchange("verify", folder)
    assert code == 0, said
    print(f"seed {seed}: {dict(sorted(life.totals.items()))}")
    return life.totals


async def test_a_life_of_the_house_conserves_money_and_tokens(tmp_path: Path) -> None:
    totals = await lived(5, tmp_path, lives=2, steps=60)
    assert totals["answers"] > 10
    assert totals["billed tokens"] > 100
    assert totals["orders"] > 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 104))
async def test_longer_lives_of_the_house(seed: int, tmp_path: Path) -> None:
    totals = await lived(seed, tmp_path, lives=4, steps=100)
    assert totals["answers"] > 40
