"""Books, trades and the events of public streams.

Which reader gets which event is the stream's affair.
"""

from thegrid.v1 import market_data_pb2
from thegrid_exchange.api.convert.common import SIDES, time_of
from thegrid_exchange.engine.records import Trade
from thegrid_exchange.views.feed import BookChange, BookPicture, Level


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
    )
