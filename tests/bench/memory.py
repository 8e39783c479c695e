"""What open orders and Lots take in memory, and what an order and a call take in the journal.

Memory is the growth of this process; the journal's bytes are those of command, events and reply.
"""

import gc
from collections.abc import Callable

import psutil

from tests.support.market import INSTRUMENT, Exchange, place, reserve
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import TokenCounts
from thegrid_exchange.engine.step import Outcome
from thegrid_exchange.journal.rules import running_rules

CODEC = running_rules().codec
MEMBERS, ORDERS, LOTS = 1_000, 100_000, 100_000


def market() -> Exchange:
    """A market whose rows are not kept, so that only the state grows."""
    exchange = Exchange(checked=False)
    exchange.policy(max_open_orders=10**9)
    exchange.instrument()
    return exchange


def run(exchange: Exchange, command: commands.Command) -> int:
    """Carry out a command and answer how many bytes its row holds."""
    exchange.ok(command)
    command, _, outcome = exchange.rows.pop()
    return row_bytes(command, outcome)


def row_bytes(command: commands.Command, outcome: Outcome) -> int:
    """Bytes of a row's command, events and reply."""
    parts = CODEC.encode(command), CODEC.encode_all(outcome.events), CODEC.encode(outcome.reply)
    return sum(map(len, parts))


def orders(exchange: Exchange) -> int:
    """Resting buys of many members at a thousand prices; the bytes of the last one's row."""
    members = [exchange.member(f"trader-{number}") for number in range(MEMBERS)]
    exchange.rows.clear()
    size = 0
    for number in range(ORDERS):
        price_micros = 1_000 + number * 7_919 % 1_000
        size = run(exchange, place(members[number % MEMBERS], "buy", 1, price_micros))
    return size


def lots(exchange: Exchange) -> int:
    """Lots of one Unit each, bought one by one; the bytes of the last trade and transfer."""
    supplier = exchange.supplier("supplier")
    exchange.ok(commands.AdmitSupplier(supplier, INSTRUMENT, 10**11))
    exchange.ok(commands.IssueUnits(supplier, INSTRUMENT, LOTS))
    members = [exchange.member(f"consumer-{number}") for number in range(MEMBERS)]
    for _ in range(LOTS // 10_000):
        exchange.issue_and_sell(supplier, 10_000, 1_000)
    exchange.rows.clear()
    size = 0
    for number in range(LOTS):
        member = members[number % MEMBERS]
        size = run(exchange, place(member, "buy", 1, 1_000, auto_transfer=True))
    return size


def call(exchange: Exchange) -> int:
    """Bytes of the two rows of one short call."""
    supplier = exchange.supplier("supplier", 10)
    member = exchange.member("consumer")
    exchange.bought(supplier, member, 10, 1_000, auto_transfer=True)
    size = run(exchange, reserve("dlv_01k84q1c3fe8aou7k2pjq7she0", member, 40, 400))
    counts = TokenCounts(prompt_tokens=40, completion_tokens=120)
    report = commands.Report(
        delivery_id="dlv_01k84q1c3fe8aou7k2pjq7she0",
        verdict="in_spec",
        billed_tokens=160,
        supplier_id=supplier,
        serving_model="demo/model",
        cause="completed",
        stage="streaming",
        canonical=counts,
        by_supplier=counts,
        first_token_us=200_000,
        duration_us=2_000_000,
        request_id="req_01a209a0b0017e8ba4885cdefb74b77f",
    )
    return size + run(exchange, report)


def measured(what: str, fill: Callable[[Exchange], int]) -> None:
    """Fill a fresh market and say what that took."""
    exchange = market()
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    size = fill(exchange)
    gc.collect()
    megabytes = (process.memory_info().rss - before) / 2**20
    print(f"{what:<34}{megabytes:>7.0f} MB in the state{size:>7,} bytes a row", flush=True)


def main() -> None:
    """Measure and print."""
    measured(f"{ORDERS:,} open orders", orders)
    measured(f"{LOTS:,} Lots, bought and transferred", lots)
    print(f"{'a short call, its two rows':<34}{call(market()):>37,} bytes")


if __name__ == "__main__":
    main()
