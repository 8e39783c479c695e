"""Calls through a whole exchange: rate, latency and the exchange's own CPU per call.

The exchange is a process of its own with its journal on disk; one gateway session and one
supplier's stream, both in this process, keep a number of calls under way. Nothing is left out:
every call is authenticated, counted, reserved for, judged, reported and durable twice.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import psutil

from tests.support.exchange import SYMBOL, Exchange, Participant, credentials
from tests.support.remote_exchange import RemoteExchange
from tests.support.supplier import chat, chunk, delivery_id
from thegrid.v1 import (
    accounts_pb2,
    delivery_pb2,
    delivery_pb2_grpc,
    supply_pb2,
    supply_pb2_grpc,
)

UNITS = 40
UNDER_WAY = 64


@dataclass
class Shape:
    """What an answer looks like."""

    name: str
    calls: int
    chunks: int


SHAPES = (Shape("plain, 1 chunk", 6_000, 1), Shape("stream, 32 chunks", 1_500, 32))


class EchoSupplier:
    """Answers every delivery at once with so many chunks, each an event of its own."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.chunks = 1

    async def run(self) -> None:
        text, stop = chunk(" word"), chunk(finish="stop")
        end = supply_pb2.SupplierEnd()
        while (frame := await self._stream.read()) is not grpc.aio.EOF:
            events = []
            for command in frame.commands:
                if command.HasField("open"):
                    number = command.call
                    replies = [text] * self.chunks + [stop]
                    events += [supply_pb2.SupplierEvent(call=number, reply=r) for r in replies]
                    events.append(supply_pb2.SupplierEvent(call=number, end=end))
            for start in range(0, len(events), 4_000):
                await self._stream.write(
                    supply_pb2.ServeRequest(events=events[start : start + 4_000])
                )


class Gateway:
    """One session that keeps calls under way and notes how long each took."""

    def __init__(self, stream: Any, secret: str) -> None:
        self._stream, self._secret = stream, secret
        self._number = 0
        self._left = 0
        self._begun: dict[int, float] = {}
        self._done = asyncio.Event()
        self.seconds: list[float] = []
        self.failed = 0

    async def run(self) -> None:
        while (frame := await self._stream.read()) is not grpc.aio.EOF:
            over = 0
            for event in frame.events:
                kind = event.WhichOneof("event")
                if kind in ("ended", "failed"):
                    self.failed += kind == "failed"
                    self.seconds.append(time.perf_counter() - self._begun.pop(event.call))
                    over += 1
            if over:
                await self._open(over)
            if not self._begun:
                self._done.set()

    async def _open(self, count: int) -> None:
        commands = []
        for _ in range(min(count, self._left)):
            self._left -= 1
            self._number += 1
            opening = delivery_pb2.Open(
                delivery_id=delivery_id(),
                credential=self._secret,
                instrument=SYMBOL,
                request=chat(max_tokens=100),
                window_bytes=262_144,
            )
            commands.append(delivery_pb2.DeliveryCommand(call=self._number, open=opening))
            self._begun[self._number] = time.perf_counter()
        if commands:
            await self._stream.write(delivery_pb2.DeliverySessionRequest(commands=commands))

    async def load(self, calls: int, under_way: int) -> None:
        self.seconds, self._left = [], calls
        self._done.clear()
        await self._open(under_way)
        await self._done.wait()


async def prepare(exchange: Exchange) -> tuple[Participant, Participant, str]:
    """A market, a supplier with Units, a consumer with Lots, a gateway's key."""
    await exchange.define_instrument()
    supplier = await exchange.create_supplier(
        issue_units=UNITS, concurrent_deliveries=10_000, tokens_per_second=100_000_000
    )
    await exchange.sell_issuance(supplier, UNITS, 1_000_000)
    consumer = await exchange.create_member("consumer", deposit_micros=10**12)
    await exchange.place(consumer, side="buy", quantity_units=UNITS, price_micros=1_000_000)
    await consumer.accounts.CreateTransfer(
        accounts_pb2.CreateTransferRequest(
            request_id=exchange.request_id(), instrument=SYMBOL, quantity_units=UNITS
        )
    )
    house = await exchange.create_member("house", scopes=("GATEWAY",))
    return supplier, consumer, house.secret


async def measure(process: psutil.Process, exchange: Exchange, under_way: int) -> None:
    supplier, consumer, gateway_secret = await prepare(exchange)
    supply: Any = supply_pb2_grpc.SupplyServiceStub(grpc.aio.insecure_channel(exchange.target))
    served = supply.Serve(metadata=credentials(supplier.secret))
    hello = supply_pb2.ServeHello(instruments=[SYMBOL], concurrent_deliveries=10_000)
    await served.write(supply_pb2.ServeRequest(hello=hello))
    await served.read()
    deliveries: Any = delivery_pb2_grpc.DeliveryServiceStub(
        grpc.aio.insecure_channel(exchange.target)
    )
    session = deliveries.DeliverySession(metadata=credentials(gateway_secret))
    echo, gateway = EchoSupplier(served), Gateway(session, consumer.secret)
    tasks = [asyncio.create_task(echo.run()), asyncio.create_task(gateway.run())]
    print(f"{'':<20}{'calls/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU ms/call':>13}{'CPU':>7}")
    for shape in SHAPES:
        echo.chunks = shape.chunks
        for calls, width in ((shape.calls // 10, under_way), (shape.calls, under_way), (200, 1)):
            before, began = _cpu_s(process), time.perf_counter()
            await gateway.load(calls, width)
            wall_s, cpu_s = time.perf_counter() - began, _cpu_s(process) - before
            if calls != shape.calls // 10:
                _print(shape, width, gateway.seconds, wall_s, cpu_s)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(f"failed: {gateway.failed}; exchange {process.memory_info().rss >> 20} MB")


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _print(shape: Shape, width: int, seconds: list[float], wall_s: float, cpu_s: float) -> None:
    ordered = sorted(seconds)
    p50, p99 = (ordered[int(len(ordered) * share)] * 1_000 for share in (0.5, 0.99))
    print(
        f"{shape.name + f', x{width}':<24}{len(seconds) / wall_s:>5.0f}{p50:>9.2f}{p99:>9.2f}"
        f"{cpu_s / len(seconds) * 1_000:>13.3f}{cpu_s / wall_s:>7.0%}"
    )


def start_exchange(folder: str) -> subprocess.Popen[str]:
    """An exchange in a process of its own, on free ports."""
    command = [sys.executable, "-m", "thegrid_exchange", "serve", "--data", folder]
    command += ["--grpc-port", "0", "--operator-port", "0"]
    command += ["--requests-per-second-per-key", "1000000", "--log-level", "warning"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def sample(process_id: int, profile: str) -> subprocess.Popen[bytes]:
    """py-spy beside the exchange; collapsed stacks go to the file."""
    command = ["py-spy", "record", "-o", profile, "-f", "raw", "-d", "20", "-p", str(process_id)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def run(process: psutil.Process, address: str, operator_key: str, under_way: int) -> None:
    await measure(process, RemoteExchange(address, operator_key), under_way)


def main(under_way: int, profile: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        child = start_exchange(folder)
        sampler = sample(child.pid, profile) if profile else None
        try:
            assert child.stdout is not None
            address = child.stdout.readline().split("grpc=")[1].split()[0]
            operator_key = (Path(folder) / "operator.key").read_text().strip()
            asyncio.run(run(psutil.Process(child.pid), address, operator_key, under_way))
        finally:
            child.terminate()
            child.wait(20)
            if sampler is not None:
                sampler.wait(30)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--under-way", type=int, default=UNDER_WAY, help="calls at once")
    parser.add_argument("--profile", default="", help="file for a py-spy profile of the exchange")
    arguments = parser.parse_args()
    main(arguments.under_way, arguments.profile)
