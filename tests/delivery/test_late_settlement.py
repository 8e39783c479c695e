"""A client does not wait for ever for a settlement: after a second it is told of its end."""

from tests.delivery.pipe import PROMPT_TOKENS, Pipe, turns, until
from tests.support.held import held_reports
from thegrid_exchange.calls import InternalFault
from thegrid_exchange.delivery.limits import DEFAULT_LIMITS

WAIT_US = DEFAULT_LIMITS.settle_wait_us


async def test_the_end_comes_without_its_record(pipe: Pipe, supplier) -> None:
    with held_reports(pipe.relay) as door:
        _, client = await pipe.serving(supplier)
        supplier.answer("Hello there.")
        await until(lambda: door.waiting)
        pipe.clock.advance(WAIT_US - 1)
        await turns(50)
        assert not client.over.is_set()
        pipe.clock.advance(1)
        await until(client.over.is_set)
        assert client.words == ["started", "part", "ended"]
        assert client.end.finishes == ((0, "stop"),)
        assert client.end.billed.completion_tokens == 3
        assert (client.end.usage, client.end.delivery_id) == (None, f"dlv_{1:026d}")
        assert pipe.relay.open_calls == 1
        door.through.set()
        await pipe.settled()
    assert client.words == ["started", "part", "ended"]
    assert [usage.billed_tokens for usage in pipe.usages()] == [PROMPT_TOKENS + 3]


async def test_a_failure_comes_without_its_record(pipe: Pipe, supplier) -> None:
    with held_reports(pipe.relay) as door:
        _, client = await pipe.serving(supplier)
        supplier.say("Hello")
        supplier.fail()
        await until(lambda: door.waiting)
        pipe.clock.advance(WAIT_US)
        await until(client.over.is_set)
        assert (client.failure.reason, client.usage) == ("SUPPLIER_FAILED", None)
        door.through.set()
        await pipe.settled()
    assert client.words == ["started", "part", "failed"]
    assert [usage.billed_tokens for usage in pipe.usages()] == [0]


async def test_what_goes_wrong_later_is_not_told_any_more(pipe: Pipe, supplier) -> None:
    with held_reports(pipe.relay) as door:
        _, client = await pipe.serving(supplier)
        supplier.answer("Hello there.")
        await until(lambda: door.waiting)
        pipe.clock.advance(WAIT_US)
        await until(client.over.is_set)
        door.fault = InternalFault("a fault that was planted")
        door.through.set()
        await until(lambda: not pipe.relay.open_calls)
    assert client.words == ["started", "part", "ended"]
    assert not pipe.usages()


async def test_a_prompt_settlement_is_not_late(pipe: Pipe, supplier) -> None:
    _, client = await pipe.serving(supplier)
    supplier.answer("Hello there.")
    await until(client.over.is_set)
    assert client.end.usage.billed_tokens == PROMPT_TOKENS + 3
    await pipe.settled()
    pipe.clock.advance(2 * WAIT_US)
    await turns(50)
    assert client.words == ["started", "part", "ended"]
