"""Requests that are odd, hostile or too much: refused by field and reason, or counted by policy."""

from typing import Any

import pytest

from tests.flows.marketplace import PROMPT_TOKENS, UNIT, Marketplace, details
from tests.support.supplier import ScriptedSupplier, chat, serving
from thegrid.v1 import chat_pb2, delivery_pb2

# ---- hostile and odd content -------------------------------------------------------------------


def _request(**fields: Any) -> chat_pb2.ChatRequest:
    return chat(max_tokens=10, **fields)


@pytest.mark.parametrize(
    ("request_", "reason", "field"),
    [
        (chat(" " * 1_000_000), "CONTENT_REFUSED", "messages[0].content"),
        (chat("\t \n" * 40_000), "CONTENT_REFUSED", "messages[0].content"),
        (chat_pb2.ChatRequest(), "INVALID_ARGUMENT", "request.messages"),
        (_request(n=0), "INVALID_ARGUMENT", "request.n"),
        (_request(n=1_000), "INVALID_ARGUMENT", "request.n"),
        (chat(max_tokens=0), "INVALID_ARGUMENT", "request.max_tokens"),
        (chat(max_completion_tokens=-5), "INVALID_ARGUMENT", "request.max_completion_tokens"),
        (_request(extra_json=b"{oops"), "INVALID_ARGUMENT", "request.extra_json"),
        (_request(extra_json=b"[1]"), "INVALID_ARGUMENT", "request.extra_json"),
        (chat("word " * 140_000), "CONTEXT_EXCEEDED", "messages"),
    ],
)
async def test_bad_requests_name_field_and_reason(
    market: Marketplace,
    supplier: ScriptedSupplier,
    request_: chat_pb2.ChatRequest,
    reason: str,
    field: str,
) -> None:
    content = request_.SerializeToString()
    if len(content) > 200_000:
        number, call = await market.session.open(market.consumer.secret, parts_bytes=len(content))
        for start in range(0, len(content), 200_000):
            part = delivery_pb2.RequestPart(data=content[start : start + 200_000])
            await market.session.send(delivery_pb2.DeliveryCommand(call=number, part=part))
    else:
        _, call = await market.session.open(market.consumer.secret, request_)
    event = await call.done()
    info, fields = details(event.failed.status)
    assert (info.reason, fields) == (reason, {field})
    assert not event.failed.HasField("usage")


async def test_a_bad_command_ends_its_own_call_only(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    secret = market.consumer.secret
    _, good = await market.session.open(secret)
    await supplier.handed(1)
    for fields in (
        {"delivery_id": "nonsense"},
        {"client_request_id": "x" * 129},
        {"traceparent": "t" * 65},
        {"window_bytes": -1},
    ):
        _, bad = await market.session.open(secret, **fields)
        info, named = details((await bad.done()).failed.status)
        assert info.reason == "INVALID_ARGUMENT"
        assert named == {f"open.{next(iter(fields))}"}
    number, other = await market.session.open(secret)
    await supplier.handed(2)
    await market.session.grant(number, -5)
    assert details((await other.done()).failed.status)[1] == {"window.bytes"}
    await supplier.until(lambda: 2 in supplier.cancelled)
    await supplier.answer(1)
    assert (await good.done()).WhichOneof("event") == "ended"


async def test_images_are_counted_by_policy_and_sound_is_refused(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    request = chat(max_tokens=10)
    parts = request.messages[0].parts
    parts.parts.add(type="text", text="Say hello")
    parts.parts.add(type="image_url").image_url.url = "data:image/png;base64,AAAA"
    low = parts.parts.add(type="image_url").image_url
    low.url, low.detail = "https://example.org/a.png", "low"
    _, call = await market.session.open(market.consumer.secret, request)
    await supplier.handed(1)
    await supplier.answer(1)
    usage = (await call.done()).ended.usage
    assert usage.counted.prompt_tokens == PROMPT_TOKENS + 765 + 85
    parts.parts.add(type="input_audio")
    _, refused = await market.session.open(market.consumer.secret, request)
    info, fields = details((await refused.done()).failed.status)
    assert (info.reason, fields) == ("CONTENT_REFUSED", {"messages[0].content[3].type"})


async def test_a_field_that_nobody_honours_is_refused_by_name(market: Marketplace) -> None:
    plain = await market.supplier("plain", 2 * UNIT, honoured_fields=["seed"])
    async with serving(market.exchange, plain) as supplier:
        _, call = await market.session.open(
            market.consumer.secret, _request(logit_bias_json=b'{"1":2}')
        )
        info, fields = details((await call.done()).failed.status)
        assert (info.reason, fields) == ("FIELD_NOT_HONOURED", {"logit_bias"})
        assert info.metadata["field"] == "logit_bias"
        _, call = await market.session.open(
            market.consumer.secret,
            _request(seed=7, presence_penalty=0.0, n=1, user="u", logit_bias_json=b"{}"),
        )
        await supplier.handed(1)
        await supplier.answer(1)
        await call.done()
