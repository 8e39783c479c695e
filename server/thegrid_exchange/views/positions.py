"""Positions: what a Trading account holds of each instrument at average cost, and what came of it.

The balances themselves are the engine's; these figures only follow its trades and transfers.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from thegrid_exchange.engine.events import TradeExecuted, UnitsBoughtBack, UnitsTransferred
from thegrid_exchange.engine.records import Trade, Transfer
from thegrid_exchange.journal.protocol import Row, Statement
from thegrid_exchange.views import sql


class Position(NamedTuple):
    """One member's position in one instrument; see the contract for what each figure means."""

    quantity_units: int = 0
    cost_micros: int = 0
    realised_micros: int = 0
    consumption_cost_micros: int = 0
    fees_micros: int = 0
    bought_units: int = 0
    bought_micros: int = 0
    resold_units: int = 0
    resold_micros: int = 0
    transferred_units: int = 0
    issued_units: int = 0
    issued_micros: int = 0
    bought_back_units: int = 0
    bought_back_micros: int = 0
    updated_at_us: int = 0

    def bought(self, quantity_units: int, value_micros: int, fee_micros: int) -> "Position":
        """After a buy."""
        return self._replace(
            quantity_units=self.quantity_units + quantity_units,
            cost_micros=self.cost_micros + value_micros,
            fees_micros=self.fees_micros + fee_micros,
            bought_units=self.bought_units + quantity_units,
            bought_micros=self.bought_micros + value_micros,
        )

    def resold(self, quantity_units: int, value_micros: int, fee_micros: int) -> "Position":
        """After a sale of bought Units."""
        cost_micros = self.share_of_cost(quantity_units)
        return self._replace(
            quantity_units=self.quantity_units - quantity_units,
            cost_micros=self.cost_micros - cost_micros,
            realised_micros=self.realised_micros + value_micros - cost_micros,
            fees_micros=self.fees_micros + fee_micros,
            resold_units=self.resold_units + quantity_units,
            resold_micros=self.resold_micros + value_micros,
        )

    def transferred(self, quantity_units: int) -> "Position":
        """After Units went into a Lot."""
        cost_micros = self.share_of_cost(quantity_units)
        return self._replace(
            quantity_units=self.quantity_units - quantity_units,
            cost_micros=self.cost_micros - cost_micros,
            consumption_cost_micros=self.consumption_cost_micros + cost_micros,
            transferred_units=self.transferred_units + quantity_units,
        )

    def issued(self, quantity_units: int, value_micros: int) -> "Position":
        """After a first sale of the member's own issuance, which never was in Trading."""
        return self._replace(
            issued_units=self.issued_units + quantity_units,
            issued_micros=self.issued_micros + value_micros,
        )

    def bought_back(self, quantity_units: int, value_micros: int) -> "Position":
        """After a part of a buy turned out to be the member's own issuance, which ended it."""
        return self._replace(
            quantity_units=self.quantity_units - quantity_units,
            cost_micros=self.cost_micros - value_micros,
            bought_units=self.bought_units - quantity_units,
            bought_micros=self.bought_micros - value_micros,
            bought_back_units=self.bought_back_units + quantity_units,
            bought_back_micros=self.bought_back_micros + value_micros,
        )

    def share_of_cost(self, quantity_units: int) -> int:
        """What so many of the Units held cost on average; the last ones take what is left."""
        return self.cost_micros * quantity_units // self.quantity_units


POSITIONS = sql.table(
    "positions",
    [sql.text("member_id"), sql.text("instrument_id")],
    *(sql.number(name) for name in Position._fields),
)
_PUT_POSITION = sql.upsert(POSITIONS)
_FIGURES = ", ".join(Position._fields)


class Positions:
    """All positions, kept beside the tables because each is reckoned from the one before."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Position] = {}
        self._changed: dict[tuple[str, str], None] = {}

    def clear(self) -> None:
        """Begin before the first row."""
        self._found.clear()

    async def load(self, reader: sql.Reader) -> None:
        """Take up the positions that the last row left."""
        columns = f"member_id, instrument_id, {_FIGURES}"
        rows = await reader.select(sql.Query(columns, POSITIONS, reader.partition))
        self._found = {(row[0], row[1]): Position(*row[2:]) for row in rows}

    def add_row(self, row: Row) -> None:
        """Follow the trades and transfers of one row."""
        last: Trade | None = None
        for event in row.events:
            kind = type(event)
            if kind is TradeExecuted:
                last = event.trade
                self._add_trade(event.trade, row.at_us)
            elif kind is UnitsBoughtBack and last is not None:
                self._add_return(event, last)
            elif kind is UnitsTransferred:
                self._add_transfer(event.transfer, row.at_us)

    def _add_trade(self, trade: Trade, at_us: int) -> None:
        units, asset = trade.quantity_units, trade.instrument_id
        value = trade.price_micros * units
        seller = self._of(trade.seller_id, asset)
        if trade.source == "issuance":
            seller = seller.issued(units, value)
        else:
            seller = seller.resold(units, value, trade.seller_fee_micros)
        self._put(trade.seller_id, asset, seller, at_us)
        buyer = self._of(trade.buyer_id, asset).bought(units, value, trade.buyer_fee_micros)
        self._put(trade.buyer_id, asset, buyer, at_us)

    def _add_return(self, event: UnitsBoughtBack, trade: Trade) -> None:
        units = event.quantity_units
        position = self._of(event.member_id, event.instrument_id)
        after = position.bought_back(units, trade.price_micros * units)
        self._put(event.member_id, event.instrument_id, after, position.updated_at_us)

    def _add_transfer(self, transfer: Transfer, at_us: int) -> None:
        member_id, asset = transfer.member_id, transfer.instrument_id
        after = self._of(member_id, asset).transferred(transfer.quantity_units)
        self._put(member_id, asset, after, at_us)

    def _of(self, member_id: str, instrument_id: str) -> Position:
        return self._found.get((member_id, instrument_id), Position())

    def _put(self, member_id: str, instrument_id: str, position: Position, at_us: int) -> None:
        key = member_id, instrument_id
        self._found[key] = position._replace(updated_at_us=at_us)
        self._changed[key] = None

    def statements(self, partition: int) -> Iterable[Statement]:
        """The writes since the last call."""
        if self._changed:
            yield _PUT_POSITION, [(partition, *key, *self._found[key]) for key in self._changed]
            self._changed.clear()


class PositionsReader:
    """Positions of a member, by instrument id."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def positions(
        self,
        member_id: str,
        *,
        instrument_id: str = "",
        open_only: bool = False,
        after: str = "",
        limit: int = 100,
    ) -> list[tuple[str, Position]]:
        """Instrument ids after the given one, each with the position."""
        query: Any = (
            sql.Query(f"instrument_id, {_FIGURES}", POSITIONS, self._reader.partition)
            .where("member_id = ?", member_id)
            .when(instrument_id, "instrument_id = ?")
            .when(after, "instrument_id > ?")
            .order("instrument_id", limit)
        )
        if open_only:
            query.where("quantity_units > 0")
        return [(row[0], Position(*row[1:])) for row in await self._reader.select(query)]
