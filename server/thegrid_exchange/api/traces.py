"""One span for each delivery, where the operator wants traces: below its caller's, above its
supplier's. It tells how the call went and nothing of what was said; making spans is the SDK's.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from thegrid.v1 import usage_pb2
from thegrid_exchange.delivery.call import Call
from thegrid_exchange.delivery.parts import CallRequest, Client, Ended, Failure, Started
from thegrid_exchange.engine.records import UsageRecord

if TYPE_CHECKING:
    from thegrid.telemetry import Telemetry, Traced
    from thegrid_exchange.api.services import Services
    from thegrid_exchange.delivery.relay import Relay

SERVICE = "thegrid-exchange"


class Traces:
    """The spans of calls under way; `message` makes a record as members see it."""

    def __init__(
        self, telemetry: "Telemetry", message: Callable[[UsageRecord], usage_pb2.UsageRecord]
    ) -> None:
        self.telemetry, self._message = telemetry, message
        self._open: dict[str, _Span] = {}

    def open(self, relay: "Relay", request: CallRequest, client: Client) -> Call | None:
        """Hand a call to the relay, with a span that its supplier stands below."""
        traced = self.telemetry.begin(
            f"deliver {request.instrument}",
            request.traceparent,
            {
                "gen_ai.operation.name": "embeddings" if request.embedding else "chat",
                "gen_ai.provider.name": "thegrid",
                "gen_ai.request.model": request.requested_model,
                "thegrid.delivery_id": request.delivery_id,
                "thegrid.request_id": request.client_request_id,
            },
        )
        span = self._open[traced.traceparent] = _Span(client, traced)
        call = relay.open(request._replace(traceparent=traced.traceparent), span)
        if call is None:
            self._end(traced.traceparent, None)
        return call

    def over(self, call: Call) -> None:
        """A call is over, whatever its client was told: end its span."""
        self._end(call.request.traceparent, call.usage)

    def _end(self, traceparent: str, usage: UsageRecord | None) -> None:
        span = self._open.pop(traceparent, None)
        if span is None:
            return
        if usage is not None:
            from thegrid.telemetry import usage_values

            more = {"thegrid.attempts": len(usage.attempts), "thegrid.waited_us": usage.waited_us}
            span.traced.set({**usage_values(self._message(usage)), **more})
        span.traced.end(span.error_type)


class _Span:
    """A client that is told the same, and noted down when it is told of a failure."""

    def __init__(self, client: Client, traced: "Traced") -> None:
        self._client, self.traced = client, traced
        self.error_type = ""

    def started(self, started: Started) -> None:
        """See Client."""
        self._client.started(started)

    def part(self, payload: Any) -> None:
        """See Client."""
        self._client.part(payload)

    def ended(self, ended: Ended) -> None:
        """See Client."""
        self._client.ended(ended)

    def failed(self, failure: Failure, usage: UsageRecord | None) -> None:
        """See Client."""
        self.error_type = failure.reason.lower()
        self._client.failed(failure, usage)


def open_call(services: "Services", request: CallRequest, client: Client) -> Call | None:
    """Hand a call to the relay, traced or not."""
    if services.traces is None:
        opened: Call | None = services.relay.open(request, client)
        return opened
    return services.traces.open(services.relay, request, client)


def open_traces(
    endpoint: str, message: Callable[[UsageRecord], usage_pb2.UsageRecord]
) -> Traces | None:
    """The traces that go to a collector, None for no endpoint; raises ValueError without the
    libraries.
    """
    if not endpoint:
        return None
    try:
        from thegrid.telemetry import Telemetry
    except ImportError as missing:
        raise ValueError(
            f"--otlp-endpoint (GRID_OTLP_ENDPOINT): needs {missing.name}; "
            "pip install 'thegrid[telemetry]'"
        ) from None
    return Traces(Telemetry(SERVICE, endpoint), message)
