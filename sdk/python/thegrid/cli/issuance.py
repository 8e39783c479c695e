"""`grid issuance` and `grid collateral`: what a supplier owes, and what stands behind it.
Serving the calls is `grid supply`.
"""

from collections.abc import Iterable

import click

from thegrid.cli.output import moment, price, units
from thegrid.cli.session import GridGroup, Session
from thegrid.cli.types import DOLLARS, UNITS
from thegrid.v1 import supply_pb2


@click.group(cls=GridGroup)
def issuance() -> None:
    """Issue Units, retire them, and see what became of all of them."""


@issuance.command("show")
@click.option("--member", "member_id", default="", help="Another supplier; for the operator.")
@click.pass_obj
def show(session: Session, member_id: str) -> None:
    """Show what was issued, what became of it, and the collateral behind what is owed."""
    answer = session.client.supply.statement(member_id)
    if session.as_json:
        session.output.message(answer)
        return
    _table(session, answer.supplies)
    if answer.HasField("collateral"):
        _pairs(session, answer.collateral)


@issuance.command("issue")
@click.argument("instrument")
@click.argument("quantity", type=UNITS)
@click.pass_obj
def issue(session: Session, instrument: str, quantity: int) -> None:
    """Make QUANTITY new Units of an INSTRUMENT to sell."""
    _tell(session, session.client.supply.issue(instrument, quantity))


@issuance.command("retire")
@click.argument("instrument")
@click.argument("quantity", type=UNITS)
@click.pass_obj
def retire(session: Session, instrument: str, quantity: int) -> None:
    """Take QUANTITY unsold Units of an INSTRUMENT back; cancel asks for them first."""
    _tell(session, session.client.supply.retire(instrument, quantity))


@issuance.command("renew")
@click.argument("instrument")
@click.option("--off", is_flag=True, help="Let sweeps retire unsold Units again.")
@click.pass_obj
def renew(session: Session, instrument: str, off: bool) -> None:
    """Let sweeps leave unsold Units of an INSTRUMENT, and asks for them, as they are."""
    _tell(session, session.client.supply.renew(instrument, not off))


@click.group(cls=GridGroup)
def collateral() -> None:
    """Post collateral for what you sold, or take back what is not required."""


@collateral.command("show")
@click.pass_obj
def show_collateral(session: Session) -> None:
    """Show what is required, posted and missing."""
    _tell_collateral(session, session.client.supply.statement().collateral)


@collateral.command("post")
@click.argument("amount", type=DOLLARS)
@click.pass_obj
def post(session: Session, amount: int) -> None:
    """Move AMOUNT dollars of available cash into the collateral."""
    _tell_collateral(session, session.client.supply.post_collateral(amount))


@collateral.command("withdraw")
@click.argument("amount", type=DOLLARS)
@click.pass_obj
def withdraw(session: Session, amount: int) -> None:
    """Move AMOUNT dollars of collateral back into the available cash."""
    _tell_collateral(session, session.client.supply.withdraw_collateral(amount))


def _tell(session: Session, supply: supply_pb2.SupplyPosition) -> None:
    if session.as_json:
        session.output.message(supply)
    else:
        _table(session, [supply])


def _table(session: Session, supplies: Iterable[supply_pb2.SupplyPosition]) -> None:
    rows = (
        (
            each.symbol,
            units(each.issued_tokens),
            units(each.unsold_tokens),
            units(each.outstanding_tokens),
            units(each.consumed_tokens),
            units(each.expired_tokens),
            units(each.refunded_tokens),
            units(each.retired_tokens + each.bought_back_tokens),
            price(each.escrow_micros),
            units(each.headroom_tokens),
            "yes" if each.renews_unsold else "no",
        )
        for each in supplies
    )
    columns = (
        "instrument",
        ">issued",
        ">unsold",
        ">owed",
        ">consumed",
        ">expired",
        ">refunded",
        ">taken back",
        ">escrow",
        ">may issue",
        "renewed",
    )
    session.output.table(columns, rows, "Nothing was issued yet.")


def _tell_collateral(session: Session, figures: supply_pb2.Collateral) -> None:
    if session.as_json:
        session.output.message(figures)
    else:
        _pairs(session, figures)


def _pairs(session: Session, figures: supply_pb2.Collateral) -> None:
    session.output.pairs(
        (
            ("collateral posted", price(figures.posted_micros)),
            ("required", price(figures.required_micros)),
            ("missing", price(figures.missing_micros)),
            ("owed to the guarantee", price(figures.guarantee_debt_micros)),
            ("lost to owners", price(figures.uncovered_micros)),
            ("marked (UTC)", moment(figures.mark_time)),
        )
    )
