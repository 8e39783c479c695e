"""A usage record as a receipt: what was used, from which Lots, at what cost, how fast, how judged.
Lists of records are in `accounts`.
"""

from thegrid.cli.output import Output, price
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
        pairs.append(("first token", f"{record.first_token_us / 1000:,.0f} ms"))
    if record.HasField("throughput_millitokens_per_second"):
        rate = record.throughput_millitokens_per_second / 1000
        pairs.append(("throughput", f"{rate:,.1f} tokens/s"))
    pairs += [
        (
            "drawn from",
            f"{draw.lot_id}: {draw.tokens:,} tokens at {price(draw.cost_price_micros)} per Unit "
            f"({draw.cost_trade_id})",
        )
        for draw in record.draws
    ]
    output.pairs(pairs)
