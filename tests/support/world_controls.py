"""Random commands about keys and webhooks, some of them sure to be refused.

Which other commands there are is in `world`.
"""

import random

from tests.support.market import HOUR
from thegrid_exchange.engine import commands
from thegrid_exchange.engine.records import KeyLimits
from thegrid_exchange.engine.state import State


def key_command(rand: random.Random, at_us: int, state: State) -> commands.Command:
    """Make, change, rotate or revoke a key; some below others, most with limits."""
    keys = list(state.keys.values())
    number = len(keys) + 1
    limits = KeyLimits(
        tokens_per_minute=rand.choice((0, 200_000)),
        spend_per_day_micros=rand.choice((0, 900_000)),
        spend_per_month_micros=rand.choice((0, 5_000_000)),
        instrument_ids=rand.choice(((), (), (min(state.instruments),))),
    )
    if not keys or rand.random() < 0.4:
        above = rand.choice(keys) if keys and rand.random() < 0.5 else None
        return commands.CreateKey(
            above.member_id if above else _someone(rand, state),
            f"key_{number}",
            f"hash-{number}",
            "",
            ("consume", "trade:write"),
            at_us + rand.randint(1, 9) * HOUR if rand.random() < 0.3 else None,
            limits=limits,
            parent_id=above.key_id if above else "",
            by_key_id=rand.choice(keys).key_id if keys and rand.random() < 0.2 else "",
        )
    key = rand.choice(keys)
    if rand.random() < 0.5:
        return commands.UpdateKey(key.member_id, key.key_id, limits=limits)
    if rand.random() < 0.5:
        hash_text = f"hash-{rand.randrange(10**9)}"
        return commands.RotateKey(key.member_id, key.key_id, hash_text, rand.choice((0, HOUR)))
    return commands.RevokeKey(key.member_id, key.key_id)


def webhook_command(rand: random.Random, state: State) -> commands.Command:
    """Make, change, note or delete a webhook."""
    webhooks = list(state.webhooks.values())
    if not webhooks or rand.random() < 0.5:
        url = "https://example.com/hook"
        return commands.CreateWebhook(_someone(rand, state), f"whk_{rand.randrange(10**9)}", url)
    webhook = rand.choice(webhooks)
    named = webhook.member_id, webhook.webhook_id
    return rand.choice(
        (
            commands.UpdateWebhook(*named, enabled=rand.random() < 0.7),
            commands.NoteWebhook(*named, rand.randrange(1_000), rand.choice(("", "gone"))),
            commands.DeleteWebhook(*named),
        )
    )


def _someone(rand: random.Random, state: State) -> str:
    return rand.choice(sorted(state.members))
