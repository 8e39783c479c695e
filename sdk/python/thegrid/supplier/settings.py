"""What a supplier's process needs to know, with units, checked.

Reading flags or the environment into it is the command line's business.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit


class SupplierSettingsError(ValueError):
    """A setting of the supplier has no sense; the message names it and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierSettings:
    """One supplier process: one instrument, one model, one upstream.

    `upstream_url` is the base address of an OpenAI-compatible server, such as
    `http://127.0.0.1:8000/v1`; empty serves the demo model built in. `context_tokens` and
    `output_tokens` of 0 mean what the instrument's specification asks for.
    """

    target: str
    api_key: str
    instrument: str
    model: str
    price_micros: int
    quantity_units: int
    upstream_url: str = ""
    upstream_key: str = ""
    root_certificates: bytes | None = None
    use_tls: bool = False
    capabilities: tuple[str, ...] = ()
    context_tokens: int = 0
    output_tokens: int = 0
    concurrent_deliveries: int = 16
    throughput_tokens_per_second: int = 2_000
    region: str = ""
    data_policy: str = ""
    keep_market: bool = True
    """Whether to issue Units and keep asks resting; without it the process only serves."""
    market_interval_s: float = 5.0
    grace_s: float = 30.0
    """How long running deliveries may go on after the process was asked to stop."""

    def __post_init__(self) -> None:
        """Check each setting; raises SupplierSettingsError naming the first at fault."""
        for name in ("target", "api_key", "instrument", "model"):
            if not getattr(self, name):
                raise SupplierSettingsError(f"{name}: must not be empty")
        for name in ("concurrent_deliveries", "throughput_tokens_per_second"):
            if getattr(self, name) <= 0:
                raise SupplierSettingsError(f"{name}: must be above 0")
        for name in ("context_tokens", "output_tokens", "grace_s"):
            if getattr(self, name) < 0:
                raise SupplierSettingsError(f"{name}: must not be negative")
        if self.keep_market and (self.price_micros <= 0 or self.quantity_units <= 0):
            raise SupplierSettingsError(
                "price_micros, quantity_units: both must be above 0 to sell; set keep_market=False"
                " to serve without selling"
            )
        if self.market_interval_s <= 0:
            raise SupplierSettingsError("market_interval_s: must be above 0")
        if self.upstream_url:
            parts = urlsplit(self.upstream_url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise SupplierSettingsError(
                    f"upstream_url: {self.upstream_url!r} is no http or https address; give the"
                    " base address of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1"
                )
