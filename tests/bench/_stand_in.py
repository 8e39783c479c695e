"""A stand-in for the exchange that answers each delivery at once.

Run as `python -m tests.bench._stand_in GRPC_PORT`. It has no market and no journal; with it the
gateway's own cost is seen alone.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio

from tests.support.upstream import CHUNKS, WORD, chunk
from thegrid.frames import Outbox, as_is, field_bytes
from thegrid.openai import reply_from_json
from thegrid.v1 import delivery_pb2 as pb
from thegrid.v1 import usage_pb2

_PIECE = reply_from_json(chunk({"content": WORD}))
_JOINED = reply_from_json(chunk({"content": WORD * CHUNKS}))
_STARTED = pb.DeliveryStarted(
    usage_id="usg_01k84p172qedao6o5m68iflbk4",
    supplier_id="mem_1",
    serving_model="demo/one",
    instrument_id="ins_text-prime",
    spec_version=1,
)
_ENDED = pb.DeliveryEnded(
    reply=reply_from_json(
        {
            "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 32, "total_tokens": 41},
        }
    ),
    usage=usage_pb2.UsageRecord(
        usage_id="usg_01k84p172qedao6o5m68iflbk4",
        symbol="text-prime",
        billed_tokens=41,
        cost_micros=82,
        verdict=usage_pb2.VERDICT_IN_SPEC,
        status=usage_pb2.USAGE_STATUS_FINAL,
    ),
)


async def _session(requests: AsyncIterator[pb.DeliverySessionRequest], context: Any) -> None:
    await context.send_initial_metadata(())
    outbox = Outbox()
    writer = asyncio.ensure_future(outbox.run(context))
    async for frame in requests:
        for command in frame.commands:
            if command.HasField("open"):
                _answer(outbox, command.call, command.open.request.stream)
    writer.cancel()


def _answer(outbox: Outbox, call: int, is_stream: bool) -> None:
    outbox.put(field_bytes(1, pb.DeliveryEvent(call=call, started=_STARTED)))
    for reply in [_PIECE] * CHUNKS if is_stream else [_JOINED]:
        outbox.put(field_bytes(1, pb.DeliveryEvent(call=call, reply=reply)))
    outbox.put(field_bytes(1, pb.DeliveryEvent(call=call, ended=_ENDED)))


async def main(port: int) -> None:
    """Serve until killed."""
    server = grpc.aio.server()
    session = grpc.stream_stream_rpc_method_handler(
        _session, pb.DeliverySessionRequest.FromString, as_is
    )
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                "thegrid.v1.DeliveryService", {"DeliverySession": session}
            ),
        )
    )
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    print("READY", flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
