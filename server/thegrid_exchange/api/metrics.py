"""What is counted about this process, in the words of Prometheus.

Nothing that names a member, a key or the content of a call is ever a label.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from thegrid_exchange.engine.records import UsageRecord

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """One registry per running exchange, so that tests may run several in one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.calls = Counter(
            "grid_calls",
            "Calls by method and status code.",
            ["method", "code"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "grid_call_seconds",
            "Time of unary calls by method.",
            ["method"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.refusals = Counter(
            "grid_refusals", "Refused calls by reason.", ["reason"], registry=self.registry
        )
        self.seq = Gauge(
            "grid_journal_seq", "Sequence of the last durable row.", registry=self.registry
        )
        self.streams = Gauge("grid_streams", "Streams open now.", registry=self.registry)
        self.events = Counter(
            "grid_stream_events", "Events sent by stream.", ["stream"], registry=self.registry
        )
        self.conflations = Counter(
            "grid_conflations", "Times a slow reader got events merged.", registry=self.registry
        )
        self.slow_readers = Counter(
            "grid_slow_readers", "Streams ended with READER_TOO_SLOW.", registry=self.registry
        )

        self.deliveries = Counter(
            "grid_deliveries",
            "Settled deliveries by verdict and cause.",
            ["verdict", "cause"],
            registry=self.registry,
        )
        self.delivered_tokens = Counter(
            "grid_delivered_tokens", "Billed tokens of settled deliveries.", registry=self.registry
        )
        self.first_token_seconds = Histogram(
            "grid_first_token_seconds",
            "From a delivery handed to its supplier to the first token.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.open_deliveries = Gauge(
            "grid_open_deliveries", "Calls under way.", registry=self.registry
        )
        self.waiting_deliveries = Gauge(
            "grid_waiting_deliveries", "Calls that wait for a supplier.", registry=self.registry
        )
        self.supplier_links = Gauge(
            "grid_supplier_links", "Suppliers' streams open now.", registry=self.registry
        )

    def settled(self, usage: UsageRecord) -> None:
        """Count a settled delivery."""
        self.deliveries.labels(usage.verdict, usage.cause).inc()
        self.delivered_tokens.inc(usage.billed_tokens)
        if usage.first_token_us is not None:
            self.first_token_seconds.observe(usage.first_token_us / 1_000_000)

    def exposition(self) -> bytes:
        """All figures in the text format."""
        return generate_latest(self.registry)
