# Made by `make proto` from thegrid/aio/streams.py; edit that file instead.
"""Runs a stream for as long as its reader wants it: watches for silence, comes back after loss.
What the frames mean stands in `follow`; what a reader sees is in order, once each, gaps told.
"""

from collections import deque
from collections.abc import Callable
from random import random
from types import TracebackType
from typing import Any, Generic, TypeVar

from thegrid.errors import GridError, Unavailable
from thegrid.follow import AskAgain, Follower, StreamState
from thegrid.policy import rules
from thegrid.sync.channel import Incoming
from thegrid.sync.transport import Transport
from thegrid.v1 import market_data_pb2

Item = TypeVar("Item")
# Frames without a gap after which earlier gaps are forgotten.
_CALM = 100


class Stream(Generic[Item]):
    """Iterate over it; close it, or use it as a context manager, so that nothing stays open.

    Frames are read only as fast as items are taken. `on_state` is told when the stream connects
    and when it will try again. Raises GridError when trying again cannot help.
    """

    def __init__(
        self,
        transport: Transport,
        follower: Follower[Any, Item],
        on_state: Callable[[StreamState], None] | None = None,
    ) -> None:
        self._transport = transport
        self._follower = follower
        self._on_state = on_state
        self._ready: deque[Item] = deque()
        self._incoming: Incoming[Any] | None = None
        self._failures = 0
        self._asked_again = 0
        self._calm_frames = 0
        self._has_begun = False
        self._is_connected = False
        self._is_closed = False

    def __iter__(self) -> "Stream[Item]":
        return self

    def __next__(self) -> Item:
        while not self._ready:
            if self._is_closed:
                raise StopIteration
            self._advance()
        return self._ready.popleft()

    def __enter__(self) -> "Stream[Item]":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the stream. Closing twice is no error."""
        self._is_closed = True
        self._drop()

    def __del__(self) -> None:
        # A forgotten stream would hold its call, and the exchange's side of it, for ever.
        if getattr(self, "_incoming", None) is not None:
            self._drop()

    def _advance(self) -> None:
        """Read one frame, or mend the stream."""
        try:
            frame = self._read()
            for item in self._follower.take(frame):
                self._ready.append(item)
        except AskAgain:
            self._drop()
            self._ask_again()
        except GridError as error:
            self._drop()
            if not self._is_closed:
                self._back_off(error)
        except BaseException:
            self._drop()
            raise

    def _read(self) -> Any:
        if self._incoming is None:
            self._resolve()
            request = self._follower.request()
            self._incoming = self._transport.stream(request, self._follower.response_type)
        frame = self._incoming.read(rules().stream.silence_s)
        if frame is None:
            raise Unavailable("the exchange ended the stream", code="UNAVAILABLE")
        self._connected()
        return frame

    def _resolve(self) -> None:
        """Find the ids of markets named by symbol, for events name their market by id."""
        for symbol in self._follower.unresolved():
            request = market_data_pb2.GetMarketRequest(market=symbol)
            found = self._transport.call(request, market_data_pb2.GetMarketResponse)
            self._follower.resolve(symbol, found.market.market_id)

    def _connected(self) -> None:
        self._has_begun = True
        self._failures = 0
        self._calm_frames += 1
        if self._calm_frames > _CALM:
            self._asked_again = 0
        if not self._is_connected:
            self._is_connected = True
            self._tell(StreamState("connected"))

    def _tell(self, state: StreamState) -> None:
        if self._on_state is not None:
            self._on_state(state)

    def _ask_again(self) -> None:
        """Mend a gap at once; an exchange that keeps sending gaps is asked ever more slowly."""
        self._asked_again += 1
        self._calm_frames = 0
        if self._asked_again > 1:
            backoff = rules().stream.backoff
            self._transport.channel.sleep(backoff.pause_s(self._asked_again, random()))

    def _back_off(self, error: GridError) -> None:
        rule = rules().stream
        self._failures += 1
        is_hopeless = not self._has_begun and self._failures >= rule.connect_attempts
        if self._follower.recover(error):
            self._failures = 1  # the exchange is there, so what is asked next need not wait long
        elif is_hopeless or error.code not in rule.codes:
            self._is_closed = True
            raise error
        pause_s = rule.backoff.pause_s(self._failures, random()) + (error.retry_after_s or 0.0)
        self._tell(StreamState("reconnecting", pause_s, error))
        self._transport.channel.sleep(pause_s)

    def _drop(self) -> None:
        incoming, self._incoming = self._incoming, None
        self._is_connected = False
        if incoming is not None:
            incoming.cancel()
