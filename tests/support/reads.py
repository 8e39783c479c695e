"""The read models held against the state that they were folded from, as a running exchange reads.

What is written into them is the test's affair.
"""

from typing import Any

from tests.support.exchange import Exchange
from thegrid_exchange.engine.state import State
from thegrid_exchange.views import sql


async def tables(exchange: Exchange) -> dict[str, list[Any]]:
    """Every row of every read model."""
    reader = exchange.running.services.trading._reader
    return {
        name: [tuple(row) for row in await reader.rows(f"SELECT * FROM {name}")]
        for name in sorted(sql.metadata.tables)
    }


async def assert_reads_equal_state(exchange: Exchange, member_id: str) -> None:
    services = exchange.running.services
    state: State = services.sequencer.state
    orders = await services.trading.orders(member_id, is_open=True, limit=10_000)
    mine = [each for each in state.orders.values() if each.member_id == member_id]
    assert sorted(orders) == sorted(mine)
    balances: dict[tuple[str, str], int] = {}
    lines, following = await services.accounts.postings(member_id, limit=100_000)
    assert following is None
    for line in reversed(lines):
        key = (line.asset, line.account)
        balances[key] = balances.get(key, 0) + line.amount
        assert balances[key] == line.balance
    held = {
        (asset, account): amount
        for (owner, account, asset), amount in state.balances.items()
        if owner == member_id
    }
    assert {key: amount for key, amount in balances.items() if amount} == held
    fills = await services.trading.fills(member_id, limit=100_000)
    every = await services.trading.orders(member_id, limit=100_000)
    assert sum(order.filled_units for order in every) == sum(
        fill.trade.quantity_units for fill in fills
    )
