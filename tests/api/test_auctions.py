"""Auctions, halts, quotes, switches, groups and tiers over real gRPC, restarts included."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.api.test_market_stream import STATUS, Followed, subscribe
from tests.support.exchange import SYMBOL, Exchange, Participant, running_exchange
from tests.support.refusals import refusal_of, refused
from thegrid.v1 import admin_pb2, market_data_pb2, trading_pb2

AUCTION = market_data_pb2.CHANNEL_AUCTION
SECOND = 1_000_000


async def call_auction(exchange: Exchange, seconds: int = 60) -> market_data_pb2.Market:
    until = datetime.fromtimestamp(exchange.clock.now_us() / 1e6, UTC) + timedelta(seconds=seconds)
    request = admin_pb2.StartAuctionRequest(
        request_id=exchange.request_id(), market=SYMBOL, reason="for a test"
    )
    request.until_time.FromDatetime(until)
    answer: market_data_pb2.Market = (await exchange.admin.StartAuction(request)).market
    return answer


async def bid(buyer: Participant, price_micros: int, units: int, **more: Any) -> Any:
    return await buyer.exchange.place(
        buyer, side="buy", quantity_units=units, price_micros=price_micros, **more
    )


async def shown(member: Participant) -> market_data_pb2.Market:
    answer = await member.market_data.GetMarket(market_data_pb2.GetMarketRequest(market=SYMBOL))
    market: market_data_pb2.Market = answer.market
    return market


# ---- auctions ----------------------------------------------------------------------------------


async def test_the_auction_channel_tells_what_would_trade_and_what_did(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    stream = Followed(buyer, subscribe(AUCTION))
    [empty] = await stream.next()
    assert (empty.HasField("auction"), empty.auction.auction_id) == (True, "")
    market = await call_auction(exchange)
    assert market.state == market_data_pb2.MARKET_STATE_AUCTION
    [opened] = await stream.next()
    assert opened.auction.cause == market_data_pb2.AUCTION_CAUSE_OPERATOR
    assert not opened.auction.HasField("price_micros")
    await bid(buyer, 1_000_000, 7)
    await exchange.sell_issuance(supplier, 5, 800_000)
    event = await stream.until(lambda event: event.auction.HasField("price_micros"))
    auction = event.auction
    assert (auction.price_micros, auction.volume_units, auction.surplus_units) == (900_000, 5, 2)
    market = await shown(buyer)
    assert market.auction == auction
    assert (market.best_bid_micros, market.best_ask_micros) == (1_000_000, 800_000)
    await exchange.advance(60 * SECOND)
    ended = (await stream.until(lambda event: event.auction.finished)).auction
    assert (ended.price_micros, ended.volume_units) == (900_000, 5)
    market = await shown(buyer)
    assert market.state == market_data_pb2.MARKET_STATE_OPEN
    assert not market.HasField("auction")


async def test_trades_and_fills_of_an_auction_say_so(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    market = await call_auction(exchange)
    await bid(buyer, 1_000_000, 5)
    await exchange.sell_issuance(supplier, 5, 1_000_000)
    await exchange.advance(60 * SECOND)
    trades = await buyer.market_data.ListTrades(market_data_pb2.ListTradesRequest(market=SYMBOL))
    assert [trade.auction_id for trade in trades.trades] == [market.auction.auction_id]
    for member in (buyer, supplier):
        [fill] = (await member.trading.ListFills(trading_pb2.ListFillsRequest())).fills
        assert fill.role == trading_pb2.LIQUIDITY_ROLE_AUCTION


async def test_a_book_kept_from_the_stream_is_the_book_through_an_auction(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    stream = Followed(buyer, subscribe(market_data_pb2.CHANNEL_BOOK), subscribe(STATUS))
    await stream.next()
    await call_auction(exchange)
    for price in (900_000, 1_000_000, 1_100_000):
        await bid(buyer, price, 3)
        await exchange.sell_issuance(supplier, 4, price)
    await exchange.advance(60 * SECOND)
    for state in (market_data_pb2.MARKET_STATE_AUCTION, market_data_pb2.MARKET_STATE_OPEN):
        await stream.until(lambda event, state=state: event.market.state == state)
    answer = await buyer.market_data.GetBook(market_data_pb2.GetBookRequest(market=SYMBOL))
    assert stream.bids == {each.price_micros: each.quantity_units for each in answer.book.bids}
    assert stream.asks == {each.price_micros: each.quantity_units for each in answer.book.asks}


async def test_an_auction_and_a_switch_live_through_a_restart(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=10)
        buyer = await exchange.create_member("buyer", deposit_micros=10**9)
        other = await exchange.create_member("other", deposit_micros=10**9)
        await call_auction(exchange, 600)
        await bid(buyer, 1_000_000, 5)
        await bid(other, 2_000_000, 5)
        await exchange.sell_issuance(supplier, 5, 900_000)
        request = trading_pb2.CancelAllAfterRequest(request_id="t", span_us=300 * SECOND)
        armed = await other.trading.CancelAllAfter(request)
        assert armed.HasField("fire_time")
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        other = Participant(other.member_id, other.secret, exchange)
        assert (await shown(buyer)).state == market_data_pb2.MARKET_STATE_AUCTION
        await exchange.advance(600 * SECOND)
        [order] = (await other.trading.ListOrders(trading_pb2.ListOrdersRequest())).orders
        assert order.closure_reason == trading_pb2.CLOSURE_REASON_CANCELLED
        [order] = (await buyer.trading.ListOrders(trading_pb2.ListOrdersRequest())).orders
        assert order.closure_reason == trading_pb2.CLOSURE_REASON_FILLED


async def test_the_breaker_halts_a_market_with_its_reason_on_record(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    policy = market_data_pb2.MarketPolicy(
        max_move_bps=1_000, max_move_window_us=60 * SECOND, max_move_auction_us=30 * SECOND
    )
    request = admin_pb2.SetMarketPolicyRequest(request_id="p", market=SYMBOL, policy=policy)
    assert (await exchange.admin.SetMarketPolicy(request)).market.policy == policy
    await exchange.sell_issuance(supplier, 1, 1_000_000)
    await bid(buyer, 1_000_000, 1)
    await exchange.sell_issuance(supplier, 1, 1_500_000)
    answer = await bid(
        buyer, 0, 1, type=trading_pb2.ORDER_TYPE_MARKET, time_in_force=trading_pb2.TIME_IN_FORCE_IOC
    )
    assert answer.order.closure_reason == trading_pb2.CLOSURE_REASON_HALTED
    market = await shown(buyer)
    assert market.state == market_data_pb2.MARKET_STATE_AUCTION
    assert market.state_reason.startswith("max_move: 1500000")
    assert market.auction.cause == market_data_pb2.AUCTION_CAUSE_MAX_MOVE


# ---- quotes ------------------------------------------------------------------------------------


def quotes_request(request_id: str, *prices: int, **more: Any) -> Any:
    quotes = [trading_pb2.Quote(side=1, price_micros=price, quantity_units=1) for price in prices]
    return trading_pb2.ReplaceQuotesRequest(
        request_id=request_id, market=SYMBOL, tag="mm", quotes=quotes, **more
    )


async def test_quotes_are_replaced_and_a_repeat_gets_the_first_answer(buyer: Participant) -> None:
    first = await buyer.trading.ReplaceQuotes(quotes_request("a", 10000, 20000))
    again = await buyer.trading.ReplaceQuotes(quotes_request("a", 10000, 20000))
    assert again == first
    answer = await buyer.trading.ReplaceQuotes(quotes_request("b", 30000))
    assert list(answer.cancelled_order_ids) == [each.order.order_id for each in first.results]
    conflict = await refused(buyer.trading.ReplaceQuotes(quotes_request("b", 30100)))
    assert conflict.reason == "REQUEST_CONFLICT"


async def test_each_refused_quote_is_answered_in_its_place(buyer: Participant) -> None:
    await buyer.trading.ReplaceQuotes(quotes_request("a", 10000))
    request = quotes_request("b", 10000, 900_000_000_000, 10000)
    request.quotes[1].quantity_units = 9_999
    answer = await buyer.trading.ReplaceQuotes(request)
    refusals = [refusal_of(each.error, grpc.StatusCode.OK) for each in answer.results]
    assert [each.reason for each in refusals] == [
        "BATCH_UNDONE",
        "INSUFFICIENT_FUNDS",
        "BATCH_UNDONE",
    ]
    assert int(refusals[1].metadata["limit"]) < int(refusals[1].metadata["value"])
    open_now = trading_pb2.ListOrdersRequest(status=trading_pb2.ORDER_STATUS_OPEN)
    assert len((await buyer.trading.ListOrders(open_now)).orders) == 1


@pytest.mark.parametrize(
    ("field", "more"),
    [("tag", {"tag": ""}), ("time_in_force", {"time_in_force": trading_pb2.TIME_IN_FORCE_IOC})],
)
async def test_quotes_of_a_wrong_shape(buyer: Participant, field: str, more: Any) -> None:
    request = quotes_request("a", 10000)
    request.MergeFrom(trading_pb2.ReplaceQuotesRequest(**more))
    if field == "tag":
        request.ClearField("tag")
    assert list((await refused(buyer.trading.ReplaceQuotes(request))).fields) == [field]


# ---- prevention, tiers, reads ------------------------------------------------------------------


async def test_both_owners_of_a_prevented_match_find_it_and_nobody_else(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    for member in (supplier, buyer):
        request = admin_pb2.UpdateMemberRequest(
            request_id=exchange.request_id(), member_id=member.member_id, prevention_group="desk"
        )
        answer = await exchange.admin.UpdateMember(request)
        assert answer.member.prevention_group == "desk"
    stranger = await exchange.create_member("stranger")
    await exchange.sell_issuance(supplier, 5, 1_000_000)
    for _ in range(3):
        await bid(buyer, 1_000_000, 2)
    wanted = trading_pb2.ListPreventedMatchesRequest(page_size=2, market=SYMBOL)
    for member, role in (
        (supplier, trading_pb2.LIQUIDITY_ROLE_MAKER),
        (buyer, trading_pb2.LIQUIDITY_ROLE_TAKER),
    ):
        page = await member.trading.ListPreventedMatches(wanted)
        assert [each.role for each in page.matches] == [role] * 2
        assert page.matches[0].price_micros == 1_000_000
        rest = trading_pb2.ListPreventedMatchesRequest(
            page_size=2, market=SYMBOL, page_token=page.next_page_token
        )
        last = await member.trading.ListPreventedMatches(rest)
        assert len({*(m.prevented_match_id for m in (*page.matches, *last.matches))}) == 3
        assert last.next_page_token == ""
    assert not (await stranger.trading.ListPreventedMatches(wanted)).matches


async def test_fee_tiers_are_set_listed_and_paid(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    for name in ("b", "a", "c"):
        tier = admin_pb2.FeeTier(
            fee_tier=name, mode=admin_pb2.FEE_TIER_MODE_RATES, maker_bps=1, taker_bps=100
        )
        await exchange.admin.SetFeeTier(admin_pb2.SetFeeTierRequest(request_id=name, tier=tier))
    page = await exchange.admin.ListFeeTiers(admin_pb2.ListFeeTiersRequest(page_size=2))
    assert [tier.fee_tier for tier in page.tiers] == ["a", "b"]
    page = await exchange.admin.ListFeeTiers(
        admin_pb2.ListFeeTiersRequest(page_size=2, page_token=page.next_page_token)
    )
    assert [tier.fee_tier for tier in page.tiers] == ["c"]
    request = admin_pb2.UpdateMemberRequest(request_id="m", member_id=buyer.member_id, fee_tier="a")
    assert (await exchange.admin.UpdateMember(request)).member.fee_tier == "a"
    await exchange.sell_issuance(supplier, 5, 1_000_000)
    answer = await bid(buyer, 1_000_000, 5)
    assert answer.order.fee_micros == 50_000
    request = admin_pb2.UpdateMemberRequest(
        request_id="n", member_id=buyer.member_id, fee_tier="nope"
    )
    assert (await refused(exchange.admin.UpdateMember(request))).reason == "FEE_TIER_NOT_FOUND"


async def test_an_order_long_closed_is_found_by_its_client_order_id(
    exchange: Exchange, buyer: Participant
) -> None:
    placed = await bid(buyer, 1_000, 1, client_order_id="mine")
    order = trading_pb2.OrderRef(client_order_id="mine")
    await buyer.trading.CancelOrder(trading_pb2.CancelOrderRequest(request_id="c", order=order))
    for _ in range(8):
        await exchange.advance(4 * 3_600 * SECOND)
    assert "mine" not in str(exchange.running.services.live.state.closed_orders)
    found = (await buyer.trading.GetOrder(trading_pb2.GetOrderRequest(order=order))).order
    assert found.order_id == placed.order.order_id
    assert found.closure_reason == trading_pb2.CLOSURE_REASON_CANCELLED


async def test_a_capped_order_shows_its_caps_and_why_it_stopped(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await exchange.sell_issuance(supplier, 5, 1_000_000)
    answer = await bid(
        buyer,
        0,
        5,
        type=trading_pb2.ORDER_TYPE_MARKET,
        max_spend_micros=2_500_000,
        max_average_price_micros=1_000_000,
    )
    order = answer.order
    assert (order.filled_units, order.max_spend_micros) == (2, 2_500_000)
    assert order.max_average_price_micros == 1_000_000
    assert order.closure_reason == trading_pb2.CLOSURE_REASON_SPEND_LIMIT


async def test_a_refusal_carries_limit_and_value(
    exchange: Exchange, supplier: Participant, buyer: Participant
) -> None:
    await exchange.sell_issuance(supplier, 5, 1_000_000)
    request = trading_pb2.PlaceOrderRequest(
        request_id="a",
        order=trading_pb2.OrderTerms(
            market=SYMBOL,
            side=1,
            type=trading_pb2.ORDER_TYPE_LIMIT,
            quantity_units=1,
            price_micros=1_200_000,
            post_only=True,
        ),
    )
    answer = await refused(buyer.trading.PlaceOrder(request))
    assert answer.reason == "POST_ONLY_WOULD_CROSS"
    assert (answer.metadata["limit"], answer.metadata["value"]) == ("1000000", "1200000")
    request.order.post_only_mode = trading_pb2.POST_ONLY_MODE_SLIDE
    request.request_id = "b"
    slid = (await buyer.trading.PlaceOrder(request)).order
    assert slid.price_micros < 1_000_000
