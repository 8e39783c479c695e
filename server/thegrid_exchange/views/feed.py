"""What happened, in order, kept for a while: one log per channel of a market, one per member.

Logs are shared by all readers, each with a place of its own; a reader that is further behind than a
log reaches back is told so. Nothing here knows messages or sockets.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from thegrid_exchange.engine.book import Book
from thegrid_exchange.engine.records import ReferenceIndex, Trade
from thegrid_exchange.views.pictures import (
    BestPrices,
    BookChange,
    Level,
    Orders,
    OrdersChange,
    best_prices,
    book_checksum,
    changed_levels,
    changed_orders,
    checked_levels,
    checksum_of,
    side_levels,
)
from thegrid_exchange.views.statistics import Candle, TickerFigures

Channel = tuple[str, int]
"""The name of a channel, and the depth of a book (0 for all of it) or the length of candles."""


class Entry(NamedTuple):
    """One event of a log; `prev_sequence` is that of the event before it in the same log."""

    prev_sequence: int
    sequence: int
    at_us: int
    content: Any


class Log:
    """The latest events of one kind, with the places of readers counted from the first ever."""

    __slots__ = (
        "_most",
        "base",
        "end",
        "entries",
        "last_sequence",
        "merged",
        "readers",
        "rendered",
        "waiting",
    )

    def __init__(self, most: int, last_sequence: int) -> None:
        self._most = most
        self.entries: deque[Entry] = deque()
        self.base = 0
        """Place of the first entry that is still kept."""
        self.end = 0
        """The place after the last entry; kept, as every reader asks for it at every event."""
        self.last_sequence = last_sequence
        self.readers = 0
        self.waiting: set[Callable[[], None]] = set()
        self.rendered: dict[int, Any] = {}
        """Whatever a reader made of an entry, by place, for the other readers."""
        self.merged: tuple[int, int, Any] = (0, 0, None)
        """Between which places a reader merged entries last, and what it made of them."""

    def append(self, sequence: int, at_us: int, content: Any) -> None:
        """Add an event and wake who waits."""
        self.entries.append(Entry(self.last_sequence, sequence, at_us, content))
        self.last_sequence = sequence
        self.end += 1
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


class MarketFeed:
    """The public logs of one market; one of a channel that nobody follows is not kept."""

    def __init__(self, market_id: str, kept: int, sequence: int) -> None:
        self.market_id, self._kept = market_id, kept
        self.sequence = sequence
        self.idle_since_us: int | None = 0
        """Stamp since which nobody reads; None while somebody does."""
        self.logs: dict[Channel, Log] = {}
        self._tops: dict[int, tuple[dict[int, Level], dict[int, Level]]] = {}
        self._best = BestPrices(None, None)

    def log(self, channel: str, parameter: int, book: Book) -> Log:
        """The log of a channel; a new one begins now, from the book as it stands."""
        key = (channel, parameter)
        log = self.logs.get(key)
        if log is None:
            log = self.logs[key] = Log(self._kept, self.sequence)
            if channel == "book" and parameter:
                self._tops[parameter] = _tops(book, parameter)
            elif channel == "best":
                self._best = best_prices(book)
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

    def hears(self, channel: str) -> bool:
        """Whether anybody follows a channel that has no parameter."""
        return (channel, 0) in self.logs

    def add_trades(self, trades: list[Trade], at_us: int) -> None:
        """Publish trades in order."""
        log = self.logs.get(("trades", 0))
        for trade in trades:
            self.sequence += 1
            if log is not None:
                log.append(self.sequence, at_us, trade)

    def add_book(self, levels: Iterable[tuple[str, int]], book: Book, at_us: int) -> None:
        """Publish the levels (side, price) that changed."""
        self.sequence += 1
        followed = [key for key in self.logs if key[0] == "book"]
        if followed:
            checksum = checksum_of(*checked_levels(book))
        for key in followed:
            change = (
                self._top_change(key[1], book, checksum)
                if key[1]
                else BookChange(*changed_levels(levels, book), checksum)
            )
            if change is not None:
                self.logs[key].append(self.sequence, at_us, change)
        if (log := self.logs.get(("best", 0))) is not None:
            best = best_prices(book)
            if best != self._best:
                self._best = best
                log.append(self.sequence, at_us, best)

    def add_orders(
        self, touched: Iterable[str], before: Orders, book: Book, orders: Orders, at_us: int
    ) -> None:
        """Publish the orders that changed, under the sequence of the book's change."""
        log = self.logs.get(("orders", 0))
        if log is None:
            return
        bids, asks = changed_orders(touched, before, orders)
        if bids or asks:
            change = OrdersChange(bids, asks, book_checksum(book, orders))
            log.append(self.sequence, at_us, change)

    def add_status(self, market: Any, at_us: int) -> None:
        """Publish the market's state and terms."""
        self.sequence += 1
        log = self.logs.get(("status", 0))
        if log is not None:
            log.append(self.sequence, at_us, market)

    def add_auction(self, indication: Any, at_us: int) -> None:
        """Publish an auction under the sequence of the change that it follows from."""
        log = self.logs.get(("auction", 0))
        if log is not None and log.last_sequence < self.sequence:
            log.append(self.sequence, at_us, indication)

    def add_ticker(self, figures: TickerFigures) -> None:
        """Publish the ticker; it may repeat a sequence, for time alone moves it too."""
        log = self.logs.get(("ticker", 0))
        if log is not None:
            log.append(self.sequence, figures.at_us, figures)

    def add_candle(self, candle: Candle, at_us: int) -> None:
        """Publish a candle; it may repeat a sequence, for time alone makes it final."""
        log = self.logs.get(("candles", candle.interval_us))
        if log is not None:
            log.append(self.sequence, at_us, candle)

    def add_index(self, index: ReferenceIndex, at_us: int) -> None:
        """Publish the index of a window; it may repeat a sequence, as time alone makes it final."""
        log = self.logs.get(("index", 0))
        if log is not None:
            log.append(self.sequence, at_us, index)

    def candle_lengths(self) -> list[int]:
        """The lengths of the candles that are followed."""
        return [parameter for name, parameter in self.logs if name == "candles"]

    def _top_change(self, depth: int, book: Book, checksum: int) -> BookChange | None:
        """What changed among the best levels, those that slid in or out included."""
        before, after = self._tops[depth], _tops(book, depth)
        self._tops[depth] = after
        bids, asks = (_difference(*pair) for pair in zip(before, after, strict=True))
        return BookChange(bids, asks, checksum) if bids or asks else None


def _tops(book: Book, depth: int) -> tuple[dict[int, Level], dict[int, Level]]:
    return (
        {level.price_micros: level for level in side_levels(book.buy, depth)},
        {level.price_micros: level for level in side_levels(book.sell, depth)},
    )


def _difference(before: dict[int, Level], after: dict[int, Level]) -> tuple[Level, ...]:
    gone = tuple(Level(price, 0, 0) for price in before if price not in after)
    return gone + tuple(level for price, level in after.items() if before.get(price) != level)
