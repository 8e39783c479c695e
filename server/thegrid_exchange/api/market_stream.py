"""StreamMarketData: many subscriptions over one stream, from logs that all readers share.

An event is serialised once, whoever reads it; frames are joined bytes of whatever is ready.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

from thegrid.v1 import common_pb2, market_data_pb2
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.api.convert.instruments import auction_message, market_message
from thegrid_exchange.api.convert.market_data import (
    delta_message,
    snapshot_message,
    trade_message,
)
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.services import Services
from thegrid_exchange.api.stream_guard import StreamGuard
from thegrid_exchange.engine.records import Market, Trade
from thegrid_exchange.views.auctions import Indication, indicated
from thegrid_exchange.views.feed import BookChange, Entry, Level, Log, MarketFeed, picture_of

FRAME_EVENTS: Final = 256
"""Events joined into one frame; past this a larger frame gains nothing."""
FRAME_BYTES: Final = 262_144
REPLAYED_TRADES: Final = 10_000
"""Trades read back from the database for one reader that was away for long."""

_CHANNELS: Final = {
    market_data_pb2.CHANNEL_BOOK: "book",
    market_data_pb2.CHANNEL_TRADES: "trades",
    market_data_pb2.CHANNEL_STATUS: "status",
    market_data_pb2.CHANNEL_AUCTION: "auction",
}


class MarketStreamMixin(Handler):
    """The stream of MarketDataService."""

    async def StreamMarketData(  # noqa: N802
        self, request: market_data_pb2.StreamMarketDataRequest, context: Any
    ) -> AsyncIterator[bytes]:
        readers = _readers(self, request)
        sent = self.services.metrics.events.labels("market")
        with StreamGuard(self.services, caller()) as guard:
            try:
                for reader in readers:
                    async for chunk in reader.begin(guard):
                        yield chunk
                is_quiet = False
                while not guard.reason:
                    is_behind = False
                    for frame, count in _frames(readers):
                        sent.inc(count)
                        is_quiet = False
                        yield frame
                        is_behind = True
                    if any(reader.is_lost for reader in readers):
                        guard.reason = "READER_TOO_SLOW"
                        self.services.metrics.slow_readers.inc()
                        break
                    if is_behind:
                        continue
                    if guard.took_beat():
                        if is_quiet:
                            yield _heartbeats(readers)
                        is_quiet = True
                    await guard.wait()
                yield _ends(readers, guard)
            finally:
                for reader in readers:
                    reader.leave()


def _readers(handler: Handler, request: market_data_pb2.StreamMarketDataRequest) -> list["_Reader"]:
    seen: set[tuple[str, int]] = set()
    made: list[_Reader] = []
    for index, subscription in enumerate(request.subscriptions):
        path = f"subscriptions[{index}]"
        market_id = handler.market_id(subscription.market, f"{path}.market")
        key = (market_id, subscription.channel)
        if key in seen:
            raise invalid(path, "names a market and channel twice", "subscription.unique")
        seen.add(key)
        made.append(_Reader(handler.services, market_id, subscription))
    return made


class _Reader:
    """One subscription and its place in the shared log."""

    def __init__(
        self,
        services: Services,
        market_id: str,
        subscription: market_data_pb2.Subscription,
    ) -> None:
        self._services, self.market_id = services, market_id
        self.channel = subscription.channel
        self._depth = subscription.depth_levels
        self._after: int | None = None
        if subscription.HasField("after_sequence"):
            self._after = subscription.after_sequence
        self._log: Log | None = None
        self.place = 0
        self.last_sequence = 0

    # ---- begin and end -------------------------------------------------------------------------

    async def begin(self, guard: StreamGuard) -> AsyncIterator[bytes]:
        """Take a place in the log, and say first what a new reader has to know."""
        live = self._services.live
        self._feed: MarketFeed = live.market_feed(self.market_id)
        name = _CHANNELS[self.channel]
        log = self._log = self._feed.log(name, self._depth, live.book(self.market_id))
        self._feed.enter(log)
        self._wake = guard.wake
        log.waiting.add(self._wake)
        place = None
        if self._after is not None:
            place = self._feed.place_after(log, self._after)
        self.place = log.end if place is None else place
        self.last_sequence = self._after if place is not None else log.last_sequence  # type: ignore[assignment]
        if name == "trades":
            if place is None and self._after is not None:
                async for chunk in self._replay(self._after, log.last_sequence):
                    yield chunk
        elif place is None:
            yield self._picture(name, log)

    def leave(self) -> None:
        """Give the place up."""
        if self._log is not None:
            self._log.waiting.discard(self._wake)
            self._feed.leave(self._log, self._services.live.state.now_us)

    def _picture(self, name: str, log: Log) -> bytes:
        """The whole book, or the market as it stands, complete to the log's last sequence."""
        event = self._event(log.last_sequence, log.last_sequence, self._services.live.state.now_us)
        state = self._services.live.state
        if name == "status":
            event.market.CopyFrom(shown_market(self._services, state.markets[self.market_id]))
        elif name == "auction":
            event.auction.SetInParent()  # present, though empty while there is none
            event.auction.CopyFrom(auction_message(indicated(state, self.market_id)))
        else:
            picture = picture_of(self._services.live.book(self.market_id), self._depth)
            event.book_snapshot.CopyFrom(snapshot_message(picture, gap=self._after is not None))
        return _chunk(event)

    async def _replay(self, after: int, until: int) -> AsyncIterator[bytes]:
        """Trades that have left the log, from the database; what is newer is still in the log."""
        found = await self._services.trading.trades_after(self.market_id, after, REPLAYED_TRADES)
        before = after
        for sequence, trade in found:
            if sequence > until:
                break
            event = self._event(before, sequence, trade.executed_at_us)
            event.trade.CopyFrom(trade_message(trade))
            yield _chunk(event)
            before = self.last_sequence = sequence

    # ---- reading -------------------------------------------------------------------------------

    @property
    def is_lost(self) -> bool:
        """Whether events that were not read yet have left the log."""
        return self._log is not None and self.place < self._log.base

    def ready(self) -> Iterator[bytes]:
        """Serialised events from the place on; books that lag are merged into one event."""
        log = self._log
        if log is None or self.is_lost:
            return
        most = self._services.config.subscriber_queue_messages
        if log.end - self.place > most:
            if self.channel == market_data_pb2.CHANNEL_BOOK:
                yield self._conflated(log)
            elif self.channel == market_data_pb2.CHANNEL_AUCTION:
                yield self._latest(log)
        while not self.is_lost and self.place < log.end:
            place = self.place
            self.place += 1
            entry = log.at(place)
            self.last_sequence = entry.sequence
            chunk = log.rendered.get(place)
            if chunk is None:
                chunk = log.rendered[place] = self._rendered(entry)
            yield chunk

    def _conflated(self, log: Log) -> bytes:
        """All changes up to the end of the log as one: the latest of each level, declared."""
        entries = [log.at(place) for place in range(self.place, log.end)]
        bids: dict[int, Level] = {}
        asks: dict[int, Level] = {}
        for entry in entries:
            bids.update({level.price_micros: level for level in entry.content.bids})
            asks.update({level.price_micros: level for level in entry.content.asks})
        first, last = entries[0], entries[-1]
        event = self._event(first.prev_sequence, last.sequence, last.at_us)
        event.conflated_from_sequence = first.sequence
        change = BookChange(tuple(bids.values()), tuple(asks.values()), last.content.checksum)
        event.book_delta.CopyFrom(delta_message(change))
        self.place, self.last_sequence = log.end, last.sequence
        self._services.metrics.conflations.inc()
        return _chunk(event)

    def _latest(self, log: Log) -> bytes:
        """The last event of the log instead of all, declared: each auction event tells all."""
        first, last = log.at(self.place), log.at(log.end - 1)
        event = self._event(first.prev_sequence, last.sequence, last.at_us)
        event.conflated_from_sequence = first.sequence
        event.auction.CopyFrom(auction_message(last.content))
        self.place, self.last_sequence = log.end, last.sequence
        self._services.metrics.conflations.inc()
        return _chunk(event)

    def _rendered(self, entry: Entry) -> bytes:
        event = self._event(entry.prev_sequence, entry.sequence, entry.at_us)
        content = entry.content
        if isinstance(content, Trade):
            event.trade.CopyFrom(trade_message(content))
        elif isinstance(content, BookChange):
            event.book_delta.CopyFrom(delta_message(content))
        elif isinstance(content, Indication):
            event.auction.CopyFrom(auction_message(content))
        else:
            event.market.CopyFrom(shown_market(self._services, content))
        return _chunk(event)

    def _event(self, prev_sequence: int, sequence: int, at_us: int) -> market_data_pb2.MarketEvent:
        return market_data_pb2.MarketEvent(
            market_id=self.market_id,
            channel=self.channel,
            prev_sequence=prev_sequence,
            sequence=sequence,
            event_time=time_of(at_us),
        )

    def heartbeat(self) -> market_data_pb2.MarketEvent:
        """The beat of the market; all of it up to its sequence was sent."""
        sequence = self._feed.sequence
        return market_data_pb2.MarketEvent(
            market_id=self.market_id,
            prev_sequence=sequence,
            sequence=sequence,
            event_time=time_of(self._services.live.state.now_us),
            heartbeat=common_pb2.Heartbeat(),
        )

    def end(self, guard: StreamGuard) -> market_data_pb2.MarketEvent:
        """The last event of the subscription."""
        event = self._event(
            self.last_sequence, self.last_sequence, self._services.live.state.now_us
        )
        event.stream_end.status.CopyFrom(guard.status())
        return event


def _frames(readers: list[_Reader]) -> Iterator[tuple[bytes, int]]:
    """Frames of what is ready now, each with its number of events."""
    chunks: list[bytes] = []
    size = 0
    for reader in readers:
        for chunk in reader.ready():
            chunks.append(chunk)
            size += len(chunk)
            if len(chunks) >= FRAME_EVENTS or size >= FRAME_BYTES:
                yield b"".join(chunks), len(chunks)
                chunks, size = [], 0
    if chunks:
        yield b"".join(chunks), len(chunks)


def _chunk(event: market_data_pb2.MarketEvent) -> bytes:
    """One event as a frame of its own; frames joined as bytes are a frame again."""
    return market_data_pb2.StreamMarketDataResponse(events=[event]).SerializeToString()


def _heartbeats(readers: list[_Reader]) -> bytes:
    events = {reader.market_id: reader.heartbeat() for reader in readers}
    return market_data_pb2.StreamMarketDataResponse(events=events.values()).SerializeToString()


def _ends(readers: list[_Reader], guard: StreamGuard) -> bytes:
    events = [reader.end(guard) for reader in readers]
    return market_data_pb2.StreamMarketDataResponse(events=events).SerializeToString()


def shown_market(services: Services, market: Market) -> market_data_pb2.Market:
    """A market with the best prices of its book, and with its auction."""
    live = services.live
    book = live.book(market.market_id)
    best_bid_micros, best_ask_micros = book.buy.best_price_micros(), book.sell.best_price_micros()
    auction = indicated(live.state, market.market_id)
    return market_message(market, best_bid_micros, best_ask_micros, auction)
