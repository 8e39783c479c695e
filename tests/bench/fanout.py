"""Market data to many readers over real gRPC: updates delivered, what each costs, and how late.

Beside the exchange stands a bare server in the same run that hands the same bytes, made before, to
as many readers; both are driven by an open stream, the next update when every reader has the last.
Each server has one core and its readers, connections of their own in this process, the other; CPU
is the server process's own.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import psutil
import uvloop

from tests.bench._processes import pin
from tests.bench._readers import OWN_CONNECTION, READERS, Fan, Figure, Readers
from tests.bench.order_entry import BATCH, HERE, SESSION_WINDOW, Child, House
from tests.support.exchange import SYMBOL
from thegrid.v1 import market_data_pb2, trading_pb2

SERVER_CORE, READER_CORE = 0, 1
IN_FLIGHT = 64
QUOTES = 100
QUOTES_PER_SECOND = 5
STREAM = "/thegrid.v1.MarketDataService/StreamMarketData"
NARROW = [*OWN_CONNECTION, ("grpc.http2.lookahead_bytes", 1_024), ("grpc.http2.bdp_probe", 0)]
Frame = market_data_pb2.StreamMarketDataResponse


async def bare(seconds: float, message: bytes) -> Figure:
    """The floor: bytes made before, handed to every reader."""
    child = Child(sys.executable, str(HERE / "_echo.py"))
    pin([psutil.Process(child.process.pid)], SERVER_CORE)
    target = f"127.0.0.1:{child.first_line.strip()}"
    readers = Readers()
    try:
        await readers.open(target, "/bench.Echo/Follow", b"", ())
        async with grpc.aio.insecure_channel(target) as channel:
            call: Any = channel.stream_stream("/bench.Echo/Publish")()

            async def publish() -> None:
                await call.write(message)
                await call.read()

            fan = Fan(child, readers, publish)
            readers.on_frame = lambda number, frame: fan.got(number, fan.counts[number] + 1)
            await asyncio.sleep(0.5)
            figure = await fan.lockstep("bare", seconds)
    finally:
        await readers.close()
        child.stop()
    return figure


class Market:
    """A real exchange, its readers of the book, and orders that move it."""

    def __init__(self, house: House, channel: grpc.aio.Channel) -> None:
        self.house = house
        self.readers = Readers()
        self._place = channel.unary_unary("/thegrid.v1.TradingService/PlaceOrder")
        self._session = channel.stream_stream(
            "/thegrid.v1.TradingService/OrderSession",
            response_deserializer=trading_pb2.OrderSessionResponse.FromString,
        )
        self._quote = channel.unary_unary("/thegrid.v1.TradingService/ReplaceQuotes")
        self._entry: Any = None
        self._entered = 0
        self.frame = b""
        """A frame as it comes, for the floor."""
        self.fan = Fan(house.child, self.readers, self.enter)

    async def open(self) -> None:
        self.readers.on_frame = self._on_frame
        await self.readers.open(
            self.house.target, STREAM, a_request().SerializeToString(), self.house.metadata
        )
        await asyncio.sleep(1.5)
        self.fan.counts = list(self.readers.sequence)
        self.fan.least = min(self.fan.counts)

    async def place(self) -> None:
        """One order that rests: one change of the book."""
        request = trading_pb2.PlaceOrderRequest(
            request_id=self.house.next_id(), order=self.house.an_order()
        )
        await self._place(request.SerializeToString(), metadata=self.house.metadata, timeout=30)

    async def log_on(self, session_id: str) -> Any:
        """An open session."""
        call: Any = self._session(metadata=self.house.metadata)
        logon = trading_pb2.OrderSessionLogon(session_id=session_id)
        await call.write(trading_pb2.OrderSessionRequest(logon=logon).SerializeToString())
        await call.read()
        return call

    async def enter(self) -> None:
        """One order that rests, by the session that is open for it; returns once acknowledged."""
        if self._entry is None:
            self._entry = await self.log_on("lockstep")
        self._entered += 1
        command = trading_pb2.OrderSessionCommand(
            client_seq=self._entered,
            request_id=self.house.next_id(),
            item=trading_pb2.BatchItem(place=self.house.an_order()),
        )
        frame = trading_pb2.OrderSessionRequest(commands=[command])
        await self._entry.write(frame.SerializeToString())
        await self._entry.read()

    async def session(self, seconds: float) -> int:
        """Orders by a session, a hundred a frame, each a change of its own; answers how many."""
        call = await self.log_on("flood")
        end, number, answered = time.perf_counter() + seconds, 0, 0
        while time.perf_counter() < end or answered < number:
            if time.perf_counter() < end and number - answered < SESSION_WINDOW:
                commands = [
                    trading_pb2.OrderSessionCommand(
                        client_seq=number + n,
                        request_id=self.house.next_id(),
                        item=trading_pb2.BatchItem(place=self.house.an_order()),
                    )
                    for n in range(1, BATCH + 1)
                ]
                number += BATCH
                frame = trading_pb2.OrderSessionRequest(commands=commands)
                await call.write(frame.SerializeToString())
                continue
            answered += len((await call.read()).results)
        await call.done_writing()
        return number

    async def entry_cpu_us(self, count: int) -> float:
        """What one order costs the server while nobody reads."""
        begin_cpu = self.house.child.cpu_s()
        for _ in range(count):
            await self.enter()
        return (self.house.child.cpu_s() - begin_cpu) * 1e6 / count

    async def quote(self, round_number: int) -> None:
        """All quotes of one maker anew: a hundred levels, one change of the book."""
        request = trading_pb2.ReplaceQuotesRequest(
            request_id=self.house.next_id(),
            market=SYMBOL,
            tag="bench",
            quotes=[
                trading_pb2.Quote(
                    side=1, quantity_units=1 + round_number % 9, price_micros=500_000 + level
                )
                for level in range(QUOTES)
            ],
        )
        await self._quote(request.SerializeToString(), metadata=self.house.metadata, timeout=30)

    def _on_frame(self, number: int, data: bytes) -> None:
        frame = Frame.FromString(data)
        event = frame.events[-1]
        if event.HasField("book_delta"):
            self.frame = data
            self.fan.got(number, event.sequence)
        self.readers.sequence[number] = event.sequence


def a_request() -> market_data_pb2.StreamMarketDataRequest:
    """The whole book."""
    subscription = market_data_pb2.Subscription(market=SYMBOL, channel=1)
    return market_data_pb2.StreamMarketDataRequest(subscriptions=[subscription])


async def lateness(
    market: Market, step: Callable[[int], Awaitable[Any]], rate: float, seconds: float
) -> dict[str, float]:
    """From an order's sending to each reader's having it, at an offered rate."""
    waits: list[float] = []
    sent: dict[int, float] = {}
    fan, readers = market.fan, market.readers
    inner = readers.on_frame

    def on_frame(number: int, data: bytes) -> None:
        inner(number, data)
        begun = sent.get(readers.sequence[number])
        if begun is not None and Frame.FromString(data).events[-1].HasField("book_delta"):
            waits.append(time.perf_counter() - begun)

    readers.on_frame = on_frame
    sequence, begin_cpu, begin = fan.least, fan.child.cpu_s(), time.perf_counter()
    tasks = []
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, begin + number / rate - time.perf_counter()))
        sequence += 1
        sent[sequence] = time.perf_counter()
        tasks.append(asyncio.ensure_future(step(number)))
    await asyncio.gather(*tasks)
    await readers.until(lambda: fan.least >= sequence)
    used = fan.child.cpu_s() - begin_cpu
    readers.on_frame = inner
    waits.sort()
    return {
        "offered_per_second": rate,
        "readers": READERS,
        "p50_ms": round(waits[len(waits) // 2] * 1e3, 2),
        "p99_ms": round(waits[len(waits) * 99 // 100] * 1e3, 2),
        "cpu_share": round(used / (time.perf_counter() - begin), 3),
    }


async def stopped(house: House, market: Market, updates: int) -> dict[str, float]:
    """What readers that never read take of the server's memory while the book moves on."""
    process = psutil.Process(house.child.process.pid)
    lanes = updates // IN_FLIGHT

    async def stir() -> None:
        for _ in range(lanes):
            await market.place()

    await asyncio.gather(*(stir() for _ in range(IN_FLIGHT)))
    alone = process.memory_info().rss
    await asyncio.gather(*(stir() for _ in range(IN_FLIGHT)))
    alone = process.memory_info().rss - alone
    channels = [grpc.aio.insecure_channel(house.target, options=NARROW) for _ in range(READERS)]
    calls = [
        channel.unary_stream(STREAM)(a_request().SerializeToString(), metadata=house.metadata)
        for channel in channels
    ]
    await asyncio.gather(*(call.wait_for_connection() for call in calls))
    before = process.memory_info().rss
    await asyncio.gather(*(stir() for _ in range(IN_FLIGHT)))
    grown = process.memory_info().rss - before
    for call in calls:
        call.cancel()
    await asyncio.gather(*(channel.close() for channel in channels))
    return {
        "updates": lanes * IN_FLIGHT,
        "without_them_bytes": alone,
        "per_reader_bytes": (grown - alone) // READERS,
    }


async def run(seconds: float) -> dict[str, Any]:
    """All figures; the floor before and after, so that a busy machine shows."""
    found: dict[str, Any] = {}
    pin([psutil.Process()], READER_CORE)
    with tempfile.TemporaryDirectory() as folder:
        house = House(folder, "--max-streams-per-key", "1000")
        pin([psutil.Process(house.child.process.pid)], SERVER_CORE)
        try:
            async with grpc.aio.insecure_channel(house.target) as channel:
                await house.furnish(channel)
                market = Market(house, channel)
                entry_us = await market.entry_cpu_us(300)
                await market.open()
                await market.place()
                await market.readers.until(lambda: bool(market.frame))
                floors = [await bare(seconds, market.frame)]
                ours = await market.fan.lockstep("exchange", seconds)
                floors.append(await bare(seconds, market.frame))
                merged = await market.fan.flood("exchange, coalescing", seconds, market.session)
                found["latency"] = await lateness(
                    market, lambda number: market.place(), 20, seconds
                )
                await market.quote(0)
                found["mass_quote"] = await lateness(
                    market, market.quote, QUOTES_PER_SECOND, seconds
                )
                found["mass_quote"]["levels"] = QUOTES
                await market.readers.close()
                found["stopped_readers"] = await stopped(house, market, 4_096)
        finally:
            house.child.stop()
    found["figures"] = [each._asdict() for each in (*floors, ours, merged)]
    floor = sum(each.deliveries_per_core_second for each in floors) / len(floors)
    found["share_of_bare"] = round(ours.deliveries_per_core_second / floor, 3)
    found["entry_cpu_us"] = round(entry_us)
    fan_us = READERS * 1e6 / ours.deliveries_per_core_second - entry_us
    found["share_of_bare_without_entry"] = round(READERS * 1e6 / floor / fan_us, 3)
    found["coalescing_times_bare"] = round(merged.deliveries_per_core_second / floor, 2)
    return found


def main() -> None:
    """Measure, print a table, and the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement")
    options = parser.parse_args()
    found = uvloop.run(run(options.seconds))
    print(f"{'way':<24}{'updates':>9}{'deliveries/s':>14}{'per core-second':>17}")
    for each in found["figures"]:
        print(
            f"{each['name']:<24}{each['updates']:>9,}{each['deliveries_per_second']:>14,.0f}"
            f"{each['deliveries_per_core_second']:>17,.0f}"
        )
    print(
        f"{found['share_of_bare']:.0%} of the bare fan-out with the durable order in it, and "
        f"{found['share_of_bare_without_entry']:.0%} without its {found['entry_cpu_us']:,} us; "
        "the aim is 70 %"
    )
    print(f"{found['coalescing_times_bare']:.1f} times it when coalescing; the aim is 5")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
