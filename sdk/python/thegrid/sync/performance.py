# Made by `make proto` from thegrid/aio/performance.py; edit that file instead.
"""How suppliers keep their contracts, changes of their standing, and benchmarks.
What a supplier offers and owes is in `supply`.
"""

from collections.abc import Iterator
from datetime import datetime

from thegrid.sync.transport import Transport
from thegrid.times import timestamp
from thegrid.v1 import common_pb2, performance_pb2


class Performance:
    """An instrument is named by id (`ins_…`) or symbol, a supplier by id (`mem_…`)."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        instrument: str = "",
        supplier_id: str = "",
        *,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[performance_pb2.SupplierPerformance]:
        """Iterate over suppliers' rolling figures, by instrument and supplier."""
        request = performance_pb2.ListPerformanceRequest(
            instrument=instrument,
            supplier_id=supplier_id,
            page_size=page_size,
            min_position=min_position,
        )
        return self._transport.pages(
            request, performance_pb2.ListPerformanceResponse, lambda page: page.performance
        )

    def changes(
        self,
        instrument: str = "",
        supplier_id: str = "",
        *,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        min_position: common_pb2.Position | None = None,
    ) -> Iterator[performance_pb2.SupplierChange]:
        """Iterate over changes of standing, newest first: one's own, or an operator's pick."""
        request = performance_pb2.ListSupplierChangesRequest(
            instrument=instrument,
            supplier_id=supplier_id,
            start_time=timestamp(start_time),
            end_time=timestamp(end_time),
            page_size=page_size,
            min_position=min_position,
        )
        return self._transport.pages(
            request, performance_pb2.ListSupplierChangesResponse, lambda page: page.changes
        )

    def run_benchmark(
        self, instrument: str, supplier_id: str = "", *, request_id: str = ""
    ) -> performance_pb2.Benchmark:
        """Ask that an offer be measured and, if it keeps the contract, admitted.

        The answer is the benchmark under way; `benchmark` tells how it ended.
        """
        request = performance_pb2.RunBenchmarkRequest(
            request_id=request_id, instrument=instrument, supplier_id=supplier_id
        )
        response = self._transport.call(request, performance_pb2.RunBenchmarkResponse)
        return response.benchmark

    def benchmark(
        self,
        instrument: str,
        supplier_id: str = "",
        *,
        min_position: common_pb2.Position | None = None,
    ) -> performance_pb2.Benchmark:
        """Return the last benchmark of an offer, the caller's own unless a supplier is named."""
        request = performance_pb2.GetBenchmarkRequest(
            instrument=instrument, supplier_id=supplier_id, min_position=min_position
        )
        response = self._transport.call(request, performance_pb2.GetBenchmarkResponse)
        return response.benchmark
