"""What must hold after anything that went wrong, looked at through the public doors alone.
Ledger and tokens add up, and every call is billed once, for what its client saw and no more.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from google.rpc.error_details_pb2 import ErrorInfo

from tests.flows.marketplace import Marketplace
from tests.support.supplier import ScriptedCall
from thegrid.v1 import usage_pb2
from thegrid_exchange.delivery.encodings import encoding_named

BILLED_FAILURES = ("RESERVATION_ENDED", "READER_TOO_SLOW", "KEY_REVOKED", "DELIVERY_CANCELLED")
"""Bad ends after which what the client saw is billed: see the table of endings."""


@dataclass
class Made:
    """A call that was made, and whether its client left, or the exchange died, before the end."""

    delivery_id: str
    call: ScriptedCall
    prompt_tokens: int
    has_left: bool = False
    was_cut: bool = False
    """The exchange died under it: no last word came."""

    @property
    def seen_tokens(self) -> int:
        """What the client was shown, by the canonical count."""
        return len(encoding_named("o200k_base").encode_ordinary(self.call.text))

    @property
    def reason(self) -> str:
        """Why it failed; empty for a good end, or for none."""
        if not self.call.events or self.call.kinds[-1] != "failed":
            return ""
        info = ErrorInfo()
        assert self.call.last.failed.status.details[0].Unpack(info)
        return info.reason


async def prove(market: Marketplace, calls: list[Made]) -> None:
    """Raises AssertionError naming what does not add up."""
    await market.check()
    records = await _records(market)
    for made in calls:
        _prove_call(made, records.pop(made.delivery_id, None))
    assert not records, f"records of calls that nobody made: {list(records)}"
    await _prove_tokens(market, [each async for each in _pages(market)])


def _prove_call(made: Made, usage: usage_pb2.UsageRecord | None) -> None:
    if usage is None:
        has_word = made.reason or made.was_cut
        assert has_word, f"{made.delivery_id} has neither a record nor a refusal"
        assert not made.call.text, f"{made.delivery_id} was answered and has no record: it was free"
        return
    assert usage.status == usage_pb2.USAGE_STATUS_FINAL, usage
    last = made.call.kinds[-1] if made.call.events else ""
    whole = made.prompt_tokens + made.seen_tokens
    if last == "ended" and usage.verdict == usage_pb2.VERDICT_IN_SPEC:
        assert usage.billed_tokens == whole, f"{made.delivery_id}: billed {usage.billed_tokens}"
        assert made.call.last.ended.usage == usage, "the client was told another record"
    elif made.was_cut:
        assert usage.billed_tokens <= whole, f"{made.delivery_id} was billed what it never saw"
        assert usage.settled_at_deadline or usage.billed_tokens == whole, "it was free"
    elif made.has_left:
        # What the gateway had taken may have been more than the client still read.
        least = 0 if usage.stage in ("admitted", "offered") else made.prompt_tokens
        assert usage.billed_tokens >= least, f"{made.delivery_id} left and paid too little"
        assert usage.verdict == usage_pb2.VERDICT_CANCELLED_BY_CLIENT
    elif made.reason in BILLED_FAILURES:
        assert usage.billed_tokens <= whole, f"{made.delivery_id} was billed what it never saw"
    else:
        assert usage.billed_tokens == 0, f"{made.delivery_id} failed and was billed"
    assert sum(draw.tokens for draw in usage.draws) == usage.billed_tokens
    assert sum(draw.cost_micros for draw in usage.draws) == usage.cost_micros
    assert [try_.outcome for try_ in usage.attempts].count("served") <= 1


async def _prove_tokens(market: Marketplace, records: list[Any]) -> None:
    """The consumer's Lots account for what the records bill, each of them once."""
    times = Counter(usage.delivery_id for usage in records)
    assert set(times.values()) <= {1}, f"billed twice: {times.most_common(1)}"
    balance = await market.balance()
    billed = sum(usage.billed_tokens for usage in records)
    assert balance.consumed_tokens == billed, (balance.consumed_tokens, billed)


async def _records(market: Marketplace) -> dict[str, usage_pb2.UsageRecord]:
    return {usage.delivery_id: usage async for usage in _pages(market)}


async def _pages(market: Marketplace) -> Any:
    token = ""
    while True:
        page = await market.consumer.usage.ListUsage(
            usage_pb2.ListUsageRequest(page_size=1_000, page_token=token)
        )
        for usage in page.usage:
            yield usage
        token = page.next_page_token
        if not token:
            return
