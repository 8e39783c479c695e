"""The first day of a market, through its public doors: SDK, supplier agent, gateway, shell.

At each step the books are proved: every asset sums to zero, nothing is negative, and every billed
token names its Lot, its trade and its supplier.
"""

import asyncio
import json
import os
import sys
from typing import Any

import httpx
import pytest

from tests.support.exchange import HOUR_US, SYMBOL, Exchange
from tests.support.gateway import running_gateway
from tests.support.house import DOLLAR, TOKENS_PER_UNIT, House, Person
from thegrid.errors import AboveCeiling, GridError, InsufficientUnits, NoLiquidity

INSTRUMENT = f"ins_{SYMBOL}"
MINUTE_US = HOUR_US // 60


def sums(books: dict[tuple[str, str], int], *accounts: str) -> int:
    return sum(books.get((INSTRUMENT, account), 0) for account in accounts)


async def test_units_are_issued_sold_resold_used_and_traced(house: House) -> None:
    seller = await house.supplier("seller", units=20, price_micros=DOLLAR)
    trader = await house.member("trader", 1_000)
    consumer = await house.member("consumer", 100)
    books = await house.books()
    assert books["usd", "external"] == -1_100 * DOLLAR
    assert sums(books, "listed") == 20 * TOKENS_PER_UNIT == -sums(books, "issued")

    bought = await trader.client.orders.buy(SYMBOL, 20, DOLLAR)
    assert bought.order.filled_units == 20
    books = await house.books()
    assert books["usd", "escrow"] == 20 * DOLLAR
    assert sums(books, "trading") == 20 * TOKENS_PER_UNIT

    await trader.client.orders.sell(SYMBOL, 8, 1_250_000)
    resold = await consumer.client.orders.buy(SYMBOL, 8, 2 * DOLLAR)
    assert [fill.price_micros for fill in resold.fills] == [1_250_000]
    books = await house.books()
    assert books["usd", "available"] == 1_078 * DOLLAR
    assert books["usd", "withheld"] == 2 * DOLLAR

    moved = await consumer.client.accounts.transfer(SYMBOL, 5)
    assert moved.lot.tokens == 5 * TOKENS_PER_UNIT
    await house.books()
    delivery = consumer.client.deliver(SYMBOL, "Say hello", max_output_tokens=50)
    assert await delivery.text() == "hello there"
    assert delivery.usage is not None
    usage = delivery.usage
    assert usage.billed_tokens == usage.counted.prompt_tokens + usage.counted.completion_tokens
    assert usage.supplier_id == usage.owing_supplier_id == seller.member_id

    (record,) = await house.prove_usage(consumer, {seller.member_id})
    assert record.usage_id == usage.usage_id
    assert record.draws[0].lot_id == moved.lot.lot_id
    assert record.draws[0].cost_trade_id == resold.fills[0].trade_id
    books = await house.books()
    assert sums(books, "consumed") == usage.billed_tokens
    assert sums(books, "reserved") == 0


async def test_a_resale_pays_the_trader_and_its_gain_and_the_issuer_wait_for_the_use(
    house: House,
) -> None:
    seller = await house.supplier("seller", units=10, price_micros=2 * DOLLAR)
    trader = await house.member("trader", 100)
    consumer = await house.member("consumer", 100)
    await trader.client.orders.buy(SYMBOL, 10, 2 * DOLLAR)
    await trader.client.orders.sell(SYMBOL, 4, 3 * DOLLAR)
    await consumer.client.orders.buy(SYMBOL, 4, 3 * DOLLAR)
    assert (await trader.cash()).available_micros == (100 - 20 + 8) * DOLLAR
    assert (await trader.cash()).withheld_micros == 4 * DOLLAR
    assert (await seller.person.cash()).escrow_micros == 20 * DOLLAR
    await consumer.client.accounts.transfer(SYMBOL, 4)
    seller.backend.say = lambda call: [" word" for _ in range(3_000)]
    delivery = consumer.client.deliver(SYMBOL, "Go on", max_output_tokens=3_500)
    await delivery.text()
    assert delivery.usage is not None
    billed = delivery.usage.billed_tokens
    assert billed > 2_900
    # The consumer used tokens that cost him 3 dollars a Unit; their issuer sold them for 2.
    assert delivery.usage.cost_micros == 3 * DOLLAR * billed // TOKENS_PER_UNIT
    earned = (await seller.person.cash()).available_micros
    assert earned == 2 * DOLLAR * billed // TOKENS_PER_UNIT
    assert (await seller.person.cash()).escrow_micros == 20 * DOLLAR - earned
    assert (await trader.cash()).withheld_micros == 4 * DOLLAR - DOLLAR * billed // TOKENS_PER_UNIT
    (record,) = await house.prove_usage(consumer, {seller.member_id})
    assert record.draws[0].cost_price_micros == 3 * DOLLAR
    await house.books()


async def test_a_sweep_moves_units_into_lots_and_spares_resting_buys(
    exchange: Exchange, house: House
) -> None:
    seller = await house.supplier("seller", units=50, price_micros=DOLLAR)
    trader = await house.member("trader", 100)
    patient = await house.member("patient", 100)
    await trader.client.orders.buy(SYMBOL, 12, DOLLAR)
    listed = await trader.client.orders.sell(SYMBOL, 5, 4 * DOLLAR)
    waiting = await patient.client.orders.buy(SYMBOL, 3, DOLLAR // 2)
    await exchange.advance(4 * HOUR_US - 30 * MINUTE_US + 1)

    swept = await trader.client.orders.get(listed.order.order_id)
    assert swept.closure_reason == 6  # swept
    assert (await patient.client.orders.get(waiting.order.order_id)).status == 1
    (lot,) = await trader.lots()
    assert lot.tokens == lot.free_tokens == 12 * TOKENS_PER_UNIT
    assert [move.cause async for move in trader.client.accounts.transfers()] == [3]
    assert (await trader.units()).trading_tokens == 0
    # What the supplier had not sold was retired with the slot.
    assert (await seller.person.units()).unsold_tokens == 0
    books = await house.books()
    assert sums(books, "lots") == 12 * TOKENS_PER_UNIT
    assert sums(books, "retired") == 38 * TOKENS_PER_UNIT

    # The resting buy meets what comes after the sweep.
    await house.sell(seller.person, 3, DOLLAR // 2)
    assert (await patient.client.orders.get(waiting.order.order_id)).filled_units == 3
    assert await trader.client.deliver(SYMBOL, "Say hello").text() == "hello there"
    await house.prove_usage(trader, {seller.member_id})
    await house.books()


async def test_a_lot_expires_at_its_instant_and_its_tokens_are_earned(
    exchange: Exchange, house: House
) -> None:
    seller = await house.supplier("seller", units=10, price_micros=DOLLAR)
    consumer = await house.member("consumer", 100)
    await consumer.client.orders.buy(SYMBOL, 2, DOLLAR)
    moved = await consumer.client.accounts.transfer(SYMBOL, 2)
    assert await consumer.client.deliver(SYMBOL, "Say hello").text() == "hello there"
    exchange.clock.advance(4 * HOUR_US - 1)  # no Tick: what is due is not yet done
    assert await consumer.client.deliver(SYMBOL, "Say hello").text() == "hello there"
    exchange.clock.advance(1)
    with pytest.raises(InsufficientUnits):
        await consumer.client.deliver(SYMBOL, "Say hello").text()
    await exchange.running.ticker.catch_up()
    lot = await consumer.client.accounts.lot(moved.lot.lot_id)
    assert lot.state == 3
    assert lot.expired_tokens + lot.consumed_tokens == 2 * TOKENS_PER_UNIT
    assert (await seller.person.cash()).available_micros == 2 * DOLLAR
    assert (await seller.person.cash()).escrow_micros == 0
    books = await house.books()
    assert sums(books, "expired", "consumed") == 2 * TOKENS_PER_UNIT
    await house.prove_usage(consumer, {seller.member_id})


async def test_auto_mode_buys_what_a_call_needs_under_its_ceiling(house: House) -> None:
    seller = await house.supplier("seller", units=3, price_micros=DOLLAR)
    consumer = await house.member("consumer", 100, auto_ceiling_micros=2 * DOLLAR)
    delivery = consumer.client.deliver(SYMBOL, "Say hello")
    assert await delivery.text() == "hello there"
    assert (await consumer.cash()).available_micros == 99 * DOLLAR
    (lot,) = await consumer.lots()
    assert lot.consumed_tokens == delivery.usage.billed_tokens  # type: ignore[union-attr]
    await house.prove_usage(consumer, {seller.member_id})

    poor = await house.member("poor", auto_ceiling_micros=2 * DOLLAR)
    with pytest.raises(GridError, match="INSUFFICIENT_FUNDS"):
        await poor.client.deliver(SYMBOL, "Say hello").text()
    thrifty = await house.member("thrifty", 100, auto_ceiling_micros=DOLLAR // 2)
    with pytest.raises(AboveCeiling):
        await thrifty.client.deliver(SYMBOL, "Say hello").text()
    await thrifty.client.orders.buy(SYMBOL, 2)  # the rest of the book
    late = await house.member("late", 100, auto_ceiling_micros=2 * DOLLAR)
    with pytest.raises(NoLiquidity):
        await late.client.deliver(SYMBOL, "Say hello").text()
    advanced = await house.member("advanced", 100)
    with pytest.raises(InsufficientUnits):
        await advanced.client.deliver(SYMBOL, "Say hello").text()
    await house.books()


async def test_failed_tokens_are_refunded_when_their_lot_expires(
    exchange: Exchange, house: House
) -> None:
    seller = await house.supplier("seller", units=1, price_micros=DOLLAR)
    consumer = await house.member("consumer", 10)
    await consumer.client.orders.buy(SYMBOL, 1, DOLLAR, auto_transfer=True)

    def broken(call: Any) -> list[str]:
        raise RuntimeError("the model fell over")

    seller.backend.say = broken
    with pytest.raises(GridError) as failed:
        await consumer.client.deliver(SYMBOL, "Say hello").text()
    assert failed.value.reason in ("SUPPLIER_FAILED", "NO_SUPPLIER")
    (record,) = [usage async for usage in consumer.client.usage.list()]
    assert record.billed_tokens == 0
    await exchange.advance(4 * HOUR_US + 1)
    (lot,) = await consumer.lots(include_closed=True)
    tendered = lot.refunded_tokens
    assert tendered >= record.counted.prompt_tokens > 0
    assert lot.consumed_tokens == 0
    refund = (await consumer.cash()).available_micros - 9 * DOLLAR
    assert refund == DOLLAR * tendered // TOKENS_PER_UNIT
    assert (await seller.person.cash()).available_micros == DOLLAR - refund
    await house.books()


async def test_an_openai_client_uses_what_was_bought_and_two_gateways_share_a_market(
    house: House,
) -> None:
    cheap = await house.supplier("cheap", units=5, price_micros=DOLLAR)
    dear = await house.supplier("dear", units=5, price_micros=2 * DOLLAR)
    consumer = await house.member("consumer", 100, auto_ceiling_micros=3 * DOLLAR)
    body = {"model": SYMBOL, "messages": [{"role": "user", "content": "Say hello"}]}
    headers = {"authorization": f"Bearer {consumer.secret}"}
    async with (
        running_gateway(house.target, await house.gateway_key()) as first,
        running_gateway(house.target, await house.gateway_key()) as second,
        httpx.AsyncClient(headers=headers, timeout=20) as http,
    ):
        for gateway in (first, second):
            said = await http.post(f"{gateway.base_url}/chat/completions", json=body)
            assert said.status_code == 200, said.text
            assert said.json()["choices"][0]["message"]["content"] == "hello there"
            usage_id = said.headers["x-grid-request-id"]
            usage = await consumer.client.usage.get(usage_id)
            assert said.json()["usage"]["total_tokens"] == usage.billed_tokens
        streamed = await http.post(
            f"{second.base_url}/chat/completions", json={**body, "stream": True}
        )
        assert streamed.text.rstrip().endswith("data: [DONE]")
    records = await house.prove_usage(consumer, {cheap.member_id, dear.member_id})
    assert len(records) == 3
    # One Unit covers all three calls, and the cheaper supplier owes it.
    assert {record.owing_supplier_id for record in records} == {cheap.member_id}
    assert dear.backend.opened == 0
    await house.books()


async def test_a_supplier_that_is_lost_hands_over_before_the_first_word(house: House) -> None:
    owing = await house.supplier("owing", units=2, price_micros=DOLLAR)
    other = await house.supplier("other", units=2, price_micros=2 * DOLLAR)
    consumer = await house.member("consumer", 10)
    await consumer.client.orders.buy(SYMBOL, 1, DOLLAR, auto_transfer=True)
    await owing.agent.stop()
    delivery = consumer.client.deliver(SYMBOL, "Say hello")
    assert await delivery.text() == "hello there"
    assert delivery.usage is not None
    assert delivery.usage.owing_supplier_id == owing.member_id
    assert delivery.usage.supplier_id == other.member_id
    await house.prove_usage(consumer, {owing.member_id, other.member_id})
    # Who served earned; who owed gave up the proceeds of those tokens.
    assert (await other.person.cash()).available_micros == delivery.usage.cost_micros
    assert (await owing.person.cash()).available_micros == 0
    await house.books()


async def grid(person: Person, target: str, *arguments: str) -> Any:
    """Run the command `grid` with a member's key; answers what it said in JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "thegrid.cli",
        *arguments,
        "--json",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "GRID_API_KEY": person.secret, "GRID_GRPC": target},
    )
    said, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    return [json.loads(line) for line in said.decode().splitlines() if line.startswith("{")] or (
        json.loads(said)
    )


async def test_the_same_day_at_the_command_line(house: House) -> None:
    seller = await house.supplier("seller", units=10, price_micros=1_250_000)
    consumer = await house.member("consumer", 100)
    await grid(consumer, house.target, "buy", SYMBOL, "2", "--price", "1.25")
    await grid(consumer, house.target, "transfer", SYMBOL, "2")
    await grid(consumer, house.target, "call", SYMBOL, "Say hello")
    listed = json.dumps(await grid(consumer, house.target, "usage"))
    (record,) = await house.prove_usage(consumer, {seller.member_id})
    assert record.usage_id in listed
    assert (await consumer.cash()).available_micros == 100 * DOLLAR - 2_500_000
    await house.books()
