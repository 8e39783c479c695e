"""Webhooks: where notices are sent, how far that has come, and addresses that were given up.

Sending is the outbox's business; it tells here what it has done.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.records import Webhook
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.lookups import the_member
from thegrid_exchange.engine.rules.notices import raise_notice
from thegrid_exchange.engine.state import State


def create_webhook(state: State, command: commands.CreateWebhook) -> Rule[replies.WebhookReply]:
    """Send the member's notices from now on to an address."""
    member = the_member(state, command.member_id)
    if command.webhook_id in state.webhooks:
        refuse("WEBHOOK_LIMIT", "webhook_id", f"`{command.webhook_id}` is taken; make another")
    most = state.term("max_webhooks")
    held = len(state.indices.webhooks_of[member.member_id])
    if held >= most:
        refuse(
            "WEBHOOK_LIMIT", "member_id", f"has {held} webhooks; delete one", limit=most, value=held
        )
    webhook = Webhook(
        webhook_id=command.webhook_id,
        member_id=member.member_id,
        url=command.url,
        kinds=command.kinds,
        created_at_us=state.now_us,
        delivered_number=_last_notice(state),
    )
    yield events.WebhookChanged(webhook)
    return replies.WebhookReply(webhook)


def update_webhook(state: State, command: commands.UpdateWebhook) -> Rule[replies.WebhookReply]:
    """Change a webhook; one enabled again begins with the notices that come from now on."""
    webhook = changed = _the_webhook(state, command.member_id, command.webhook_id)
    if command.url is not None:
        changed = changed._replace(url=command.url)
    if command.kinds is not None:
        changed = changed._replace(kinds=command.kinds)
    if command.enabled is False and webhook.disabled_at_us is None:
        changed = changed._replace(disabled_at_us=state.now_us, disabled_reason="disabled")
    elif command.enabled and webhook.disabled_at_us is not None:
        changed = changed._replace(
            disabled_at_us=None, disabled_reason="", delivered_number=_last_notice(state)
        )
    if changed != webhook:
        yield events.WebhookChanged(changed)
    return replies.WebhookReply(changed)


def delete_webhook(state: State, command: commands.DeleteWebhook) -> Rule[replies.WebhookReply]:
    """Send nothing more to an address."""
    webhook = _the_webhook(state, command.member_id, command.webhook_id)
    yield events.WebhookDeleted(webhook.webhook_id, webhook.member_id)
    return replies.WebhookReply(webhook)


def note_webhook(state: State, command: commands.NoteWebhook) -> Rule[replies.WebhookReply]:
    """Take down how far the outbox has come, never back; an address given up gives a notice."""
    webhook = _the_webhook(state, command.member_id, command.webhook_id)
    delivered = max(webhook.delivered_number, command.delivered_number)
    changed = webhook._replace(delivered_number=delivered)
    if command.disabled_reason and webhook.disabled_at_us is None:
        changed = changed._replace(
            disabled_at_us=state.now_us, disabled_reason=command.disabled_reason
        )
    if changed != webhook:
        yield events.WebhookChanged(changed)
    if changed.disabled_at_us != webhook.disabled_at_us:
        yield from raise_notice(
            state,
            webhook.member_id,
            "webhook_disabled",
            webhook.webhook_id,
            f"the webhook {webhook.webhook_id} is disabled: {command.disabled_reason}",
        )
    return replies.WebhookReply(changed)


def _the_webhook(state: State, member_id: str, webhook_id: str) -> Webhook:
    webhook = state.webhooks.get(webhook_id)
    if webhook is None or webhook.member_id != member_id:
        refuse("WEBHOOK_NOT_FOUND", "webhook_id", f"no webhook `{webhook_id}` of this member")
    return webhook


def _last_notice(state: State) -> int:
    return state.counters.get("ntc", 0)
