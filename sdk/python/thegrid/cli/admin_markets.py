"""The operator's side of markets: their own figures, auctions, fee tiers: `grid admin …`.
Members, cash, suppliers and policy are in `admin`.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import click

from thegrid.cli.admin import admin
from thegrid.cli.output import moment
from thegrid.cli.session import Session
from thegrid.cli.types import choice
from thegrid.enums import short_name
from thegrid.v1 import admin_pb2, market_data_pb2

__all__ = ["admin"]

_SECONDS = click.FloatRange(0)


@admin.command("market-policy")
@click.argument("market")
@click.option("--max-move-bps", type=click.IntRange(0), help="Halt beyond this move; 0 for never.")
@click.option("--max-move-window", type=_SECONDS, help="Seconds that a reference price holds.")
@click.option("--max-move-auction", type=_SECONDS, help="Seconds to collect after a halt.")
@click.option("--sweep-auction", type=_SECONDS, help="Seconds to collect before sweeps; 0 for no.")
@click.pass_obj
def market_policy(session: Session, /, market: str, **figures: Any) -> None:
    """Show a MARKET's figures for halts and auctions, or change those given."""
    now = session.client.market_data.get(market)
    changed = {name: value for name, value in figures.items() if value is not None}
    if changed:
        policy = market_data_pb2.MarketPolicy()
        policy.CopyFrom(now.policy)
        for name, value in changed.items():
            if name == "max_move_bps":
                policy.max_move_bps = value
            else:
                setattr(policy, f"{name}_us", round(value * 1_000_000))
        now = session.client.admin.set_market_policy(market, policy)
    if session.as_json:
        session.output.message(now.policy)
        return
    rows = ((field.name, getattr(now.policy, field.name)) for field in now.policy.DESCRIPTOR.fields)
    session.output.table(("name", ">value"), rows, "There is no policy.")


@admin.command("auction")
@click.argument("market")
@click.argument("seconds", type=_SECONDS)
@click.argument("reason")
@click.pass_obj
def start_auction(session: Session, market: str, seconds: float, reason: str) -> None:
    """Let a MARKET collect orders for so many SECONDS, then trade them at one price."""
    until_time = datetime.now(UTC) + timedelta(seconds=seconds)
    now = session.client.admin.start_auction(market, until_time, reason)
    if session.as_json:
        session.output.message(now)
    else:
        session.output.line(f"{now.symbol} collects until {moment(now.auction.end_time)} UTC")


@admin.command("fee-tier")
@click.argument("fee_tier")
@click.argument("mode", type=choice(admin_pb2.FeeTierMode))
@click.argument("maker_bps", type=click.IntRange(0, 10_000))
@click.argument("taker_bps", type=click.IntRange(0, 10_000))
@click.pass_obj
def fee_tier(session: Session, fee_tier: str, mode: str, maker_bps: int, taker_bps: int) -> None:
    """Set a FEE_TIER: rates of its own, or a discount on the markets' fees, in basis points."""
    tier = session.client.admin.set_fee_tier(fee_tier, mode, maker_bps, taker_bps)
    if session.as_json:
        session.output.message(tier)
    else:
        session.output.line(f"{fee_tier}: {mode} of {maker_bps} and {taker_bps} basis points")


@admin.command("fee-tiers")
@click.pass_obj
def fee_tiers(session: Session) -> None:
    """List the fee tiers."""
    found = session.client.admin.fee_tiers()
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            tier.fee_tier,
            short_name(admin_pb2.FeeTierMode, tier.mode),
            tier.maker_bps,
            tier.taker_bps,
        )
        for tier in found
    )
    session.output.table(("tier", "mode", ">maker", ">taker"), rows, "There are no fee tiers.")


@admin.command("update-member")
@click.argument("member_id")
@click.option("--prevention-group", help="Members that do not trade with each other; '' for none.")
@click.option("--affiliation-group", help="Members under common control; '' for none.")
@click.option("--fee-tier", help="The tier its fees follow; '' for the markets' own fees.")
@click.option("--reason", default="", help="Why, for the record.")
@click.pass_obj
def update_member(
    session: Session,
    member_id: str,
    prevention_group: str | None,
    affiliation_group: str | None,
    fee_tier: str | None,
    reason: str,
) -> None:
    """Change a member's groups or fee tier."""
    if prevention_group is None and affiliation_group is None and fee_tier is None:
        raise click.UsageError(
            "say what to change: --prevention-group, --affiliation-group or --fee-tier"
        )
    member = session.client.admin.update_member(
        member_id,
        prevention_group=prevention_group,
        affiliation_group=affiliation_group,
        fee_tier=fee_tier,
        reason=reason,
    )
    if session.as_json:
        session.output.message(member)
        return
    group, tier = member.prevention_group or "none", member.fee_tier or "none"
    kin = member.affiliation_group or "none"
    session.output.line(
        f"{member.member_id}: prevention group {group}, fee tier {tier}, affiliation group {kin}"
    )
