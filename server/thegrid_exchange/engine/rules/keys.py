"""API keys: registering and revoking them.

Checking a presented credential is the edge's business; only keyed hashes come here.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.records import Key
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.lookups import the_member
from thegrid_exchange.engine.state import State


def create_key(state: State, command: commands.CreateKey) -> Rule[replies.KeyReply]:
    """Register a key whose id and hash nobody has."""
    member = the_member(state, command.member_id)
    if command.key_id in state.keys:
        refuse("KEY_LIMIT", "key_id", f"`{command.key_id}` is taken; make another")
    if command.key_hash in state.indices.key_by_hash:
        refuse("KEY_LIMIT", "key_hash", "is the hash of another key; make another secret")
    most = state.term("max_keys")
    held = len(state.indices.keys_of[member.member_id])
    if held >= most:
        refuse("KEY_LIMIT", "member_id", f"has {held} keys; revoke one", limit=most, value=held)
    if command.expires_at_us is not None and command.expires_at_us <= state.now_us:
        refuse(
            "KEY_EXPIRED",
            "expires_at_us",
            "lies in the past; choose a later time",
            limit=state.now_us,
            value=command.expires_at_us,
        )
    key = Key(
        key_id=command.key_id,
        member_id=member.member_id,
        key_hash=command.key_hash,
        label=command.label,
        scopes=command.scopes,
        expires_at_us=command.expires_at_us,
        requests_per_second=command.requests_per_second,
        concurrent_deliveries=command.concurrent_deliveries,
        created_at_us=state.now_us,
        public_key=command.public_key,
        key_prefix=command.key_prefix,
    )
    yield events.KeyCreated(key)
    return replies.KeyReply(key)


def revoke_key(state: State, command: commands.RevokeKey) -> Rule[replies.KeyReply]:
    """End a key for good; a repeat changes nothing."""
    key = state.keys.get(command.key_id)
    if key is None or key.member_id != command.member_id:
        refuse("KEY_NOT_FOUND", "key_id", f"no key `{command.key_id}` of this member")
    if key.revoked_at_us is None:
        yield events.KeyRevoked(key.key_id, key.member_id, state.now_us)
    return replies.KeyReply(state.keys[key.key_id])
