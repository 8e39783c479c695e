"""Keys that receipts are signed with: which there are, and when each was in use.

Signing is the edge's; here is only what a reader of receipts must be able to look up.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.records import ReceiptKey
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.state import State


def register_receipt_key(
    state: State, command: commands.RegisterReceiptKey
) -> Rule[replies.ReceiptKeyReply]:
    """Put a key in use and end all others; a key that comes back is in use again."""
    known = state.receipt_keys.get(command.key_id)
    if known is not None and known.ended_at_us is None:
        return replies.ReceiptKeyReply(known)
    ended = [
        key._replace(ended_at_us=state.now_us)
        for _, key in sorted(state.receipt_keys.items())
        if key.ended_at_us is None
    ]
    started_at_us = state.now_us if known is None else known.started_at_us
    key = ReceiptKey(command.key_id, command.public_key, started_at_us)
    yield events.ReceiptKeyRegistered((*ended, key))
    return replies.ReceiptKeyReply(key)
