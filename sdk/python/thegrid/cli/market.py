"""Public market data: `grid markets`, `instruments`, `book`, `trades`.
Orders are in `trading`.
"""

from itertools import islice

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from thegrid.book import Book, Level
from thegrid.cli.output import moment, price
from thegrid.cli.session import GridCommand, Session
from thegrid.enums import short_name
from thegrid.follow import Gap, StreamState
from thegrid.v1 import common_pb2, market_data_pb2


@click.command(cls=GridCommand)
@click.pass_obj
def markets(session: Session) -> None:
    """List the markets with their state and prices."""
    found = session.client.market_data.list()
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            market.symbol,
            short_name(market_data_pb2.MarketState, market.state),
            price(market.best_bid_micros if market.HasField("best_bid_micros") else None),
            price(market.best_ask_micros if market.HasField("best_ask_micros") else None),
            price(market.last_price_micros if market.HasField("last_price_micros") else None),
            moment(market.next_sweep_time),
        )
        for market in found
    )
    columns = ("market", "state", ">bid", ">ask", ">last", "next sweep (UTC)")
    session.output.table(columns, rows, "There are no markets yet.")


@click.command(cls=GridCommand)
@click.pass_obj
def instruments(session: Session) -> None:
    """List the instruments and what each promises."""
    found = session.client.instruments.list()
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            each.symbol,
            each.spec.version,
            f"{each.spec.quality_index} >= {each.spec.quality_min_milli / 1000:g}",
            f"<= {each.spec.first_token_bands[0].first_token_max_us / 1e6:g} s"
            if each.spec.first_token_bands
            else "-",
            f">= {each.spec.throughput_min_tokens_per_second}/s",
            f"{each.spec.context_min_tokens:,}",
            f"{each.spec.output_min_tokens:,}",
        )
        for each in found
    )
    columns = (
        "instrument",
        ">version",
        "quality",
        "first token",
        "tokens",
        ">context",
        ">output",
    )
    session.output.table(columns, rows, "There are no instruments yet.")


@click.command(cls=GridCommand)
@click.argument("market")
@click.option(
    "--depth",
    "depth_levels",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Price levels on each side.",
)
@click.option("--watch", is_flag=True, help="Follow the book until interrupted.")
@click.pass_obj
def book(session: Session, market: str, depth_levels: int, watch: bool) -> None:
    """Show a MARKET's book by price level."""
    if watch:
        _watch_book(session, market, depth_levels)
        return
    answer = session.client.market_data.book(market, depth_levels)
    if session.as_json:
        session.output.message(answer)
        return
    shown = Book(market, depth_levels)
    shown.load(answer.book, answer.sequence)
    session.output.console.print(_ladder(shown, depth_levels))


@click.command(cls=GridCommand)
@click.argument("market")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.pass_obj
def trades(session: Session, market: str, limit: int) -> None:
    """List a MARKET's last trades, newest first."""
    found = islice(session.client.market_data.trades(market, page_size=min(limit, 1000)), limit)
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            trade.trade_id,
            moment(trade.trade_time),
            short_name(common_pb2.Side, trade.taker_side),
            trade.quantity_units,
            price(trade.price_micros),
        )
        for trade in found
    )
    columns = ("trade", "time (UTC)", "taker", ">units", ">price")
    session.output.table(columns, rows, "Nothing has traded yet.")


def _watch_book(session: Session, market: str, depth_levels: int) -> None:
    note = Text("", style="dim")

    def tell(state: StreamState) -> None:
        note.plain = "" if state.name == "connected" else f"reconnecting: {state.error}"

    with session.client.market_data.watch_book(market, on_state=tell) as stream:
        if session.as_json:
            for item in stream:
                _book_line(session, item, depth_levels)
            return
        with Live(console=Console(highlight=False), auto_refresh=False) as live:
            for item in stream:
                if isinstance(item, Gap):
                    note.plain = f"gap after {item.after_sequence} up to {item.upto_sequence}"
                else:
                    live.update(Group(_ladder(item, depth_levels), note), refresh=True)


def _book_line(session: Session, item: Book | Gap, depth_levels: int) -> None:
    if isinstance(item, Gap):
        session.output.value({"gap": item._asdict()})
        return
    session.output.value(
        {
            "market_id": item.market_id,
            "sequence": item.sequence,
            "bids": [_level(level) for level in item.bids[:depth_levels]],
            "asks": [_level(level) for level in item.asks[:depth_levels]],
        }
    )


def _level(level: Level) -> dict[str, str | int]:
    # int64 as text, as in proto's JSON form.
    return {
        "price_micros": str(level.price_micros),
        "quantity_units": str(level.quantity_units),
        "order_count": level.order_count,
    }


def _ladder(shown: Book, depth_levels: int) -> Table:
    """Return a book as a table, asks above bids, the spread between."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("side", "price", "units", "orders"):
        table.add_column(column, justify="left" if column == "side" else "right")
    for level in reversed(shown.asks[:depth_levels]):
        table.add_row(
            "ask",
            price(level.price_micros),
            str(level.quantity_units),
            str(level.order_count),
            style="red",
        )
    table.add_row("", "-" * 8, "", "", style="dim")
    for level in shown.bids[:depth_levels]:
        table.add_row(
            "bid",
            price(level.price_micros),
            str(level.quantity_units),
            str(level.order_count),
            style="green",
        )
    return table
