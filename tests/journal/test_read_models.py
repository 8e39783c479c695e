"""The read models on PostgreSQL beside those on SQLite: the same day leaves the same rows.

What the rows mean is tested in `tests/views`.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.exchange import running_exchange
from tests.support.random_day import trade_at_random
from thegrid.v1 import accounts_pb2, history_pb2
from thegrid_exchange.views import sql

KEY_ID = re.compile(rb"key_[0-9a-z]{20}")
"""Made by chance at the edge, and kept inside the records of orders."""


def without_chance(row: Iterable[Any]) -> tuple[Any, ...]:
    """A row without the ids of keys."""
    return tuple(KEY_ID.sub(b"key", each) if isinstance(each, bytes) else each for each in row)


async def a_day(folder: Path, database_url: str) -> tuple[dict[str, list[Any]], list[Any]]:
    """Every row of every read model after a day, and what a member reads of it."""
    async with running_exchange(folder, database_url=database_url) as exchange:
        members = await trade_at_random(exchange, 3, 80)
        reader = exchange.running.services.trading._reader
        rows = {
            name: sorted(map(without_chance, await reader.rows(f"SELECT * FROM {name}")), key=repr)
            for name in sql.metadata.tables
        }
        accounts, history = members[0].accounts, members[0].history
        answers = [
            await history.ListPositions(history_pb2.ListPositionsRequest()),
            await history.GetStatistics(history_pb2.GetStatisticsRequest()),
            await history.ListSweeps(history_pb2.ListSweepsRequest()),
            await accounts.ListTransfers(accounts_pb2.ListTransfersRequest()),
            await accounts.ListPostings(accounts_pb2.ListPostingsRequest()),
        ]
        return rows, answers


async def test_both_databases_hold_and_answer_the_same(
    tmp_path_factory: pytest.TempPathFactory, sqlite_url: str, postgres_url: str
) -> None:
    rows, answers = await a_day(tmp_path_factory.mktemp("one"), sqlite_url)
    other_rows, other_answers = await a_day(tmp_path_factory.mktemp("other"), postgres_url)
    assert rows["view_candles"]
    assert rows == other_rows
    assert answers == other_answers
