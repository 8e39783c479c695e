"""What a supplier's process needs to know, with units, checked.

Reading flags or the environment into it is the command line's business.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from thegrid.settings import Settings

_ABOVE_ZERO = ("concurrent_deliveries", "throughput_tokens_per_second", "market_interval_s")
_NOT_NEGATIVE = (
    "context_tokens",
    "output_tokens",
    "quality_milli",
    "first_token_us",
    "grace_s",
)


class SupplierSettingsError(ValueError):
    """A setting of the supplier has no sense; the message names it and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierSettings:
    """One supplier process: one instrument, one model, one upstream.

    `exchange` says where the exchange is and carries a key with the scopes `supply` and
    `trade:write`. `upstream_url` is the base address of an OpenAI-compatible server, such as
    `http://127.0.0.1:8000/v1`; empty serves the demo model built in. `context_tokens` and
    `output_tokens` of 0 mean what the instrument's specification asks for. An `honoured_fields` of
    `("*",)` says that the upstream takes every field of a request.
    """

    exchange: Settings
    instrument: str
    model: str
    price_micros: int = 0
    quantity_units: int = 0
    upstream_url: str = ""
    upstream_key: str = ""
    upstream_model: str = ""
    """The upstream's own name of the model; empty for `model`."""
    output_cap_field: str = "max_tokens"
    """How the cap is told to the upstream when the client names none of its own."""
    capabilities: tuple[str, ...] = ()
    honoured_fields: tuple[str, ...] = ("*",)
    context_tokens: int = 0
    output_tokens: int = 0
    quality_milli: int = 0
    """Quality score in thousandths of a point; 0 means the least that the instrument asks for."""
    first_token_us: int = 0
    """Time to first token in microseconds; 0 means the longest that the instrument allows."""
    concurrent_deliveries: int = 16
    throughput_tokens_per_second: int = 2_000
    region: str = ""
    data_policy: str = ""
    embedding_space: str = ""
    """The vector space of a model for embeddings; empty means the instrument's own."""
    keep_market: bool = True
    """Whether to issue Units and keep asks resting; without it the process only serves."""
    market_interval_s: float = 5.0
    grace_s: float = 30.0
    """How long running deliveries may go on after the process was asked to stop."""
    otlp_endpoint: str = ""
    """Collector of traces and metrics by OTLP/HTTP, as `http://127.0.0.1:4318`; empty for none."""

    def __post_init__(self) -> None:
        """Check each setting; raises SupplierSettingsError naming the first at fault."""
        for name in ("instrument", "model"):
            if not getattr(self, name):
                raise SupplierSettingsError(f"{name}: must not be empty")
        for name in _ABOVE_ZERO:
            if getattr(self, name) <= 0:
                raise SupplierSettingsError(f"{name}: must be above 0")
        for name in _NOT_NEGATIVE:
            if getattr(self, name) < 0:
                raise SupplierSettingsError(f"{name}: must not be negative")
        if self.keep_market and (self.price_micros <= 0 or self.quantity_units <= 0):
            raise SupplierSettingsError(
                "price_micros, quantity_units: both must be above 0 to sell; set keep_market=False"
                " to serve without selling"
            )
        if self.output_cap_field not in ("max_tokens", "max_completion_tokens"):
            raise SupplierSettingsError(
                "output_cap_field: must be max_tokens or max_completion_tokens"
            )
        if self.upstream_url:
            parts = urlsplit(self.upstream_url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise SupplierSettingsError(
                    f"upstream_url: {self.upstream_url!r} is no http or https address; give the"
                    " base address of an OpenAI-compatible server, such as"
                    " http://127.0.0.1:8000/v1"
                )
