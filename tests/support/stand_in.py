"""A stand-in for the exchange: the gateway's side of its gRPC services, played by a script.

It holds no market and no money; tests against the real exchange stand beside those that use it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

from thegrid.frames import Outbox, as_is, field_bytes
from thegrid.openai import reply_from_json
from thegrid.v1 import chat_pb2, delivery_pb2, usage_pb2

GATEWAY_KEY = "key_gateway.secret"
CALLER_KEY = "key_caller.secret"
SUPPLIER = "mem_supplier"
MODEL = "demo/one"
CREATED = 1_760_000_000
_EVENTS_FIELD = 1


def status(
    reason: str,
    message: str = "no",
    retry_after_s: int = 0,
    field_name: str = "",
    code: int = 9,
    metadata: Mapping[str, str] | None = None,
) -> status_pb2.Status:
    """Answer a refusal as the exchange writes it."""
    details = []
    info = error_details_pb2.ErrorInfo(domain="thegrid", reason=reason, metadata=metadata)
    details.append(info)
    if field_name:
        violation = error_details_pb2.BadRequest.FieldViolation(
            field=field_name, description=message
        )
        details.append(error_details_pb2.BadRequest(field_violations=[violation]))
    if retry_after_s:
        details.append(error_details_pb2.RetryInfo(retry_delay=Duration(seconds=retry_after_s)))
    packed = []
    for detail in details:
        packed.append(AnyMessage())
        packed[-1].Pack(detail)
    return status_pb2.Status(code=code, message=message, details=packed)


@dataclass
class Call:
    """One call as the script sees it."""

    number: int
    opening: delivery_pb2.Open
    outbox: Outbox
    window_bytes: int
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    granted: asyncio.Event = field(default_factory=asyncio.Event)
    cancel_reason: str = ""
    parts: bytearray = field(default_factory=bytearray)
    whole: asyncio.Event = field(default_factory=asyncio.Event)
    sent_bytes: int = 0

    @property
    def usage_id(self) -> str:
        return "usg_" + self.opening.delivery_id.removeprefix("dlv_")

    @property
    def prompt(self) -> str:
        return self.opening.request.messages[-1].text

    def send(self, **event: Any) -> None:
        event_message = delivery_pb2.DeliveryEvent(call=self.number, **event)
        self.outbox.put(field_bytes(_EVENTS_FIELD, event_message))

    def start(self) -> None:
        self.send(
            started=delivery_pb2.DeliveryStarted(
                usage_id=self.usage_id,
                supplier_id=SUPPLIER,
                serving_model=MODEL,
                instrument_id="ins_text-prime",
                spec_version=3,
                prompt_tokens=9,
            )
        )

    async def reply(self, message: chat_pb2.ChatReply) -> None:
        """Send a part of the answer, waiting for window as the contract asks."""
        while self.window_bytes <= 0 and not self.cancelled.is_set():
            self.granted.clear()
            await self.granted.wait()
        self.window_bytes -= message.ByteSize()
        self.sent_bytes += message.ByteSize()
        self.send(reply=message)

    async def say(self, text: str, index: int = 0, **more: Any) -> None:
        await self.reply(chunk({"content": text, **more}, index=index))

    def record(self, **more: Any) -> usage_pb2.UsageRecord:
        return usage_pb2.UsageRecord(
            usage_id=self.usage_id,
            delivery_id=self.opening.delivery_id,
            client_request_id=self.opening.client_request_id,
            symbol=self.opening.instrument,
            instrument_id="ins_text-prime",
            supplier_id=SUPPLIER,
            serving_model=MODEL,
            spec_version=3,
            counted=usage_pb2.TokenCounts(prompt_tokens=9, completion_tokens=4),
            billed_tokens=13,
            cost_micros=26,
            verdict=usage_pb2.VERDICT_IN_SPEC,
            status=usage_pb2.USAGE_STATUS_FINAL,
            **more,
        )

    def end(self, finish_reasons: Mapping[int, str] | None = None) -> None:
        """Send the good end."""
        choices = [
            {"index": index, "delta": {}, "finish_reason": reason}
            for index, reason in (finish_reasons or {0: "stop"}).items()
        ]
        last = reply_from_json(
            {
                "choices": choices,
                "usage": {
                    "prompt_tokens": 9,
                    "completion_tokens": 4,
                    "total_tokens": 13,
                    "prompt_tokens_details": {"cached_tokens": 2},
                    "completion_tokens_details": {"reasoning_tokens": 1},
                },
            }
        )
        self.send(ended=delivery_pb2.DeliveryEnded(reply=last, usage=self.record()))

    def fail(self, problem: status_pb2.Status, with_record: bool = True) -> None:
        record = self.record() if with_record else None
        self.send(failed=delivery_pb2.DeliveryFailed(status=problem, usage=record))


def chunk(delta: dict[str, Any], index: int = 0, **more: Any) -> chat_pb2.ChatReply:
    """Answer one chunk as a supplier's upstream sends it."""
    return reply_from_json(
        {
            "id": "chatcmpl-upstream",
            "object": "chat.completion.chunk",
            "created": CREATED,
            "model": MODEL,
            "system_fingerprint": "fp_1",
            "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": None}],
            **more,
        }
    )


Script = Callable[[Call], Awaitable[None]]


async def hello(call: Call) -> None:
    """Answer four words and end well."""
    call.start()
    for word in ("Hello", " from", " the", " grid"):
        await call.say(word)
    call.end()


async def thinks_and_calls(call: Call) -> None:
    """Think, speak, and call two tools in interleaved pieces."""
    call.start()
    await call.say("", reasoning_content="Let me")
    await call.say("", reasoning_content=" see.")
    await call.say("I look")
    await call.say(" it up.")
    for index, city in enumerate(("Ulm", "Bonn")):
        head = {"index": index, "id": f"call_{index}", "type": "function"}
        function = {"name": "weather", "arguments": ""}
        await call.say("", tool_calls=[{**head, "function": function}])
        piece = {"index": index, "function": {"arguments": f'{{"city": "{city}'}}
        await call.say("", tool_calls=[piece])
    for index in (0, 1):
        piece = {"index": index, "function": {"arguments": '"}'}}
        await call.say("", tool_calls=[piece])
    call.end({0: "tool_calls"})


class StandIn:
    """The server; `script` plays each call."""

    def __init__(self, script: Script = hello) -> None:
        self.script = script
        self.calls: list[Call] = []
        self.sessions = 0
        self.refuse_sessions: grpc.StatusCode | None = None
        self.drain_sessions = asyncio.Event()
        self.target = ""
        self._server: grpc.aio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "StandIn":
        await self.listen("127.0.0.1:0")
        return self

    async def listen(self, place: str) -> None:
        """Begin to serve."""
        server = grpc.aio.server()
        server.add_generic_rpc_handlers(tuple(self._handlers()))
        port = server.add_insecure_port(place)
        await server.start()
        self._server = server
        self.target = f"127.0.0.1:{port}"

    async def __aexit__(self, *trace: object) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Cut every session and stop."""
        if self._server is not None:
            await self._server.stop(None)
            self._server = None
        for task in tuple(self._tasks):
            task.cancel()

    def _handlers(self) -> list[grpc.GenericRpcHandler]:
        def unary(method: Any, request: Any, response: Any) -> grpc.RpcMethodHandler:
            return grpc.unary_unary_rpc_method_handler(
                method, request.FromString, response.SerializeToString
            )

        session = grpc.stream_stream_rpc_method_handler(
            self._session, delivery_pb2.DeliverySessionRequest.FromString, as_is
        )
        services: dict[str, dict[str, grpc.RpcMethodHandler]] = {
            "DeliveryService": {"DeliverySession": session},
            "UsageService": {
                "GetUsage": unary(
                    self._get_usage, usage_pb2.GetUsageRequest, usage_pb2.GetUsageResponse
                ),
                "ListUsage": unary(
                    self._list_usage, usage_pb2.ListUsageRequest, usage_pb2.ListUsageResponse
                ),
            },
        }
        return [
            grpc.method_handlers_generic_handler(f"thegrid.v1.{name}", methods)
            for name, methods in services.items()
        ]

    async def _session(
        self, requests: AsyncIterator[delivery_pb2.DeliverySessionRequest], context: Any
    ) -> None:
        if self.refuse_sessions is not None:
            await context.abort(self.refuse_sessions, "no")
        await context.send_initial_metadata(())
        self.sessions += 1
        outbox = Outbox()
        calls: dict[int, Call] = {}
        writer = asyncio.ensure_future(outbox.run(context))
        drainer = asyncio.ensure_future(self._drain(outbox))
        try:
            async for frame in requests:
                for command in frame.commands:
                    self._take(command, calls, outbox)
        finally:
            writer.cancel()
            drainer.cancel()
            for call in calls.values():
                call.cancel_reason = call.cancel_reason or "session_lost"
                call.cancelled.set()
                call.granted.set()

    async def _drain(self, outbox: Outbox) -> None:
        await self.drain_sessions.wait()
        outbox.put(delivery_pb2.DeliverySessionResponse(draining=True).SerializeToString())

    def _take(
        self, command: delivery_pb2.DeliveryCommand, calls: dict[int, Call], outbox: Outbox
    ) -> None:
        kind = command.WhichOneof("command")
        if kind == "open":
            call = Call(command.call, command.open, outbox, command.open.window_bytes)
            calls[command.call] = call
            self.calls.append(call)
            if not command.open.parts_bytes:
                self._play(call)
            return
        call = calls[command.call]
        if kind == "part":
            self._take_part(call, command.part.data)
        elif kind == "window":
            call.window_bytes += command.window.bytes
            call.granted.set()
        elif kind == "cancel":
            call.cancel_reason = command.cancel.reason
            call.cancelled.set()
            call.granted.set()

    def _take_part(self, call: Call, data: bytes) -> None:
        call.parts += data
        call.send(window=delivery_pb2.WindowGrant(bytes=len(data)))
        if len(call.parts) == call.opening.parts_bytes:
            call.opening.request.ParseFromString(bytes(call.parts))
            call.whole.set()
            self._play(call)

    def _play(self, call: Call) -> None:
        task = asyncio.ensure_future(self._guard(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guard(self, call: Call) -> None:
        if call.opening.credential != CALLER_KEY:
            call.fail(status("KEY_UNKNOWN", code=code_pb2.UNAUTHENTICATED), with_record=False)
            return
        await self.script(call)

    async def _authenticate(self, context: Any) -> None:
        given = dict(context.invocation_metadata() or ())
        if given.get("authorization") != f"Bearer {CALLER_KEY}":
            await _abort(context, grpc.StatusCode.UNAUTHENTICATED, "KEY_UNKNOWN")

    async def _get_usage(
        self, request: usage_pb2.GetUsageRequest, context: Any
    ) -> usage_pb2.GetUsageResponse:
        await self._authenticate(context)
        for call in self.calls:
            if request.id in (call.usage_id, call.opening.client_request_id):
                return usage_pb2.GetUsageResponse(usage=call.record())
        await _abort(context, grpc.StatusCode.NOT_FOUND, "USAGE_NOT_FOUND")
        raise AssertionError

    async def _list_usage(
        self, request: usage_pb2.ListUsageRequest, context: Any
    ) -> usage_pb2.ListUsageResponse:
        await self._authenticate(context)
        records = [call.record() for call in reversed(self.calls)][: request.page_size]
        more = "next" if len(self.calls) > request.page_size else ""
        return usage_pb2.ListUsageResponse(usage=records, next_page_token=more)


async def _abort(context: Any, code: grpc.StatusCode, reason: str) -> None:
    problem = status(reason, code=code.value[0])
    trailers = (("grpc-status-details-bin", problem.SerializeToString()),)
    await context.abort(code, problem.message, trailers)
