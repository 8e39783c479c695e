"""Usage records, settled and pending.

They hold nothing of what was said.
"""

from typing import Final

from thegrid.v1 import usage_pb2
from thegrid_exchange.api.convert.common import Names, time_of
from thegrid_exchange.engine.quantities import SECOND_US
from thegrid_exchange.engine.records import Reservation, TokenCounts, UsageRecord

VERDICTS: Final = Names(
    usage_pb2.Verdict,
    "VERDICT",
    (
        "in_spec",
        "late_first_token",
        "too_slow",
        "failed",
        "cancelled_by_client",
        "client_fault",
        "venue_fault",
    ),
)


def counts_message(counts: TokenCounts | None) -> usage_pb2.TokenCounts | None:
    """One counter's word; None stays unset."""
    if counts is None:
        return None
    return usage_pb2.TokenCounts(
        prompt_tokens=counts.prompt_tokens,
        cached_tokens=counts.cached_tokens,
        completion_tokens=counts.completion_tokens,
        reasoning_tokens=counts.reasoning_tokens,
    )


def usage_message(usage: UsageRecord, symbol: str) -> usage_pb2.UsageRecord:
    """A settled call."""
    return usage_pb2.UsageRecord(
        usage_id=usage.usage_id,
        delivery_id=usage.delivery_id,
        client_request_id=usage.request_id,
        key_id=usage.key_id,
        instrument_id=usage.instrument_id,
        symbol=symbol,
        spec_version=usage.spec_version,
        metering_version=usage.metering_policy_version,
        requested_model=usage.requested_model,
        serving_model=usage.serving_model,
        supplier_id=usage.supplier_id,
        owing_supplier_id=usage.owed_by_id,
        counted=counts_message(usage.canonical),
        reported=counts_message(usage.by_supplier),
        reserved_tokens=usage.reserved_tokens,
        billed_tokens=usage.billed_tokens,
        draws=[
            usage_pb2.UsageDraw(
                lot_id=draw.lot_id,
                issuer_id=draw.issuer_id,
                cost_trade_id=draw.cost_trade_id,
                cost_price_micros=draw.cost_price_micros,
                tokens=draw.tokens,
                cost_micros=draw.cost_micros,
            )
            for draw in usage.draws
        ],
        cost_micros=usage.cost_micros,
        first_token_us=usage.first_token_us,
        duration_us=usage.duration_us,
        throughput_millitokens_per_second=_throughput(usage),
        verdict=VERDICTS.wire(usage.verdict),
        cause=usage.cause,
        status=usage_pb2.USAGE_STATUS_FINAL,
        attempts=[
            usage_pb2.DeliveryAttempt(
                supplier_id=attempt.supplier_id,
                outcome=attempt.outcome,
                first_token_us=attempt.first_token_us,
                duration_us=attempt.duration_us,
                is_hedge=attempt.is_hedge,
                ask_price_micros=attempt.ask_price_micros,
            )
            for attempt in usage.attempts
        ],
        start_time=time_of(usage.opened_at_us),
        settle_time=time_of(usage.settled_at_us),
        stage=usage.stage,
        tendered_tokens=usage.tendered_tokens,
        settled_at_deadline=usage.status == "settled_at_deadline",
        covered_tokens=sum(
            draw.tokens for draw in usage.draws if draw.issuer_id != usage.supplier_id
        ),
        waited_us=usage.waited_us,
    )


def _throughput(usage: UsageRecord) -> int | None:
    """Thousandths of a token per second; None for what came at once or not at all."""
    if not usage.streamed_us:
        return None
    return usage.canonical.completion_tokens * 1_000 * SECOND_US // usage.streamed_us


def pending_message(reservation: Reservation, symbol: str) -> usage_pb2.UsageRecord:
    """A call that is still running, or whose report has not come."""
    delivery_id = reservation.delivery_id
    return usage_pb2.UsageRecord(
        usage_id="usg_" + delivery_id.removeprefix("dlv_"),
        delivery_id=delivery_id,
        key_id=reservation.key_id,
        instrument_id=reservation.instrument_id,
        symbol=symbol,
        spec_version=reservation.spec_version,
        requested_model=reservation.requested_model,
        reserved_tokens=reservation.reserved_tokens,
        status=usage_pb2.USAGE_STATUS_PENDING,
        start_time=time_of(reservation.opened_at_us),
    )
