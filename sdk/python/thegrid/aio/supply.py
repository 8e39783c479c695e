"""The supplier's side, unary: offers, issuance, obligations.
The stream over which calls are served belongs to `thegrid.supplier`.
"""

from collections.abc import AsyncIterator

from thegrid.aio.transport import Transport
from thegrid.v1 import common_pb2, supply_pb2


class Supply:
    """An instrument is named by id (`ins_…`) or symbol."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def register_offer(
        self, instrument: str, terms: supply_pb2.OfferTerms, *, request_id: str = ""
    ) -> supply_pb2.Offer:
        """Say that the caller serves an instrument with a model, or change what was said."""
        request = supply_pb2.RegisterOfferRequest(
            request_id=request_id, instrument=instrument, terms=terms
        )
        response = await self._transport.call(request, supply_pb2.RegisterOfferResponse)
        return response.offer

    async def withdraw_offer(
        self, instrument: str, *, request_id: str = ""
    ) -> supply_pb2.WithdrawOfferResponse:
        """End an offer; what was sold is still owed."""
        request = supply_pb2.WithdrawOfferRequest(request_id=request_id, instrument=instrument)
        return await self._transport.call(request, supply_pb2.WithdrawOfferResponse)

    def offers(
        self, *, page_size: int = 0, min_position: common_pb2.Position | None = None
    ) -> AsyncIterator[supply_pb2.Offer]:
        """Iterate over the caller's offers, by instrument."""
        request = supply_pb2.ListOffersRequest(page_size=page_size, min_position=min_position)
        return self._transport.pages(
            request, supply_pb2.ListOffersResponse, lambda page: page.offers
        )

    async def issue(
        self, instrument: str, quantity_units: int, *, request_id: str = ""
    ) -> supply_pb2.SupplyPosition:
        """Make new Units to sell, within the verified capacity; return the supply after it."""
        request = supply_pb2.IssueUnitsRequest(
            request_id=request_id, instrument=instrument, quantity_units=quantity_units
        )
        response = await self._transport.call(request, supply_pb2.IssueUnitsResponse)
        return response.supply

    async def retire(
        self, instrument: str, quantity_units: int, *, request_id: str = ""
    ) -> supply_pb2.SupplyPosition:
        """Take unsold Units back; return the supply after it."""
        request = supply_pb2.RetireUnitsRequest(
            request_id=request_id, instrument=instrument, quantity_units=quantity_units
        )
        response = await self._transport.call(request, supply_pb2.RetireUnitsResponse)
        return response.supply

    async def renew(
        self, instrument: str, renews_unsold: bool = True, *, request_id: str = ""
    ) -> supply_pb2.SupplyPosition:
        """Say whether sweeps leave unsold Units, and asks for them, as they are."""
        request = supply_pb2.SetRenewalRequest(
            request_id=request_id, instrument=instrument, renews_unsold=renews_unsold
        )
        response = await self._transport.call(request, supply_pb2.SetRenewalResponse)
        return response.supply

    async def post_collateral(
        self, amount_micros: int, *, request_id: str = ""
    ) -> supply_pb2.Collateral:
        """Move available cash into the collateral, in micro-dollars; return it after that."""
        request = supply_pb2.PostCollateralRequest(
            request_id=request_id, amount_micros=amount_micros
        )
        response = await self._transport.call(request, supply_pb2.PostCollateralResponse)
        return response.collateral

    async def withdraw_collateral(
        self, amount_micros: int, *, request_id: str = ""
    ) -> supply_pb2.Collateral:
        """Move collateral that is not required back into the available cash."""
        request = supply_pb2.WithdrawCollateralRequest(
            request_id=request_id, amount_micros=amount_micros
        )
        response = await self._transport.call(request, supply_pb2.WithdrawCollateralResponse)
        return response.collateral

    async def statement(
        self, member_id: str = "", *, min_position: common_pb2.Position | None = None
    ) -> supply_pb2.GetSupplyResponse:
        """Return what was issued, what became of it, and the collateral behind what is owed.

        Another member's is for the operator alone.
        """
        request = supply_pb2.GetSupplyRequest(min_position=min_position, member_id=member_id)
        return await self._transport.call(request, supply_pb2.GetSupplyResponse)

    async def positions(
        self, *, min_position: common_pb2.Position | None = None
    ) -> list[supply_pb2.SupplyPosition]:
        """Return what the caller has issued and owes, by instrument."""
        request = supply_pb2.GetSupplyRequest(min_position=min_position)
        response = await self._transport.call(request, supply_pb2.GetSupplyResponse)
        return [*response.supplies]
