"""What the public doors answer beside what a naive ledger makes of the journal's commands.

The day is random and goes through a real exchange on either database; the naive exchange, which is
told in `tests/oracle`, is given the commands that the journal holds, and nothing else.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.naive import Naive
from tests.support.exchange import HOUR_US, Exchange, Participant, running_exchange
from tests.support.market import INSTRUMENT, report, reserve
from tests.support.random_day import trade_at_random
from thegrid.v1 import accounts_pb2, history_pb2, trading_pb2
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.engine.commands import SetPolicy
from thegrid_exchange.journal.rules import running_rules

Lines = list[tuple[int, int, str, str, str, str, int]]
"""Row, time, owner, asset, account, cause, amount."""

UNITS = {
    "trading_tokens": ("trading",),
    "held_tokens": ("held",),
    "lot_tokens": ("lots",),
    "reserved_tokens": ("reserved",),
    "unsold_tokens": ("unsold", "listed"),
}
"""Accounts of the ledger behind each figure."""


class Ledger:
    """The naive books after a journal, every posting on the way, and positions at average cost."""

    def __init__(self) -> None:
        self.books = Naive()
        self.lines: Lines = []
        self.fills: list[tuple[str, str, int, int]] = []
        self.positions: dict[tuple[str, str], Counter[str]] = {}

    def add(self, seq: int, command: Any, at_us: int) -> None:
        self.books.carry_out(command, at_us)
        for cause, owner, account, asset, amount in self.books.postings:
            self.lines.append((seq, self.books.now, owner, asset, account, cause, amount))
        for trade, _, _, price, units, *_ in self.books.trades:
            self.fills.append((trade, INSTRUMENT, price, units))
        for how, owner, instrument, units, money, fee in self.books.dealings:
            position = self.positions.setdefault((owner, instrument), Counter())
            deal(position, how, units, money, fee)


def deal(position: Counter[str], how: str, units: int, money: int, fee: int) -> None:
    """One dealing: what leaves takes its share of the cost of all that is held, rounded down."""
    position[f"{how}_units"] += units
    position[f"{how}_micros"] += money
    position["fees_micros"] += 0 if how == "issued" else fee
    if how == "bought":
        position["held_units"] += units
        position["cost_micros"] += money
    elif how in ("resold", "used"):
        share = position["cost_micros"] * units // position["held_units"]
        position["held_units"] -= units
        position["cost_micros"] -= share
        position["cost_of_used_micros"] += share if how == "used" else 0
        position["realised_micros"] += money - share if how == "resold" else 0


async def ledger_of(exchange: Exchange) -> Ledger:
    """The naive reading of everything in the journal."""
    ledger, codec = Ledger(), running_rules().codec
    async for batch in exchange.running._journal.read():
        for row in batch:
            ledger.add(row.seq, codec.decode(row.command), row.at_us)
    return ledger


async def a_day(exchange: Exchange) -> list[Participant]:
    """Trading, then calls of which some fail, and the end of what they left."""
    members = await trade_at_random(exchange, 11, 160)
    submit = exchange.running.services.sequencer.submit
    await submit(SetPolicy((("index_trades_min", 1),)), actor="test")
    supplier = members[-1].member_id
    for number, member in enumerate(members[:-1] * 3):
        await exchange.sell_issuance(members[-1], 2, 101_000 + 1_000 * number)
        await exchange.place(
            member, side="buy", quantity_units=2, price_micros=120_000, auto_transfer=True
        )
        call = f"dlv_{number}"
        await submit(reserve(call, member.member_id, 70_001, 3_000), actor="test")
        verdict = ("in_spec", "failed", "cancelled_by_client")[number // 3]
        await submit(report(call, verdict, 71_234 + number, supplier_id=supplier), actor="test")
        await exchange.advance(HOUR_US // 3)
    return members


async def test_the_doors_answer_what_a_naive_ledger_holds(
    tmp_path_factory: pytest.TempPathFactory, journal_url: str
) -> None:
    folder: Path = tmp_path_factory.mktemp("exchange")
    async with running_exchange(folder, database_url=journal_url) as exchange:
        members = await a_day(exchange)
        ledger = await ledger_of(exchange)
        assert ledger.books.lots
        await compare(members, ledger)
        await exchange.advance(9 * HOUR_US)
        ledger = await ledger_of(exchange)
        for cause in ("trade", "transfer", "consume", "expire", "refund"):
            assert any(line[5] == cause for line in ledger.lines), cause
        await compare(members, ledger)
        # And the comparison sees a micro-dollar.
        ledger.positions[members[0].member_id, INSTRUMENT]["realised_micros"] += 1
        with pytest.raises(AssertionError, match="realised_micros"):
            await compare_positions(members[0], ledger)


async def compare(members: list[Participant], ledger: Ledger) -> None:
    """Everything that each member can read of its own."""
    for member in members:
        await compare_balances(member, ledger)
        await compare_positions(member, ledger)
        await compare_postings(member, ledger)
        await compare_statement(member, ledger)
        await compare_fills(member, ledger)
        await compare_lots(member, ledger)


async def compare_balances(member: Participant, ledger: Ledger) -> None:
    answer = await member.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    owner, balance = member.member_id, ledger.books.balance
    for account in ("available", "held", "escrow", "withheld", "collateral"):
        assert getattr(answer.cash, f"{account}_micros") == balance(owner, account)
    for units in answer.units:
        for field, accounts in UNITS.items():
            there = sum(balance(owner, each, units.instrument_id) for each in accounts)
            assert getattr(units, field) == there, field


async def compare_positions(member: Participant, ledger: Ledger) -> None:
    answer = await member.history.ListPositions(history_pb2.ListPositionsRequest())
    for position in answer.positions:
        mine = ledger.positions[member.member_id, position.instrument_id]
        assert position.quantity_units == mine["held_units"]
        assert position.consumption_cost_micros == mine["cost_of_used_micros"]
        assert position.transferred_units == mine["used_units"]
        for name in ("cost_micros", "realised_micros", "fees_micros", "bought_micros"):
            assert getattr(position, name) == mine[name], name
        for how in ("bought", "resold", "issued", "bought_back"):
            assert getattr(position, f"{how}_units") == mine[f"{how}_units"]
            assert getattr(position, f"{how}_micros") == mine[f"{how}_micros"]
    assert len(answer.positions) == 1


async def compare_postings(member: Participant, ledger: Ledger) -> None:
    """Every posting, by row, account and cause."""
    listed: Counter[tuple[Any, ...]] = Counter()
    token = ""
    while True:
        request = accounts_pb2.ListPostingsRequest(page_size=1_000, page_token=token)
        answer = await member.accounts.ListPostings(request)
        for each in answer.postings:
            listed[each.seq, each.asset, each.account, each.reason] += each.amount
        token = answer.next_page_token
        if not token:
            break
    mine: Counter[tuple[Any, ...]] = Counter()
    for seq, _, owner, asset, account, cause, amount in ledger.lines:
        if owner == member.member_id:
            mine[seq, asset, account, cause] += amount
    kept = {key: amount for key, amount in mine.items() if amount}
    assert {key: amount for key, amount in listed.items() if amount} == kept


async def compare_statement(member: Participant, ledger: Ledger) -> None:
    """The middle of the day: opening balances, sums by cause, closing balances."""
    times = sorted({line[1] for line in ledger.lines})
    start_us, end_us = times[len(times) // 4], times[3 * len(times) // 4]
    answer = await member.history.GetStatement(
        history_pb2.GetStatementRequest(start_time=time_of(start_us), end_time=time_of(end_us))
    )
    assert answer.accounts
    for account in answer.accounts:
        lines = [
            (at, cause, amount)
            for _, at, owner, asset, name, cause, amount in ledger.lines
            if (owner, asset, name) == (member.member_id, account.asset, account.account)
        ]
        assert account.opening_balance == sum(line[2] for line in lines if line[0] < start_us)
        assert account.closing_balance == sum(line[2] for line in lines if line[0] < end_us)
        within: Counter[str] = Counter()
        for at, cause, amount in lines:
            within[cause] += amount if start_us <= at < end_us else 0
        sums = {each.reason: each.amount for each in account.entries if each.amount}
        assert sums == {cause: amount for cause, amount in within.items() if amount}


async def compare_fills(member: Participant, ledger: Ledger) -> None:
    answer = await member.trading.ListFills(trading_pb2.ListFillsRequest(page_size=1_000))
    assert answer.fills
    for fill in answer.fills:
        traded = (fill.trade_id, INSTRUMENT, fill.price_micros, fill.quantity_units)
        assert traded in ledger.fills


async def compare_lots(member: Participant, ledger: Ledger) -> None:
    """Lots that are open; ended ones have left the naive books."""
    answer = await member.accounts.ListLots(accounts_pb2.ListLotsRequest(page_size=1_000))
    listed = {
        lot.lot_id: (lot.free_tokens, lot.reserved_tokens, lot.consumed_tokens, lot.refunded_tokens)
        for lot in answer.lots
        if lot.free_tokens + lot.reserved_tokens
    }
    assert listed == {
        name: (lot.free, lot.reserved, lot.consumed, lot.refunded)
        for name, lot in ledger.books.lots.items()
        if lot.owner == member.member_id
    }
