"""The operator's side of usage: how tokens are counted, and disputes: `grid admin …`.
What members see of them is in `usage`.
"""

from itertools import islice
from typing import Any

import click
from google.protobuf import json_format

from thegrid.cli.admin_markets import admin
from thegrid.cli.output import moment, plain, price
from thegrid.cli.session import Session
from thegrid.cli.types import DOLLARS, choice
from thegrid.enums import short_name
from thegrid.v1 import instruments_pb2, usage_pb2

__all__ = ["admin"]


@admin.command("metering")
@click.argument("file", type=click.File("r"), required=False)
@click.pass_obj
def metering(session: Session, file: Any) -> None:
    """Print every version of the metering policy as JSON, or define the next one from a FILE.

    The file holds one version in the form that is printed; its number and time are not read.
    """
    if file is None:
        session.output.messages(session.client.instruments.metering_policies())
        return
    policy = instruments_pb2.MeteringPolicyVersion()
    try:
        json_format.Parse(file.read(), policy)
    except json_format.ParseError as problem:
        raise click.UsageError(f"{file.name}: {problem}") from problem
    made = session.client.admin.define_metering_policy(policy)
    if session.as_json:
        session.output.message(made)
    else:
        session.output.line(f"version {made.version} is defined; specifications may name it")


@admin.command("disputes")
@click.option("--status", type=choice(usage_pb2.DisputeStatus), help="Only these.")
@click.option("--member", "member_id", default="", help="Only of this member.")
@click.option("--supplier", "supplier_id", default="", help="Only of calls it served.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@click.pass_obj
def disputes(session: Session, /, status: str | None, limit: int, **filters: Any) -> None:
    """List disputes of usage records, newest first."""
    shown = islice(session.client.admin.disputes(status or 0, **filters), limit)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            each.dispute_id,
            each.usage_id,
            each.member_id,
            each.supplier_id,
            short_name(usage_pb2.DisputeReason, each.reason),
            short_name(usage_pb2.DisputeStatus, each.status),
            price(each.cost_micros),
            price(each.refunded_micros),
            moment(each.open_time),
        )
        for each in shown
    )
    columns = (
        "dispute",
        "record",
        "member",
        "supplier",
        "reason",
        "status",
        ">cost",
        ">refunded",
        "opened (UTC)",
    )
    session.output.table(columns, rows, "There are no disputes.")


@admin.command("resolve-dispute")
@click.argument("dispute_id")
@click.argument("reason")
@click.option("--refund", type=DOLLARS, default=0, help="Dollars to pay back; none refuses.")
@click.option("--payer", type=choice(usage_pb2.DisputePayer), default="supplier", show_default=True)
@click.pass_obj
def resolve_dispute(
    session: Session, dispute_id: str, reason: str, refund: int, payer: str
) -> None:
    """Decide a dispute, with a REASON for both sides to see."""
    decided = session.client.admin.resolve_dispute(dispute_id, refund, reason, payer=payer)
    if session.as_json:
        session.output.value(plain(decided))
        return
    status = short_name(usage_pb2.DisputeStatus, decided.status)
    paid = f", {price(decided.refunded_micros)} paid back" if decided.refunded_micros else ""
    short = f", {price(decided.shortfall_micros)} short" if decided.shortfall_micros else ""
    session.output.line(f"{decided.dispute_id} is {status}{paid}{short}")
