"""`grid supply`: serve instruments with an OpenAI-compatible server or the demo model built in.
The agent itself is `thegrid.supplier`; what it does is its own business.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from thegrid.cli.output import Output
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import DOLLARS

DEMO_MODEL = "demo-model"


@dataclass(frozen=True)
class Listing:
    """An instrument to supply and what to ask for it, in micro-dollars per Unit."""

    instrument: str
    price_micros: int | None


class ListingType(click.ParamType[Listing]):
    """`SYMBOL`, or `SYMBOL=PRICE` with the price in dollars."""

    name = "listing"

    def convert(
        self, value: Any, param: click.Parameter | None, context: click.Context | None
    ) -> Listing:
        if isinstance(value, Listing):
            return value
        symbol, equals, amount = str(value).partition("=")
        return Listing(symbol, DOLLARS.convert(amount, param, context) if equals else None)


@click.command(cls=GridCommand)
@click.option(
    "--instrument",
    "listings",
    type=ListingType(),
    multiple=True,
    required=True,
    metavar="SYMBOL[=PRICE]",
    help="What to supply, and for how much; once for each.",
)
@click.option(
    "--price",
    "price_micros",
    type=DOLLARS,
    help="Dollars per Unit, where --instrument names no price.",
)
@click.option(
    "--units",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Units of each to keep on offer.",
)
@click.option(
    "--upstream",
    metavar="URL",
    default="",
    help="An OpenAI-compatible server, such as http://127.0.0.1:8000/v1. "
    "Its key is read from UPSTREAM_KEY.",
)
@click.option(
    "--model", metavar="NAME", default="", help="The model that the upstream is asked for."
)
@click.option("--demo", is_flag=True, help="Serve the demo model built in: no real intelligence.")
@click.option(
    "--capability",
    "capabilities",
    multiple=True,
    help="What the model can do, such as tools or json_schema; once for each.",
)
@click.option(
    "--concurrency",
    "concurrent_deliveries",
    type=click.IntRange(1),
    default=16,
    show_default=True,
    help="Greatest number of calls at once.",
)
@click.option("--region", default="", help="Where it runs, such as eu-north.")
@click.option("--data-policy", default="", help="What becomes of prompts, such as zero-retention.")
@click.option(
    "--embedding-space",
    default="",
    help="Vector space of a model for embeddings; the instrument's own where left out.",
)
@click.option(
    "--otlp-endpoint",
    envvar="GRID_OTLP_ENDPOINT",
    metavar="URL",
    default="",
    help="Collector of traces and metrics by OTLP/HTTP, such as http://127.0.0.1:4318.",
)
@click.option("--serve-only", is_flag=True, help="Serve what was sold; issue and offer nothing.")
@click.pass_obj
def supply(
    session: Session,
    /,
    listings: tuple[Listing, ...],
    price_micros: int | None,
    units: int,
    upstream: str,
    model: str,
    demo: bool,
    serve_only: bool,
    **offer: Any,
) -> None:
    """Supply instruments: register offers, issue Units, keep asks resting, serve the calls.

    Runs until interrupted; then running calls may finish. The key needs the scopes supply,
    trade_read and trade_write, and the operator must have admitted its member.
    """
    if demo == bool(upstream):
        raise click.UsageError("say --demo, or name an --upstream, but not both")
    if upstream and not model:
        raise click.UsageError("--model: say which model the upstream is to be asked for")
    shared = offer | {
        "exchange": session.settings(),
        "model": model or DEMO_MODEL,
        "quantity_units": units,
        "upstream_url": upstream,
        "upstream_key": os.environ.get("UPSTREAM_KEY", ""),
        "keep_market": not serve_only,
    }
    settings = [
        shared | {"instrument": each.instrument, "price_micros": each.price_micros or price_micros}
        for each in listings
    ]
    for each in settings:
        if each["price_micros"] is None and not serve_only:
            raise click.UsageError(
                f"--price: say what to ask for {each['instrument']}, in dollars per Unit"
            )
    priced = [each | {"price_micros": each["price_micros"] or 0} for each in settings]
    asyncio.run(_run(priced, partial(_report, session.output)))


async def _run(settings: list[dict[str, Any]], report: Callable[[str], None]) -> None:
    """Supply all instruments until told to stop, or until one of them cannot be supplied."""
    from thegrid.supplier.run import run_supplier
    from thegrid.supplier.settings import SupplierSettings

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    checked = [SupplierSettings(**each) for each in settings]
    running = [
        asyncio.ensure_future(run_supplier(each, stop=stop, report=report)) for each in checked
    ]
    try:
        await asyncio.gather(*running)
    finally:
        stop.set()
        await asyncio.gather(*running, return_exceptions=True)


def _report(output: Output, text: str) -> None:
    if output.as_json:
        output.value({"event": text})
    else:
        click.echo(text)
