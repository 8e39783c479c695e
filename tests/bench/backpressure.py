"""What slow readers and waiting calls cost: memory of an unread answer, a turn in the room.

The exchange is a process of its own. A supplier sends each of many answers as far as its window
lets it, while their client takes one byte; bytes are counted at both ends beside the growth of the
process.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

import grpc.aio
import psutil

from tests.bench.delivery import prepare, start_exchange
from tests.support.exchange import SYMBOL, credentials
from tests.support.remote_exchange import RemoteExchange
from tests.support.supplier import ScriptedSession, ScriptedSupplier, chat, chunk
from thegrid.v1 import delivery_pb2_grpc, supply_pb2
from thegrid_exchange.delivery.limits import DeliveryLimits
from thegrid_exchange.delivery.waiting import Waiter, WaitingRoom

UNREAD = 100
SIZES = (100, 2_000, 20_000)
TURNS = 2_000


async def unread(process: psutil.Process, exchange: RemoteExchange) -> None:
    """Open many calls, let the supplier fill every window, and say what that took."""
    member, consumer, gateway_secret = await prepare(exchange)
    channel = grpc.aio.insecure_channel(exchange.target)
    serve: Any = channel.stream_stream(
        "/thegrid.v1.SupplyService/Serve",
        request_serializer=bytes,
        response_deserializer=supply_pb2.ServeResponse.FromString,
    )
    supplier = ScriptedSupplier(serve(metadata=credentials(member.secret)))
    await supplier.send(
        hello=supply_pb2.ServeHello(instruments=[SYMBOL], concurrent_deliveries=10_000)
    )
    stub: Any = delivery_pb2_grpc.DeliveryServiceStub(grpc.aio.insecure_channel(exchange.target))
    session = ScriptedSession(stub.DeliverySession(metadata=credentials(gateway_secret)))
    _, first = await session.open(consumer.secret)
    await supplier.handed(1)
    await supplier.answer(1)  # the tokenizer takes its memory once
    await first.done()
    before = process.memory_info().rss
    calls = [
        (await session.open(consumer.secret, chat(max_tokens=2_000), window_bytes=1))[1]
        for _ in range(UNREAD)
    ]
    windows = {n: (await supplier.handed(n)).window_bytes for n in range(2, UNREAD + 2)}
    kept_bytes = sum(windows.values())
    for number in windows:
        await supplier.say(number, chunk(" word"))
    for call in calls:
        await call.until(lambda call=call: "reply" in call.kinds)
    for number, window_bytes in windows.items():
        left = window_bytes - chunk(" word").ByteSize()
        while left > 0:
            replies = [chunk(" word" * 50) for _ in range(50)]
            left -= sum(reply.ByteSize() for reply in replies)
            await supplier.say(number, *replies)
        kept_bytes -= left
    await asyncio.sleep(0.5)  # the last frames are taken in
    grown = process.memory_info().rss - before
    assert not any(call.over.is_set() for call in calls)
    shown_bytes = sum(event.reply.ByteSize() for call in calls for event in call.events)
    print(f"{UNREAD} answers that nobody reads, each with a full window:")
    print(f"  {(kept_bytes - shown_bytes) / UNREAD / 1_024:.0f} KiB each are on the way (counted)")
    print(f"  {grown / UNREAD / 1_024:.0f} KiB each has the exchange grown by")
    await session.close()
    await supplier.close()


def waiting() -> None:
    """Let calls enter, take turns and leave in rooms of several sizes."""
    print("a call enters the waiting room and another gets its turn, microseconds:")
    for size in SIZES:
        limits = DeliveryLimits(waiting_deliveries=10**6, waiting_deliveries_per_member=10**6)
        room = WaitingRoom(limits)
        for number in range(size):
            room.enter(_waiter(number % 50))
        began = time.perf_counter()
        for number in range(TURNS):
            room.enter(_waiter(number % 50))
            assert room.next("ins_x", lambda wants: True) is not None
        served_us = (time.perf_counter() - began) / TURNS * 1e6
        began = time.perf_counter()
        for number in range(TURNS):
            each = _waiter(number % 50)
            room.enter(each)
            assert room.next("ins_x", lambda wants: False) is None
            room.leave(each)
        passed_us = (time.perf_counter() - began) / TURNS * 1e6
        print(f"  {size:>6,} waiting {served_us:>7.1f} served {passed_us:>7.1f} passed over")


def _waiter(number: int) -> Waiter:
    return Waiter("ins_x", f"mem_{number}", "anything", lambda slot: None, lambda why: None)


def main() -> None:
    """Measure and print."""
    waiting()
    with tempfile.TemporaryDirectory() as folder:
        child = start_exchange(folder)
        try:
            assert child.stdout is not None
            address = child.stdout.readline().split("grpc=")[1].split()[0]
            operator_key = (Path(folder) / "operator.key").read_text().strip()

            async def run() -> None:
                await unread(psutil.Process(child.pid), RemoteExchange(address, operator_key))

            asyncio.run(run())
        finally:
            child.terminate()
            child.wait(20)


if __name__ == "__main__":
    main()
