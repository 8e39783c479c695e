"""The public stream without loss or repetition: what to ask for and what to make of each event.
Nothing here calls or waits; the private stream is in `follow_account`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from thegrid.book import Book
from thegrid.errors import GridError, InternalError, from_status
from thegrid.follow import AskAgain, Gap
from thegrid.order_book import OrderBook
from thegrid.v1 import market_data_pb2

_SNAPSHOTS = ("book_snapshot", "order_book_snapshot")
_WHOLE = ("market", "auction", "best_prices", "ticker", "candle", "reference_index")
"""Events that tell all of their subject, so that the first of them is as good as a snapshot."""
_REPEATING = ("ticker", "candle", "reference_index")
"""Events that time alone may bring, under the sequence of the one before."""
_CANDLES = market_data_pb2.CHANNEL_CANDLES
_UNTOLD = (market_data_pb2.CHANNEL_TRADES, _CANDLES, market_data_pb2.CHANNEL_INDEX)
"""Channels that may have nothing to begin with."""

_Key = tuple[str, int, int]


def _key(market: str, channel: int, interval: int) -> _Key:
    """Return what no two subscriptions share; candles of each length are one of their own."""
    return market, channel, (interval or 1) if channel == _CANDLES else 0


@dataclass
class _Track:
    """One subscription: where it stands and what it has missed."""

    asked: market_data_pb2.Subscription
    last: int | None = None
    known: int = 0
    missing: Gap | None = None
    is_fresh: bool = True

    def request(self) -> market_data_pb2.Subscription:
        request = market_data_pb2.Subscription()
        request.CopyFrom(self.asked)
        if self.last is not None:
            # A heartbeat may tell of candles of another length; repeated ones do no harm.
            is_candle = self.asked.channel == _CANDLES
            request.after_sequence = self.last if is_candle else max(self.last, self.known)
        self.is_fresh = True
        return request


MarketOut = market_data_pb2.MarketEvent | Gap


class MarketFollower:
    """Follows the public stream of any number of markets and channels.

    Each event names the one before it; a reader that lacks that one asks again from the last it
    has.
    """

    response_type = market_data_pb2.StreamMarketDataResponse

    def __init__(self, subscriptions: Sequence[market_data_pb2.Subscription]) -> None:
        self._tracks: dict[_Key, _Track] = {}
        for subscription in subscriptions:
            track = _Track(subscription)
            if subscription.HasField("after_sequence"):
                track.last = track.known = subscription.after_sequence
            key = _key(subscription.market, subscription.channel, subscription.candle_interval)
            self._tracks[key] = track

    def unresolved(self) -> list[str]:
        """Return the symbols among the subscriptions' markets."""
        return sorted({key[0] for key in self._tracks if not key[0].startswith("mkt_")})

    def resolve(self, symbol: str, market_id: str) -> None:
        """Follow the market by its id from now on."""
        for key in [key for key in self._tracks if key[0] == symbol]:
            track = self._tracks.pop(key)
            track.asked.market = market_id
            self._tracks[(market_id, *key[1:])] = track

    def request(self) -> market_data_pb2.StreamMarketDataRequest:
        """Return the subscriptions, each from where it stands."""
        asked = [track.request() for track in self._tracks.values()]
        return market_data_pb2.StreamMarketDataRequest(subscriptions=asked)

    def take(self, frame: market_data_pb2.StreamMarketDataResponse) -> Iterable[MarketOut]:
        """Return events in order, each once, and gaps where there were any."""
        for event in frame.events:
            yield from self._event(event)

    def recover(self, error: GridError) -> bool:
        """Nothing but the shared rules decides."""
        return False

    def forget(self, market_id: str, channel: int) -> None:
        """Take a fresh snapshot of one subscription when the stream is opened next."""
        track = self._tracks[_key(market_id, channel, 0)]
        track.last = None

    def _event(self, event: market_data_pb2.MarketEvent) -> Iterable[MarketOut]:
        kind = event.WhichOneof("payload")
        if kind == "stream_end":
            raise from_status(event.stream_end.status, "StreamMarketData")
        if kind == "heartbeat":
            yield from self._heartbeat(event)
            return
        key = _key(event.market_id, event.channel, event.candle.interval)
        track = self._tracks.get(key)
        if track is None:
            return
        if kind in _SNAPSHOTS or (kind in _WHOLE and track.is_fresh):
            yield from self._snapshot(track, event)
        else:
            yield from self._step(track, event, kind in _REPEATING)

    def _heartbeat(self, event: market_data_pb2.MarketEvent) -> Iterable[MarketOut]:
        """All that came up to a heartbeat has come: its sequence is a later place to resume."""
        for (market_id, channel, _), track in self._tracks.items():
            if market_id != event.market_id or event.channel not in (0, channel):
                continue
            if event.HasField("gap_from_sequence") and track.last is not None:
                yield _declared(event)
                self._stand(track, event)
            elif track.last is not None:
                track.known = max(track.known, event.sequence)
            elif channel in _UNTOLD:
                # Nothing has traded yet, so there is no event to resume after but this one.
                track.last = track.known = event.sequence
        yield event

    def _snapshot(self, track: _Track, event: market_data_pb2.MarketEvent) -> Iterable[MarketOut]:
        gap = track.missing
        is_lost = event.HasField("gap_from_sequence")
        if gap is None and is_lost and track.last is not None:
            gap = _declared(event)
        if gap is not None and not event.order_book_snapshot.continued:
            yield gap._replace(to_sequence=event.sequence, healed=not is_lost)
        self._stand(track, event)
        yield event

    def _step(
        self, track: _Track, event: market_data_pb2.MarketEvent, may_repeat: bool
    ) -> Iterable[MarketOut]:
        if track.last is not None and event.sequence < track.last + (not may_repeat):
            return
        has_skipped = track.last is not None and event.prev_sequence > max(track.last, track.known)
        if has_skipped and track.missing is None:
            assert track.last is not None
            track.missing = Gap(
                event.market_id, event.channel, track.last + 1, event.prev_sequence, False
            )
            raise AskAgain
        if track.missing is not None:
            yield track.missing._replace(healed=not has_skipped)
        self._stand(track, event)
        yield event

    def _stand(self, track: _Track, event: market_data_pb2.MarketEvent) -> None:
        track.last = track.known = event.sequence
        track.missing = None
        track.is_fresh = False


def _declared(event: market_data_pb2.MarketEvent) -> Gap:
    """Return the loss that the exchange itself names."""
    first, last = event.gap_from_sequence, event.gap_to_sequence
    return Gap(event.market_id, event.channel, first, last, False)


LocalBook = TypeVar("LocalBook", Book, OrderBook)


class _LocalBookFollower(Generic[LocalBook]):
    """Follows one market's book and keeps it; yields the book after every change, and gaps."""

    response_type = market_data_pb2.StreamMarketDataResponse

    def __init__(self, book: LocalBook, subscription: market_data_pb2.Subscription) -> None:
        self.book: LocalBook = book
        self._channel = subscription.channel
        self._events = MarketFollower([subscription])
        self._failed_at: int | None = None

    def unresolved(self) -> list[str]:
        """Return the market's symbol until its id is known."""
        return self._events.unresolved()

    def resolve(self, symbol: str, market_id: str) -> None:
        """Follow the market by its id from now on."""
        self.book.market_id = market_id
        self._events.resolve(symbol, market_id)

    def request(self) -> market_data_pb2.StreamMarketDataRequest:
        """Return the subscription from where the book stands."""
        if not self.book.is_whole:
            self._events.forget(self.book.market_id, self._channel)
        return self._events.request()

    def take(self, frame: market_data_pb2.StreamMarketDataResponse) -> Iterable[LocalBook | Gap]:
        """Return the book once per frame that changed it, for frames hold what was ready at once.

        A book that fails its checksum is thrown away and a fresh snapshot asked for, once; if
        that fails too, the exchange is at fault and an InternalError is raised.
        """
        has_changed = False
        for item in self._events.take(frame):
            if isinstance(item, Gap):
                yield item
            elif item.WhichOneof("payload") != "heartbeat":
                yield from self._apply(item)
                has_changed = True
        if has_changed and self.book.is_whole:
            yield self.book

    def recover(self, error: GridError) -> bool:
        """Nothing but the shared rules decides."""
        return False

    def _apply(self, event: market_data_pb2.MarketEvent) -> Iterable[Gap]:
        before = self.book.sequence
        if not self.book.take(event):
            self._mismatch(before, event)
        if self._failed_at is not None and self.book.is_whole:
            yield Gap(event.market_id, self._channel, self._failed_at + 1, event.sequence, True)
            self._failed_at = None

    def _mismatch(self, before: int, event: market_data_pb2.MarketEvent) -> None:
        if event.WhichOneof("payload") in _SNAPSHOTS:
            raise InternalError(
                "a whole book does not agree with its own checksum",
                code="BOOK_CORRUPT",
                method="StreamMarketData",
            )
        self._failed_at = before
        self._events.forget(event.market_id, self._channel)
        raise AskAgain


class BookFollower(_LocalBookFollower[Book]):
    """Keeps a book by price level."""

    def __init__(self, market_id: str, depth_levels: int = 0) -> None:
        subscription = market_data_pb2.Subscription(
            market=market_id, channel=market_data_pb2.CHANNEL_BOOK, depth_levels=depth_levels
        )
        super().__init__(Book(market_id, depth_levels), subscription)


class OrderBookFollower(_LocalBookFollower[OrderBook]):
    """Keeps a book by order."""

    def __init__(self, market_id: str) -> None:
        subscription = market_data_pb2.Subscription(
            market=market_id, channel=market_data_pb2.CHANNEL_ORDERS
        )
        super().__init__(OrderBook(market_id), subscription)
