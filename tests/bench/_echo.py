"""The floor for `order_entry` and `fanout`: a gRPC server on the same loop that does nothing.

It answers what it is sent, and hands what is published to whoever follows. Run as a child; prints
its port and serves until it is killed.
"""

import asyncio
from typing import Any

import grpc
import uvloop

_followers: set["asyncio.Queue[bytes]"] = set()


async def _echo(request: bytes, _context: Any) -> bytes:
    return request


async def _stream(requests: Any, _context: Any) -> Any:
    async for request in requests:
        yield request


async def _publish(requests: Any, _context: Any) -> Any:
    async for request in requests:
        for queue in _followers:
            queue.put_nowait(request)
        yield b""


async def _follow(_request: bytes, context: Any) -> Any:
    await context.send_initial_metadata(())
    queue: asyncio.Queue[bytes] = asyncio.Queue()
    _followers.add(queue)
    try:
        while True:
            yield await queue.get()
    finally:
        _followers.discard(queue)


async def serve() -> None:
    """Serve `Unary`, `Stream`, `Publish` and `Follow` of `/bench.Echo`."""
    server = grpc.aio.server()
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(_echo),
        "Stream": grpc.stream_stream_rpc_method_handler(_stream),
        "Publish": grpc.stream_stream_rpc_method_handler(_publish),
        "Follow": grpc.unary_stream_rpc_method_handler(_follow),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve())
