"""Refusals and failures: OpenAI's shape, the right status, the parameter, and whether to retry."""

from typing import Any

import httpx
import openai
import pytest

from tests.support.gateway import RunningGateway, running_gateway
from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, Call, StandIn, status
from thegrid.v1 import errors_pb2
from thegrid_gateway.errors import REASONS, ApiError
from thegrid_gateway.validation import request_check

HELLO: list[Any] = [{"role": "user", "content": "hi"}]
BODY: dict[str, Any] = {"model": "text-prime", "messages": HELLO}


def test_every_reason_of_the_contract_has_a_row() -> None:
    names = {name.removeprefix("ERROR_REASON_") for name in errors_pb2.ErrorReason.keys()}  # noqa: SIM118
    assert set(REASONS) == names - {"UNSPECIFIED"}


def refusing(reason: str, **more: Any) -> Any:
    async def script(call: Call) -> None:
        call.fail(status(reason, f"because {reason}", **more))

    return script


REFUSALS = [
    ("INSUFFICIENT_FUNDS", 402, "insufficient_quota", "insufficient_funds", "false"),
    ("ABOVE_CEILING", 503, "service_unavailable", "above_ceiling", "true"),
    ("NO_LIQUIDITY", 503, "service_unavailable", "no_liquidity", "true"),
    ("INSTRUMENT_NOT_FOUND", 404, "invalid_request_error", "model_not_found", "false"),
    ("RATE_LIMITED", 429, "rate_limit_error", "rate_limit_exceeded", "true"),
    ("SATURATED", 503, "service_unavailable", "saturated", "true"),
    ("CONTEXT_EXCEEDED", 400, "invalid_request_error", "context_length_exceeded", "false"),
    ("FIRST_TOKEN_LATE", 504, "server_error", "first_token_late", "true"),
    ("SUPPLIER_LOST", 502, "server_error", "supplier_lost", "true"),
    ("CLIENT_FAULT", 400, "invalid_request_error", "invalid_request", "false"),
    ("DELIVERY_EXISTS", 409, "invalid_request_error", "idempotency_key_in_use", "false"),
    ("KEY_REVOKED", 401, "authentication_error", "key_revoked", "false"),
    ("A_LATER_REASON", 400, "invalid_request_error", "a_later_reason", "false"),
]


async def test_a_refusal_before_the_first_token_is_a_status(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    for reason, code, kind, word, retry in REFUSALS:
        for stream in (False, True):
            exchange.script = refusing(reason)
            answer = await http.post("/chat/completions", json={**BODY, "stream": stream})
            error = answer.json()["error"]
            assert answer.status_code == code
            assert set(error) == {"message", "type", "param", "code"}
            assert (error["type"], error["code"]) == (kind, word)
            assert error["message"] == f"because {reason}"
            assert answer.headers["x-should-retry"] == retry
            assert ("retry-after" in answer.headers) == (retry == "true")
            assert answer.headers["x-grid-request-id"] == exchange.calls[-1].usage_id


async def test_the_field_at_fault_and_the_wait_are_passed_on(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    exchange.script = refusing("FIELD_NOT_HONOURED", field_name="request.logit_bias")
    answer = await http.post("/chat/completions", json=BODY)
    assert answer.json()["error"]["param"] == "logit_bias"
    exchange.script = refusing("RATE_LIMITED", retry_after_s=7)
    answer = await http.post("/chat/completions", json=BODY)
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["retry-after-ms"] == "7000"


async def test_openais_client_raises_its_own_errors(
    client: openai.AsyncOpenAI, exchange: StandIn
) -> None:
    for reason, kind in (
        ("RATE_LIMITED", openai.RateLimitError),
        ("INSTRUMENT_NOT_FOUND", openai.NotFoundError),
        ("CONTEXT_EXCEEDED", openai.BadRequestError),
        ("MEMBER_SUSPENDED", openai.PermissionDeniedError),
    ):
        exchange.script = refusing(reason)
        with pytest.raises(kind):
            await client.chat.completions.create(model="m", messages=HELLO)


async def test_a_repeat_of_a_delivery_is_not_retried(
    gateway: RunningGateway, exchange: StandIn
) -> None:
    exchange.script = refusing("DELIVERY_EXISTS")
    async with openai.AsyncOpenAI(
        base_url=gateway.base_url, api_key=CALLER_KEY, max_retries=2
    ) as client:
        with pytest.raises(openai.ConflictError):
            await client.chat.completions.create(model="m", messages=HELLO)
    assert len(exchange.calls) == 1


async def test_keys(gateway: RunningGateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.base_url) as http:
        for headers in ({}, {"authorization": "Basic x"}, {"authorization": "Bearer"}):
            answer = await http.post("/chat/completions", json=BODY, headers=headers)
            assert answer.status_code == 401
            assert answer.json()["error"]["code"] == "invalid_api_key"
        headers = {"authorization": "Bearer key_stranger.x"}
        for path in ("/usage", "/usage/summary", "/usage/usg_1"):
            assert (await http.get(path)).status_code == 401
        assert (await http.get("/usage", headers=headers)).status_code == 401
        answer = await http.post("/chat/completions", json=BODY, headers=headers)
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"model": None}, "model", "missing_required_parameter"),
        ({"model": 5}, "model", "invalid_type"),
        ({"messages": None}, "messages", "missing_required_parameter"),
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": "hi"}, "messages", "invalid_type"),
        ({"messages": [5]}, "messages[0]", "invalid_type"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "missing_required_parameter"),
        ({"messages": [{"role": "god", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "missing_required_parameter"),
        (
            {"messages": [*HELLO, {"role": "tool", "content": "x"}]},
            "messages[1].tool_call_id",
            "missing_required_parameter",
        ),
        (
            {"messages": [{"role": "user", "content": [{"text": "x"}]}]},
            "messages[0].content[0].type",
            "missing_required_parameter",
        ),
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"top_p": -0.1}, "top_p", "decimal_below_min_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": 1.5}, "n", "invalid_type"),
        ({"n": True}, "n", "invalid_type"),
        ({"max_tokens": -1}, "max_tokens", "integer_below_min_value"),
        ({"max_completion_tokens": 1 << 70}, "max_completion_tokens", "integer_above_max_value"),
        ({"stop": ["a"] * 5}, "stop", "array_above_max_length"),
        ({"stop": 5}, "stop", "invalid_type"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"stream_options": {}}, "stream_options", "invalid_parameter_combination"),
        ({"max_tokens": 1, "max_completion_tokens": 1}, "max_tokens", None),
        ({"top_logprobs": 2}, "top_logprobs", "invalid_parameter_combination"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].function.name", None),
        ({"tools": {}}, "tools", "invalid_type"),
        ({"tool_choice": 1}, "tool_choice", "invalid_type"),
        ({"response_format": {"type": "xml"}}, "response_format.type", "invalid_value"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, None, None),
        ({"grid": {"max_price": 1}}, "grid.max_price", "unknown_parameter"),
        ({"grid": {"max_price_micros": 0}}, "grid.max_price_micros", "integer_below_min_value"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, Any], param: str | None, code: str | None) -> None:
    with pytest.raises(ApiError) as caught:
        request_check(messages_max=10)({**BODY, **change}, "")
    error = caught.value
    assert error.status == 400
    assert error.type == "invalid_request_error"
    assert param is None or error.param == param
    assert code is None or error.code == code


async def test_a_bad_field_never_reaches_the_exchange(
    http: httpx.AsyncClient, exchange: StandIn
) -> None:
    answer = await http.post("/chat/completions", json={**BODY, "temperature": 3})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "temperature"
    assert answer.headers["x-should-retry"] == "false"
    assert not exchange.calls


NO_REQUESTS = [
    b"",
    b"{",
    b"nonsense",
    b'{"model": NaN}',
    b"[" * 3_000,
    b'{"model": "m", "messages": [{"role": "user", "content": "\\ud800"}]}',
    b'{"model": "\xff"}',
    b"[]",
    b'"text"',
    b'{"model": "m", "messages": [' + b'{"a":[' * 80 + b"1" + b"]}" * 80 + b"]}",
    b'{"a": 123456789012345678901234567890, "b": NaN}',
]


async def test_a_body_that_is_no_request(http: httpx.AsyncClient, exchange: StandIn) -> None:
    for body in NO_REQUESTS:
        answer = await http.post("/chat/completions", content=body)
        assert answer.status_code == 400, body
        assert answer.json()["error"]["type"] == "invalid_request_error"
    assert not exchange.calls


async def test_paths_and_methods(http: httpx.AsyncClient) -> None:
    for path in ("/nope", "/chat/completions/", "/v1/models", "/usage/"):
        answer = await http.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] in ("unknown_url", "usage_not_found")
        assert not answer.is_redirect
    for method, path in (("GET", "/chat/completions"), ("POST", "/models"), ("PUT", "/usage")):
        answer = await http.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == ("POST" if path.startswith("/chat") else "GET, HEAD")
        assert answer.headers["x-request-id"]
        assert answer.json()["error"]["code"] == "method_not_allowed"


async def test_other_origins_are_given_nothing(http: httpx.AsyncClient) -> None:
    headers = {"origin": "https://else.where", "access-control-request-method": "POST"}
    asked = await http.options("/chat/completions", headers=headers)
    answered = await http.post("/chat/completions", json=BODY, headers=headers)
    for answer in (asked, answered):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_an_unexpected_fault_says_nothing_of_keys_or_prompts(
    http: httpx.AsyncClient, gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    pool = gateway.server._gateway.pool
    assert pool is not None

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("planted")

    pool.open = broken  # type: ignore[method-assign,assignment]
    body = {**BODY, "messages": [{"role": "user", "content": "my secret prompt"}]}
    answer = await http.post("/chat/completions", json=body)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal_error"
    assert "planted" in caplog.text
    assert answer.headers["x-request-id"] in caplog.text
    assert "planted" not in answer.text
    assert CALLER_KEY not in caplog.text
    assert "my secret prompt" not in caplog.text


async def test_without_an_exchange_the_answer_is_a_clear_503(exchange: StandIn) -> None:
    target = exchange.target
    await exchange.stop()
    async with running_gateway(target, GATEWAY_KEY, connect_wait_s=0.05) as gateway:
        headers = {"authorization": f"Bearer {CALLER_KEY}"}
        async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
            answer = await http.post("/chat/completions", json=BODY)
            assert answer.status_code == 503
            assert answer.headers["x-should-retry"] == "true"
            assert (await http.get("/models")).status_code == 503
            assert (await http.get(gateway.origin + "/readyz")).status_code == 503
            assert (await http.get(gateway.origin + "/healthz")).status_code == 200


async def test_a_refused_gateway_key_is_not_the_callers_fault(exchange: StandIn) -> None:
    import grpc

    exchange.refuse_sessions = grpc.StatusCode.UNAUTHENTICATED
    async with running_gateway(exchange.target, "key_bad.x", connect_wait_s=0.1) as gateway:
        headers = {"authorization": f"Bearer {CALLER_KEY}"}
        async with httpx.AsyncClient(base_url=gateway.base_url, headers=headers) as http:
            assert (await http.post("/chat/completions", json=BODY)).status_code == 503
            ready = await http.get(gateway.origin + "/readyz")
    assert ready.status_code == 503
    assert "UNAUTHENTICATED" in ready.json()["reason"]
