"""What can go wrong with a call, as exceptions: one family by meaning, each with its reason.
How a refusal becomes an exception stands here; whether a call is repeated stands in `policy`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

from thegrid.v1 import usage_pb2

_Detail = TypeVar("_Detail", bound=Message)

DOMAIN = "thegrid"
_DETAILS_KEY = "grpc-status-details-bin"
# What grpc.aio says, in place of the status, when a call ends under a write.
_LOST_WHILE_WRITING = "Internal error from Core"
_REQUEST_ID_KEY = "x-request-id"


class FieldViolation(NamedTuple):
    """One field of a request and what is wrong with it."""

    field: str
    description: str


class GridError(Exception):
    """A call that was refused, failed, or never came through.

    `code` is the name of the gRPC status, `reason` the exchange's own word from its closed list
    (a reason this version does not know is kept as it came, and is empty when the exchange said
    none), `fields` the fields at fault, `retry_after_s` the seconds to wait before a repeat can
    help, `request_id` the id under which the exchange knows the call, `metadata` further facts
    such as a limit's name, `usage` the record of a delivery that came so far as to have one.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "UNKNOWN",
        reason: str = "",
        fields: Sequence[FieldViolation] = (),
        retry_after_s: float | None = None,
        request_id: str = "",
        metadata: Mapping[str, str] | None = None,
        method: str = "",
        usage: usage_pb2.UsageRecord | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.fields = tuple(fields)
        self.retry_after_s = retry_after_s
        self.request_id = request_id
        self.metadata = dict(metadata or {})
        self.method = method
        self.usage = usage

    def __str__(self) -> str:
        said = f"{self.reason or self.code}: {self.message}"
        named = "; ".join(
            field if text in said else f"{field}: {text}" for field, text in self.fields
        )
        return f"{said} ({named})" if named else said


class AuthError(GridError):
    """The credential is absent, unknown, revoked, expired, or wrongly signed."""


class PermissionDenied(GridError):
    """The key or its member may not do this."""


class InvalidArgument(GridError):
    """A field has a wrong shape or value; `fields` names each. A repeat cannot help."""


class NotFound(GridError):
    """What the call names does not exist, or is not the caller's."""


class Conflict(GridError):
    """What the call would make exists already, or an id was used for something else."""


class Refused(GridError):
    """The market's rules refuse this now; the state of the market or member must change first."""


class InsufficientFunds(Refused):
    """Available cash does not cover it."""


class InsufficientUnits(Refused):
    """Units or Lot tokens do not cover it."""


class NoLiquidity(Refused):
    """The book offers nothing that may be taken."""


class AboveCeiling(Refused):
    """It would cost more than the ceiling allows."""


class MarketClosed(Refused):
    """The market takes no new orders now."""


class RateLimited(GridError):
    """A limit is reached; `metadata` names it and `retry_after_s` says when it frees."""


class Unavailable(GridError):
    """The exchange, or every supplier, cannot take the call now; a later repeat may succeed."""


class DeadlineExceeded(GridError):
    """No answer came in time. A write may have happened: repeat it with the same request id."""


class Cancelled(GridError):
    """The call was cancelled, by its caller or because its client was closed."""


class DeliveryFailed(GridError):
    """A delivery began and did not come to its good end; `usage` tells what was billed."""


class InternalError(GridError):
    """The exchange met an unexpected fault; report `request_id`."""


_BY_CODE: dict[str, type[GridError]] = {
    "UNAUTHENTICATED": AuthError,
    "PERMISSION_DENIED": PermissionDenied,
    "INVALID_ARGUMENT": InvalidArgument,
    "OUT_OF_RANGE": InvalidArgument,
    "NOT_FOUND": NotFound,
    "ALREADY_EXISTS": Conflict,
    "ABORTED": Conflict,
    "FAILED_PRECONDITION": Refused,
    "RESOURCE_EXHAUSTED": RateLimited,
    "UNAVAILABLE": Unavailable,
    "DEADLINE_EXCEEDED": DeadlineExceeded,
    "CANCELLED": Cancelled,
    "INTERNAL": InternalError,
    "DATA_LOSS": InternalError,
    "UNKNOWN": InternalError,
    "UNIMPLEMENTED": InternalError,
}

# Only where a reason says more than its status code; all others go by the code.
_BY_REASON: dict[str, type[GridError]] = {
    "INSUFFICIENT_FUNDS": InsufficientFunds,
    "INSUFFICIENT_UNITS": InsufficientUnits,
    "NO_LIQUIDITY": NoLiquidity,
    "ABOVE_CEILING": AboveCeiling,
    "MARKET_NOT_OPEN": MarketClosed,
    "MARKET_SWEEPING": MarketClosed,
    "MEMBER_SUSPENDED": PermissionDenied,
    "ROLE_MISSING": PermissionDenied,
    "SCOPE_MISSING": PermissionDenied,
    "CLIENT_ORDER_ID_TAKEN": Conflict,
    "DELIVERY_EXISTS": Conflict,
    "REQUEST_CONFLICT": Conflict,
    "REQUEST_EXPIRED": Conflict,
    "OVERLOADED": Unavailable,
    "DRAINING": Unavailable,
    "NO_SUPPLIER": Unavailable,
    "SATURATED": Unavailable,
    "READER_TOO_SLOW": Unavailable,
    "SUPPLIER_LOST": DeliveryFailed,
    "SUPPLIER_FAILED": DeliveryFailed,
    "FIRST_TOKEN_LATE": DeliveryFailed,
    "VENUE_FAULT": DeliveryFailed,
    "RESERVATION_ENDED": DeliveryFailed,
    "DELIVERY_CANCELLED": DeliveryFailed,
}


def from_rpc(failure: grpc.RpcError, method: str = "", request_id: str = "") -> GridError:
    """Return the exception for a failed gRPC call, with all that its trailers say."""
    code = failure.code().name if hasattr(failure, "code") else "UNKNOWN"
    details = (failure.details() if hasattr(failure, "details") else None) or str(failure)
    if code == "INTERNAL" and details == _LOST_WHILE_WRITING:
        code, details = "UNAVAILABLE", "the exchange ended the call while it was being written to"
    trailers = _trailers(failure)
    packed = trailers.get(_DETAILS_KEY, b"")
    status = _parse(packed.encode() if isinstance(packed, str) else packed)
    status.message = status.message or details
    known_as = str(trailers.get(_REQUEST_ID_KEY, "")) or request_id
    return _build(status, code, method, known_as)


def from_status(
    status: status_pb2.Status,
    method: str = "",
    request_id: str = "",
    usage: usage_pb2.UsageRecord | None = None,
) -> GridError:
    """Return the exception for a status carried inside a message: a batch item, a delivery."""
    error = _build(status, code_name(status.code), method, request_id)
    error.usage = usage
    return error


def code_name(number: int) -> str:
    """Return the name of a gRPC status number; a number of a later version is UNKNOWN."""
    for code in grpc.StatusCode:
        if code.value[0] == number:
            return code.name
    return "UNKNOWN"


def _build(status: status_pb2.Status, code: str, method: str, request_id: str) -> GridError:
    info = _first(status, error_details_pb2.ErrorInfo()) or error_details_pb2.ErrorInfo()
    reason = info.reason if info.domain in (DOMAIN, "") else ""
    family = _BY_REASON.get(reason) or _BY_CODE.get(code, GridError)
    return family(
        status.message,
        code=code,
        reason=reason,
        fields=tuple(_fields(status)),
        retry_after_s=_retry_after_s(status),
        request_id=request_id,
        metadata=dict(info.metadata),
        method=method,
    )


def _trailers(failure: grpc.RpcError) -> dict[str, str | bytes]:
    """Return trailing metadata as a dict; a call that never came through has none."""
    if not hasattr(failure, "trailing_metadata"):
        return {}
    trailers: Any = failure.trailing_metadata() or ()
    return {str(key): value for key, value in trailers}


def _parse(packed: bytes) -> status_pb2.Status:
    try:
        return status_pb2.Status.FromString(packed)
    except DecodeError:  # a proxy in between may send what it likes
        return status_pb2.Status()


def _first(status: status_pb2.Status, into: _Detail) -> _Detail | None:
    """Unpack the first detail of this type; a detail of another type or a broken one is none."""
    for detail in status.details:
        if _is(detail, into):
            return into
    return None


def _is(detail: any_pb2.Any, into: Message) -> bool:
    try:
        return detail.Unpack(into)
    except DecodeError:
        return False


def _fields(status: status_pb2.Status) -> Iterator[FieldViolation]:
    bad = _first(status, error_details_pb2.BadRequest())
    for violation in bad.field_violations if bad else ():
        yield FieldViolation(violation.field, violation.description)


def _retry_after_s(status: status_pb2.Status) -> float | None:
    info = _first(status, error_details_pb2.RetryInfo())
    if info is None:
        return None
    return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
