"""Usage records, settled and pending.

They hold nothing of what was said.
"""

from typing import Final

from thegrid.v1 import usage_pb2
from thegrid_exchange.api.convert.common import Names, optional_time, time_of
from thegrid_exchange.delivery.verdict import first_token_limit_us, judged_tokens
from thegrid_exchange.engine.quantities import SECOND_US
from thegrid_exchange.engine.records import (
    Dispute,
    InstrumentSpec,
    LateReport,
    ReceiptKey,
    Reservation,
    TokenCounts,
    UsageRecord,
    UsedDraw,
)
from thegrid_exchange.views.usage import Totals

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
DISPUTE_REASONS: Final = Names(
    usage_pb2.DisputeReason,
    "DISPUTE_REASON",
    (
        "wrong_count",
        "wrong_cost",
        "not_delivered",
        "out_of_spec",
        "wrong_model",
        "not_mine",
        "other",
    ),
)
DISPUTE_STATUSES: Final = Names(
    usage_pb2.DisputeStatus, "DISPUTE_STATUS", ("open", "refused", "refunded")
)
DISPUTE_PAYERS: Final = Names(usage_pb2.DisputePayer, "DISPUTE_PAYER", ("supplier", "venue"))


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


def usage_message(
    usage: UsageRecord,
    symbol: str,
    spec: InstrumentSpec,
    late_report: LateReport | None = None,
    dispute: Dispute | None = None,
) -> usage_pb2.UsageRecord:
    """A settled call, with what its specification asked for and what came after."""
    message = _settled_message(usage, symbol)
    message.first_token_max_us = first_token_limit_us(spec, usage.canonical.prompt_tokens)
    message.throughput_min_tokens_per_second = spec.tokens_per_second_min
    if usage.streamed_us:
        tokens = judged_tokens(spec, usage.canonical)
        message.throughput_millitokens_per_second = tokens * 1_000 * SECOND_US // usage.streamed_us
    if late_report is not None:
        message.late_report.CopyFrom(late_message(usage.delivery_id, late_report))
    if dispute is not None:
        message.dispute.CopyFrom(dispute_message(dispute))
    return message


def _settled_message(usage: UsageRecord, symbol: str) -> usage_pb2.UsageRecord:
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
        draws=[_draw_message(draw) for draw in usage.draws],
        cost_micros=usage.cost_micros,
        first_token_us=usage.first_token_us,
        duration_us=usage.duration_us,
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
        member_id=usage.member_id,
        divergence_tokens=usage.divergence_tokens,
        divergent=usage.divergent,
        venue_paid_micros=usage.venue_paid_micros,
        covered_tokens=sum(
            draw.tokens for draw in usage.draws if draw.issuer_id != usage.supplier_id
        ),
        waited_us=usage.waited_us,
        request_digest=usage.request_digest,
    )


def _draw_message(draw: UsedDraw) -> usage_pb2.UsageDraw:
    return usage_pb2.UsageDraw(
        lot_id=draw.lot_id,
        issuer_id=draw.issuer_id,
        cost_trade_id=draw.cost_trade_id,
        cost_price_micros=draw.cost_price_micros,
        tokens=draw.tokens,
        cost_micros=draw.cost_micros,
        parcel_number=draw.number,
        issue_trade_id=draw.issue_trade_id,
    )


def late_message(delivery_id: str, report: LateReport) -> usage_pb2.LateReport:
    """The report of a delivery that was settled without it."""
    return usage_pb2.LateReport(
        usage_id="usg_" + delivery_id.removeprefix("dlv_"),
        verdict=VERDICTS.wire(report.verdict),
        cause=report.cause,
        supplier_id=report.supplier_id,
        counted=counts_message(report.canonical),
        reported=counts_message(report.by_supplier),
        billable_tokens=report.billable_tokens,
        report_time=time_of(report.reported_at_us),
    )


def dispute_message(dispute: Dispute) -> usage_pb2.UsageDispute:
    """An objection and what became of it."""
    return usage_pb2.UsageDispute(
        dispute_id=dispute.dispute_id,
        usage_id=dispute.usage_id,
        member_id=dispute.member_id,
        supplier_id=dispute.supplier_id,
        instrument_id=dispute.instrument_id,
        reason=DISPUTE_REASONS.wire(dispute.reason),
        status=DISPUTE_STATUSES.wire(dispute.status),
        cost_micros=dispute.cost_micros,
        refunded_micros=dispute.refunded_micros,
        shortfall_micros=dispute.shortfall_micros,
        payments=[usage_pb2.DisputePayment(**each._asdict()) for each in dispute.payments],
        resolution=dispute.resolution,
        open_time=time_of(dispute.opened_at_us),
        resolve_time=optional_time(dispute.resolved_at_us or None),
    )


def totals_message(totals: Totals) -> usage_pb2.UsageTotals:
    """Calls added up."""
    figures = totals._asdict()
    del figures["key"]
    return usage_pb2.UsageTotals(**figures)


def receipt_key_message(key: ReceiptKey) -> usage_pb2.ReceiptKey:
    """A key that receipts are checked with."""
    return usage_pb2.ReceiptKey(
        key_id=key.key_id,
        public_key=bytes.fromhex(key.public_key),
        start_time=time_of(key.started_at_us),
        end_time=optional_time(key.ended_at_us),
    )


def pending_message(reservation: Reservation, symbol: str) -> usage_pb2.UsageRecord:
    """A call that is still running, or whose report has not come."""
    delivery_id = reservation.delivery_id
    return usage_pb2.UsageRecord(
        usage_id="usg_" + delivery_id.removeprefix("dlv_"),
        delivery_id=delivery_id,
        client_request_id=reservation.client_request_id,
        member_id=reservation.member_id,
        key_id=reservation.key_id,
        instrument_id=reservation.instrument_id,
        symbol=symbol,
        spec_version=reservation.spec_version,
        requested_model=reservation.requested_model,
        reserved_tokens=reservation.reserved_tokens,
        status=usage_pb2.USAGE_STATUS_PENDING,
        start_time=time_of(reservation.opened_at_us),
        request_digest=reservation.request_digest,
    )
