"""Usage records as they are listed and found by any of their ids.

What came after a record was settled, a late report or a dispute, stands beside it in tables of its
own. Calls that still run are reservations and live in memory.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Index

from thegrid_exchange.engine.events import (
    DisputeOpened,
    DisputeResolved,
    LateReportRecorded,
    UsageRecorded,
)
from thegrid_exchange.engine.records import Dispute, LateReport, UsageRecord
from thegrid_exchange.journal.protocol import Statement
from thegrid_exchange.views import sql
from thegrid_exchange.views.batch import EVENTS_PER_ROW, Batch

USAGE = sql.table(
    "usage",
    [sql.text("member_id"), sql.number("number")],
    sql.text("delivery_id"),
    sql.text("request_id"),
    sql.text("key_id"),
    sql.text("instrument_id"),
    sql.number("at_us"),
    sql.text("serving_model"),
    sql.text("supplier_id"),
    sql.text("verdict"),
    sql.number("prompt_tokens"),
    sql.number("cached_tokens"),
    sql.number("completion_tokens"),
    sql.number("reasoning_tokens"),
    sql.number("billed_tokens"),
    sql.number("cost_micros"),
    sql.record(),
)
Index("view_usage_by_time", USAGE.c.partition, USAGE.c.member_id, USAGE.c.at_us)
Index("view_usage_by_delivery", USAGE.c.partition, USAGE.c.member_id, USAGE.c.delivery_id)
Index("view_usage_by_request", USAGE.c.partition, USAGE.c.member_id, USAGE.c.request_id)
_PUT_USAGE = sql.insert(USAGE)

LATE_REPORTS = sql.table("late_reports", [sql.text("delivery_id")], sql.record())
_PUT_LATE_REPORT = sql.insert(LATE_REPORTS)

DISPUTES = sql.table(
    "disputes",
    [sql.text("dispute_id")],
    sql.text("usage_id"),
    sql.text("member_id"),
    sql.text("supplier_id"),
    sql.text("status"),
    sql.record(),
)
Index("view_disputes_by_usage", DISPUTES.c.partition, DISPUTES.c.usage_id)
_PUT_DISPUTE = sql.upsert(DISPUTES)

_usage = msgspec.msgpack.Decoder(UsageRecord).decode
_late_report = msgspec.msgpack.Decoder(LateReport).decode
_dispute = msgspec.msgpack.Decoder(Dispute).decode


class UsageFilter(NamedTuple):
    """Which of a member's records are wanted; what is empty or None leaves all."""

    instrument_id: str = ""
    key_id: str = ""
    start_us: int | None = None
    end_us: int | None = None
    serving_model: str = ""
    supplier_id: str = ""
    verdict: str | None = None
    disputed: bool = False


class Used(NamedTuple):
    """A record, its number, and what came after it was settled."""

    number: int
    usage: UsageRecord
    late_report: LateReport | None = None
    dispute: Dispute | None = None


class Totals(NamedTuple):
    """Calls added up; `key` says which, in the order asked for."""

    key: tuple[Any, ...]
    calls: int
    unbilled_calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    billed_tokens: int
    cost_micros: int


_SUMS = "COUNT(*), SUM(CASE WHEN billed_tokens = 0 THEN 1 ELSE 0 END), " + ", ".join(
    f"SUM({name})"
    for name in (
        "prompt_tokens",
        "cached_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "billed_tokens",
        "cost_micros",
    )
)


class Collector:
    """Gathers the usage records of one batch."""

    def __init__(self, batch: Batch, partition: int) -> None:
        self._batch, self._partition = batch, partition
        self._rows: list[tuple[Any, ...]] = []
        self._late_reports: list[tuple[Any, ...]] = []
        self._disputes: dict[str, tuple[Any, ...]] = {}

    def collect(self) -> None:
        """Find the records."""
        for row in self._batch.rows:
            for place, event in enumerate(row.events):
                kind = type(event)
                if kind is UsageRecorded:
                    self._add(event.usage, row.seq * EVENTS_PER_ROW + place)
                elif kind is LateReportRecorded:
                    late = (self._partition, event.delivery_id, sql.pack(event.report))
                    self._late_reports.append(late)
                elif kind is DisputeOpened or kind is DisputeResolved:
                    self._add_dispute(event.dispute)

    def _add(self, usage: UsageRecord, number: int) -> None:
        self._rows.append(
            (
                self._partition,
                usage.member_id,
                number,
                usage.delivery_id,
                usage.request_id,
                usage.key_id,
                usage.instrument_id,
                usage.opened_at_us,
                usage.serving_model,
                usage.supplier_id,
                usage.verdict,
                *_counts(usage),
                usage.billed_tokens,
                usage.cost_micros,
                sql.pack(usage),
            )
        )

    def _add_dispute(self, dispute: Dispute) -> None:
        self._disputes[dispute.dispute_id] = (
            self._partition,
            dispute.dispute_id,
            dispute.usage_id,
            dispute.member_id,
            dispute.supplier_id,
            dispute.status,
            sql.pack(dispute),
        )

    def statements(self) -> Iterable[Statement]:
        """The writes of the batch."""
        if self._rows:
            yield _PUT_USAGE, self._rows
        if self._late_reports:
            yield _PUT_LATE_REPORT, self._late_reports
        if self._disputes:
            yield _PUT_DISPUTE, list(self._disputes.values())


def _counts(usage: UsageRecord) -> tuple[int, ...]:
    counts = usage.canonical
    return (
        counts.prompt_tokens,
        counts.cached_tokens,
        counts.completion_tokens,
        counts.reasoning_tokens,
    )


class UsageReader:
    """Usage records, newest settlement first."""

    def __init__(self, reader: sql.Reader) -> None:
        self._reader = reader

    async def record(self, member_id: str, identifier: str) -> Used | None:
        """A record of the member by its own id, its delivery's, or the client's request id."""
        column, wanted = "request_id", identifier
        if identifier.startswith(("usg_", "dlv_")):
            column, wanted = "delivery_id", "dlv_" + identifier[4:]
        query = (
            sql.Query("number, record", USAGE, self._reader.partition)
            .where("member_id = ?", member_id)
            .where(f"{column} = ?", wanted)
            .order("number DESC", 1)
        )
        found = await self._completed(await self._reader.select(query))
        return found[0] if found else None

    async def records(
        self, member_id: str, wanted: UsageFilter, *, before: int = 2**62, limit: int = 100
    ) -> list[Used]:
        """Records of the member numbered below `before`."""
        query = sql.Query("number, record", USAGE, self._reader.partition)
        self._narrow(query, member_id, wanted)
        query.where("number < ?", before).order("number DESC", limit)
        return await self._completed(await self._reader.select(query))

    async def summary(
        self,
        member_id: str,
        wanted: UsageFilter,
        columns: Sequence[str],
        *,
        span_us: int = 0,
        limit: int = 10_000,
    ) -> list[Totals]:
        """Calls of the member added up by span of time, which comes first in each key, and columns.

        Without a span, and with none of `columns`, all are one row.
        """
        keys = [f"at_us / {span_us}"] if span_us else []
        keys += columns
        query = sql.Query(", ".join((*keys, _SUMS)), USAGE, self._reader.partition)
        self._narrow(query, member_id, wanted)
        if keys:
            query.group(", ".join(keys), limit)
        rows = await self._reader.select(query)
        made = []
        for row in rows:
            sums = (int(each or 0) for each in row[len(keys) :])
            made.append(Totals(tuple(row[: len(keys)]), *sums))
        return made

    async def disputes(
        self,
        *,
        member_id: str = "",
        supplier_id: str = "",
        status: str | None = None,
        before: str = "",
        limit: int = 100,
    ) -> list[Dispute]:
        """Disputes with ids below `before`, newest first."""
        query = (
            sql.Query("record", DISPUTES, self._reader.partition)
            .when(member_id, "member_id = ?")
            .when(supplier_id, "supplier_id = ?")
            .when(status, "status = ?")
            .when(before, "dispute_id < ?")
            .order("dispute_id DESC", limit)
        )
        return [_dispute(row[0]) for row in await self._reader.select(query)]

    def _narrow(self, query: sql.Query, member_id: str, wanted: UsageFilter) -> None:
        query.where("member_id = ?", member_id)
        query.when(wanted.instrument_id, "instrument_id = ?")
        query.when(wanted.key_id, "key_id = ?")
        query.when(wanted.start_us, "at_us >= ?")
        query.when(wanted.end_us, "at_us < ?")
        query.when(wanted.serving_model, "serving_model = ?")
        query.when(wanted.supplier_id, "supplier_id = ?")
        query.when(wanted.verdict, "verdict = ?")
        if wanted.disputed:
            of_member = (
                f"SELECT usage_id FROM {DISPUTES.name} WHERE partition = ? AND member_id = ?"
            )
            ids = f"SELECT 'dlv_' || substr(usage_id, 5) FROM ({of_member}) AS disputed"
            query.where(f"delivery_id IN ({ids})", self._reader.partition, member_id)

    async def _completed(self, rows: Sequence[Any]) -> list[Used]:
        """Records with what came after; most have nothing, so that is asked for all at once."""
        usages = [(row[0], _usage(row[1])) for row in rows]
        # Only what was settled without a report can have got one late.
        waited = [usage.delivery_id for _, usage in usages if usage.status == "settled_at_deadline"]
        late = await self._beside(LATE_REPORTS, "delivery_id", waited)
        disputed = await self._beside(DISPUTES, "usage_id", [usage.usage_id for _, usage in usages])
        return [
            Used(
                number,
                usage,
                _late_report(late[usage.delivery_id]) if usage.delivery_id in late else None,
                _dispute(disputed[usage.usage_id]) if usage.usage_id in disputed else None,
            )
            for number, usage in usages
        ]

    async def _beside(self, table: Any, column: str, ids: Sequence[str]) -> dict[str, bytes]:
        if not ids:
            return {}
        query = sql.Query(f"{column}, record", table, self._reader.partition)
        query.where(f"{column} IN ({', '.join('?' * len(ids))})", *ids)
        return dict([tuple(row) for row in await self._reader.select(query)])
