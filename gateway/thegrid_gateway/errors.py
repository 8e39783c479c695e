"""The one table from the exchange's reasons to HTTP, for each surface: status, type, code, retry.

Refusals that the gateway itself makes are built here as well; where they are raised is elsewhere.
"""

from collections.abc import Mapping
from typing import NamedTuple

from thegrid.errors import GridError

INVALID = "invalid_request_error"
AUTHENTICATION = "authentication_error"
PERMISSION = "permission_error"
QUOTA = "insufficient_quota"
RATE = "rate_limit_error"
SERVER = "server_error"
UNAVAILABLE = "service_unavailable"


class Row(NamedTuple):
    """One row of the table; `code` empty means the reason in lower case.

    Status, code, message and retry are the same on every surface, `type` is OpenAI's word.
    Anthropic's goes by the status; `messages_status` is its own status where that differs.
    """

    status: int
    type: str
    code: str = ""
    retry: bool = False
    param: str | None = None
    messages_status: int = 0


_OVERLOADED = 529
"""Anthropic's own status for a server that is busy now."""

_MESSAGES_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    408: "timeout_error",
    409: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    _OVERLOADED: "overloaded_error",
}
"""Anthropic's type of each status; all others are `api_error`."""


REASONS: Mapping[str, Row] = {
    "INVALID_ARGUMENT": Row(400, INVALID),
    "TOO_LARGE": Row(413, INVALID, "request_too_large"),
    "PAGE_TOKEN_INVALID": Row(400, INVALID, param="after"),
    "RESUME_TOKEN_INVALID": Row(400, INVALID),
    "REQUEST_CONFLICT": Row(409, INVALID),
    "REQUEST_EXPIRED": Row(409, INVALID),
    "COMMAND_QUARANTINED": Row(500, SERVER),
    "INTERNAL": Row(500, SERVER, "internal_error", retry=True),
    "DRAINING": Row(503, UNAVAILABLE, retry=True),
    "OVERLOADED": Row(503, UNAVAILABLE, retry=True, messages_status=_OVERLOADED),
    "DEADLINE_EXCEEDED": Row(504, SERVER, retry=True),
    "KEY_MISSING": Row(401, AUTHENTICATION, "invalid_api_key"),
    "KEY_UNKNOWN": Row(401, AUTHENTICATION, "invalid_api_key"),
    "KEY_REVOKED": Row(401, AUTHENTICATION),
    "KEY_EXPIRED": Row(401, AUTHENTICATION),
    "SCOPE_MISSING": Row(403, PERMISSION),
    "SIGNATURE_INVALID": Row(401, AUTHENTICATION),
    "RATE_LIMITED": Row(429, RATE, "rate_limit_exceeded", retry=True),
    "KEY_LIMIT": Row(409, INVALID),
    "KEY_NOT_FOUND": Row(404, INVALID),
    "INSTRUMENT_NOT_FOUND": Row(404, INVALID, "model_not_found", param="model"),
    "INSTRUMENT_EXISTS": Row(409, INVALID),
    "MARKET_NOT_FOUND": Row(404, INVALID, "model_not_found", param="model"),
    "MARKET_NOT_OPEN": Row(503, UNAVAILABLE, retry=True),
    "MARKET_SWEEPING": Row(503, UNAVAILABLE, retry=True),
    "MEMBER_NOT_FOUND": Row(404, INVALID),
    "MEMBER_SUSPENDED": Row(403, PERMISSION),
    "ROLE_MISSING": Row(403, PERMISSION),
    "POLICY_INVALID": Row(400, INVALID),
    "FEE_TIER_NOT_FOUND": Row(404, INVALID),
    "SPEND_LIMIT_REACHED": Row(429, QUOTA),
    "INSTRUMENT_NOT_ALLOWED": Row(403, PERMISSION),
    "KEY_ABOVE_PARENT": Row(403, PERMISSION),
    "WEBHOOK_NOT_FOUND": Row(404, INVALID),
    "WEBHOOK_LIMIT": Row(429, QUOTA),
    "WEBHOOK_URL_REFUSED": Row(400, INVALID),
    "INSUFFICIENT_FUNDS": Row(402, QUOTA),
    "INSUFFICIENT_UNITS": Row(402, QUOTA),
    "NO_LIQUIDITY": Row(503, UNAVAILABLE, retry=True),
    "ABOVE_CEILING": Row(503, UNAVAILABLE, retry=True),
    "PRICE_OFF_TICK": Row(400, INVALID),
    "PRICE_OUT_OF_RANGE": Row(400, INVALID),
    "PRICE_OUT_OF_BAND": Row(503, UNAVAILABLE, retry=True),
    "QUANTITY_OUT_OF_RANGE": Row(400, INVALID),
    "POST_ONLY_WOULD_CROSS": Row(400, INVALID),
    "FILL_OR_KILL": Row(503, UNAVAILABLE, retry=True),
    "ORDER_TERMS_INVALID": Row(400, INVALID),
    "ORDER_TOO_LATE": Row(400, INVALID),
    "ORDER_NOT_FOUND": Row(404, INVALID),
    "ORDER_CLOSED": Row(409, INVALID),
    "CLIENT_ORDER_ID_TAKEN": Row(409, INVALID),
    "OPEN_ORDER_LIMIT": Row(429, RATE),
    "WORK_LIMIT": Row(503, UNAVAILABLE, retry=True),
    "BATCH_UNDONE": Row(409, INVALID),
    "LOT_NOT_FOUND": Row(404, INVALID),
    "TRANSFER_NOT_FOUND": Row(404, INVALID),
    "DELIVERY_NOT_FOUND": Row(404, INVALID),
    "DELIVERY_CLOSED": Row(409, INVALID),
    "DELIVERY_EXISTS": Row(409, INVALID, "idempotency_key_in_use"),
    "USAGE_NOT_FOUND": Row(404, INVALID),
    "SUPPLIER_NOT_ADMITTED": Row(403, PERMISSION),
    "OFFER_NOT_FOUND": Row(404, INVALID),
    "CAPACITY_EXCEEDED": Row(503, UNAVAILABLE, retry=True),
    "OFFER_BELOW_SPEC": Row(400, INVALID),
    "INDEX_NOT_FOUND": Row(404, INVALID),
    "COLLATERAL_SHORT": Row(409, INVALID),
    "NO_SUPPLIER": Row(503, UNAVAILABLE, retry=True),
    "SATURATED": Row(503, UNAVAILABLE, retry=True, messages_status=_OVERLOADED),
    "CONTEXT_EXCEEDED": Row(400, INVALID, "context_length_exceeded", param="messages"),
    "CONTENT_REFUSED": Row(400, INVALID, param="messages"),
    "FIELD_NOT_HONOURED": Row(400, INVALID, "unsupported_parameter"),
    "WRONG_REQUEST_KIND": Row(400, INVALID, "unsupported_model"),
    "SUPPLIER_LOST": Row(502, SERVER, retry=True),
    "SUPPLIER_FAILED": Row(502, SERVER, retry=True),
    "FIRST_TOKEN_LATE": Row(504, SERVER, retry=True),
    "CLIENT_FAULT": Row(400, INVALID, "invalid_request"),
    "VENUE_FAULT": Row(500, SERVER, retry=True),
    "RESERVATION_ENDED": Row(504, SERVER, retry=True),
    "DELIVERY_CANCELLED": Row(409, INVALID),
    "PROTOCOL_VIOLATION": Row(500, SERVER),
    "ALREADY_OPEN": Row(409, INVALID),
    "READER_TOO_SLOW": Row(408, INVALID, retry=True),
    "STREAM_LIMIT": Row(429, RATE, retry=True),
    "SUPPLIER_ON_PROBATION": Row(403, PERMISSION),
    "SELF_ADMISSION_CLOSED": Row(403, PERMISSION),
    "SUPPLIER_NOT_CONNECTED": Row(409, INVALID),
    "BENCHMARK_RUNNING": Row(409, INVALID, retry=True),
    "BENCHMARK_NOT_FOUND": Row(404, INVALID),
    "METERING_POLICY_NOT_FOUND": Row(404, INVALID),
    "DISPUTE_NOT_FOUND": Row(404, INVALID),
    "DISPUTE_EXISTS": Row(409, INVALID),
    "DISPUTE_TOO_LATE": Row(400, INVALID),
    "DISPUTE_CLOSED": Row(409, INVALID),
    "DISPUTE_LIMIT": Row(429, RATE),
    "USAGE_PENDING": Row(409, INVALID, retry=True),
}
"""Every reason of `ErrorReason`; a test compares the two lists."""

_CODES: Mapping[str, Row] = {
    "INVALID_ARGUMENT": Row(400, INVALID, "invalid_argument"),
    "OUT_OF_RANGE": Row(400, INVALID, "invalid_argument"),
    "UNAUTHENTICATED": Row(401, AUTHENTICATION, "invalid_api_key"),
    "PERMISSION_DENIED": Row(403, PERMISSION, "permission_denied"),
    "NOT_FOUND": Row(404, INVALID, "not_found"),
    "ALREADY_EXISTS": Row(409, INVALID, "already_exists"),
    "ABORTED": Row(409, INVALID, "aborted"),
    "FAILED_PRECONDITION": Row(400, INVALID, "failed_precondition"),
    "RESOURCE_EXHAUSTED": Row(429, RATE, "rate_limit_exceeded", retry=True),
    "UNAVAILABLE": Row(503, UNAVAILABLE, "exchange_unavailable", retry=True),
    "DEADLINE_EXCEEDED": Row(504, SERVER, "deadline_exceeded", retry=True),
    "CANCELLED": Row(503, UNAVAILABLE, "cancelled", retry=True),
}
_UNKNOWN = Row(500, SERVER, "internal_error", retry=True)
_DEFAULT_RETRY_S = 1.0
_HTTP_NAMES: Mapping[str, str] = {
    "instrument": "model",
    "page_token": "after",
    "page_size": "limit",
}
"""Fields of the contract that have another name over HTTP."""

_REQUEST_PREFIXES = ("open.request.", "request.", "open.")


class ApiError(Exception):
    """An answer that is an error, in the shape of the surface that it is sent on.

    `retry` says whether the same request may succeed later, `retry_after_s` when; `headers` are
    further headers of the answer, `more` further keys of its body beside `error`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = INVALID,
        code: str | None = None,
        param: str | None = None,
        retry: bool = False,
        retry_after_s: float | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        messages_status: int = 0,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.messages_status = messages_status or status
        self.message = message
        self.type = type
        self.code = code
        self.param = param
        self.retry = retry
        self.retry_after_s = retry_after_s
        self.headers = headers
        self.more = more or {}
        self.details: Mapping[str, object] | None = None
        """What Anthropic's clients look at to go on by themselves."""

    def body(self) -> dict[str, object]:
        """Answer the JSON object; all four keys are always there."""
        return {
            "error": {
                "message": self.message,
                "type": self.type,
                "param": self.param,
                "code": self.code,
            },
            **self.more,
        }

    def messages_body(self, request_id: str) -> dict[str, object]:
        """Answer the JSON object in Anthropic's shape; our own code stands beside."""
        kind = _MESSAGES_TYPES.get(self.messages_status, "api_error")
        error: dict[str, object] = {"type": kind, "message": self.message}
        if self.param:
            error["param"] = self.param
        if self.code:
            error["code"] = self.code
        if self.details:
            error["details"] = self.details
        return {"type": "error", "error": error, "request_id": request_id, **self.more}

    def retry_headers(self) -> list[tuple[bytes, bytes]]:
        """Answer the headers that tell OpenAI's clients whether and when to try again."""
        headers = [(b"x-should-retry", b"true" if self.retry else b"false")]
        if self.retry:
            after_s = _DEFAULT_RETRY_S if self.retry_after_s is None else self.retry_after_s
            whole_s = max(1, -int(-after_s // 1))
            headers.append((b"retry-after", str(whole_s).encode()))
            headers.append((b"retry-after-ms", str(max(1, int(after_s * 1000))).encode()))
        return headers


def from_refusal(error: GridError) -> ApiError:
    """Answer the HTTP error for a refusal or a failure of the exchange."""
    row = REASONS.get(error.reason) or _CODES.get(error.code, _UNKNOWN)
    # A reason of a later version still has its own name as code.
    code = row.code if error.reason in REASONS and row.code else error.reason.lower() or row.code
    return ApiError(
        row.status,
        _named_limit(error) if row.status == 429 else error.message or code,
        type=row.type,
        code=code,
        param=_param(error) or row.param,
        retry=row.retry or (error.retry_after_s is not None and row.status >= 429),
        retry_after_s=error.retry_after_s,
        messages_status=row.messages_status,
        headers=_limit_headers(error) if row.status == 429 else (),
    )


_LIMITS: Mapping[str, str] = {
    "requests_per_second": "requests",
    "requests_per_minute": "requests",
    "tokens_per_minute": "tokens",
}
"""Limits of a key that have headers, as the exchange names them."""


def _limit_headers(error: GridError) -> tuple[tuple[bytes, bytes], ...]:
    """Answer the headers of a limit that is reached; when to come back is in `retry-after`."""
    name = _LIMITS.get(error.metadata.get("name") or error.metadata.get("field", ""))
    limit = error.metadata.get("limit", "")
    if name is None or not limit.isdigit():
        return ()
    headers = [(f"x-ratelimit-limit-{name}".encode(), limit.encode())]
    if name == "requests":
        headers.append((b"x-ratelimit-remaining-requests", b"0"))
    return tuple(headers)


def _named_limit(error: GridError) -> str:
    """Answer the words of a refusal for a limit, with the limit and what was asked in figures."""
    figures = [
        f"{word} {error.metadata[name]}"
        for name, word in (("limit", "limit"), ("value", "asked"))
        if error.metadata.get(name) and error.metadata[name] not in error.message
    ]
    if not figures:
        return error.message
    which = error.metadata.get("name") or error.metadata.get("field", "")
    return f"{error.message} ({', '.join([which, *figures] if which else figures)})"


def _param(error: GridError) -> str | None:
    field = error.fields[0].field if error.fields else error.metadata.get("field", "")
    for prefix in _REQUEST_PREFIXES:
        if field.startswith(prefix):
            field = field.removeprefix(prefix)
            break
    if field.startswith("preferences."):
        field = "grid." + field.removeprefix("preferences.").replace("_supplier_ids", "_suppliers")
    return _HTTP_NAMES.get(field, field) or None


def key_missing() -> ApiError:
    """Answer the error for a request without a key."""
    return ApiError(
        401,
        "You didn't provide an API key. Send your key of the exchange as a bearer token:"
        " Authorization: Bearer YOUR_KEY, or as x-api-key.",
        type=AUTHENTICATION,
        code="invalid_api_key",
        headers=((b"www-authenticate", b"Bearer"),),
    )


def body_too_large(limit_bytes: int) -> ApiError:
    """Answer the error for a body above the limit."""
    return ApiError(
        413, f"The body is longer than {limit_bytes} bytes. Send less.", code="request_too_large"
    )


def body_too_slow(limit_s: float) -> ApiError:
    """Answer the error for a body that did not arrive in time."""
    return ApiError(
        408,
        f"The body did not arrive within {limit_s:g} s.",
        code="request_timeout",
        retry=True,
    )


def no_route(path: str) -> ApiError:
    """Answer the error for a path that leads nowhere."""
    return ApiError(
        404,
        f"Unknown request URL: {path}. What this gateway serves stands in /openapi.json; is the"
        " base URL right, with /v1 once?",
        code="unknown_url",
    )


def wrong_method(method: str, path: str) -> ApiError:
    """Answer the error for a path that is served with another method."""
    return ApiError(405, f"Not allowed: {method} {path}.", code="method_not_allowed")


def unlisted() -> ApiError:
    """Answer the error for a list that the gateway itself was not given; no caller's fault."""
    return ApiError(
        503,
        "The exchange does not tell its instruments now; try again shortly.",
        type=UNAVAILABLE,
        code="exchange_unavailable",
        retry=True,
    )


def refused_field(
    param: str, message: str, details: Mapping[str, object] | None = None
) -> ApiError:
    """Answer the error for a field that asks for what has no counterpart here."""
    refused = ApiError(400, message, param=param, code="unsupported_parameter")
    refused.details = details
    return refused


def internal() -> ApiError:
    """Answer the error for a fault of the gateway itself."""
    return ApiError(
        500,
        "The gateway met an unexpected fault; report the x-request-id of this answer.",
        type=SERVER,
        code="internal_error",
        retry=True,
    )
