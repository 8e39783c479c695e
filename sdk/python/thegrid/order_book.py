"""A market's book order by order, kept from a snapshot and deltas and proved by checksum.
How the events come stands in `follow`; the book by price level is in `book`.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple
from zlib import crc32

from thegrid.v1 import market_data_pb2

_CHECKED_ORDERS = 25

_Place = tuple[int, int, str]


class BookOrder(NamedTuple):
    """One resting order: micro-dollars per Unit, Units left, and its place in the queue.

    Of two orders of one price that with the smaller `priority` trades first.
    """

    order_id: str
    price_micros: int
    quantity_units: int
    priority: int


class _Side:
    """The orders of one side, in the order in which they would trade."""

    def __init__(self, is_buy: bool) -> None:
        self._sign = -1 if is_buy else 1
        self._orders: dict[str, BookOrder] = {}
        self._places: list[_Place] = []

    def change(self, orders: Iterable[market_data_pb2.BookOrder]) -> None:
        """Set orders; a quantity of 0 removes one."""
        for each in orders:
            old = self._orders.pop(each.order_id, None)
            if old is not None:
                del self._places[bisect_left(self._places, self._place(old))]
            if each.quantity_units:
                new = BookOrder(
                    each.order_id, each.price_micros, each.quantity_units, each.priority
                )
                self._orders[each.order_id] = new
                insort(self._places, self._place(new))

    def clear(self) -> None:
        """Remove all orders."""
        self._orders.clear()
        self._places.clear()

    def first_first(self) -> Iterator[BookOrder]:
        """Return the orders as they would trade."""
        return (self._orders[place[2]] for place in self._places)

    def ahead(self, order_id: str) -> Iterator[BookOrder] | None:
        """Return the orders of the same price that trade before one; None if it is not here."""
        order = self._orders.get(order_id)
        if order is None:
            return None
        begin = bisect_left(self._places, (self._sign * order.price_micros, -1, ""))
        end = bisect_left(self._places, self._place(order))
        return (self._orders[place[2]] for place in self._places[begin:end])

    def _place(self, order: BookOrder) -> _Place:
        return self._sign * order.price_micros, order.priority, order.order_id


class OrderBook:
    """The orders of one market as of `sequence`, as they would trade."""

    def __init__(self, market_id: str) -> None:
        self.market_id = market_id
        self.sequence = 0
        self.is_whole = True
        """False while a snapshot that comes in parts is still to be completed."""
        self._bids = _Side(is_buy=True)
        self._asks = _Side(is_buy=False)

    @property
    def bids(self) -> list[BookOrder]:
        """Buy orders: highest price first, of one price the oldest first."""
        return list(self._bids.first_first())

    @property
    def asks(self) -> list[BookOrder]:
        """Sell orders: lowest price first, of one price the oldest first."""
        return list(self._asks.first_first())

    def units_ahead(self, order_id: str) -> int | None:
        """Return the Units of its price that trade before an order; None if it does not rest."""
        for side in (self._bids, self._asks):
            ahead = side.ahead(order_id)
            if ahead is not None:
                return sum(each.quantity_units for each in ahead)
        return None

    def checksum(self) -> int:
        """Return the CRC-32 that the contract defines, over the first 25 orders of each side."""
        first = [
            order
            for side in (self._bids, self._asks)
            for order in islice(side.first_first(), _CHECKED_ORDERS)
        ]
        text = "|".join(f"{each[1]}:{each[2]}:{each[0]}" for each in first)
        return crc32(text.encode("ascii"))

    def take(self, event: market_data_pb2.MarketEvent) -> bool:
        """Apply a book event; tell whether the book now agrees with the event's checksum.

        Events that carry no orders change nothing and agree, and so does a part of a snapshot
        that another follows.
        """
        kind = event.WhichOneof("payload")
        if kind == "order_book_snapshot":
            return self.load(event.order_book_snapshot, event.sequence)
        if kind != "order_book_delta":
            return True
        delta = event.order_book_delta
        self._bids.change(delta.bids)
        self._asks.change(delta.asks)
        self.sequence = event.sequence
        return self.checksum() == delta.checksum

    def load(self, snapshot: market_data_pb2.OrderBookSnapshot, sequence: int) -> bool:
        """Replace all orders, or go on with a snapshot in parts; tell whether it agrees."""
        if not snapshot.continued:
            self._bids.clear()
            self._asks.clear()
        self._bids.change(snapshot.bids)
        self._asks.change(snapshot.asks)
        self.sequence = sequence
        self.is_whole = not snapshot.more
        return snapshot.more or self.checksum() == snapshot.checksum
