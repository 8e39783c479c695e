"""Both clients against the real exchange: quotes, switches, caps, groups, tiers and auctions.

Single orders and the other nouns are in test_real_exchange.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients import KINDS, Both, connected
from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from thegrid import errors, micros
from thegrid.orders import quote
from thegrid.v1 import market_data_pb2, trading_pb2

PRICE = micros("1.25")


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with running_exchange(tmp_path) as started:
        await started.define_instrument()
        yield started


@pytest.fixture
async def trader(exchange: Exchange) -> Participant:
    return await exchange.create_member("trader", deposit_micros=micros("1000"))


@pytest.fixture(params=KINDS)
async def both(
    request: pytest.FixtureRequest, exchange: Exchange, trader: Participant
) -> AsyncIterator[Both]:
    async with connected(request.param, exchange.target, trader.secret) as client:
        yield client


@pytest.fixture(params=KINDS)
async def operator(request: pytest.FixtureRequest, exchange: Exchange) -> AsyncIterator[Both]:
    async with connected(request.param, exchange.target, exchange.operator_key) as client:
        yield client


async def test_quotes_are_replaced_as_one(both: Both) -> None:
    mine = [quote("buy", 2, PRICE, post_only=True, post_only_mode="slide")]
    first = await both.call(
        lambda c: c.orders.replace_quotes(SYMBOL, "mm", mine, time_in_force="gts")
    )
    order = first.results[0].order
    assert (order.time_in_force, order.tag) == (trading_pb2.TIME_IN_FORCE_GTS, "mm")
    none = await both.call(lambda c: c.orders.replace_quotes(SYMBOL, "mm", []))
    assert list(none.cancelled_order_ids) == [order.order_id]


async def test_a_quote_that_is_none_is_named(both: Both) -> None:
    dear = [quote("buy", 1, PRICE), quote("buy", 9_000, micros("1000"))]
    answer = await both.call(lambda c: c.orders.replace_quotes(SYMBOL, "mm", dear))
    refusals = [errors.from_status(each.error, "ReplaceQuotes") for each in answer.results]
    assert [each.reason for each in refusals] == ["BATCH_UNDONE", "INSUFFICIENT_FUNDS"]
    with pytest.raises(ValueError, match="side"):
        quote("both", 1, PRICE)
    with pytest.raises(TypeError, match="price_micros"):
        quote("buy", 1, 1.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="quote"):
        quote("buy", 1, PRICE, colour="red")


async def test_a_switch_is_armed_and_disarmed(both: Both) -> None:
    armed = await both.call(lambda c: c.orders.cancel_all_after(timedelta(seconds=30)))
    assert armed.HasField("fire_time")
    disarmed = await both.call(lambda c: c.orders.cancel_all_after(timedelta(0)))
    assert not disarmed.HasField("fire_time")
    with pytest.raises(errors.InvalidArgument) as caught:
        await both.call(lambda c: c.orders.cancel_all_after(timedelta(days=30)))
    assert caught.value.metadata["limit"] == str(24 * 3_600 * 1_000_000)


async def test_a_market_order_is_capped(exchange: Exchange, both: Both) -> None:
    supplier = await exchange.create_supplier(issue_units=10)
    await exchange.sell_issuance(supplier, 10, PRICE)
    bought = await both.call(
        lambda c: c.orders.buy(
            SYMBOL, 5, max_spend_micros=2 * PRICE, max_average_price_micros=PRICE
        )
    )
    assert bought.order.closure_reason == trading_pb2.CLOSURE_REASON_SPEND_LIMIT
    assert bought.order.filled_units == 2


async def test_prevented_matches_are_listed(
    exchange: Exchange, trader: Participant, both: Both
) -> None:
    supplier = await exchange.create_supplier(issue_units=5)
    async with connected("aio", exchange.target, exchange.operator_key) as operator:
        for member_id in (supplier.member_id, trader.member_id):
            await operator.call(_grouping(member_id))
    await exchange.sell_issuance(supplier, 5, PRICE)
    await both.call(lambda c: c.orders.buy(SYMBOL, 3, PRICE))
    [match] = await both.take(lambda c: c.orders.prevented_matches(SYMBOL, page_size=1), 9)
    assert (match.quantity_units, match.price_micros) == (3, PRICE)


def _grouping(member_id: str) -> Any:
    return lambda client: client.admin.update_member(member_id, prevention_group="desk")


async def test_the_operator_tiers_fees_and_calls_auctions(
    exchange: Exchange, operator: Both, trader: Participant
) -> None:
    tier = await operator.call(lambda c: c.admin.set_fee_tier("vip", "discount", 5_000, 2_500))
    assert await operator.take(lambda c: c.admin.fee_tiers(), 9) == [tier]
    member = await operator.call(
        lambda c: c.admin.update_member(trader.member_id, fee_tier="vip", reason="volume")
    )
    assert (member.fee_tier, member.prevention_group) == ("vip", "")
    policy = market_data_pb2.MarketPolicy(sweep_auction_us=60_000_000)
    market = await operator.call(lambda c: c.admin.set_market_policy(SYMBOL, policy))
    assert market.policy == policy
    until = datetime.fromtimestamp(exchange.clock.now_us() // 1_000_000 + 60, UTC)
    market = await operator.call(lambda c: c.admin.start_auction(SYMBOL, until, "test"))
    assert market.auction.end_time.ToDatetime(UTC) == until


async def test_the_auction_channel_is_followed(exchange: Exchange, both: Both) -> None:
    until = datetime.fromtimestamp(exchange.clock.now_us() // 1_000_000 + 60, UTC)
    async with connected("aio", exchange.target, exchange.operator_key) as operator:
        await operator.call(lambda c: c.admin.start_auction(SYMBOL, until, "test"))
    [event] = await both.take(lambda c: c.market_data.stream([SYMBOL], ["auction"]), 1)
    assert event.auction.cause == market_data_pb2.AUCTION_CAUSE_OPERATOR
