"""A market's book by price level, kept from a snapshot and deltas and proved by checksum.
How the events come, and what happens when one is lost, stands in `follow`.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple
from zlib import crc32

from thegrid.v1 import market_data_pb2

_CHECKED_LEVELS = 10


class Level(NamedTuple):
    """One price, in micro-dollars per Unit, and what rests there, in Units and orders."""

    price_micros: int
    quantity_units: int
    order_count: int


class _Side:
    """The levels of one side; prices are kept in order so that the best are found at once."""

    def __init__(self, is_buy: bool) -> None:
        self._sign = -1 if is_buy else 1
        self._levels: dict[int, Level] = {}
        self._keys: list[int] = []

    def change(self, levels: Iterable[market_data_pb2.BookLevel]) -> None:
        """Set levels; a quantity of 0 removes one."""
        for level in levels:
            key = self._sign * level.price_micros
            if level.quantity_units:
                if key not in self._levels:
                    insort(self._keys, key)
                self._levels[key] = Level(
                    level.price_micros, level.quantity_units, level.order_count
                )
            elif self._levels.pop(key, None):
                del self._keys[bisect_left(self._keys, key)]

    def clear(self) -> None:
        """Remove all levels."""
        self._levels.clear()
        self._keys.clear()

    def best_first(self) -> Iterator[Level]:
        """Return the levels, best price first."""
        return (self._levels[key] for key in self._keys)


class Book:
    """The levels of one market as of `sequence`; `bids` and `asks` are best price first."""

    def __init__(self, market_id: str, depth_levels: int = 0) -> None:
        self.market_id = market_id
        self.sequence = 0
        self._depth_levels = depth_levels
        self._bids = _Side(is_buy=True)
        self._asks = _Side(is_buy=False)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the book is still to come; its snapshot comes in one event."""
        return True

    @property
    def bids(self) -> list[Level]:
        """Buy levels, highest price first."""
        return list(self._bids.best_first())

    @property
    def asks(self) -> list[Level]:
        """Sell levels, lowest price first."""
        return list(self._asks.best_first())

    @property
    def best_bid(self) -> Level | None:
        """The highest buy level, or None."""
        return next(self._bids.best_first(), None)

    @property
    def best_ask(self) -> Level | None:
        """The lowest sell level, or None."""
        return next(self._asks.best_first(), None)

    def checksum(self) -> int:
        """Return the CRC-32 that the contract defines, over the ten best levels of each side."""
        best = [
            level
            for side in (self._bids, self._asks)
            for level in islice(side.best_first(), _CHECKED_LEVELS)
        ]
        text = "|".join(f"{level.price_micros}:{level.quantity_units}" for level in best)
        return crc32(text.encode("ascii"))

    def take(self, event: market_data_pb2.MarketEvent) -> bool:
        """Apply a book event; tell whether the book now agrees with the event's checksum.

        Events that carry no levels change nothing and agree.
        """
        kind = event.WhichOneof("payload")
        if kind == "book_snapshot":
            return self.load(event.book_snapshot, event.sequence)
        if kind != "book_delta":
            return True
        self._bids.change(event.book_delta.bids)
        self._asks.change(event.book_delta.asks)
        self.sequence = event.sequence
        return self._agrees(event.book_delta.checksum)

    def load(self, snapshot: market_data_pb2.BookSnapshot, sequence: int) -> bool:
        """Replace all levels; tell whether the book agrees with the snapshot's checksum."""
        self._bids.clear()
        self._asks.clear()
        self._bids.change(snapshot.bids)
        self._asks.change(snapshot.asks)
        self.sequence = sequence
        return self._agrees(snapshot.checksum)

    def _agrees(self, checksum: int) -> bool:
        # A book of fewer levels than the checksum covers cannot be proved.
        is_cut = 0 < self._depth_levels < _CHECKED_LEVELS
        return is_cut or self.checksum() == checksum
