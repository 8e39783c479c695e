"""What became of it over time: `grid positions`, `statistics`, `statement`, `sweeps`.
Single orders, fills and postings are listed elsewhere; files are written by `export`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import click

from thegrid.cli.output import moment, price, units
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import INSTANT, choice
from thegrid.enums import short_name
from thegrid.v1 import history_pb2


def span(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--from` and `--to`."""
    until = click.option("--to", "end_time", type=INSTANT, help="Only before this instant.")
    since = click.option(
        "--from", "start_time", type=INSTANT, help="Only at or after this instant (UTC)."
    )
    return since(until(command))


@click.command(cls=GridCommand)
@click.option("--instrument", default="", help="Only this instrument.")
@click.option("--open", "open_only", is_flag=True, help="Only what is held now.")
@click.pass_obj
def positions(session: Session, instrument: str, open_only: bool) -> None:
    """Show what you hold at average cost, and what came of what you sold and used."""
    shown = session.client.history.positions(instrument, open_only=open_only)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            each.symbol,
            each.quantity_units,
            price(each.average_cost_micros) if each.quantity_units else "-",
            price(each.cost_micros),
            price(each.unrealised_micros if each.HasField("unrealised_micros") else None),
            price(each.realised_micros),
            price(each.fees_micros),
            price(each.consumption_cost_micros),
        )
        for each in shown
    )
    columns = (
        "instrument",
        ">units",
        ">average cost",
        ">cost",
        ">unrealised",
        ">realised",
        ">fees",
        ">to consumption",
    )
    session.output.table(columns, rows, "You have not traded yet.")


@click.command(cls=GridCommand)
@click.option("--instrument", default="", help="Only this instrument.")
@span
@click.pass_obj
def statistics(
    session: Session, instrument: str, start_time: datetime | None, end_time: datetime | None
) -> None:
    """Show what you traded and used in the last 24 hours, or in another span."""
    answer = session.client.history.statistics(instrument, start_time=start_time, end_time=end_time)
    if session.as_json:
        session.output.message(answer)
        return
    rows = (
        (
            each.symbol,
            each.fills,
            each.bought_units,
            price(each.bought_micros),
            each.sold_units,
            price(each.sold_micros),
            price(each.fees_micros),
            each.calls,
            f"{each.billed_tokens:,}",
            price(each.call_cost_micros),
        )
        for each in answer.instruments
    )
    columns = (
        "instrument",
        ">fills",
        ">bought",
        ">for",
        ">sold",
        ">for",
        ">fees",
        ">calls",
        ">tokens",
        ">cost of calls",
    )
    session.output.table(columns, rows, "Nothing was traded or used.")


@click.command(cls=GridCommand)
@click.option("--asset", default="", help="Only `usd`, or only an instrument.")
@span
@click.pass_obj
def statement(
    session: Session, asset: str, start_time: datetime | None, end_time: datetime | None
) -> None:
    """Show opening balance, postings by reason and closing balance of each of your accounts."""
    shown = session.client.history.statement(asset, start_time=start_time, end_time=end_time)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (row for account in shown for row in _statement_rows(account))
    columns = ("asset", "account", "reason", ">postings", ">amount")
    session.output.table(columns, rows, "There is nothing in this span.")


@click.command(cls=GridCommand)
@click.option("--market", default="", help="Only this market.")
@click.option("--state", type=choice(history_pb2.SweepState), help="Only in this state.")
@click.option("--own", "own_only", is_flag=True, help="Only those you had a share in.")
@span
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@click.pass_obj
def sweeps(
    session: Session,
    market: str,
    state: str | None,
    own_only: bool,
    start_time: datetime | None,
    end_time: datetime | None,
    limit: int,
) -> None:
    """List the sweeps of the markets and your share of each, newest first."""
    found = session.client.history.sweeps(
        market, state or 0, own_only=own_only, start_time=start_time, end_time=end_time
    )
    shown = islice(found, limit)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            each.sweep_id,
            each.symbol,
            short_name(history_pb2.SweepState, each.state),
            moment(each.slot_time),
            each.members,
            each.swept_units,
            each.retired_units,
            each.share.swept_units if each.HasField("share") else "-",
        )
        for each in shown
    )
    columns = (
        "sweep",
        "market",
        "state",
        "slot (UTC)",
        ">members",
        ">swept",
        ">retired",
        ">yours",
    )
    session.output.table(columns, rows, "There was no sweep yet.")


def _statement_rows(account: history_pb2.AccountStatement) -> Iterator[tuple[str | int, ...]]:
    amount = price if account.asset == "usd" else units
    name = account.symbol or account.asset
    yield name, account.account, "opening balance", "", amount(account.opening_balance)
    for entry in account.entries:
        yield "", "", entry.reason, entry.postings, amount(entry.amount)
    yield "", "", "closing balance", "", amount(account.closing_balance)
