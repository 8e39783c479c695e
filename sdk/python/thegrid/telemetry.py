"""Traces and metrics by OpenTelemetry's GenAI conventions, sent to a collector over OTLP/HTTP.

Nothing of what is said in a call is ever recorded. Who traces what is written where it happens;
needs the extra `telemetry`.
"""

import re
from collections.abc import Mapping
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from thegrid.v1 import usage_pb2

PROVIDER = "thegrid"
"""`gen_ai.provider.name` of all that passes through the exchange."""

Values = Mapping[str, Any]

_SCOPE = "thegrid"
_EXPORT_TIMEOUT_S = 5
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_TOKENS = [4.0**power for power in range(14)]
_SPANS_S = [0.01 * 2**power for power in range(14)]
_FIRST_S = [
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1),
    *(0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0),
]
_PER_TOKEN_S = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5]
_HISTOGRAMS = {
    "gen_ai.client.token.usage": ("{token}", "Tokens that were billed.", _TOKENS),
    "gen_ai.client.operation.duration": ("s", "Time of an operation.", _SPANS_S),
    "gen_ai.server.request.duration": ("s", "Time of a request.", _SPANS_S),
    "gen_ai.server.time_to_first_token": ("s", "Time to the first token.", _FIRST_S),
    "gen_ai.server.time_per_output_token": ("s", "Time per token after it.", _PER_TOKEN_S),
}


class Traced:
    """One span that is open."""

    __slots__ = ("_span", "traceparent")

    def __init__(self, span: Span) -> None:
        self._span = span
        context = span.get_span_context()
        self.traceparent = (
            f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
        )
        """What the next process is told, so that its spans stand below this one."""

    def name(self, name: str) -> None:
        """Give the span a better name."""
        self._span.update_name(name)

    def set(self, values: Values) -> None:
        """Add attributes; those that are None or empty are left out."""
        for name, value in values.items():
            if value is not None and value != "" and value != ():
                self._span.set_attribute(name, value)

    def end(self, error_type: str = "") -> None:
        """Close the span, as failed where there is a word for the error."""
        if error_type:
            self._span.set_attribute("error.type", error_type)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class Telemetry:
    """The spans and figures of one process; sampling and headers are set by `OTEL_…` variables."""

    def __init__(self, service: str, endpoint: str) -> None:
        resource = Resource.create({"service.name": service, "service.namespace": _SCOPE})
        base = endpoint.rstrip("/")
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        spans = OTLPSpanExporter(f"{base}/v1/traces", timeout=_EXPORT_TIMEOUT_S)
        self._tracers.add_span_processor(BatchSpanProcessor(spans))
        figures = OTLPMetricExporter(f"{base}/v1/metrics", timeout=_EXPORT_TIMEOUT_S)
        self._meters = MeterProvider(
            [PeriodicExportingMetricReader(figures)], resource=resource, shutdown_on_exit=False
        )
        self._tracer = self._tracers.get_tracer(_SCOPE)
        meter = self._meters.get_meter(_SCOPE)
        self._histograms = {
            name: meter.create_histogram(
                name, unit, text, explicit_bucket_boundaries_advisory=bounds
            )
            for name, (unit, text, bounds) in _HISTOGRAMS.items()
        }

    def begin(
        self, name: str, traceparent: str, values: Values, *, calls_out: bool = False
    ) -> Traced:
        """Open a span below that of the caller, or a trace of its own.

        `calls_out` says that it is the caller's side of a call to somebody else.
        """
        kind = SpanKind.CLIENT if calls_out else SpanKind.SERVER
        above = set_span_in_context(NonRecordingSpan(_context_of(traceparent)))
        traced = Traced(self._tracer.start_span(name, above, kind))
        traced.set(values)
        return traced

    def record(self, name: str, value: float, values: Values) -> None:
        """Add one value to a histogram of the conventions."""
        self._histograms[name].record(value, {key: each for key, each in values.items() if each})

    def record_tokens(self, input_tokens: int, output_tokens: int, values: Values) -> None:
        """Add the tokens of one call."""
        for kind, tokens in (("input", input_tokens), ("output", output_tokens)):
            self.record("gen_ai.client.token.usage", tokens, {**values, "gen_ai.token.type": kind})

    def close(self) -> None:
        """Send what is left, for a few seconds at the most; blocks meanwhile."""
        self._tracers.shutdown()
        self._meters.shutdown(timeout_millis=_EXPORT_TIMEOUT_S * 1_000)


def _context_of(traceparent: str) -> SpanContext:
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return INVALID_SPAN_CONTEXT
    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    return SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))


def usage_values(usage: usage_pb2.UsageRecord) -> dict[str, Any]:
    """Return what a record tells of its call; tokens are those that are billed."""
    counted = usage.counted if usage.billed_tokens else usage_pb2.TokenCounts()
    return {
        "gen_ai.usage.input_tokens": counted.prompt_tokens,
        "gen_ai.usage.output_tokens": counted.completion_tokens,
        "gen_ai.usage.cache_read.input_tokens": counted.cached_tokens,
        "gen_ai.response.model": usage.serving_model,
        "thegrid.usage_id": usage.usage_id,
        "thegrid.instrument": usage.symbol,
        "thegrid.spec_version": usage.spec_version,
        "thegrid.supplier_id": usage.supplier_id,
        "thegrid.verdict": _verdict(usage.verdict),
        "thegrid.cause": usage.cause,
        "thegrid.billed_tokens": usage.billed_tokens,
    }


def _verdict(number: int) -> str:
    try:
        name: str = usage_pb2.Verdict.Name(number)
    except ValueError:  # of a later version
        return str(number)
    return name.removeprefix("VERDICT_").lower()
