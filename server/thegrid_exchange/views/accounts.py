"""Cash and Units from the balances, and the listed history behind them: postings and transfers.

Lots have a file of their own.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from thegrid_exchange.engine.events import LotMinted, Posted, UnitsTransferred
from thegrid_exchange.engine.quantities import CASH, HOUSE, number_of
from thegrid_exchange.engine.records import Transfer
from thegrid_exchange.journal.protocol import Row, Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import Batch

Balances = Mapping[tuple[str, str, str], int]
Totals = Mapping[str, int]
"""Tokens that ended in a member's Lots: the engine books those with their issuer."""

POSTINGS = sql.table(
    "postings",
    [sql.text("owner"), sql.number("seq")],
    sql.text("assets"),
    sql.number("at_us"),
    sql.record(),
)
"""One row holds all lines of one owner in one journal row, newest first."""
TRANSFERS = sql.table(
    "transfers",
    [sql.text("member_id"), sql.number("number")],
    sql.text("instrument_id"),
    sql.text("sweep_id"),
    sql.text("cause"),
    sql.number("at_us"),
    sql.record(),
)
_SCANS = 20
"""Readings that one page of postings may take when few of them are asked for."""
_PUT_POSTING = sql.insert(POSTINGS)
_PUT_TRANSFER = sql.insert(TRANSFERS)


class Cash(NamedTuple):
    """A member's cash in micro-dollars."""

    available_micros: int
    held_micros: int
    escrow_micros: int
    withheld_micros: int
    collateral_micros: int


class Units(NamedTuple):
    """A member's Units of one instrument in tokens; unsold ones include those on sale."""

    instrument_id: str
    trading_tokens: int
    held_tokens: int
    lot_tokens: int
    reserved_tokens: int
    unsold_tokens: int
    consumed_tokens: int
    expired_tokens: int


def cash_of(balances: Balances, member_id: str) -> Cash:
    """The member's cash."""
    get = balances.get
    return Cash(
        get((member_id, "available", CASH), 0),
        get((member_id, "held", CASH), 0),
        get((member_id, "escrow", CASH), 0),
        get((member_id, "withheld", CASH), 0),
        get((member_id, "collateral", CASH), 0),
    )


def units_of(balances: Balances, totals: Totals, member_id: str, instrument_id: str) -> Units:
    """The member's Units of one instrument."""
    get = balances.get
    ended = f"{member_id}/{instrument_id}"
    return Units(
        instrument_id,
        get((member_id, "trading", instrument_id), 0),
        get((member_id, "held", instrument_id), 0),
        get((member_id, "lots", instrument_id), 0),
        get((member_id, "reserved", instrument_id), 0),
        get((member_id, "unsold", instrument_id), 0) + get((member_id, "listed", instrument_id), 0),
        totals.get(f"{ended}/consumed", 0),
        totals.get(f"{ended}/expired", 0),
    )


def all_units_of(
    balances: Balances, totals: Totals, member_id: str, instruments: Iterable[str]
) -> list[Units]:
    """The member's Units of every instrument that it holds or has held."""
    units = (units_of(balances, totals, member_id, each) for each in sorted(instruments))
    return [each for each in units if any(each[1:])]


class PostedLine(NamedTuple):
    """One line of the ledger with the balance after it."""

    seq: int
    line: int
    asset: str
    at_us: int
    account: str
    amount: int
    balance: int
    cause: str
    reference: str


_lines = msgspec.msgpack.Decoder(list[PostedLine]).decode
_transfer = msgspec.msgpack.Decoder(Transfer).decode


class Collector:
    """Gathers the postings and transfers of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._postings: list[tuple[Any, ...]] = []
        self.posted: list[tuple[str, list[PostedLine]]] = []
        """Owners and their lines, newest first, for who sums them."""
        self._transfers: list[tuple[Any, ...]] = []

    def collect(self) -> None:
        """Go through the batch from its end, where all balances are known, to its beginning."""
        balances: dict[tuple[str, str, str], int] = {}
        for row in reversed(self._batch.rows):
            if row.events:
                self._add_row(row, balances)

    def _add_row(self, row: Row, balances: dict[tuple[str, str, str], int]) -> None:
        number = sum(len(e.postings) for e in row.events if type(e) is Posted)
        known = self._batch.state.balances
        lines: dict[str, list[PostedLine]] = {}
        for event in reversed(row.events):
            if type(event) is UnitsTransferred:
                self._add_transfer(event.transfer, row)
        posted = [event for event in reversed(row.events) if type(event) is Posted]
        postings = ((event, posting) for event in posted for posting in reversed(event.postings))
        for event, (owner, account, asset, amount) in postings:
            number -= 1
            if owner == HOUSE:
                continue
            key = (owner, account, asset)
            balance = balances.get(key)
            if balance is None:
                balance = known.get(key, 0)
            balances[key] = balance - amount
            lines.setdefault(owner, []).append(
                PostedLine(
                    row.seq,
                    number,
                    asset,
                    row.at_us,
                    account,
                    amount,
                    balance,
                    event.cause,
                    event.reference,
                )
            )
        self.posted.extend(lines.items())
        for owner, mine in lines.items():
            assets = "".join(f"|{asset}|" for asset in {line.asset for line in mine})
            self._postings.append(
                (self._partition, owner, row.seq, assets, row.at_us, sql.pack(mine))
            )

    def _add_transfer(self, transfer: Transfer, row: Row) -> None:
        origins = [
            event.lot.origin_id
            for event in row.events
            if type(event) is LotMinted and event.lot.lot_id == transfer.lot_id
        ]
        self._transfers.append(
            (
                self._partition,
                transfer.member_id,
                number_of(transfer.transfer_id),
                transfer.instrument_id,
                next((origin for origin in origins if origin.startswith("swp_")), ""),
                transfer.origin,
                transfer.transferred_at_us,
                sql.pack(transfer),
            )
        )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch, oldest first."""
        if self._postings:
            self._postings.reverse()
            yield _PUT_POSTING, self._postings
        if self._transfers:
            self._transfers.reverse()
            yield _PUT_TRANSFER, self._transfers


class AccountsReader:
    """Postings and transfers, newest first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def postings(
        self,
        member_id: str,
        *,
        asset: str = "",
        account: str = "",
        cause: str = "",
        start_us: int | None = None,
        end_us: int | None = None,
        before: tuple[int, int] = (2**62, 0),
        limit: int = 100,
    ) -> tuple[list[PostedLine], tuple[int, int] | None]:
        """Ledger lines of the member before the given row and line, and where the next ones begin.

        A rare account or cause may give fewer lines than the limit though more follow.
        """
        found: list[PostedLine] = []
        first_seq = 0 if start_us is None else await self._reader.last_seq_before(start_us)
        if end_us is not None:
            before = min(before, (await self._reader.last_seq_before(end_us) + 1, 0))
        for _ in range(_SCANS):
            query = (
                sql.Query("seq, record", POSTINGS, self._reader.partition)
                .where("owner = ?", member_id)
                .where("seq <= ?", before[0])
                .where("seq > ?", first_seq)
                .when(asset and f"%|{_escaped(asset)}|%", "assets LIKE ? ESCAPE '!'")
                .order("seq DESC", limit + 1)
            )
            rows = await self._reader.select(query)
            for line in (line for row in rows for line in _lines(row[1])):
                is_asked = asset in ("", line.asset) and account in ("", line.account)
                if (line.seq, line.line) < before and is_asked and cause in ("", line.cause):
                    found.append(line)
            if len(found) > limit:
                found = found[:limit]
                return found, (found[-1].seq, found[-1].line)
            if len(rows) <= limit:
                return found, None
            before = (rows[-1][0], 0)
        return found, before

    async def rows_between(
        self, member_id: str, after_seq: int, last_seq: int, limit: int
    ) -> list[tuple[int, list[PostedLine]]]:
        """The member's lines by journal row, oldest row first, each row's newest line first."""
        query = (
            sql.Query("seq, record", POSTINGS, self._reader.partition)
            .where("owner = ?", member_id)
            .where("seq > ? AND seq <= ?", after_seq, last_seq)
            .order("seq", limit)
        )
        return [(row[0], _lines(row[1])) for row in await self._reader.select(query)]

    async def transfers(
        self,
        member_id: str,
        *,
        instrument_id: str = "",
        cause: str = "",
        start_us: int | None = None,
        end_us: int | None = None,
        before: int = 2**62,
        limit: int = 100,
    ) -> list[tuple[Transfer, str]]:
        """Transfers of the member numbered below `before`, each with its sweep id or nothing."""
        query = (
            sql.Query("record, sweep_id", TRANSFERS, self._reader.partition)
            .where("member_id = ?", member_id)
            .where("number < ?", before)
            .when(instrument_id, "instrument_id = ?")
            .when(cause, "cause = ?")
            .when(start_us, "at_us >= ?")
            .when(end_us, "at_us < ?")
            .order("number DESC", limit)
        )
        return [(_transfer(row[0]), row[1]) for row in await self._reader.select(query)]


def _escaped(asset: str) -> str:
    return asset.replace("!", "!!").replace("%", "!%").replace("_", "!_")
