"""UsageService: what each call used, what it cost and who served it.

Only the caller's own records are ever shown.
"""

from typing import Any

from thegrid.v1 import usage_pb2, usage_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of
from thegrid_exchange.api.convert.usage import pending_message, usage_message
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of


class UsageServicer(Handler, usage_pb2_grpc.UsageServiceServicer):
    """Reads of usage records."""

    async def GetUsage(  # noqa: N802
        self, request: usage_pb2.GetUsageRequest, context: Any
    ) -> usage_pb2.GetUsageResponse:
        await self.reach(request)
        member_id = caller().member_id
        delivery_id = "dlv_" + request.id.removeprefix("usg_").removeprefix("dlv_")
        # Looked up first: a call that is settled while the table is read is in the table by then.
        pending = self.services.live.state.reservations.get(delivery_id)
        usage = await self.services.usage.record(member_id, request.id)
        if usage is not None:
            shown = usage_message(usage, self.symbol(usage.instrument_id))
            return usage_pb2.GetUsageResponse(usage=shown)
        if pending is None or pending.member_id != member_id:
            raise refused("USAGE_NOT_FOUND", "id", "you have no such usage record")
        shown = pending_message(pending, self.symbol(pending.instrument_id))
        return usage_pb2.GetUsageResponse(usage=shown)

    async def ListUsage(  # noqa: N802
        self, request: usage_pb2.ListUsageRequest, context: Any
    ) -> usage_pb2.ListUsageResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        instrument_id = self.optional_instrument_id(request.instrument)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        page = page_of(vault, request, member_id, instrument_id, request.key_id, start_us, end_us)
        found = await self.services.usage.records(
            member_id,
            instrument_id=instrument_id,
            key_id=request.key_id,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        shown, token = cut(vault, page, found, [number for number, _ in found])
        return usage_pb2.ListUsageResponse(
            usage=[usage_message(each, self.symbol(each.instrument_id)) for _, each in shown],
            next_page_token=token,
        )
