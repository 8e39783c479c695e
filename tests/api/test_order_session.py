"""Order sessions over real gRPC: pipelined commands, results in order, cancel on disconnect."""

import asyncio
from typing import Any

import grpc

from tests.support.exchange import SYMBOL, Exchange, Participant
from tests.support.refusals import read, refusal_of
from thegrid.v1 import members_pb2, trading_pb2


def a_command(seq: int, **changes: Any) -> trading_pb2.OrderSessionCommand:
    terms = {"market": SYMBOL, "side": 1, "type": 1, "quantity_units": 1, "price_micros": 1_000}
    order = trading_pb2.OrderTerms(**{**terms, **changes})
    return trading_pb2.OrderSessionCommand(
        client_seq=seq, request_id=f"r{seq}", item=trading_pb2.BatchItem(place=order)
    )


async def opened(member: Participant, session_id: str = "s", **logon: Any) -> tuple[Any, Any]:
    call = member.trading.OrderSession()
    await call.write(
        trading_pb2.OrderSessionRequest(
            logon=trading_pb2.OrderSessionLogon(session_id=session_id, **logon)
        )
    )
    return call, await asyncio.wait_for(call.read(), 5)


async def results(call: Any, count: int) -> list[trading_pb2.OrderSessionResult]:
    found: list[trading_pb2.OrderSessionResult] = []
    while len(found) < count:
        found += (await asyncio.wait_for(call.read(), 10)).results
    return found


async def ended(call: Any) -> Any:
    try:
        while await asyncio.wait_for(call.read(), 5) is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError as error:
        return read(error)
    return None


async def open_orders(member: Participant) -> list[trading_pb2.Order]:
    request = trading_pb2.ListOrdersRequest(status=trading_pb2.ORDER_STATUS_OPEN, page_size=1_000)
    return list((await member.trading.ListOrders(request)).orders)


async def test_many_commands_in_flight_are_answered_in_order(buyer: Participant) -> None:
    call, ready = await opened(buyer)
    assert ready.HasField("ready")
    commands = [
        a_command(seq, price_micros=1_001 if seq % 10 == 0 else 1_000) for seq in range(1, 1_001)
    ]
    for start in range(0, 1_000, 500):
        frame = trading_pb2.OrderSessionRequest(commands=commands[start : start + 500])
        await call.write(frame)
    found = await results(call, 1_000)
    assert [each.client_seq for each in found] == list(range(1, 1_001))
    refused = [each for each in found if each.result.HasField("error")]
    assert len(refused) == 100
    assert refusal_of(refused[0].result.error, grpc.StatusCode.OK).reason == "PRICE_OFF_TICK"
    positions = [each.position.seq for each in found]
    assert positions == sorted(positions)
    await call.done_writing()
    assert await ended(call) is None
    assert len(await open_orders(buyer)) == 900


async def test_amends_and_cancels_see_what_came_before_them(buyer: Participant) -> None:
    call, _ = await opened(buyer)
    ref = trading_pb2.OrderRef(client_order_id="x")
    steps = [
        trading_pb2.BatchItem(amend=trading_pb2.Amend(order=ref, quantity_units=7)),
        trading_pb2.BatchItem(cancel=ref),
        trading_pb2.BatchItem(cancel=ref),
    ]
    await call.write(
        trading_pb2.OrderSessionRequest(
            commands=[
                a_command(1, client_order_id="x", quantity_units=9),
                *(
                    trading_pb2.OrderSessionCommand(client_seq=n, request_id=f"r{n}", item=step)
                    for n, step in enumerate(steps, 2)
                ),
            ]
        )
    )
    found = await results(call, 4)
    assert found[1].result.order.quantity_units == 7
    assert found[2].result.order.status == trading_pb2.ORDER_STATUS_CLOSED
    reason = refusal_of(found[3].result.error, grpc.StatusCode.OK).reason
    assert reason == "ORDER_CLOSED"


async def test_losing_the_session_cancels_its_orders_and_no_others(
    exchange: Exchange, buyer: Participant
) -> None:
    kept = await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000)
    call, _ = await opened(buyer, cancel_on_disconnect=True)
    await call.write(trading_pb2.OrderSessionRequest(commands=[a_command(1), a_command(2)]))
    await results(call, 2)
    assert len(await open_orders(buyer)) == 3
    call.cancel()
    async with asyncio.timeout(5):
        while len(await open_orders(buyer)) > 1:
            pass
    assert [order.order_id for order in await open_orders(buyer)] == [kept.order.order_id]


async def test_a_session_without_the_wish_leaves_its_orders_and_finds_them_again(
    buyer: Participant,
) -> None:
    call, _ = await opened(buyer, "mine")
    await call.write(trading_pb2.OrderSessionRequest(commands=[a_command(1)]))
    await results(call, 1)
    await call.done_writing()
    assert await ended(call) is None
    call, ready = await opened(buyer, "mine")
    assert len(ready.ready.open_orders) == 1


async def test_a_name_in_use_and_frames_out_of_turn_are_refused(buyer: Participant) -> None:
    first, _ = await opened(buyer)
    second = buyer.trading.OrderSession()
    await second.write(
        trading_pb2.OrderSessionRequest(logon=trading_pb2.OrderSessionLogon(session_id="s"))
    )
    assert (await ended(second)).reason == "ALREADY_OPEN"
    await first.write(trading_pb2.OrderSessionRequest(commands=[a_command(5)]))
    await results(first, 1)
    await first.write(trading_pb2.OrderSessionRequest(commands=[a_command(5)]))
    assert (await ended(first)).reason == "PROTOCOL_VIOLATION"
    third = buyer.trading.OrderSession()
    await third.write(trading_pb2.OrderSessionRequest(commands=[a_command(1)]))
    assert (await ended(third)).reason == "PROTOCOL_VIOLATION"


async def test_a_revoked_key_ends_the_session(exchange: Exchange, buyer: Participant) -> None:
    call, _ = await opened(buyer, cancel_on_disconnect=True)
    await call.write(trading_pb2.OrderSessionRequest(commands=[a_command(1)]))
    await results(call, 1)
    key_id = buyer.secret.partition(".")[0]
    await exchange.operator.members.RevokeKey(
        members_pb2.RevokeKeyRequest(request_id="r", key_id=key_id)
    )
    assert (await ended(call)).reason == "KEY_REVOKED"
    await exchange.running.services.background.finish()
    assert not exchange.running.services.live.open_orders(buyer.member_id)


async def test_draining_is_told_and_nothing_under_way_is_lost(
    exchange: Exchange, buyer: Participant
) -> None:
    call, _ = await opened(buyer)
    frame = trading_pb2.OrderSessionRequest(commands=[a_command(n) for n in range(1, 101)])
    await call.write(frame)
    await results(call, 100)
    exchange.running.services.pulse.drain()
    answer = await asyncio.wait_for(call.read(), 5)
    assert answer.draining


async def test_a_repeat_is_known_in_another_session_by_another_key_and_as_a_single_call(
    exchange: Exchange, buyer: Participant
) -> None:
    call, _ = await opened(buyer, "first")
    asked = a_command(1)
    await call.write(trading_pb2.OrderSessionRequest(commands=[asked]))
    (first,) = await results(call, 1)
    await call.done_writing()
    await ended(call)
    scopes = ("TRADE_READ", "TRADE_WRITE")
    other = Participant(
        buyer.member_id, await exchange.create_key(buyer.member_id, scopes), exchange
    )
    call, _ = await opened(other, "second")
    await call.write(trading_pb2.OrderSessionRequest(commands=[asked]))
    (again,) = await results(call, 1)
    single = await other.trading.PlaceOrder(
        trading_pb2.PlaceOrderRequest(request_id=asked.request_id, order=asked.item.place)
    )
    assert again.result.order.order_id == first.result.order.order_id == single.order.order_id
    assert again.position == first.position == single.position
    assert len(await open_orders(buyer)) == 1
    asked.item.place.quantity_units += 1
    asked.client_seq += 1
    await call.write(trading_pb2.OrderSessionRequest(commands=[asked]))
    (refused,) = await results(call, 1)
    assert "another body" in refused.result.error.message
    call.cancel()


async def test_quotes_are_replaced_over_a_session(buyer: Participant) -> None:
    def quotes(seq: int, *prices: int, **changes: Any) -> trading_pb2.OrderSessionCommand:
        asked = trading_pb2.ReplaceQuotesRequest(
            request_id=f"r{seq}",
            market=SYMBOL,
            tag="mm",
            quotes=[
                trading_pb2.Quote(side=1, price_micros=price, quantity_units=1) for price in prices
            ],
        )
        return trading_pb2.OrderSessionCommand(
            **{"client_seq": seq, "request_id": f"r{seq}", "quotes": asked, **changes}
        )

    call, _ = await opened(buyer, cancel_on_disconnect=True)
    commands = [
        quotes(1, 1_000, 2_000),
        quotes(2, 3_000),
        quotes(3, 1_001),
        quotes(4, 1_000, request_id="another"),
        trading_pb2.OrderSessionCommand(client_seq=5, request_id="r5"),
        quotes(2, 3_000, client_seq=6),
    ]
    await call.write(trading_pb2.OrderSessionRequest(commands=commands))
    first, second, refused, unlike, empty, again = await results(call, 6)
    assert [each.order.price_micros for each in first.quotes.results] == [1_000, 2_000]
    placed = [each.order.order_id for each in first.quotes.results]
    assert list(second.quotes.cancelled_order_ids) == placed
    reason = refusal_of(refused.quotes.results[0].error, grpc.StatusCode.OK).reason
    assert reason == "PRICE_OFF_TICK"
    for told, field in (
        (unlike, "commands[3].quotes.request_id"),
        (empty, "commands[4].item"),
    ):
        problem = refusal_of(told.result.error, grpc.StatusCode.OK)
        assert (problem.reason, list(problem.fields)) == ("INVALID_ARGUMENT", [field])
    assert again.quotes == second.quotes, "a repeat gets the first answer"
    [order] = await open_orders(buyer)
    assert (order.price_micros, order.tag) == (3_000, "mm")
    call.cancel()
    for _ in range(100):
        if not await open_orders(buyer):
            break
        await asyncio.sleep(0.02)
    assert not await open_orders(buyer), "quotes of a lost session are cancelled with it"
