"""`replay --until` against what the exchange answered at that very moment, on either database."""

import asyncio
import json
import random
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.exchange import HOUR_US, SYMBOL, Exchange, Participant, running_exchange
from tests.support.random_day import trade_at_random
from thegrid.v1 import accounts_pb2, history_pb2, market_data_pb2, trading_pb2
from thegrid_exchange.command import main
from thegrid_exchange.journal.protocol import JournalError
from thegrid_exchange.journal.reader import SqlReader
from thegrid_exchange.rewind import Wanted, moment, rewind


class Answered(NamedTuple):
    """What the exchange said at a moment through its public door."""

    seq: int
    at_us: int
    cash: tuple[int, ...]
    units: tuple[int, ...]
    orders: list[tuple[str, int, int]]
    lots: list[tuple[str, int, int]]
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


async def asked(exchange: Exchange, member: Participant) -> Answered:
    durable = exchange.running.services.live.durable
    balances = await member.accounts.GetBalances(accounts_pb2.GetBalancesRequest())
    [units] = balances.units or [accounts_pb2.UnitBalance()]
    orders = await member.trading.ListOrders(
        trading_pb2.ListOrdersRequest(status=trading_pb2.ORDER_STATUS_OPEN, page_size=1_000)
    )
    lots = await member.accounts.ListLots(accounts_pb2.ListLotsRequest(page_size=1_000))
    book = (
        await member.market_data.GetBook(
            market_data_pb2.GetBookRequest(market=SYMBOL, depth_levels=1_000)
        )
    ).book
    cash = balances.cash
    return Answered(
        durable.seq,
        durable.at_us,
        (cash.available_micros, cash.held_micros, cash.escrow_micros),
        (units.trading_tokens, units.held_tokens, units.lot_tokens),
        sorted(
            (o.order_id, o.price_micros, o.quantity_units - o.filled_units) for o in orders.orders
        ),
        sorted(
            (lot.lot_id, lot.free_tokens, lot.expire_time.ToMicroseconds()) for lot in lots.lots
        ),
        [(level.price_micros, level.quantity_units) for level in book.bids],
        [(level.price_micros, level.quantity_units) for level in book.asks],
    )


def told(shown: dict[str, Any], at_us: int) -> Answered:
    """The same out of what was read from the journal."""
    member, market = shown["member"], shown["market"]
    amounts = {(each["account"], each["asset"]): each["amount"] for each in member["balances"]}
    [instrument] = {asset for _, asset in amounts if asset != "usd"} or {""}
    return Answered(
        shown["seq"],
        at_us,
        tuple(amounts.get((name, "usd"), 0) for name in ("available", "held", "escrow")),
        tuple(amounts.get((name, instrument), 0) for name in ("trading", "held", "lots")),
        sorted(
            (each["order_id"], each["price_micros"], each["remaining_units"])
            for each in member["open_orders"]
        ),
        sorted(
            (each["lot_id"], each["free_tokens"], each["expires_at_us"])
            for each in member["open_lots"]
        ),
        [(each["price_micros"], each["quantity_units"]) for each in market["bids"]],
        [(each["price_micros"], each["quantity_units"]) for each in market["asks"]],
    )


async def test_any_moment_is_as_it_was_answered_then(tmp_path: Path, journal_url: str) -> None:
    chance = random.Random(11)
    kept: list[tuple[str, Answered]] = []
    async with running_exchange(
        tmp_path, database_url=journal_url, snapshot_rows=40, snapshots_kept=2
    ) as exchange:
        members = await trade_at_random(exchange, 11, 20)
        for _ in range(8):
            await more_orders(exchange, members[:3], chance)
            kept += [(each.member_id, await asked(exchange, each)) for each in members[:3]]
            await exchange.advance(HOUR_US)
        await assert_all_equal(journal_url, kept)  # beside the running exchange
        await assert_history_answers(members[0])
    await assert_all_equal(journal_url, kept)


async def more_orders(
    exchange: Exchange, members: list[Participant], chance: random.Random
) -> None:
    for member in members:
        await exchange.place(
            member,
            side="buy",
            quantity_units=chance.randrange(1, 5),
            price_micros=1_000 * chance.randrange(90, 104),
            auto_transfer=chance.random() < 0.3,
        )


async def assert_all_equal(journal_url: str, kept: list[tuple[str, Answered]]) -> None:
    reader = SqlReader(journal_url)
    head = await reader.open()
    try:
        for member_id, answer in kept:
            assert answer.seq < head.seq
            for until in (str(answer.seq), moment(answer.at_us)):
                shown = await rewind(reader, Wanted(until, member_id, SYMBOL))
                assert told(shown, answer.at_us) == answer
    finally:
        await reader.close()


async def assert_history_answers(member: Participant) -> None:
    """The sums of history in the database's own SQL."""
    statement = await member.history.GetStatement(history_pb2.GetStatementRequest())
    assert {each.account for each in statement.accounts} >= {"available", "lots"}
    statistics = await member.history.GetStatistics(history_pb2.GetStatisticsRequest())
    assert statistics.instruments[0].fills > 0
    positions = await member.history.ListPositions(history_pb2.ListPositionsRequest())
    assert positions.positions[0].bought_units == statistics.instruments[0].bought_units
    sweeps = await member.history.ListSweeps(history_pb2.ListSweepsRequest(own_only=True))
    assert sweeps.sweeps[0].share.swept_units > 0


async def test_a_moment_is_told_wrong_when_a_fold_is(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault: one order too many is read."""
    async with running_exchange(tmp_path, database_url=sqlite_url) as exchange:
        members = await trade_at_random(exchange, 1, 5)
        await more_orders(exchange, members[:1], random.Random(1))
        kept = [(members[0].member_id, await asked(exchange, members[0]))]
        await more_orders(exchange, members[:1], random.Random(1))
        await exchange.advance(HOUR_US)

        async def one_off(reader: SqlReader, until: str) -> int:
            return kept[0][1].seq + 1

        monkeypatch.setattr("thegrid_exchange.rewind._row", one_off)
        with pytest.raises(AssertionError):
            await assert_all_equal(sqlite_url, kept)


async def test_the_command_says_what_was_and_names_what_was_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    async with running_exchange(folder) as exchange:
        member, *_ = await trade_at_random(exchange, 2, 30)
        seq = exchange.running.services.live.durable.seq
        digest = exchange.running.services.live.state.digest()

    async def run(*arguments: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, ["replay", str(folder), *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    code, out, _ = await run("--until", str(seq), "--json")
    assert (code, json.loads(out)["whole"]["digest"]) == (0, digest)
    code, out, _ = await run("--until", str(seq), "--member", "m0", "--market", SYMBOL)
    assert code == 0
    for said in (f"as of row {seq}", f"member {member.member_id} m0", f"market {SYMBOL}"):
        assert said in out
    for arguments, problem in (
        (("--until", "1000000"), "no row 1000000 yet"),
        (("--until", "yesterday"), "neither a row nor an instant"),
        (("--until", "1", "--member", "m0"), "there was no member 'm0' then"),
        (("--until", "0", "--market", SYMBOL), "there was no market"),
        (("--member", "m0"), "--until"),
    ):
        code, _, said = await run(*arguments)
        assert (code, problem in said) == (2, True), said


async def test_before_the_first_row_there_is_nothing(tmp_path: Path, sqlite_url: str) -> None:
    async with running_exchange(tmp_path, database_url=sqlite_url):
        pass
    reader = SqlReader(sqlite_url)
    await reader.open()
    try:
        shown = await rewind(reader, Wanted("1999-12-31"))
        assert (shown["seq"], shown["whole"]["members"]) == (0, 0)
        with pytest.raises(JournalError, match="neither"):
            await rewind(reader, Wanted("soon"))
    finally:
        await reader.close()
