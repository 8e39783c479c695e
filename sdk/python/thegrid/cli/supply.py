"""`grid supply`: serve instruments with an OpenAI-compatible server or the demo model built in.
The agent itself is `thegrid.supplier`; what it does is its own business.
"""

import os
from dataclasses import dataclass
from typing import Any

import click

from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import DOLLARS
from thegrid.settings import ApiKey

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
    settings = [
        _settings(session, listing, price_micros, serve_only)
        | offer
        | {
            "model": model or DEMO_MODEL,
            "quantity_units": units,
            "upstream_url": upstream,
            "upstream_key": os.environ.get("UPSTREAM_KEY", ""),
        }
        for listing in listings
    ]
    _run(settings)


def _settings(
    session: Session, listing: Listing, price_micros: int | None, serve_only: bool
) -> dict[str, Any]:
    asked_micros = listing.price_micros or price_micros
    if asked_micros is None and not serve_only:
        raise click.UsageError(
            f"--price: say what to ask for {listing.instrument}, in dollars per Unit"
        )
    settings = session.settings()
    secret = settings.credentials.secret if isinstance(settings.credentials, ApiKey) else ""
    return {
        "target": settings.target,
        "api_key": secret,
        "root_certificates": settings.root_certificates,
        "use_tls": settings.is_secure,
        "instrument": listing.instrument,
        "price_micros": asked_micros or 0,
        "keep_market": not serve_only,
    }


def _run(settings: list[dict[str, Any]]) -> None:
    try:
        from thegrid.supplier import SupplierSettings, run_supplier
    except ModuleNotFoundError as missing:
        raise click.ClickException(
            f"supplying needs {missing.name}, which is not installed\n"
            "what to do: pip install 'thegrid[supplier]'"
        ) from None
    raise SystemExit(run_supplier(*(SupplierSettings(**each) for each in settings)))
