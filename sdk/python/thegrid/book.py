"""A market's book by price level, kept from a snapshot and deltas and proved by checksum.
How the events come, and what happens when one is lost, stands in `follow`.
"""

from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

from thegrid.v1 import market_data_pb2

_CHECKED_LEVELS = 10


class Level(NamedTuple):
    """One price, in micro-dollars per Unit, and what rests there, in Units and orders."""

    price_micros: int
    quantity_units: int
    order_count: int


class Book:
    """The levels of one market as of `sequence`; `bids` and `asks` are best price first."""

    def __init__(self, market_id: str, depth_levels: int = 0) -> None:
        self.market_id = market_id
        self.sequence = 0
        self._depth_levels = depth_levels
        self._bids: dict[int, Level] = {}
        self._asks: dict[int, Level] = {}

    @property
    def bids(self) -> list[Level]:
        """Buy levels, highest price first."""
        return [self._bids[price] for price in sorted(self._bids, reverse=True)]

    @property
    def asks(self) -> list[Level]:
        """Sell levels, lowest price first."""
        return [self._asks[price] for price in sorted(self._asks)]

    @property
    def best_bid(self) -> Level | None:
        """The highest buy level, or None."""
        return self._bids[max(self._bids)] if self._bids else None

    @property
    def best_ask(self) -> Level | None:
        """The lowest sell level, or None."""
        return self._asks[min(self._asks)] if self._asks else None

    def checksum(self) -> int:
        """Return the CRC-32 that the contract defines, over the ten best levels of each side."""
        best = self.bids[:_CHECKED_LEVELS] + self.asks[:_CHECKED_LEVELS]
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
        _change(self._bids, event.book_delta.bids)
        _change(self._asks, event.book_delta.asks)
        self.sequence = event.sequence
        return self._agrees(event.book_delta.checksum)

    def load(self, snapshot: market_data_pb2.BookSnapshot, sequence: int) -> bool:
        """Replace all levels; tell whether the book agrees with the snapshot's checksum."""
        self._bids.clear()
        self._asks.clear()
        _change(self._bids, snapshot.bids)
        _change(self._asks, snapshot.asks)
        self.sequence = sequence
        return self._agrees(snapshot.checksum)

    def _agrees(self, checksum: int) -> bool:
        # A book of fewer levels than the checksum covers cannot be proved.
        is_cut = 0 < self._depth_levels < _CHECKED_LEVELS
        return is_cut or self.checksum() == checksum


def _change(side: dict[int, Level], levels: Iterable[market_data_pb2.BookLevel]) -> None:
    for level in levels:
        if level.quantity_units:
            side[level.price_micros] = Level(
                level.price_micros, level.quantity_units, level.order_count
            )
        else:
            side.pop(level.price_micros, None)
