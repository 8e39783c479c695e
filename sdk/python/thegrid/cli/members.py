"""You and your keys: `grid whoami`, `settings`, `keys`.
What only the operator may do is in `admin`.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from thegrid.cli.output import moment, price
from thegrid.cli.secrets import write_secret
from thegrid.cli.session import GridCommand, GridGroup, Session
from thegrid.cli.types import DOLLARS, choice
from thegrid.enums import short_name
from thegrid.v1 import members_pb2


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
@click.option(
    "--auto-transfer/--no-auto-transfer",
    default=None,
    help="Whether buys move what they fill into Consumption.",
)
@click.pass_obj
def settings(
    session: Session, mode: str | None, ceiling: int | None, auto_transfer: bool | None
) -> None:
    """Show your settings, or change those that are given."""
    if mode is None and ceiling is None and auto_transfer is None:
        now = session.client.members.get().member.settings
    else:
        now = session.client.members.update_settings(
            account_mode=mode, auto_buy_ceiling_micros=ceiling, auto_transfer=auto_transfer
        )
    if session.as_json:
        session.output.message(now)
        return
    session.output.pairs(
        [
            ("mode", short_name(members_pb2.AccountMode, now.account_mode)),
            ("ceiling", price(now.auto_buy_ceiling_micros)),
            ("auto-transfer", "yes" if now.auto_transfer else "no"),
        ]
    )


@click.group(cls=GridGroup)
def keys() -> None:
    """Make, list and revoke your API keys."""


@keys.command("list")
@click.pass_obj
def list_keys(session: Session) -> None:
    """List your keys, newest first."""
    found = session.client.members.keys()
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            key.key_id,
            key.label,
            ", ".join(short_name(members_pb2.Scope, scope) for scope in key.scopes),
            "revoked" if key.HasField("revoke_time") else "in force",
            moment(key.expire_time),
            moment(key.create_time),
        )
        for key in found
    )
    columns = ("key", "label", "scopes", "state", "expires (UTC)", "made (UTC)")
    session.output.table(columns, rows, "There are no keys.")


@keys.command("create")
@click.option(
    "--scope",
    "scopes",
    type=choice(members_pb2.Scope),
    multiple=True,
    required=True,
    help="What it may do; give it once for each.",
)
@click.option("--label", default="", help="Your own name for it.")
@click.option("--expires", type=click.DateTime(), metavar="UTC", help="From when it is refused.")
@click.option("--member", "member_id", default="", help="For another member (operators only).")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the secret into this new file instead of showing it.",
)
@click.pass_obj
def create_key(
    session: Session,
    scopes: tuple[str, ...],
    label: str,
    expires: datetime | None,
    member_id: str,
    out: Path | None,
) -> None:
    """Make a key. Its secret is shown this once."""
    if out is not None and out.exists():
        raise click.UsageError(f"--out: {out} is there already; name a new file")
    answer = session.client.members.create_key(
        scopes,
        label,
        expire_time=expires.replace(tzinfo=UTC) if expires else None,
        member_id=member_id,
    )
    if out is not None:
        write_secret(out, answer.secret)
        answer.secret = ""
    if session.as_json:
        session.output.message(answer)
        return
    session.output.line(f"key     {answer.key.key_id}")
    session.output.line(f"secret  {f'written to {out}' if out else answer.secret}")


@keys.command("revoke")
@click.argument("key_id")
@click.pass_obj
def revoke_key(session: Session, key_id: str) -> None:
    """Revoke a key; what it has open ends within a second."""
    key = session.client.members.revoke_key(key_id)
    if session.as_json:
        session.output.message(key)
    else:
        session.output.line(f"{key.key_id} revoked at {moment(key.revoke_time)} UTC")
