"""A usage record as a receipt: what was used, from which Lots, at what cost, how fast, how judged.
Lists of records are in `accounts`.
"""

from thegrid.cli.output import Output, moment, price
from thegrid.enums import short_name
from thegrid.v1 import usage_pb2


def receipt(output: Output, record: usage_pb2.UsageRecord) -> None:
    """Write one record for people."""
    counted = record.counted
    verdict = short_name(usage_pb2.Verdict, record.verdict)
    status = short_name(usage_pb2.UsageStatus, record.status)
    pairs: list[tuple[str, str | int]] = [
        ("record", f"{record.usage_id} ({status})"),
        ("instrument", f"{record.symbol}, specification {record.spec_version}"),
        ("served by", f"{record.serving_model} of {record.supplier_id}"),
        (
            "tokens",
            f"{counted.prompt_tokens:,} prompt + {counted.completion_tokens:,} answer; "
            f"{record.billed_tokens:,} billed",
        ),
        ("cost", price(record.cost_micros)),
        ("verdict", f"{verdict} ({record.cause})" if record.cause else verdict),
    ]
    if record.HasField("first_token_us"):
        most = f" of {record.first_token_max_us / 1000:,.0f}" if record.first_token_max_us else ""
        pairs.append(("first token", f"{record.first_token_us / 1000:,.0f}{most} ms"))
    if record.HasField("throughput_millitokens_per_second"):
        rate = record.throughput_millitokens_per_second / 1000
        least = record.throughput_min_tokens_per_second
        asked = f", {least:,} promised" if least else ""
        pairs.append(("throughput", f"{rate:,.1f} tokens/s{asked}"))
    if record.divergent:
        pairs.append(("counts", f"the supplier's differ by {record.divergence_tokens:,} tokens"))
    if record.HasField("late_report"):
        said = f"at {moment(record.late_report.report_time)} UTC; it moved nothing"
        pairs.append(("report", f"came late, {said}"))
    if record.HasField("dispute"):
        pairs.append(("dispute", _dispute(record.dispute)))
    pairs += [
        (
            "drawn from",
            f"{draw.lot_id}: {draw.tokens:,} tokens at {price(draw.cost_price_micros)} per Unit "
            f"({draw.cost_trade_id})",
        )
        for draw in record.draws
    ]
    output.pairs(pairs)


def _dispute(dispute: usage_pb2.UsageDispute) -> str:
    status = short_name(usage_pb2.DisputeStatus, dispute.status)
    said = f"{dispute.dispute_id} ({short_name(usage_pb2.DisputeReason, dispute.reason)}): {status}"
    if dispute.refunded_micros:
        said += f", {price(dispute.refunded_micros)} paid back"
    return f"{said}; {dispute.resolution}" if dispute.resolution else said
