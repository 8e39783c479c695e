"""The door of the state machine that leads through gRPC: a real exchange, blocking calls, restarts.

What people may do there, and what must hold after it, is in `market_machine`.
"""

import asyncio
import itertools
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import grpc

from tests.support.account_picture import AccountPicture
from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange, started_clock
from tests.support.market_machine import CEILING, DESK, DOLLARS, ISSUERS, TRADERS, Ladder
from tests.support.naive_market import Answer, Wish
from tests.support.refusals import read, refusal_of
from tests.support.supplier import serving
from thegrid import AsyncClient
from thegrid.errors import GridError
from thegrid.v1 import (
    accounts_pb2,
    admin_pb2,
    market_data_pb2,
    members_pb2,
    supply_pb2,
    trading_pb2,
)

T = TypeVar("T")


class GrpcDoor:
    """One exchange in a folder, its people, and a follower of each one's private stream."""

    is_behind = False

    def __init__(self, folder: Path, says: str) -> None:
        self.folder, self.says = folder, says
        self.clock = started_clock()
        self.numbers = itertools.count(1)
        self.loop = asyncio.new_event_loop()
        # A call of gRPC is made before its loop runs, and asks which it is.
        asyncio.set_event_loop(self.loop)
        self.stack = AsyncExitStack()
        self.people: dict[str, Participant] = {}
        self.pictures: dict[str, AccountPicture] = {}
        self.exchange: Exchange
        self.run(self._open())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for something of the exchange's loop."""
        return self.loop.run_until_complete(work)

    def close(self) -> None:
        """Stop the exchange in good order."""
        self.run(self.stack.aclose())
        asyncio.set_event_loop(None)
        self.loop.close()

    # ---- opening -------------------------------------------------------------------------------

    async def _open(self) -> None:
        self.exchange = await self.stack.enter_async_context(
            running_exchange(self.folder, clock=self.clock)
        )
        # Request ids go on after a restart: each is used once in the life of an exchange.
        self.exchange._numbers = self.numbers
        if not self.people:
            await self._admit()
        for name, person in self.people.items():
            person.exchange = self.exchange
            before = self.pictures.get(name)
            self.pictures[name] = AccountPicture(person, before)
            self.stack.push_async_callback(self.pictures[name].close)
        for name in ISSUERS:
            supplier = await self.stack.enter_async_context(
                serving(self.exchange, self.people[name])
            )
            task = asyncio.create_task(supplier.serve_all(self.says))
            self.stack.push_async_callback(_cancelled, task)

    async def _admit(self) -> None:
        exchange = self.exchange
        await exchange.define_instrument(tick_size_micros=1)
        for name in ISSUERS:
            self.people[name] = await exchange.create_supplier(name)
        for name in TRADERS:
            self.people[name] = await exchange.create_member(name, deposit_micros=DOLLARS * 10**6)
            await self.people[name].members.UpdateSettings(
                members_pb2.UpdateSettingsRequest(
                    request_id=exchange.request_id(), auto_buy_ceiling_micros=CEILING
                )
            )
        for name in DESK:
            await exchange.admin.UpdateMember(
                admin_pb2.UpdateMemberRequest(
                    request_id=exchange.request_id(),
                    member_id=self.people[name].member_id,
                    prevention_group="desk",
                )
            )
        await exchange.admin.SetPolicy(
            admin_pb2.SetPolicyRequest(
                request_id=exchange.request_id(),
                changes=[admin_pb2.PolicyValue(name="index_trades_min", value=1_000_000)],
            )
        )

    # ---- what people do ------------------------------------------------------------------------

    def _id(self) -> dict[str, str]:
        return {"request_id": self.exchange.request_id()}

    def _terms(self, owner: str, wish: Wish) -> trading_pb2.OrderTerms:
        terms = trading_pb2.OrderTerms(
            market=SYMBOL,
            side=1 if wish.side == "buy" else 2,
            type=2 if wish.price is None else 1,
            time_in_force=trading_pb2.TimeInForce.Value(
                f"TIME_IN_FORCE_{wish.time_in_force.upper()}"
            ),
            quantity_units=wish.units,
            price_micros=wish.price or 0,
            post_only=wish.post_only,
            post_only_mode=2 if wish.slides else 0,
            max_slippage_bps=wish.slippage_bps,
            max_average_price_micros=wish.average,
            max_spend_micros=wish.spend,
            auto_transfer=wish.auto_transfer,
            self_trade_prevention=_prevention(wish),
            tag=wish.tag,
            source=2 if owner in ISSUERS else 0,
        )
        if wish.lasts_us:
            terms.expire_time.FromMicroseconds(self.clock.now_us() + wish.lasts_us)
        return terms

    def place(self, owner: str, wish: Wish, *, rehearses: bool = False) -> Answer:
        request = trading_pb2.PlaceOrderRequest(
            **self._id(), order=self._terms(owner, wish), validate_only=rehearses
        )
        return self._answer(self.people[owner].trading.PlaceOrder(request))

    def amend(self, owner: str, order_id: str, price: int, units: int) -> Answer:
        request = trading_pb2.AmendOrderRequest(
            **self._id(), order=_ref(order_id), price_micros=price, quantity_units=units
        )
        return self._answer(self.people[owner].trading.AmendOrder(request))

    def cancel(self, owner: str, order_id: str) -> str:
        request = trading_pb2.CancelOrderRequest(**self._id(), order=_ref(order_id))
        return self._word(self.people[owner].trading.CancelOrder(request))

    def cancel_all(self, owner: str, tag: str) -> set[str]:
        request = trading_pb2.CancelOrdersRequest(**self._id(), tag=tag)
        return set(self.run(self.people[owner].trading.CancelOrders(request)).order_ids)

    def batch(self, owner: str, wishes: list[Wish], *, all_or_none: bool) -> list[Answer]:
        items = [trading_pb2.BatchItem(place=self._terms(owner, wish)) for wish in wishes]
        request = trading_pb2.BatchOrdersRequest(**self._id(), items=items, all_or_none=all_or_none)
        answer = self.run(self.people[owner].trading.BatchOrders(request))
        return [_result(each) for each in answer.results]

    def quote(self, owner: str, tag: str, quotes: list[Wish]) -> tuple[set[str], list[Answer]]:
        request = trading_pb2.ReplaceQuotesRequest(**self._id(), market=SYMBOL, tag=tag)
        for quote in quotes:
            request.self_trade_prevention = _prevention(quote)
            request.quotes.add(
                side=1 if quote.side == "buy" else 2,
                price_micros=quote.price,
                quantity_units=quote.units,
                post_only=quote.post_only,
            )
        answer = self.run(self.people[owner].trading.ReplaceQuotes(request))
        return set(answer.cancelled_order_ids), [_result(each) for each in answer.results]

    def transfer(self, owner: str, units: int) -> str:
        request = accounts_pb2.CreateTransferRequest(
            **self._id(), instrument=SYMBOL, quantity_units=units
        )
        return self._word(self.people[owner].accounts.CreateTransfer(request))

    def issue(self, owner: str, units: int) -> str:
        request = supply_pb2.IssueUnitsRequest(
            **self._id(), instrument=SYMBOL, quantity_units=units
        )
        return self._word(self.people[owner].supply.IssueUnits(request))

    def arm(self, owner: str, span_us: int) -> None:
        request = trading_pb2.CancelAllAfterRequest(**self._id(), span_us=span_us)
        self.run(self.people[owner].trading.CancelAllAfter(request))

    def set_auto(self, owner: str, *, is_auto: bool) -> None:
        mode = "ACCOUNT_MODE_AUTO" if is_auto else "ACCOUNT_MODE_ADVANCED"
        request = members_pb2.UpdateSettingsRequest(**self._id(), account_mode=mode)
        self.run(self.people[owner].members.UpdateSettings(request))

    def set_open(self, *, is_open: bool) -> None:
        request = admin_pb2.SetMarketStateRequest(
            **self._id(), market=SYMBOL, state=1 if is_open else 2, reason="a test"
        )
        self.run(self.exchange.admin.SetMarketState(request))

    def pass_time(self, span_us: int) -> None:
        self.run(self.exchange.advance(span_us))

    def restart(self) -> None:
        """Stop in good order and come back; followers go on by their tokens."""
        self.run(self._restart())

    async def _restart(self) -> None:
        await self.stack.aclose()
        await self._open()

    def deliver(self, owner: str, output: int) -> tuple[str, str, int]:
        """A whole call; answers with which word it was refused, its text, and what was billed."""
        return self.run(self._deliver(owner, output))

    async def _deliver(self, owner: str, output: int) -> tuple[str, str, int]:
        async with AsyncClient(self.exchange.target, self.people[owner].secret) as client:
            delivery = client.deliver(SYMBOL, "Say hello", max_output_tokens=output)
            try:
                text = await delivery.text()
            except GridError as error:
                return str(error.reason), "", 0
        assert delivery.usage is not None
        return "", text, int(delivery.usage.billed_tokens)

    # ---- what they read ------------------------------------------------------------------------

    def wealth(self, owner: str) -> int:
        cash = self.balances(owner).cash
        parts = (cash.available_micros, cash.held_micros, cash.escrow_micros)
        return sum(parts) + int(cash.withheld_micros + cash.collateral_micros)

    def units(self, owner: str) -> int:
        tokens = 0
        for each in self.balances(owner).units:
            unsold = each.unsold_tokens if owner in ISSUERS else 0
            tokens += unsold + each.trading_tokens + each.held_tokens
        return tokens

    def balances(self, owner: str) -> Any:
        """Cash and Units as GetBalances shows them."""
        request = accounts_pb2.GetBalancesRequest()
        return self.run(self.people[owner].accounts.GetBalances(request))

    def lots(self, owner: str) -> list[tuple[int, int, int, int]]:
        request = accounts_pb2.ListLotsRequest(page_size=1_000)
        answer = self.run(self.people[owner].accounts.ListLots(request))
        return [
            (
                lot.free_tokens,
                lot.reserved_tokens,
                lot.consumed_tokens,
                lot.expired_tokens + lot.refunded_tokens,
            )
            for lot in sorted(answer.lots, key=lambda lot: str(lot.lot_id))
        ]

    def ladder(self, side: str) -> Ladder:
        request = market_data_pb2.GetOrderBookRequest(market=SYMBOL, depth_orders=5_000)
        book = self.run(self.exchange.operator.market_data.GetOrderBook(request)).book
        levels: Ladder = []
        for order in book.bids if side == "buy" else book.asks:
            if not levels or levels[-1][0] != order.price_micros:
                levels.append((order.price_micros, []))
            levels[-1][1].append((order.order_id, order.quantity_units))
        return levels

    def orders(self, owner: str) -> list[Any]:
        """Every order that the list shows to a member, purchases of auto mode left out."""
        request = trading_pb2.ListOrdersRequest(page_size=1_000)
        answer = self.run(self.people[owner].trading.ListOrders(request))
        return [order for order in answer.orders if order.tag != "auto_buy"]

    # ---- answers -------------------------------------------------------------------------------

    def _word(self, call: Any) -> str:
        try:
            self.run(_awaited(call))
        except grpc.aio.AioRpcError as error:
            return read(error).reason
        return ""

    def _answer(self, call: Any) -> Answer:
        try:
            return _placed(self.run(_awaited(call)))
        except grpc.aio.AioRpcError as error:
            return Answer("", read(error).reason)


async def _awaited(call: Any) -> Any:
    return await call


async def _cancelled(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _ref(order_id: str) -> trading_pb2.OrderRef:
    return trading_pb2.OrderRef(order_id=order_id)


def _prevention(wish: Wish) -> Any:
    name = f"SELF_TRADE_PREVENTION_{wish.prevention.upper()}"
    return trading_pb2.SelfTradePrevention.Value(name)


def _result(result: trading_pb2.BatchResult) -> Answer:
    if result.HasField("error"):
        return Answer("", refusal_of(result.error, grpc.StatusCode.OK).reason)
    return _placed(result)


def _placed(answer: Any) -> Answer:
    closed = trading_pb2.ClosureReason.Name(answer.order.closure_reason)
    outcome = closed.removeprefix("CLOSURE_REASON_").lower()
    fills = tuple((fill.price_micros, fill.quantity_units) for fill in answer.fills)
    return Answer(answer.order.order_id, "open" if outcome == "unspecified" else outcome, fills)
