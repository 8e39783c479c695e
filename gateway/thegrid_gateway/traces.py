"""One span for each request of inference, and figures of the GenAI conventions, where turned on.

What is said in a request or an answer is in none of them; how they travel is `thegrid.telemetry`'s.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from thegrid_gateway.config import Config, ConfigError
from thegrid_gateway.http import Http

if TYPE_CHECKING:
    from thegrid.telemetry import Telemetry, Traced
    from thegrid_gateway.answers import Answer

SERVICE: Final = "thegrid-gateway"

_ASKED: Final = {
    "max_tokens": "gen_ai.request.max_tokens",
    "max_completion_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "top_k": "gen_ai.request.top_k",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
    "dimensions": "gen_ai.embeddings.dimension.count",
}
"""Fields of a request that are figures, and their names as attributes; no other is recorded."""
_LEFT: Final = 499


class Traces:
    """Begins the span of each request."""

    def __init__(self, telemetry: "Telemetry") -> None:
        self.telemetry = telemetry

    def begin(self, operation: str, route: str, http: Http) -> "Trace":
        """Begin the span of a request, below its caller's."""
        return Trace(self.telemetry, operation, route, http)


class Trace:
    """The span of one request."""

    def __init__(self, telemetry: "Telemetry", operation: str, route: str, http: Http) -> None:
        self._telemetry, self._http = telemetry, http
        self._values: dict[str, Any] = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "thegrid",
        }
        self._traced: Traced = telemetry.begin(
            operation,
            http.traceparent(),
            {
                **self._values,
                "http.request.method": "POST",
                "http.route": route,
                "thegrid.request_id": http.request_id,
            },
        )
        self.traceparent = self._traced.traceparent

    def asked(self, chat: Mapping[str, Any], instrument: str) -> None:
        """Note what is asked, but for its words."""
        values: dict[str, Any] = {
            name: chat[field]
            for field, name in _ASKED.items()
            if isinstance(chat.get(field), (int, float))
        }
        shape = chat.get("response_format")
        if isinstance(shape, dict):
            values["gen_ai.output.type"] = "text" if shape.get("type") == "text" else "json"
        values["gen_ai.request.model"] = chat["model"]
        self._traced.name(f"{self._values['gen_ai.operation.name']} {chat['model']}")
        self._traced.set({**values, "thegrid.instrument": instrument})

    def end(self, answer: "Answer | None") -> None:
        """End it, with what came of the call."""
        from thegrid.telemetry import usage_values

        http, usage = self._http, answer.usage if answer is not None else None
        error_type = http.error_code or ("client_left" if http.status == _LEFT else "")
        self._traced.set({"http.response.status_code": http.status})
        if answer is not None and usage is not None:
            told = usage_values(usage)
            self._traced.set({**told, "gen_ai.response.finish_reasons": tuple(answer.finishes)})
            self._measure(answer, told, error_type)
        self._traced.end(error_type)

    def _measure(self, answer: "Answer", told: Mapping[str, Any], error_type: str) -> None:
        """Add the figures of a call that came as far as a record."""
        record, spent_s = self._telemetry.record, time.perf_counter() - self._http.began_s
        values = self._values | {
            # What the client called it may be anything; figures are of instruments.
            "gen_ai.request.model": told["thegrid.instrument"],
            "gen_ai.response.model": told["gen_ai.response.model"],
        }
        tokens = told["gen_ai.usage.output_tokens"]
        self._telemetry.record_tokens(told["gen_ai.usage.input_tokens"], tokens, values)
        failed = {**values, "error.type": error_type}
        record("gen_ai.server.request.duration", spent_s, failed)
        if error_type or not answer.first_token_s:
            return
        record("gen_ai.server.time_to_first_token", answer.first_token_s, values)
        if tokens > 1:
            each_s = (spent_s - answer.first_token_s) / (tokens - 1)
            record("gen_ai.server.time_per_output_token", each_s, values)


def open_traces(config: Config) -> Traces | None:
    """Answer how requests are traced; None when they are not. Raises ConfigError."""
    if not config.otlp_endpoint:
        return None
    try:
        from thegrid.telemetry import Telemetry
    except ImportError as missing:
        raise ConfigError(
            f"GRID_GATEWAY_OTLP_ENDPOINT: needs {missing.name}; pip install 'thegrid[telemetry]'"
        ) from None
    return Traces(Telemetry(SERVICE, config.otlp_endpoint))
