"""One subscription of a public stream: where it begins, what it reads, and how it catches up.

An event is serialised once for all who read its log. Sending is `market_stream`'s.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final, NamedTuple

from thegrid.v1 import common_pb2, market_data_pb2
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.api.convert.instruments import auction_message, market_message
from thegrid_exchange.api.convert.market_data import PAYLOADS, interval_us_of
from thegrid_exchange.api.convert.reference_index import index_message
from thegrid_exchange.api.services import Services
from thegrid_exchange.api.stream_guard import StreamGuard
from thegrid_exchange.engine.records import Market, ReferenceIndex
from thegrid_exchange.views.auctions import Indication, indicated
from thegrid_exchange.views.conflation import MERGES
from thegrid_exchange.views.feed import Entry, Log, MarketFeed
from thegrid_exchange.views.pictures import (
    OrdersPicture,
    best_prices,
    orders_picture,
    picture_of,
)
from thegrid_exchange.views.statistics import candle_of

FRAME_EVENTS: Final = 256
"""Events joined into one frame; past this a larger frame gains nothing."""
FRAME_BYTES: Final = 262_144
PART_ORDERS: Final = 2_000
"""Orders in one part of a large book's snapshot."""

_CHANNELS: Final = {
    market_data_pb2.CHANNEL_BOOK: "book",
    market_data_pb2.CHANNEL_TRADES: "trades",
    market_data_pb2.CHANNEL_STATUS: "status",
    market_data_pb2.CHANNEL_AUCTION: "auction",
    market_data_pb2.CHANNEL_BEST: "best",
    market_data_pb2.CHANNEL_TICKER: "ticker",
    market_data_pb2.CHANNEL_CANDLES: "candles",
    market_data_pb2.CHANNEL_INDEX: "index",
    market_data_pb2.CHANNEL_ORDERS: "orders",
}

_RESUMED: Final = frozenset({"book", "orders", "trades", "status", "auction", "best", "index"})
"""Channels that go on after a sequence from the log."""


class Replayed(NamedTuple):
    """An event of before the log."""

    sequence: int
    at_us: int
    content: Any


class Reader:
    """One subscription and its place in the shared log."""

    def __init__(
        self,
        services: Services,
        market_id: str,
        subscription: market_data_pb2.Subscription,
    ) -> None:
        self._services, self.market_id = services, market_id
        self.channel = subscription.channel
        self._name = _CHANNELS[self.channel]
        self._parameter = 0
        if self._name == "book":
            self._parameter = subscription.depth_levels
        elif self._name == "candles":
            self._parameter = interval_us_of(subscription.candle_interval)
        self._after: int | None = None
        if subscription.HasField("after_sequence"):
            self._after = subscription.after_sequence
        self._log: Log | None = None
        self.place = 0
        self.last_sequence = 0

    @property
    def key(self) -> tuple[str, int, int]:
        """What no two subscriptions of a stream may share."""
        return self.market_id, self.channel, self._parameter if self._name == "candles" else 0

    # ---- begin and end -------------------------------------------------------------------------

    async def begin(self, guard: StreamGuard) -> AsyncIterator[bytes]:
        """Take a place in the log, and say first what a new reader has to know."""
        live = self._services.live
        self._feed: MarketFeed = live.market_feed(self.market_id)
        log = self._log = self._feed.log(self._name, self._parameter, live.book(self.market_id))
        self._feed.enter(log)
        self._wake = guard.wake
        log.waiting.add(self._wake)
        after = self._after
        if after is not None and self._name in _RESUMED:
            # Several indexes may carry one sequence, so that one may be missing though it is known.
            place = self._feed.place_after(log, after - (self._name == "index"))
            if place is not None:
                self.place, self.last_sequence = place, after
                return
        self.place, self.last_sequence = log.end, log.last_sequence
        if after is not None and self._name in ("trades", "candles"):
            async for chunk in self._replay(after, log.last_sequence):
                yield chunk
            return
        for chunk in self._beginning(log.last_sequence):
            yield chunk

    def leave(self) -> None:
        """Give the place up."""
        if self._log is not None:
            self._log.waiting.discard(self._wake)
            self._feed.leave(self._log, self._services.live.state.now_us)

    def _beginning(self, sequence: int) -> Iterator[bytes]:
        """The subject as it stands, complete to a sequence; after a loss that is named."""
        for content in self._standing():
            event = self._event(sequence, sequence, self._services.live.state.now_us)
            self._fill(event, content)
            self._name_gap(event)
            yield chunk_of(event)

    def _standing(self) -> Sequence[Any]:
        """What the first events tell; None, which becomes a heartbeat, when it is nothing yet."""
        live, state, market_id = self._services.live, self._services.live.state, self.market_id
        book, name = live.book(market_id), self._name
        if name == "book":
            return (picture_of(book, self._parameter),)
        if name == "orders":
            return _parts(orders_picture(book, state.orders))
        if name == "best":
            return (best_prices(book),)
        if name == "status":
            return (state.markets[market_id],)
        if name == "auction":
            return (indicated(state, market_id),)
        if name == "ticker":
            return (live.ticker(market_id),)
        if name == "index":
            return (state.reference_indexes.get(state.markets[market_id].instrument_id),)
        if name == "candles":
            return (live.statistics(market_id).candle(self._parameter, state.now_us),)
        return (None,)

    def _name_gap(self, event: market_data_pb2.MarketEvent) -> None:
        if self._name == "ticker" or self._after in (None, event.sequence):
            return
        event.gap_from_sequence, event.gap_to_sequence = (self._after or 0) + 1, event.sequence
        for name in ("book_snapshot", "order_book_snapshot"):
            if event.HasField(name):
                getattr(event, name).gap = True

    # ---- before the log ------------------------------------------------------------------------

    async def _replay(self, after: int, until: int) -> AsyncIterator[bytes]:
        """Events of before the log from the database, and a heartbeat where they are complete."""
        before = after
        past = self._past_trades(after) if self._name == "trades" else self._past_candles(after)
        async for page in past:
            chunks: list[bytes] = []
            for sequence, at_us, content in page:
                if sequence <= until:  # what is newer is in the log
                    event = self._event(before, max(before, sequence), at_us)
                    self._fill(event, content)
                    chunks.append(chunk_of(event))
                    before = self.last_sequence = event.sequence
            yield b"".join(chunks)
        event = self._event(min(before, until), until, self._services.live.state.now_us)
        event.heartbeat.SetInParent()
        if after > until:
            self._name_gap(event)
        self.last_sequence = until
        yield chunk_of(event)

    async def _past_trades(self, after: int) -> AsyncIterator[list[Replayed]]:
        while True:
            found = await self._services.trading.trades_after(self.market_id, after, FRAME_EVENTS)
            yield [Replayed(each, trade.executed_at_us, trade) for each, trade in found]
            if len(found) < FRAME_EVENTS:
                return
            after = found[-1][0]

    async def _past_candles(self, after: int) -> AsyncIterator[list[Replayed]]:
        """From the candle on that was the newest then, for it may have grown since."""
        candles, market_id, span_us = self._services.candles, self.market_id, self._parameter
        start_us = await candles.standing_at(market_id, span_us, after)
        while True:
            found = await candles.bars_from(market_id, span_us, start_us, FRAME_EVENTS)
            now_us = self._services.live.state.now_us
            yield [
                Replayed(bar.last_sequence, now_us, candle_of(market_id, span_us, bar, now_us))
                for bar in found
            ]
            if len(found) < FRAME_EVENTS:
                return
            start_us = found[-1].start_us + 1

    # ---- reading -------------------------------------------------------------------------------

    @property
    def is_lost(self) -> bool:
        """Whether events that were not read yet have left the log."""
        return self._log is not None and self.place < self._log.base

    @property
    def waiting(self) -> int:
        """Events that were not read yet."""
        return 0 if self._log is None else self._log.end - self.place

    @property
    def oldest_us(self) -> int:
        """Stamp of the oldest event that waits; now when none does, or when it is lost."""
        log = self._log
        if log is None or self.is_lost or self.place == log.end:
            return self._services.live.state.now_us
        return log.at(self.place).at_us

    def ready(self) -> Iterator[bytes]:
        """Serialised events from the place on; states that lag are merged, which is declared."""
        log = self._log
        if log is None or self.is_lost:
            return
        most = self._services.config.subscriber_queue_messages
        if log.end - self.place > most and self._name in MERGES:
            yield self._conflated(log)
        while not self.is_lost and self.place < log.end:
            yield self._next(log)

    def single(self) -> bytes | None:
        """The one event that waits, serialised; None when another number does.

        Beside `ready`, as nearly every event of a fan-out is sent by itself.
        """
        log = self._log
        if log is None or log.end - self.place != 1 or self.is_lost:
            return None
        return self._next(log)

    def _next(self, log: Log) -> bytes:
        place = self.place
        self.place = place + 1
        entry = log.at(place)
        self.last_sequence = entry.sequence
        chunk: bytes | None = log.rendered.get(place)
        if chunk is None:
            chunk = log.rendered[place] = self._rendered(entry)
        return chunk

    def _conflated(self, log: Log) -> bytes:
        """All up to the end of the log, the latest of each thing alone; shared, as others are."""
        begin, self.place, self.last_sequence = self.place, log.end, log.last_sequence
        self._services.metrics.conflations.inc()
        if log.merged[:2] == (begin, log.end):
            return bytes(log.merged[2])
        entries = [log.at(place) for place in range(begin, log.end)]
        first, last = entries[0], entries[-1]
        chunks: list[bytes] = []
        prev_sequence = first.prev_sequence
        for content in MERGES[self._name]([entry.content for entry in entries]):
            event = self._event(prev_sequence, last.sequence, last.at_us)
            event.conflated_from_sequence = first.sequence
            self._fill(event, content)
            chunks.append(chunk_of(event))
            prev_sequence = last.sequence
        merged = b"".join(chunks)
        log.merged = (begin, log.end, merged)
        return merged

    def _rendered(self, entry: Entry) -> bytes:
        event = self._event(entry.prev_sequence, entry.sequence, entry.at_us)
        self._fill(event, entry.content)
        return chunk_of(event)

    def _fill(self, event: market_data_pb2.MarketEvent, content: Any) -> None:
        if content is None:
            event.heartbeat.SetInParent()
        elif isinstance(content, Market):
            event.market.CopyFrom(shown_market(self._services, content))
        elif isinstance(content, Indication):
            event.auction.SetInParent()  # present, though empty while there is none
            event.auction.CopyFrom(auction_message(content))
        elif isinstance(content, ReferenceIndex):
            symbol = self._services.live.state.instruments[content.instrument_id].symbol
            event.reference_index.CopyFrom(index_message(content, symbol))
        elif isinstance(content, _Part):
            field, fill = PAYLOADS[OrdersPicture]
            made = fill(content.picture)
            made.continued, made.more = content.is_continued, content.has_more
            getattr(event, field).CopyFrom(made)
        else:
            field, fill = PAYLOADS[type(content)]
            getattr(event, field).CopyFrom(fill(content))

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
        now_us = self._services.live.state.now_us
        event = self._event(self.last_sequence, self.last_sequence, now_us)
        event.stream_end.status.CopyFrom(guard.status())
        return event


class _Part(NamedTuple):
    """A part of a large book's snapshot."""

    picture: OrdersPicture
    is_continued: bool
    has_more: bool


def _parts(picture: OrdersPicture) -> list[_Part]:
    bids, asks, checksum = picture
    count = max(1, -(-max(len(bids), len(asks)) // PART_ORDERS))
    cuts = [slice(n * PART_ORDERS, (n + 1) * PART_ORDERS) for n in range(count)]
    return [
        _Part(OrdersPicture(bids[cut], asks[cut], checksum), number > 0, number < count - 1)
        for number, cut in enumerate(cuts)
    ]


def chunk_of(event: market_data_pb2.MarketEvent) -> bytes:
    """One event as a frame of its own; frames joined as bytes are a frame again."""
    return market_data_pb2.StreamMarketDataResponse(events=[event]).SerializeToString()


def shown_market(services: Services, market: Market) -> market_data_pb2.Market:
    """A market with the best prices of its book, and with its auction."""
    live = services.live
    book = live.book(market.market_id)
    best_bid_micros, best_ask_micros = book.buy.best_price_micros(), book.sell.best_price_micros()
    auction = indicated(live.state, market.market_id)
    return market_message(market, best_bid_micros, best_ask_micros, auction)
