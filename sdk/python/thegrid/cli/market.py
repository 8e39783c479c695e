"""Public market data: `grid markets`, `instruments`, `trades`, `ticker`, `candles`.
Books are in `books`, orders in `trading`.
"""

from itertools import islice

import click

from thegrid.cli.output import moment, plain, price
from thegrid.cli.session import GridCommand, Session
from thegrid.enums import INTERVALS, short_name
from thegrid.follow import Gap
from thegrid.v1 import common_pb2, instruments_pb2, market_data_pb2


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
            _output(each.spec),
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


def _output(spec: instruments_pb2.InstrumentSpec) -> str:
    if spec.HasField("embedding"):
        return f"{spec.embedding.dimensions} of {spec.embedding.space}"
    return f"{spec.output_min_tokens:,}"


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


@click.command(cls=GridCommand)
@click.argument("market", required=False, default="")
@click.option("--follow", is_flag=True, help="Follow the ticker of MARKET until interrupted.")
@click.pass_obj
def ticker(session: Session, market: str, follow: bool) -> None:
    """Show best and last prices and the last 24 hours of a MARKET, or of all."""
    if follow and not market:
        raise click.UsageError("--follow needs a MARKET", click.get_current_context())
    if follow:
        _follow(session, market, "ticker")
        return
    data = session.client.market_data
    found = iter([data.ticker(market)]) if market else data.tickers()
    if session.as_json:
        session.output.messages(found)
        return
    columns = (
        *("market", ">bid", ">ask", ">last", ">24 h change", ">high", ">low"),
        *(">units", ">turnover", ">trades"),
    )
    session.output.table(columns, map(_ticker_row, found), "There are no markets yet.")


@click.command(cls=GridCommand)
@click.argument("market")
@click.option(
    "--interval",
    type=click.Choice(tuple(INTERVALS)),
    default="1m",
    show_default=True,
    help="Length of the candles.",
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--follow", is_flag=True, help="Follow the candles until interrupted.")
@click.pass_obj
def candles(session: Session, market: str, interval: str, limit: int, follow: bool) -> None:
    """List a MARKET's last candles, newest first; intervals without a trade have none."""
    if follow:
        _follow(session, market, "candles", interval)
        return
    listed = session.client.market_data.candles(market, interval, page_size=min(limit, 1000))
    found = islice(listed, limit)
    if session.as_json:
        session.output.messages(found)
        return
    columns = (
        *("start (UTC)", ">open", ">high", ">low", ">close"),
        *(">units", ">turnover", ">trades", "final"),
    )
    session.output.table(columns, map(_candle_row, found), "Nothing has traded yet.")


def _follow(session: Session, market: str, channel: str, interval: str = "1m") -> None:
    """Write each event of a channel as it comes: a line, or a JSON value."""
    with session.client.market_data.stream([market], [channel], interval=interval) as stream:
        for item in stream:
            if isinstance(item, Gap):
                session.output.value({"gap": item._asdict()})
            elif item.WhichOneof("payload") == "heartbeat":
                continue
            elif session.as_json:
                session.output.value(plain(item))
            elif channel == "ticker":
                session.output.line("  ".join(map(str, _ticker_row(item.ticker))))
            else:
                session.output.line("  ".join(map(str, _candle_row(item.candle))))


def _ticker_row(shown: market_data_pb2.Ticker) -> tuple[str | int, ...]:
    return (
        shown.symbol,
        price(shown.bid.price_micros if shown.HasField("bid") else None),
        price(shown.ask.price_micros if shown.HasField("ask") else None),
        price(shown.last_price_micros if shown.HasField("last_price_micros") else None),
        f"{shown.change_bps / 100:+.2f} %" if shown.HasField("change_bps") else "-",
        price(shown.high_price_micros if shown.HasField("high_price_micros") else None),
        price(shown.low_price_micros if shown.HasField("low_price_micros") else None),
        shown.volume_units,
        price(shown.turnover_micros),
        shown.trade_count,
    )


def _candle_row(shown: market_data_pb2.Candle) -> tuple[str | int, ...]:
    return (
        moment(shown.start_time),
        price(shown.open_price_micros),
        price(shown.high_price_micros),
        price(shown.low_price_micros),
        price(shown.close_price_micros),
        shown.volume_units,
        price(shown.turnover_micros),
        shown.trade_count,
        "yes" if shown.final else "no",
    )
