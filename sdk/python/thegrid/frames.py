"""What both long-lived frame streams share: the coalescing writer, the channel, and the back-off.

What the frames mean is in `session.py` for gateways and in `supplier/link.py` for suppliers.
"""

import asyncio
import random
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import Message

from thegrid.settings import Settings

FRAME_BYTES = 256 * 1024
"""Greatest length of a frame, by contract."""
FRAME_ITEMS = 4_000
"""Greatest number of elements that a frame is filled with; the contract allows a little more."""
PART_BYTES = 64 * 1024
"""Length of the parts of a long request: short enough that other calls are not kept waiting."""
PARTS_WINDOW_BYTES = 1024 * 1024
"""What may be sent of a long request before window is granted, by contract."""
WHOLE_REQUEST_BYTES = 128 * 1024
"""Longest request that travels in one piece."""

_RECONNECT_OPTIONS: list[tuple[str, str | int]] = [
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
]


def open_channel(settings: Settings) -> grpc.aio.Channel:
    """Open a channel for a long-lived stream: it dials anew soon after a loss."""
    options = settings.channel_options() + _RECONNECT_OPTIONS
    if settings.is_secure:
        return grpc.aio.secure_channel(settings.target, settings.channel_credentials(), options)
    return grpc.aio.insecure_channel(settings.target, options)


def as_is(data: bytes) -> bytes:
    """Serialise what is serialised already."""
    return data


def field_bytes(number: int, message: Message) -> bytes:
    """Answer `message` as one element of the repeated field `number` of a frame.

    Elements can simply be joined: that is how protobuf lays a repeated field.
    """
    body = message.SerializeToString()
    length = len(body)
    head = bytearray((number << 3 | 2,))
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + body


class Outbox:
    """The coalescing writer: all that queued while a frame was written goes into the next one."""

    def __init__(self) -> None:
        self._items: list[bytes] = []
        self._filled = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, item: bytes) -> None:
        """Queue one element of a frame, as `field_bytes` makes it."""
        self._items.append(item)
        self._filled.set()
        self._idle.clear()

    async def run(self, call: Any) -> None:
        """Write frames to the stream `call` until it ends or this is cancelled."""
        while True:
            if not self._items:
                self._idle.set()
                await self._filled.wait()
            self._filled.clear()
            await call.write(self._take())

    async def flush(self) -> None:
        """Wait until all that was queued is handed to the stream."""
        await self._idle.wait()

    def _take(self) -> bytes:
        items, size, count = self._items, 0, 0
        for item in items:
            if count == FRAME_ITEMS or (count and size + len(item) > FRAME_BYTES):
                break
            size += len(item)
            count += 1
        self._items = items[count:]
        return b"".join(items[:count])


class Backoff:
    """How long to wait before dialling again: doubling, with full jitter, from 50 ms to 5 s."""

    def __init__(self, first_s: float = 0.05, most_s: float = 5.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._bound_s = first_s

    def reset(self) -> None:
        """Start anew: the last dial came through."""
        self._bound_s = self._first_s

    async def pause(self) -> None:
        """Wait for the next turn."""
        span_s = random.uniform(0, self._bound_s)
        self._bound_s = min(self._bound_s * 2, self._most_s)
        await asyncio.sleep(span_s)
