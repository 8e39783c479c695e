"""Statements: a member's postings summed by the hour, so that any span adds up without reading all.

The postings themselves are in `accounts`; parts of an hour are summed from them.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from thegrid_exchange.engine.quantities import CASH, HOUR_US
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.accounts import AccountsReader, PostedLine

EDGE_ROWS: Final = 500
"""Journal rows of an edge read before others get the loop again."""

SUMS = sql.table(
    "posting_sums",
    [
        sql.text("owner"),
        sql.text("asset"),
        sql.text("account"),
        sql.number("hour_us"),
        sql.text("cause"),
    ],
    sql.number("postings"),
    sql.number("amount"),
    sql.number("seq"),
    sql.number("line"),
    sql.number("balance"),
)
"""`balance` is the account's after the last of these postings, as the engine had it."""
_ADD = sql.add_up(SUMS, ("postings", "amount"))

Key = tuple[str, str]
"""Asset and account."""


class StatementBroken(Exception):
    """Opening and postings do not come to closing; the read models must be rebuilt."""


class Span(NamedTuple):
    """What a statement covers: `start_us <= at < end_us`, and no row after `until_seq`."""

    start_us: int
    end_us: int
    until_seq: int


class Entry(NamedTuple):
    """The postings of one reason."""

    postings: int
    amount: int


class Account(NamedTuple):
    """One account over the span; `entries` by reason."""

    asset: str
    account: str
    opening: int
    entries: dict[str, Entry]
    closing: int


class _Sum(NamedTuple):
    postings: int
    amount: int
    seq: int
    line: int
    balance: int


class Collector:
    """Sums the posted lines of one batch by owner, account, hour and cause."""

    def __init__(self, partition: int) -> None:
        self._partition = partition
        self._sums: dict[tuple[str, str, str, int, str], _Sum] = {}

    def collect(self, posted: Iterable[tuple[str, Sequence[PostedLine]]]) -> None:
        """Take the lines of each owner, newest first."""
        sums = self._sums
        for owner, lines in posted:
            for line in lines:
                hour_us = line.at_us - line.at_us % HOUR_US
                key = owner, line.asset, line.account, hour_us, line.cause
                had = sums.get(key)
                if had is None:
                    sums[key] = _Sum(1, line.amount, line.seq, line.line, line.balance)
                else:
                    sums[key] = had._replace(
                        postings=had.postings + 1, amount=had.amount + line.amount
                    )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._sums:
            yield _ADD, [(self._partition, *key, *sums) for key, sums in self._sums.items()]


class StatementsReader:
    """Accounts of a member over a span."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader
        self._accounts = AccountsReader(reader)

    async def accounts(self, member_id: str, span: Span, asset: str = "") -> list[Account]:
        """Every account that had a balance or a posting, cash first, then by asset and name.

        Raises StatementBroken unless each account's opening and postings come to its closing.
        """
        made = _Making(self._reader, self._accounts, member_id, span, asset)
        return await made.accounts()


class _Making:
    """One statement in the making: whole hours from their sums, the edges from the postings."""

    def __init__(
        self,
        reader: sql.Reader,
        accounts: AccountsReader,
        member_id: str,
        span: Span,
        asset: str,
    ) -> None:
        self._reader, self._postings = reader, accounts
        self._member_id, self._span, self._asset = member_id, span, asset
        self._entries: dict[Key, dict[str, Entry]] = {}

    async def accounts(self) -> list[Account]:
        start_us, end_us, _ = self._span
        first_us, last_us = start_us - start_us % HOUR_US, end_us - end_us % HOUR_US
        opening = await self._balances_before(first_us)
        opening |= await self._edge(first_us, start_us, counts=False)
        closing = await self._balances_before(last_us)
        if first_us == last_us:
            closing |= await self._edge(first_us, start_us, counts=False)
            closing |= await self._edge(start_us, end_us)
        else:
            next_us = first_us if first_us == start_us else first_us + HOUR_US
            await self._edge(start_us, next_us)
            await self._hours(next_us, last_us)
            closing |= await self._edge(last_us, end_us)
        keys = sorted({*opening, *closing, *self._entries}, key=_cash_first)
        made = [
            Account(*key, opening.get(key, 0), self._entries.get(key, {}), closing.get(key, 0))
            for key in keys
        ]
        for account in made:
            _prove(account)
        return [each for each in made if each.opening or each.closing or each.entries]

    async def _balances_before(self, hour_us: int) -> dict[Key, int]:
        """Each account's balance after its last posting before an hour."""
        scope = "partition = ? AND owner = ?" + (" AND asset = ?" if self._asset else "")
        values = [self._reader.partition, self._member_id, *([self._asset] if self._asset else [])]
        rows = await self._reader.rows(
            "SELECT s.asset, s.account, s.seq, s.line, s.balance "
            f"FROM (SELECT * FROM {SUMS.name} WHERE {scope} AND hour_us < ?) AS s "
            "JOIN (SELECT asset, account, MAX(hour_us) AS hour_us "
            f"FROM {SUMS.name} WHERE {scope} AND hour_us < ? GROUP BY asset, account) AS last "
            "ON s.asset = last.asset AND s.account = last.account AND s.hour_us = last.hour_us",
            *values,
            hour_us,
            *values,
            hour_us,
        )
        # Of several causes in that hour the one that was posted last has the word.
        newest: dict[Key, tuple[int, int, int]] = {}
        for asset, account, *place in rows:
            key = asset, account
            newest[key] = max(newest.get(key, (0, 0, 0)), (place[0], place[1], place[2]))
        return {key: balance for key, (_, _, balance) in newest.items()}

    async def _hours(self, start_us: int, end_us: int) -> None:
        """Count whole hours."""
        query = (
            sql.Query(
                "asset, account, cause, SUM(postings), SUM(amount)", SUMS, self._reader.partition
            )
            .where("owner = ?", self._member_id)
            .when(self._asset, "asset = ?")
            .where("hour_us >= ? AND hour_us < ?", start_us, end_us)
            .group("asset, account, cause")
        )
        for asset, account, cause, postings, amount in await self._reader.select(query):
            self._count((asset, account), cause, int(postings), int(amount))

    async def _edge(self, start_us: int, end_us: int, *, counts: bool = True) -> dict[Key, int]:
        """Balances after the last postings of less than an hour, which are counted if asked."""
        balances: dict[Key, int] = {}
        if start_us >= end_us:
            return balances
        after = await self._reader.last_seq_before(start_us)
        last = min(await self._reader.last_seq_before(end_us), self._span.until_seq)
        while after < last:
            rows = await self._postings.rows_between(self._member_id, after, last, EDGE_ROWS)
            posted = (line for _, lines in rows for line in reversed(lines))
            for line in posted:
                if self._asset not in ("", line.asset):
                    continue
                balances[(line.asset, line.account)] = line.balance
                if counts:
                    self._count((line.asset, line.account), line.cause, 1, line.amount)
            after = rows[-1][0] if len(rows) == EDGE_ROWS else last
            await asyncio.sleep(0)
        return balances

    def _count(self, key: Key, cause: str, postings: int, amount: int) -> None:
        entries = self._entries.setdefault(key, {})
        had = entries.get(cause, Entry(0, 0))
        entries[cause] = Entry(had.postings + postings, had.amount + amount)


def _prove(account: Account) -> None:
    posted = sum(entry.amount for entry in account.entries.values())
    if account.opening + posted != account.closing:
        raise StatementBroken(
            f"{account.asset}/{account.account}: opening {account.opening} and postings {posted} "
            f"do not come to closing {account.closing}"
        )


def _cash_first(key: Key) -> tuple[bool, Key]:
    return key[0] != CASH, key
