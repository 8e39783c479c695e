"""Figures of the durable core: commits, recovery, snapshots, bytes.

Each line says what was done, how often, and the figure; `--events` sets the length of the journal
that recovery is measured on, `--database-url` takes PostgreSQL instead of SQLite in a new folder.
"""

import argparse
import asyncio
import gc
import os
import random
import tempfile
import time
from typing import Any

from tests.support.core import HORIZON_US
from tests.support.market import SPEC
from thegrid_exchange.clock import SystemClock
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.refusals import Refusal
from thegrid_exchange.journal import chain
from thegrid_exchange.journal.codec import decode_row
from thegrid_exchange.journal.protocol import Head, StoredRow
from thegrid_exchange.journal.rules import running_rules
from thegrid_exchange.journal.snapshots import Snapshotter
from thegrid_exchange.journal.store import SqlJournal
from thegrid_exchange.process import settle_memory, without_collector
from thegrid_exchange.recovery import recover
from thegrid_exchange.sequencer import Sequencer

RULES = running_rules()


class House:
    """A recovered core with one market and members who have money."""

    def __init__(self, journal: SqlJournal, sequencer: Sequencer) -> None:
        self.journal, self.sequencer = journal, sequencer

    @classmethod
    async def open(cls, url: str, snapshot_rows: int = 0) -> "House":
        journal = SqlJournal(url, SystemClock())
        recovered = await recover(
            journal, RULES, request_horizon_us=HORIZON_US, most_request_ids=10_000_000
        )
        snapshotter = Snapshotter(
            journal, RULES.codec, RULES.version, every_rows=snapshot_rows, keep=3
        )
        snapshotter.begin_after(recovered.head.seq)
        sequencer = Sequencer(recovered, RULES, journal, SystemClock(), snapshotter=snapshotter)
        settle_memory()
        sequencer.start()
        return cls(journal, sequencer)

    async def close(self) -> None:
        await self.sequencer.drain()
        await self.journal.close()

    async def furnish(self, members: int) -> None:
        """One market; members with a million dollars each."""
        await self.submit(commands.SetPolicy((("max_open_orders", 10**9),)))
        await self.submit(commands.DefineInstrument("bench", "Bench", SPEC))
        for number in range(members):
            made = await self.submit(commands.CreateMember(f"member-{number}"))
            member_id = made.reply.member.member_id
            await self.submit(commands.Deposit(member_id, 10**12))

    async def submit(self, command: Any) -> Any:
        """The answer; a refusal would spoil the figures, so it ends the run."""
        answer = await self.sequencer.submit(command, actor="bench")
        if isinstance(answer.reply, Refusal):
            raise RuntimeError(f"{answer.reply} to {command}")
        return answer

    async def orders(self, count: int, clients: int) -> float:
        """Resting buys from so many clients at once; every tenth is cancelled. Rows per second."""
        chance = random.Random(7)

        async def client(number: int) -> None:
            for _ in range(count // clients):
                price_micros = chance.randrange(1_000, 5_000)
                member_id = f"mem_{1 + number % 10:012d}"
                order = commands.PlaceOrder(member_id, "mkt_bench", "buy", "limit", 1, price_micros)
                answer = await self.submit(order)
                if chance.random() < 0.1:
                    order_id = answer.reply.order.order_id
                    await self.submit(commands.CancelOrder(member_id, order_id))

        before, began = self.sequencer.durable.seq, time.perf_counter()
        await asyncio.gather(*[client(number) for number in range(clients)])
        return (self.sequencer.durable.seq - before) / (time.perf_counter() - began)


async def bench_append(url: str) -> None:
    """The store alone: ready rows of 300 bytes, no engine."""
    journal = SqlJournal(url, SystemClock())
    head = await journal.open()
    for size, batches in ((1, 200), (10, 200), (100, 100), (1_000, 30)):
        work = [ready_rows(head, size, batch, journal.epoch) for batch in range(batches)]
        prepared, prev_hash = [], head.hash
        for rows in work:
            sealed = []
            for row in rows:
                sealed.append(chain.seal(row, prev_hash))
                prev_hash = sealed[-1].hash
            prepared.append(sealed)
        began = time.perf_counter()
        for sealed in prepared:
            await journal.append(sealed)
        seconds = time.perf_counter() - began
        last = prepared[-1][-1]
        head = Head(last.seq, last.hash, last.at_us)
        say(f"append alone, batch {size:>5}", f"{size * batches / seconds:,.0f} rows/s")
    await journal.close()


def ready_rows(head: Head, size: int, batch: int, epoch: int) -> list[StoredRow]:
    first = head.seq + 1 + batch * size
    content = (b"h" * 16, "PlaceOrder", b"c" * 80, b"e" * 150, b"r" * 60, b"", b"")
    return [
        StoredRow(1, seq, epoch, seq, 1, "bench", "", *content)
        for seq in range(first, first + size)
    ]


async def bench_commits(url: str) -> None:
    """The whole path: engine, codec, chain, commit, answer."""
    house = await House.open(url)
    await house.furnish(10)
    for clients, count in ((1, 500), (10, 3_000), (100, 20_000), (1_000, 40_000)):
        rate = await house.orders(count, clients)
        say(f"orders acknowledged, {clients:>5} clients", f"{rate:,.0f} rows/s")
    await house.close()


async def bench_codec(url: str) -> None:
    """Microseconds that one row of an order costs in the codec and the chain."""
    journal = SqlJournal(url, SystemClock())
    head = await journal.open()
    stored = [row async for batch in journal.read(head.seq - 5_000) for row in batch]
    stored = [row for row in stored if row.kind == "PlaceOrder"]
    with without_collector():
        time_codec(stored)
    await journal.close()


def time_codec(stored: list[StoredRow]) -> None:
    began = time.perf_counter()
    rows = [decode_row(RULES.codec, row) for row in stored]
    decoded = time.perf_counter()
    for row in rows:
        RULES.codec.encode(row.command)
        RULES.codec.encode_all(row.events)
        RULES.codec.encode(row.reply)
    encoded = time.perf_counter()
    for row in stored:
        chain.seal(row, row.prev_hash)
    sealed = time.perf_counter()
    micros = [1e6 * span / len(rows) for span in (decoded - began, encoded - decoded)]
    say("codec: read one row", f"{micros[0]:.1f} us")
    say("codec: write one row and read it back", f"{micros[1]:.1f} us")
    say("chain: seal one row", f"{1e6 * (sealed - encoded) / len(rows):.1f} us")


async def bench_recovery(url: str, events: int) -> None:
    """Open a long journal without a snapshot, then with one; and what the snapshot costs."""
    house = await House.open(url)
    await house.furnish(10)
    seen = 0

    def count(rows: Any) -> None:
        nonlocal seen
        seen += sum(len(row.events) for row in rows)

    house.sequencer.subscribe(count)
    orders = 0
    while seen < events:
        await house.orders(20_000, 1_000)
        orders += 20_000
    rows = house.sequencer.durable.seq
    await house.close()
    if url.startswith("sqlite"):
        size = os.stat(url.removeprefix("sqlite+aiosqlite:///")).st_size
        say("journal on disk", f"{size / rows:,.0f} bytes/row, {size / orders:,.0f} bytes/order")
    seconds = await timed_open(url)
    say(f"open {rows:,} rows, {seen:,} events, no snapshot", f"{seconds:.1f} s")
    say("recovery by folding", f"{seen / seconds:,.0f} events/s, {rows / seconds:,.0f} rows/s")
    await bench_snapshot(url)
    seconds = await timed_open(url)
    say("open from the snapshot", f"{seconds:.1f} s")


async def timed_open(url: str) -> float:
    gc.collect()
    began = time.perf_counter()
    house = await House.open(url)
    seconds = time.perf_counter() - began
    await house.close()
    return seconds


async def bench_snapshot(url: str) -> None:
    """Longest time that the loop was held up while a snapshot was taken under load."""
    house = await House.open(url, snapshot_rows=500)
    records = sum(len(table) for table in house.sequencer.state.tables.values())
    worst = {"alone": 0.0, "snapshot": 0.0}
    began = time.perf_counter()
    for phase, orders in (("alone", 400), ("snapshot", 4_000)):
        watch = asyncio.create_task(watch_loop(worst, phase))
        await house.orders(orders, 10)
        watch.cancel()
    await house.close()
    say(f"snapshot of {records:,} records with load", f"{time.perf_counter() - began:.1f} s")
    for phase, stall in worst.items():
        say(f"longest stall of the loop, {phase}", f"{1_000 * stall:.1f} ms")


async def watch_loop(worst: dict[str, float], phase: str) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0)
        now = time.perf_counter()
        worst[phase], last = max(worst[phase], now - last), now


def say(what: str, figure: str) -> None:
    print(f"{what:56} {figure}", flush=True)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        urls = [
            options.database_url or f"sqlite+aiosqlite:///{folder}/{name}/exchange.db"
            for name in ("append", "commits", "recovery")
        ]
        if not options.database_url:
            await bench_append(urls[0])
        await bench_commits(urls[1])
        await bench_codec(urls[1])
        if not options.database_url:
            await bench_recovery(urls[2], options.events)


if __name__ == "__main__":
    asyncio.run(main())
