"""Orders and fills: `grid buy`, `sell`, `amend`, `cancel`, `orders`, `fills`.
What they leave in the accounts is in `accounts`.
"""

from collections.abc import Callable
from datetime import UTC
from itertools import islice
from typing import Any, TypeVar

import click

from thegrid.cli.history import span
from thegrid.cli.output import moment, price
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import DOLLARS, UNITS, choice
from thegrid.enums import short_name
from thegrid.v1 import common_pb2, trading_pb2

Function = TypeVar("Function", bound=Callable[..., Any])


def _order_options(function: Function) -> Function:
    """Add the options that buying and selling share."""
    options = [
        click.argument("market"),
        click.argument("units", type=UNITS),
        click.option(
            "--price",
            "price_micros",
            type=DOLLARS,
            help="Limit in dollars per Unit; without it, a market order.",
        ),
        click.option(
            "--time-in-force",
            type=choice(trading_pb2.TimeInForce),
            help="How long it may wait. Default: gtc with a price, ioc without.",
        ),
        click.option(
            "--expires",
            "expire_time",
            type=click.DateTime(),
            metavar="UTC",
            help="When a gtd order expires, such as 2030-01-31T12:00:00.",
        ),
        click.option("--client-order-id", default="", help="Your own id, unique for a day."),
        click.option("--tag", default="", help="Your own label, for cancelling together."),
        click.option("--post-only", is_flag=True, help="Refuse rather than trade at once."),
        click.option("--slide", is_flag=True, help="Post only, at the next price that rests."),
        click.option(
            "--max-slippage-bps",
            type=click.IntRange(0),
            help="Greatest distance from the best price, in basis points.",
        ),
        click.option(
            "--max-average-price",
            "max_average_price_micros",
            type=DOLLARS,
            help="Of a market order: worst average in dollars per Unit.",
        ),
        click.option("--dry-run", is_flag=True, help="Answer what it would do; change nothing."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@click.command(cls=GridCommand)
@_order_options
@click.option(
    "--max-spend",
    "max_spend_micros",
    type=DOLLARS,
    help="Of a market order: the most to spend in dollars, fees included.",
)
@click.option("--use", "auto_transfer", is_flag=True, help="Move what it fills into Consumption.")
@click.pass_obj
def buy(session: Session, /, market: str, units: int, **options: Any) -> None:
    """Buy UNITS of a MARKET's instrument."""
    _place(session, "buy", market, units, options)


@click.command(cls=GridCommand)
@_order_options
@click.option(
    "--source",
    type=choice(trading_pb2.UnitSource),
    help="Sell Units bought before, or issued by you. Default: trading.",
)
@click.pass_obj
def sell(session: Session, /, market: str, units: int, **options: Any) -> None:
    """Sell UNITS of a MARKET's instrument."""
    _place(session, "sell", market, units, options)


@click.command(cls=GridCommand)
@click.argument("order_id")
@click.option("--price", "price_micros", type=DOLLARS, help="New limit in dollars per Unit.")
@click.option("--units", "quantity_units", type=UNITS, help="New total quantity, filled included.")
@click.pass_obj
def amend(
    session: Session, order_id: str, price_micros: int | None, quantity_units: int | None
) -> None:
    """Change price or quantity of an open order, named by its id or your client order id."""
    if price_micros is None and quantity_units is None:
        raise click.UsageError("say what to change: --price, --units, or both")
    answer = session.client.orders.amend(
        **_named(order_id), price_micros=price_micros, quantity_units=quantity_units
    )
    _show_placed(session, answer)


@click.command(cls=GridCommand)
@click.argument("order_id", required=False)
@click.option("--all", "every", is_flag=True, help="Cancel all open orders.")
@click.option("--market", default="", help="With --all: only in this market.")
@click.option("--tag", default="", help="With --all: only with this label.")
@click.pass_obj
def cancel(session: Session, order_id: str | None, every: bool, market: str, tag: str) -> None:
    """Cancel one open order, named by its id or your client order id, or --all."""
    if bool(order_id) == every:
        raise click.UsageError("name one order, or say --all")
    if order_id:
        closed = session.client.orders.cancel(**_named(order_id))
        if session.as_json:
            session.output.message(closed)
        else:
            session.output.line(f"{closed.order_id} {_state(closed)}")
        return
    answer = session.client.orders.cancel_all(market, tag)
    if session.as_json:
        session.output.message(answer)
        return
    more = "; more are being cancelled" if answer.continues else ""
    session.output.line(f"{len(answer.order_ids)} orders cancelled{more}")


@click.command(cls=GridCommand)
@click.option("--market", default="", help="Only in this market.")
@click.option("--status", type=choice(trading_pb2.OrderStatus), help="Only in this state.")
@click.option("--client-order-id", default="", help="Only with this id of your own.")
@click.option("--tag", default="", help="Only with this label of your own.")
@span
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@click.pass_obj
def orders(
    session: Session, /, market: str, status: str | None, limit: int, **filters: Any
) -> None:
    """List your orders, newest first; a span is that of their entry."""
    found = session.client.orders.list(market, status or 0, page_size=min(limit, 1000), **filters)
    shown = islice(found, limit)
    if session.as_json:
        session.output.messages(shown)
        return
    columns = ("order", "market", "side", ">price", ">units", ">filled", "state", "entered (UTC)")
    session.output.table(columns, map(_order_row, shown), "There are no such orders.")


@click.command(cls=GridCommand)
@click.option("--market", default="", help="Only in this market.")
@click.option("--order", "order_id", default="", help="Only of this order.")
@span
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many.")
@click.pass_obj
def fills(session: Session, /, market: str, order_id: str, limit: int, **filters: Any) -> None:
    """List your fills, newest first."""
    found = session.client.orders.fills(market, order_id, page_size=min(limit, 1000), **filters)
    shown = islice(found, limit)
    if session.as_json:
        session.output.messages(shown)
        return
    columns = ("trade", "order", "side", ">units", ">price", ">fee", "role", "time (UTC)")
    session.output.table(columns, map(_fill_row, shown), "There are no such fills.")


def _place(session: Session, side: str, market: str, units: int, options: dict[str, Any]) -> None:
    dry_run = options.pop("dry_run")
    price_micros = options.pop("price_micros")
    if options.pop("slide"):
        options.update(post_only=True, post_only_mode="slide")
    terms = {name: value for name, value in options.items() if value not in (None, "", False)}
    if "expire_time" in terms:
        terms["expire_time"] = terms["expire_time"].replace(tzinfo=UTC)
        terms.setdefault("time_in_force", "gtd")
    place = session.client.orders.buy if side == "buy" else session.client.orders.sell
    answer = place(market, units, price_micros, validate_only=dry_run, **terms)
    _show_placed(session, answer, "would be " if dry_run else "")


def _named(order_id: str) -> dict[str, str]:
    """Tell an id of the exchange from one of the client's own."""
    return {"order_id" if order_id.startswith("ord_") else "client_order_id": order_id}


def _show_placed(
    session: Session,
    answer: trading_pb2.PlaceOrderResponse | trading_pb2.AmendOrderResponse,
    mood: str = "",
) -> None:
    if session.as_json:
        session.output.message(answer)
        return
    order = answer.order
    session.output.line(
        f"{order.order_id or 'order'} {mood}{_state(order)}: "
        f"{order.filled_units} of {order.quantity_units} Units filled"
    )
    for fill in answer.fills:
        session.output.line(
            f"  {fill.quantity_units} at {price(fill.price_micros)}"
            f", fee {price(fill.fee_micros)}, {fill.trade_id}"
        )


def _state(order: trading_pb2.Order) -> str:
    state = short_name(trading_pb2.OrderStatus, order.status)
    if order.closure_reason:
        return f"{state} ({short_name(trading_pb2.ClosureReason, order.closure_reason)})"
    return state


def _order_row(order: trading_pb2.Order) -> tuple[str | int, ...]:
    return (
        order.order_id,
        order.market_id,
        short_name(common_pb2.Side, order.side),
        price(order.price_micros) if order.price_micros else "market",
        order.quantity_units,
        order.filled_units,
        _state(order),
        moment(order.create_time),
    )


def _fill_row(fill: trading_pb2.Fill) -> tuple[str | int, ...]:
    return (
        fill.trade_id,
        fill.order_id,
        short_name(common_pb2.Side, fill.side),
        fill.quantity_units,
        price(fill.price_micros),
        price(fill.fee_micros),
        short_name(trading_pb2.LiquidityRole, fill.role),
        moment(fill.trade_time),
    )
