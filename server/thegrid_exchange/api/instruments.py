"""InstrumentService: the catalogue, the same for everyone.

Definitions are the operator's (see `admin`).
"""

from typing import Any

from thegrid.v1 import instruments_pb2, instruments_pb2_grpc
from thegrid_exchange.api.convert.instruments import instrument_message
from thegrid_exchange.api.convert.metering import policy_message
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.api.services import Services
from thegrid_exchange.engine.records import Instrument
from thegrid_exchange.engine.rules.metering import metering_policies


class InstrumentServicer(Handler, instruments_pb2_grpc.InstrumentServiceServicer):
    """Reads of the catalogue."""

    async def GetInstrument(  # noqa: N802
        self, request: instruments_pb2.GetInstrumentRequest, context: Any
    ) -> instruments_pb2.GetInstrumentResponse:
        await self.reach(request)
        instrument = self.instrument(request.instrument)
        return instruments_pb2.GetInstrumentResponse(
            instrument=shown_instrument(self.services, instrument)
        )

    async def ListInstruments(  # noqa: N802
        self, request: instruments_pb2.ListInstrumentsRequest, context: Any
    ) -> instruments_pb2.ListInstrumentsResponse:
        await self.reach(request)
        vault = self.services.vault
        page = page_of(vault, request, "")
        found = self.services.live.catalogue.instruments(page.cursor, page.limit)
        shown, token = cut(vault, page, found, [each.symbol for each in found])
        return instruments_pb2.ListInstrumentsResponse(
            instruments=[shown_instrument(self.services, each) for each in shown],
            next_page_token=token,
        )

    async def ListMeteringPolicies(  # noqa: N802
        self, request: instruments_pb2.ListMeteringPoliciesRequest, context: Any
    ) -> instruments_pb2.ListMeteringPoliciesResponse:
        await self.reach(request)
        versions = metering_policies(self.services.live.state)
        return instruments_pb2.ListMeteringPoliciesResponse(
            policies=[policy_message(policy) for policy in versions]
        )


def shown_instrument(services: Services, instrument: Instrument) -> instruments_pb2.Instrument:
    """The instrument with its versions and the one in force now."""
    now_us = max(services.clock.now_us(), services.live.durable.at_us)
    return instrument_message(*services.live.catalogue.published(instrument, now_us))
