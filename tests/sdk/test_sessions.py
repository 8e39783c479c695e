"""Order sessions and deliveries of both clients against a scripted exchange.
Unary calls are in test_calls, streams of data in test_streams.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

import thegrid
from tests.support.clients import Both
from tests.support.fault_server import Answer, FaultServer, Refusal
from thegrid import errors
from thegrid.v1 import chat_pb2, delivery_pb2, trading_pb2, usage_pb2

Frame = trading_pb2.OrderSessionResponse
TERMS = thegrid.order_terms("text-prime", "buy", 1, 1_000_000)
READY = Frame(
    ready=trading_pb2.OrderSessionReady(open_orders=[trading_pb2.Order(order_id="ord_old")])
)


def results(commands: list[Any]) -> Frame:
    """Accept what is placed, refuse what is cancelled."""
    made = []
    for command in commands:
        result = trading_pb2.BatchResult(order=trading_pb2.Order(order_id=command.request_id))
        if command.item.HasField("cancel"):
            refusal = Refusal(grpc.StatusCode.NOT_FOUND, "ORDER_NOT_FOUND")
            result = trading_pb2.BatchResult(error=refusal.status())
        made.append(trading_pb2.OrderSessionResult(client_seq=command.client_seq, result=result))
    return Frame(results=made)


def obey(frames: Iterator[Any]) -> Iterator[Frame]:
    assert next(frames).logon.session_id == "s1"
    yield READY
    for frame in frames:
        yield results(frame.commands)


def obey_once(frames: Iterator[Any]) -> Iterator[Frame]:
    next(frames)
    yield READY
    yield results(next(frames).commands)
    next(frames)


async def send_all(both: Both, items: list[Any], **options: Any) -> list[Any]:
    """Send steps over one session, all under way at once; errors are answers too."""
    if both.kind == "aio":
        async with both.client.order_session("s1", **options) as session:
            sent = [session.send(item, f"r{n}") for n, item in enumerate(items)]
            return [session.open_orders, *await asyncio.gather(*sent, return_exceptions=True)]

    def run() -> list[Any]:
        with both.client.order_session("s1", **options) as session:
            futures = [session.submit(item, f"r{n}") for n, item in enumerate(items)]
            return [session.open_orders, *(f.exception(5) or f.result(5) for f in futures)]

    return await asyncio.to_thread(run)


async def test_steps_are_pipelined_and_each_gets_its_own_answer(
    both: Both, server: FaultServer
) -> None:
    server.script("OrderSession", Answer(respond=obey))
    items = [thegrid.place_item(TERMS) for _ in range(1200)]
    items[7] = thegrid.cancel_item("ord_x")
    open_orders, *answers = await send_all(both, items)
    assert [order.order_id for order in open_orders] == ["ord_old"]
    assert isinstance(answers[7], errors.NotFound)
    assert answers[7].request_id == "r7"
    placed = [answer.result.order.order_id for n, answer in enumerate(answers) if n != 7]
    assert placed == [f"r{n}" for n in range(1200) if n != 7]


async def test_a_lost_session_fails_what_was_under_way_by_its_request_id(
    both: Both, server: FaultServer
) -> None:
    lost = Refusal(grpc.StatusCode.UNAVAILABLE, "DRAINING", "going down")
    server.script("OrderSession", Answer(respond=obey_once, end=lost))

    async def over_aio() -> list[Any]:
        async with both.client.order_session("s1") as session:
            first = await session.send(thegrid.place_item(TERMS), "r0")
            second = await asyncio.gather(
                session.send(thegrid.place_item(TERMS), "r1"), return_exceptions=True
            )
            third = await asyncio.gather(
                session.send(thegrid.place_item(TERMS), "r2"), return_exceptions=True
            )
            return [first, *second, *third]

    def over_sync() -> list[Any]:
        with both.client.order_session("s1") as session:
            answers: list[Any] = [session.send(thegrid.place_item(TERMS), "r0")]
            for request_id in ("r1", "r2"):
                try:
                    answers.append(session.send(thegrid.place_item(TERMS), request_id))
                except errors.GridError as error:
                    answers.append(error)
            return answers

    if both.kind == "aio":
        first, second, third = await over_aio()
    else:
        first, second, third = await asyncio.to_thread(over_sync)
    assert first.result.order.order_id == "r0"
    assert isinstance(second, errors.Unavailable)
    assert (second.request_id, second.reason) == ("r1", "DRAINING")
    assert "going down" in str(third)


async def test_a_refused_logon_is_an_error(both: Both, server: FaultServer) -> None:
    taken = Refusal(grpc.StatusCode.ALREADY_EXISTS, "ALREADY_OPEN")
    server.script(
        "OrderSession", Answer(respond=lambda frames: iter([next(frames)][1:]), end=taken)
    )
    with pytest.raises(errors.Conflict):
        await send_all(both, [])


async def test_a_call_refused_before_it_is_read_is_opened_once_more(
    both: Both, server: FaultServer
) -> None:
    refused = Refusal(grpc.StatusCode.UNAUTHENTICATED, "KEY_UNKNOWN")
    server.script("OrderSession", *[refused] * 5)
    with pytest.raises((errors.AuthError, errors.Unavailable)):
        await send_all(both, [])


def event(**step: Any) -> delivery_pb2.DeliverResponse:
    return delivery_pb2.DeliverResponse(events=[delivery_pb2.DeliveryEvent(call=1, **step)])


def piece(text: str, index: int = 0) -> chat_pb2.ChatReply:
    delta = chat_pb2.ChatMessage(text=text)
    return chat_pb2.ChatReply(choices=[chat_pb2.ChatChoice(index=index, delta=delta)])


STARTED = event(started=delivery_pb2.DeliveryStarted(usage_id="usg_1", serving_model="demo"))
RECORD = usage_pb2.UsageRecord(usage_id="usg_1", billed_tokens=12)
ENDED = event(ended=delivery_pb2.DeliveryEnded(reply=piece(""), usage=RECORD))


async def text_of(both: Both, **options: Any) -> tuple[str, Any]:
    if both.kind == "aio":
        delivery = both.client.deliver("text-prime", "Hello", **options)
        return await delivery.text(), delivery

    def run() -> tuple[str, Any]:
        delivery = both.client.deliver("text-prime", "Hello", **options)
        return delivery.text(), delivery

    return await asyncio.to_thread(run)


async def test_a_delivery_streams_its_answer_and_ends_with_its_record(
    both: Both, server: FaultServer
) -> None:
    frames = [STARTED, event(reply=piece("Good ")), event(reply=piece("day")), ENDED]
    server.script("Deliver", Answer(frames))
    wanted = delivery_pb2.DeliveryPreferences(regions=["eu-north"], hedge_after_percent=50)
    text, delivery = await text_of(
        both, max_output_tokens=9, max_price_micros=5, preferences=wanted
    )
    assert text == "Good day"
    assert (delivery.started.serving_model, delivery.usage.billed_tokens) == ("demo", 12)
    asked = server.seen[0].request.open
    assert asked.delivery_id == delivery.delivery_id
    assert asked.request.messages[0].text == "Hello"
    assert asked.request.max_completion_tokens == 9
    assert asked.preferences.max_price_micros == 5
    assert list(asked.preferences.regions) == ["eu-north"]
    assert asked.preferences.hedge_after_percent == 50


async def test_a_bad_end_raises_its_reason_with_the_record(both: Both, server: FaultServer) -> None:
    lost = Refusal(grpc.StatusCode.UNAVAILABLE, "SUPPLIER_LOST", "the supplier was lost")
    failed = delivery_pb2.DeliveryFailed(status=lost.status(), usage=RECORD)
    server.script("Deliver", Answer([STARTED, event(reply=piece("Go")), event(failed=failed)]))
    with pytest.raises(errors.DeliveryFailed) as caught:
        await text_of(both)
    assert caught.value.reason == "SUPPLIER_LOST"
    assert caught.value.usage is not None
    assert caught.value.usage.usage_id == "usg_1"


async def test_an_answer_without_its_end_is_never_taken_for_whole(
    both: Both, server: FaultServer
) -> None:
    server.script("Deliver", Answer([STARTED, event(reply=piece("Go"))]))
    with pytest.raises(errors.DeliveryFailed, match="before the delivery did"):
        await text_of(both)


async def test_a_call_that_fails_is_not_run_again(both: Both, server: FaultServer) -> None:
    server.script("Deliver", Refusal(grpc.StatusCode.UNAVAILABLE, "NO_SUPPLIER"))
    with pytest.raises(errors.Unavailable) as caught:
        await text_of(both)
    assert caught.value.reason == "NO_SUPPLIER"
    assert len(server.seen) == 1


async def test_leaving_a_delivery_cancels_it(both: Both, server: FaultServer) -> None:
    server.script("Deliver", Answer([STARTED, event(reply=piece("Go"))], "hang"))
    items = await both.take(lambda client: client.deliver("text-prime", [("user", "Hi")]), 1)
    assert items[0].started.usage_id == "usg_1"
    assert await asyncio.to_thread(server.left.acquire, timeout=5)


async def test_messages_that_are_no_pairs_are_refused_by_name(both: Both) -> None:
    with pytest.raises(TypeError, match="messages: write pairs"):
        both.client.deliver("text-prime", ["Hello"])
