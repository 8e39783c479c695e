"""Order entry over real gRPC: durable answers per second, and what each costs the server.

Beside each figure stands that of an empty echo server in the same run, driven by the same client.
Server and client are processes of their own; CPU is the server process's user and system time.
"""

import argparse
import asyncio
import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import psutil
import uvloop

from tests.bench import journal
from tests.support.exchange import SYMBOL, a_spec, credentials
from thegrid.v1 import admin_pb2, admin_pb2_grpc, market_data_pb2, trading_pb2

HERE = Path(__file__).parent
IN_FLIGHT = 64
BATCH = 100
BATCHES_IN_FLIGHT = 8
SESSION_WINDOW = 2_000


class Figure(NamedTuple):
    """What one way of entering orders reached."""

    name: str
    orders_per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


class Child:
    """A server process and the time it has used."""

    def __init__(self, *command: str) -> None:
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.first_line = self.process.stdout.readline()
        self._usage = psutil.Process(self.process.pid)

    def cpu_s(self) -> float:
        times = self._usage.cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


async def measure(
    name: str,
    child: Child,
    seconds: float,
    lanes: int,
    orders: int,
    step: Callable[[], Awaitable[Any]],
) -> Figure:
    """Run a step over and over in so many lanes; each makes so many orders."""
    waits: list[float] = []
    begin_cpu, begin = child.cpu_s(), time.perf_counter()
    end = begin + seconds

    async def lane() -> None:
        while (now := time.perf_counter()) < end:
            await step()
            waits.append(time.perf_counter() - now)

    await asyncio.gather(*[lane() for _ in range(lanes)])
    took, used = time.perf_counter() - begin, child.cpu_s() - begin_cpu
    return figure(name, len(waits) * orders, took, used, waits)


def figure(name: str, orders: int, took_s: float, cpu_s: float, waits: list[float]) -> Figure:
    """The figures of a run."""
    waits.sort()
    middle, high = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    return Figure(name, orders / took_s, cpu_s * 1e6 / orders, middle * 1e3, high * 1e3)


class House:
    """A running exchange with one market, as a client sees it."""

    def __init__(self, folder: str, *settings: str) -> None:
        self.child = Child(
            sys.executable, "-m", "thegrid_exchange", "serve",
            "--data", folder, "--grpc-port", "0", "--operator-port", "0",
            "--requests-per-second-per-key", "1000000", *settings,
        )  # fmt: skip
        self.target = self.child.first_line.split("grpc=")[1].split()[0]
        secret = (Path(folder) / "operator.key").read_text().strip()
        self.metadata = credentials(secret)
        self._ids = itertools.count()

    def next_id(self) -> str:
        return f"bench-{next(self._ids)}"

    async def furnish(self, channel: Any) -> None:
        """One market, no bound on open orders, and cash for the operator who trades here."""
        admin: Any = admin_pb2_grpc.AdminServiceStub(channel)
        terms = market_data_pb2.MarketTerms(
            tick_size_micros=1, quantity_min_units=1, quantity_max_units=1_000
        )
        calls = [
            admin.DefineInstrument(
                admin_pb2.DefineInstrumentRequest(
                    request_id=self.next_id(), symbol=SYMBOL, name="x", spec=a_spec(), terms=terms
                ),
                metadata=self.metadata,
            ),
            admin.SetPolicy(
                admin_pb2.SetPolicyRequest(
                    request_id=self.next_id(),
                    changes=[admin_pb2.PolicyValue(name="max_open_orders", value=10**9)],
                ),
                metadata=self.metadata,
            ),
            admin.Deposit(
                admin_pb2.DepositRequest(
                    request_id=self.next_id(),
                    member_id="mem_000000000001",
                    amount_micros=10**17,
                ),
                metadata=self.metadata,
            ),
        ]
        for call in calls:
            await call

    def an_order(self) -> trading_pb2.OrderTerms:
        """A buy that rests, at one of a thousand prices."""
        price_micros = 1_000_000 + (next(self._ids) * 7_919) % 1_000
        return trading_pb2.OrderTerms(
            market=SYMBOL, side=1, type=1, quantity_units=1, price_micros=price_micros
        )

    # ---- ways of entering orders ---------------------------------------------------------------

    async def unary(self, channel: Any, seconds: float) -> Figure:
        call = channel.unary_unary("/thegrid.v1.TradingService/PlaceOrder")

        async def step() -> None:
            request = trading_pb2.PlaceOrderRequest(
                request_id=self.next_id(), order=self.an_order()
            )
            await call(request.SerializeToString(), metadata=self.metadata, timeout=30)

        return await measure("unary", self.child, seconds, IN_FLIGHT, 1, step)

    async def batches(self, channel: Any, seconds: float) -> Figure:
        call = channel.unary_unary("/thegrid.v1.TradingService/BatchOrders")

        async def step() -> None:
            items = [trading_pb2.BatchItem(place=self.an_order()) for _ in range(BATCH)]
            request = trading_pb2.BatchOrdersRequest(request_id=self.next_id(), items=items)
            await call(request.SerializeToString(), metadata=self.metadata, timeout=30)

        return await measure(
            f"batches of {BATCH}", self.child, seconds, BATCHES_IN_FLIGHT, BATCH, step
        )

    async def session(self, channel: Any, seconds: float) -> Figure:
        """Frames of 100 commands, as many under way as the window allows."""
        call = channel.stream_stream(
            "/thegrid.v1.TradingService/OrderSession",
            response_deserializer=trading_pb2.OrderSessionResponse.FromString,
        )(metadata=self.metadata)
        logon = trading_pb2.OrderSessionLogon(session_id="bench")
        await call.write(trading_pb2.OrderSessionRequest(logon=logon).SerializeToString())
        await call.read()
        sent_at: dict[int, float] = {}
        waits: list[float] = []
        room = asyncio.Event()
        begin_cpu, begin = self.child.cpu_s(), time.perf_counter()

        async def write() -> None:
            number = 0
            while time.perf_counter() < begin + seconds:
                commands = []
                for _ in range(BATCH):
                    number += 1
                    item = trading_pb2.BatchItem(place=self.an_order())
                    commands.append(
                        trading_pb2.OrderSessionCommand(
                            client_seq=number, request_id=self.next_id(), item=item
                        )
                    )
                sent_at[number] = time.perf_counter()
                frame = trading_pb2.OrderSessionRequest(commands=commands)
                await call.write(frame.SerializeToString())
                while number - answered >= SESSION_WINDOW:
                    room.clear()
                    await room.wait()
            await call.done_writing()

        answered = 0
        writing = asyncio.create_task(write())
        while (frame := await call.read()) is not grpc.aio.EOF:
            answered += len(frame.results)
            now = time.perf_counter()
            numbers = [each.client_seq for each in frame.results if each.client_seq in sent_at]
            waits.extend(now - sent_at.pop(number) for number in numbers)
            room.set()
        await writing
        took, used = time.perf_counter() - begin, self.child.cpu_s() - begin_cpu
        return figure("session", answered, took, used, waits)


async def echo(seconds: float) -> Figure:
    """The same calls against a server that does nothing."""
    child = Child(sys.executable, str(HERE / "_echo.py"))
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{child.first_line.strip()}") as channel:
            call = channel.unary_unary("/bench.Echo/Unary")
            order = trading_pb2.OrderTerms(market=SYMBOL, side=1, type=1, quantity_units=1)
            ids = itertools.count()

            async def step() -> None:
                request = trading_pb2.PlaceOrderRequest(request_id=f"b-{next(ids)}", order=order)
                await call(request.SerializeToString(), timeout=30)

            return await measure("echo, unary", child, seconds, IN_FLIGHT, 1, step)
    finally:
        child.stop()


async def run(seconds: float) -> list[Figure]:
    """All figures, echo before and after so that a busy machine shows."""
    figures = [await echo(seconds)]
    with tempfile.TemporaryDirectory() as folder:
        house = House(folder)
        try:
            async with grpc.aio.insecure_channel(house.target) as channel:
                await house.furnish(channel)
                figures.append(await house.unary(channel, seconds))
                figures.append(await house.batches(channel, seconds))
                figures.append(await house.session(channel, seconds))
        finally:
            house.child.stop()
    return [*figures, await echo(seconds)]


async def ceiling(orders: int) -> Figure:
    """The core alone in this process: engine and group commit, one row an order, no wire."""
    with tempfile.TemporaryDirectory() as folder:
        core = await journal.House.open(f"sqlite+aiosqlite:///{folder}/exchange.db")
        await core.furnish(10)
        used = time.process_time()
        rate = await core.orders(orders, 1_000)
        used = time.process_time() - used
        await core.close()
    return Figure("core, 1,000 callers", rate, used * 1e6 / orders, 0.0, 0.0)


def compare(figures: list[Figure]) -> None:
    """The figures that are to be judged beside a floor or a ceiling of the same run."""
    rates = {figure.name: figure.orders_per_second for figure in figures}
    floor = sum(figure.orders_per_second for figure in figures if "echo" in figure.name) / 2
    batches, core = rates[f"batches of {BATCH}"], rates["core, 1,000 callers"]
    print(f"unary reaches {rates['unary'] / floor:.0%} of the echo; the aim is 60 %")
    print(f"batches reach {batches / core:.0%} of the core alone; the aim is 50 %, or 20,000/s")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each measurement")
    options = parser.parse_args()
    print(f"{'way':<20}{'orders/s':>10}{'CPU us':>10}{'p50 ms':>9}{'p99 ms':>9}")
    figures = uvloop.run(run(options.seconds))
    figures.append(uvloop.run(ceiling(20_000)))
    for each in figures:
        print(
            f"{each.name:<20}{each.orders_per_second:>10,.0f}{each.cpu_us:>10.1f}"
            f"{each.p50_ms:>9.2f}{each.p99_ms:>9.2f}"
        )
    compare(figures)


if __name__ == "__main__":
    main()
