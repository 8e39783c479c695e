"""People for tests: operator, suppliers that serve, traders and consumers, by the SDK alone.
Whether the exchange behind the address runs in this process or another makes no difference here.
"""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.exchange import SYMBOL, a_spec, an_offer
from thegrid import AsyncClient
from thegrid.openai import reply_from_json, usage_from_json
from thegrid.settings import ApiKey, Settings
from thegrid.supplier.agent import SupplierAgent
from thegrid.supplier.call import SupplierCall
from thegrid.v1 import chat_pb2, market_data_pb2

DOLLAR = 1_000_000
TOKENS_PER_UNIT = 1_000_000
TRADER = ("trade_read", "trade_write", "consume")
SELLER = ("trade_read", "trade_write", "supply")


@dataclass
class Person:
    """A member with one key and a client that uses it."""

    member_id: str
    secret: str
    key_id: str
    client: AsyncClient

    async def cash(self) -> Any:
        return (await self.client.accounts.balances()).cash

    async def units(self, symbol: str = SYMBOL) -> Any:
        """Balances of one instrument, all zero when there are none."""
        balances = await self.client.accounts.balances()
        for line in balances.units:
            if line.symbol == symbol:
                return line
        return type(balances.units.add())()

    async def lots(self, *, include_closed: bool = False) -> list[Any]:
        return [lot async for lot in self.client.accounts.lots(include_closed=include_closed)]


Say = Callable[[SupplierCall], Iterable[str]]


class Scripted:
    """A backend that says what it is told to, at once; `hold` keeps it from ending."""

    def __init__(self, say: Say | None = None, model: str = "scripted") -> None:
        self.say: Say = say or (lambda call: ["hello ", "there"])
        self.model = model
        self.opened = 0
        self.ended = 0
        self.cancelled = 0
        self.hold: asyncio.Event | None = None

    async def start(self) -> None:
        """There is nothing to make ready."""

    async def close(self) -> None:
        """There is nothing to let go of."""

    async def answer(self, call: SupplierCall) -> chat_pb2.ChatUsage:
        self.opened += 1
        try:
            spoken = 0
            for piece in self.say(call):
                await call.reply(self._chunk(call, {"content": piece}))
                spoken += len(piece.split())
            if self.hold is not None:
                await self.hold.wait()
            await call.reply(self._chunk(call, {}, "stop"))
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.ended += 1
        return usage_from_json({"prompt_tokens": 1, "completion_tokens": spoken, "total_tokens": 1})

    def _chunk(
        self, call: SupplierCall, delta: dict[str, Any], finish: str | None = None
    ) -> chat_pb2.ChatReply:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return reply_from_json(
            {
                "id": "chatcmpl-" + call.opening.delivery_id,
                "object": "chat.completion.chunk",
                "created": 1_760_000_000,
                "model": self.model,
                "choices": [choice],
            }
        )


@dataclass
class Seller:
    """A supplier: its member, its agent and what answers."""

    person: Person
    agent: SupplierAgent
    backend: Any

    @property
    def member_id(self) -> str:
        return self.person.member_id


@dataclass
class House:
    """The people of one exchange."""

    target: str
    operator: AsyncClient
    people: list[Person] = field(default_factory=list)
    agents: list[SupplierAgent] = field(default_factory=list)
    _numbers: Any = field(default_factory=itertools.count)

    async def instrument(self, symbol: str = SYMBOL, **terms: int) -> None:
        """Define an instrument with its market."""
        wanted = {"tick_size_micros": 1_000, "quantity_min_units": 1, "quantity_max_units": 100_000}
        await self.operator.admin.define_instrument(
            symbol, symbol, a_spec(), market_data_pb2.MarketTerms(**{**wanted, **terms})
        )

    async def member(
        self,
        handle: str,
        dollars: int = 0,
        *,
        roles: Sequence[str] = ("trader", "consumer"),
        scopes: Sequence[str] = TRADER,
        auto_ceiling_micros: int = 0,
    ) -> Person:
        """A member with a key; with a ceiling, one that buys by itself."""
        made = await self.operator.admin.create_member(handle, roles)
        person = await self.another_key(made.member_id, scopes)
        if dollars:
            await self.operator.admin.deposit(made.member_id, dollars * DOLLAR)
        if auto_ceiling_micros:
            await self.operator.members.update_settings(
                member_id=made.member_id,
                account_mode="auto",
                auto_buy_ceiling_micros=auto_ceiling_micros,
                auto_buy_units=1,
            )
        return person

    async def another_key(self, member_id: str, scopes: Sequence[str], **more: Any) -> Person:
        """A further key of a member, with a client of its own."""
        key = await self.operator.members.create_key(
            scopes, label=f"key-{next(self._numbers)}", member_id=member_id, **more
        )
        client = AsyncClient(self.target, key.secret)
        person = Person(member_id, key.secret, key.key.key_id, client)
        self.people.append(person)
        return person

    async def gateway_key(self) -> str:
        """A key for a gateway."""
        made = await self.operator.admin.create_member(f"gateway-{next(self._numbers)}")
        return (await self.another_key(made.member_id, ("gateway",))).secret

    async def supplier(
        self,
        handle: str,
        *,
        units: int = 0,
        price_micros: int = DOLLAR,
        symbol: str = SYMBOL,
        backend: Any = None,
        slots: int = 64,
        verified: int = 1_000_000,
    ) -> Seller:
        """An admitted supplier that serves, with Units on sale."""
        person = await self.member(handle, roles=("trader", "supplier"), scopes=SELLER)
        await self.operator.admin.admit_supplier(person.member_id, symbol, verified)
        backend = backend or Scripted(model=f"{handle}/model")
        offer = an_offer(model=f"{handle}/model", concurrent_deliveries=slots)
        await person.client.supply.register_offer(symbol, offer)
        if units:
            await self.sell(person, units, price_micros, symbol)
        agent = await self.serve(person, backend, symbol=symbol, slots=slots)
        return Seller(person, agent, backend)

    async def sell(
        self, person: Person, units: int, price_micros: int, symbol: str = SYMBOL
    ) -> Any:
        """Issue Units and put them on sale."""
        await person.client.supply.issue(symbol, units)
        return await person.client.orders.sell(symbol, units, price_micros, source="issuance")

    async def serve(
        self, person: Person, backend: Any, *, symbol: str = SYMBOL, slots: int = 64
    ) -> SupplierAgent:
        """Connect a supplier."""
        settings = Settings(self.target, ApiKey(person.secret))
        agent = SupplierAgent(settings, (symbol,), backend, concurrent_deliveries=slots)
        await agent.start()
        self.agents.append(agent)
        return agent

    async def close(self) -> None:
        """Let everyone go."""
        for agent in self.agents:
            await agent.stop()
        for person in self.people:
            await person.client.close()
        await self.operator.close()

    # ---- proof ---------------------------------------------------------------------------------

    async def books(self) -> dict[tuple[str, str], int]:
        """The trial balance by asset and account, once it has been proved."""
        answer = await self.operator.admin.trial_balance()
        books = {(line.asset, line.account): line.amount for line in answer.lines}
        prove_books(books)
        return books

    async def prove_usage(self, person: Person, seller_ids: Iterable[str]) -> list[Any]:
        """Every billed token of a member names Lot, trade, issuer and supplier; answers records.

        Lots of the member account for what the records say was used.
        """
        sellers = set(seller_ids)
        records = [usage async for usage in person.client.usage.list()]
        lots = {lot.lot_id: lot for lot in await person.lots(include_closed=True)}
        fills = {fill.trade_id: fill async for fill in person.client.orders.fills()}
        used: Counter[str] = Counter()
        for usage in records:
            assert sum(draw.tokens for draw in usage.draws) == usage.billed_tokens
            assert sum(draw.cost_micros for draw in usage.draws) == usage.cost_micros
            if usage.billed_tokens:
                assert usage.supplier_id in sellers
            for draw in usage.draws:
                used[draw.lot_id] += draw.tokens
                assert draw.issuer_id in sellers
                assert fills[draw.cost_trade_id].price_micros == draw.cost_price_micros
                trades = {parcel.cost_trade_id for parcel in lots[draw.lot_id].parcels}
                assert not trades or draw.cost_trade_id in trades
        for lot in lots.values():
            assert lot.consumed_tokens == used[lot.lot_id], lot.lot_id
            assert lot.tokens == (
                lot.free_tokens
                + lot.reserved_tokens
                + lot.consumed_tokens
                + lot.expired_tokens
                + lot.refunded_tokens
            )
        return records


def prove_books(books: dict[tuple[str, str], int]) -> None:
    """Each asset sums to zero, and nothing but what stands for outside is negative."""
    sums: Counter[str] = Counter()
    for (asset, account), amount in books.items():
        sums[asset] += amount
        assert amount >= 0 or account in ("external", "issued"), (asset, account, amount)
    assert not any(sums.values()), sums


@asynccontextmanager
async def a_house(target: str, operator_key: str) -> AsyncIterator[House]:
    """The people of the exchange at an address."""
    house = House(target, AsyncClient(target, operator_key))
    try:
        yield house
    finally:
        with contextlib.suppress(Exception):
            await house.close()
