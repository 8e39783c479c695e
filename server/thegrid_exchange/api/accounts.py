"""AccountService: what a member has, and moving Units from Trading to Consumption.

The private stream is in `account_stream`.
"""

from typing import Any, Final

from thegrid.v1 import accounts_pb2, accounts_pb2_grpc, lots_pb2
from thegrid_exchange.api.account_stream import AccountStreamMixin
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.accounts import (
    CAUSES,
    cash_message,
    lot_message,
    posting_message,
    transfer_message,
    units_message,
)
from thegrid_exchange.api.convert.common import micros_of
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import Page, after, cut, page_of
from thegrid_exchange.engine.commands import TransferUnits
from thegrid_exchange.engine.quantities import CASH, number_of
from thegrid_exchange.views.accounts import all_units_of, cash_of
from thegrid_exchange.views.lots import LotWithParcels, deadline_of, open_lot
from thegrid_exchange.views.trading import is_numbered

FAR_US: Final = 2**62
"""Later than any instant."""
_CLOSED_STATES: Final[dict[Any, bool]] = {
    lots_pb2.LOT_STATE_CONSUMED: True,
    lots_pb2.LOT_STATE_EXPIRED: False,
}
"""States that closed Lots may be in, and whether all of the Lot was used."""


class AccountServicer(AccountStreamMixin, Handler, accounts_pb2_grpc.AccountServiceServicer):
    """Balances, transfers, Lots and postings."""

    async def GetBalances(  # noqa: N802
        self, request: accounts_pb2.GetBalancesRequest, context: Any
    ) -> accounts_pb2.GetBalancesResponse:
        await self.reach(request)
        live, member_id = self.services.live, caller().member_id
        balances = live.state.balances
        units = all_units_of(balances, live.totals, member_id, live.state.instruments)
        return accounts_pb2.GetBalancesResponse(
            cash=cash_message(cash_of(balances, member_id)),
            units=[units_message(each, self.symbol(each.instrument_id)) for each in units],
            position=self.position(live.durable.seq),
        )

    async def CreateTransfer(  # noqa: N802
        self, request: accounts_pb2.CreateTransferRequest, context: Any
    ) -> accounts_pb2.CreateTransferResponse:
        instrument_id = self.instrument(request.instrument).instrument_id
        command = TransferUnits(caller().member_id, instrument_id, request.quantity_units)
        answer = await self.ask(command, request.request_id)
        minted = [event for event in answer.events if type(event).__name__ == "LotMinted"]
        parcels = next((e.parcels for e in minted if e.lot.lot_id == answer.reply.lot.lot_id), ())
        return accounts_pb2.CreateTransferResponse(
            transfer=transfer_message(answer.reply.transfer),
            lot=self._shown(LotWithParcels(answer.reply.lot, parcels)),
            position=self.position(answer.seq),
        )

    async def ListTransfers(  # noqa: N802
        self, request: accounts_pb2.ListTransfersRequest, context: Any
    ) -> accounts_pb2.ListTransfersResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        instrument_id = self.optional_instrument_id(request.instrument)
        cause = CAUSES.optional_word(request.cause) or ""
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, member_id, instrument_id, cause, start_us, end_us)
        found = await self.services.accounts.transfers(
            member_id,
            instrument_id=instrument_id,
            cause=cause,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        cursors = [number_of(transfer.transfer_id) for transfer, _ in found]
        shown, token = cut(vault, page, found, cursors)
        return accounts_pb2.ListTransfersResponse(
            transfers=[transfer_message(*each) for each in shown], next_page_token=token
        )

    async def GetLot(  # noqa: N802
        self, request: accounts_pb2.GetLotRequest, context: Any
    ) -> accounts_pb2.GetLotResponse:
        await self.reach(request)
        member_id, found = caller().member_id, None
        if is_numbered(request.lot_id, "lot"):
            found = open_lot(self.services.live.state, request.lot_id)
            if found is None:
                found = await self.services.lots.closed_lot(member_id, request.lot_id)
        if found is None or found.lot.member_id != member_id:
            raise refused("LOT_NOT_FOUND", "lot_id", "you have no such Lot; see ListLots")
        return accounts_pb2.GetLotResponse(lot=self._shown(found))

    async def ListLots(  # noqa: N802
        self, request: accounts_pb2.ListLotsRequest, context: Any
    ) -> accounts_pb2.ListLotsResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        instrument_id = self.optional_instrument_id(request.instrument)
        state, include_closed = request.state, request.include_closed
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        filters = instrument_id, include_closed, state, start_us, end_us
        page = page_of(vault, request, member_id, *filters)
        found: list[LotWithParcels] = []
        if not page.cursor.startswith("closed/"):
            shown_to = _open_cursor(page)
            lots = self.services.live.open_lots(member_id, instrument_id)
            found = [
                each
                for each in lots
                if deadline_of(each.lot) > shown_to
                and (start_us or 0) <= each.lot.minted_at_us < (end_us or FAR_US)
                and state in (0, self._shown(each).state)
            ][: page.limit]
        cursors = ["open/{}/{}".format(*deadline_of(each.lot)) for each in found]
        wants_closed = state in _CLOSED_STATES or (include_closed and not state)
        if wants_closed and len(found) < page.limit:
            before = page.cursor.removeprefix("closed/") if not found else ""
            closed = await self.services.lots.closed_lots(
                member_id,
                instrument_id=instrument_id,
                is_consumed=_CLOSED_STATES.get(state),
                start_us=start_us,
                end_us=end_us,
                before=int(before) if before.isdigit() else 2**62,
                limit=page.limit - len(found),
            )
            found += closed
            cursors += [f"closed/{number_of(each.lot.lot_id)}" for each in closed]
        shown, token = cut(vault, page, found, cursors)
        return accounts_pb2.ListLotsResponse(
            lots=[self._shown(each) for each in shown], next_page_token=token
        )

    async def ListPostings(  # noqa: N802
        self, request: accounts_pb2.ListPostingsRequest, context: Any
    ) -> accounts_pb2.ListPostingsResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        asset = request.asset
        if asset and asset != CASH:
            asset = self.instrument(asset, "asset").instrument_id
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        filters = asset, request.account, request.reason, start_us, end_us
        page = page_of(vault, request, member_id, *filters)
        seq, _, line = page.cursor.partition("/")
        found, last = await self.services.accounts.postings(
            member_id,
            asset=asset,
            account=request.account,
            cause=request.reason,
            start_us=start_us,
            end_us=end_us,
            before=(int(seq), int(line)) if page.cursor else (2**62, 0),
            limit=page.size,
        )
        return accounts_pb2.ListPostingsResponse(
            postings=[posting_message(line) for line in found],
            next_page_token=after(vault, page, "" if last is None else f"{last[0]}/{last[1]}"),
        )

    def _shown(self, found: LotWithParcels) -> lots_pb2.Lot:
        state = self.services.live.state
        now_us = max(self.services.clock.now_us(), state.now_us)
        return lot_message(found.lot, found.parcels, state.outage_us, now_us)


def _open_cursor(page: Page) -> tuple[int, str]:
    """The expiry and id of the last open Lot shown; less than any on the first page."""
    if not page.cursor:
        return 0, ""
    _, expires, lot_id = page.cursor.split("/")
    return int(expires), lot_id
