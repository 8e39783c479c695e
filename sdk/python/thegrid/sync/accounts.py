# Made by `make proto` from thegrid/aio/accounts.py; edit that file instead.
"""What the caller has: cash, Units, Lots, transfers, postings, and the private stream.
What his calls used is in `usage`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from thegrid.enums import enum_number
from thegrid.follow import StreamState
from thegrid.follow_account import AccountFollower, AccountOut
from thegrid.sync.streams import Stream
from thegrid.sync.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import accounts_pb2, common_pb2, lots_pb2


class Accounts:
    """Cash is micro-dollars, Units are counted in tokens (1 Unit is 1,000,000)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def balances(
        self, *, min_position: common_pb2.Position | None = None
    ) -> accounts_pb2.GetBalancesResponse:
        """Return cash, and Units per instrument."""
        request = accounts_pb2.GetBalancesRequest(min_position=min_position)
        return self._transport.call(request, accounts_pb2.GetBalancesResponse)

    def transfer(
        self, instrument: str, quantity_units: int, *, request_id: str = ""
    ) -> accounts_pb2.CreateTransferResponse:
        """Move whole Units from Trading into a new Lot of Consumption; never back."""
        request = accounts_pb2.CreateTransferRequest(
            request_id=request_id, instrument=instrument, quantity_units=quantity_units
        )
        return self._transport.call(request, accounts_pb2.CreateTransferResponse)

    def transfers(
        self,
        instrument: str = "",
        cause: int | str = 0,
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[accounts_pb2.Transfer]:
        """Iterate over transfers, sweeps included, newest first; `cause` such as `sweep`."""
        request = accounts_pb2.ListTransfersRequest(
            page_size=page_size,
            instrument=instrument,
            cause=enum_number(accounts_pb2.TransferCause, cause, "cause"),  # type: ignore[arg-type]
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, accounts_pb2.ListTransfersResponse, lambda page: page.transfers
        )

    def lot(self, lot_id: str, *, min_position: common_pb2.Position | None = None) -> lots_pb2.Lot:
        """Return one Lot."""
        request = accounts_pb2.GetLotRequest(lot_id=lot_id, min_position=min_position)
        response = self._transport.call(request, accounts_pb2.GetLotResponse)
        return response.lot

    def lots(
        self,
        instrument: str = "",
        *,
        include_closed: bool = False,
        state: int | str = 0,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[lots_pb2.Lot]:
        """Iterate over Lots, soonest expiry first while open, then newest first.

        `state` is `open`, `consumed` or `expired`; the span is that of their minting.
        """
        request = accounts_pb2.ListLotsRequest(
            page_size=page_size,
            instrument=instrument,
            include_closed=include_closed,
            state=enum_number(lots_pb2.LotState, state, "state"),  # type: ignore[arg-type]
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(request, accounts_pb2.ListLotsResponse, lambda page: page.lots)

    def postings(
        self,
        asset: str = "",
        *,
        account: str = "",
        reason: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[accounts_pb2.Posting]:
        """Iterate over ledger postings, newest first; `asset` is `usd` or an instrument id."""
        request = accounts_pb2.ListPostingsRequest(
            page_size=page_size,
            asset=asset,
            account=account,
            reason=reason,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(
            request, accounts_pb2.ListPostingsResponse, lambda page: page.postings
        )

    def stream(
        self,
        resume_token: str = "",
        *,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> Stream[AccountOut]:
        """Follow everything that happens to the caller, in order, none left out.

        Begins with a snapshot, or after `resume_token` of an earlier event. A lost connection
        comes back by itself; what could not be had again is told as a Gap.
        """
        return Stream(self._transport, AccountFollower(resume_token), on_state)
