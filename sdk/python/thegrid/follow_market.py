"""The public stream without loss or repetition: what to ask for and what to make of each event.
Nothing here calls or waits; the private stream is in `follow_account`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from thegrid.book import Book
from thegrid.errors import GridError, InternalError, from_status
from thegrid.follow import AskAgain, Gap
from thegrid.v1 import market_data_pb2

_WHOLE = ("market", "auction")
"""Events that tell all of their subject, so that the first of them is as good as a snapshot."""


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
            request.after_sequence = max(self.last, self.known)
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
        self._tracks: dict[tuple[str, int], _Track] = {}
        for subscription in subscriptions:
            track = _Track(subscription)
            if subscription.HasField("after_sequence"):
                track.last = track.known = subscription.after_sequence
            self._tracks[(subscription.market, subscription.channel)] = track

    def unresolved(self) -> list[str]:
        """Return the symbols among the subscriptions' markets."""
        return sorted({market for market, _ in self._tracks if not market.startswith("mkt_")})

    def resolve(self, symbol: str, market_id: str) -> None:
        """Follow the market by its id from now on."""
        for key in [key for key in self._tracks if key[0] == symbol]:
            track = self._tracks.pop(key)
            track.asked.market = market_id
            self._tracks[(market_id, key[1])] = track

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
        track = self._tracks[(market_id, channel)]
        track.last = None

    def _event(self, event: market_data_pb2.MarketEvent) -> Iterable[MarketOut]:
        kind = event.WhichOneof("payload")
        if kind == "stream_end":
            raise from_status(event.stream_end.status, "StreamMarketData")
        if kind == "heartbeat":
            self._heartbeat(event)
            yield event
            return
        track = self._tracks.get((event.market_id, event.channel))
        if track is None:
            return
        if kind == "book_snapshot" or (kind in _WHOLE and track.is_fresh):
            yield from self._snapshot(track, event)
        else:
            yield from self._step(track, event)

    def _heartbeat(self, event: market_data_pb2.MarketEvent) -> None:
        """All that came up to a heartbeat has come: its sequence is a later place to resume."""
        for (market_id, channel), track in self._tracks.items():
            if market_id != event.market_id:
                continue
            if track.last is not None:
                track.known = max(track.known, event.sequence)
            elif channel != market_data_pb2.CHANNEL_BOOK:
                # Nothing has traded yet, so there is no event to resume after but this one.
                track.last = track.known = event.sequence

    def _snapshot(self, track: _Track, event: market_data_pb2.MarketEvent) -> Iterable[MarketOut]:
        gap = track.missing
        if gap is None and event.book_snapshot.gap and track.last is not None:
            gap = Gap(event.market_id, event.channel, track.last, event.sequence, False)
        if gap is not None:
            yield gap._replace(upto_sequence=event.sequence, healed=not event.book_snapshot.gap)
        self._stand(track, event)
        yield event

    def _step(self, track: _Track, event: market_data_pb2.MarketEvent) -> Iterable[MarketOut]:
        if track.last is not None and event.sequence <= track.last:
            return
        has_skipped = track.last is not None and event.prev_sequence > max(track.last, track.known)
        if has_skipped and track.missing is None:
            assert track.last is not None
            track.missing = Gap(
                event.market_id, event.channel, track.last, event.prev_sequence, False
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


class BookFollower:
    """Follows one market's book and keeps it; yields the book after every change, and gaps."""

    response_type = market_data_pb2.StreamMarketDataResponse

    def __init__(self, market_id: str, depth_levels: int = 0) -> None:
        self.book = Book(market_id, depth_levels)
        self._channel = market_data_pb2.CHANNEL_BOOK
        self._events = MarketFollower(
            [
                market_data_pb2.Subscription(
                    market=market_id, channel=self._channel, depth_levels=depth_levels
                )
            ]
        )
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
        return self._events.request()

    def take(self, frame: market_data_pb2.StreamMarketDataResponse) -> Iterable[Book | Gap]:
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
        if has_changed:
            yield self.book

    def recover(self, error: GridError) -> bool:
        """Nothing but the shared rules decides."""
        return False

    def _apply(self, event: market_data_pb2.MarketEvent) -> Iterable[Gap]:
        before = self.book.sequence
        if not self.book.take(event):
            self._mismatch(before, event)
        if self._failed_at is not None:
            yield Gap(event.market_id, self._channel, self._failed_at, event.sequence, True)
            self._failed_at = None

    def _mismatch(self, before: int, event: market_data_pb2.MarketEvent) -> None:
        if event.WhichOneof("payload") == "book_snapshot":
            raise InternalError(
                "a whole book does not agree with its own checksum",
                code="BOOK_CORRUPT",
                method="StreamMarketData",
            )
        self._failed_at = before
        self._events.forget(event.market_id, self._channel)
        raise AskAgain
