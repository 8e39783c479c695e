"""StreamMarketData: many subscriptions over one stream, from logs that all readers share.

What each subscription reads is in `market_reader`; frames are joined bytes of whatever is ready.
"""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from thegrid.v1 import market_data_pb2
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.errors import invalid
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.market_reader import FRAME_BYTES, FRAME_EVENTS, Reader
from thegrid_exchange.api.stream_guard import StreamGuard


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
                while not guard.reason:
                    behind = [reader for reader in readers if reader.waiting]
                    if len(behind) == 1 and (single := behind[0].single()) is not None:
                        sent.inc()
                        yield single
                        continue
                    if behind:
                        if any(reader.is_lost for reader in behind):
                            guard.reason = "READER_TOO_SLOW"
                            self.services.metrics.slow_readers.inc()
                            break
                        for frame, count in self._frames(behind):
                            sent.inc(count)
                            yield frame
                        continue
                    # Nothing waits, and nobody else has run since: all up to here was sent.
                    if guard.took_beat():
                        yield _heartbeats(readers)
                    await guard.wait()
                yield _ends(readers, guard)
            finally:
                for reader in readers:
                    reader.leave()

    def _frames(self, readers: list[Reader]) -> Iterator[tuple[bytes, int]]:
        """Frames of what is ready now, each with its number of events."""
        chunks: list[bytes] = []
        waiting = sum([reader.waiting for reader in readers])
        size = 0
        if waiting > FRAME_EVENTS:
            chunks.append(self._lag(readers, waiting))
        for reader in readers:
            for chunk in reader.ready():
                chunks.append(chunk)
                size += len(chunk)
                if len(chunks) >= FRAME_EVENTS or size >= FRAME_BYTES:
                    yield b"".join(chunks), len(chunks)
                    chunks, size = [], 0
        if chunks:
            yield b"".join(chunks), len(chunks)

    def _lag(self, readers: list[Reader], waiting: int) -> bytes:
        """How far the reader is behind, as a piece of the frame."""
        oldest_us = min(reader.oldest_us for reader in readers)
        lag_us = self.services.live.state.now_us - oldest_us
        lag = market_data_pb2.StreamMarketDataResponse(lag_events=waiting, lag_us=lag_us)
        return lag.SerializeToString()


def _readers(handler: Handler, request: market_data_pb2.StreamMarketDataRequest) -> list[Reader]:
    made: dict[tuple[str, int, int], Reader] = {}
    for index, subscription in enumerate(request.subscriptions):
        path = f"subscriptions[{index}]"
        market_id = handler.market_id(subscription.market, f"{path}.market")
        reader = Reader(handler.services, market_id, subscription)
        if reader.key in made:
            raise invalid(path, "names a market and channel twice", "subscription.unique")
        made[reader.key] = reader
    return list(made.values())


def _heartbeats(readers: list[Reader]) -> bytes:
    events = {reader.market_id: reader.heartbeat() for reader in readers}
    return market_data_pb2.StreamMarketDataResponse(events=events.values()).SerializeToString()


def _ends(readers: list[Reader], guard: StreamGuard) -> bytes:
    events = [reader.end(guard) for reader in readers]
    return market_data_pb2.StreamMarketDataResponse(events=events).SerializeToString()
