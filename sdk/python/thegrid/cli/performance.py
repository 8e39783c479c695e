"""How suppliers keep their contracts: `grid performance` and `grid supplier-changes`.
What the figures mean stands in the contract, at `PerformanceWindow` and `SupplierChange`.
"""

from itertools import islice

import click

from thegrid.cli.admin_usage import admin
from thegrid.cli.output import moment
from thegrid.cli.session import GridCommand, Session
from thegrid.enums import short_name
from thegrid.v1 import performance_pb2

__all__ = ["admin", "performance", "supplier_changes"]

_HOUR_US = 3_600_000_000


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
        *("supplier", "handle", "instrument", "status", ">hours", ">calls", ">errors"),
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
            _percent(window, "error_rate_ppm"),
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


def _why(change: performance_pb2.SupplierChange) -> str:
    figures = (f"{each.figure} {each.value} (limit {each.limit})" for each in change.findings)
    return change.reason or ", ".join(figures) or "-"


def _count(window: performance_pb2.PerformanceWindow, name: str) -> str:
    return str(getattr(window, name)) if window.HasField(name) else "-"


def _percent(window: performance_pb2.PerformanceWindow, name: str) -> str:
    if not window.HasField(name):
        return "-"
    return f"{getattr(window, name) / 10_000:.2f}%"


def _seconds(window: performance_pb2.PerformanceWindow, name: str) -> str:
    if not window.HasField(name):
        return "-"
    return f"{getattr(window, name) / 1_000_000:.3f}s"
