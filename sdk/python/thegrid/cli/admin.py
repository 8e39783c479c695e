"""The operator's side: `grid admin …`.
Every command asks for a key with the scope admin and is on the journal with its actor.
"""

from itertools import islice

import click

from thegrid.cli.output import moment, price, units
from thegrid.cli.session import GridGroup, Session
from thegrid.cli.types import DOLLARS, choice
from thegrid.v1 import members_pb2


@click.group(cls=GridGroup)
def admin() -> None:
    """Operate the exchange: members, cash, markets, suppliers, policy."""


@admin.command("members")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="How many.")
@click.pass_obj
def list_members(session: Session, limit: int) -> None:
    """List all members, newest first."""
    shown = islice(session.client.admin.members(), limit)
    if session.as_json:
        session.output.messages(shown)
        return
    rows = (
        (
            each.member_id,
            each.handle,
            each.affiliation_group or "-",
            "suspended" if each.suspended else "active",
            moment(each.create_time),
        )
        for each in shown
    )
    columns = ("member", "handle", "group", "state", "admitted (UTC)")
    session.output.table(columns, rows, "There are no members.")


@admin.command("create-member")
@click.argument("handle")
@click.option(
    "--role",
    "roles",
    type=choice(members_pb2.Role),
    multiple=True,
    help="What it is admitted for; once for each. Default: trader and consumer.",
)
@click.option("--group", "affiliation_group", default="", help="Members that count as one.")
@click.pass_obj
def create_member(
    session: Session, handle: str, roles: tuple[str, ...], affiliation_group: str
) -> None:
    """Admit a member under your own HANDLE for it; make its key with: grid keys create."""
    member = session.client.admin.create_member(handle, roles, affiliation_group=affiliation_group)
    _show_member(session, member)


@admin.command("suspend")
@click.argument("member_id")
@click.argument("reason")
@click.pass_obj
def suspend(session: Session, member_id: str, reason: str) -> None:
    """Suspend a member: its streams end and its orders are cancelled."""
    _show_member(session, session.client.admin.suspend(member_id, reason))


@admin.command("reinstate")
@click.argument("member_id")
@click.argument("reason")
@click.pass_obj
def reinstate(session: Session, member_id: str, reason: str) -> None:
    """End a member's suspension."""
    _show_member(session, session.client.admin.reinstate(member_id, reason))


@admin.command("deposit")
@click.argument("member_id")
@click.argument("amount", type=DOLLARS)
@click.option("--reference", default="", help="The outside world's id of the payment.")
@click.pass_obj
def deposit(session: Session, member_id: str, amount: int, reference: str) -> None:
    """Credit a member's cash with an AMOUNT of dollars."""
    _show_cash(session, session.client.admin.deposit(member_id, amount, reference))


@admin.command("withdraw")
@click.argument("member_id")
@click.argument("amount", type=DOLLARS)
@click.option("--reference", default="", help="The outside world's id of the payment.")
@click.pass_obj
def withdraw(session: Session, member_id: str, amount: int, reference: str) -> None:
    """Debit a member's available cash by an AMOUNT of dollars."""
    _show_cash(session, session.client.admin.withdraw(member_id, amount, reference))


@admin.command("fund-guarantee")
@click.argument("amount", type=DOLLARS)
@click.option("--reference", default="", help="The outside world's id of the payment.")
@click.pass_obj
def fund_guarantee(session: Session, amount: int, reference: str) -> None:
    """Add dollars to the fund that pays for the venue's own faults."""
    fund_micros = session.client.admin.fund_guarantee(amount, reference)
    if session.as_json:
        session.output.value({"guarantee_micros": str(fund_micros)})
    else:
        session.output.line(f"guarantee: {price(fund_micros)}")


@admin.command("define")
@click.argument("file", type=click.File("rb"))
@click.pass_obj
def define(session: Session, file: click.File) -> None:
    """Define the instruments of a FILE in the form of `grid admin catalogue`; leave known ones."""
    from thegrid.cli.catalogue import define_missing, read_catalogue

    catalogue = read_catalogue(file.read())  # type: ignore[attr-defined]
    made = define_missing(session.client, catalogue)
    if session.as_json:
        session.output.value({"defined": made})
    else:
        session.output.line(f"defined: {', '.join(made) or 'none, all were known'}")


@admin.command("catalogue")
def show_catalogue() -> None:
    """Print the catalogue that `grid up` defines, as a pattern for your own."""
    from thegrid.cli.catalogue import catalogue_text

    click.echo(catalogue_text(), nl=False)


@admin.command("market")
@click.argument("market")
@click.argument("state", type=click.Choice(["open", "cancel_only", "halted"]))
@click.argument("reason")
@click.pass_obj
def set_market_state(session: Session, market: str, state: str, reason: str) -> None:
    """Open a MARKET, restrict it to cancels, or halt it, with a REASON for all to see."""
    now = session.client.admin.set_market_state(market, state, reason)
    if session.as_json:
        session.output.message(now)
    else:
        session.output.line(f"{now.symbol} is {state}: {now.state_reason}")


@admin.command("halt")
@click.argument("market")
@click.argument("reason")
@click.pass_context
def halt(context: click.Context, market: str, reason: str) -> None:
    """Halt a MARKET, with a REASON for all to see."""
    context.invoke(set_market_state, market=market, state="halted", reason=reason)


@admin.command("admit")
@click.argument("member_id")
@click.argument("instrument")
@click.argument("tokens_per_second", type=click.IntRange(0))
@click.option("--reason", default="", help="Why, for the record.")
@click.pass_obj
def admit(
    session: Session, member_id: str, instrument: str, tokens_per_second: int, reason: str
) -> None:
    """Let a member supply an INSTRUMENT at a verified TOKENS_PER_SECOND; 0 ends that."""
    answer = session.client.admin.admit_supplier(member_id, instrument, tokens_per_second, reason)
    if session.as_json:
        session.output.message(answer)
    else:
        session.output.line(f"{member_id} may supply {instrument} at {tokens_per_second} tokens/s")


@admin.command("policy")
@click.argument("changes", nargs=-1, metavar="[NAME=VALUE]...")
@click.pass_obj
def policy(session: Session, changes: tuple[str, ...]) -> None:
    """Show the numbers that the rules read, or change those given as NAME=VALUE."""
    if changes:
        session.client.admin.set_policy(dict(_change(text) for text in changes))
    now = session.client.admin.policy()
    if session.as_json:
        session.output.messages(now)
        return
    rows = ((each.name, each.value, each.description) for each in now)
    session.output.table(("name", ">value", "what it does"), rows, "There is no policy.")


@admin.command("trial-balance")
@click.pass_obj
def trial_balance(session: Session) -> None:
    """Show the sum of every kind of account; each asset sums to zero."""
    answer = session.client.admin.trial_balance()
    if session.as_json:
        session.output.message(answer)
        return
    rows = (
        (
            line.asset,
            line.account,
            price(line.amount) if line.asset == "usd" else units(line.amount),
        )
        for line in answer.lines
    )
    session.output.table(("asset", "account", ">sum"), rows, "Nothing is booked yet.")


def _change(text: str) -> tuple[str, int]:
    name, equals, value = text.partition("=")
    if not equals or not value.lstrip("-").isdigit():
        raise click.UsageError(f"{text!r}: write NAME=VALUE with a whole number")
    return name, int(value)


def _show_member(session: Session, member: members_pb2.Member) -> None:
    if session.as_json:
        session.output.message(member)
        return
    state = "suspended" if member.suspended else "active"
    session.output.line(f"{member.member_id} ({member.handle}) is {state}")


def _show_cash(session: Session, available_micros: int) -> None:
    if session.as_json:
        session.output.value({"available_micros": str(available_micros)})
    else:
        session.output.line(f"available: {price(available_micros)}")
