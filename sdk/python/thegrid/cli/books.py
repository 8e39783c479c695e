"""Books: `grid book`, by best price, by price level or order by order, once or as they change.
Other market data is in `market`.
"""

from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from thegrid.book import Book, Level
from thegrid.cli.output import price
from thegrid.cli.session import GridCommand, Session
from thegrid.follow import Gap, StreamState
from thegrid.order_book import BookOrder, OrderBook

Shown = Book | OrderBook


@click.command(cls=GridCommand)
@click.argument("market")
@click.option(
    "--level",
    type=click.IntRange(1, 3),
    default=2,
    show_default=True,
    help="1: best prices; 2: price levels; 3: every order in its queue.",
)
@click.option(
    "--depth",
    "depth_rows",
    type=click.IntRange(1, 1000),
    default=10,
    show_default=True,
    help="Rows on each side.",
)
@click.option(
    "--follow", "--watch", "follow", is_flag=True, help="Follow the book until interrupted."
)
@click.pass_obj
def book(session: Session, market: str, level: int, depth_rows: int, follow: bool) -> None:
    """Show a MARKET's book."""
    depth_rows = 1 if level == 1 else depth_rows
    if follow:
        _follow_book(session, market, level, depth_rows)
        return
    data = session.client.market_data
    if level == 3:
        answer: Any = data.order_book(market, depth_rows)
        shown: Any = OrderBook(market)
    else:
        answer, shown = data.book(market, depth_rows), Book(market, depth_rows)
    if session.as_json:
        session.output.message(answer)
        return
    shown.load(answer.book, answer.sequence)
    session.output.console.print(_ladder(shown, depth_rows))


def _follow_book(session: Session, market: str, level: int, depth_rows: int) -> None:
    note = Text("", style="dim")

    def tell(state: StreamState) -> None:
        note.plain = "" if state.name == "connected" else f"reconnecting: {state.error}"

    data = session.client.market_data
    stream: Any = (
        data.watch_order_book(market, on_state=tell)
        if level == 3
        else data.watch_book(market, 1 if level == 1 else 0, on_state=tell)
    )
    with stream:
        if session.as_json:
            for item in stream:
                _line(session, item, depth_rows)
            return
        with Live(console=Console(highlight=False), auto_refresh=False) as live:
            for item in stream:
                if isinstance(item, Gap):
                    note.plain = f"gap from {item.from_sequence} to {item.to_sequence}"
                else:
                    live.update(Group(_ladder(item, depth_rows), note), refresh=True)


def _line(session: Session, item: Shown | Gap, depth_rows: int) -> None:
    if isinstance(item, Gap):
        session.output.value({"gap": item._asdict()})
        return
    session.output.value(
        {
            "market_id": item.market_id,
            "sequence": item.sequence,
            "bids": [_plain(each) for each in item.bids[:depth_rows]],
            "asks": [_plain(each) for each in item.asks[:depth_rows]],
        }
    )


def _plain(row: Level | BookOrder) -> dict[str, str | int]:
    # int64 as text, as in proto's JSON form.
    made: dict[str, str | int] = {
        "price_micros": str(row.price_micros),
        "quantity_units": str(row.quantity_units),
    }
    if isinstance(row, Level):
        return {**made, "order_count": row.order_count}
    return {"order_id": row.order_id, **made, "priority": str(row.priority)}


def _ladder(shown: Shown, depth_rows: int) -> Table:
    """Return a book as a table, asks above bids, the spread between."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    last = "orders" if isinstance(shown, Book) else "order"
    for column in ("side", "price", "units", last):
        table.add_column(column, justify="left" if column == "side" else "right")
    asks: Sequence[Level | BookOrder] = shown.asks[:depth_rows]
    bids: Sequence[Level | BookOrder] = shown.bids[:depth_rows]
    for row in reversed(asks):
        table.add_row("ask", *_cells(row), style="red")
    table.add_row("", "-" * 8, "", "", style="dim")
    for row in bids:
        table.add_row("bid", *_cells(row), style="green")
    return table


def _cells(row: Level | BookOrder) -> tuple[str, str, str]:
    last = str(row.order_count) if isinstance(row, Level) else row.order_id
    return price(row.price_micros), str(row.quantity_units), last
