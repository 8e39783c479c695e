"""PerformanceService: how suppliers do, what follows from it, and the benchmarks that admit them.

Figures are the engine's own, read from the durable state; changes come from the read models.
"""

from typing import Any

from thegrid.v1 import performance_pb2, performance_pb2_grpc
from thegrid_exchange.api.call import caller
from thegrid_exchange.api.convert.common import micros_of
from thegrid_exchange.api.convert.performance import (
    benchmark_message,
    change_message,
    performance_message,
)
from thegrid_exchange.api.errors import refused
from thegrid_exchange.api.handler import Handler
from thegrid_exchange.api.paging import cut, page_of
from thegrid_exchange.engine.commands import OpenBenchmark
from thegrid_exchange.views.performance import performances_of


class PerformanceServicer(Handler, performance_pb2_grpc.PerformanceServiceServicer):
    """Public figures, and what concerns a supplier or the operator alone."""

    async def ListPerformance(  # noqa: N802
        self, request: performance_pb2.ListPerformanceRequest, context: Any
    ) -> performance_pb2.ListPerformanceResponse:
        await self.reach(request)
        vault, live = self.services.vault, self.services.live
        instrument_id = self.optional_instrument_id(request.instrument)
        supplier_id = request.supplier_id
        page = page_of(vault, request, caller().member_id, instrument_id, supplier_id)
        after_instrument, _, after_supplier = page.cursor.partition("/")
        found = performances_of(
            live.state,
            max(self.services.clock.now_us(), live.durable.at_us),
            instrument_id=instrument_id,
            supplier_id=supplier_id,
            after=(after_instrument, after_supplier),
            limit=page.limit,
        )
        cursors = [f"{each.instrument_id}/{each.supplier_id}" for each in found]
        shown, token = cut(vault, page, found, cursors)
        return performance_pb2.ListPerformanceResponse(
            performance=[
                performance_message(each, self.symbol(each.instrument_id)) for each in shown
            ],
            next_page_token=token,
        )

    async def ListSupplierChanges(  # noqa: N802
        self, request: performance_pb2.ListSupplierChangesRequest, context: Any
    ) -> performance_pb2.ListSupplierChangesResponse:
        await self.reach(request)
        vault = self.services.vault
        supplier_id = request.supplier_id
        if not caller().may("admin"):
            supplier_id = _own(supplier_id)
        instrument_id = self.optional_instrument_id(request.instrument)
        start_us, end_us = micros_of(request, "start_time"), micros_of(request, "end_time")
        filters = (supplier_id, instrument_id, start_us, end_us)
        page = page_of(vault, request, caller().member_id, *filters)
        found = await self.services.supplier_changes.changes(
            supplier_id=supplier_id,
            instrument_id=instrument_id,
            start_us=start_us,
            end_us=end_us,
            before=page.number(),
            limit=page.limit,
        )
        shown, token = cut(vault, page, found, [number for number, _ in found])
        return performance_pb2.ListSupplierChangesResponse(
            changes=[change_message(each, self.symbol(each.instrument_id)) for _, each in shown],
            next_page_token=token,
        )

    async def RunBenchmark(  # noqa: N802
        self, request: performance_pb2.RunBenchmarkRequest, context: Any
    ) -> performance_pb2.RunBenchmarkResponse:
        instrument = self.instrument(request.instrument)
        asked_by = "operator" if caller().may("admin") else "supplier"
        command = OpenBenchmark(_named(request.supplier_id), instrument.instrument_id, asked_by)
        answer = await self.ask(command, request.request_id)
        return performance_pb2.RunBenchmarkResponse(
            benchmark=benchmark_message(answer.reply.benchmark, instrument.symbol),
            position=self.position(answer.seq),
        )

    async def GetBenchmark(  # noqa: N802
        self, request: performance_pb2.GetBenchmarkRequest, context: Any
    ) -> performance_pb2.GetBenchmarkResponse:
        await self.reach(request)
        instrument = self.instrument(request.instrument)
        pair = (_named(request.supplier_id), instrument.instrument_id)
        benchmark = self.services.live.state.benchmarks.get(pair)
        if benchmark is None:
            raise refused(
                "BENCHMARK_NOT_FOUND", "supplier_id", "the offer was never measured; ask for it"
            )
        return performance_pb2.GetBenchmarkResponse(
            benchmark=benchmark_message(benchmark, instrument.symbol)
        )


def _named(supplier_id: str) -> str:
    """The supplier that an operator names, or the caller."""
    if caller().may("admin"):
        return supplier_id or caller().member_id
    return _own(supplier_id)


def _own(supplier_id: str) -> str:
    """The caller, who alone is named without the operator's scope."""
    if supplier_id not in ("", caller().member_id):
        raise refused(
            "SCOPE_MISSING", "supplier_id", "only the operator reads of others; leave it empty"
        )
    return caller().member_id
