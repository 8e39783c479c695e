"""Calls that wait for a busy supplier: turns between members, and bounds that refusals name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from tests.flows.marketplace import PROMPT_TOKENS, UNIT, Marketplace, details, marketplace
from tests.flows.proof import Made, prove
from tests.support.exchange import Participant
from tests.support.supplier import ScriptedCall, ScriptedSupplier, chat, delivery_id, serving
from tests.support.until import until
from thegrid.v1 import accounts_pb2, delivery_pb2


@asynccontextmanager
async def busy_market(
    folder: Path, **settings: Any
) -> AsyncIterator[tuple[Marketplace, ScriptedSupplier]]:
    """A market whose one supplier has one place, which is taken."""
    async with (
        marketplace(folder, **settings) as market,
        serving(market.exchange, market.suppliers[0], slots=1) as supplier,
    ):
        yield market, supplier


async def call_of(market: Marketplace, member: Participant) -> Made:
    identifier = delivery_id()
    request = chat(max_tokens=100)
    _, call = await market.session.open(member.secret, request, delivery_id=identifier)
    return Made(identifier, call, PROMPT_TOKENS)


async def waiting(market: Marketplace, count: int) -> None:
    suppliers = market.exchange.running.services.relay.suppliers
    await until(lambda: suppliers.waiting == count)


async def another_consumer(market: Marketplace, handle: str) -> Participant:
    made = await market.exchange.create_member(handle, deposit_micros=100 * UNIT)
    await market.exchange.place(made, side="buy", quantity_units=1, price_micros=10 * UNIT)
    await made.accounts.CreateTransfer(
        accounts_pb2.CreateTransferRequest(
            request_id=market.exchange.request_id(), instrument="text-prime", quantity_units=1
        )
    )
    return made


def refused_limit(call: ScriptedCall) -> tuple[str, str, str, str, float]:
    """Reason, limit by name, its figure, the value, and the seconds of the advice."""
    status: Status = call.last.failed.status
    assert status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    info, _ = details(status)
    advice = RetryInfo()
    assert any(detail.Unpack(advice) for detail in status.details)
    told = dict(info.metadata)
    seconds = advice.retry_delay.ToMicroseconds() / 1_000_000
    return info.reason, told["field"], told["limit"], told["value"], seconds


async def test_one_call_waits_one_turn_behind_two_hundred_of_another(tmp_path: Path) -> None:
    async with busy_market(tmp_path) as (market, supplier):
        other = await another_consumer(market, "other")
        mine = [await call_of(market, market.consumer) for _ in range(201)]
        await waiting(market, 200)
        single = await call_of(market, other)
        await waiting(market, 201)
        for number in range(1, 4):
            await supplier.handed(number)
            await supplier.answer(number)
        assert (await single.call.done()).WhichOneof("event") == "ended"
        assert supplier.opened[3].delivery_id == single.delivery_id
        assert sum(each.call.over.is_set() for each in mine) <= 3
        for number in range(4, 203):
            await supplier.handed(number)
            await supplier.answer(number)
        for each in mine:
            await each.call.done()
        assert [supplier.opened[n].delivery_id for n in range(4, 203)] == [
            each.delivery_id for each in mine[2:]
        ], "a member's own calls keep their order"
        await prove(market, mine)


async def test_a_full_line_and_a_full_room_are_refused_by_name(tmp_path: Path) -> None:
    bounds = {"max_waiting_deliveries": 6, "max_waiting_deliveries_per_member": 4}
    async with busy_market(tmp_path, **bounds) as (market, supplier):
        other = await another_consumer(market, "other")
        mine = [await call_of(market, market.consumer) for _ in range(5)]
        await waiting(market, 4)
        mine.append(await call_of(market, market.consumer))
        await mine[5].call.done()
        assert refused_limit(mine[5].call) == (
            "SATURATED", "waiting_deliveries_per_member", "4", "4", 1.0,
        )  # fmt: skip
        theirs = [await call_of(market, other) for _ in range(2)]
        await waiting(market, 6)
        theirs.append(await call_of(market, other))
        # Nobody may be refused for another's many calls: the longest line gives up its last one.
        await mine[4].call.done()
        assert refused_limit(mine[4].call) == ("SATURATED", "waiting_deliveries", "6", "6", 1.0)
        theirs.append(await call_of(market, other))
        await theirs[3].call.done()
        assert refused_limit(theirs[3].call) == ("SATURATED", "waiting_deliveries", "6", "6", 1.0)
        for number in range(1, 8):
            await supplier.handed(number)
            await supplier.answer(number)
        for each in (*mine, *theirs):
            await each.call.done()
        await prove(market, mine)
        record = await market.usage(mine[4].delivery_id)
        assert (record.cause, record.billed_tokens) == ("saturated", 0)


async def test_the_longest_wait_is_a_setting_and_is_named(tmp_path: Path) -> None:
    async with busy_market(tmp_path, max_delivery_wait_ms=500) as (market, supplier):
        first = await call_of(market, market.consumer)
        await supplier.handed(1)
        second = await call_of(market, market.consumer)
        await waiting(market, 1)
        market.exchange.clock.advance(500_000)
        await second.call.done()
        assert refused_limit(second.call) == ("SATURATED", "delivery_wait_ms", "500", "500", 1.0)
        record = await market.usage(second.delivery_id)
        assert record.waited_us == 500_000
        await supplier.answer(1)
        await first.call.done()
        await prove(market, [first, second])


async def test_a_call_that_wants_another_supplier_lets_the_rest_pass(tmp_path: Path) -> None:
    async with busy_market(tmp_path) as (market, acme):
        beta = await market.supplier("beta", 2_000_000)
        async with serving(market.exchange, beta, slots=1) as backup:
            only = delivery_pb2.DeliveryPreferences(only_supplier_ids=[beta.member_id])
            made = [await call_of(market, market.consumer)]
            await acme.handed(1)
            for preferences in (only, only, None):
                identifier = delivery_id()
                _, call = await market.session.open(
                    market.consumer.secret,
                    chat(max_tokens=100),
                    delivery_id=identifier,
                    preferences=preferences,
                )
                made.append(Made(identifier, call, PROMPT_TOKENS))
            await backup.handed(1)
            await waiting(market, 2)
            await acme.answer(1)
            await acme.handed(2)
            assert acme.opened[2].delivery_id == made[3].delivery_id
            await acme.answer(2)
            await backup.answer(1)
            await backup.handed(2)
            await backup.answer(2)
            for each in made:
                await each.call.done()
            await prove(market, made)
