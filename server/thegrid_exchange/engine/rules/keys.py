"""API keys: making, changing, rotating and revoking them, each within the reach of who acts.

Checking a presented credential is the edge's business; only keyed hashes come here.
"""

from thegrid_exchange.engine import commands, events, replies
from thegrid_exchange.engine.records import Key, KeyLimits
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.lookups import the_instrument, the_member
from thegrid_exchange.engine.rules.notices import clear_alarm, set_key_alarm
from thegrid_exchange.engine.rules.spending import line_of
from thegrid_exchange.engine.state import State

_AMOUNTS = (
    "requests_per_minute",
    "tokens_per_minute",
    "spend_per_day_micros",
    "spend_per_month_micros",
)


def create_key(state: State, command: commands.CreateKey) -> Rule[replies.KeyReply]:
    """Register a key whose id and hash nobody has."""
    member = the_member(state, command.member_id)
    if command.key_id in state.keys:
        refuse("KEY_LIMIT", "key_id", f"`{command.key_id}` is taken; make another")
    _check_hash(state, command.key_hash)
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
        limits=command.limits,
        parent_id=_parent_id(state, command),
    )
    _check_limits(state, key)
    yield events.KeyCreated(key)
    yield from set_key_alarm(state, key)
    return replies.KeyReply(key)


def update_key(state: State, command: commands.UpdateKey) -> Rule[replies.KeyReply]:
    """Change a key's label or limits, from the next call on."""
    key = _the_key(state, command.member_id, command.key_id)
    _check_reach(state, command.by_key_id, key, itself=False)
    given = command._asdict()
    for name in ("member_id", "key_id", "by_key_id"):
        del given[name]
    changed = key._replace(**{name: value for name, value in given.items() if value is not None})
    _check_limits(state, changed)
    if changed != key:
        yield events.KeyChanged(changed)
    return replies.KeyReply(changed)


def rotate_key(state: State, command: commands.RotateKey) -> Rule[replies.KeyReply]:
    """Give a key another secret; the one before works for a while, an older one no more."""
    key = _the_key(state, command.member_id, command.key_id)
    _check_reach(state, command.by_key_id, key, itself=True)
    if key.revoked_at_us is not None:
        refuse("KEY_REVOKED", "key_id", "is revoked; make another key")
    _check_hash(state, command.key_hash)
    most_us = state.term("key_rotation_grace_us")
    if not 0 <= command.grace_us <= most_us:
        refuse(
            "INVALID_ARGUMENT",
            "grace_us",
            f"must be 0 to {most_us} microseconds",
            limit=most_us,
            value=command.grace_us,
        )
    changed = key._replace(
        key_hash=command.key_hash,
        previous_hash=key.key_hash if command.grace_us else "",
        previous_until_us=state.now_us + command.grace_us if command.grace_us else None,
    )
    yield events.KeyChanged(changed)
    return replies.KeyReply(changed)


def revoke_key(state: State, command: commands.RevokeKey) -> Rule[replies.KeyReply]:
    """End a key, and all below it, for good; a repeat changes nothing."""
    key = _the_key(state, command.member_id, command.key_id)
    _check_reach(state, command.by_key_id, key, itself=True)
    if key.revoked_at_us is None:
        below = tuple(_below(state, key.key_id))
        yield events.KeyRevoked(key.key_id, key.member_id, state.now_us, below)
        for key_id in (key.key_id, *below):
            yield from clear_alarm(state, key_id)
    return replies.KeyReply(state.keys[key.key_id])


# ---- who may ---------------------------------------------------------------------------------


def _the_key(state: State, member_id: str, key_id: str) -> Key:
    key = state.keys.get(key_id)
    if key is None or key.member_id != member_id:
        refuse("KEY_NOT_FOUND", "key_id", f"no key `{key_id}` of this member")
    return key


def is_free(key: Key) -> bool:
    """Whether a key may write and is bounded by nothing, so that it reaches all of its member's."""
    return (
        "trade:write" in key.scopes
        and not key.parent_id
        and key.limits == KeyLimits()
        and key.expires_at_us is None
        and not key.requests_per_second
        and not key.concurrent_deliveries
    )


def _check_reach(state: State, by_key_id: str, key: Key, *, itself: bool) -> None:
    """Refuse what would let a bounded key reach beyond the keys below it."""
    by = state.keys.get(by_key_id)
    if by is None or (by.member_id == key.member_id and is_free(by)):
        return
    line = line_of(state, key.key_id)
    if by not in line[0 if itself else 1 :]:
        refuse(
            "KEY_NOT_FOUND", "key_id", f"no key `{key.key_id}` below the one that acts; use another"
        )


def _parent_id(state: State, command: commands.CreateKey) -> str:
    """The key that the new one stands below."""
    by = state.keys.get(command.by_key_id)
    parent_id = command.parent_id
    if not parent_id and by is not None and by.member_id == command.member_id and not is_free(by):
        parent_id = by.key_id
    if not parent_id:
        return ""
    parent = _the_key(state, command.member_id, parent_id)
    _check_reach(state, command.by_key_id, parent, itself=True)
    if parent.revoked_at_us is not None:
        refuse("KEY_REVOKED", "parent_id", "is revoked; choose another key")
    depth, most = len(line_of(state, parent_id)) + 1, state.term("max_key_depth")
    if depth > most:
        refuse(
            "KEY_LIMIT",
            "parent_id",
            f"would make a line of {depth} keys; put it below a higher one",
            limit=most,
            value=depth,
        )
    return parent_id


def _below(state: State, key_id: str) -> list[str]:
    """Live keys below one, nearest first."""
    found = list(state.indices.keys_below.get(key_id, ()))
    for each in found:
        found.extend(state.indices.keys_below.get(each, ()))
    return found


# ---- what it may be --------------------------------------------------------------------------


def _check_hash(state: State, key_hash: str) -> None:
    if key_hash in state.indices.key_by_hash:
        refuse("KEY_LIMIT", "key_hash", "is the hash of another key; make another secret")


def _check_limits(state: State, key: Key) -> None:
    """Refuse limits that make no sense, or that exceed those of the key above."""
    for instrument_id in key.limits.instrument_ids:
        the_instrument(state, instrument_id)
    for name in _AMOUNTS:
        amount = getattr(key.limits, name)
        if amount < 0:
            message = "must be 0 for none, or a positive figure"
            refuse("INVALID_ARGUMENT", name, message, limit=0, value=amount)
    parent = state.keys.get(key.parent_id)
    if parent is not None:
        _check_above(key, parent)


def _check_above(key: Key, parent: Key) -> None:
    more = sorted(set(key.scopes) - set(parent.scopes))
    if more:
        message = f"the key above has no {', '.join(more)}; leave it out"
        refuse("KEY_ABOVE_PARENT", "scopes", message)
    allowed = parent.limits.instrument_ids
    beyond = sorted(set(key.limits.instrument_ids) - set(allowed)) if allowed else []
    if beyond:
        message = f"the key above may not use {', '.join(beyond)}; leave it out"
        refuse("KEY_ABOVE_PARENT", "instrument_ids", message)
    figures = [(name, getattr(key.limits, name), getattr(parent.limits, name)) for name in _AMOUNTS]
    figures += [
        (name, getattr(key, name), getattr(parent, name))
        for name in ("requests_per_second", "concurrent_deliveries")
    ]
    for name, figure, most in figures:
        if most and figure > most:
            refuse(
                "KEY_ABOVE_PARENT",
                name,
                f"the key above has {most}; give that or less, or 0 to share it",
                limit=most,
                value=figure,
            )
