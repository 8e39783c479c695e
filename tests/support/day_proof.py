"""What must hold after a simulated day, proved from the journal and from what clients saw.

How the day goes is in `day`.
"""

import hashlib
from collections import Counter, defaultdict
from typing import Any, NamedTuple

from tests.delivery.pipe import PROMPT_TOKENS
from tests.support.day import INSTRUMENT, Caller, Day
from tests.support.steady_journal import SteadyJournal
from thegrid_exchange.delivery.encodings import encoding_named
from thegrid_exchange.engine.invariants import check
from thegrid_exchange.engine.quantities import CASH
from thegrid_exchange.journal.codec import decode_row
from thegrid_exchange.journal.protocol import StoredRow
from thegrid_exchange.journal.rules import running_rules

UNBILLED = ("late_first_token", "too_slow", "failed", "client_fault", "venue_fault")


class Ending(NamedTuple):
    """A day in two lines: the state it came to, and all bytes of its rows.

    The seals are left out: their chain begins with the exchange's own random id.
    """

    state: str
    rows: str


async def prove(day: Day) -> Ending:
    """Every law over the state, every row of the journal, every call; adds to the totals."""
    check(day.state)
    ending, usages = await _folded(day)
    assert ending.state == day.state.digest(), "the journal folds to another state"
    assert set(Counter(usage.delivery_id for usage in usages).values()) <= {1}, "recorded twice"
    by_delivery = {usage.delivery_id: usage for usage in usages}
    for caller in day.callers:
        prove_call(caller, by_delivery.get(caller.delivery_id))
    open_ids = {caller.delivery_id for caller in day.callers}
    assert by_delivery.keys() <= open_ids, "a record of a call that nobody made"
    prove_sums(day, sum(usage.billed_tokens for usage in usages))
    return ending


async def _folded(day: Day) -> tuple[Ending, list[Any]]:
    """The state that the events of all rows make from nothing, and every usage record."""
    rules, journal = running_rules(), SteadyJournal(day.folder, day.clock)
    await journal.open()
    whole, usages, written = rules.empty(), [], hashlib.sha256()
    try:
        async for batch in journal.read():
            for stored in batch:
                row = decode_row(rules.codec, stored)
                rules.fold(whole, stored.at_us, row.events)
                written.update(repr(_told(stored)).encode())
                day.count(row.events)
                usages += [
                    event.usage for event in row.events if type(event).__name__ == "UsageRecorded"
                ]
    finally:
        await journal.close()
    day.totals["rows"] = stored.seq
    return Ending(whole.digest(), written.hexdigest()), usages


def _told(row: StoredRow) -> tuple[Any, ...]:
    return row.seq, row.at_us, row.actor, row.request_id, row.command, row.events, row.reply


def prove_call(caller: Caller, usage: Any) -> None:
    """No call is free, and none costs more than what its client was shown."""
    shown = len(encoding_named("o200k_base").encode_ordinary(caller.text))
    if caller.was_killed:
        return
    assert caller.over.is_set() or caller.pace == "leaves", f"{caller.delivery_id} never ended"
    if usage is None:
        assert caller.failure is not None, f"{caller.delivery_id} has neither record nor refusal"
        assert not caller.text, f"{caller.delivery_id} was answered for nothing"
        return
    if usage.verdict in UNBILLED:
        assert usage.billed_tokens == 0, f"{caller.delivery_id} failed and was billed"
    elif usage.verdict == "in_spec" and caller.end is not None:
        whole = PROMPT_TOKENS + shown
        assert usage.billed_tokens == whole, f"{usage.billed_tokens} billed for {whole}: {usage}"
    assert sum(draw.tokens for draw in usage.draws) == usage.billed_tokens
    assert sum(draw.cost_micros for draw in usage.draws) == usage.cost_micros


def prove_sums(day: Day, billed_tokens: int) -> None:
    """Tokens issued are where tokens are now; cash comes to nothing; records bill what was used."""
    tokens: defaultdict[str, int] = defaultdict(int)
    cash = 0
    for (_, account, asset), amount in day.state.balances.items():
        if asset == CASH:
            cash += amount
        elif asset == INSTRUMENT:
            tokens[account] += amount
    assert cash == 0, cash
    day.totals["cash sum"] = cash
    day.totals["event ShortfallRecorded"] += 0
    assert sum(tokens.values()) == 0, dict(tokens)
    assert tokens["consumed"] == billed_tokens, (tokens["consumed"], billed_tokens)
    assert tokens["reserved"] == 0, tokens["reserved"]
    for account, amount in sorted(tokens.items()):
        day.totals[f"tokens {account}"] = abs(amount)


def printed(day: Day) -> str:
    """The totals of a day, one group a line."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, count in sorted(day.totals.items()):
        head, _, rest = name.partition(" ")
        grouped = head in ("event", "verdict", "tokens", "refused", "supplier", "standing")
        groups[head if grouped else "done"].append(f"{rest if grouped else name} {count:,}")
    return "\n".join(f"{head}: {', '.join(lines)}" for head, lines in sorted(groups.items()))
