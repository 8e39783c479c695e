"""A market's book as readers see it: its best prices, its levels, its orders, and what changed.

Checksums are those of the contract. When a picture is made, and who gets it, is in `feed`.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple
from zlib import crc32

from thegrid_exchange.engine.book import Book, BookSide
from thegrid_exchange.engine.records import Order

CHECKED_LEVELS: Final = 10
"""Levels of each side that the checksum of levels runs over."""

CHECKED_ORDERS: Final = 25
"""Orders of each side that the checksum of orders runs over."""

Orders = Mapping[str, Order]


class Level(NamedTuple):
    """One price and all that rests there; quantity 0 means that the level is gone."""

    price_micros: int
    quantity_units: int
    order_count: int


class BestPrices(NamedTuple):
    """The best level of each side; None where nothing rests."""

    bid: Level | None
    ask: Level | None


class BookChange(NamedTuple):
    """Levels that changed, and the checksum of the book after the change."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int


class BookPicture(NamedTuple):
    """A whole book by price level, best price first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int


class QueuedOrder(NamedTuple):
    """One resting order with its place; quantity 0 means that it has left the book."""

    order_id: str
    price_micros: int
    quantity_units: int
    priority: int


class OrdersChange(NamedTuple):
    """Orders that came, changed or left, and the checksum of the queues after that."""

    bids: tuple[QueuedOrder, ...]
    asks: tuple[QueuedOrder, ...]
    checksum: int


class OrdersPicture(NamedTuple):
    """A whole book by order, as they would trade."""

    bids: tuple[QueuedOrder, ...]
    asks: tuple[QueuedOrder, ...]
    checksum: int


# ---- levels ------------------------------------------------------------------------------------


def best_prices(book: Book) -> BestPrices:
    """Level 1."""
    return BestPrices(*(next(_levels(side), None) for side in (book.buy, book.sell)))


def side_levels(side: BookSide, depth: int = 0) -> tuple[Level, ...]:
    """The levels of a side, best first; depth 0 means all."""
    return tuple(islice(_levels(side), depth or None))


def checksum_of(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> int:
    """CRC-32 over `price:quantity` of the ten best bids, then of the ten best asks."""
    best = (*bids[:CHECKED_LEVELS], *asks[:CHECKED_LEVELS])
    return crc32("|".join([f"{each[0]}:{each[1]}" for each in best]).encode())


def checked_levels(book: Book) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """The levels that the checksum runs over."""
    return side_levels(book.buy, CHECKED_LEVELS), side_levels(book.sell, CHECKED_LEVELS)


def picture_of(book: Book, depth: int = 0) -> BookPicture:
    """A book as it stands; the checksum always runs over the ten best levels."""
    bids, asks = side_levels(book.buy, depth), side_levels(book.sell, depth)
    if 0 < depth < CHECKED_LEVELS:
        return BookPicture(bids, asks, checksum_of(*checked_levels(book)))
    return BookPicture(bids, asks, checksum_of(bids, asks))


def changed_levels(
    levels: Iterable[tuple[str, int]], book: Book
) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    """How levels (side, price) that were touched stand now."""
    bids: list[Level] = []
    asks: list[Level] = []
    for side, price_micros in sorted(levels):
        is_buy = side == "buy"
        key = price_micros if is_buy else -price_micros
        level = (book.buy if is_buy else book.sell).levels.get(key)
        shown = (
            Level(price_micros, 0, 0)
            if level is None
            else Level(price_micros, level.quantity_units, len(level.queue))
        )
        (bids if is_buy else asks).append(shown)
    return tuple(bids), tuple(asks)


def _levels(side: BookSide) -> Iterator[Level]:
    for price_micros, level in side.walk():
        yield Level(price_micros, level.quantity_units, len(level.queue))


# ---- orders ------------------------------------------------------------------------------------


def side_orders(side: BookSide, orders: Orders, depth: int = 0) -> tuple[QueuedOrder, ...]:
    """The orders of a side as they would trade; depth 0 means all."""
    return tuple(islice(_queued(side, orders), depth or None))


def orders_checksum(bids: tuple[QueuedOrder, ...], asks: tuple[QueuedOrder, ...]) -> int:
    """CRC-32 over `price:quantity:order` of the first 25 bids, then of the first 25 asks."""
    first = (*bids[:CHECKED_ORDERS], *asks[:CHECKED_ORDERS])
    return crc32("|".join([f"{each[1]}:{each[2]}:{each[0]}" for each in first]).encode())


def book_checksum(book: Book, orders: Orders) -> int:
    """The checksum of the orders of a book as it stands."""
    return orders_checksum(
        side_orders(book.buy, orders, CHECKED_ORDERS),
        side_orders(book.sell, orders, CHECKED_ORDERS),
    )


def orders_picture(book: Book, orders: Orders, depth: int = 0) -> OrdersPicture:
    """A book by order as it stands; the checksum always runs over the first 25 of each side."""
    bids, asks = side_orders(book.buy, orders, depth), side_orders(book.sell, orders, depth)
    if 0 < depth < CHECKED_ORDERS:
        return OrdersPicture(bids, asks, book_checksum(book, orders))
    return OrdersPicture(bids, asks, orders_checksum(bids, asks))


def changed_orders(
    touched: Iterable[str], before: Orders, orders: Orders
) -> tuple[tuple[QueuedOrder, ...], tuple[QueuedOrder, ...]]:
    """How orders that were touched rest now; `before` holds those that rested before."""
    bids: list[QueuedOrder] = []
    asks: list[QueuedOrder] = []
    for order_id in touched:
        old, new = before.get(order_id), orders.get(order_id)
        if new is not None and new.rank > 0:
            shown = _shown(new)
            if old is None or _shown(old) != shown:
                (bids if new.side == "buy" else asks).append(shown)
        elif old is not None:
            gone = QueuedOrder(order_id, old.price_micros, 0, old.rank)
            (bids if old.side == "buy" else asks).append(gone)
    return tuple(bids), tuple(asks)


def _queued(side: BookSide, orders: Orders) -> Iterator[QueuedOrder]:
    for _, level in side.walk():
        for order_id in level.queue:
            yield _shown(orders[order_id])


def _shown(order: Order) -> QueuedOrder:
    return QueuedOrder(order.order_id, order.price_micros, order.remaining_units, order.rank)
