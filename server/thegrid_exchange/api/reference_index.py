"""MarketDataService's reads of reference indexes and of what went into them.

An index is public: nothing here names a member.
"""

from typing import Any

from thegrid.v1 import market_data_pb2
from thegrid_exchange.api.convert.common import micros_of
from thegrid_exchange.api.convert.reference_index import index_message, input_message
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine.records import Instrument, ReferenceIndex


class ReferenceIndexMixin(Handler):
    """Reference indexes, by window."""

    async def GetReferenceIndex(  # noqa: N802
        self, request: market_data_pb2.GetReferenceIndexRequest, context: Any
    ) -> market_data_pb2.GetReferenceIndexResponse:
        await self.reach(request)
        instrument = self.instrument(request.instrument)
        index = await self._index(request, instrument)
        return market_data_pb2.GetReferenceIndexResponse(
            index=index_message(index, instrument.symbol)
        )

    async def ListReferenceIndexes(  # noqa: N802
        self, request: market_data_pb2.ListReferenceIndexesRequest, context: Any
    ) -> market_data_pb2.ListReferenceIndexesResponse:
        await self.reach(request)
        vault, instrument = self.services.vault, self.instrument(request.instrument)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, "", instrument.instrument_id, start_us, end_us)
        found = await self.services.indexes.indexes(
            instrument.instrument_id,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        shown, token = cut(vault, page, found, [index.window_start_us for index in found])
        return market_data_pb2.ListReferenceIndexesResponse(
            indexes=[index_message(index, instrument.symbol) for index in shown],
            next_page_token=token,
        )

    async def ListReferenceIndexInputs(  # noqa: N802
        self, request: market_data_pb2.ListReferenceIndexInputsRequest, context: Any
    ) -> market_data_pb2.ListReferenceIndexInputsResponse:
        await self.reach(request)
        vault, instrument = self.services.vault, self.instrument(request.instrument)
        index = await self._index(request, instrument)
        page = page_of(vault, request, "", instrument.instrument_id, index.window_start_us)
        found = await self.services.indexes.inputs(index, page.cursor, page.limit)
        shown, token = cut(vault, page, found, [each.trade_id for each in found])
        return market_data_pb2.ListReferenceIndexInputsResponse(
            index=index_message(index, instrument.symbol),
            inputs=[input_message(each) for each in shown],
            next_page_token=token,
        )

    async def _index(self, request: Any, instrument: Instrument) -> ReferenceIndex:
        start_us = micros_of(request, "window_start_time")
        index = await self.services.indexes.index(instrument.instrument_id, start_us)
        if index is None:
            raise refused(
                "INDEX_NOT_FOUND",
                "window_start_time",
                "no delivery counted in this window, or it has not ended; list what there is",
            )
        return index
