"""Books, orders, trades, tickers, candles, and the events of public streams.

Which reader gets which event is the stream's affair.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from thegrid.v1 import market_data_pb2
from thegrid_exchange.api.convert.common import SIDES, Names, time_of
from thegrid_exchange.engine.quantities import numbered
from thegrid_exchange.engine.records import Trade
from thegrid_exchange.views.pictures import (
    BestPrices,
    BookChange,
    BookPicture,
    Level,
    OrdersChange,
    OrdersPicture,
    QueuedOrder,
)
from thegrid_exchange.views.statistics import INTERVALS_US, Candle, TickerFigures

BPS: Final = 10_000

_INTERVALS: Final = Names(
    market_data_pb2.CandleInterval,
    "CANDLE_INTERVAL",
    ("one_minute", "five_minutes", "fifteen_minutes", "one_hour", "four_hours", "one_day"),
)
_INTERVAL_OF: Final = dict(zip(INTERVALS_US, _INTERVALS.to_word, strict=True))
_INTERVAL_US_OF: Final = {number: span_us for span_us, number in _INTERVAL_OF.items()}


def interval_us_of(number: int) -> int:
    """The length of candles that a request names; one minute when it names none."""
    return _INTERVAL_US_OF.get(number, INTERVALS_US[0])


# ---- books -------------------------------------------------------------------------------------


def level_message(level: Level | None) -> market_data_pb2.BookLevel | None:
    """A price level; None stays unset."""
    if level is None:
        return None
    price, quantity, orders = level
    return market_data_pb2.BookLevel(
        price_micros=price, quantity_units=quantity, order_count=orders
    )


def level_messages(levels: tuple[Level, ...]) -> list[market_data_pb2.BookLevel]:
    """Price levels."""
    return [
        market_data_pb2.BookLevel(price_micros=price, quantity_units=quantity, order_count=orders)
        for price, quantity, orders in levels
    ]


def snapshot_message(picture: BookPicture, *, gap: bool = False) -> market_data_pb2.BookSnapshot:
    """A whole book."""
    return market_data_pb2.BookSnapshot(
        bids=level_messages(picture.bids),
        asks=level_messages(picture.asks),
        checksum=picture.checksum,
        gap=gap,
    )


def delta_message(change: BookChange) -> market_data_pb2.BookDelta:
    """The levels that changed."""
    return market_data_pb2.BookDelta(
        bids=level_messages(change.bids),
        asks=level_messages(change.asks),
        checksum=change.checksum,
    )


def best_message(best: BestPrices) -> market_data_pb2.BestPrices:
    """Level 1."""
    return market_data_pb2.BestPrices(bid=level_message(best.bid), ask=level_message(best.ask))


def order_messages(orders: Iterable[QueuedOrder]) -> list[market_data_pb2.BookOrder]:
    """Orders in their queues."""
    return [
        market_data_pb2.BookOrder(
            order_id=order_id, price_micros=price, quantity_units=quantity, priority=priority
        )
        for order_id, price, quantity, priority in orders
    ]


def orders_message(picture: OrdersPicture) -> market_data_pb2.OrderBookSnapshot:
    """A whole book by order, or a part of it."""
    return market_data_pb2.OrderBookSnapshot(
        bids=order_messages(picture.bids),
        asks=order_messages(picture.asks),
        checksum=picture.checksum,
    )


def orders_delta_message(change: OrdersChange) -> market_data_pb2.OrderBookDelta:
    """The orders that changed."""
    return market_data_pb2.OrderBookDelta(
        bids=order_messages(change.bids),
        asks=order_messages(change.asks),
        checksum=change.checksum,
    )


# ---- trades and what is gathered from them -----------------------------------------------------


def trade_message(trade: Trade) -> market_data_pb2.Trade:
    """A match as the public sees it: no member in it."""
    return market_data_pb2.Trade(
        trade_id=trade.trade_id,
        market_id=trade.market_id,
        price_micros=trade.price_micros,
        quantity_units=trade.quantity_units,
        taker_side=SIDES.wire(trade.taker_side),
        trade_time=time_of(trade.executed_at_us),
        auction_id=trade.auction_id,
        affiliated=trade.affiliated,
    )


def ticker_message(figures: TickerFigures) -> market_data_pb2.Ticker:
    """A ticker; what has no value is left out."""
    day, last = figures.day, figures.last
    made = market_data_pb2.Ticker(
        market_id=figures.market_id,
        symbol=figures.symbol,
        ticker_time=time_of(figures.at_us),
        bid=level_message(figures.best.bid),
        ask=level_message(figures.best.ask),
        window_start_time=time_of(day.start_us),
        open_price_micros=day.open_micros,
        high_price_micros=day.high_micros,
        low_price_micros=day.low_micros,
        volume_units=day.volume_units,
        turnover_micros=day.turnover_micros,
        trade_count=day.trade_count,
    )
    if last is not None:
        made.last_price_micros = last.price_micros
        made.last_quantity_units = last.quantity_units
        made.last_trade_time.CopyFrom(time_of(last.executed_at_us))
        made.last_trade_id = last.trade_id
        if day.open_micros:
            made.change_micros = last.price_micros - day.open_micros
            whole, sign = abs(made.change_micros) * BPS // day.open_micros, made.change_micros
            made.change_bps = whole if sign >= 0 else -whole
    return made


def candle_message(candle: Candle) -> market_data_pb2.Candle:
    """A candle."""
    bar = candle.bar
    return market_data_pb2.Candle(
        market_id=candle.market_id,
        interval=_INTERVAL_OF[candle.interval_us],  # type: ignore[arg-type]
        start_time=time_of(bar.start_us),
        end_time=time_of(bar.start_us + candle.interval_us),
        open_price_micros=bar.open_micros,
        high_price_micros=bar.high_micros,
        low_price_micros=bar.low_micros,
        close_price_micros=bar.close_micros,
        volume_units=bar.volume_units,
        turnover_micros=bar.turnover_micros,
        trade_count=bar.trade_count,
        first_trade_id=numbered("trd", bar.first_trade),
        last_trade_id=numbered("trd", bar.last_trade),
        final=candle.is_final,
    )


PAYLOADS: Final[dict[type[Any], tuple[str, Callable[[Any], Any]]]] = {
    Trade: ("trade", trade_message),
    BookPicture: ("book_snapshot", snapshot_message),
    BookChange: ("book_delta", delta_message),
    BestPrices: ("best_prices", best_message),
    OrdersPicture: ("order_book_snapshot", orders_message),
    OrdersChange: ("order_book_delta", orders_delta_message),
    TickerFigures: ("ticker", ticker_message),
    Candle: ("candle", candle_message),
}
"""Field of a market event, and what fills it, by kind of content; markets and auctions apart."""
