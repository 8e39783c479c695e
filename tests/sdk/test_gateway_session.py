"""The multiplexed session of gateways: many calls on few streams, windows, losses."""

import asyncio

import pytest

from tests.support.stand_in import CALLER_KEY, GATEWAY_KEY, Call, StandIn, hello
from tests.support.until import until
from thegrid.errors import GridError, Unavailable
from thegrid.identifiers import new_delivery_id
from thegrid.openai import request_from_json
from thegrid.session import SessionCall, SessionPool
from thegrid.settings import ApiKey, Settings
from thegrid.v1 import delivery_pb2


def opening(prompt: str = "hi", window_bytes: int = 0) -> delivery_pb2.Open:
    messages = [{"role": "user", "content": prompt}]
    return delivery_pb2.Open(
        delivery_id=new_delivery_id(),
        credential=CALLER_KEY,
        instrument="text-prime",
        request=request_from_json({"model": "text-prime", "messages": messages}),
        window_bytes=window_bytes,
    )


def pool(exchange: StandIn, sessions: int = 1) -> SessionPool:
    settings = Settings(exchange.target, ApiKey(GATEWAY_KEY))
    return SessionPool(settings, sessions=sessions, connect_wait_s=1.0)


async def events(call: SessionCall) -> list[str | None]:
    kinds: list[str | None] = []
    while batch := await call.next():
        kinds += [event.WhichOneof("event") for event in batch]
    return kinds


WHOLE = ["started", "reply", "reply", "reply", "reply", "ended"]


async def test_many_calls_share_a_session() -> None:
    async with StandIn() as exchange, pool(exchange) as sessions:
        calls = [await sessions.open(opening()) for _ in range(200)]
        assert await asyncio.gather(*(events(call) for call in calls)) == [WHOLE] * 200
        assert exchange.sessions == 1
        assert sessions.open_calls == 0


async def test_calls_go_to_the_least_busy_of_several_sessions() -> None:
    async def waiting(call: Call) -> None:
        await call.cancelled.wait()

    async with StandIn(waiting) as exchange, pool(exchange, sessions=3) as sessions:
        await until(lambda: exchange.sessions == 3)
        await asyncio.sleep(0.05)
        calls = [await sessions.open(opening()) for _ in range(9)]
        await until(lambda: len(exchange.calls) == 9)
        assert sorted(call.number for call in exchange.calls) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
        for call in calls:
            call.cancel("enough")
        await until(lambda: all(call.cancelled.is_set() for call in exchange.calls))
        assert {call.cancel_reason for call in exchange.calls} == {"enough"}


async def test_window_is_granted_as_events_are_taken_and_not_before() -> None:
    async def talker(call: Call) -> None:
        for _ in range(1_000):
            await call.say("x" * 100)
        call.end()

    async with StandIn(talker) as exchange, pool(exchange) as sessions:
        call = await sessions.open(opening(window_bytes=2_000))
        await until(lambda: exchange.calls and exchange.calls[0].window_bytes <= 0)
        sent_bytes = exchange.calls[0].sent_bytes
        await asyncio.sleep(0.05)
        assert exchange.calls[0].sent_bytes == sent_bytes < 2_500
        kinds = await events(call)
        assert kinds.count("reply") == 1_000
        # The window neither shrinks nor grows over a long answer.
        assert -500 < exchange.calls[0].window_bytes <= 2_000


async def test_a_whole_answer_wakes_its_reader_at_the_end_or_for_window() -> None:
    async def talker(call: Call) -> None:
        for _ in range(100):
            await call.say("x" * 100)
            await asyncio.sleep(0)
        call.end()

    async with StandIn(talker) as exchange, pool(exchange) as sessions:
        call = await sessions.open(opening(), is_whole=True)
        batch = await call.next()
        assert [event.WhichOneof("event") for event in batch] == ["reply"] * 100 + ["ended"]
        narrow = await sessions.open(opening(window_bytes=2_000), is_whole=True)
        assert (await events(narrow)).count("reply") == 100


async def test_a_lost_session_ends_its_calls_and_another_takes_over() -> None:
    async def waiting(call: Call) -> None:
        await call.cancelled.wait()

    async with StandIn(waiting) as exchange, pool(exchange) as sessions:
        call = await sessions.open(opening())
        place = exchange.target
        await exchange.stop()
        with pytest.raises(Unavailable):
            await events(call)
        exchange.script = hello
        await exchange.listen(place)
        async with asyncio.timeout(10):
            while True:
                try:
                    assert await events(await sessions.open(opening())) == WHOLE
                    break
                except GridError:
                    await asyncio.sleep(0.02)


async def test_a_call_is_never_opened_on_a_session_that_has_just_ended() -> None:
    async with StandIn() as exchange, pool(exchange) as sessions:
        await (await sessions.open(opening())).next()
        ended = sessions._ready[0]
        # The session knows that it has ended, its keeper has not run yet.
        ended.replaced.set()
        assert not sessions.is_ready
        call = await sessions.open(opening())
        assert call._session is not ended
        assert await events(call) == WHOLE


async def test_a_woken_reader_answers_with_nothing() -> None:
    async def waiting(call: Call) -> None:
        await call.cancelled.wait()

    async with StandIn(waiting) as exchange, pool(exchange) as sessions:
        call = await sessions.open(opening())
        asyncio.get_running_loop().call_later(0.01, call.wake)
        assert await call.next() == []
        assert not call.is_over
        call.cancel("done")
        assert await call.next() == []
        assert call.is_over


async def test_closing_waits_for_running_calls() -> None:
    release = asyncio.Event()

    async def patient(call: Call) -> None:
        await release.wait()
        await hello(call)

    async with StandIn(patient) as exchange:
        sessions = pool(exchange)
        sessions.start()
        call = await sessions.open(opening())
        reading = asyncio.ensure_future(events(call))
        closing = asyncio.ensure_future(sessions.close(grace_s=5))
        await asyncio.sleep(0.05)
        assert not closing.done()
        release.set()
        assert await reading == WHOLE
        await closing
        with pytest.raises(Unavailable):
            await sessions.open(opening())
