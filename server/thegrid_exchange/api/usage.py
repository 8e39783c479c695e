"""UsageService: what each call used, what it cost and who served it.

Only the caller's own records are ever shown.
"""

from typing import Any, Final

from thegrid.v1 import usage_pb2, usage_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import MICROS, Names, micros_of, time_of
from thegrid_exchange.api.convert.usage import (
    DISPUTE_REASONS,
    VERDICTS,
    dispute_message,
    receipt_key_message,
    totals_message,
)
from thegrid_exchange.api.errors import invalid, refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import Reservation
from thegrid_exchange.views.usage import Totals, UsageFilter, Used

SUMMARY_ROWS_MAX: Final = 10_000
SUMMARY_SPAN_MAX_US: Final = 366 * 86_400 * MICROS
SUMMARY_SPAN_US: Final = 30 * 86_400 * MICROS
KEYS_MAX: Final = 1_000

_SPANS_US: Final = {
    usage_pb2.SUMMARY_INTERVAL_UNSPECIFIED: 0,
    usage_pb2.SUMMARY_INTERVAL_HOUR: 3_600 * MICROS,
    usage_pb2.SUMMARY_INTERVAL_DAY: 86_400 * MICROS,
}
_GROUPS: Final = Names(
    usage_pb2.SummaryGroup,
    "SUMMARY_GROUP",
    {
        "serving_model": "MODEL",
        "key_id": "KEY",
        "instrument_id": "INSTRUMENT",
        "supplier_id": "SUPPLIER",
        "verdict": "VERDICT",
    },
)


class UsageServicer(Handler, usage_pb2_grpc.UsageServiceServicer):
    """Reads of usage records, and objections to them."""

    async def GetUsage(  # noqa: N802
        self, request: usage_pb2.GetUsageRequest, context: Any
    ) -> usage_pb2.GetUsageResponse:
        await self.reach(request)
        records, found = self.services.records, await self._found(request.id)
        if isinstance(found, Reservation):
            return usage_pb2.GetUsageResponse(usage=records.pending(found))
        shown = records.of(found)
        return usage_pb2.GetUsageResponse(usage=shown, receipt=records.receipt(shown))

    async def ListUsage(  # noqa: N802
        self, request: usage_pb2.ListUsageRequest, context: Any
    ) -> usage_pb2.ListUsageResponse:
        await self.reach(request)
        vault, member_id = self.services.vault, caller().member_id
        wanted = self._filter(request)._replace(disputed=request.disputed)
        page = page_of(vault, request, member_id, *wanted)
        found = await self.services.usage.records(
            member_id, wanted, before=page.number(), limit=page.limit
        )
        shown, token = cut(vault, page, found, [used.number for used in found])
        return usage_pb2.ListUsageResponse(
            usage=[self.services.records.of(used) for used in shown], next_page_token=token
        )

    async def SummarizeUsage(  # noqa: N802
        self, request: usage_pb2.SummarizeUsageRequest, context: Any
    ) -> usage_pb2.SummarizeUsageResponse:
        await self.reach(request)
        wanted = self._summary_filter(request)
        groups = [_GROUPS.word(group) for group in request.group_by]
        if len(set(groups)) < len(groups):
            raise invalid("group_by", "must name each once", "summary.unique")
        span_us = _SPANS_US[request.interval]
        usage, member_id = self.services.usage, caller().member_id
        whole = await usage.summary(member_id, wanted, ())
        rows: list[Totals] = []
        if span_us or groups:
            rows = await usage.summary(
                member_id, wanted, groups, span_us=span_us, limit=SUMMARY_ROWS_MAX + 1
            )
        if len(rows) > SUMMARY_ROWS_MAX:
            raise refused(
                "TOO_LARGE",
                "group_by",
                f"makes more than {SUMMARY_ROWS_MAX} rows; ask for a shorter time or less apart",
                limit=SUMMARY_ROWS_MAX,
            )
        return usage_pb2.SummarizeUsageResponse(
            rows=[self._row(row, groups, span_us) for row in rows],
            totals=totals_message(whole[0]),
            start_time=time_of(wanted.start_us or 0),
            end_time=time_of(wanted.end_us or 0),
        )

    async def DisputeUsage(  # noqa: N802
        self, request: usage_pb2.DisputeUsageRequest, context: Any
    ) -> usage_pb2.DisputeUsageResponse:
        found = await self._found(request.id)
        if isinstance(found, Reservation):
            raise refused("USAGE_PENDING", "id", "is not settled yet; repeat when it is")
        usage = found.usage
        command = commands.DisputeUsage(
            usage.member_id,
            usage.usage_id,
            usage.supplier_id or usage.owed_by_id,
            usage.instrument_id,
            DISPUTE_REASONS.word(request.reason),
            usage.cost_micros,
            usage.settled_at_us,
        )
        answer = await self.ask(command, request.request_id)
        return usage_pb2.DisputeUsageResponse(
            dispute=dispute_message(answer.reply.dispute), position=self.position(answer.seq)
        )

    async def ListReceiptKeys(  # noqa: N802
        self, request: usage_pb2.ListReceiptKeysRequest, context: Any
    ) -> usage_pb2.ListReceiptKeysResponse:
        await self.reach(request)
        keys = sorted(
            self.services.live.state.receipt_keys.values(),
            key=lambda key: (key.ended_at_us is not None, -key.started_at_us),
        )
        return usage_pb2.ListReceiptKeysResponse(
            keys=[receipt_key_message(key) for key in keys[:KEYS_MAX]]
        )

    async def _found(self, identifier: str) -> Used | Reservation:
        """The caller's record, or its call that still runs. Refused with USAGE_NOT_FOUND.

        What runs is looked at last: whatever ends in between is then found among the records.
        """
        member_id, state = caller().member_id, self.services.live.state
        for _ in range(2):
            used = await self.services.usage.record(member_id, identifier)
            if used is not None:
                return used
            delivery_id = state.indices.calls_by_request.get((member_id, identifier))
            if delivery_id is None:
                delivery_id = "dlv_" + identifier.removeprefix("usg_").removeprefix("dlv_")
            pending = state.reservations.get(delivery_id)
            if pending is not None and pending.member_id == member_id:
                return pending
        raise refused("USAGE_NOT_FOUND", "id", "you have no such usage record")

    def _filter(self, request: Any) -> UsageFilter:
        return UsageFilter(
            self.optional_instrument_id(request.instrument),
            request.key_id,
            micros_of(request, "start_time"),
            micros_of(request, "end_time"),
            request.serving_model,
            request.supplier_id,
            VERDICTS.optional_word(request.verdict),
        )

    def _summary_filter(self, request: usage_pb2.SummarizeUsageRequest) -> UsageFilter:
        wanted = self._filter(request)
        end_us = wanted.end_us
        if end_us is None:
            end_us = max(self.services.clock.now_us(), self.services.live.durable.at_us) + 1
        start_us = wanted.start_us
        if start_us is None:
            start_us = max(end_us - SUMMARY_SPAN_US, 0)
        if not 0 <= end_us - start_us <= SUMMARY_SPAN_MAX_US:
            raise invalid(
                "start_time", "must lie before `end_time`, by 366 days at the most", "summary.span"
            )
        return wanted._replace(start_us=start_us, end_us=end_us)

    def _row(self, row: Totals, groups: list[str], span_us: int) -> usage_pb2.UsageSummaryRow:
        keys = list(row.key)
        made = usage_pb2.UsageSummaryRow(totals=totals_message(row))
        if span_us:
            made.start_time.CopyFrom(time_of(int(keys.pop(0)) * span_us))
        for name, value in zip(groups, keys, strict=True):
            setattr(made, name, VERDICTS.wire(value) if name == "verdict" else value)
        if made.instrument_id:
            made.symbol = self.symbol(made.instrument_id)
        return made
