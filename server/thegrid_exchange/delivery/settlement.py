"""How a call is judged and billed: facts of the delivery and a row of the table to a report.
Balances move in the engine alone; this module only says what happened.
"""

from typing import NamedTuple

from thegrid_exchange.delivery.endings import HOPELESS, MESSAGES, Ending
from thegrid_exchange.delivery.parts import Failure
from thegrid_exchange.delivery.verdict import Timing, is_too_slow, judged_tokens
from thegrid_exchange.engine import records
from thegrid_exchange.engine.commands import Report
from thegrid_exchange.engine.records import InstrumentSpec, TokenCounts

GOOD_CAUSES = ("completed", "cut_at_cap", "extension_refused")
"""Causes with which an answer came to its own end."""


class Facts(NamedTuple):
    """What is known of a delivery when it ends."""

    delivery_id: str
    client_request_id: str
    prompt_tokens: int
    completion_tokens: int
    """Seen by the client, reasoning included."""
    reasoning_tokens: int
    """Seen by the client."""
    unseen_tokens: int
    """Reasoning that the client did not see and that may be billed."""
    by_supplier: TokenCounts | None
    timing: Timing | None
    duration_us: int | None
    supplier_id: str
    serving_model: str
    attempts: tuple[records.Attempt, ...]
    waited_us: int


def judged_cause(cause: str, spec: InstrumentSpec, facts: Facts) -> str:
    """The cause, or `too_slow` for an answer that ended well and came too slowly."""
    if cause not in GOOD_CAUSES or facts.timing is None:
        return cause
    tokens = judged_tokens(spec, TokenCounts(facts.prompt_tokens, facts.completion_tokens))
    return "too_slow" if is_too_slow(spec, facts.timing, tokens) else cause


def counted(facts: Facts) -> TokenCounts:
    """The canonical counts."""
    cached_tokens = facts.by_supplier.cached_tokens if facts.by_supplier is not None else 0
    return TokenCounts(
        facts.prompt_tokens,
        facts.completion_tokens + facts.unseen_tokens,
        min(cached_tokens, facts.prompt_tokens),
        facts.reasoning_tokens + facts.unseen_tokens,
    )


def billed(row: Ending, counts: TokenCounts) -> TokenCounts:
    """What of it is billed, which is also what the client is shown as usage."""
    if row.billed == "nothing":
        return TokenCounts()
    if row.billed == "prompt":
        return TokenCounts(counts.prompt_tokens, 0, counts.cached_tokens, 0)
    return counts


def report_of(row: Ending, facts: Facts, reserved_tokens: int) -> Report:
    """The report that settles the delivery."""
    counts = counted(facts)
    bill = billed(row, counts)
    timing = facts.timing
    first_us = streamed_us = None
    if timing is not None and timing.first_us is not None:
        first_us = timing.first_us - timing.handed_us
        streamed_us = timing.streamed_us
    return Report(
        delivery_id=facts.delivery_id,
        verdict=row.verdict,
        billed_tokens=min(bill.prompt_tokens + bill.completion_tokens, reserved_tokens),
        supplier_id=facts.supplier_id,
        serving_model=facts.serving_model,
        cause=row.cause,
        stage=row.stage,
        canonical=counts,
        by_supplier=facts.by_supplier,
        first_token_us=first_us,
        duration_us=facts.duration_us,
        attempts=facts.attempts,
        request_id=facts.client_request_id,
        streamed_us=streamed_us,
        waited_us=facts.waited_us,
    )


def failure_of(row: Ending, own: Failure | None, retry_us: int) -> Failure:
    """What the client reads of a bad end; the upstream's own words when the fault is his own."""
    if own is not None and row.client_sees == "CLIENT_FAULT":
        return own._replace(reason="CLIENT_FAULT")
    if own is not None and row.cause in ("no_supplier", "saturated"):
        return own
    retry_after_us = None if row.client_sees in HOPELESS else retry_us
    return Failure(row.client_sees, MESSAGES[row.client_sees], retry_after_us=retry_after_us)
