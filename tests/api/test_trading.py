"""Orders over real gRPC: entered, repeated, batched, amended, cancelled, listed."""

import asyncio
from typing import Any

import grpc
import pytest

from tests.support.exchange import SYMBOL, Exchange, Participant
from tests.support.refusals import refusal_of, refused
from thegrid.v1 import accounts_pb2, market_data_pb2, trading_pb2

OPEN, CLOSED = trading_pb2.ORDER_STATUS_OPEN, trading_pb2.ORDER_STATUS_CLOSED


def a_buy(**changes: Any) -> trading_pb2.OrderTerms:
    terms = {"market": SYMBOL, "side": 1, "type": 1, "quantity_units": 1, "price_micros": 1_000}
    return trading_pb2.OrderTerms(**{**terms, **changes})


def a_place(request_id: str, **changes: Any) -> trading_pb2.PlaceOrderRequest:
    return trading_pb2.PlaceOrderRequest(request_id=request_id, order=a_buy(**changes))


async def test_given_an_ask_when_a_buy_crosses_then_both_sides_see_their_fill(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await exchange.sell_issuance(supplier, 10, 2_000)
    answer = await exchange.place(
        buyer, side="buy", quantity_units=4, price_micros=3_000, client_order_id="c1"
    )
    assert answer.order.closure_reason == trading_pb2.CLOSURE_REASON_FILLED
    assert [(fill.price_micros, fill.quantity_units) for fill in answer.fills] == [(2_000, 4)]
    listed = await buyer.trading.ListFills(trading_pb2.ListFillsRequest())
    assert list(listed.fills) == list(answer.fills)
    theirs = await supplier.trading.ListFills(trading_pb2.ListFillsRequest())
    assert [(fill.role, fill.side) for fill in theirs.fills] == [
        (trading_pb2.LIQUIDITY_ROLE_MAKER, 2)
    ]
    balances = await buyer.accounts.GetBalances(
        accounts_pb2.GetBalancesRequest(min_position=answer.position)
    )
    assert balances.cash.available_micros == 10_000_000_000 - 8_000
    assert balances.units[0].trading_tokens == 4_000_000


async def test_a_repeat_gets_the_first_answer_and_another_body_is_refused(
    buyer: Participant,
) -> None:
    request = a_place("once")
    answers = await asyncio.gather(*[buyer.trading.PlaceOrder(request) for _ in range(5)])
    assert len({answer.SerializeToString() for answer in answers}) == 1
    orders = await buyer.trading.ListOrders(trading_pb2.ListOrdersRequest())
    assert len(orders.orders) == 1
    other = await refused(buyer.trading.PlaceOrder(a_place("once", quantity_units=2)))
    assert (other.reason, list(other.fields)) == ("REQUEST_CONFLICT", ["request_id"])


async def test_validate_only_answers_fills_and_changes_nothing(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await exchange.sell_issuance(supplier, 10, 2_000)
    request = a_place("v", quantity_units=3, price_micros=2_000)
    request.validate_only = True
    answer = await buyer.trading.PlaceOrder(request)
    assert answer.order.filled_units == 3
    assert not answer.HasField("position")
    orders = await buyer.trading.ListOrders(trading_pb2.ListOrdersRequest())
    assert not orders.orders


async def test_amend_and_cancel_by_either_id(exchange: Exchange, buyer: Participant) -> None:
    placed = await exchange.place(
        buyer, side="buy", quantity_units=5, price_micros=1_000, client_order_id="a"
    )
    ref = trading_pb2.OrderRef(client_order_id="a")
    amended = await buyer.trading.AmendOrder(
        trading_pb2.AmendOrderRequest(request_id="am", order=ref, quantity_units=3)
    )
    assert (amended.order.order_id, amended.order.quantity_units) == (placed.order.order_id, 3)
    ref = trading_pb2.OrderRef(order_id=placed.order.order_id)
    cancelled = await buyer.trading.CancelOrder(
        trading_pb2.CancelOrderRequest(request_id="ca", order=ref)
    )
    assert cancelled.order.closure_reason == trading_pb2.CLOSURE_REASON_CANCELLED
    again = trading_pb2.CancelOrderRequest(request_id="ca2", order=ref)
    assert (await refused(buyer.trading.CancelOrder(again))).reason == "ORDER_CLOSED"


async def test_a_batch_answers_each_item_in_its_place(buyer: Participant) -> None:
    items = [
        trading_pb2.BatchItem(place=a_buy(client_order_id="b1")),
        trading_pb2.BatchItem(place=a_buy(price_micros=1_001)),
        trading_pb2.BatchItem(
            amend=trading_pb2.Amend(
                order=trading_pb2.OrderRef(client_order_id="b1"), price_micros=2_000
            )
        ),
        trading_pb2.BatchItem(cancel=trading_pb2.OrderRef(order_id="ord_000000000099")),
    ]
    request = trading_pb2.BatchOrdersRequest(request_id="batch", items=items)
    answer = await buyer.trading.BatchOrders(request)
    assert [result.error.code for result in answer.results] == [0, 3, 0, 5]
    assert answer.results[2].order.price_micros == 2_000
    request = trading_pb2.BatchOrdersRequest(request_id="all", items=items, all_or_none=True)
    answer = await buyer.trading.BatchOrders(request)
    reasons = [refusal_of(each.error, grpc.StatusCode.OK).reason for each in answer.results]
    assert reasons.count("BATCH_UNDONE") == 3
    assert len(set(reasons)) == 2
    orders = await buyer.trading.ListOrders(trading_pb2.ListOrdersRequest())
    assert len(orders.orders) == 1


async def test_cancel_all_by_tag(exchange: Exchange, buyer: Participant) -> None:
    for number in range(6):
        tag = "even" if number % 2 == 0 else "odd"
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000, tag=tag)
    answer = await buyer.trading.CancelOrders(
        trading_pb2.CancelOrdersRequest(request_id="ca", market=SYMBOL, tag="even")
    )
    assert len(answer.order_ids) == 3
    still = await buyer.trading.ListOrders(trading_pb2.ListOrdersRequest(status=OPEN))
    assert {order.tag for order in still.orders} == {"odd"}


async def test_pages_hold_every_order_once_newest_first(
    exchange: Exchange, buyer: Participant
) -> None:
    placed = [
        (await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000)).order
        for _ in range(7)
    ]
    request = trading_pb2.ListOrdersRequest(page_size=3)
    seen: list[str] = []
    while True:
        page = await buyer.trading.ListOrders(request)
        seen += [order.order_id for order in page.orders]
        request.page_token = page.next_page_token
        if not page.next_page_token:
            break
    assert seen == [order.order_id for order in reversed(placed)]
    request = trading_pb2.ListOrdersRequest(page_size=3)
    first = await buyer.trading.ListOrders(request)
    request = trading_pb2.ListOrdersRequest(page_token=first.next_page_token, status=CLOSED)
    assert (await refused(buyer.trading.ListOrders(request))).reason == "PAGE_TOKEN_INVALID"
    other = await exchange.create_member("other")
    request = trading_pb2.ListOrdersRequest(page_token=first.next_page_token)
    assert (await refused(other.trading.ListOrders(request))).reason == "PAGE_TOKEN_INVALID"


async def test_the_public_side_shows_book_and_trades_without_members(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await exchange.sell_issuance(supplier, 10, 2_000)
    await exchange.place(buyer, side="buy", quantity_units=4, price_micros=2_000)
    await exchange.place(buyer, side="buy", quantity_units=2, price_micros=1_000)
    book = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
    assert [(each.price_micros, each.quantity_units) for each in book.book.asks] == [(2_000, 6)]
    assert [(each.price_micros, each.quantity_units) for each in book.book.bids] == [(1_000, 2)]
    trades = await buyer.market_data.ListTrades(market_data_pb2.ListTradesRequest(market=SYMBOL))
    assert [trade.quantity_units for trade in trades.trades] == [4]
    assert "mem_" not in str(trades) + str(book)
    shown = await buyer.market_data.GetMarket(market_data_pb2.GetMarketRequest(market=SYMBOL))
    market = shown.market
    assert (market.last_price_micros, market.best_bid_micros, market.best_ask_micros) == (
        2_000,
        1_000,
        2_000,
    )


@pytest.mark.parametrize("restarted", [False, True])
async def test_repeats_and_reads_survive_a_restart(tmp_path: Any, restarted: bool) -> None:
    from tests.support.exchange import running_exchange

    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer", deposit_micros=1_000_000)
        first = await buyer.trading.PlaceOrder(a_place("once"))
        if not restarted:
            assert await buyer.trading.PlaceOrder(a_place("once")) == first
            return
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        assert await buyer.trading.PlaceOrder(a_place("once")) == first
        listed = await buyer.trading.ListOrders(trading_pb2.ListOrdersRequest())
        assert list(listed.orders) == [first.order]
        book = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
        assert len(book.book.bids) == 1
