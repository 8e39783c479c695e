"""What keys may spend and use: limits checked at admission, held while a call runs, then noted.

A key's limits count its own calls and those of all keys below it; purchases are in `purchases`.
"""

from collections.abc import Iterable
from typing import NoReturn

from thegrid_exchange.engine import events, replies
from thegrid_exchange.engine.quantities import (
    MINUTE_US,
    PER_MILLE,
    TOKENS_PER_UNIT,
    day_of,
    month_of,
    next_day_us,
    next_month_us,
)
from thegrid_exchange.engine.records import Draw, Key, Reservation, Spend, UsageRecord
from thegrid_exchange.engine.refusals import refuse
from thegrid_exchange.engine.rule import Rule
from thegrid_exchange.engine.rules.notices import raise_standing, rearm
from thegrid_exchange.engine.state import State


def line_of(state: State, key_id: str) -> list[Key]:
    """The key, the one above it, and so on to the top; nothing for a key that does not exist."""
    line: list[Key] = []
    key = state.keys.get(key_id)
    while key is not None:
        line.append(key)
        key = state.keys.get(key.parent_id)
    return line


def spend_of(state: State, owner_id: str) -> Spend:
    """The spend of a key or member as it counts now."""
    return spend_at(state.spends.get(owner_id) or Spend(owner_id), state.now_us)


def spend_at(spend: Spend, now_us: int) -> Spend:
    """A spend as it counts at an instant: a day or month that is over counts nothing."""
    day, month = day_of(now_us), month_of(now_us)
    if spend.day != day:
        spend = spend._replace(day=day, day_micros=0, day_tokens=0)
    if spend.month != month:
        spend = spend._replace(month=month, month_micros=0, month_tokens=0)
    return spend


# ---- admission ---------------------------------------------------------------------------------


def check_admission(state: State, line: list[Key], instrument_id: str, tokens: int) -> None:
    """Refuse a call whose instrument or tokens a key of the line does not allow now."""
    for key in line:
        allowed = key.limits.instrument_ids
        if allowed and instrument_id not in allowed:
            refuse(
                "INSTRUMENT_NOT_ALLOWED",
                "instrument_id",
                f"{_named(key, line)} may use {', '.join(allowed)} only; use one of these or "
                "another key",
            )
        _check_tokens(state, key, line, tokens)


def _check_tokens(state: State, key: Key, line: list[Key], tokens: int) -> None:
    limit = key.limits.tokens_per_minute
    if not limit:
        return
    if tokens > limit:
        refuse(
            "RATE_LIMITED",
            "tokens_per_minute",
            f"the call sets {tokens} tokens aside, {_named(key, line)} may use {limit} per minute; "
            "ask for less",
            limit=limit,
            value=tokens,
        )
    backlog = _backlog(spend_of(state, key.key_id), limit, state.now_us)
    over = backlog + (tokens - limit) * MINUTE_US
    if over > 0:
        refuse(
            "RATE_LIMITED",
            "tokens_per_minute",
            f"{_named(key, line)} may use {limit} tokens per minute; wait as RetryInfo says",
            limit=limit,
            value=-(-backlog // MINUTE_US) + tokens,
            retry_after_us=-(-over // limit),
        )


def _backlog(spend: Spend, limit: int, now_us: int) -> int:
    """Tokens times microseconds still to be worked off, a limit's worth in each minute."""
    return max(spend.backlog - (now_us - spend.backlog_at_us) * limit, 0)


def cost_bound_micros(draws: Iterable[Draw]) -> int:
    """The cost of all tokens drawn, rounded up for each draw."""
    return sum(-(-draw.cost_price_micros * draw.tokens // TOKENS_PER_UNIT) for draw in draws)


def hold(state: State, line: list[Key], draws: Iterable[Draw], tokens: int) -> Rule[int]:
    """Hold what the draws cost against the limits of the line; answers how much is held.

    Nothing is held, or noted, when no key of the line has a limit of spend or tokens.
    """
    if not any(_is_bounded(key) for key in line):
        return 0
    micros = cost_bound_micros(draws)
    changed = []
    for key in line:
        spend = spend_of(state, key.key_id)
        _check_spend(state, key, line, spend, micros)
        backlog = _backlog(spend, key.limits.tokens_per_minute, state.now_us)
        changed.append(
            spend._replace(
                held_micros=spend.held_micros + micros,
                backlog=backlog + tokens * MINUTE_US if key.limits.tokens_per_minute else 0,
                backlog_at_us=state.now_us,
            )
        )
    yield events.SpendNoted(tuple(changed))
    return micros


def _is_bounded(key: Key) -> bool:
    limits = key.limits
    return bool(
        limits.tokens_per_minute or limits.spend_per_day_micros or limits.spend_per_month_micros
    )


def _check_spend(state: State, key: Key, line: list[Key], spend: Spend, micros: int) -> None:
    now_us = state.now_us
    for name, limit, spent, ends_us in _bounds(key, spend, now_us):
        wanted = spent + spend.held_micros + micros
        if wanted <= limit:
            continue
        if spent + micros <= limit:
            _refuse_spend(
                f"{_named(key, line)} may spend {limit} micro-dollars, and open calls hold "
                f"{spend.held_micros}; wait for one to end",
                (name, limit, wanted, state.term("spend_retry_us")),
            )
        _refuse_spend(
            f"{_named(key, line)} may spend {limit} micro-dollars, {spent} are spent and the call "
            f"may cost {micros}; wait for the next period, or raise the limit",
            (name, limit, wanted, ends_us - now_us),
        )


def _refuse_spend(message: str, figures: tuple[str, int, int, int]) -> NoReturn:
    name, limit, value, retry_after_us = figures
    refuse(
        "SPEND_LIMIT_REACHED",
        name,
        message,
        limit=limit,
        value=value,
        retry_after_us=retry_after_us,
    )


def _bounds(key: Key, spend: Spend, now_us: int) -> list[tuple[str, int, int, int]]:
    """A key's limits of spend: name, figure, spent so far, and the instant at which it frees."""
    limits = key.limits
    found = []
    if limits.spend_per_day_micros:
        found.append(
            (
                "spend_per_day_micros",
                limits.spend_per_day_micros,
                spend.day_micros,
                next_day_us(now_us),
            )
        )
    if limits.spend_per_month_micros:
        found.append(
            (
                "spend_per_month_micros",
                limits.spend_per_month_micros,
                spend.month_micros,
                next_month_us(now_us),
            )
        )
    return found


def _named(key: Key, line: list[Key]) -> str:
    return "this key" if key is line[0] else f"the key {key.key_id} above this one"


# ---- settlement --------------------------------------------------------------------------------


def note_spend(state: State, usage: UsageRecord, reservation: Reservation) -> Rule[None]:
    """Count a settled call for its key and those above, and let go of what it held."""
    line = line_of(state, usage.key_id)
    if not line:
        return
    unused = reservation.reserved_tokens - usage.billed_tokens
    changed = []
    for key in line:
        spend = spend_of(state, key.key_id)
        backlog = _backlog(spend, key.limits.tokens_per_minute, state.now_us)
        changed.append(
            spend._replace(
                day_micros=spend.day_micros + usage.cost_micros,
                day_tokens=spend.day_tokens + usage.billed_tokens,
                month_micros=spend.month_micros + usage.cost_micros,
                month_tokens=spend.month_tokens + usage.billed_tokens,
                total_micros=spend.total_micros + usage.cost_micros,
                total_tokens=spend.total_tokens + usage.billed_tokens,
                calls=spend.calls + 1,
                held_micros=spend.held_micros - reservation.spend_held_micros,
                backlog=max(backlog - unused * MINUTE_US, 0) if key.limits.tokens_per_minute else 0,
                backlog_at_us=state.now_us,
            )
        )
    yield events.SpendNoted(tuple(changed))
    for key in line:
        yield from _tell_of_limits(state, key)


def _tell_of_limits(state: State, key: Key) -> Rule[None]:
    """Give notice once per period when most of a limit of spend is used."""
    spend = spend_of(state, key.key_id)
    for name, limit, spent, ends_us in _bounds(key, spend, state.now_us):
        subject_id = f"{key.key_id}/{name}"
        if spent * PER_MILLE < limit * state.term("spend_notice_per_mille"):
            yield from rearm(state, key.member_id, "spend_limit", subject_id)
            continue
        yield from raise_standing(
            state,
            key.member_id,
            "spend_limit",
            subject_id,
            f"the key {key.key_id} has spent {spent} of {limit} micro-dollars ({name})",
            limit=limit,
            value=spent,
            due_us=ends_us,
        )


# ---- what is left ------------------------------------------------------------------------------


def standing_of(state: State, line: list[Key]) -> replies.KeyStanding | None:
    """What the limits of the line leave now; None when there are none."""
    if not any(_is_bounded(key) for key in line):
        return None
    found = replies.KeyStanding()
    for key in line:
        spend = spend_of(state, key.key_id)
        limit = key.limits.tokens_per_minute
        if limit:
            backlog = _backlog(spend, limit, state.now_us)
            left = max(limit - -(-backlog // MINUTE_US), 0)
            if not found.tokens_limit or left < found.tokens_left:
                found = found._replace(
                    tokens_limit=limit, tokens_left=left, tokens_reset_us=-(-backlog // limit)
                )
        for _, most, spent, ends_us in _bounds(key, spend, state.now_us):
            left = max(most - spent - spend.held_micros, 0)
            if not found.spend_limit_micros or left < found.spend_left_micros:
                found = found._replace(
                    spend_limit_micros=most,
                    spend_left_micros=left,
                    spend_reset_us=ends_us - state.now_us,
                )
    return found
