"""What is asked about deliveries beside their streams: a count beforehand, and an early end."""

from typing import Any

from tests.flows.marketplace import Marketplace
from tests.support.exchange import SYMBOL
from tests.support.refusals import refused
from tests.support.supplier import ScriptedSupplier, chat, delivery_id
from thegrid.v1 import chat_pb2, delivery_pb2, delivery_pb2_grpc


async def test_a_count_beforehand_is_what_is_reserved_and_billed(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    request = chat("a prompt of some words", max_tokens=5)
    counted = await _delivery(market).CountTokens(
        delivery_pb2.CountTokensRequest(instrument=SYMBOL, request=request)
    )
    assert (counted.tokenizer, counted.metering_version) == ("o200k_base", 1)
    call = _deliver(market, request)
    await supplier.handed(1)
    await supplier.answer(1)
    events = [event async for frame in call for event in frame.events]
    assert events[-1].ended.usage.counted.prompt_tokens == counted.prompt_tokens > 5


async def test_what_cannot_be_counted_and_what_does_not_run_is_refused(
    market: Marketplace,
) -> None:
    stub = _delivery(market)
    hostile = delivery_pb2.CountTokensRequest(instrument=SYMBOL, request=chat(" " * 1_000_000))
    assert (await refused(stub.CountTokens(hostile))).reason == "CONTENT_REFUSED"
    absent = delivery_pb2.CountTokensRequest(instrument="gpt", request=chat("hi"))
    assert (await refused(stub.CountTokens(absent))).reason == "INSTRUMENT_NOT_FOUND"
    unknown = delivery_pb2.CancelDeliveryRequest(id=delivery_id())
    assert (await refused(stub.CancelDelivery(unknown))).reason == "DELIVERY_NOT_FOUND"


async def test_nobody_cancels_a_delivery_of_another_member(
    market: Marketplace, supplier: ScriptedSupplier
) -> None:
    stranger = await market.exchange.create_member("stranger")
    name = delivery_id()
    call = _deliver(market, chat(max_tokens=5), name)
    await supplier.handed(1)
    stub = market.exchange.stub(delivery_pb2_grpc.DeliveryServiceStub, stranger.secret)
    cancel = delivery_pb2.CancelDeliveryRequest(id=name)
    assert (await refused(stub.CancelDelivery(cancel))).reason == "DELIVERY_NOT_FOUND"
    await supplier.answer(1)
    events = [event async for frame in call for event in frame.events]
    assert events[-1].WhichOneof("event") == "ended"


def _delivery(market: Marketplace) -> Any:
    return market.exchange.stub(delivery_pb2_grpc.DeliveryServiceStub, market.consumer.secret)


def _deliver(market: Marketplace, request: chat_pb2.ChatRequest, name: str = "") -> Any:
    opening = delivery_pb2.Open(
        instrument=SYMBOL, request=request, delivery_id=name or delivery_id()
    )
    return _delivery(market).Deliver(delivery_pb2.DeliverRequest(open=opening), timeout=10)
