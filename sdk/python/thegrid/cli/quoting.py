"""What market makers need beside orders: `grid quote`, `cancel-after`, `prevented`.
Single orders are in `trading`.
"""

import re
from datetime import timedelta
from itertools import islice

import click

from thegrid.cli.output import moment, price
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import choice
from thegrid.enums import short_name
from thegrid.errors import from_status
from thegrid.money import micros
from thegrid.orders import quote as make_quote
from thegrid.v1 import trading_pb2

_QUOTE = re.compile(r"(buy|sell):(\d+)@([\d.]+)")


@click.command(cls=GridCommand)
@click.argument("market")
@click.argument("tag")
@click.argument("quotes", nargs=-1, metavar="[SIDE:UNITS@DOLLARS]...")
@click.option(
    "--time-in-force",
    type=choice(trading_pb2.TimeInForce),
    help="How long they may wait: gtc or gts. Default: gtc.",
)
@click.option("--post-only", is_flag=True, help="Refuse rather than trade at once.")
@click.option("--slide", is_flag=True, help="Post only, at the next price that rests.")
@click.option(
    "--source", type=choice(trading_pb2.UnitSource), help="Units the sells sell. Default: trading."
)
@click.pass_obj
def quote(
    session: Session,
    market: str,
    tag: str,
    quotes: tuple[str, ...],
    time_in_force: str | None,
    post_only: bool,
    slide: bool,
    source: str | None,
) -> None:
    """Replace all your orders with a TAG in a MARKET: all of them, or nothing is changed.

    Such as: grid quote text-prime mm buy:10@1.90 sell:10@2.10
    """
    terms: dict[str, object] = {"post_only": post_only or slide}
    if slide:
        terms["post_only_mode"] = "slide"
    made = [_quote(text, terms, source) for text in quotes]
    answer = session.client.orders.replace_quotes(
        market, tag, made, time_in_force=time_in_force or 0
    )
    for result in answer.results:
        if result.HasField("error") and result.error.details:
            error = from_status(result.error, "ReplaceQuotes")
            if error.reason != "BATCH_UNDONE":
                raise error
    if session.as_json:
        session.output.message(answer)
        return
    session.output.line(f"{len(answer.cancelled_order_ids)} orders cancelled")
    for result in answer.results:
        order = result.order
        session.output.line(
            f"{order.order_id} {short_name(trading_pb2.OrderStatus, order.status)}: "
            f"{order.quantity_units} at {price(order.price_micros)}, {order.filled_units} filled"
        )


@click.command("cancel-after", cls=GridCommand)
@click.argument("seconds", type=click.FloatRange(0), required=False)
@click.pass_obj
def cancel_after(session: Session, seconds: float | None) -> None:
    """Have all your orders cancelled in so many SECONDS unless you say it again; 0 disarms.

    Without SECONDS it only says when they will be.
    """
    answer: trading_pb2.CancelAllAfterResponse | trading_pb2.GetCancelAllAfterResponse
    if seconds is None:
        answer = session.client.orders.cancel_timer()
    else:
        answer = session.client.orders.cancel_all_after(timedelta(seconds=seconds))
    if session.as_json:
        session.output.message(answer)
    elif answer.HasField("fire_time"):
        session.output.line(f"all orders are cancelled at {moment(answer.fire_time)} UTC")
    else:
        session.output.line("disarmed")


@click.command(cls=GridCommand)
@click.option("--market", default="", help="Only in this market.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@click.pass_obj
def prevented(session: Session, market: str, limit: int) -> None:
    """List the trades with yourself that were prevented, newest first."""
    found = session.client.orders.prevented_matches(market, page_size=min(limit, 1000))
    shown = islice(found, limit)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            each.prevented_match_id,
            each.market_id,
            each.maker_order_id,
            each.taker_order_id,
            each.quantity_units,
            price(each.price_micros),
            short_name(trading_pb2.SelfTradePrevention, each.mode),
            moment(each.prevent_time),
        )
        for each in shown
    )
    columns = ("match", "market", "resting", "incoming", ">units", ">price", "done", "time (UTC)")
    session.output.table(columns, rows, "No trade was prevented.")


def _quote(text: str, terms: dict[str, object], source: str | None) -> trading_pb2.Quote:
    match = _QUOTE.fullmatch(text)
    if match is None:
        raise click.UsageError(f"{text!r}: write SIDE:UNITS@DOLLARS, such as buy:10@1.90")
    side, units, dollars = match.groups()
    more = {"source": source} if side == "sell" and source else {}
    return make_quote(side, int(units), micros(dollars), **terms, **more)
