"""Public market data: markets, books, trades, and the streams of them.
How a stream survives loss stands in `streams` and `thegrid.follow`.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime

from thegrid.aio.streams import Stream
from thegrid.aio.transport import Transport
from thegrid.book import Book
from thegrid.enums import candle_interval, enum_number
from thegrid.follow import Gap, StreamState
from thegrid.follow_market import BookFollower, MarketFollower, MarketOut, OrderBookFollower
from thegrid.order_book import OrderBook
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, market_data_pb2


class MarketData:
    """A market is named by id (`mkt_…`) or by the symbol of its instrument."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(
        self, market: str, *, min_position: common_pb2.Position | None = None
    ) -> market_data_pb2.Market:
        """Return one market's terms, state and last prices."""
        request = market_data_pb2.GetMarketRequest(market=market, min_position=min_position)
        response = await self._transport.call(request, market_data_pb2.GetMarketResponse)
        return response.market

    def list(
        self, *, page_size: int = 0, min_position: common_pb2.Position | None = None
    ) -> AsyncIterator[market_data_pb2.Market]:
        """Iterate over all markets, by id."""
        request = market_data_pb2.ListMarketsRequest(page_size=page_size, min_position=min_position)
        return self._transport.pages(
            request, market_data_pb2.ListMarketsResponse, lambda page: page.markets
        )

    async def book(
        self,
        market: str,
        depth_levels: int = 0,
        *,
        min_position: common_pb2.Position | None = None,
    ) -> market_data_pb2.GetBookResponse:
        """Return one market's book by price level; depth 0 means the exchange's default of 50."""
        request = market_data_pb2.GetBookRequest(
            market=market, depth_levels=depth_levels, min_position=min_position
        )
        return await self._transport.call(request, market_data_pb2.GetBookResponse)

    async def order_book(
        self,
        market: str,
        depth_orders: int = 0,
        *,
        min_position: common_pb2.Position | None = None,
    ) -> market_data_pb2.GetOrderBookResponse:
        """Return one market's book by order; depth 0 means the exchange's default of 100."""
        request = market_data_pb2.GetOrderBookRequest(
            market=market, depth_orders=depth_orders, min_position=min_position
        )
        return await self._transport.call(request, market_data_pb2.GetOrderBookResponse)

    async def ticker(
        self, market: str, *, min_position: common_pb2.Position | None = None
    ) -> market_data_pb2.Ticker:
        """Return one market's best and last prices and its figures of the last 24 hours."""
        request = market_data_pb2.GetTickerRequest(market=market, min_position=min_position)
        response = await self._transport.call(request, market_data_pb2.GetTickerResponse)
        return response.ticker

    def tickers(
        self, *, page_size: int = 0, min_position: common_pb2.Position | None = None
    ) -> AsyncIterator[market_data_pb2.Ticker]:
        """Iterate over the tickers of all markets, by market id."""
        request = market_data_pb2.ListTickersRequest(page_size=page_size, min_position=min_position)
        return self._transport.pages(
            request, market_data_pb2.ListTickersResponse, lambda page: page.tickers
        )

    def candles(
        self,
        market: str,
        interval: int | str = "1m",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> AsyncIterator[market_data_pb2.Candle]:
        """Iterate over one market's candles of `1m`, `5m`, `15m`, `1h`, `4h` or `1d`, newest first.

        The times bound where candles start. An interval in which nothing traded has no candle.
        """
        request = market_data_pb2.ListCandlesRequest(
            market=market,
            interval=candle_interval(interval),  # type: ignore[arg-type]
            page_size=page_size,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, market_data_pb2.ListCandlesResponse, lambda page: page.candles
        )

    def trades(
        self,
        market: str,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> AsyncIterator[market_data_pb2.Trade]:
        """Iterate over one market's trades, newest first."""
        request = market_data_pb2.ListTradesRequest(
            market=market,
            page_size=page_size,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, market_data_pb2.ListTradesResponse, lambda page: page.trades
        )

    async def index(
        self,
        instrument: str,
        window_start_time: datetime | None = None,
        *,
        min_position: common_pb2.Position | None = None,
    ) -> market_data_pb2.ReferenceIndex:
        """Return the reference index of the window that began then, or the latest."""
        request = market_data_pb2.GetReferenceIndexRequest(
            instrument=instrument,
            window_start_time=timestamp(window_start_time),
            min_position=min_position,
        )
        response = await self._transport.call(request, market_data_pb2.GetReferenceIndexResponse)
        return response.index

    def indexes(
        self,
        instrument: str,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> AsyncIterator[market_data_pb2.ReferenceIndex]:
        """Iterate over an instrument's reference indexes, newest window first."""
        request = market_data_pb2.ListReferenceIndexesRequest(
            instrument=instrument,
            page_size=page_size,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, market_data_pb2.ListReferenceIndexesResponse, lambda page: page.indexes
        )

    def index_inputs(
        self,
        instrument: str,
        *,
        window_start_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> AsyncIterator[market_data_pb2.ReferenceIndexInput]:
        """Iterate over the trades that one reference index was made of, the latest by default."""
        request = market_data_pb2.ListReferenceIndexInputsRequest(
            instrument=instrument,
            window_start_time=timestamp(window_start_time),
            page_size=page_size,
            min_position=min_position,
        )
        return self._transport.pages(
            request, market_data_pb2.ListReferenceIndexInputsResponse, lambda page: page.inputs
        )

    def stream(
        self,
        markets: Iterable[str],
        channels: Iterable[int | str] = ("book", "trades", "status"),
        *,
        depth_levels: int = 0,
        interval: int | str = "1m",
        after_sequence: int | None = None,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> Stream[MarketOut]:
        """Follow channels of markets: events in order, each once, and a Gap where some are lost.

        Channels are `book` (of `depth_levels`), `orders`, `best`, `trades`, `ticker`, `candles` (of
        `interval`), `index`, `status` and `auction`. A lost connection comes back by itself.
        Heartbeats are passed on.
        """
        numbers = [enum_number(market_data_pb2.Channel, each, "channels") for each in channels]
        subscriptions = [
            market_data_pb2.Subscription(
                market=market,
                channel=number,  # type: ignore[arg-type]
                depth_levels=depth_levels,
                candle_interval=candle_interval(interval),  # type: ignore[arg-type]
                after_sequence=after_sequence,
            )
            for market in markets
            for number in numbers
        ]
        return Stream(self._transport, MarketFollower(subscriptions), on_state)

    def watch_book(
        self,
        market: str,
        depth_levels: int = 0,
        *,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> Stream[Book | Gap]:
        """Keep a local book, proved by checksum; yields it after every change, and gaps."""
        return Stream(self._transport, BookFollower(market, depth_levels), on_state)

    def watch_order_book(
        self,
        market: str,
        *,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> Stream[OrderBook | Gap]:
        """Keep a local book of every order in its queue, as `watch_book` does by price level."""
        return Stream(self._transport, OrderBookFollower(market), on_state)
