"""One delivery at the supplier: its request, put together from parts, and its window.

Who answers it is in `backend.py`, the stream that carries it in `link.py`.
"""

import asyncio
from collections.abc import Callable

from google.protobuf.message import DecodeError

from thegrid.frames import PARTS_WINDOW_BYTES
from thegrid.v1 import chat_pb2, delivery_pb2, embeddings_pb2, supply_pb2

_GRANT_BYTES = PARTS_WINDOW_BYTES // 2


class SupplierCall:
    """One delivery as a backend sees it.

    `request`, or for embeddings `embedding`, is whole before the backend is asked;
    `max_output_tokens` is the cap per choice.
    """

    def __init__(
        self,
        number: int,
        opening: supply_pb2.SupplierOpen,
        send: Callable[[supply_pb2.SupplierEvent], None],
    ) -> None:
        self.number = number
        self.opening = opening
        self.request: chat_pb2.ChatRequest = opening.request
        self.embedding: embeddings_pb2.EmbeddingRequest = opening.embedding
        self._send = send
        self._window_bytes = opening.window_bytes
        self._granted = asyncio.Event()
        self._parts: list[bytes] = []
        self._missing_bytes = opening.parts_bytes
        self._ungranted_bytes = 0

    @property
    def is_whole(self) -> bool:
        """Whether all of the request has arrived."""
        return self._missing_bytes <= 0

    @property
    def is_embedding(self) -> bool:
        """Whether vectors are asked for, and no chat."""
        opening = self.opening
        by_parts = opening.parts_kind == delivery_pb2.REQUEST_KIND_EMBEDDING
        return by_parts or opening.HasField("embedding")

    @property
    def max_output_tokens(self) -> int:
        """Greatest number of output tokens per choice that will be taken; 0 for unsaid."""
        return self.opening.max_output_tokens

    def take_part(self, data: bytes) -> None:
        """Take a piece of a long request; grants window for more. Raises DecodeError."""
        self._parts.append(data)
        self._missing_bytes -= len(data)
        self._ungranted_bytes += len(data)
        if self.is_whole:
            content = b"".join(self._parts)
            if self.is_embedding:
                self.embedding = embeddings_pb2.EmbeddingRequest.FromString(content)
            else:
                self.request = chat_pb2.ChatRequest.FromString(content)
            self._parts.clear()
            if self._missing_bytes < 0:
                raise DecodeError("the parts are longer than was said")
        elif self._ungranted_bytes >= _GRANT_BYTES:
            grant = delivery_pb2.WindowGrant(bytes=self._ungranted_bytes)
            self._ungranted_bytes = 0
            self._send(supply_pb2.SupplierEvent(call=self.number, window=grant))

    def grant(self, window_bytes: int) -> None:
        """Take more window."""
        self._window_bytes += window_bytes
        self._granted.set()

    @property
    def is_behind(self) -> bool:
        """Whether the reader of the answer has fallen behind, so that nothing may be sent now."""
        return self._window_bytes <= 0

    async def reply(self, message: chat_pb2.ChatReply) -> None:
        """Send a part of the answer, waiting while there is no window for it."""
        await self._take_window(message.ByteSize())
        self._send(supply_pb2.SupplierEvent(call=self.number, reply=message))

    async def vectors(self, message: embeddings_pb2.EmbeddingReply) -> None:
        """Send some of the vectors, waiting while there is no window for them."""
        await self._take_window(message.ByteSize())
        self._send(supply_pb2.SupplierEvent(call=self.number, embedding=message))

    async def _take_window(self, needed_bytes: int) -> None:
        while self._window_bytes <= 0:
            self._granted.clear()
            await self._granted.wait()
        self._window_bytes -= needed_bytes

    def end(self, usage: chat_pb2.ChatUsage) -> None:
        """Send the supplier's own end; without counts of its own it tells none."""
        end = supply_pb2.SupplierEnd(usage=usage if usage.ListFields() else None)
        self._send(supply_pb2.SupplierEvent(call=self.number, end=end))

    def fail(self, failure: supply_pb2.SupplierFailure) -> None:
        """Send the bad end."""
        self._send(supply_pb2.SupplierEvent(call=self.number, failure=failure))
