"""Windows on both sides of an answer: slow clients, silent suppliers, bounded memory."""

from tests.delivery.pipe import Pipe, running_pipe, turns
from thegrid_exchange.delivery.limits import DeliveryLimits


async def test_time_without_window_is_not_the_suppliers() -> None:
    limits = DeliveryLimits(supplier_window_bytes=256)
    async with running_pipe(limits) as pipe:
        supplier = await pipe.supplier("acme")
        await pipe.lot(1)
        call, client = await pipe.serving(supplier, window_bytes=1)
        supplier.say(" word" * 100)
        supplier.say(" word" * 100)
        pipe.clock.advance(60_000_000)
        call.grant(1_000_000)
        assert supplier.granted[1] > 256
        supplier.answer(" word" * 10)
        await client.over.wait()
        assert client.usage.verdict == "in_spec"
        assert client.usage.streamed_us == 0


async def test_silence_counts_only_while_there_is_window() -> None:
    async with running_pipe(DeliveryLimits(supplier_window_bytes=256)) as pipe:
        supplier = await pipe.supplier("acme")
        await pipe.lot(1)
        call, client = await pipe.serving(supplier, window_bytes=1)
        supplier.say(" word" * 100)
        supplier.say(" word" * 100)
        pipe.clock.advance(200_000_000)
        await turns(10)
        call.grant(1_000_000)
        pipe.clock.advance(59_000_000)
        await turns(10)
        assert not client.over.is_set()
        pipe.clock.advance(1_000_000)
        await client.over.wait()
        assert client.usage.cause == "supplier_silent"
        assert client.failure.reason == "SUPPLIER_FAILED"


async def test_a_slow_client_bounds_what_is_kept_and_stops_its_supplier_only() -> None:
    limits = DeliveryLimits(supplier_window_bytes=4_096)
    async with running_pipe(limits) as pipe:
        supplier = await pipe.supplier("acme")
        await pipe.lot(1)
        _slow, client = await pipe.serving(supplier, window_bytes=100)
        _, quick = await pipe.serving(supplier)
        for _ in range(60):
            supplier.say("x " * 40, 1)
        assert len(client.text) < 300
        assert supplier.granted.get(1, 0) == 0
        supplier.answer("done", 2)
        await quick.over.wait()
        for _ in range(3_000):
            supplier.say("x " * 100, 1)
        await client.over.wait()
        assert client.usage.cause == "protocol_broken"


async def test_parts_are_joined_only_when_behind(pipe: Pipe, supplier) -> None:
    call, client = await pipe.serving(supplier, window_bytes=1)
    for number in range(50):
        supplier.say(f"{number} ")
    assert client.words == ["started", "part"]
    call.grant(1_000_000)
    assert client.words == ["started", "part", "part"]
    assert client.text == "".join(f"{number} " for number in range(50))
    supplier.say(finish="stop")
    supplier.end()
    await client.over.wait()


async def test_the_suppliers_slot_is_free_while_a_slow_client_reads(pipe: Pipe, supplier) -> None:
    call, client = await pipe.serving(supplier, window_bytes=1)
    supplier.say("one")
    supplier.answer(" two")
    assert not supplier.link.attempts
    assert not client.over.is_set()
    call.grant(1_000)
    await client.over.wait()
    assert client.text == "one two"
    assert client.usage.cause == "completed"
