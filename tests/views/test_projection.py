"""The read models against the state they were folded from, and against a rebuild of them."""

import sqlite3
from pathlib import Path

import pytest

from tests.support.exchange import HOUR_US, Participant, running_exchange
from tests.support.random_day import trade_at_random
from tests.support.reads import assert_reads_equal_state, tables
from thegrid.v1 import accounts_pb2
from thegrid_exchange.views import sql
from thegrid_exchange.views.accounts import cash_of
from thegrid_exchange.views.projector import Projector


@pytest.mark.parametrize("seed", [1, 2])
async def test_reads_equal_the_state_and_a_rebuild_equals_both(tmp_path: Path, seed: int) -> None:
    async with running_exchange(tmp_path) as exchange:
        members = await trade_at_random(exchange, seed, 120)
        for member in members:
            await assert_reads_equal_state(exchange, member.member_id)
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
                await assert_reads_equal_state(exchange, members[0].member_id)
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
        refunded = cash_of(exchange.running.services.live.state.balances, buyer.member_id)
        # The supplier never connected, so what expired was not its to earn.
        assert earned.available_micros == 0
        assert refunded.available_micros == 10**9


def test_definitions_suit_both_databases() -> None:
    for url in ("sqlite+aiosqlite:///x", "postgresql+asyncpg://u@h/n"):
        text = "\n".join(sql.definitions(url))
        assert text.count("CREATE TABLE") == len(sql.metadata.tables)
        assert ("WITHOUT ROWID" in text) == url.startswith("sqlite")
        assert ("BYTEA" in text) == url.startswith("postgresql")


async def test_a_database_of_an_older_build_is_read_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its tables lack a column and a whole table, and it notes the version of that time."""
    async with running_exchange(tmp_path) as exchange:
        await trade_at_random(exchange, 5, 40)
        written = await tables(exchange)
        clock = exchange.clock
    with sqlite3.connect(tmp_path / "exchange.db") as database:
        database.execute("ALTER TABLE view_orders DROP COLUMN tag")
        database.execute("DROP TABLE view_positions")
        database.execute("UPDATE journal_meta SET value = '3' WHERE name = 'views_version'")
    caplog.set_level("INFO", "thegrid_exchange.recovery")
    patched = pytest.MonkeyPatch()
    patched.setattr("thegrid_exchange.recovery.PROGRESS_ROWS", 20)
    try:
        async with running_exchange(tmp_path, clock=clock) as exchange:
            assert await tables(exchange) == written
            journal = exchange.running._journal
            assert await journal.views_version() == Projector.version
    finally:
        patched.undo()
    assert "rebuilding the read models" in caplog.text
    assert "read models rebuilt up to row" in caplog.text


def test_a_changed_table_is_another_version() -> None:
    version = sql.version_of(1)
    assert version == sql.version_of(1) != sql.version_of(2)
    added = sql.table("added_for_a_test", [sql.text("name")])
    try:
        assert sql.version_of(1) != version
    finally:
        sql.metadata.remove(added)
