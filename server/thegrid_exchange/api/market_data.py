"""MarketDataService: the public side of the markets; nothing in it names a member.

The stream is in `market_stream`, reference indexes are in `reference_index`.
"""

from collections.abc import Sequence
from typing import Any

from thegrid.v1 import market_data_pb2, market_data_pb2_grpc
from thegrid_exchange.api.convert.common import micros_of
from thegrid_exchange.api.convert.market_data import (
    candle_message,
    interval_us_of,
    orders_message,
    snapshot_message,
    ticker_message,
    trade_message,
)
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.market_reader import shown_market
from thegrid_exchange.api.market_stream import MarketStreamMixin
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.api.reference_index import ReferenceIndexMixin
from thegrid_exchange.engine.quantities import number_of
from thegrid_exchange.engine.records import Market
from thegrid_exchange.views.pictures import orders_picture, picture_of
from thegrid_exchange.views.statistics import candle_of

DEFAULT_DEPTH = 50
DEFAULT_ORDERS = 100


class MarketDataServicer(  # type: ignore[misc]  # its stream yields bytes, serialised before
    MarketStreamMixin, ReferenceIndexMixin, Handler, market_data_pb2_grpc.MarketDataServiceServicer
):
    """Markets, books, tickers, candles and trades."""

    async def GetMarket(  # noqa: N802
        self, request: market_data_pb2.GetMarketRequest, context: Any
    ) -> market_data_pb2.GetMarketResponse:
        await self.reach(request)
        market = self.market(request.market)
        return market_data_pb2.GetMarketResponse(market=shown_market(self.services, market))

    async def ListMarkets(  # noqa: N802
        self, request: market_data_pb2.ListMarketsRequest, context: Any
    ) -> market_data_pb2.ListMarketsResponse:
        await self.reach(request)
        shown, token = self._page_of_markets(request)
        return market_data_pb2.ListMarketsResponse(
            markets=[shown_market(self.services, market) for market in shown],
            next_page_token=token,
        )

    async def GetBook(  # noqa: N802
        self, request: market_data_pb2.GetBookRequest, context: Any
    ) -> market_data_pb2.GetBookResponse:
        await self.reach(request)
        live, market_id = self.services.live, self.market_id(request.market)
        picture = picture_of(live.book(market_id), request.depth_levels or DEFAULT_DEPTH)
        return market_data_pb2.GetBookResponse(
            book=snapshot_message(picture), sequence=live.market_feed(market_id).sequence
        )

    async def GetOrderBook(  # noqa: N802
        self, request: market_data_pb2.GetOrderBookRequest, context: Any
    ) -> market_data_pb2.GetOrderBookResponse:
        await self.reach(request)
        live, market_id = self.services.live, self.market_id(request.market)
        depth = request.depth_orders or DEFAULT_ORDERS
        picture = orders_picture(live.book(market_id), live.state.orders, depth)
        return market_data_pb2.GetOrderBookResponse(
            book=orders_message(picture), sequence=live.market_feed(market_id).sequence
        )

    async def GetTicker(  # noqa: N802
        self, request: market_data_pb2.GetTickerRequest, context: Any
    ) -> market_data_pb2.GetTickerResponse:
        await self.reach(request)
        figures = self.services.live.ticker(self.market_id(request.market))
        return market_data_pb2.GetTickerResponse(ticker=ticker_message(figures))

    async def ListTickers(  # noqa: N802
        self, request: market_data_pb2.ListTickersRequest, context: Any
    ) -> market_data_pb2.ListTickersResponse:
        await self.reach(request)
        shown, token = self._page_of_markets(request)
        live = self.services.live
        return market_data_pb2.ListTickersResponse(
            tickers=[ticker_message(live.ticker(market.market_id)) for market in shown],
            next_page_token=token,
        )

    async def ListCandles(  # noqa: N802
        self, request: market_data_pb2.ListCandlesRequest, context: Any
    ) -> market_data_pb2.ListCandlesResponse:
        await self.reach(request)
        vault, market_id = self.services.vault, self.market_id(request.market)
        span_us = interval_us_of(request.interval)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, "", market_id, span_us, start_us, end_us)
        found = await self.services.candles.bars(
            market_id,
            span_us,
            start_us=start_us,
            end_us=end_us,
            before_us=page.number(),
            limit=page.limit,
        )
        now_us = self.services.live.state.now_us
        shown, token = cut(vault, page, found, [bar.start_us for bar in found])
        candles = [candle_of(market_id, span_us, bar, now_us) for bar in shown]
        return market_data_pb2.ListCandlesResponse(
            candles=map(candle_message, candles), next_page_token=token
        )

    def _page_of_markets(self, request: Any) -> tuple[Sequence[Market], str]:
        vault = self.services.vault
        page = page_of(vault, request, "")
        found = self.services.live.catalogue.markets(page.cursor, page.limit)
        return cut(vault, page, found, [market.market_id for market in found])

    async def ListTrades(  # noqa: N802
        self, request: market_data_pb2.ListTradesRequest, context: Any
    ) -> market_data_pb2.ListTradesResponse:
        await self.reach(request)
        vault, market_id = self.services.vault, self.market_id(request.market)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, "", market_id, start_us, end_us)
        found = await self.services.trading.trades(
            market_id, start_us=start_us, end_us=end_us, before=page.number(), limit=page.limit
        )
        shown, token = cut(vault, page, found, [number_of(trade.trade_id) for trade in found])
        return market_data_pb2.ListTradesResponse(
            trades=[trade_message(trade) for trade in shown], next_page_token=token
        )
