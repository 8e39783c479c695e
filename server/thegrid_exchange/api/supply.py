"""SupplyService: offers, issuance, collateral, obligations; the stream is mixed in from `serve`.

Capacity and admission are the engine's to judge.
"""

from typing import Any

from thegrid.v1 import supply_pb2, supply_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.supply import (
    collateral_message,
    offer_command,
    offer_message,
    supply_message,
)
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.api.serve import ServeMixin
from thegrid_exchange.engine.commands import (
    IssueUnits,
    PostCollateral,
    RetireUnits,
    SetRenewal,
    WithdrawCollateral,
    WithdrawOffer,
)
from thegrid_exchange.views.supply import collateral_of, offers_of, supplies_of, supply_of


class SupplyServicer(  # type: ignore[misc]  # its stream yields bytes, serialised before
    ServeMixin, Handler, supply_pb2_grpc.SupplyServiceServicer
):
    """The supplier's unary calls, and its stream."""

    async def RegisterOffer(  # noqa: N802
        self, request: supply_pb2.RegisterOfferRequest, context: Any
    ) -> supply_pb2.RegisterOfferResponse:
        instrument = self.instrument(request.instrument)
        command = offer_command(request.terms, caller().member_id, instrument.instrument_id)
        answer = await self.ask(command, request.request_id)
        return supply_pb2.RegisterOfferResponse(
            offer=offer_message(answer.reply.offer, instrument.symbol),
            position=self.position(answer.seq),
        )

    async def WithdrawOffer(  # noqa: N802
        self, request: supply_pb2.WithdrawOfferRequest, context: Any
    ) -> supply_pb2.WithdrawOfferResponse:
        instrument_id = self.instrument(request.instrument).instrument_id
        command = WithdrawOffer(caller().member_id, instrument_id)
        answer = await self.ask(command, request.request_id)
        return supply_pb2.WithdrawOfferResponse(position=self.position(answer.seq))

    async def ListOffers(  # noqa: N802
        self, request: supply_pb2.ListOffersRequest, context: Any
    ) -> supply_pb2.ListOffersResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        page = page_of(vault, request, member_id)
        found = offers_of(self.services.live.state, member_id, page.cursor, page.limit)
        shown, token = cut(vault, page, found, [offer.instrument_id for offer in found])
        return supply_pb2.ListOffersResponse(
            offers=[offer_message(offer, self.symbol(offer.instrument_id)) for offer in shown],
            next_page_token=token,
        )

    async def IssueUnits(  # noqa: N802
        self, request: supply_pb2.IssueUnitsRequest, context: Any
    ) -> supply_pb2.IssueUnitsResponse:
        instrument_id = self.instrument(request.instrument).instrument_id
        command = IssueUnits(caller().member_id, instrument_id, request.quantity_units)
        answer = await self.ask(command, request.request_id)
        return supply_pb2.IssueUnitsResponse(
            supply=self._supply(instrument_id), position=self.position(answer.seq)
        )

    async def RetireUnits(  # noqa: N802
        self, request: supply_pb2.RetireUnitsRequest, context: Any
    ) -> supply_pb2.RetireUnitsResponse:
        instrument_id = self.instrument(request.instrument).instrument_id
        command = RetireUnits(caller().member_id, instrument_id, request.quantity_units)
        answer = await self.ask(command, request.request_id)
        return supply_pb2.RetireUnitsResponse(
            supply=self._supply(instrument_id), position=self.position(answer.seq)
        )

    async def GetSupply(  # noqa: N802
        self, request: supply_pb2.GetSupplyRequest, context: Any
    ) -> supply_pb2.GetSupplyResponse:
        await self.reach(request)
        member_id = self._supplier_id(request.member_id)
        figures = supplies_of(self.services.live.state, member_id)
        return supply_pb2.GetSupplyResponse(
            supplies=[supply_message(each, self.symbol(each.instrument_id)) for each in figures],
            collateral=self._collateral(member_id),
        )

    async def SetRenewal(  # noqa: N802
        self, request: supply_pb2.SetRenewalRequest, context: Any
    ) -> supply_pb2.SetRenewalResponse:
        instrument_id = self.instrument(request.instrument).instrument_id
        command = SetRenewal(caller().member_id, instrument_id, request.renews_unsold)
        answer = await self.ask(command, request.request_id)
        return supply_pb2.SetRenewalResponse(
            supply=self._supply(instrument_id), position=self.position(answer.seq)
        )

    async def PostCollateral(  # noqa: N802
        self, request: supply_pb2.PostCollateralRequest, context: Any
    ) -> supply_pb2.PostCollateralResponse:
        member_id = caller().member_id
        answer = await self.ask(
            PostCollateral(member_id, request.amount_micros), request.request_id
        )
        return supply_pb2.PostCollateralResponse(
            collateral=self._collateral(member_id), position=self.position(answer.seq)
        )

    async def WithdrawCollateral(  # noqa: N802
        self, request: supply_pb2.WithdrawCollateralRequest, context: Any
    ) -> supply_pb2.WithdrawCollateralResponse:
        member_id = caller().member_id
        answer = await self.ask(
            WithdrawCollateral(member_id, request.amount_micros), request.request_id
        )
        return supply_pb2.WithdrawCollateralResponse(
            collateral=self._collateral(member_id), position=self.position(answer.seq)
        )

    def _supplier_id(self, named: str) -> str:
        """Whose supply is asked for: the caller's, or any member's by the operator."""
        if not named or named == caller().member_id:
            return caller().member_id
        if "admin" not in caller().scopes:
            raise refused("SCOPE_MISSING", "member_id", "another's supply is for the operator")
        if named not in self.services.live.state.members:
            raise refused("MEMBER_NOT_FOUND", "member_id", "there is no such member")
        return named

    def _collateral(self, member_id: str) -> supply_pb2.Collateral | None:
        return collateral_message(collateral_of(self.services.live.state, member_id))

    def _supply(self, instrument_id: str) -> supply_pb2.SupplyPosition:
        figures = supply_of(self.services.live.state, caller().member_id, instrument_id)
        return supply_message(figures, self.symbol(instrument_id))
