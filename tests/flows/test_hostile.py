"""Nonsense at every door: each answer names what is wrong, nothing is lost, the house lives.

Hostile values are made from the contract itself, so a field that is added is attacked as well.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from google.protobuf import descriptor, message_factory
from google.rpc import error_details_pb2, status_pb2

from tests.support.exchange import SYMBOL, Exchange, credentials
from tests.support.gateway import running_gateway
from tests.support.house import DOLLAR, House
from thegrid.v1 import (
    accounts_pb2,
    admin_pb2,
    common_pb2,
    delivery_pb2,
    instruments_pb2,
    market_data_pb2,
    members_pb2,
    supply_pb2,
    trading_pb2,
    usage_pb2,
)

MODULES = (
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
SERVICES = [
    service for module in MODULES for service in module.DESCRIPTOR.services_by_name.values()
]
UNARY = [
    method
    for service in SERVICES
    for method in service.methods
    if not (method.client_streaming or method.server_streaming)
]
STREAMS = [
    method
    for service in SERVICES
    for method in service.methods
    if method.client_streaming or method.server_streaming
]
LOST_WHILE_WRITING = "Internal error from Core"
"""What the client's own gRPC says when a call ends under its write, whatever the server said."""
NEVER = (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNIMPLEMENTED)

INTEGERS = (0, 1, -1, 7, 2**31 - 1, -(2**31), 2**63 - 1, -(2**63))
TEXTS = (
    "",
    " ",
    "x",
    "x" * 100_000,
    "\x00",
    "'; DROP TABLE journal; --",
    "../../etc/passwd",
    "\u202eevil\u0000",
    "\U0001f9ff" * 16,
    "ord_000000000001",
    "mem_000000000001",
    SYMBOL,
    "-1",
)
FIELD = descriptor.FieldDescriptor


class Attacker:
    """Makes requests of any type, of valid and of absurd values, from one seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def message(self, kind: Any, depth: int = 0) -> Any:
        made = message_factory.GetMessageClass(kind)()
        for field in kind.fields:
            # A position that is never reached is waited for, which is no nonsense.
            if depth > 4 or field.name == "min_position" or self.chance.random() < 0.2:
                continue
            self._fill(made, field, depth)
        return made

    def _fill(self, made: Any, field: Any, depth: int) -> None:
        if field.is_repeated:
            if field.message_type and field.message_type.GetOptions().map_entry:
                return
            # Many within many would be a message that the wire refuses before anybody reads it.
            count = self.chance.choice([0, 1, 2, 2, 600 if depth == 0 else 3])
            values = [self._value(field, depth) for _ in range(min(count, 3))]
            getattr(made, field.name).extend((values * 200)[:count] if values else [])
        elif field.message_type is not None:
            getattr(made, field.name).CopyFrom(self._value(field, depth))
        else:
            setattr(made, field.name, self._value(field, depth))

    def _value(self, field: Any, depth: int) -> Any:
        if field.message_type is not None:
            return self.message(field.message_type, depth + 1)
        if field.type == FIELD.TYPE_ENUM:
            return self.chance.choice([0, 1, 2, 3, 999, -5, 2**31 - 1])
        if field.type == FIELD.TYPE_STRING:
            return self.chance.choice(TEXTS)
        if field.type == FIELD.TYPE_BYTES:
            return self.chance.choice([b"", b"\x00\xff" * 50, b'{"a":'])
        if field.type == FIELD.TYPE_BOOL:
            return self.chance.random() < 0.5
        if field.type in (FIELD.TYPE_DOUBLE, FIELD.TYPE_FLOAT):
            return self.chance.choice([0.0, -1.5, float("nan"), float("inf"), 1e300])
        number = self.chance.choice(INTEGERS)
        narrow = field.type in (FIELD.TYPE_INT32, FIELD.TYPE_UINT32, FIELD.TYPE_SINT32)
        if field.type in (FIELD.TYPE_UINT32, FIELD.TYPE_UINT64):
            number = abs(number)
        return max(min(number, 2**31 - 1), -(2**31)) if narrow else number


def complaint(error: grpc.aio.AioRpcError) -> tuple[str, list[str]]:
    """Reason and fields of a refusal; every refusal has a reason of the closed list."""
    trailers = dict(error.trailing_metadata() or ())
    packed = trailers.get("grpc-status-details-bin")
    assert packed, f"no details: {error.code()} {error.details()}"
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status_pb2.Status.FromString(packed).details:
        for wanted in (info, bad):
            if detail.Is(wanted.DESCRIPTOR):
                detail.Unpack(wanted)
    assert info.domain == "thegrid"
    assert info.reason
    return info.reason, [violation.field for violation in bad.field_violations]


def check_refusal(name: str, request: Any, error: grpc.aio.AioRpcError) -> str:
    said = error.details() or ""
    assert error.code() != grpc.StatusCode.DEADLINE_EXCEEDED, f"{name} hangs: {str(request)[:2000]}"
    assert error.code() not in NEVER, f"{name}: {error.code()} {said}\n{request}"
    assert "Traceback" not in said
    assert 'File "' not in said
    if "larger than max" in said:
        return "TOO_LARGE"  # gRPC itself says so, with both sizes, before we see the message
    reason, fields = complaint(error)
    if reason == "INVALID_ARGUMENT":
        assert fields, f"{name} refuses without a field: {said}"
        assert all(fields)
    return reason


def secrets_of(method: Any, operator: str, member: str, supplier: str) -> str:
    """A key that may call the method, so that the attack gets past the door."""
    if method.containing_service.name in ("AdminService",):
        return operator
    return supplier if method.containing_service.name == "SupplyService" else member


@pytest.mark.parametrize(
    "seed", [1, *[pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 6)]]
)
async def test_every_unary_call_answers_nonsense_with_a_reason_and_a_field(
    exchange: Exchange, house: House, seed: int
) -> None:
    attacker, reasons = Attacker(seed), Counter[str]()
    member = await house.member("member", 1_000)
    seller = await house.supplier("seller", units=5)
    for method in UNARY:
        secret = secrets_of(method, exchange.operator_key, member.secret, seller.person.secret)
        if method.name == "RotateKey":  # it may end the very key that calls
            secret = await exchange.create_key(member.member_id, ("TRADE_READ",))
        for number in range(30):
            request = attacker.message(method.input_type)
            if hasattr(request, "request_id") and attacker.chance.random() < 0.8:
                request.request_id = f"{method.name}-{seed}-{number}"
            name = f"/{method.containing_service.full_name}/{method.name}"
            call = exchange.channel.unary_unary(
                name, request_serializer=lambda message: message.SerializeToString()
            )
            try:
                await call(request, metadata=credentials(secret), timeout=5)
                reasons["OK"] += 1
            except grpc.aio.AioRpcError as error:
                reasons[check_refusal(name, request, error)] += 1
    assert reasons["INVALID_ARGUMENT"] > 300
    assert len(reasons) > 5, reasons
    # Whatever was let through, the books are whole, and a sensible call still works.
    await house.books()
    assert (await member.client.accounts.balances()).cash.available_micros >= 0


@pytest.mark.parametrize("method", STREAMS, ids=lambda method: method.name)
async def test_every_stream_answers_nonsense_with_a_reason(
    exchange: Exchange, house: House, method: Any
) -> None:
    attacker = Attacker(3)
    member = await house.member("member", 1_000)
    seller = await house.supplier("seller", units=5)
    gateway = await house.gateway_key()
    name = f"/{method.containing_service.full_name}/{method.name}"
    shape = "stream_stream" if method.client_streaming else "unary_stream"
    secret = {"DeliverySession": gateway, "Serve": seller.person.secret}.get(
        method.name, member.secret
    )
    for number in range(25):
        frames = [attacker.message(method.input_type) for _ in range(1 + number % 3)]
        call = getattr(exchange.channel, shape)(
            name, request_serializer=lambda message: message.SerializeToString()
        )
        asked = iter(frames) if method.client_streaming else frames[0]
        stream = call(asked, metadata=credentials(secret), timeout=5)
        try:
            async with asyncio.timeout(0.15):
                while await stream.read() is not grpc.aio.EOF:
                    pass
        except TimeoutError:
            pass  # it was taken, and the stream waits for more
        except grpc.aio.AioRpcError as error:
            is_late = error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            if not is_late and error.details() != LOST_WHILE_WRITING:
                check_refusal(name, frames, error)
        finally:
            stream.cancel()
    await house.books()


def absurdities() -> Iterator[tuple[str, Any]]:
    """Request bodies that are JSON and no sense, each with the field at fault; empty for any."""
    good: dict[str, Any] = {"model": SYMBOL, "messages": [{"role": "user", "content": "Hi"}]}
    values: list[Any] = [None, True, -1, 2**63, 1.5, "", "x" * 10_000, [], {}, [[[]]], {"a": 1}]
    names = [
        "model",
        "messages",
        "max_tokens",
        "max_completion_tokens",
        "n",
        "stop",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "response_format",
        "temperature",
        "top_p",
        "logit_bias",
        "seed",
        "user",
        "metadata",
        "modalities",
        "presence_penalty",
        "frequency_penalty",
        "logprobs",
        "top_logprobs",
        "parallel_tool_calls",
    ]
    for name in names:
        for value in values:
            yield name, {**good, name: value}
    for role in ("", "nobody", "\u0000", None, 5):
        yield "messages", {**good, "messages": [{"role": role, "content": "Hi"}]}
    for content in (5, {"type": "text"}, [{"type": "nothing"}], [5], "\ud800" * 3):
        yield "messages", {**good, "messages": [{"role": "user", "content": content}]}


async def test_the_gateway_answers_nonsense_in_openais_own_shape(house: House) -> None:
    await house.supplier("seller", units=50)
    consumer = await house.member("consumer", 1_000, auto_ceiling_micros=2 * DOLLAR)
    codes = Counter[int]()
    async with (
        running_gateway(house.target, await house.gateway_key()) as gateway,
        httpx.AsyncClient(
            headers={"authorization": f"Bearer {consumer.secret}"}, timeout=20
        ) as http,
    ):
        address = f"{gateway.base_url}/chat/completions"
        for name, body in absurdities():
            said = await http.post(address, content=json.dumps(body).encode())
            codes[said.status_code] += 1
            assert said.status_code < 500 or said.status_code == 503, (name, body, said.text)
            if said.status_code == 200:
                continue
            error = said.json()["error"]
            assert error.keys() == {"message", "type", "param", "code"}, said.text
            assert error["message"]
            assert "Traceback" not in said.text
            if said.status_code == 400:
                param = error["param"] or ""
                named = param.startswith(name) or error["code"] == "invalid_json"
                assert named or name == "model", (name, body, error)
        for raw in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"model": NaN}', b"{}" * 10):
            said = await http.post(address, content=raw)
            assert said.status_code == 400, (raw, said.text)
            assert said.json()["error"]["type"] == "invalid_request_error"
        spaces = {"model": SYMBOL, "messages": [{"role": "user", "content": " " * 1_000_000}]}
        said = await http.post(address, json=spaces)
        assert said.status_code == 400, said.text
        assert "messages" in said.json()["error"]["param"]
        fine = {"model": SYMBOL, "messages": [{"role": "user", "content": "Say hello"}]}
        assert (await http.post(address, json=fine)).status_code == 200
    assert codes[400] > 80, codes
    await house.books()


async def test_a_position_out_of_range_is_refused_not_waited_for(house: House) -> None:
    member = await house.member("member", 1)
    position = common_pb2.Position(partition=1, seq=2**63 - 1)
    with pytest.raises(Exception, match=r"DEADLINE|INVALID|POSITION|TIMEOUT"):
        await member.client.call(
            accounts_pb2.GetBalancesRequest(min_position=position),
            accounts_pb2.GetBalancesResponse,
            timeout_s=0.5,
        )
    await house.books()
