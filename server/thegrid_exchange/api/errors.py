"""Refusals as the wire knows them: one table from reason to status code, and the rich details.

Which refusals there are is said by errors.proto; when each is given, by the rules and the handlers.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, NoReturn, cast

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2
from google.rpc.status_pb2 import Status

from thegrid_exchange.engine.refusals import Reason, Refusal, Refused

DOMAIN: Final = "thegrid"

MESSAGE_BYTES: Final = 1_000
VIOLATIONS_BYTES: Final = 1_500
VIOLATION_PART_BYTES: Final = 300
"""gRPC drops a call whose trailers exceed 8 KiB, and writes what is no ASCII at three times."""

_Code = grpc.StatusCode

_REASONS_OF_CODE: Final[dict[grpc.StatusCode, str]] = {
    _Code.INVALID_ARGUMENT: (
        "INVALID_ARGUMENT PAGE_TOKEN_INVALID RESUME_TOKEN_INVALID POLICY_INVALID PRICE_OFF_TICK "
        "PRICE_OUT_OF_RANGE QUANTITY_OUT_OF_RANGE ORDER_TERMS_INVALID CONTEXT_EXCEEDED "
        "CONTENT_REFUSED FIELD_NOT_HONOURED CLIENT_FAULT PROTOCOL_VIOLATION "
        "WEBHOOK_URL_REFUSED WRONG_REQUEST_KIND"
    ),
    _Code.ALREADY_EXISTS: (
        "REQUEST_CONFLICT INSTRUMENT_EXISTS CLIENT_ORDER_ID_TAKEN DELIVERY_EXISTS ALREADY_OPEN "
        "DISPUTE_EXISTS"
    ),
    _Code.NOT_FOUND: (
        "KEY_NOT_FOUND INSTRUMENT_NOT_FOUND MARKET_NOT_FOUND MEMBER_NOT_FOUND ORDER_NOT_FOUND "
        "LOT_NOT_FOUND TRANSFER_NOT_FOUND DELIVERY_NOT_FOUND USAGE_NOT_FOUND OFFER_NOT_FOUND "
        "FEE_TIER_NOT_FOUND METERING_POLICY_NOT_FOUND DISPUTE_NOT_FOUND "
        "INDEX_NOT_FOUND WEBHOOK_NOT_FOUND BENCHMARK_NOT_FOUND"
    ),
    _Code.UNAUTHENTICATED: ("KEY_MISSING KEY_UNKNOWN KEY_REVOKED KEY_EXPIRED SIGNATURE_INVALID"),
    _Code.PERMISSION_DENIED: (
        "SCOPE_MISSING MEMBER_SUSPENDED ROLE_MISSING SUPPLIER_NOT_ADMITTED INSTRUMENT_NOT_ALLOWED "
        "KEY_ABOVE_PARENT SELF_ADMISSION_CLOSED"
    ),
    _Code.RESOURCE_EXHAUSTED: (
        "TOO_LARGE RATE_LIMITED KEY_LIMIT OPEN_ORDER_LIMIT STREAM_LIMIT READER_TOO_SLOW SATURATED "
        "OVERLOADED DISPUTE_LIMIT SPEND_LIMIT_REACHED WEBHOOK_LIMIT"
    ),
    _Code.FAILED_PRECONDITION: (
        "REQUEST_EXPIRED MARKET_NOT_OPEN INSUFFICIENT_FUNDS INSUFFICIENT_UNITS NO_LIQUIDITY "
        "ABOVE_CEILING PRICE_OUT_OF_BAND POST_ONLY_WOULD_CROSS FILL_OR_KILL ORDER_TOO_LATE "
        "ORDER_CLOSED WORK_LIMIT DELIVERY_CLOSED CAPACITY_EXCEEDED OFFER_BELOW_SPEC "
        "COMMAND_QUARANTINED SUPPLIER_ON_PROBATION SUPPLIER_NOT_CONNECTED BENCHMARK_RUNNING "
        "DISPUTE_TOO_LATE DISPUTE_CLOSED USAGE_PENDING "
        "COLLATERAL_SHORT"
    ),
    _Code.ABORTED: "BATCH_UNDONE RESERVATION_ENDED DELIVERY_CANCELLED",
    _Code.UNAVAILABLE: (
        "DRAINING MARKET_SWEEPING NO_SUPPLIER SUPPLIER_LOST SUPPLIER_FAILED FIRST_TOKEN_LATE"
    ),
    _Code.DEADLINE_EXCEEDED: "DEADLINE_EXCEEDED",
    _Code.INTERNAL: "INTERNAL VENUE_FAULT",
}

CODES: Final[dict[str, grpc.StatusCode]] = {
    reason: code for code, reasons in _REASONS_OF_CODE.items() for reason in reasons.split()
}
"""The status code of every reason; a test holds it against errors.proto."""


class Violation(NamedTuple):
    """One field that does not keep to the contract; `rule` is the id of the rule it breaks."""

    field: str
    description: str
    rule: str = ""


class InvalidRequest(Exception):
    """Raised for a request whose fields have a wrong shape, type or range."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("; ".join(f"{each.field}: {each.description}" for each in violations))
        self.violations = tuple(violations)


class RefusedAtEdge(Refused):
    """A refusal that carries further facts for the client, such as the scope that is missing."""

    def __init__(self, refusal: Refusal, metadata: dict[str, str]) -> None:
        super().__init__(refusal)
        self.metadata = metadata


def refusal(
    reason: str,
    field: str,
    message: str,
    *,
    limit: int | None = None,
    value: int | None = None,
    retry_after_us: int | None = None,
) -> Refusal:
    """A refusal with any reason of errors.proto; the engine's own type names only its share."""
    return Refusal(cast(Reason, reason), field, message, limit, value, retry_after_us)


def refused(reason: str, field: str, message: str, **facts: Any) -> Refused:
    """The exception that a handler raises; the interceptor turns it into a status."""
    metadata = facts.pop("metadata", None)
    made = refusal(reason, field, message, **facts)
    return Refused(made) if metadata is None else RefusedAtEdge(made, metadata)


def invalid(field: str, description: str, rule: str = "") -> InvalidRequest:
    """The exception for one field at fault."""
    return InvalidRequest([Violation(field, description, rule)])


def code_of(reason: str) -> grpc.StatusCode:
    """The status code of a reason; UNKNOWN never happens for a reason of the contract."""
    return CODES.get(reason, _Code.UNKNOWN)


def status_of(refusal: Refusal, metadata: dict[str, str] | None = None) -> Status:
    """A refusal as `google.rpc.Status` with ErrorInfo, and BadRequest and RetryInfo where due."""
    info = error_details_pb2.ErrorInfo(reason=refusal.reason, domain=DOMAIN)
    if metadata:
        info.metadata.update(metadata)
    if refusal.limit is not None:
        info.metadata["limit"] = str(refusal.limit)
    if refusal.value is not None:
        info.metadata["value"] = str(refusal.value)
    details: list[Any] = [info]
    if refusal.field:
        info.metadata["field"] = refusal.field
        violation = Violation(refusal.field, refusal.message, refusal.reason)
        details.append(_bad_request(_within_trailers([violation])))
    if refusal.retry_after_us is not None:
        details.append(_retry_info(refusal.retry_after_us))
    return _status(code_of(refusal.reason), refusal.message, details)


def status_of_violations(violations: Sequence[Violation]) -> Status:
    """The status of a request with fields at fault, as many of them named as trailers hold."""
    named = _within_trailers(violations)
    message = "; ".join(f"{each.field}: {each.description}" for each in named[:8])
    info = error_details_pb2.ErrorInfo(reason="INVALID_ARGUMENT", domain=DOMAIN)
    if len(named) < len(violations):
        info.metadata["violations"] = str(len(violations))
    return _status(_Code.INVALID_ARGUMENT, message, [info, _bad_request(named)])


def _within_trailers(violations: Sequence[Violation]) -> list[Violation]:
    """The first violations, cut so that gRPC carries them: beyond 8 KiB it drops the call."""
    named: list[Violation] = []
    room_bytes = VIOLATIONS_BYTES
    for violation in violations:
        short = Violation(*(_cut(part, VIOLATION_PART_BYTES) for part in violation))
        room_bytes -= sum(len(part.encode()) for part in short)
        if named and room_bytes < 0:
            break
        named.append(short)
    return named


def _cut(text: str, most_bytes: int) -> str:
    """The text, or as many whole letters of it as fit."""
    return text.encode()[:most_bytes].decode(errors="ignore")


def status_of_error(error: Exception) -> Status | None:
    """The status of an exception that a handler may raise on purpose; None for any other."""
    if isinstance(error, InvalidRequest):
        return status_of_violations(error.violations)
    if isinstance(error, Refused):
        return status_of(error.refusal, getattr(error, "metadata", None))
    return None


def _bad_request(violations: Sequence[Violation]) -> error_details_pb2.BadRequest:
    return error_details_pb2.BadRequest(
        field_violations=[
            error_details_pb2.BadRequest.FieldViolation(
                field=each.field, description=each.description, reason=each.rule
            )
            for each in violations
        ]
    )


def _retry_info(retry_after_us: int) -> error_details_pb2.RetryInfo:
    info = error_details_pb2.RetryInfo()
    info.retry_delay.FromMicroseconds(retry_after_us)
    return info


def _status(code: grpc.StatusCode, message: str, details: Sequence[Any]) -> Status:
    status = Status(code=code.value[0], message=message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    return status


_CODE_OF_NUMBER: Final = {code.value[0]: code for code in grpc.StatusCode}


async def abort(context: Any, refusal: Refusal, metadata: dict[str, str] | None = None) -> NoReturn:
    """End the call with a refusal."""
    await abort_with(context, status_of(refusal, metadata))


async def abort_with(context: Any, status: Status, *trailers: tuple[str, str]) -> NoReturn:
    """End the call with a status, its details in the trailers, and further trailers."""
    status.message = _cut(status.message, MESSAGE_BYTES)
    details = ("grpc-status-details-bin", status.SerializeToString())
    await context.abort(_CODE_OF_NUMBER[status.code], status.message, (details, *trailers))
    raise AssertionError("abort always raises")
