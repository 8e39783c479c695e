"""Your API keys: `grid keys`, with their limits, their usage and the keys below them.
What the operator does for other members is in `admin`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from thegrid.cli.output import moment, price
from thegrid.cli.secrets import write_secret
from thegrid.cli.session import GridCommand, GridGroup, Session
from thegrid.cli.types import DOLLARS, choice
from thegrid.enums import short_name
from thegrid.v1 import members_pb2

_COUNT = click.IntRange(min=0)
_OUT = click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the secret into this new file instead of showing it.",
)
_LIMITS = {
    "requests_per_second": ("--requests-per-second", _COUNT, "Calls per second."),
    "requests_per_minute": ("--requests-per-minute", _COUNT, "Calls per minute."),
    "tokens_per_minute": ("--tokens-per-minute", _COUNT, "Tokens of calls per minute."),
    "concurrent_deliveries": ("--concurrent", _COUNT, "Calls of models at once."),
    "spend_per_day_micros": ("--spend-per-day", DOLLARS, "Dollars of usage in a UTC day."),
    "spend_per_month_micros": ("--spend-per-month", DOLLARS, "Dollars of usage in a UTC month."),
}


def _with_limits(command: Callable[..., None]) -> Callable[..., None]:
    """Add one option per limit; those not given stay None."""
    command = click.option(
        "--instrument",
        "instruments",
        multiple=True,
        help="Only this instrument; give it once for each.",
    )(command)
    for name, (option, kind, help_text) in reversed(_LIMITS.items()):
        command = click.option(option, name, type=kind, help=f"{help_text} 0 sets no limit.")(
            command
        )
    return command


def _limits(given: dict[str, Any], now: members_pb2.KeyLimits | None) -> members_pb2.KeyLimits:
    """The limits that hold now, with those given in their place."""
    limits = members_pb2.KeyLimits()
    if now is not None:
        limits.CopyFrom(now)
    for name in _LIMITS:
        if given[name] is not None:
            setattr(limits, name, given[name])
    if given["instruments"]:
        limits.ClearField("instruments")
        limits.instruments.extend(given["instruments"])
    return limits


def _is_given(given: dict[str, Any]) -> bool:
    return any(value not in (None, ()) for value in given.values())


@click.group(cls=GridGroup)
def keys() -> None:
    """Make, list, limit, rotate and revoke your API keys."""


@keys.command("list")
@click.pass_obj
def list_keys(session: Session) -> None:
    """List your keys, newest first, with what they spent today and this month."""
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
            price(key.usage.day_micros),
            price(key.usage.month_micros),
            key.parent_key_id or "-",
            moment(key.expire_time),
            moment(key.create_time),
        )
        for key in found
    )
    columns = (
        "key",
        "label",
        "scopes",
        "state",
        ">today",
        ">month",
        "below",
        "expires (UTC)",
        "made (UTC)",
    )
    session.output.table(columns, rows, "There are no keys.")


@keys.command("show", cls=GridCommand)
@click.argument("key_id", default="")
@click.pass_obj
def show_key(session: Session, key_id: str) -> None:
    """Show a key, or the one in use, with its limits and what it has used."""
    _show(session, session.client.members.key(key_id))


def _show(session: Session, key: members_pb2.Key) -> None:
    if session.as_json:
        session.output.message(key)
        return
    limits, usage = key.limits, key.usage
    session.output.pairs(
        [
            ("key", f"{key.key_id} {key.label}".strip()),
            ("scopes", ", ".join(short_name(members_pb2.Scope, scope) for scope in key.scopes)),
            ("state", "revoked" if key.HasField("revoke_time") else "in force"),
            ("below", key.parent_key_id or "-"),
            ("instruments", ", ".join(limits.instruments) or "all"),
            ("calls per minute", limits.requests_per_minute or "-"),
            ("tokens per minute", limits.tokens_per_minute or "-"),
            ("calls at once", limits.concurrent_deliveries or "-"),
            ("today", _spent(usage.day_micros, limits.spend_per_day_micros)),
            ("this month", _spent(usage.month_micros, limits.spend_per_month_micros)),
            ("held by open calls", price(usage.held_micros)),
            ("in all", f"{usage.calls} calls, {usage.total_tokens:,} tokens"),
            ("expires (UTC)", moment(key.expire_time)),
        ]
    )


def _spent(micros: int, limit_micros: int) -> str:
    return f"{price(micros)} of {price(limit_micros) if limit_micros else 'any sum'}"


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
@click.option("--below", "parent_key_id", default="", help="The key it shall stand below.")
@click.option("--member", "member_id", default="", help="For another member (operators only).")
@_with_limits
@_OUT
@click.pass_obj
def create_key(
    session: Session,
    /,
    scopes: tuple[str, ...],
    label: str,
    expires: datetime | None,
    parent_key_id: str,
    member_id: str,
    out: Path | None,
    **limits: Any,
) -> None:
    """Make a key. Its secret is shown this once."""
    _check_new(out)
    answer = session.client.members.create_key(
        scopes,
        label,
        expire_time=expires.replace(tzinfo=UTC) if expires else None,
        limits=_limits(limits, None) if _is_given(limits) else None,
        parent_key_id=parent_key_id,
        member_id=member_id,
    )
    _show_secret(session, answer, out)


@keys.command("update")
@click.argument("key_id")
@click.option("--label", default=None, help="Your own name for it.")
@_with_limits
@click.pass_obj
def update_key(session: Session, /, key_id: str, label: str | None, **limits: Any) -> None:
    """Change the label or the limits that are given, from the next call on."""
    changed = None
    if _is_given(limits):
        changed = _limits(limits, session.client.members.key(key_id).limits)
    _show(session, session.client.members.update_key(key_id, label=label, limits=changed))


@keys.command("rotate")
@click.argument("key_id", default="")
@click.option(
    "--grace", "grace_s", type=_COUNT, default=0, help="Seconds that the secret before works on."
)
@_OUT
@click.pass_obj
def rotate_key(session: Session, key_id: str, grace_s: int, out: Path | None) -> None:
    """Give a key, or the one in use, another secret. It is shown this once."""
    _check_new(out)
    _show_secret(session, session.client.members.rotate_key(key_id, grace_s=grace_s), out)


def _check_new(out: Path | None) -> None:
    if out is not None and out.exists():
        raise click.UsageError(f"--out: {out} is there already; name a new file")


def _show_secret(
    session: Session,
    answer: members_pb2.CreateKeyResponse | members_pb2.RotateKeyResponse,
    out: Path | None,
) -> None:
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
    """Revoke a key and all below it; what they have open ends within a second."""
    key = session.client.members.revoke_key(key_id)
    if session.as_json:
        session.output.message(key)
    else:
        session.output.line(f"{key.key_id} revoked at {moment(key.revoke_time)} UTC")
