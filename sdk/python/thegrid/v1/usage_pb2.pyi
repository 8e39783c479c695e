import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SummaryInterval(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUMMARY_INTERVAL_UNSPECIFIED: _ClassVar[SummaryInterval]
    SUMMARY_INTERVAL_HOUR: _ClassVar[SummaryInterval]
    SUMMARY_INTERVAL_DAY: _ClassVar[SummaryInterval]

class SummaryGroup(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUMMARY_GROUP_UNSPECIFIED: _ClassVar[SummaryGroup]
    SUMMARY_GROUP_MODEL: _ClassVar[SummaryGroup]
    SUMMARY_GROUP_KEY: _ClassVar[SummaryGroup]
    SUMMARY_GROUP_INSTRUMENT: _ClassVar[SummaryGroup]
    SUMMARY_GROUP_SUPPLIER: _ClassVar[SummaryGroup]
    SUMMARY_GROUP_VERDICT: _ClassVar[SummaryGroup]

class Verdict(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    VERDICT_UNSPECIFIED: _ClassVar[Verdict]
    VERDICT_IN_SPEC: _ClassVar[Verdict]
    VERDICT_LATE_FIRST_TOKEN: _ClassVar[Verdict]
    VERDICT_TOO_SLOW: _ClassVar[Verdict]
    VERDICT_FAILED: _ClassVar[Verdict]
    VERDICT_CANCELLED_BY_CLIENT: _ClassVar[Verdict]
    VERDICT_CLIENT_FAULT: _ClassVar[Verdict]
    VERDICT_VENUE_FAULT: _ClassVar[Verdict]

class UsageStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    USAGE_STATUS_UNSPECIFIED: _ClassVar[UsageStatus]
    USAGE_STATUS_PENDING: _ClassVar[UsageStatus]
    USAGE_STATUS_FINAL: _ClassVar[UsageStatus]

class DisputeReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPUTE_REASON_UNSPECIFIED: _ClassVar[DisputeReason]
    DISPUTE_REASON_WRONG_COUNT: _ClassVar[DisputeReason]
    DISPUTE_REASON_WRONG_COST: _ClassVar[DisputeReason]
    DISPUTE_REASON_NOT_DELIVERED: _ClassVar[DisputeReason]
    DISPUTE_REASON_OUT_OF_SPEC: _ClassVar[DisputeReason]
    DISPUTE_REASON_WRONG_MODEL: _ClassVar[DisputeReason]
    DISPUTE_REASON_NOT_MINE: _ClassVar[DisputeReason]
    DISPUTE_REASON_OTHER: _ClassVar[DisputeReason]

class DisputeStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPUTE_STATUS_UNSPECIFIED: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_OPEN: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_REFUSED: _ClassVar[DisputeStatus]
    DISPUTE_STATUS_REFUNDED: _ClassVar[DisputeStatus]

class DisputePayer(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISPUTE_PAYER_UNSPECIFIED: _ClassVar[DisputePayer]
    DISPUTE_PAYER_SUPPLIER: _ClassVar[DisputePayer]
    DISPUTE_PAYER_VENUE: _ClassVar[DisputePayer]
SUMMARY_INTERVAL_UNSPECIFIED: SummaryInterval
SUMMARY_INTERVAL_HOUR: SummaryInterval
SUMMARY_INTERVAL_DAY: SummaryInterval
SUMMARY_GROUP_UNSPECIFIED: SummaryGroup
SUMMARY_GROUP_MODEL: SummaryGroup
SUMMARY_GROUP_KEY: SummaryGroup
SUMMARY_GROUP_INSTRUMENT: SummaryGroup
SUMMARY_GROUP_SUPPLIER: SummaryGroup
SUMMARY_GROUP_VERDICT: SummaryGroup
VERDICT_UNSPECIFIED: Verdict
VERDICT_IN_SPEC: Verdict
VERDICT_LATE_FIRST_TOKEN: Verdict
VERDICT_TOO_SLOW: Verdict
VERDICT_FAILED: Verdict
VERDICT_CANCELLED_BY_CLIENT: Verdict
VERDICT_CLIENT_FAULT: Verdict
VERDICT_VENUE_FAULT: Verdict
USAGE_STATUS_UNSPECIFIED: UsageStatus
USAGE_STATUS_PENDING: UsageStatus
USAGE_STATUS_FINAL: UsageStatus
DISPUTE_REASON_UNSPECIFIED: DisputeReason
DISPUTE_REASON_WRONG_COUNT: DisputeReason
DISPUTE_REASON_WRONG_COST: DisputeReason
DISPUTE_REASON_NOT_DELIVERED: DisputeReason
DISPUTE_REASON_OUT_OF_SPEC: DisputeReason
DISPUTE_REASON_WRONG_MODEL: DisputeReason
DISPUTE_REASON_NOT_MINE: DisputeReason
DISPUTE_REASON_OTHER: DisputeReason
DISPUTE_STATUS_UNSPECIFIED: DisputeStatus
DISPUTE_STATUS_OPEN: DisputeStatus
DISPUTE_STATUS_REFUSED: DisputeStatus
DISPUTE_STATUS_REFUNDED: DisputeStatus
DISPUTE_PAYER_UNSPECIFIED: DisputePayer
DISPUTE_PAYER_SUPPLIER: DisputePayer
DISPUTE_PAYER_VENUE: DisputePayer

class GetUsageRequest(_message.Message):
    __slots__ = ("id", "min_position")
    ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    id: str
    min_position: _common_pb2.Position
    def __init__(self, id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("usage", "receipt")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    usage: UsageRecord
    receipt: Receipt
    def __init__(self, usage: _Optional[_Union[UsageRecord, _Mapping]] = ..., receipt: _Optional[_Union[Receipt, _Mapping]] = ...) -> None: ...

class ListUsageRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "instrument", "key_id", "start_time", "end_time", "min_position", "serving_model", "supplier_id", "verdict", "disputed")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    SERVING_MODEL_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    DISPUTED_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    instrument: str
    key_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    serving_model: str
    supplier_id: str
    verdict: Verdict
    disputed: bool
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., instrument: _Optional[str] = ..., key_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., serving_model: _Optional[str] = ..., supplier_id: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., disputed: bool = ...) -> None: ...

class ListUsageResponse(_message.Message):
    __slots__ = ("usage", "next_page_token")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    usage: _containers.RepeatedCompositeFieldContainer[UsageRecord]
    next_page_token: str
    def __init__(self, usage: _Optional[_Iterable[_Union[UsageRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class SummarizeUsageRequest(_message.Message):
    __slots__ = ("start_time", "end_time", "interval", "group_by", "instrument", "key_id", "serving_model", "supplier_id", "verdict", "min_position")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    GROUP_BY_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SERVING_MODEL_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    interval: SummaryInterval
    group_by: _containers.RepeatedScalarFieldContainer[SummaryGroup]
    instrument: str
    key_id: str
    serving_model: str
    supplier_id: str
    verdict: Verdict
    min_position: _common_pb2.Position
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., interval: _Optional[_Union[SummaryInterval, str]] = ..., group_by: _Optional[_Iterable[_Union[SummaryGroup, str]]] = ..., instrument: _Optional[str] = ..., key_id: _Optional[str] = ..., serving_model: _Optional[str] = ..., supplier_id: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class SummarizeUsageResponse(_message.Message):
    __slots__ = ("rows", "totals", "start_time", "end_time")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    rows: _containers.RepeatedCompositeFieldContainer[UsageSummaryRow]
    totals: UsageTotals
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, rows: _Optional[_Iterable[_Union[UsageSummaryRow, _Mapping]]] = ..., totals: _Optional[_Union[UsageTotals, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class UsageSummaryRow(_message.Message):
    __slots__ = ("start_time", "serving_model", "key_id", "instrument_id", "symbol", "supplier_id", "verdict", "totals")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    SERVING_MODEL_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    TOTALS_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    serving_model: str
    key_id: str
    instrument_id: str
    symbol: str
    supplier_id: str
    verdict: Verdict
    totals: UsageTotals
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., serving_model: _Optional[str] = ..., key_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., supplier_id: _Optional[str] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., totals: _Optional[_Union[UsageTotals, _Mapping]] = ...) -> None: ...

class UsageTotals(_message.Message):
    __slots__ = ("calls", "unbilled_calls", "prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens", "billed_tokens", "cost_micros")
    CALLS_FIELD_NUMBER: _ClassVar[int]
    UNBILLED_CALLS_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REASONING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    BILLED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    calls: int
    unbilled_calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    billed_tokens: int
    cost_micros: int
    def __init__(self, calls: _Optional[int] = ..., unbilled_calls: _Optional[int] = ..., prompt_tokens: _Optional[int] = ..., cached_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., reasoning_tokens: _Optional[int] = ..., billed_tokens: _Optional[int] = ..., cost_micros: _Optional[int] = ...) -> None: ...

class UsageRecord(_message.Message):
    __slots__ = ("usage_id", "delivery_id", "client_request_id", "key_id", "instrument_id", "symbol", "spec_version", "metering_version", "requested_model", "serving_model", "supplier_id", "owing_supplier_id", "counted", "reported", "reserved_tokens", "billed_tokens", "draws", "cost_micros", "first_token_us", "duration_us", "throughput_millitokens_per_second", "verdict", "cause", "status", "attempts", "start_time", "settle_time", "stage", "tendered_tokens", "settled_at_deadline", "member_id", "first_token_max_us", "throughput_min_tokens_per_second", "divergence_tokens", "divergent", "venue_paid_micros", "late_report", "dispute", "covered_tokens", "waited_us", "request_digest")
    USAGE_ID_FIELD_NUMBER: _ClassVar[int]
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    SPEC_VERSION_FIELD_NUMBER: _ClassVar[int]
    METERING_VERSION_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_MODEL_FIELD_NUMBER: _ClassVar[int]
    SERVING_MODEL_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    OWING_SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    REPORTED_FIELD_NUMBER: _ClassVar[int]
    RESERVED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    BILLED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    DRAWS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_US_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_MILLITOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    SETTLE_TIME_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    TENDERED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    SETTLED_AT_DEADLINE_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_MAX_US_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_MIN_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    DIVERGENCE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    DIVERGENT_FIELD_NUMBER: _ClassVar[int]
    VENUE_PAID_MICROS_FIELD_NUMBER: _ClassVar[int]
    LATE_REPORT_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    COVERED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    WAITED_US_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    usage_id: str
    delivery_id: str
    client_request_id: str
    key_id: str
    instrument_id: str
    symbol: str
    spec_version: int
    metering_version: int
    requested_model: str
    serving_model: str
    supplier_id: str
    owing_supplier_id: str
    counted: TokenCounts
    reported: TokenCounts
    reserved_tokens: int
    billed_tokens: int
    draws: _containers.RepeatedCompositeFieldContainer[UsageDraw]
    cost_micros: int
    first_token_us: int
    duration_us: int
    throughput_millitokens_per_second: int
    verdict: Verdict
    cause: str
    status: UsageStatus
    attempts: _containers.RepeatedCompositeFieldContainer[DeliveryAttempt]
    start_time: _timestamp_pb2.Timestamp
    settle_time: _timestamp_pb2.Timestamp
    stage: str
    tendered_tokens: int
    settled_at_deadline: bool
    member_id: str
    first_token_max_us: int
    throughput_min_tokens_per_second: int
    divergence_tokens: int
    divergent: bool
    venue_paid_micros: int
    late_report: LateReport
    dispute: UsageDispute
    covered_tokens: int
    waited_us: int
    request_digest: str
    def __init__(self, usage_id: _Optional[str] = ..., delivery_id: _Optional[str] = ..., client_request_id: _Optional[str] = ..., key_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., spec_version: _Optional[int] = ..., metering_version: _Optional[int] = ..., requested_model: _Optional[str] = ..., serving_model: _Optional[str] = ..., supplier_id: _Optional[str] = ..., owing_supplier_id: _Optional[str] = ..., counted: _Optional[_Union[TokenCounts, _Mapping]] = ..., reported: _Optional[_Union[TokenCounts, _Mapping]] = ..., reserved_tokens: _Optional[int] = ..., billed_tokens: _Optional[int] = ..., draws: _Optional[_Iterable[_Union[UsageDraw, _Mapping]]] = ..., cost_micros: _Optional[int] = ..., first_token_us: _Optional[int] = ..., duration_us: _Optional[int] = ..., throughput_millitokens_per_second: _Optional[int] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., cause: _Optional[str] = ..., status: _Optional[_Union[UsageStatus, str]] = ..., attempts: _Optional[_Iterable[_Union[DeliveryAttempt, _Mapping]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., settle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stage: _Optional[str] = ..., tendered_tokens: _Optional[int] = ..., settled_at_deadline: bool = ..., member_id: _Optional[str] = ..., first_token_max_us: _Optional[int] = ..., throughput_min_tokens_per_second: _Optional[int] = ..., divergence_tokens: _Optional[int] = ..., divergent: bool = ..., venue_paid_micros: _Optional[int] = ..., late_report: _Optional[_Union[LateReport, _Mapping]] = ..., dispute: _Optional[_Union[UsageDispute, _Mapping]] = ..., covered_tokens: _Optional[int] = ..., waited_us: _Optional[int] = ..., request_digest: _Optional[str] = ...) -> None: ...

class LateReport(_message.Message):
    __slots__ = ("verdict", "cause", "supplier_id", "counted", "reported", "billable_tokens", "report_time", "usage_id")
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    COUNTED_FIELD_NUMBER: _ClassVar[int]
    REPORTED_FIELD_NUMBER: _ClassVar[int]
    BILLABLE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REPORT_TIME_FIELD_NUMBER: _ClassVar[int]
    USAGE_ID_FIELD_NUMBER: _ClassVar[int]
    verdict: Verdict
    cause: str
    supplier_id: str
    counted: TokenCounts
    reported: TokenCounts
    billable_tokens: int
    report_time: _timestamp_pb2.Timestamp
    usage_id: str
    def __init__(self, verdict: _Optional[_Union[Verdict, str]] = ..., cause: _Optional[str] = ..., supplier_id: _Optional[str] = ..., counted: _Optional[_Union[TokenCounts, _Mapping]] = ..., reported: _Optional[_Union[TokenCounts, _Mapping]] = ..., billable_tokens: _Optional[int] = ..., report_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., usage_id: _Optional[str] = ...) -> None: ...

class UsageDispute(_message.Message):
    __slots__ = ("dispute_id", "usage_id", "member_id", "supplier_id", "instrument_id", "reason", "status", "cost_micros", "refunded_micros", "shortfall_micros", "payments", "resolution", "open_time", "resolve_time")
    DISPUTE_ID_FIELD_NUMBER: _ClassVar[int]
    USAGE_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_MICROS_FIELD_NUMBER: _ClassVar[int]
    SHORTFALL_MICROS_FIELD_NUMBER: _ClassVar[int]
    PAYMENTS_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    OPEN_TIME_FIELD_NUMBER: _ClassVar[int]
    RESOLVE_TIME_FIELD_NUMBER: _ClassVar[int]
    dispute_id: str
    usage_id: str
    member_id: str
    supplier_id: str
    instrument_id: str
    reason: DisputeReason
    status: DisputeStatus
    cost_micros: int
    refunded_micros: int
    shortfall_micros: int
    payments: _containers.RepeatedCompositeFieldContainer[DisputePayment]
    resolution: str
    open_time: _timestamp_pb2.Timestamp
    resolve_time: _timestamp_pb2.Timestamp
    def __init__(self, dispute_id: _Optional[str] = ..., usage_id: _Optional[str] = ..., member_id: _Optional[str] = ..., supplier_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., reason: _Optional[_Union[DisputeReason, str]] = ..., status: _Optional[_Union[DisputeStatus, str]] = ..., cost_micros: _Optional[int] = ..., refunded_micros: _Optional[int] = ..., shortfall_micros: _Optional[int] = ..., payments: _Optional[_Iterable[_Union[DisputePayment, _Mapping]]] = ..., resolution: _Optional[str] = ..., open_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., resolve_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DisputePayment(_message.Message):
    __slots__ = ("owner", "account", "amount_micros")
    OWNER_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    owner: str
    account: str
    amount_micros: int
    def __init__(self, owner: _Optional[str] = ..., account: _Optional[str] = ..., amount_micros: _Optional[int] = ...) -> None: ...

class DisputeUsageRequest(_message.Message):
    __slots__ = ("request_id", "id", "reason")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: str
    reason: DisputeReason
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[str] = ..., reason: _Optional[_Union[DisputeReason, str]] = ...) -> None: ...

class DisputeUsageResponse(_message.Message):
    __slots__ = ("dispute", "position")
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    dispute: UsageDispute
    position: _common_pb2.Position
    def __init__(self, dispute: _Optional[_Union[UsageDispute, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class Receipt(_message.Message):
    __slots__ = ("body", "key_id", "signature")
    BODY_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    body: bytes
    key_id: str
    signature: bytes
    def __init__(self, body: _Optional[bytes] = ..., key_id: _Optional[str] = ..., signature: _Optional[bytes] = ...) -> None: ...

class ReceiptBody(_message.Message):
    __slots__ = ("usage", "issue_time")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    ISSUE_TIME_FIELD_NUMBER: _ClassVar[int]
    usage: UsageRecord
    issue_time: _timestamp_pb2.Timestamp
    def __init__(self, usage: _Optional[_Union[UsageRecord, _Mapping]] = ..., issue_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReceiptKey(_message.Message):
    __slots__ = ("key_id", "public_key", "start_time", "end_time")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    key_id: str
    public_key: bytes
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, key_id: _Optional[str] = ..., public_key: _Optional[bytes] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListReceiptKeysRequest(_message.Message):
    __slots__ = ("min_position",)
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    min_position: _common_pb2.Position
    def __init__(self, min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListReceiptKeysResponse(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[ReceiptKey]
    def __init__(self, keys: _Optional[_Iterable[_Union[ReceiptKey, _Mapping]]] = ...) -> None: ...

class TokenCounts(_message.Message):
    __slots__ = ("prompt_tokens", "cached_tokens", "completion_tokens", "reasoning_tokens")
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CACHED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    COMPLETION_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REASONING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    def __init__(self, prompt_tokens: _Optional[int] = ..., cached_tokens: _Optional[int] = ..., completion_tokens: _Optional[int] = ..., reasoning_tokens: _Optional[int] = ...) -> None: ...

class UsageDraw(_message.Message):
    __slots__ = ("lot_id", "issuer_id", "cost_trade_id", "cost_price_micros", "tokens", "cost_micros", "parcel_number", "issue_trade_id")
    LOT_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUER_ID_FIELD_NUMBER: _ClassVar[int]
    COST_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    COST_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    PARCEL_NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUE_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    lot_id: str
    issuer_id: str
    cost_trade_id: str
    cost_price_micros: int
    tokens: int
    cost_micros: int
    parcel_number: int
    issue_trade_id: str
    def __init__(self, lot_id: _Optional[str] = ..., issuer_id: _Optional[str] = ..., cost_trade_id: _Optional[str] = ..., cost_price_micros: _Optional[int] = ..., tokens: _Optional[int] = ..., cost_micros: _Optional[int] = ..., parcel_number: _Optional[int] = ..., issue_trade_id: _Optional[str] = ...) -> None: ...

class DeliveryAttempt(_message.Message):
    __slots__ = ("supplier_id", "outcome", "first_token_us", "duration_us", "is_hedge", "ask_price_micros")
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_US_FIELD_NUMBER: _ClassVar[int]
    DURATION_US_FIELD_NUMBER: _ClassVar[int]
    IS_HEDGE_FIELD_NUMBER: _ClassVar[int]
    ASK_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    supplier_id: str
    outcome: str
    first_token_us: int
    duration_us: int
    is_hedge: bool
    ask_price_micros: int
    def __init__(self, supplier_id: _Optional[str] = ..., outcome: _Optional[str] = ..., first_token_us: _Optional[int] = ..., duration_us: _Optional[int] = ..., is_hedge: bool = ..., ask_price_micros: _Optional[int] = ...) -> None: ...
