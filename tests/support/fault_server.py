"""A scripted exchange that answers as told: late, wrong, broken off, not at all.
It proves clients against faults that a real exchange does not show on command.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from thegrid.v1 import (
    accounts_pb2,
    admin_pb2,
    delivery_pb2,
    instruments_pb2,
    market_data_pb2,
    members_pb2,
    supply_pb2,
    trading_pb2,
    usage_pb2,
)

FILES = (
    accounts_pb2, admin_pb2, delivery_pb2, instruments_pb2, market_data_pb2, members_pb2,
    supply_pb2, trading_pb2, usage_pb2,
)  # fmt: skip


class Seen(NamedTuple):
    """A call as the server saw it."""

    name: str
    request: Any
    metadata: dict[str, str | bytes]
    remaining_s: float | None


@dataclass
class Answer:
    """One call's script: frames in order, then an end.

    `end` is "ok", "hang" (nothing more comes until the client leaves), or a refusal. `respond`
    makes further frames from the request, or from the frames of the client.
    """

    frames: list[Message] = field(default_factory=list)
    end: "str | Refusal" = "ok"
    respond: Callable[[Any], Iterator[Message]] | None = None


@dataclass
class Refusal:
    """A gRPC error with its details, as the exchange sends them."""

    code: grpc.StatusCode
    reason: str = ""
    message: str = "refused"
    fields: tuple[tuple[str, str], ...] = ()
    retry_after_ms: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)

    def status(self) -> status_pb2.Status:
        status = status_pb2.Status(code=self.code.value[0], message=self.message)
        if self.reason:
            info = error_details_pb2.ErrorInfo(
                reason=self.reason, domain="thegrid", metadata=self.metadata
            )
            _add(status, info)
        if self.fields:
            violations = [
                error_details_pb2.BadRequest.FieldViolation(field=name, description=text)
                for name, text in self.fields
            ]
            _add(status, error_details_pb2.BadRequest(field_violations=violations))
        if self.retry_after_ms is not None:
            delay = duration_pb2.Duration()
            delay.FromMilliseconds(self.retry_after_ms)
            _add(status, error_details_pb2.RetryInfo(retry_delay=delay))
        return status


def _add(status: status_pb2.Status, detail: Message) -> None:
    packed = any_pb2.Any()
    packed.Pack(detail)
    status.details.append(packed)


class FaultServer:
    """Serves every method of the contract from its script; what has no script is UNIMPLEMENTED."""

    def __init__(self) -> None:
        self._scripts: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self.seen: list[Seen] = []
        self.left = threading.Semaphore(0)
        self._port = 0
        self._server: grpc.Server | None = None

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self._port}"

    def script(self, name: str, *answers: Answer | Message | Refusal) -> None:
        """Add answers for the next calls of a method, such as `PlaceOrder`."""
        for answer in answers:
            if isinstance(answer, Refusal):
                answer = Answer(end=answer)
            elif isinstance(answer, Message):
                answer = Answer([answer])
            self._scripts[name].append(answer)

    def calls(self, name: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.name == name]

    def start(self) -> "FaultServer":
        """Listen, on the same port as before when it is started again."""
        self._server = grpc.server(ThreadPoolExecutor(32), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((_Handlers(self),))
        bound = self._server.add_insecure_port(f"127.0.0.1:{self._port}")
        assert bound, "the port is taken"
        self._port = bound
        self._server.start()
        return self

    def stop(self) -> None:
        """Go away at once, breaking off what is open."""
        if self._server is not None:
            self._server.stop(None).wait()
            self._server = None

    def __enter__(self) -> "FaultServer":
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def answer(self, name: str, request: Any, context: grpc.ServicerContext) -> Iterator[Message]:
        metadata = {str(key): value for key, value in context.invocation_metadata()}
        self.seen.append(Seen(name, request, metadata, context.time_remaining()))
        if not self._scripts[name]:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, f"no script for {name}")
        script = self._scripts[name].popleft()
        if script.end == "hang":
            # Told however the call ends, also when the client leaves before its last frame.
            context.add_callback(self.left.release)
        yield from script.frames
        if script.respond is not None:
            yield from script.respond(request)
        if script.end == "hang":
            gone = threading.Event()
            if context.add_callback(gone.set):
                gone.wait(20)
        elif isinstance(script.end, Refusal):
            _abort(context, script.end)


def _abort(context: grpc.ServicerContext, refusal: Refusal) -> None:
    context.set_trailing_metadata(
        (
            ("grpc-status-details-bin", refusal.status().SerializeToString()),
            ("x-request-id", "req-of-the-server"),
        )
    )
    context.abort(refusal.code, refusal.message)


class _Handlers(grpc.GenericRpcHandler):
    def __init__(self, server: FaultServer) -> None:
        self._server = server
        self._methods = {
            f"/{service.full_name}/{method.name}": method
            for file in FILES
            for service in file.DESCRIPTOR.services_by_name.values()
            for method in service.methods
        }

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        method = self._methods.get(details.method)
        if method is None:
            return None
        parse = method.input_type._concrete_class.FromString
        name, server = method.name, self._server

        def stream(request: Any, context: grpc.ServicerContext) -> Iterator[Message]:
            return server.answer(name, request, context)

        def last(request: Any, context: grpc.ServicerContext) -> Message:
            made = None
            for made in server.answer(name, request, context):  # noqa: B007 the last one is meant
                pass
            return made

        if method.client_streaming:
            return grpc.stream_stream_rpc_method_handler(stream, parse, _serialize)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(stream, parse, _serialize)
        return grpc.unary_unary_rpc_method_handler(last, parse, _serialize)


def _serialize(message: Message) -> bytes:
    return message.SerializeToString()
