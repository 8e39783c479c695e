"""What happens around every call, in one place: id, size, credential, scope, limits, shape, faults.

One object instead of a chain, because each link would cost microseconds per call. Services outside
the contract (health, reflection) never come here: they tell nothing of any member.
"""

import asyncio
import itertools
import secrets
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final, NamedTuple

import grpc
from google.protobuf.message import DecodeError

from thegrid_exchange.api import call as calls
from thegrid_exchange.api.auth import Caller
from thegrid_exchange.api.errors import (
    InvalidRequest,
    abort_with,
    code_of,
    invalid,
    refused,
    status_of_error,
)
from thegrid_exchange.api.faults import DRAINING, reason_of, status_of_sequencer, unexpected
from thegrid_exchange.api.methods import CHECKS_ITSELF, LIMITED_ELSEWHERE, SCOPES
from thegrid_exchange.api.services import Services
from thegrid_exchange.api.validation import Check, Found

UNARY_SECONDS: Final = 30.0
"""How long a unary call may take at the most; a shorter deadline of the client's own wins."""

_AUTHORIZATION: Final = "authorization"
_REQUEST_ID: Final = "x-request-id"
_BEARER: Final = "bearer "


class _Method(NamedTuple):
    """Everything about a method that does not change from call to call."""

    name: str
    short_name: str
    scopes: tuple[str, ...]
    parse: Callable[[bytes], Any]
    check: Check | None
    behaviour: Callable[..., Any]
    answered: Any
    seconds: Any


class Interceptor:
    """Wraps each method of the contract once, before the server starts."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._id_prefix = f"req_{secrets.token_hex(8)}_"
        self._id_numbers = itertools.count(1)
        self._request_names: dict[str, str] = _request_names(services)

    def wrap(self, name: str, handler: Any) -> Any:
        """The handler of a method with all that happens around it."""
        check = self._services.validator.check_of(self._request_names[name])
        if name in CHECKS_ITSELF:
            check = None
        behaviour = (
            handler.unary_unary
            or handler.unary_stream
            or handler.stream_unary
            or handler.stream_stream
        )
        method = _Method(
            name,
            name.rpartition("/")[2],
            SCOPES.get(name, ()),
            handler.request_deserializer,
            check,
            behaviour,
            self._services.metrics.calls.labels(name.rpartition("/")[2], "OK"),
            self._services.metrics.seconds.labels(name.rpartition("/")[2]),
        )
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(
                partial(self._unary, method),
                response_serializer=handler.response_serializer,
            )
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(
                partial(self._stream, method),
                response_serializer=_serialise,
            )
        return grpc.stream_stream_rpc_method_handler(
            partial(self._stream, method),
            response_serializer=_serialise,
        )

    # ---- unary ---------------------------------------------------------------------------------

    async def _unary(self, method: _Method, raw: bytes, context: Any) -> Any:
        clock, metrics = self._services.clock, self._services.metrics
        started_us, request_id = clock.steady_us(), ""
        try:
            request_id = self._admit(method, context)
            request = self._parse(method, raw)
            answer = await self._bounded(method, request, context)
        except asyncio.CancelledError:
            metrics.calls.labels(method.short_name, "CANCELLED").inc()
            raise
        except Exception as error:
            await self._end(method, context, request_id, error)
        finally:
            method.seconds.observe((clock.steady_us() - started_us) / 1_000_000)
        method.answered.inc()
        context.set_trailing_metadata(((_REQUEST_ID, request_id),))
        return answer

    async def _bounded(self, method: _Method, request: Any, context: Any) -> Any:
        left = context.time_remaining()
        if left is not None and left < UNARY_SECONDS:
            return await method.behaviour(request, context)
        try:
            async with asyncio.timeout(UNARY_SECONDS):
                return await method.behaviour(request, context)
        except TimeoutError as error:
            raise refused(
                "DEADLINE_EXCEEDED",
                "",
                f"no answer within {UNARY_SECONDS:.0f} s; a write may have been done: repeat it "
                "with the same request_id",
            ) from error

    # ---- streams -------------------------------------------------------------------------------

    async def _stream(self, method: _Method, raw: Any, context: Any) -> AsyncIterator[Any]:
        metrics, streams = self._services.metrics, self._services.streams
        request_id, caller = "", None
        try:
            request_id = self._admit(method, context)
            if method.name not in LIMITED_ELSEWHERE:
                streams.enter(calls.caller())
                caller = calls.caller()
                metrics.streams.inc()
            await context.send_initial_metadata(((_REQUEST_ID, request_id),))
            request = (
                self._parse(method, raw) if isinstance(raw, bytes) else self._frames(method, raw)
            )
            async for frame in method.behaviour(request, context):
                yield frame
        except (asyncio.CancelledError, GeneratorExit):
            metrics.calls.labels(method.short_name, "CANCELLED").inc()
            raise
        except Exception as error:
            await self._end(method, context, request_id, error)
        finally:
            if caller is not None:
                streams.leave(caller)
                metrics.streams.dec()
        metrics.calls.labels(method.short_name, "OK").inc()

    async def _frames(self, method: _Method, raws: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        async for raw in raws:
            yield self._parse(method, raw)

    # ---- admission -----------------------------------------------------------------------------

    def _admit(self, method: _Method, context: Any) -> str:
        """Find out who calls and whether they may; answers the id under which the call runs."""
        services = self._services
        credential = request_id = ""
        for key, value in context.invocation_metadata() or ():
            if key == _AUTHORIZATION:
                credential = value
            elif key == _REQUEST_ID:
                request_id = value
        if not 0 < len(request_id) <= 128 or not request_id.isprintable():
            request_id = f"{self._id_prefix}{next(self._id_numbers):x}"
        if credential[:7].lower() == _BEARER:
            credential = credential[7:]
        if services.pulse.draining:
            raise DRAINING
        caller = services.authenticator.verify(credential)
        if caller.scopes.isdisjoint(method.scopes):
            raise _scope_missing(caller, method)
        services.requests.take(caller, services.clock.steady_us())
        calls.begin(calls.Call(method.name, request_id, caller))
        return request_id

    def _parse(self, method: _Method, raw: bytes) -> Any:
        most = self._services.config.max_message_bytes
        if len(raw) > most:
            raise refused(
                "TOO_LARGE",
                "",
                f"the message has {len(raw)} bytes, {most} are taken; send less at once",
                limit=most,
                value=len(raw),
            )
        try:
            request = method.parse(raw)
        except DecodeError as error:
            raise invalid("", "the bytes are no message of this type", "decode") from error
        if method.check is not None:
            found: Found = []
            method.check(request, "", found)
            if found:
                raise InvalidRequest(found)
        return request

    # ---- ends ----------------------------------------------------------------------------------

    async def _end(self, method: _Method, context: Any, request_id: str, error: Exception) -> None:
        """Turn an exception into the call's status; only what was meant for clients is shown."""
        if isinstance(error, grpc.aio.AbortError):
            raise error
        status = status_of_error(error) or status_of_sequencer(error) or unexpected(error)
        metrics = self._services.metrics
        reason = reason_of(status)
        metrics.calls.labels(method.short_name, code_of(reason).name).inc()
        metrics.refusals.labels(reason).inc()
        await abort_with(context, status, (_REQUEST_ID, request_id or "none"))


def _serialise(message: Any) -> bytes:
    return message if type(message) is bytes else message.SerializeToString()


def _request_names(services: Services) -> dict[str, str]:
    return {
        f"/{service}/{method}": request for service, method, request in services.validator.methods()
    }


def _scope_missing(caller: Caller, method: _Method) -> Exception:
    wanted = " or ".join(method.scopes) or "none of the scopes"
    return refused(
        "SCOPE_MISSING",
        "authorization",
        f"{method.short_name} asks for the scope {wanted}; this key carries "
        f"{', '.join(sorted(caller.scopes)) or 'none'}",
        metadata={"scope": method.scopes[0] if method.scopes else ""},
    )
