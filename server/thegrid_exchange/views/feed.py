"""What happened, in order, kept for a while: one log per channel of a market, one per member.

Logs are shared by all readers, each with a place of its own; a reader that is further behind than a
log reaches back is told so. Nothing here knows messages or sockets.
"""

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from zlib import crc32

from thegrid_exchange.engine.book import Book, BookSide
from thegrid_exchange.engine.records import Trade

CHECKED_LEVELS: Final = 10
"""Levels of each side that the checksum runs over."""


Channel = tuple[str, int]
"""`trades`, `status`, `auction` or `book`, and the depth of a book (0 for all of it)."""


class Level(NamedTuple):
    """One price and all that rests there; quantity 0 means that the level is gone."""

    price_micros: int
    quantity_units: int
    order_count: int


class BookChange(NamedTuple):
    """Levels that changed, and the checksum of the book after the change."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int


class BookPicture(NamedTuple):
    """A whole book, best price first."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    checksum: int


class Entry(NamedTuple):
    """One event of a log; `prev_sequence` is that of the event before it in the same log."""

    prev_sequence: int
    sequence: int
    at_us: int
    content: Any


class Log:
    """The latest events of one kind, with the places of readers counted from the first ever."""

    __slots__ = ("_most", "base", "entries", "last_sequence", "readers", "rendered", "waiting")

    def __init__(self, most: int, last_sequence: int) -> None:
        self._most = most
        self.entries: deque[Entry] = deque()
        self.base = 0
        """Place of the first entry that is still kept."""
        self.last_sequence = last_sequence
        self.readers = 0
        self.waiting: set[Callable[[], None]] = set()
        self.rendered: dict[int, Any] = {}
        """Whatever a reader made of an entry, by place, for the other readers."""

    @property
    def end(self) -> int:
        """The place after the last entry."""
        return self.base + len(self.entries)

    def append(self, sequence: int, at_us: int, content: Any) -> None:
        """Add an event and wake who waits."""
        self.entries.append(Entry(self.last_sequence, sequence, at_us, content))
        self.last_sequence = sequence
        if len(self.entries) > self._most:
            self.entries.popleft()
            self.rendered.pop(self.base, None)
            self.base += 1
        for wake in self.waiting:
            wake()

    def forget(self) -> None:
        """Drop all events, keeping the place and the last sequence."""
        self.base = self.end
        self.entries.clear()
        self.rendered.clear()

    def place_after(self, sequence: int) -> int | None:
        """The place of the first event after a sequence; None when events in between are gone."""
        if sequence >= self.last_sequence:
            return self.end if sequence == self.last_sequence else None
        if not self.entries or sequence < self.entries[0].prev_sequence:
            return None
        low, high = 0, len(self.entries)
        while low < high:
            middle = (low + high) // 2
            if self.entries[middle].sequence <= sequence:
                low = middle + 1
            else:
                high = middle
        return self.base + low

    def at(self, place: int) -> Entry:
        """The event at a place that is still kept."""
        return self.entries[place - self.base]


def side_levels(side: BookSide, depth: int = 0) -> tuple[Level, ...]:
    """The levels of a side, best first; depth 0 means all."""
    made: list[Level] = []
    for price_micros, level in side.walk():
        made.append(Level(price_micros, level.quantity_units, len(level.queue)))
        if len(made) == depth:
            break
    return tuple(made)


def checksum_of(bids: tuple[Level, ...], asks: tuple[Level, ...]) -> int:
    """CRC-32 over `price:quantity` of the ten best bids, then of the ten best asks."""
    best = (*bids[:CHECKED_LEVELS], *asks[:CHECKED_LEVELS])
    return crc32("|".join([f"{each[0]}:{each[1]}" for each in best]).encode())


def picture_of(book: Book, depth: int = 0) -> BookPicture:
    """A book as it stands; the checksum always runs over the ten best levels."""
    bids, asks = side_levels(book.buy, depth), side_levels(book.sell, depth)
    if 0 < depth < CHECKED_LEVELS:
        return BookPicture(bids, asks, checksum_of(*_checked(book)))
    return BookPicture(bids, asks, checksum_of(bids, asks))


def _checked(book: Book) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
    return side_levels(book.buy, CHECKED_LEVELS), side_levels(book.sell, CHECKED_LEVELS)


class MarketFeed:
    """The public logs of one market: trades, status, the whole book, and books cut at a depth."""

    def __init__(self, market_id: str, kept: int, sequence: int) -> None:
        self.market_id, self._kept = market_id, kept
        self.sequence = sequence
        self.idle_since_us: int | None = 0
        """Stamp since which nobody reads; None while somebody does."""
        self.logs: dict[Channel, Log] = {}
        self._tops: dict[int, tuple[dict[int, Level], dict[int, Level]]] = {}
        self.checksum = 0

    def log(self, channel: str, depth: int, book: Book) -> Log:
        """The log of a channel; one for a book at a depth begins now."""
        key = (channel, depth) if channel == "book" else (channel, 0)
        log = self.logs.get(key)
        if log is None:
            log = self.logs[key] = Log(self._kept, self.sequence)
            if key[1]:
                self._tops[depth] = _tops(book, depth)
        return log

    def enter(self, log: Log) -> None:
        """Count a reader."""
        log.readers += 1
        self.idle_since_us = None

    def place_after(self, log: Log, sequence: int) -> int | None:
        """Where a reader goes on that has all of the market up to a sequence; None if it cannot.

        The sequence may be that of another channel, or of a heartbeat.
        """
        if log.last_sequence <= sequence <= self.sequence:
            return log.end
        return log.place_after(sequence)

    def leave(self, log: Log, now_us: int) -> None:
        """Forget a reader; the logs are kept a while longer, so that it can come back."""
        log.readers -= 1
        if not any(each.readers for each in self.logs.values()):
            self.idle_since_us = now_us

    def forget(self) -> None:
        """Drop all logs; nobody has read them for long."""
        self.logs.clear()
        self._tops.clear()

    def add_trades(self, trades: list[Trade], at_us: int) -> None:
        """Publish trades in order."""
        log = self.logs.get(("trades", 0))
        for trade in trades:
            self.sequence += 1
            if log is not None:
                log.append(self.sequence, at_us, trade)

    def add_book(self, levels: set[tuple[str, int]], book: Book, at_us: int) -> None:
        """Publish the levels (side, price) that changed."""
        self.sequence += 1
        if not any(key[0] == "book" for key in self.logs):
            return
        self.checksum = checksum_of(*_checked(book))
        for (channel, depth), log in self.logs.items():
            if channel != "book":
                continue
            change = (
                self._top_change(depth, book)
                if depth
                else BookChange(*_changed(levels, book), self.checksum)
            )
            if change is not None:
                log.append(self.sequence, at_us, change)

    def add_status(self, market: Any, at_us: int) -> None:
        """Publish the market's state and terms."""
        self.sequence += 1
        log = self.logs.get(("status", 0))
        if log is not None:
            log.append(self.sequence, at_us, market)

    def hears_auctions(self) -> bool:
        """Whether anybody follows the market's auctions."""
        return ("auction", 0) in self.logs

    def add_auction(self, indication: Any, at_us: int) -> None:
        """Publish an auction under the sequence of the change that it follows from."""
        log = self.logs.get(("auction", 0))
        if log is not None and log.last_sequence < self.sequence:
            log.append(self.sequence, at_us, indication)

    def _top_change(self, depth: int, book: Book) -> BookChange | None:
        """What changed among the best levels, those that slid in or out included."""
        before, after = self._tops[depth], _tops(book, depth)
        self._tops[depth] = after
        bids, asks = (_difference(*pair) for pair in zip(before, after, strict=True))
        return BookChange(bids, asks, self.checksum) if bids or asks else None


def _tops(book: Book, depth: int) -> tuple[dict[int, Level], dict[int, Level]]:
    return (
        {level.price_micros: level for level in side_levels(book.buy, depth)},
        {level.price_micros: level for level in side_levels(book.sell, depth)},
    )


def _difference(before: dict[int, Level], after: dict[int, Level]) -> tuple[Level, ...]:
    gone = tuple(Level(price, 0, 0) for price in before if price not in after)
    return gone + tuple(level for price, level in after.items() if before.get(price) != level)


def _changed(
    levels: set[tuple[str, int]], book: Book
) -> tuple[tuple[Level, ...], tuple[Level, ...]]:
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
