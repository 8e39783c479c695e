"""What you were told of and where it is sent: `grid notices`, `grid webhooks`.
Of what notices are given is said with `grid settings`.
"""

from itertools import islice

import click

from thegrid.cli.output import moment
from thegrid.cli.session import GridCommand, GridGroup, Session
from thegrid.cli.types import UNITS, choice
from thegrid.enums import short_name
from thegrid.v1 import notices_pb2


@click.command(cls=GridCommand)
@click.option("--kind", type=choice(notices_pb2.NoticeKind), default=None, help="Only this kind.")
@click.option("--limit", type=UNITS, default=50, show_default=True, help="How many at most.")
@click.pass_obj
def notices(session: Session, kind: str | None, limit: int) -> None:
    """List what you were told of, newest first."""
    found = islice(session.client.notices.list(kind=kind or 0), limit)
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            notice.notice_id,
            short_name(notices_pb2.NoticeKind, notice.kind),
            notice.message,
            moment(notice.create_time),
        )
        for notice in found
    )
    columns = ("notice", "kind", "message", "given (UTC)")
    session.output.table(columns, rows, "There are no notices.")


@click.group(cls=GridGroup)
def webhooks() -> None:
    """Have notices sent to addresses of your own."""


@webhooks.command("list")
@click.pass_obj
def list_webhooks(session: Session) -> None:
    """List your webhooks, oldest first."""
    found = session.client.notices.webhooks()
    if session.as_json:
        session.output.messages(found)
        return
    rows = (
        (
            webhook.webhook_id,
            webhook.url,
            ", ".join(short_name(notices_pb2.NoticeKind, kind) for kind in webhook.kinds) or "all",
            webhook.disable_reason or "enabled",
        )
        for webhook in found
    )
    session.output.table(("webhook", "address", "kinds", "state"), rows, "There are no webhooks.")


@webhooks.command("create")
@click.argument("url")
@click.option(
    "--kind",
    "kinds",
    type=choice(notices_pb2.NoticeKind),
    multiple=True,
    help="Send only this kind; give it once for each.",
)
@click.pass_obj
def create_webhook(session: Session, url: str, kinds: tuple[str, ...]) -> None:
    """Send notices to an address from now on. The signing secret is shown this once."""
    answer = session.client.notices.create_webhook(url, kinds)
    if session.as_json:
        session.output.message(answer)
        return
    session.output.line(f"webhook  {answer.webhook.webhook_id}")
    session.output.line(f"secret   {answer.secret}")


@webhooks.command("test")
@click.argument("webhook_id")
@click.pass_obj
def test_webhook(session: Session, webhook_id: str) -> None:
    """Send a test event now and say what came of it."""
    answer = session.client.notices.test_webhook(webhook_id)
    if session.as_json:
        session.output.message(answer)
    elif answer.delivered:
        session.output.line(f"delivered: the address answered {answer.http_status}")
    else:
        session.output.line(f"not delivered: {answer.failure}")


@webhooks.command("enable")
@click.argument("webhook_id")
@click.pass_obj
def enable_webhook(session: Session, webhook_id: str) -> None:
    """Send to an address again, beginning with the notices that come."""
    _show(session, session.client.notices.update_webhook(webhook_id, enabled=True), "enabled")


@webhooks.command("disable")
@click.argument("webhook_id")
@click.pass_obj
def disable_webhook(session: Session, webhook_id: str) -> None:
    """Send nothing to an address until it is enabled again."""
    _show(session, session.client.notices.update_webhook(webhook_id, enabled=False), "disabled")


@webhooks.command("delete")
@click.argument("webhook_id")
@click.pass_obj
def delete_webhook(session: Session, webhook_id: str) -> None:
    """Send nothing more to an address."""
    _show(session, session.client.notices.delete_webhook(webhook_id), "deleted")


def _show(session: Session, webhook: notices_pb2.Webhook, what: str) -> None:
    if session.as_json:
        session.output.message(webhook)
    else:
        session.output.line(f"{webhook.webhook_id} {what}")
