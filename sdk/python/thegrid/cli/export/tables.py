"""Which lists can be exported, and how each is asked for.
A further list is one more entry here; its columns follow from its message.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from google.protobuf.message import Message

from thegrid.sync.client import Client
from thegrid.v1 import (
    accounts_pb2,
    history_pb2,
    lots_pb2,
    market_data_pb2,
    trading_pb2,
    usage_pb2,
)

PAGE_ROWS: Final = 1_000


class Asked(NamedTuple):
    """What is asked for: a span, and an instrument, market or asset by id or symbol."""

    instrument: str
    start_time: datetime | None
    end_time: datetime | None
    interval: str = "1m"
    """Of candles."""

    def span(self) -> dict[str, Any]:
        """The arguments that all lists over time share."""
        return {
            "start_time": self.start_time,
            "end_time": self.end_time,
            "page_size": PAGE_ROWS,
        }


class Listed(NamedTuple):
    """One list: its message, and how to iterate over it."""

    message: type[Message]
    rows: Callable[[Client, Asked], Iterator[Message]]
    needs_instrument: bool = False
    has_span: bool = True
    each: str = ""
    """A field of repeated messages of which every one gets a row."""


TABLES: Final[dict[str, Listed]] = {
    "orders": Listed(trading_pb2.Order, lambda c, a: c.orders.list(a.instrument, **a.span())),
    "fills": Listed(trading_pb2.Fill, lambda c, a: c.orders.fills(a.instrument, **a.span())),
    "trades": Listed(
        market_data_pb2.Trade,
        lambda c, a: c.market_data.trades(a.instrument, **a.span()),
        needs_instrument=True,
    ),
    "candles": Listed(
        market_data_pb2.Candle,
        lambda c, a: c.market_data.candles(a.instrument, a.interval, **a.span()),
        needs_instrument=True,
    ),
    "indexes": Listed(
        market_data_pb2.ReferenceIndex,
        lambda c, a: c.market_data.indexes(a.instrument, **a.span()),
        needs_instrument=True,
    ),
    "transfers": Listed(
        accounts_pb2.Transfer, lambda c, a: c.accounts.transfers(a.instrument, **a.span())
    ),
    "sweeps": Listed(history_pb2.Sweep, lambda c, a: c.history.sweeps(a.instrument, **a.span())),
    "lots": Listed(
        lots_pb2.Lot,
        lambda c, a: c.accounts.lots(a.instrument, include_closed=True, **a.span()),
    ),
    "postings": Listed(
        accounts_pb2.Posting, lambda c, a: c.accounts.postings(a.instrument, **a.span())
    ),
    "positions": Listed(
        history_pb2.InstrumentPosition,
        lambda c, a: c.history.positions(a.instrument, page_size=PAGE_ROWS),
        has_span=False,
    ),
    "statement": Listed(
        history_pb2.AccountStatement,
        lambda c, a: c.history.statement(a.instrument, **a.span()),
        each="entries",
    ),
    "usage": Listed(usage_pb2.UsageRecord, lambda c, a: c.usage.list(a.instrument, **a.span())),
}
"""All lists by name; orders go by when they were entered, Lots by when they were minted."""
