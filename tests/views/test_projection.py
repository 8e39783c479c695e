"""The read models against the state they were folded from, and against a rebuild of them."""

import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import HOUR_US, Exchange, Participant, running_exchange
from thegrid.v1 import accounts_pb2
from thegrid_exchange.engine.commands import SetPolicy
from thegrid_exchange.engine.state import State
from thegrid_exchange.views import sql
from thegrid_exchange.views.accounts import cash_of
from thegrid_exchange.views.projector import Projector


async def trade_at_random(exchange: Exchange, seed: int, steps: int) -> list[Participant]:
    """Orders, cancels, transfers and time, over three members and a supplier."""
    chance = random.Random(seed)
    await exchange.define_instrument()
    await exchange.running.services.sequencer.submit(
        SetPolicy((("retire_unsold_at_sweep", 0),)), actor="test"
    )
    supplier = await exchange.create_supplier(issue_units=1_000)
    members = [
        await exchange.create_member(f"m{number}", deposit_micros=10**9) for number in range(3)
    ]
    for step in range(steps):
        member = chance.choice(members)
        price_micros = 1_000 * chance.randrange(95, 105)
        if chance.random() < 0.3:
            await exchange.sell_issuance(supplier, chance.randrange(1, 5), price_micros)
        elif chance.random() < 0.8:
            await exchange.place(
                member,
                side="buy",
                quantity_units=chance.randrange(1, 5),
                price_micros=price_micros,
                auto_transfer=chance.random() < 0.3,
                client_order_id=f"c{step}" if chance.random() < 0.5 else "",
            )
        if step % 25 == 24:
            await exchange.advance(HOUR_US)
    return [*members, supplier]


async def tables(exchange: Exchange) -> dict[str, list[Any]]:
    """Every row of every read model."""
    reader = exchange.running.services.trading._reader
    return {
        name: [tuple(row) for row in await reader.rows(f"SELECT * FROM {name}")]
        for name in sorted(sql.metadata.tables)
    }


async def assert_reads_equal_state(exchange: Exchange, member: Participant) -> None:
    services = exchange.running.services
    state: State = services.sequencer.state
    orders = await services.trading.orders(member.member_id, is_open=True, limit=10_000)
    mine = [each for each in state.orders.values() if each.member_id == member.member_id]
    assert sorted(orders) == sorted(mine)
    balances: dict[tuple[str, str], int] = {}
    for line in reversed(await services.accounts.postings(member.member_id, limit=100_000)):
        key = (line.asset, line.account)
        balances[key] = balances.get(key, 0) + line.amount
        assert balances[key] == line.balance
    held = {
        (asset, account): amount
        for (owner, account, asset), amount in state.balances.items()
        if owner == member.member_id
    }
    assert {key: amount for key, amount in balances.items() if amount} == held
    fills = await services.trading.fills(member.member_id, limit=100_000)
    every = await services.trading.orders(member.member_id, limit=100_000)
    assert sum(order.filled_units for order in every) == sum(
        fill.trade.quantity_units for fill in fills
    )


@pytest.mark.parametrize("seed", [1, 2])
async def test_reads_equal_the_state_and_a_rebuild_equals_both(tmp_path: Path, seed: int) -> None:
    async with running_exchange(tmp_path) as exchange:
        members = await trade_at_random(exchange, seed, 120)
        for member in members:
            await assert_reads_equal_state(exchange, member)
        written = await tables(exchange)
        assert all(written[name] for name in ("view_orders", "view_fills", "view_lots"))
        live = exchange.running.services.live
        assert live.state.digest() == exchange.running.services.sequencer.state.digest()
        assert live.totals == {row[1]: row[2] for row in written["view_totals"]}
        clock = exchange.clock
    patched = pytest.MonkeyPatch()
    patched.setattr(Projector, "version", 999)
    try:
        async with running_exchange(tmp_path, clock=clock) as exchange:
            assert await tables(exchange) == written
    finally:
        patched.undo()


async def test_a_planted_fault_in_a_read_model_is_seen(tmp_path: Path) -> None:
    patched = pytest.MonkeyPatch()
    patched.setattr("thegrid_exchange.views.accounts.HOUSE", "mem_000000000003")
    try:
        async with running_exchange(tmp_path) as exchange:
            members = await trade_at_random(exchange, 1, 10)
            with pytest.raises(AssertionError):
                await assert_reads_equal_state(exchange, members[0])
    finally:
        patched.undo()


async def test_what_ended_in_a_members_lots_is_counted_for_him_and_survives(tmp_path: Path) -> None:
    async with running_exchange(tmp_path) as exchange:
        await exchange.define_instrument()
        supplier = await exchange.create_supplier(issue_units=10)
        buyer = await exchange.create_member("buyer", deposit_micros=10**9)
        await exchange.sell_issuance(supplier, 2, 1_000_000)
        await exchange.place(
            buyer, side="buy", quantity_units=2, price_micros=1_000_000, auto_transfer=True
        )
        await exchange.advance(4 * HOUR_US)
        clock = exchange.clock
    async with running_exchange(tmp_path, clock=clock) as exchange:
        buyer = Participant(buyer.member_id, buyer.secret, exchange)
        answer = await buyer.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
        assert [each.expired_tokens for each in answer.units] == [2_000_000]
        earned = cash_of(exchange.running.services.live.state.balances, supplier.member_id)
        assert earned.available_micros == 2_000_000


def test_definitions_suit_both_databases() -> None:
    for url in ("sqlite+aiosqlite:///x", "postgresql+asyncpg://u@h/n"):
        text = "\n".join(sql.definitions(url))
        assert text.count("CREATE TABLE") == len(sql.metadata.tables)
        assert ("WITHOUT ROWID" in text) == url.startswith("sqlite")
        assert ("BYTEA" in text) == url.startswith("postgresql")
