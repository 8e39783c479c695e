"""A reader of public streams that keeps what it is told and checks every promise of the contract.

It is written from the words of the contract alone and shares no code with the SDK.
"""

import asyncio
from typing import Any
from zlib import crc32

import grpc

from tests.support.exchange import SYMBOL, Participant
from thegrid.v1 import market_data_pb2

REPEATING = ("ticker", "candle", "reference_index")
"""Payloads that may repeat a sequence."""

SNAPSHOTS = ("book_snapshot", "order_book_snapshot")


def subscribe(channel: Any, **more: Any) -> market_data_pb2.Subscription:
    """A subscription of the one market there is."""
    return market_data_pb2.Subscription(market=SYMBOL, channel=channel, **more)


class Followed:
    """Reads one stream; keeps levels, orders and the last sequence of each channel."""

    def __init__(self, member: Participant, *subscriptions: market_data_pb2.Subscription) -> None:
        request = market_data_pb2.StreamMarketDataRequest(subscriptions=subscriptions)
        self.call = member.market_data.StreamMarketData(request)
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.orders: dict[str, dict[str, market_data_pb2.BookOrder]] = {"bids": {}, "asks": {}}
        self.last: dict[int, int] = {}
        self.events: list[market_data_pb2.MarketEvent] = []
        self.frames: list[market_data_pb2.StreamMarketDataResponse] = []

    async def next(self) -> list[market_data_pb2.MarketEvent]:
        """The next frame's events; none at the end."""
        frame = await asyncio.wait_for(self.call.read(), 5)
        if frame is grpc.aio.EOF:
            return []
        for event in frame.events:
            self._take(event)
        self.events += frame.events
        self.frames.append(frame)
        return list(frame.events)

    async def until(self, is_there: Any) -> market_data_pb2.MarketEvent:
        """Read on to an event."""
        while True:
            for event in await self.next():
                if is_there(event):
                    return event

    def queues(self) -> tuple[list[tuple[str, int, int]], list[tuple[str, int, int]]]:
        """Orders (id, price, quantity) of each side as they would trade."""
        bids = sorted(self.orders["bids"].values(), key=lambda x: (-x.price_micros, x.priority))
        asks = sorted(self.orders["asks"].values(), key=lambda x: (x.price_micros, x.priority))
        return _plain(bids), _plain(asks)

    def _take(self, event: market_data_pb2.MarketEvent) -> None:
        kind = event.WhichOneof("payload")
        if kind == "heartbeat":
            if event.channel:
                self.last[event.channel] = event.sequence
            return
        if kind not in SNAPSHOTS and event.channel in self.last and kind != "stream_end":
            assert event.prev_sequence == self.last[event.channel]
            assert event.sequence >= event.prev_sequence + (kind not in REPEATING)
        self.last[event.channel] = event.sequence
        if kind in ("book_snapshot", "book_delta"):
            self._take_levels(kind, getattr(event, kind))
        elif kind in ("order_book_snapshot", "order_book_delta"):
            self._take_orders(kind, getattr(event, kind))

    def _take_levels(self, kind: str, change: Any) -> None:
        if kind == "book_snapshot":
            self.bids.clear()
            self.asks.clear()
        for mine, levels in ((self.bids, change.bids), (self.asks, change.asks)):
            for level in levels:
                if level.quantity_units:
                    mine[level.price_micros] = level.quantity_units
                else:
                    mine.pop(level.price_micros, None)
        best = [*sorted(self.bids.items(), reverse=True)[:10], *sorted(self.asks.items())[:10]]
        text = "|".join(f"{price}:{quantity}" for price, quantity in best)
        assert change.checksum == crc32(text.encode())

    def _take_orders(self, kind: str, change: Any) -> None:
        if kind == "order_book_snapshot" and not change.continued:
            self.orders = {"bids": {}, "asks": {}}
        for side, mine in self.orders.items():
            for order in getattr(change, side):
                if order.quantity_units:
                    mine[order.order_id] = order
                else:
                    del mine[order.order_id]
        if kind == "order_book_snapshot" and change.more:
            return
        first = [order for side in self.queues() for order in side[:25]]
        text = "|".join(f"{price}:{units}:{order_id}" for order_id, price, units in first)
        assert change.checksum == crc32(text.encode())


def _plain(orders: list[market_data_pb2.BookOrder]) -> list[tuple[str, int, int]]:
    return [(each.order_id, each.price_micros, each.quantity_units) for each in orders]
