"""Figures of suppliers, changes of their standing, and benchmarks.

Offers and what suppliers owe are in `supply`.
"""

from collections.abc import Iterable
from typing import Final, get_args

from thegrid.v1 import performance_pb2
from thegrid_exchange.api.convert.common import Names, optional_time, time_of
from thegrid_exchange.api.convert.usage import VERDICTS
from thegrid_exchange.engine.quantities import BenchmarkStatus, StandingCause, SupplierStatus
from thegrid_exchange.engine.records import (
    Benchmark,
    Finding,
    Performance,
    ProbeResult,
    SupplierChange,
)
from thegrid_exchange.views.performance import SupplierPerformance

STATUSES: Final = Names(performance_pb2.SupplierStatus, "SUPPLIER_STATUS", get_args(SupplierStatus))
CAUSES: Final = Names(performance_pb2.StandingCause, "STANDING_CAUSE", get_args(StandingCause))
BENCHMARK_STATUSES: Final = Names(
    performance_pb2.BenchmarkStatus, "BENCHMARK_STATUS", get_args(BenchmarkStatus)
)


def performance_message(
    found: SupplierPerformance, symbol: str
) -> performance_pb2.SupplierPerformance:
    """How one supplier does on one instrument."""
    return performance_pb2.SupplierPerformance(
        supplier_id=found.supplier_id,
        handle=found.handle,
        instrument_id=found.instrument_id,
        symbol=symbol,
        status=STATUSES.wire(found.status),
        able=found.is_able,
        windows=[window_message(each) for each in found.windows],
    )


def window_message(figures: Performance) -> performance_pb2.PerformanceWindow:
    """The figures of one window."""
    return performance_pb2.PerformanceWindow(
        window_us=figures.window_us,
        start_time=time_of(figures.start_us),
        calls=figures.calls,
        delivered=figures.delivered,
        late=figures.late,
        slow=figures.slow,
        failed=figures.failed,
        refused=figures.refused,
        output_tokens=figures.output_tokens,
        contested_faults=figures.contested_faults,
        error_rate_ppm=figures.error_rate_ppm,
        first_token_p50_us=figures.first_token_us_p50,
        first_token_p95_us=figures.first_token_us_p95,
        throughput_p50_tokens_per_second=figures.tokens_per_second_p50,
        throughput_p05_tokens_per_second=figures.tokens_per_second_p05,
        uptime_ppm=figures.uptime_ppm,
        probes=figures.probes,
        divergent=figures.divergent,
    )


def change_message(change: SupplierChange, symbol: str) -> performance_pb2.SupplierChange:
    """One change of standing with its evidence."""
    message = performance_pb2.SupplierChange(
        change_id=change.change_id,
        supplier_id=change.member_id,
        instrument_id=change.instrument_id,
        symbol=symbol,
        change_time=time_of(change.changed_at_us),
        before=STATUSES.wire(change.before),
        status=STATUSES.wire(change.status),
        cause=CAUSES.wire(change.cause),
        reason=change.reason,
        policy_version=change.policy_version,
        until_time=optional_time(change.until_us),
        benchmark_id=change.benchmark_id,
    )
    if change.evidence is not None:
        message.spec_version = change.evidence.spec_version
        message.findings.extend(_finding_messages(change.evidence.findings))
        if change.evidence.performance is not None:
            message.window.CopyFrom(window_message(change.evidence.performance))
    return message


def benchmark_message(benchmark: Benchmark, symbol: str) -> performance_pb2.Benchmark:
    """A run of probes with what it came to."""
    return performance_pb2.Benchmark(
        benchmark_id=benchmark.benchmark_id,
        supplier_id=benchmark.member_id,
        instrument_id=benchmark.instrument_id,
        symbol=symbol,
        status=BENCHMARK_STATUSES.wire(benchmark.status),
        create_time=time_of(benchmark.opened_at_us),
        deadline_time=time_of(benchmark.deadline_us),
        end_time=optional_time(benchmark.closed_at_us),
        probes_wanted=benchmark.probes_wanted,
        concurrent_probes=benchmark.concurrent_probes,
        spec_version=benchmark.spec_version,
        probes=[_probe_message(each) for each in benchmark.probes],
        first_token_p50_us=benchmark.first_token_us_p50,
        first_token_p95_us=benchmark.first_token_us_p95,
        throughput_p50_tokens_per_second=benchmark.tokens_per_second_p50,
        measured_tokens_per_second=benchmark.measured_tokens_per_second,
        verified_tokens_per_second=benchmark.verified_tokens_per_second,
        findings=_finding_messages(benchmark.findings),
    )


def _probe_message(probe: ProbeResult) -> performance_pb2.Probe:
    return performance_pb2.Probe(
        delivery_id=probe.delivery_id,
        verdict=VERDICTS.wire(probe.verdict),
        cause=probe.cause,
        prompt_tokens=probe.prompt_tokens,
        completion_tokens=probe.completion_tokens,
        first_token_us=probe.first_token_us,
        duration_us=probe.duration_us,
        streamed_us=probe.streamed_us,
        divergent=probe.divergent,
    )


def _finding_messages(findings: Iterable[Finding]) -> list[performance_pb2.Finding]:
    return [performance_pb2.Finding(**each._asdict()) for each in findings]
