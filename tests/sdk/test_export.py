"""`grid export` against a real exchange: every list, both formats, whole files or none."""

import asyncio
import csv
import importlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest
from click.testing import CliRunner, Result

from tests.support.exchange import SLOT_US, SYMBOL, Exchange, Participant, running_exchange
from tests.support.random_day import trade_at_random
from thegrid.cli.app import grid
from thegrid.cli.export.columns import Shape
from thegrid.cli.export.tables import TABLES
from thegrid.v1 import accounts_pb2, trading_pb2


async def run(exchange: Exchange, member: Participant, *arguments: str) -> Result:
    environment = {"GRID_GRPC": exchange.target, "GRID_API_KEY": member.secret}
    return await asyncio.to_thread(CliRunner().invoke, grid, [*arguments], env=environment)


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob(".*.part"))


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("what", sorted(TABLES))
def test_every_list_has_columns_with_names_of_their_own(what: str) -> None:
    listed = TABLES[what]
    names = [column.name for column in Shape(listed.message.DESCRIPTOR, listed.each).columns]
    assert len(names) == len(set(names)) > 3


async def test_every_list_is_exported_whole_in_both_formats(tmp_path: Path) -> None:
    async with running_exchange(tmp_path / "data") as exchange:
        member, *_ = await trade_at_random(exchange, 7, 60)
        await exchange.advance(SLOT_US)
        counts: dict[str, int] = {}
        for what in sorted(TABLES):
            sheet, table = tmp_path / f"{what}.csv", tmp_path / f"{what}.parquet"
            only = ("--instrument", SYMBOL) if TABLES[what].needs_instrument else ()
            for path in (sheet, table):
                done = await run(exchange, member, "export", what, "--out", str(path), *only)
                assert done.exit_code == 0, done.output
            rows, typed = read_csv(sheet), parquet.read_table(table).to_pylist()
            assert len(rows) == len(typed)
            assert f"{path}: {len(typed):,} rows" in done.output.replace("\n", "")
            assert_same_rows(rows, typed)
            counts[what] = len(rows)
        assert all(counts[what] for what in ("orders", "fills", "trades", "postings", "lots"))
        fills = (
            await member.trading.ListFills(trading_pb2.ListFillsRequest(page_size=1_000))
        ).fills
        typed = parquet.read_table(tmp_path / "fills.parquet").to_pylist()
        assert [row["price_micros"] for row in typed] == [each.price_micros for each in fills]
        assert [row["side"] for row in typed[:1]] == ["buy" if fills[0].side == 1 else "sell"]
        when = fills[0].trade_time.ToDatetime(tzinfo=UTC)
        assert typed[0]["trade_time"] == when
        assert not leftovers(tmp_path)


def assert_same_rows(rows: list[dict[str, str]], typed: list[dict[str, Any]]) -> None:
    for row, cells in zip(rows, typed, strict=True):
        assert list(row) == list(cells)
        for name, cell in cells.items():
            shown = "" if cell is None else str(cell)
            if isinstance(cell, bool):
                shown = shown.lower()
            if isinstance(cell, datetime):
                shown = cell.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            assert row[name] == shown


async def test_a_statement_gives_each_reason_a_row(tmp_path: Path) -> None:
    async with running_exchange(tmp_path / "data") as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer", deposit_micros=10_000_000)
        await exchange.place(buyer, side="buy", quantity_units=1, price_micros=1_000_000)
        path = tmp_path / "s.csv"
        assert (
            await run(exchange, buyer, "export", "statement", "--out", str(path))
        ).exit_code == 0
        told = [(row["account"], row["reason"], row["amount"]) for row in read_csv(path)]
        assert told == [
            ("available", "deposit", "10000000"),
            ("available", "hold", "-1000000"),
            ("held", "hold", "1000000"),
        ]


async def test_spans_and_pages(tmp_path: Path) -> None:
    async with running_exchange(tmp_path / "data") as exchange:
        await exchange.define_instrument()
        buyer = await exchange.create_member("buyer", deposit_micros=10**9)
        for number in range(1_100):
            await exchange.deposit(buyer.member_id, number + 1)
        middle = datetime.fromtimestamp(exchange.clock.now_us() / 1e6 + 1, UTC).isoformat()
        await exchange.advance(5_000_000)
        await exchange.deposit(buyer.member_id, 77)
        path = tmp_path / "p.csv"
        answer = await run(
            exchange, buyer, "export", "postings", "--out", str(path), "--to", middle, "--json"
        )
        assert json.loads(answer.stdout) == {"table": "postings", "file": str(path), "rows": 1_101}
        amounts = [int(row["amount"]) for row in read_csv(path)]
        assert amounts[:3] == [1_100, 1_099, 1_098]
        since = ("--from", middle)
        await run(exchange, buyer, "export", "postings", "--out", str(path), *since)
        assert [row["amount"] for row in read_csv(path)] == ["77"]
        piped = await run(exchange, buyer, "export", "postings", "--out", "-", *since)
        assert piped.stdout.splitlines()[1].split(",")[4] == "77"


async def test_a_failed_run_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_exchange(tmp_path / "data") as exchange:
        buyer = await exchange.create_member("buyer", deposit_micros=5)
        path = tmp_path / "p.csv"
        path.write_text("old")
        missing = ("--instrument", "no-such-thing")
        refused = await run(exchange, buyer, "export", "postings", "--out", str(path), *missing)
        assert refused.exit_code == 4
        assert path.read_text() == "old"
        assert not leftovers(tmp_path)
        real = importlib.import_module

        def without(name: str, *more: Any) -> Any:
            if name.startswith("pyarrow"):
                raise ModuleNotFoundError(name)
            return real(name, *more)

        monkeypatch.setattr("thegrid.cli.export.files.import_module", without)
        out = ("--out", str(tmp_path / "p.parquet"))
        told = await run(exchange, buyer, "export", "postings", *out)
        assert told.exit_code == 1
        assert "thegrid[export]" in told.output
        assert not (tmp_path / "p.parquet").exists()
        needs = await run(exchange, buyer, "export", "trades", "--out", str(path))
        assert (needs.exit_code, "--instrument" in needs.output) == (2, True)


def test_an_unset_field_is_no_zero() -> None:
    shape = Shape(accounts_pb2.Posting.DESCRIPTOR)
    [row] = shape.rows(accounts_pb2.Posting(amount=0))
    named = dict(zip((column.name for column in shape.columns), row, strict=True))
    assert (named["amount"], named["posting_time"]) == (0, None)
