"""How suppliers keep their contracts: `grid performance`, `supplier-changes` and `benchmark`.
What the figures mean stands in the contract, at `PerformanceWindow` and `SupplierChange`.
"""

import time
from itertools import islice
from typing import Final

import click

from thegrid.cli.admin_usage import admin
from thegrid.cli.output import moment
from thegrid.cli.session import GridCommand, Session
from thegrid.enums import short_name
from thegrid.v1 import performance_pb2

__all__ = ["admin", "benchmark", "performance", "supplier_changes"]

_HOUR_US = 3_600_000_000
_POLL_S: Final = 0.5
_Figures = performance_pb2.PerformanceWindow | performance_pb2.Benchmark


@click.command(cls=GridCommand)
@click.argument("instrument", default="")
@click.option("--supplier", "supplier_id", default="", metavar="MEMBER", help="Only this one.")
@click.pass_obj
def performance(session: Session, instrument: str, supplier_id: str) -> None:
    """Show how suppliers did on an INSTRUMENT, or on all, over the last hour, day and week."""
    found = session.client.performance.list(instrument, supplier_id)
    if session.as_json:
        session.output.messages(found)
        return
    columns = (
        *("supplier", "handle", "instrument", "status"),
        *(">hours", ">calls", ">probes", ">errors", ">divergent"),
        *(">first p50", ">first p95", ">tokens/s p50", ">p05", ">uptime"),
    )
    rows = (
        (
            each.supplier_id,
            each.handle,
            each.symbol,
            short_name(performance_pb2.SupplierStatus, each.status),
            window.window_us // _HOUR_US,
            window.calls,
            window.probes,
            _percent(window, "error_rate_ppm"),
            window.divergent,
            _seconds(window, "first_token_p50_us"),
            _seconds(window, "first_token_p95_us"),
            _count(window, "throughput_p50_tokens_per_second"),
            _count(window, "throughput_p05_tokens_per_second"),
            _percent(window, "uptime_ppm"),
        )
        for each in found
        for window in each.windows
    )
    session.output.table(columns, rows, "Nobody is admitted yet.")


@click.command("supplier-changes", cls=GridCommand)
@click.argument("instrument", default="")
@click.option("--supplier", "supplier_id", default="", metavar="MEMBER", help="For the operator.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@click.pass_obj
def supplier_changes(session: Session, instrument: str, supplier_id: str, limit: int) -> None:
    """Show changes of a supplier's standing with what they rest on, newest first."""
    pages = session.client.performance.changes(instrument, supplier_id, page_size=min(limit, 1_000))
    found = islice(pages, limit)
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            moment(each.change_time),
            each.supplier_id,
            each.symbol or "all",
            short_name(performance_pb2.SupplierStatus, each.before),
            short_name(performance_pb2.SupplierStatus, each.status),
            short_name(performance_pb2.StandingCause, each.cause),
            moment(each.until_time),
            _why(each),
        )
        for each in found
    )
    columns = ("time", "supplier", "instrument", "from", "to", "cause", "until", "why")
    session.output.table(columns, rows, "Nothing has changed yet.")


@click.command(cls=GridCommand)
@click.argument("instrument")
@click.option("--last", is_flag=True, help="Show the last one; ask for none.")
@click.option("--wait", is_flag=True, help="Return when it has ended.")
@click.pass_obj
def benchmark(session: Session, instrument: str, last: bool, wait: bool) -> None:
    """Have the exchange measure one's own offer for an INSTRUMENT, and admit it if it passes."""
    _benchmark(session, instrument, "", last, wait)


@admin.command("benchmark")
@click.argument("member_id")
@click.argument("instrument")
@click.option("--last", is_flag=True, help="Show the last one; ask for none.")
@click.option("--wait", is_flag=True, help="Return when it has ended.")
@click.pass_obj
def admin_benchmark(
    session: Session, member_id: str, instrument: str, last: bool, wait: bool
) -> None:
    """Have the offer of a MEMBER_ID for an INSTRUMENT measured, and admitted if it passes."""
    _benchmark(session, instrument, member_id, last, wait)


@admin.command("suspend-supplier")
@click.argument("member_id")
@click.argument("reason")
@click.option("--instrument", default="", help="Only this one.")
@click.pass_obj
def suspend_supplier(session: Session, member_id: str, reason: str, instrument: str) -> None:
    """Stop a supplier from issuing and being offered calls, with a REASON for the record."""
    answer = session.client.admin.suspend_supplier(member_id, reason, instrument)
    if session.as_json:
        session.output.message(answer)
    else:
        session.output.line(f"{member_id} is suspended on {instrument or 'every instrument'}")


@admin.command("reinstate-supplier")
@click.argument("member_id")
@click.argument("reason")
@click.option("--instrument", default="", help="Only this one.")
@click.pass_obj
def reinstate_supplier(session: Session, member_id: str, reason: str, instrument: str) -> None:
    """Let a supplier issue and serve again, whatever suspended it, with a REASON for the record."""
    answer = session.client.admin.reinstate_supplier(member_id, reason, instrument)
    if session.as_json:
        session.output.message(answer)
    else:
        session.output.line(f"{member_id} may supply {instrument or 'every instrument'} again")


def _benchmark(
    session: Session, instrument: str, supplier_id: str, is_last: bool, waits: bool
) -> None:
    reading = session.client.performance
    if is_last:
        found = reading.benchmark(instrument, supplier_id)
    else:
        found = reading.run_benchmark(instrument, supplier_id)
    while waits and found.status == performance_pb2.BENCHMARK_STATUS_RUNNING:
        time.sleep(_POLL_S)
        found = reading.benchmark(instrument, supplier_id)
    if session.as_json:
        session.output.message(found)
        return
    status = short_name(performance_pb2.BenchmarkStatus, found.status)
    line = f"{found.benchmark_id} of {found.supplier_id} for {found.symbol}: {status}"
    session.output.line(f"{line}, {len(found.probes)} of {found.probes_wanted} probes")
    if found.HasField("end_time"):
        session.output.line(
            f"first token p50 {_seconds(found, 'first_token_p50_us')}"
            f" p95 {_seconds(found, 'first_token_p95_us')};"
            f" one answer {_count(found, 'throughput_p50_tokens_per_second')} tokens/s;"
            f" all together {found.measured_tokens_per_second},"
            f" verified {found.verified_tokens_per_second}"
        )
    for each in found.findings:
        session.output.line(f"{each.figure} {each.value}, limit {each.limit}")


def _why(change: performance_pb2.SupplierChange) -> str:
    figures = (f"{each.figure} {each.value} (limit {each.limit})" for each in change.findings)
    return change.reason or ", ".join(figures) or change.benchmark_id or "-"


def _count(window: _Figures, name: str) -> str:
    return str(getattr(window, name)) if window.HasField(name) else "-"


def _percent(window: _Figures, name: str) -> str:
    if not window.HasField(name):
        return "-"
    return f"{getattr(window, name) / 10_000:.2f}%"


def _seconds(window: _Figures, name: str) -> str:
    if not window.HasField(name):
        return "-"
    return f"{getattr(window, name) / 1_000_000:.3f}s"
