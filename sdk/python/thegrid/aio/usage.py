"""What each call of the caller used, what it cost and who served it.
Nothing of what was said is in it.
"""

from collections.abc import AsyncIterator
from datetime import datetime

from thegrid.aio.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, usage_pb2


class Usage:
    """Usage records."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def get(
        self, record: str, *, min_position: common_pb2.Position | None = None
    ) -> usage_pb2.UsageRecord:
        """Return one record by its own id, its delivery's, or the client's request id."""
        request = usage_pb2.GetUsageRequest(id=record, min_position=min_position)
        response = await self._transport.call(request, usage_pb2.GetUsageResponse)
        return response.usage

    def list(
        self,
        instrument: str = "",
        *,
        key_id: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> AsyncIterator[usage_pb2.UsageRecord]:
        """Iterate over records, newest first."""
        request = usage_pb2.ListUsageRequest(
            page_size=page_size,
            instrument=instrument,
            key_id=key_id,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            min_position=min_position,
        )
        return self._transport.pages(request, usage_pb2.ListUsageResponse, lambda page: page.usage)
