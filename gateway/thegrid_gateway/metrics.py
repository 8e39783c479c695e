"""What the gateway counts: requests, tokens of time, running calls, and its link to the exchange.

Billing counts are the exchange's and are not kept here.
"""

import asyncio
import os
import time

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from thegrid.session import SessionPool
from thegrid_gateway.answers import Answer, EventStream
from thegrid_gateway.http import Http

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder in which several workers keep their counts."""

_WATCH_INTERVAL_S = 0.5
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "grid_gateway_requests",
            "Requests by endpoint and status; 499 is a client that left.",
            ("endpoint", "status"),
            registry=self.registry,
        )
        self._first_token = Histogram(
            "grid_gateway_first_token_seconds",
            "Time from the head of a streamed request to the first part of its answer.",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._duration = Histogram(
            "grid_gateway_request_seconds",
            "Time from the head of a request for inference to the end of its answer.",
            registry=self.registry,
            buckets=_SECONDS,
        )
        self._running = Gauge(
            "grid_gateway_calls_running",
            "Calls that are running.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._ready = Gauge(
            "grid_gateway_exchange_ready",
            "Workers whose session with the exchange is open.",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._children: dict[tuple[str, int], Counter] = {}

    def count(self, endpoint: str, status: int) -> None:
        """Count one request."""
        child = self._children.get((endpoint, status))
        if child is None:
            child = self._requests.labels(endpoint, str(status))
            self._children[endpoint, status] = child
        child.inc()

    def inference(self, endpoint: str, http: Http, answer: Answer | None) -> None:
        """Count one request for inference that is over."""
        self.count(endpoint, http.status)
        self._duration.observe(time.perf_counter() - http.began_s)
        if isinstance(answer, EventStream) and answer.first_token_s:
            self._first_token.observe(answer.first_token_s)

    async def watch(self, pool: SessionPool) -> None:
        """Note the state of the link, again and again until cancelled.

        It is noted and not read when asked for, because any worker may be asked.
        """
        while True:
            self._running.set(pool.open_calls)
            self._ready.set(float(pool.is_ready))
            await asyncio.sleep(_WATCH_INTERVAL_S)

    def page(self) -> tuple[bytes, str]:
        """Answer all counts, of every worker, as text and its content type."""
        if SHARED_FOLDER in os.environ:
            shared = CollectorRegistry()
            MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
            return generate_latest(shared), CONTENT_TYPE_LATEST
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
