"""What the Python clients cost over bare gRPC: processor time of the calling process per call.

A child answers one prepared reply. Bare stubs and clients take turns in the same run, so that a
busy machine weighs on both alike.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import grpc
import grpc.aio

from thegrid import AsyncClient, Book, Client
from thegrid.v1 import accounts_pb2, accounts_pb2_grpc, market_data_pb2

REPLY = accounts_pb2.GetBalancesResponse(
    cash=accounts_pb2.CashBalance(available_micros=1_000_000, held_micros=5)
)
REQUEST = accounts_pb2.GetBalancesRequest()
UNDER_WAY = 32
ROUNDS = 5


class Accounts(accounts_pb2_grpc.AccountServiceServicer):
    """Answers balances and nothing else."""

    async def GetBalances(self, request: object, context: object) -> object:  # noqa: N802
        return REPLY


async def serve() -> None:
    server = grpc.aio.server()
    accounts_pb2_grpc.add_AccountServiceServicer_to_server(Accounts(), server)
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    await server.start()
    await server.wait_for_termination()


@contextmanager
def serving() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.sdk", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            yield f"127.0.0.1:{int(child.stdout.readline())}"
        finally:
            child.kill()


def cost_us(run: Callable[[], object], calls: int) -> float:
    """Processor time of this process per call, in microseconds."""
    began = time.process_time()
    run()
    return (time.process_time() - began) / calls * 1e6


async def many(ask: Callable[[], Awaitable[object]], calls: int) -> float:
    """The same for calls under way together, all of them answered."""

    async def some() -> None:
        for _ in range(calls // UNDER_WAY):
            await ask()

    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(UNDER_WAY)))
    return (time.process_time() - began) / calls * 1e6


async def over_aio(target: str, calls: int) -> tuple[list[float], list[float]]:
    bare, ours = [], []
    metadata = (("authorization", "Bearer key_a.secret"),)
    async with grpc.aio.insecure_channel(target) as channel:
        stub = accounts_pb2_grpc.AccountServiceStub(channel)
        async with AsyncClient(target, "key_a.secret") as client:
            for _ in range(ROUNDS):
                bare.append(
                    await many(
                        lambda: stub.GetBalances(REQUEST, timeout=10, metadata=metadata), calls
                    )
                )
                ours.append(await many(client.accounts.balances, calls))
    return bare, ours


def over_sync(target: str, calls: int) -> tuple[list[float], list[float]]:
    bare, ours = [], []
    metadata = (("authorization", "Bearer key_a.secret"),)

    def repeat(ask: Callable[[], object]) -> Callable[[], object]:
        return lambda: [ask() for _ in range(calls)] and None

    with grpc.insecure_channel(target) as channel, Client(target, "key_a.secret") as client:
        stub = accounts_pb2_grpc.AccountServiceStub(channel)
        for _ in range(ROUNDS):
            bare.append(
                cost_us(
                    repeat(lambda: stub.GetBalances(REQUEST, timeout=10, metadata=metadata)), calls
                )
            )
            ours.append(cost_us(repeat(client.accounts.balances), calls))
    return bare, ours


def book_us(levels: int, deltas: int) -> float:
    """Time to apply and check one delta of a book of so many levels a side."""
    book = Book("mkt_a")
    sides = [
        [
            market_data_pb2.BookLevel(price_micros=price, quantity_units=1, order_count=1)
            for price in range(start, start + levels)
        ]
        for start in (1_000, 1_000 + levels)
    ]
    snapshot = market_data_pb2.BookSnapshot(bids=sides[0], asks=sides[1])
    book.load(snapshot, 1)
    event = market_data_pb2.MarketEvent(
        book_delta=market_data_pb2.BookDelta(bids=[sides[0][levels // 2]])
    )
    return cost_us(lambda: [book.take(event) for _ in range(deltas)], deltas)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--serve", action="store_true", help="be the child")
    parser.add_argument("--calls", type=int, default=4_000, help="calls of each kind and round")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    with serving() as target:
        aio = asyncio.run(over_aio(target, options.calls))
        sync = over_sync(target, options.calls // 2)
    for name, (bare, ours) in (("asyncio", aio), ("blocking", sync)):
        plain, client = statistics.median(bare), statistics.median(ours)
        print(
            f"{name:<9} unary call: bare stub {plain:6.0f} us, client {client:6.0f} us of "
            f"processor time ({client - plain:+.0f} us)"
        )
    for levels in (10, 100, 1_000):
        print(f"book of {levels:>5} levels a side: {book_us(levels, 1_000):6.1f} us a delta")


if __name__ == "__main__":
    main()
