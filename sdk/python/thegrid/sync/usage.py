# Made by `make proto` from thegrid/aio/usage.py; edit that file instead.
"""What each call of the caller used, what it cost and who served it; objections and receipts.
Nothing of what was said is in it.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from thegrid.enums import enum_number
from thegrid.follow import StreamState
from thegrid.follow_account import AccountOut, UsageFollower
from thegrid.sync.streams import Stream
from thegrid.sync.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, usage_pb2


class Usage:
    """Usage records."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(
        self, record: str, *, min_position: common_pb2.Position | None = None
    ) -> usage_pb2.UsageRecord:
        """Return one record by its own id, its delivery's, or the client's request id."""
        return (self.get_with_receipt(record, min_position=min_position)).usage

    def get_with_receipt(
        self, record: str, *, min_position: common_pb2.Position | None = None
    ) -> usage_pb2.GetUsageResponse:
        """As `get`, together with the receipt, which `thegrid.receipts.verify` checks."""
        request = usage_pb2.GetUsageRequest(id=record, min_position=min_position)
        return self._transport.call(request, usage_pb2.GetUsageResponse)

    def list(
        self,
        instrument: str = "",
        *,
        key_id: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        serving_model: str = "",
        supplier_id: str = "",
        verdict: int | str = 0,
        disputed: bool = False,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[usage_pb2.UsageRecord]:
        """Iterate over records, newest first; `verdict` is such as `in_spec` or `failed`."""
        request = usage_pb2.ListUsageRequest(
            page_size=page_size,
            instrument=instrument,
            key_id=key_id,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            serving_model=serving_model,
            supplier_id=supplier_id,
            verdict=enum_number(usage_pb2.Verdict, verdict, "verdict"),  # type: ignore[arg-type]
            disputed=disputed,
            min_position=min_position,
        )
        return self._transport.pages(request, usage_pb2.ListUsageResponse, lambda page: page.usage)

    def stream(
        self,
        resume_token: str = "",
        *,
        on_state: Callable[[StreamState], None] | None = None,
    ) -> Stream[AccountOut]:
        """Follow records as calls are settled, and what becomes of them: the part of
        `accounts.stream` that is told of usage.

        Each event holds `usage`, a record; `dispute`, an objection as it is now, so that a refund
        is seen when it is decided; or `late_report`. Resumes after the token of any event.
        """
        return Stream(self._transport, UsageFollower(resume_token), on_state)

    def summary(
        self,
        group_by: Iterable[int | str] = (),
        *,
        interval: int | str = 0,
        instrument: str = "",
        key_id: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        serving_model: str = "",
        supplier_id: str = "",
        verdict: int | str = 0,
        min_position: common_pb2.Position | None = None,
    ) -> usage_pb2.SummarizeUsageResponse:
        """Add calls up by `interval`, which is `hour` or `day` of UTC, and by what is kept apart.

        `group_by` is of `model`, `key`, `instrument`, `supplier`, `verdict`; without times the
        last 30 days are taken.
        """
        request = usage_pb2.SummarizeUsageRequest(
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            interval=enum_number(usage_pb2.SummaryInterval, interval, "interval"),  # type: ignore[arg-type]
            group_by=[
                enum_number(usage_pb2.SummaryGroup, each, "group_by")  # type: ignore[misc]
                for each in group_by
            ],
            instrument=instrument,
            key_id=key_id,
            serving_model=serving_model,
            supplier_id=supplier_id,
            verdict=enum_number(usage_pb2.Verdict, verdict, "verdict"),  # type: ignore[arg-type]
            min_position=min_position,
        )
        return self._transport.call(request, usage_pb2.SummarizeUsageResponse)

    def dispute(
        self, record: str, reason: int | str, *, request_id: str = ""
    ) -> usage_pb2.UsageDispute:
        """Ask the operator to look at a settled call again, once for each record.

        `reason` is `wrong_count`, `wrong_cost`, `not_delivered`, `out_of_spec`, `wrong_model`,
        `not_mine` or `other`. What the operator decides is shown on the record.
        """
        request = usage_pb2.DisputeUsageRequest(
            request_id=request_id,
            id=record,
            reason=enum_number(usage_pb2.DisputeReason, reason, "reason"),  # type: ignore[arg-type]
        )
        response = self._transport.call(request, usage_pb2.DisputeUsageResponse)
        return response.dispute

    def receipt_keys(
        self, *, min_position: common_pb2.Position | None = None
    ) -> tuple[usage_pb2.ReceiptKey, ...]:
        """Return every public key that receipts were signed with, newest first."""
        request = usage_pb2.ListReceiptKeysRequest(min_position=min_position)
        response = self._transport.call(request, usage_pb2.ListReceiptKeysResponse)
        return tuple(response.keys)
