"""People who use a whole exchange while it is killed under them, and who remember every answer.

Each wish has an id of its own. A wish without an answer is wished again, under the same id, in the
next life; at the end everything answered must be there, and nothing twice.
"""

import asyncio
import contextlib
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.support.exchange import SYMBOL, an_offer
from tests.support.house import DOLLAR, SELLER, House, Person, Scripted, prove_books
from tests.support.whole import Whole, grid_exchange
from thegrid import AsyncClient, place_item
from thegrid.errors import GridError
from thegrid.orders import order_terms

UNCERTAIN = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "INTERNAL", "UNKNOWN"})
UNCERTAIN_REASONS = frozenset({"OVERLOADED", "RATE_LIMITED"})
POLICY = {
    "outage_gap_us": 0,
    "sweep_interval_us": 60_000_000,
    "lot_window_us": 90_000_000,
    "reservation_window_us": 2_000_000,
    "reservation_grace_us": 2_000_000,
    "reserve_step_tokens": 64,
    "max_open_orders": 10**9,
}
"""Short spans, so that sweeps, expiries and extensions fall into short lives."""

SESSION_PERSON = 0
TRIES = 500


@dataclass
class Wish:
    """Something wanted exactly once."""

    kind: str
    person: int
    arguments: tuple[Any, ...] = ()


@dataclass
class Memory:
    """What was wished and what was answered, through all lives."""

    wishes: dict[str, Wish] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)
    repeated: int = 0
    """Wishes whose answer was lost with a life and that were wished again."""

    def pending(self) -> list[str]:
        return [wish_id for wish_id in self.wishes if wish_id not in self.answers]


class Load:
    """Orders by unary calls, batches and sessions, and deliveries, against one life at a time."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.memory = Memory()
        self.secrets: list[tuple[str, str]] = []
        self.seller: tuple[str, str] = ("", "")
        self.numbers = itertools.count(1)
        self.operator_key = ""

    # ---- the first life ------------------------------------------------------------------------

    async def set_up(self, whole: Whole) -> None:
        """Make the market and its people."""
        self.operator_key = whole.operator_key
        house = House(whole.target, AsyncClient(whole.target, self.operator_key))
        try:
            await house.operator.admin.set_policy(POLICY)
            await house.instrument(taker_fee_bps=25)
            person = await house.member("seller", roles=("trader", "supplier"), scopes=SELLER)
            await house.operator.admin.admit_supplier(person.member_id, SYMBOL, 1_000_000)
            offer = an_offer(concurrent_deliveries=64)
            await person.client.supply.register_offer(SYMBOL, offer)
            await house.sell(person, 500, DOLLAR)
            self.seller = (person.member_id, person.secret)
            for number in range(3):
                ceiling = 4 * DOLLAR if number == 2 else 0
                person = await house.member(f"p{number}", 10_000_000, auto_ceiling_micros=ceiling)
                self.secrets.append((person.member_id, person.secret))
        finally:
            await house.close()

    # ---- one life ------------------------------------------------------------------------------

    async def live(self, whole: Whole, span_s: float) -> None:
        """Repeat what is unanswered, then wish more, until the process is killed after a span."""
        house, people, seller = self._people(whole)
        tasks: list[asyncio.Task[None]] = []
        try:
            await house.serve(seller, Scripted(self._words, "load/model"))
            await self._repeat_pending(people)
            tasks += [asyncio.create_task(work) for work in self._works(people, seller)]
            await asyncio.wait(tasks, timeout=span_s, return_when=asyncio.FIRST_EXCEPTION)
        finally:
            await whole.kill()
            for task in tasks:
                task.cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(GridError):
                await house.close()
        for end in ends:
            if isinstance(end, AssertionError | KeyError | TypeError):
                raise end

    def _people(self, whole: Whole) -> tuple[House, list[Person], Person]:
        house = House(whole.target, AsyncClient(whole.target, self.operator_key))
        people = [Person(m, s, "", AsyncClient(whole.target, s)) for m, s in self.secrets]
        seller = Person(*self.seller, "", AsyncClient(whole.target, self.seller[1]))
        house.people += [*people, seller]
        return house, people, seller

    def _works(self, people: list[Person], seller: Person) -> list[Any]:
        return [
            self._unary(people, 0),
            self._unary(people, 1),
            self._batches(people, 1),
            self._session(people),
            *[self._calls(people, 2) for _ in range(4)],
            self._keeps_selling(seller),
        ]

    def _words(self, _call: Any) -> list[str]:
        return [" word"] * self.chance.choice([1, 5, 40, 200])

    async def _repeat_pending(self, people: list[Person]) -> None:
        pending = {wish_id: self.memory.wishes[wish_id] for wish_id in self.memory.pending()}
        self.memory.repeated += len(pending)
        for wish_id, wish in pending.items():
            await self._fulfil(wish_id, wish, people[wish.person].client)

    async def _unary(self, people: list[Person], number: int) -> None:
        while True:
            await self._fulfil(*self._wish("order", number, people))

    async def _batches(self, people: list[Person], number: int) -> None:
        while True:
            await self._fulfil(*self._wish("batch", number, people))

    async def _calls(self, people: list[Person], number: int) -> None:
        while True:
            await self._fulfil(*self._wish("call", number, people))

    async def _keeps_selling(self, seller: Person) -> None:
        """Sweeps retire what is unsold; there is always something to buy again soon."""
        while True:
            with contextlib.suppress(GridError):
                await seller.client.supply.issue(SYMBOL, 50)
                await seller.client.orders.sell(SYMBOL, 50, DOLLAR, source="issuance")
            await asyncio.sleep(0.05)

    async def _session(self, people: list[Person]) -> None:
        async with people[SESSION_PERSON].client.order_session() as session:
            while True:
                wished = [self._wish("session", SESSION_PERSON, people) for _ in range(20)]
                await asyncio.gather(*[self._in_session(session, *made[:2]) for made in wished])

    # ---- wishes --------------------------------------------------------------------------------

    def _wish(self, kind: str, number: int, people: list[Person]) -> tuple[str, Wish, AsyncClient]:
        wish_id = f"w{next(self.numbers)}"
        if kind == "call":
            wish_id = f"dlv_{next(self.numbers):026d}"
            arguments: tuple[Any, ...] = ()
        elif kind == "batch":
            arguments = tuple(self._order() for _ in range(10))
        else:
            arguments = self._order()
        wish = self.memory.wishes[wish_id] = Wish(kind, number, arguments)
        return wish_id, wish, people[number].client

    def _order(self) -> tuple[str, int, int]:
        side = self.chance.choice(("buy", "buy", "sell"))
        return side, self.chance.randint(1, 3), self.chance.randint(500, 1_100) * 1_000

    async def _fulfil(self, wish_id: str, wish: Wish, client: AsyncClient) -> None:
        """Ask until there is an answer; an answer is also a refusal by the market."""
        for _ in range(TRIES):
            try:
                self._remember(wish_id, await self._ask(wish_id, wish, client))
                return
            except GridError as error:
                last = error
                if error.code in UNCERTAIN or error.reason in UNCERTAIN_REASONS:
                    await asyncio.sleep(0.02)
                    continue
                self._remember(wish_id, ("refused", error.reason))
                return
        raise AssertionError(f"{wish.kind} {wish_id} never gets an answer: {last}")

    async def _ask(self, wish_id: str, wish: Wish, client: AsyncClient) -> Any:
        if wish.kind == "call":
            delivery = client.deliver(
                SYMBOL, "Say hello", delivery_id=wish_id, max_output_tokens=300
            )
            await delivery.text()
            assert delivery.usage is not None
            return "used", delivery.usage.billed_tokens
        if wish.kind == "batch":
            items = [self._item(f"{wish_id}.{i}", order) for i, order in enumerate(wish.arguments)]
            answer = await client.orders.batch(items, request_id=wish_id)
            return "batch", tuple(result.order.order_id for result in answer.results)
        side, units, price_micros = wish.arguments
        enter = client.orders.buy if side == "buy" else client.orders.sell
        answered = await enter(SYMBOL, units, price_micros, tag=wish_id, request_id=wish_id)
        return "placed", answered.order.order_id

    async def _in_session(self, session: Any, wish_id: str, wish: Wish) -> None:
        try:
            result = await session.send(self._item(wish_id, wish.arguments), wish_id)
            self._remember(wish_id, ("placed", result.result.order.order_id))
        except GridError as error:
            if error.code not in UNCERTAIN and error.reason not in UNCERTAIN_REASONS:
                self._remember(wish_id, ("refused", error.reason))

    @staticmethod
    def _item(tag: str, order: tuple[str, int, int]) -> Any:
        side, units, price_micros = order
        return place_item(order_terms(SYMBOL, side, units, price_micros, tag=tag))

    def _remember(self, wish_id: str, answer: Any) -> None:
        known = self.memory.answers.setdefault(wish_id, answer)
        assert known == answer, f"{wish_id} was answered {known}, and now {answer}"

    # ---- proof ---------------------------------------------------------------------------------

    async def prove(self, whole: Whole) -> dict[str, int]:
        """Every answer is there once, what was refused is nowhere, and the books are whole."""
        house, people, seller = self._people(whole)
        try:
            await house.serve(seller, Scripted(self._words, "load/model"))
            await self._repeat_pending(people)
            counts = Counter[str]()
            for number, person in enumerate(people):
                orders = {order.order_id: order async for order in person.client.orders.list()}
                usages = {usage.delivery_id: usage async for usage in person.client.usage.list()}
                counts.update(self._prove_person(number, orders, usages))
            answer = await house.operator.admin.trial_balance()
            books = {(line.asset, line.account): line.amount for line in answer.lines}
            prove_books(books)
            counts["consumed"] = books.get((f"ins_{SYMBOL}", "consumed"), 0)
            assert counts["consumed"] == counts["billed"]
            counts["rows"] = answer.position.seq
            counts["repeated"] = self.memory.repeated
            return dict(counts)
        finally:
            await house.close()

    def _prove_person(
        self, number: int, orders: dict[str, Any], usages: dict[str, Any]
    ) -> Counter[str]:
        tags = Counter(order.tag for order in orders.values())
        counts = Counter(orders=len(orders), deliveries=len(usages))
        counts["billed"] = sum(usage.billed_tokens for usage in usages.values())
        for wish_id, wish in self.memory.wishes.items():
            if wish.person != number:
                continue
            kind, answer = self.memory.answers[wish_id]
            counts[kind] += 1
            if wish.kind == "call":
                self._prove_call(wish_id, kind, answer, usages)
            elif kind == "batch":
                for position, order_id in enumerate(answer):
                    tag = f"{wish_id}.{position}"
                    assert tags[tag] == (1 if order_id else 0), f"{tag} is there {tags[tag]} times"
                    assert not order_id or orders[order_id].tag == tag
            elif kind == "placed":
                assert tags[wish_id] == 1, f"{wish_id} is there {tags[wish_id]} times"
                assert orders[answer].tag == wish_id
            else:
                assert tags[wish_id] == 0, f"{wish_id} was refused and is there"
        return counts

    @staticmethod
    def _prove_call(delivery_id: str, kind: str, answer: Any, usages: dict[str, Any]) -> None:
        if kind == "used":
            assert usages[delivery_id].billed_tokens == answer
            assert usages[delivery_id].status == 2
        elif answer == "DELIVERY_EXISTS":
            assert delivery_id in usages


async def verify(whole: Whole) -> str:
    """What `grid-exchange verify` says of the folder; it must be content."""
    code, said = await grid_exchange("verify", "--data", whole.folder)
    assert code == 0, said
    return said
