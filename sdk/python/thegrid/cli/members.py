"""You: `grid whoami`, `settings`.
Your keys are in `keys`, what only the operator may do is in `admin`.
"""

from typing import Any

import click

from thegrid.cli.output import price
from thegrid.cli.session import GridCommand, Session
from thegrid.cli.types import DOLLARS, UNITS, choice
from thegrid.enums import short_name
from thegrid.v1 import members_pb2

_COUNT = click.IntRange(min=0)


@click.command(cls=GridCommand)
@click.pass_obj
def whoami(session: Session) -> None:
    """Show who the key belongs to and what it may do."""
    answer = session.client.members.get()
    if session.as_json:
        session.output.message(answer)
        return
    scopes = ", ".join(short_name(members_pb2.Scope, scope) for scope in answer.scopes)
    chosen = answer.member.settings
    session.output.pairs(
        [
            ("member", f"{answer.member.member_id} ({answer.member.handle})"),
            ("scopes", scopes),
            ("mode", short_name(members_pb2.AccountMode, chosen.account_mode)),
            ("ceiling", price(chosen.auto_buy_ceiling_micros)),
            ("suspended", "yes" if answer.member.suspended else "no"),
        ]
    )


@click.command(cls=GridCommand)
@click.option(
    "--mode",
    type=choice(members_pb2.AccountMode),
    help="auto: the exchange buys what a call needs; advanced: you buy.",
)
@click.option("--ceiling", type=DOLLARS, help="Highest price per Unit at which auto mode buys.")
@click.option("--day-ceiling", type=DOLLARS, help="Most it spends in a UTC day; 0: any sum.")
@click.option("--size", type=UNITS, help="Least number of Units that auto mode buys at a time.")
@click.option(
    "--threshold",
    type=_COUNT,
    help="Free tokens below which auto mode buys ahead of need; 0: never.",
)
@click.option(
    "--auto-transfer/--no-auto-transfer",
    default=None,
    help="Whether buys move what they fill into Consumption.",
)
@click.option("--notice-cash", type=DOLLARS, help="Give notice below so much cash; 0: never.")
@click.option("--notice-tokens", type=_COUNT, help="Give notice below so many tokens; 0: never.")
@click.option(
    "--notice-lot", type=_COUNT, help="Give notice so many seconds before a Lot ends; 0: never."
)
@click.option(
    "--notice-key", type=_COUNT, help="Give notice so many seconds before a key ends; 0: never."
)
@click.pass_obj
def settings(session: Session, /, **given: Any) -> None:
    """Show your settings, or change those that are given."""
    members = session.client.members
    now = members.get().member.settings
    if any(value is not None for value in given.values()):
        now = members.update_settings(
            account_mode=given["mode"],
            auto_buy_ceiling_micros=given["ceiling"],
            auto_buy_day_ceiling_micros=given["day_ceiling"],
            auto_buy_units=given["size"],
            auto_buy_threshold_tokens=given["threshold"],
            auto_transfer=given["auto_transfer"],
            notices=_notices(now.notices, given),
        )
    if session.as_json:
        session.output.message(now)
        return
    day = price(now.auto_buy_day_ceiling_micros) if now.auto_buy_day_ceiling_micros else "any sum"
    session.output.pairs(
        [
            ("mode", short_name(members_pb2.AccountMode, now.account_mode)),
            ("ceiling", price(now.auto_buy_ceiling_micros)),
            ("spent today", f"{price(now.auto_buy_day_micros)} of {day}"),
            ("size", f"{now.auto_buy_units} Units"),
            ("threshold", f"{now.auto_buy_threshold_tokens:,} tokens"),
            ("auto-transfer", "yes" if now.auto_transfer else "no"),
            ("notice of cash", price(now.notices.cash_micros)),
            ("notice of tokens", f"{now.notices.tokens:,}"),
            ("notice of Lots", f"{now.notices.lot_lead.seconds} s before"),
            ("notice of keys", f"{now.notices.key_lead.seconds} s before"),
        ]
    )


def _notices(
    now: members_pb2.NoticeSettings, given: dict[str, Any]
) -> members_pb2.NoticeSettings | None:
    """The notices that are given now, with what was said in their place; None to keep them."""
    names = ("notice_cash", "notice_tokens", "notice_lot", "notice_key")
    if all(given[name] is None for name in names):
        return None
    wanted = members_pb2.NoticeSettings()
    wanted.CopyFrom(now)
    if given["notice_cash"] is not None:
        wanted.cash_micros = given["notice_cash"]
    if given["notice_tokens"] is not None:
        wanted.tokens = given["notice_tokens"]
    if given["notice_lot"] is not None:
        wanted.lot_lead.FromSeconds(given["notice_lot"])
    if given["notice_key"] is not None:
        wanted.key_lead.FromSeconds(given["notice_key"])
    return wanted
