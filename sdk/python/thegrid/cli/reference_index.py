"""`grid index`: reference indexes of an instrument, and the trades that one was made of.
What an index is stands in the contract, at `ReferenceIndex`.
"""

from datetime import UTC, datetime
from itertools import islice

import click

from thegrid.cli.output import moment, price, units
from thegrid.cli.session import GridCommand, Session
from thegrid.enums import short_name
from thegrid.v1 import market_data_pb2


@click.command(cls=GridCommand)
@click.argument("instrument")
@click.option("--limit", type=click.IntRange(1), default=24, show_default=True, help="How many.")
@click.option("--inputs", is_flag=True, help="List the trades that one index was made of.")
@click.option(
    "--window",
    type=click.DateTime(),
    metavar="UTC",
    help="With --inputs: when the window began; the latest without it.",
)
@click.pass_obj
def index(
    session: Session, instrument: str, limit: int, inputs: bool, window: datetime | None
) -> None:
    """Show an INSTRUMENT's reference index, window by window, newest first."""
    if window is not None and not inputs:
        raise click.UsageError("--window goes with --inputs")
    if inputs:
        _inputs(session, instrument, limit, window.replace(tzinfo=UTC) if window else None)
        return
    pages = session.client.market_data.indexes(instrument, page_size=min(limit, 1_000))
    found = islice(pages, limit)
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            moment(each.window_start_time),
            moment(each.window_end_time),
            price(each.price_micros if each.HasField("price_micros") else None),
            each.trade_count,
            units(each.volume_tokens),
            short_name(market_data_pb2.ReferenceIndexStatus, each.status),
        )
        for each in found
    )
    columns = ("from (UTC)", "until (UTC)", ">index", ">trades", ">units", "status")
    session.output.table(columns, rows, "Nothing was delivered yet.")


def _inputs(session: Session, instrument: str, limit: int, window: datetime | None) -> None:
    found = islice(
        session.client.market_data.index_inputs(
            instrument, window_start_time=window, page_size=min(limit, 1_000)
        ),
        limit,
    )
    if session.as_json:
        session.output.messages(found)
        return
    rows = ((each.trade_id, price(each.price_micros), each.tokens) for each in found)
    session.output.table(("trade", ">price", ">tokens"), rows, "Nothing counted.")
