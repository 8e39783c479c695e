"""The floor for `order_entry`: a gRPC server on the same loop that answers what it is sent.

Run as a child; prints its port and serves until it is killed.
"""

from typing import Any

import grpc
import uvloop


async def _echo(request: bytes, _context: Any) -> bytes:
    return request


async def _stream(requests: Any, _context: Any) -> Any:
    async for request in requests:
        yield request


async def serve() -> None:
    """Serve `/bench.Echo/Unary` and `/bench.Echo/Stream`."""
    server = grpc.aio.server()
    handlers = {
        "Unary": grpc.unary_unary_rpc_method_handler(_echo),
        "Stream": grpc.stream_stream_rpc_method_handler(_stream),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve())
