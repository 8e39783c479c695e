"""The least a Starlette gateway over gRPC can cost: no keys, no JSON, no metering.

python -m tests.bench._floors supplier GRPC            the far side of both floors
python -m tests.bench._floors each PORT GRPC           one gRPC stream for each call
python -m tests.bench._floors session PORT GRPC        one gRPC stream for all calls
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.support.upstream import CHUNKS, WORD, chunk, event
from thegrid.frames import Outbox, as_is, field_bytes
from thegrid.v1 import delivery_pb2 as pb

_LAST = [event(chunk({}, "stop")), event("[DONE]")]
EVENTS = [event(chunk({"content": WORD})) for _ in range(CHUNKS)] + _LAST
WHOLE = json.dumps(chunk({"content": WORD * CHUNKS}, "stop")).encode()


def _is_stream(body: bytes) -> bool:
    return b'"stream": true' in body


async def _each_supplier(body: bytes, context: Any) -> AsyncIterator[bytes]:
    for piece in EVENTS if _is_stream(body) else [WHOLE]:
        yield piece


async def _session_supplier(
    requests: AsyncIterator[pb.DeliverySessionRequest], context: Any
) -> None:
    outbox = Outbox()
    writer = asyncio.ensure_future(outbox.run(context))
    async for frame in requests:
        for command in frame.commands:
            pieces = EVENTS if _is_stream(command.part.data) else [WHOLE]
            for piece in pieces:
                part = pb.DeliveryCommand(call=command.call, part=pb.RequestPart(data=piece))
                outbox.put(field_bytes(1, part))
            grant = pb.DeliveryCommand(call=command.call, window=pb.WindowGrant(bytes=1))
            outbox.put(field_bytes(1, grant))
    writer.cancel()


async def supplier(port: int) -> None:
    """Serve the far side."""
    server = grpc.aio.server()
    each = grpc.unary_stream_rpc_method_handler(_each_supplier)
    session = grpc.stream_stream_rpc_method_handler(
        _session_supplier, pb.DeliverySessionRequest.FromString, as_is
    )
    methods = {"Each": each, "Session": session}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("floor", methods),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    print("READY", flush=True)
    await server.wait_for_termination()


class Each:
    """One gRPC stream for each call."""

    def __init__(self, target: str) -> None:
        self._call = grpc.aio.insecure_channel(target).unary_stream("/floor/Each")

    async def open(self, body: bytes) -> AsyncIterator[bytes]:
        call = self._call(body)
        async for piece in call:
            yield piece


class Session:
    """One gRPC stream for all calls."""

    def __init__(self, target: str) -> None:
        self._stream: Any = grpc.aio.insecure_channel(target).stream_stream(
            "/floor/Session", as_is, pb.DeliverySessionRequest.FromString
        )()
        self._outbox = Outbox()
        self._calls: dict[int, asyncio.Queue[bytes]] = {}
        self._number = 0
        self._tasks = [
            asyncio.ensure_future(self._outbox.run(self._stream)),
            asyncio.ensure_future(self._read()),
        ]

    async def _read(self) -> None:
        while True:
            frame = await self._stream.read()
            for command in frame.commands:
                self._calls[command.call].put_nowait(command.part.data)

    async def open(self, body: bytes) -> AsyncIterator[bytes]:
        self._number += 1
        number, queue = self._number, asyncio.Queue[bytes]()
        self._calls[number] = queue
        part = pb.DeliveryCommand(call=number, part=pb.RequestPart(data=body))
        self._outbox.put(field_bytes(1, part))
        while first := await queue.get():
            pieces = [first]
            while not queue.empty():
                pieces.append(queue.get_nowait())
            yield b"".join(pieces)
            if not pieces[-1]:
                break
        del self._calls[number]


def gateway(kind: str, target: str) -> Starlette:
    """Answer the application of one floor."""
    links: list[Each | Session] = []

    async def chat(request: Request) -> Response:
        body = await request.body()
        if not links:
            links.append(Each(target) if kind == "each" else Session(target))
        pieces = links[0].open(body)
        if _is_stream(body):
            return StreamingResponse(pieces, media_type="text/event-stream")
        whole = b"".join([piece async for piece in pieces])
        return Response(whole, media_type="application/json")

    return Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])


if __name__ == "__main__":
    if sys.argv[1] == "supplier":
        asyncio.run(supplier(int(sys.argv[2])))
    else:
        app = gateway(sys.argv[1], f"127.0.0.1:{sys.argv[3]}")
        uvicorn.run(app, port=int(sys.argv[2]), log_level="error", access_log=False)
