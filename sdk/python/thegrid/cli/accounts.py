"""What you have and what became of it: `grid balances`, `transfer`, `lots` and the like.
Orders are in `trading`, what calls used in `usage`.
"""

from datetime import datetime
from itertools import islice
from typing import Any

import click

from thegrid.cli.history import span
from thegrid.cli.output import moment, plain, price, units
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import UNITS, choice
from thegrid.enums import short_name
from thegrid.follow import Gap
from thegrid.v1 import accounts_pb2, lots_pb2

_limit = click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="How many."
)
_instrument = click.option("--instrument", default="", help="Only this instrument.")


@click.command(cls=GridCommand)
@click.pass_obj
def balances(session: Session) -> None:
    """Show your cash and your Units."""
    answer = session.client.accounts.balances()
    if session.as_json:
        session.output.message(answer)
        return
    cash = answer.cash
    session.output.pairs(
        (name, price(amount))
        for name, amount in (
            ("available", cash.available_micros),
            ("held for orders", cash.held_micros),
            ("in escrow", cash.escrow_micros),
            ("withheld", cash.withheld_micros),
            ("collateral", cash.collateral_micros),
        )
        if amount or name == "available"
    )
    rows = (
        (
            each.symbol,
            units(each.trading_tokens),
            units(each.held_tokens),
            units(each.lot_tokens),
            units(each.reserved_tokens),
            units(each.unsold_tokens),
            units(each.consumed_tokens),
            units(each.expired_tokens),
        )
        for each in answer.units
    )
    columns = (
        "instrument",
        ">trading",
        ">in orders",
        ">in lots",
        ">in use",
        ">unsold",
        ">used",
        ">expired",
    )
    session.output.table(columns, rows, "You hold no Units.")


@click.command(cls=GridCommand)
@click.argument("instrument")
@click.argument("quantity", type=UNITS, metavar="UNITS")
@click.pass_obj
def transfer(session: Session, instrument: str, quantity: int) -> None:
    """Move UNITS of an INSTRUMENT from Trading to Consumption, where they live four hours."""
    answer = session.client.accounts.transfer(instrument, quantity)
    if session.as_json:
        session.output.message(answer)
        return
    lot = answer.lot
    session.output.line(
        f"{answer.transfer.transfer_id}: {units(lot.tokens)} Units are now {lot.lot_id}, "
        f"to be used before {moment(lot.expire_time)} UTC"
    )


@click.command(cls=GridCommand)
@_instrument
@click.option("--cause", type=choice(accounts_pb2.TransferCause), help="Only of this cause.")
@span
@_limit
@click.pass_obj
def transfers(
    session: Session,
    instrument: str,
    cause: str | None,
    start_time: datetime | None,
    end_time: datetime | None,
    limit: int,
) -> None:
    """List your transfers, sweeps included, newest first."""
    found = session.client.accounts.transfers(
        instrument, cause or 0, start_time=start_time, end_time=end_time
    )
    shown = islice(found, limit)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            each.transfer_id,
            each.instrument_id,
            each.quantity_units,
            short_name(accounts_pb2.TransferCause, each.cause),
            each.lot_id,
            moment(each.transfer_time),
        )
        for each in shown
    )
    columns = ("transfer", "instrument", ">units", "cause", "lot", "time (UTC)")
    session.output.table(columns, rows, "There are no transfers.")


@click.command(cls=GridCommand)
@_instrument
@click.option("--all", "include_closed", is_flag=True, help="Used up and expired ones too.")
@click.option("--state", type=choice(lots_pb2.LotState), help="Only in this state.")
@span
@_limit
@click.pass_obj
def lots(session: Session, /, instrument: str, limit: int, **filters: Any) -> None:
    """List your Lots, soonest expiry first; a span is that of their minting."""
    filters["state"] = filters["state"] or 0
    found = session.client.accounts.lots(instrument, **filters)
    shown = islice(found, limit)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            lot.lot_id,
            lot.instrument_id,
            short_name(lots_pb2.LotState, lot.state),
            units(lot.tokens),
            units(lot.free_tokens),
            units(lot.reserved_tokens),
            units(lot.consumed_tokens),
            moment(lot.expire_time),
        )
        for lot in shown
    )
    columns = (
        "lot",
        "instrument",
        "state",
        ">units",
        ">free",
        ">in use",
        ">used",
        "expires (UTC)",
    )
    session.output.table(columns, rows, "There are no Lots; make one with: grid transfer")


@click.command(cls=GridCommand)
@click.option("--asset", default="", help="Only `usd`, or only an instrument.")
@click.option("--account", default="", help="Only this account, such as available.")
@click.option("--reason", default="", help="Only this reason, such as trade.")
@span
@_limit
@click.pass_obj
def postings(session: Session, /, asset: str, limit: int, **filters: Any) -> None:
    """List your ledger postings, newest first: every change, and why."""
    shown = islice(session.client.accounts.postings(asset, **filters), limit)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            each.seq,
            each.asset,
            each.account,
            price(each.amount) if each.asset == "usd" else units(each.amount),
            price(each.balance) if each.asset == "usd" else units(each.balance),
            each.reason,
            each.reference,
            moment(each.posting_time),
        )
        for each in shown
    )
    columns = (
        ">seq",
        "asset",
        "account",
        ">change",
        ">balance",
        "reason",
        "about",
        "time (UTC)",
    )
    session.output.table(columns, rows, "There are no postings.")


@click.command(cls=GridCommand)
@click.option("--resume", "resume_token", default="", help="Go on after this token.")
@click.pass_obj
def watch(session: Session, resume_token: str) -> None:
    """Follow everything that happens to you, one JSON object a line, until interrupted."""
    with session.client.accounts.stream(resume_token) as stream:
        for item in stream:
            if isinstance(item, Gap):
                session.output.value({"gap": item._asdict()})
            elif item.WhichOneof("payload") != "heartbeat":
                session.output.value(plain(item))
