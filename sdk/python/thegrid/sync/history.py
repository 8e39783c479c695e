# Made by `make proto` from thegrid/aio/history.py; edit that file instead.
"""What became of the caller's money and Units over time: positions, statistics, statements, sweeps.
Single orders, fills, transfers, Lots and postings are listed by their own nouns.
"""

from collections.abc import Iterator
from datetime import datetime

from thegrid.enums import enum_number
from thegrid.sync.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, history_pb2


class History:
    """Amounts are micro-dollars or tokens, spans are `start_time <= t < end_time`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def positions(
        self,
        instrument: str = "",
        *,
        open_only: bool = False,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[history_pb2.InstrumentPosition]:
        """Iterate over positions, one per instrument: what is held at average cost, what came."""
        request = history_pb2.ListPositionsRequest(
            page_size=page_size,
            instrument=instrument,
            open_only=open_only,
            min_position=min_position,
        )
        return self._transport.pages(
            request, history_pb2.ListPositionsResponse, lambda page: page.positions
        )

    def statistics(
        self,
        instrument: str = "",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        min_position: common_pb2.Position | None = None,
    ) -> history_pb2.GetStatisticsResponse:
        """Return what was traded and used, per instrument; of the last 24 hours by default."""
        request = history_pb2.GetStatisticsRequest(
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            instrument=instrument,
            min_position=min_position,
        )
        return self._transport.call(request, history_pb2.GetStatisticsResponse)

    def statement(
        self,
        asset: str = "",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[history_pb2.AccountStatement]:
        """Iterate over the accounts of a statement: opening + entries = closing, for each."""
        request = history_pb2.GetStatementRequest(
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            asset=asset,
            page_size=page_size,
            min_position=min_position,
        )
        return self._transport.pages(
            request, history_pb2.GetStatementResponse, lambda page: page.accounts
        )

    def sweeps(
        self,
        market: str = "",
        state: int | str = 0,
        *,
        own_only: bool = False,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[history_pb2.Sweep]:
        """Iterate over the sweeps of the markets, newest first, each with the caller's share.

        `state` is `running` or `finished`.
        """
        request = history_pb2.ListSweepsRequest(
            page_size=page_size,
            market=market,
            state=enum_number(history_pb2.SweepState, state, "state"),  # type: ignore[arg-type]
            own_only=own_only,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, history_pb2.ListSweepsResponse, lambda page: page.sweeps
        )
