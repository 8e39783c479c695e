"""Calls through the public doors: alone or many over a session, whole, slow, long, hostile."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest

from tests.flows.marketplace import PROMPT_TOKENS, UNIT, Marketplace, details, info_of, marketplace
from tests.support.exchange import SYMBOL
from tests.support.supplier import ScriptedSupplier, chat, chunk, delivery_id, serving, session
from thegrid.v1 import (
    chat_pb2,
    delivery_pb2,
    delivery_pb2_grpc,
    members_pb2,
    supply_pb2,
    supply_pb2_grpc,
    usage_pb2,
)

FRAME_BYTES = 262_144


def deliver(market: Marketplace, request: chat_pb2.ChatRequest, **fields: Any) -> Any:
    stub = market.exchange.stub(delivery_pb2_grpc.DeliveryServiceStub, market.consumer.secret)
    fields.setdefault("delivery_id", delivery_id())
    opening = delivery_pb2.Open(instrument=SYMBOL, request=request, **fields)
    return stub.Deliver(delivery_pb2.DeliverRequest(open=opening), timeout=10)


# ---- Deliver -----------------------------------------------------------------------------------


async def test_a_call_of_its_own(market: Marketplace, supplier: ScriptedSupplier) -> None:
    call = deliver(market, chat(max_tokens=100), client_request_id="req-7")
    opened = await supplier.handed(1)
    assert opened.model == "demo-model"
    assert opened.first_token_ms == 2_000
    assert opened.max_output_tokens == 100
    assert opened.request.messages[0].text == "Say hello"
    await supplier.answer(1)
    events = [event async for frame in call for event in frame.events]
    kinds = [event.WhichOneof("event") for event in events]
    assert (kinds[0], kinds[-1]) == ("started", "ended")
    started, ended = events[0].started, events[-1].ended
    assert started.usage_id == ended.usage.usage_id
    assert started.supplier_id == market.suppliers[0].member_id
    assert started.prompt_tokens == PROMPT_TOKENS
    assert ended.reply.choices[0].finish_reason == "stop"
    assert ended.reply.id == "chatcmpl-1"
    assert ended.reply.usage.total_tokens == PROMPT_TOKENS + 3
    usage = ended.usage
    assert usage.status == usage_pb2.USAGE_STATUS_FINAL
    assert usage.draws[0].issuer_id == market.suppliers[0].member_id
    assert usage.draws[0].lot_id
    assert usage.draws[0].cost_trade_id
    assert usage.client_request_id == "req-7"
    assert (await market.usage("req-7")).usage_id == usage.usage_id


async def test_what_is_counted_about_deliveries(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    _, call = await market.session.open(market.consumer.secret)
    await supplier.handed(1)
    await supplier.answer(1)
    await call.done()
    page = market.exchange.running.services.metrics.exposition().decode()
    assert 'grid_deliveries_total{cause="completed",verdict="in_spec"} 1.0' in page
    assert f"grid_delivered_tokens_total {PROMPT_TOKENS + 3}.0" in page
    assert "grid_first_token_seconds_count 1.0" in page


async def test_a_refusal_is_the_status_of_the_call(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async for _ in deliver(market, chat(max_tokens=20_000)):
            pass
    info, fields = info_of(raised.value)
    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert info.reason == "CONTEXT_EXCEEDED"
    assert fields == {"max_tokens"}, "the cap that the caller wrote"
    assert info.metadata["limit"] == "16384"


async def test_leaving_the_stream_ends_the_call(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    call = deliver(market, chat(max_tokens=100), delivery_id="dlv_leaving000000000001")
    await supplier.handed(1)
    await supplier.say(1, chunk("one two"))
    await call.read()
    call.cancel()
    await supplier.until(lambda: 1 in supplier.cancelled)
    usage = await market.usage("dlv_leaving000000000001")
    assert usage.verdict == usage_pb2.VERDICT_CANCELLED_BY_CLIENT
    assert usage.billed_tokens == PROMPT_TOKENS + 2


async def test_deliveries_do_not_use_up_a_keys_streams(tmp_path: Path) -> None:
    async with marketplace(tmp_path, max_streams_per_key=2, max_deliveries_per_key=5) as market:
        async with serving(market.exchange, market.suppliers[0]) as supplier:
            calls = [deliver(market, chat(max_tokens=10)) for _ in range(5)]
            await supplier.handed(5)
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await anext(aiter(deliver(market, chat(max_tokens=10))))
            info, _ = info_of(raised.value)
            assert (info.reason, info.metadata["limit"]) == ("RATE_LIMITED", "5")
            for call in calls:
                call.cancel()
            await supplier.until(lambda: len(supplier.cancelled) == 5)
        await market.check()


async def test_nobody_serves(market: Marketplace) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        async for _ in deliver(market, chat()):
            pass
    assert info_of(raised.value)[0].reason == "NO_SUPPLIER"


# ---- sessions ----------------------------------------------------------------------------------


async def test_many_calls_share_frames(market: Marketplace, supplier: ScriptedSupplier) -> None:
    serving_all = asyncio.create_task(supplier.serve_all())
    calls = [(await market.session.open(market.consumer.secret))[1] for _ in range(200)]
    for call in calls:
        assert (await call.done()).WhichOneof("event") == "ended"
        assert call.text == "Hello there."
    serving_all.cancel()
    assert len(market.session.frames) < 600
    assert max(market.session.frames) <= FRAME_BYTES


async def test_what_json_said_goes_through_untouched(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    request = chat(max_tokens=50, extra_json=b'{"unknown":{"deep":[1,null,2.50]}}')
    request.messages[0].extra_json = b'{"x":1}'
    request.tools.add(type="function").function.parameters_json = b'{"type" :"object"}'
    _, call = await market.session.open(market.consumer.secret, request)
    assert (await supplier.handed(1)).request == request
    said = chunk("Hi", extra_json=b'{"annotations":[]}')
    said.extra_json = b'{"provider":"p"}'
    said.choices[0].logprobs_json = b'{"content":[{"logprob":-0.10}]}'
    expected = chat_pb2.ChatReply.FromString(said.SerializeToString())
    await supplier.say(1, said)
    await call.until(lambda: "reply" in call.kinds)
    assert call.events[1].reply == expected
    await supplier.say(1, chunk(finish="stop"))
    await supplier.end(1)
    await call.done()


async def test_keys_are_verified_for_every_call(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    _, unknown = await market.session.open("key_nobody.secret")
    assert details((await unknown.done()).failed.status)[0].reason == "KEY_UNKNOWN"
    _, none = await market.session.open("")
    assert details((await none.done()).failed.status)[0].reason == "KEY_MISSING"
    _, other = await market.session.open(market.gateway_secret)
    assert details((await other.done()).failed.status)[0].reason == "SCOPE_MISSING"
    _, good = await market.session.open(market.consumer.secret)
    await supplier.answer(await _number(supplier))
    assert (await good.done()).WhichOneof("event") == "ended"


async def _number(supplier: ScriptedSupplier) -> int:
    await supplier.until(lambda: bool(supplier.opened))
    return max(supplier.opened)


async def test_a_consumers_key_opens_no_session(market: Marketplace) -> None:
    async with session(market.exchange, market.consumer.secret) as stranger:
        async with asyncio.timeout(5):
            await asyncio.wait([stranger._reader])
        assert stranger.error is not None
        assert info_of(stranger.error)[0].reason == "SCOPE_MISSING"


async def test_a_number_is_used_once(market: Marketplace, supplier: ScriptedSupplier) -> None:
    await market.session.open(market.consumer.secret)
    opening = delivery_pb2.Open(
        delivery_id=delivery_id(), instrument=SYMBOL, credential=market.consumer.secret
    )
    await market.session.send(delivery_pb2.DeliveryCommand(call=1, open=opening))
    async with asyncio.timeout(5):
        await asyncio.wait([market.session._reader])
    assert market.session.error is not None
    assert info_of(market.session.error)[0].reason == "PROTOCOL_VIOLATION"


async def test_a_slow_reader_stops_only_his_own_supplier(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    number, slow = await market.session.open(
        market.consumer.secret, chat(max_tokens=16_000), window_bytes=2_000
    )
    window_bytes = (await supplier.handed(1)).window_bytes
    text = "x. " * 300
    sent_bytes = 0
    while sent_bytes < window_bytes:
        reply = chunk(text)
        sent_bytes += reply.ByteSize()
        await supplier.say(1, reply)
        if sent_bytes < 3_000:
            await slow.until(lambda: "reply" in slow.kinds)
        if sent_bytes > 60_000:
            break
    _, quick = await market.session.open(market.consumer.secret)
    await supplier.handed(2)
    await supplier.answer(2)
    await quick.done()
    shown_bytes = sum(e.reply.ByteSize() for e in slow.events)
    assert shown_bytes < 2_000 + 1_100
    assert 1 not in supplier.granted
    before = len(slow.events)
    await market.session.grant(number, 1_000_000)
    await slow.until(lambda: len(slow.events) > before)
    await market.session.cancel(number)


async def test_a_window_that_opens_lets_the_rest_flow(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    number, call = await market.session.open(market.consumer.secret, window_bytes=0)
    await supplier.handed(1)
    await supplier.answer(1, "one two three")
    await asyncio.sleep(0.02)
    assert call.kinds == []
    await market.session.grant(number, 1)
    assert (await call.done()).WhichOneof("event") == "ended"
    assert call.text == "one two three"


async def test_a_long_request_travels_in_parts(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    request = chat("Count the sheep, one by one. " * 15_000, max_tokens=10)
    request.extra_json = b'{"padding":"' + b"p" * 3_000_000 + b'"}'
    content = request.SerializeToString()
    number, call = await market.session.open(market.consumer.secret, parts_bytes=len(content))
    await call.until(lambda: call.granted_bytes >= len(content) - 1_048_576)
    for start in range(0, len(content), 60_000):
        part = delivery_pb2.RequestPart(data=content[start : start + 60_000])
        await market.session.send(delivery_pb2.DeliveryCommand(call=number, part=part))
    opened = await supplier.handed(1)
    assert opened.parts_bytes == len(content)
    assert not opened.HasField("request")
    await supplier.until(lambda: len(supplier.parts.get(1, b"")) >= 1_048_576)
    await asyncio.sleep(0.05)
    assert len(supplier.parts[1]) < 1_048_576 + 65_536
    window = delivery_pb2.WindowGrant(bytes=len(content))
    await supplier.send(events=[supply_pb2.SupplierEvent(call=1, window=window)])
    await supplier.until(lambda: len(supplier.parts[1]) == len(content))
    assert chat_pb2.ChatRequest.FromString(supplier.parts[1]) == request
    await supplier.answer(1)
    assert (await call.done()).WhichOneof("event") == "ended"


@pytest.mark.parametrize("parts", [[b"\xff" * 100], [b"x" * 60, b"x" * 60]])
async def test_parts_that_are_no_request_are_refused(
    market: Marketplace, supplier: ScriptedSupplier, parts: list[bytes]
) -> None:
    number, call = await market.session.open(market.consumer.secret, parts_bytes=100)
    for data in parts:
        part = delivery_pb2.RequestPart(data=data)
        await market.session.send(delivery_pb2.DeliveryCommand(call=number, part=part))
    info, fields = details((await call.done()).failed.status)
    assert info.reason == "INVALID_ARGUMENT"
    assert fields == {"part"}


async def test_long_prompts_do_not_hold_up_the_others(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    serving_all = asyncio.create_task(supplier.serve_all())
    text = "The quick brown fox jumps over the lazy dog. " * 2_500
    long_calls = [
        (await market.session.open(market.consumer.secret, chat(text, max_tokens=10)))[1]
        for _ in range(5)
    ]
    _, short = await market.session.open(market.consumer.secret)
    await short.done()
    for call in long_calls:
        await call.done()
    serving_all.cancel()


# ---- many and much -----------------------------------------------------------------------------


async def test_a_thousand_calls_on_one_lot_with_room_for_five_hundred(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    request = chat(max_tokens=UNIT // 500 - PROMPT_TOKENS)
    calls = [(await market.session.open(market.consumer.secret, request))[1] for _ in range(1_000)]
    await supplier.until(lambda: len(supplier.opened) == 500)
    async with asyncio.timeout(20):
        while sum(call.over.is_set() for call in calls) < 500:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert (await market.balance()).lot_tokens == 0
    for number in list(supplier.opened):
        await supplier.answer(number)
    events = [await call.done() for call in calls]
    refused = [e for e in events if e.WhichOneof("event") == "failed"]
    assert len(refused) == 500
    assert {details(e.failed.status)[0].reason for e in refused} == {"INSUFFICIENT_UNITS"}
    balance = await market.balance()
    assert balance.consumed_tokens == 500 * (PROMPT_TOKENS + 3)
    assert balance.lot_tokens == UNIT - balance.consumed_tokens


# ---- suppliers ---------------------------------------------------------------------------------


async def test_a_supplier_says_hello_first(market: Marketplace) -> None:
    stub = market.exchange.stub(_SupplyStub, market.suppliers[0].secret)
    call = stub.Serve()
    await call.write(supply_pb2.ServeRequest(draining=True))
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    assert info_of(raised.value)[0].reason == "PROTOCOL_VIOLATION"


@pytest.mark.parametrize(
    ("instruments", "reason"),
    [(("nothing",), "INSTRUMENT_NOT_FOUND"), ((SYMBOL,), "OFFER_NOT_FOUND")],
)
async def test_a_supplier_needs_an_offer(
    market: Marketplace, instruments: tuple[str, ...], reason: str
) -> None:
    newcomer = await market.exchange.create_member(
        "newcomer", scopes=("SUPPLY",), roles=("SUPPLIER",)
    )
    async with serving(market.exchange, newcomer, instruments=instruments) as supplier:
        assert supplier.error is not None
        assert info_of(supplier.error)[0].reason == reason


async def test_a_revoked_supplier_is_cut_within_a_second(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    assert supplier.welcome is not None
    assert list(supplier.welcome.relay_addresses) == [market.exchange.target]
    member = market.suppliers[0]
    _, call = await market.session.open(market.consumer.secret)
    await supplier.handed(1)
    await supplier.say(1, chunk("one"))
    await call.until(lambda: "reply" in call.kinds)
    await member.members.RevokeKey(
        members_pb2.RevokeKeyRequest(
            request_id=market.exchange.request_id(), key_id=member.secret.partition(".")[0]
        )
    )
    async with asyncio.timeout(1):
        await supplier.until(lambda: supplier.is_over)
        assert details((await call.done()).failed.status)[0].reason == "SUPPLIER_LOST"
    member.secret = await market.exchange.create_key(member.member_id, ("TRADE_READ", "SUPPLY"))


async def test_draining_is_said_and_running_calls_end(tmp_path: Path) -> None:
    async with marketplace(tmp_path) as market:  # noqa: SIM117 - one needs the other
        async with serving(market.exchange, market.suppliers[0]) as supplier:
            _, call = await market.session.open(market.consumer.secret)
            await supplier.handed(1)
            stopping = asyncio.create_task(market.exchange.running.stop(5))
            async with asyncio.timeout(5):
                while not (market.session.is_draining and supplier.is_draining):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await supplier.answer(1)
            assert (await call.done()).WhichOneof("event") == "ended"
            async with asyncio.timeout(5):
                await stopping


class _SupplyStub:
    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.Serve = supply_pb2_grpc.SupplyServiceStub(channel).Serve
