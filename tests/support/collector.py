"""A collector of OpenTelemetry for tests: real HTTP on a free port, what came in kept in memory."""

import contextlib
import gzip
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

_WAIT_S = 20.0


class Seen(NamedTuple):
    """A span and whose it is."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    values: dict[str, Any]
    is_error: bool


class Figure(NamedTuple):
    """One series of a histogram."""

    service: str
    name: str
    values: dict[str, Any]
    count: int
    total: float


class Collector:
    """What processes have sent."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.spans: list[Seen] = []
        self.figures: list[Figure] = []
        self.raw = b""
        """All that came, to be searched for what must not be in it."""

    def until(self, is_there: Callable[[], Any]) -> None:
        """Wait for what processes send when it suits them."""
        ends_s = time.monotonic() + _WAIT_S
        while not is_there():
            assert time.monotonic() < ends_s, self.spans
            time.sleep(0.05)

    def trace(self, trace_id: str) -> dict[str, Seen]:
        """The spans of a trace by their services."""
        return {span.service: span for span in self.spans if span.trace_id == trace_id}

    def take(self, path: str, body: bytes) -> bytes:
        """Keep one post; answer what a collector answers."""
        self.raw += body
        if path == "/v1/traces":
            for group in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = _values(group.resource.attributes)["service.name"]
                self.spans += [
                    _seen(service, span) for scope in group.scope_spans for span in scope.spans
                ]
            return ExportTraceServiceResponse().SerializeToString()
        for found in ExportMetricsServiceRequest.FromString(body).resource_metrics:
            service = _values(found.resource.attributes)["service.name"]
            self.figures += [
                Figure(service, metric.name, _values(point.attributes), point.count, point.sum)
                for scope in found.scope_metrics
                for metric in scope.metrics
                for point in metric.histogram.data_points
            ]
        return ExportMetricsServiceResponse().SerializeToString()


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: _value(each.value) for each in attributes}


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)


def _seen(service: str, span: Any) -> Seen:
    ids = (span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    return Seen(service, span.name, *ids, _values(span.attributes), span.status.code == 2)


@contextlib.contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            answer = collector.take(self.path, body)
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    collector = Collector(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
