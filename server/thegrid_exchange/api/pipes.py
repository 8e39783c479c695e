"""What the delivery streams share: a coalescing outbox, parts of long requests, words to clients.

Which frames there are is told by delivery.proto and supply.proto.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from google.rpc.status_pb2 import Status

from thegrid.v1 import chat_pb2, delivery_pb2, embeddings_pb2
from thegrid_exchange.api.chat import LastReply
from thegrid_exchange.api.convert.common import span_of
from thegrid_exchange.api.embeddings import LastVectors
from thegrid_exchange.api.errors import refusal, status_of
from thegrid_exchange.api.limits import Standing
from thegrid_exchange.api.openings import Payload, payload_from_parts
from thegrid_exchange.api.records import UsageRecords
from thegrid_exchange.delivery.parts import Ended, Failure, Started
from thegrid_exchange.engine.records import UsageRecord
from thegrid_exchange.engine.refusals import Refusal

FRAME_BYTES: Final = 262_144
"""Greatest length of a frame, by contract."""
PART_BYTES: Final = 65_536
"""Length of the parts of a long request, short enough that nobody waits long behind one."""
PARTS_AT_ONCE_BYTES: Final = 1_048_576
"""What may be sent of a long request before window is granted, by contract."""
WHOLE_REQUEST_BYTES: Final = 131_072
"""Longest request that travels in one piece."""


class Outbox:
    """Elements for one stream: all that is ready goes into the next frame, without any timer."""

    def __init__(self) -> None:
        self._items: list[bytes] = []
        self._waiter: asyncio.Future[None] | None = None
        self._error: BaseException | None = None
        self.is_closed = False

    def put(self, item: bytes) -> None:
        """Queue one element, as `element` makes it."""
        self._items.append(item)
        self._wake()

    def close(self, error: BaseException | None = None) -> None:
        """Send what is queued, then end the stream, with the error if there is one."""
        self.is_closed = True
        self._error = self._error or error
        self._wake()

    async def frame(self) -> bytes:
        """The next frame, waited for; empty when the stream has ended. Raises the error given."""
        while not self._items:
            if self._error is not None:
                raise self._error
            if self.is_closed:
                return b""
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        items, size, count = self._items, 0, 0
        for item in items:
            if count and size + len(item) > FRAME_BYTES:
                break
            size += len(item)
            count += 1
        self._items = items[count:]
        return b"".join(items[:count])

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def element(number: int, message: Any) -> bytes:
    """A message as one element of the repeated field `number`; elements can simply be joined."""
    body: bytes = message.SerializeToString()
    length = len(body)
    head = bytearray((number << 3 | 2,))
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body


class PartsOut:
    """A long request on its way out, as far as window is granted."""

    def __init__(self, content: bytes, send: Callable[[bytes], None]) -> None:
        self._left = memoryview(content)
        self._window_bytes = PARTS_AT_ONCE_BYTES
        self._send = send

    def begin(self) -> None:
        """Send what needs no grant."""
        self._flow()

    def grant(self, window_bytes: int) -> None:
        """Send so much more."""
        self._window_bytes += window_bytes
        self._flow()

    def _flow(self) -> None:
        while self._left and self._window_bytes > 0:
            length = min(PART_BYTES, self._window_bytes)
            self._send(bytes(self._left[:length]))
            self._window_bytes -= min(length, len(self._left))
            self._left = self._left[length:]


class PartsIn:
    """A long request on its way in."""

    def __init__(self, opening: delivery_pb2.Open) -> None:
        self.opening = opening
        self._parts: list[bytes] = []
        self._bytes = 0

    def add(self, data: bytes) -> bool:
        """Take a part; True when the request is whole. Raises ValueError when it is too long."""
        self._bytes += len(data)
        if self._bytes > self.opening.parts_bytes:
            raise ValueError("the parts are longer than `parts_bytes` said")
        self._parts.append(data)
        return self._bytes == self.opening.parts_bytes

    def whole(self) -> Payload:
        """The request; raises DecodeError when it is none."""
        return payload_from_parts(self.opening, b"".join(self._parts))


# ---- words to the client -----------------------------------------------------------------------


def refusal_of(failure: Failure) -> Refusal:
    """A failure of the pipe as the refusal that statuses are made of."""
    return refusal(
        failure.reason,
        failure.field,
        failure.message,
        limit=failure.limit,
        value=failure.value,
        retry_after_us=failure.retry_after_us,
    )


def _set_limit(
    limit: delivery_pb2.RateLimit, figure: int, remaining: int, reset_after_us: int
) -> None:
    limit.limit, limit.remaining = figure, remaining
    limit.reset_after.CopyFrom(span_of(reset_after_us))


class Teller:
    """One call's client at the edge: turns the pipe's words into events."""

    __slots__ = ("_call", "_last", "_put", "_records", "requests")

    def __init__(
        self,
        call: int,
        put: Callable[[delivery_pb2.DeliveryEvent], None],
        records: UsageRecords,
    ) -> None:
        self._call, self._put, self._records = call, put, records
        self._last: Any = None
        self.requests: Standing | None = None
        """What the key may still call, once that is known."""

    def started(self, started: Started) -> None:
        """Who serves."""
        message = delivery_pb2.DeliveryStarted(
            usage_id=started.usage_id,
            supplier_id=started.supplier_id,
            serving_model=started.serving_model,
            instrument_id=started.instrument_id,
            spec_version=started.spec_version,
            prompt_tokens=started.prompt_tokens,
        )
        self._tell_limits(message, started)
        self._put(delivery_pb2.DeliveryEvent(call=self._call, started=message))

    def _tell_limits(self, message: delivery_pb2.DeliveryStarted, started: Started) -> None:
        """Say what the limits of the key leave."""
        if self.requests is not None:
            _set_limit(message.requests_limit, *self.requests)
        left = started.limits
        if left is not None and left.tokens_limit:
            span_us = left.tokens_reset_us
            _set_limit(message.tokens_limit, left.tokens_limit, left.tokens_left, span_us)
        if left is not None and left.spend_limit_micros:
            limit, span_us = left.spend_limit_micros, left.spend_reset_us
            _set_limit(message.spend_limit, limit, left.spend_left_micros, span_us)

    def part(self, payload: Any) -> None:
        """A part of the answer."""
        if isinstance(payload, embeddings_pb2.EmbeddingReply):
            self._last = self._last or LastVectors(payload.model)
            self._put(delivery_pb2.DeliveryEvent(call=self._call, embedding=payload))
            return
        if self._last is None:
            self._last = LastReply(payload.id, payload.created, payload.model)
        self._put(delivery_pb2.DeliveryEvent(call=self._call, reply=payload))

    def ended(self, ended: Ended) -> None:
        """The good end."""
        counts = ended.billed
        usage = chat_pb2.ChatUsage(
            prompt_tokens=counts.prompt_tokens,
            completion_tokens=counts.completion_tokens,
            total_tokens=counts.prompt_tokens + counts.completion_tokens,
            cached_tokens=counts.cached_tokens,
            reasoning_tokens=counts.reasoning_tokens,
        )
        reply = (self._last or LastReply()).ended(ended.finishes, usage)
        message = delivery_pb2.DeliveryEnded(reply=reply)
        if ended.usage is None:
            message.usage.CopyFrom(self._records.under_way(ended.delivery_id))
        else:
            message.usage.CopyFrom(self._records.message(ended.usage))
            message.receipt.CopyFrom(self._records.receipt(message.usage))
        self._put(delivery_pb2.DeliveryEvent(call=self._call, ended=message))

    def failed(self, failure: Failure, usage: UsageRecord | None) -> None:
        """The bad end."""
        self.refused(status_of(refusal_of(failure)), usage)

    def refused(self, status: Status, usage: UsageRecord | None = None) -> None:
        """The bad end, with the status ready."""
        message = delivery_pb2.DeliveryFailed(status=status)
        if usage is not None:
            message.usage.CopyFrom(self._records.message(usage))
            message.receipt.CopyFrom(self._records.receipt(message.usage))
        self._put(delivery_pb2.DeliveryEvent(call=self._call, failed=message))
