"""Usage records as the gateway shows them: JSON, headers, and the receipt at the end of a stream.

What was used and billed is the exchange's word and only spelled out here.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from google.protobuf.timestamp_pb2 import Timestamp

from thegrid.v1 import delivery_pb2, usage_pb2

Headers = list[tuple[bytes, bytes]]
Ending = delivery_pb2.DeliveryEnded | delivery_pb2.DeliveryFailed
Told = Ending | usage_pb2.GetUsageResponse
"""What carries a record, and the record signed."""

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_RECEIPT_HEADER_MAX = 4_096
"""Longest receipt that is a header, in characters; a longer one is read by its request id."""
_VERDICT_PREFIX = "VERDICT_"
_STATUS_PREFIX = "USAGE_STATUS_"
COUNTS: Final = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")
PLAIN: Final = (
    "delivery_id",
    "client_request_id",
    "key_id",
    "instrument_id",
    "spec_version",
    "metering_version",
    "requested_model",
    "serving_model",
    "supplier_id",
    "owing_supplier_id",
    "reserved_tokens",
    "billed_tokens",
    "cost_micros",
    "cause",
    "first_token_max_us",
    "throughput_min_tokens_per_second",
    "divergent",
)
OPTIONAL: Final = (
    "first_token_us",
    "duration_us",
    "throughput_millitokens_per_second",
    "divergence_tokens",
)


def word(kind: Any, number: int, prefix: str) -> str:
    """Answer an enum value as a word; a value of a later version as its number."""
    try:
        name: str = kind.Name(number)
    except ValueError:
        return str(number)
    return name.removeprefix(prefix).lower()


def _verdict(record: usage_pb2.UsageRecord) -> str | None:
    if not record.verdict:
        return None
    return word(usage_pb2.Verdict, record.verdict, _VERDICT_PREFIX)


def _status(record: usage_pb2.UsageRecord) -> str:
    return word(usage_pb2.UsageStatus, record.status, _STATUS_PREFIX)


def _instant(value: Timestamp) -> str:
    return value.ToJsonString()


def _counts(counts: usage_pb2.TokenCounts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in COUNTS}


def record_to_json(record: usage_pb2.UsageRecord) -> dict[str, Any]:
    """Answer a whole record as a JSON object; amounts are integers with their unit in the name."""
    out: dict[str, Any] = {
        "object": "grid.usage",
        "request_id": record.usage_id,
        "instrument": record.symbol,
        "status": _status(record),
        "verdict": _verdict(record),
    }
    out.update((name, getattr(record, name)) for name in PLAIN)
    for name in OPTIONAL:
        out[name] = getattr(record, name) if record.HasField(name) else None
    out["counted"] = _counts(record.counted)
    out["reported"] = _counts(record.reported) if record.HasField("reported") else None
    out["draws"] = [
        {
            "lot_id": draw.lot_id,
            "issuer_id": draw.issuer_id,
            "cost_trade_id": draw.cost_trade_id,
            "cost_price_micros": draw.cost_price_micros,
            "tokens": draw.tokens,
            "cost_micros": draw.cost_micros,
        }
        for draw in record.draws
    ]
    out["attempts"] = [
        {"supplier_id": attempt.supplier_id, "outcome": attempt.outcome}
        for attempt in record.attempts
    ]
    for name in ("start_time", "settle_time"):
        out[name] = _instant(getattr(record, name)) if record.HasField(name) else None
    return out


TOTALS: Final = (
    "calls",
    "unbilled_calls",
    *COUNTS,
    "billed_tokens",
    "cost_micros",
)


def totals_to_json(totals: usage_pb2.UsageTotals) -> dict[str, int]:
    """Answer settled calls added up."""
    return {name: getattr(totals, name) for name in TOTALS}


def summary_row(row: usage_pb2.UsageSummaryRow, groups: Sequence[str]) -> dict[str, Any]:
    """Answer one row of a summary: when, what was kept apart, and its calls added up."""
    out: dict[str, Any] = {
        "start_time": _instant(row.start_time) if row.HasField("start_time") else None
    }
    apart: dict[str, Any] = {
        "model": {"serving_model": row.serving_model},
        "key": {"key_id": row.key_id},
        "instrument": {"instrument_id": row.instrument_id, "instrument": row.symbol},
        "supplier": {"supplier_id": row.supplier_id or None},
        "verdict": {"verdict": word(usage_pb2.Verdict, row.verdict, _VERDICT_PREFIX)},
    }
    for group in groups:
        out.update(apart[group])
    return out | totals_to_json(row.totals)


def signed(receipt: usage_pb2.Receipt) -> str:
    """Answer a signed record as the text that `thegrid.receipts` checks; empty for none."""
    return base64.b64encode(receipt.SerializeToString()).decode() if receipt.signature else ""


def receipt(told: Told) -> dict[str, Any]:
    """Answer the short form that ends a stream, and the record as the exchange signed it.

    Figures of a call whose settlement is under way are null; its record is read later by its id.
    """
    record = told.usage
    if record.status == usage_pb2.USAGE_STATUS_PENDING:
        figures: dict[str, int | None] = dict.fromkeys(_FIGURES)
    else:
        figures = {
            "prompt_tokens": record.counted.prompt_tokens,
            "completion_tokens": record.counted.completion_tokens,
            "billed_tokens": record.billed_tokens,
            "cost_micros": record.cost_micros,
        }
    return {
        "request_id": record.usage_id,
        "instrument": record.symbol,
        "spec_version": record.spec_version,
        "supplier_id": record.supplier_id,
        "serving_model": record.serving_model,
        **figures,
        "verdict": _verdict(record),
        "status": _status(record),
        "signed": signed(told.receipt) or None,
    }


_FIGURES = ("prompt_tokens", "completion_tokens", "billed_tokens", "cost_micros")
"""What a receipt tells in numbers, once it is known."""

_LIMITS: Mapping[Literal["requests_limit", "tokens_limit", "spend_limit"], str] = {
    "requests_limit": "requests",
    "tokens_limit": "tokens",
    "spend_limit": "spend-micros",
}
"""Limits of a key as `DeliveryStarted` names them, and as headers do."""


def header_value(value: str) -> bytes:
    """Answer a value that is safe in a header, whatever a supplier called its model."""
    return _UNPRINTABLE.sub("?", value).encode("ascii")


def served_headers(started: delivery_pb2.DeliveryStarted) -> Headers:
    """Answer the headers that say what serves a call."""
    return [
        (b"x-grid-request-id", header_value(started.usage_id)),
        (b"x-grid-supplier", header_value(started.supplier_id)),
        (b"x-grid-model", header_value(started.serving_model)),
        (b"x-grid-instrument", header_value(started.instrument_id)),
        (b"x-grid-spec-version", str(started.spec_version).encode()),
        *_limit_headers(started),
    ]


def _limit_headers(started: delivery_pb2.DeliveryStarted) -> Headers:
    """Answer what the key's limits leave, as OpenAI's clients read it."""
    headers: Headers = []
    for field, name in _LIMITS.items():
        if not started.HasField(field):
            continue
        left: delivery_pb2.RateLimit = getattr(started, field)
        reset = span_text(left.reset_after.ToMicroseconds())
        for part, value in (("limit", left.limit), ("remaining", left.remaining), ("reset", reset)):
            headers.append((f"x-ratelimit-{part}-{name}".encode(), str(value).encode()))
    return headers


def span_text(span_us: int) -> str:
    """Answer a span as OpenAI writes it, such as `6m0s`, `1.5s` or `12ms`."""
    millis = -(-span_us // 1000)
    if millis < 1000:
        return f"{millis}ms"
    minutes, millis = divmod(millis, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{millis / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{seconds}"
    return f"{minutes}m{seconds}" if minutes else seconds


def recorded_headers(told: Told) -> Headers:
    """Answer the headers that say which call a record is of, who served it and what it cost."""
    record = told.usage
    started = delivery_pb2.DeliveryStarted(
        usage_id=record.usage_id,
        supplier_id=record.supplier_id,
        serving_model=record.serving_model,
        instrument_id=record.instrument_id,
        spec_version=record.spec_version,
    )
    return [*served_headers(started), *billed_headers(told)]


def billed_headers(told: Told) -> Headers:
    """Answer the headers that say what a finished call cost, with the record as it was signed."""
    record, proof = told.usage, signed(told.receipt)
    if record.status == usage_pb2.USAGE_STATUS_PENDING:
        return [(b"x-grid-verdict", b"pending")]
    headers = [
        (b"x-grid-billed-tokens", str(record.billed_tokens).encode()),
        (b"x-grid-cost-micros", str(record.cost_micros).encode()),
        (b"x-grid-verdict", header_value(_verdict(record) or "pending")),
    ]
    if 0 < len(proof) <= _RECEIPT_HEADER_MAX:
        headers.append((b"x-grid-receipt", proof.encode()))
    return headers
