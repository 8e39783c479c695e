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

class GetUsageRequest(_message.Message):
    __slots__ = ("id", "min_position")
    ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    id: str
    min_position: _common_pb2.Position
    def __init__(self, id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetUsageResponse(_message.Message):
    __slots__ = ("usage",)
    USAGE_FIELD_NUMBER: _ClassVar[int]
    usage: UsageRecord
    def __init__(self, usage: _Optional[_Union[UsageRecord, _Mapping]] = ...) -> None: ...

class ListUsageRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "instrument", "key_id", "start_time", "end_time", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    instrument: str
    key_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., instrument: _Optional[str] = ..., key_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListUsageResponse(_message.Message):
    __slots__ = ("usage", "next_page_token")
    USAGE_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    usage: _containers.RepeatedCompositeFieldContainer[UsageRecord]
    next_page_token: str
    def __init__(self, usage: _Optional[_Iterable[_Union[UsageRecord, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class UsageRecord(_message.Message):
    __slots__ = ("usage_id", "delivery_id", "client_request_id", "key_id", "instrument_id", "symbol", "spec_version", "metering_version", "requested_model", "serving_model", "supplier_id", "owing_supplier_id", "counted", "reported", "reserved_tokens", "billed_tokens", "draws", "cost_micros", "first_token_us", "duration_us", "throughput_millitokens_per_second", "verdict", "cause", "status", "attempts", "start_time", "settle_time", "stage", "tendered_tokens", "settled_at_deadline", "covered_tokens", "waited_us")
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
    COVERED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    WAITED_US_FIELD_NUMBER: _ClassVar[int]
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
    covered_tokens: int
    waited_us: int
    def __init__(self, usage_id: _Optional[str] = ..., delivery_id: _Optional[str] = ..., client_request_id: _Optional[str] = ..., key_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., spec_version: _Optional[int] = ..., metering_version: _Optional[int] = ..., requested_model: _Optional[str] = ..., serving_model: _Optional[str] = ..., supplier_id: _Optional[str] = ..., owing_supplier_id: _Optional[str] = ..., counted: _Optional[_Union[TokenCounts, _Mapping]] = ..., reported: _Optional[_Union[TokenCounts, _Mapping]] = ..., reserved_tokens: _Optional[int] = ..., billed_tokens: _Optional[int] = ..., draws: _Optional[_Iterable[_Union[UsageDraw, _Mapping]]] = ..., cost_micros: _Optional[int] = ..., first_token_us: _Optional[int] = ..., duration_us: _Optional[int] = ..., throughput_millitokens_per_second: _Optional[int] = ..., verdict: _Optional[_Union[Verdict, str]] = ..., cause: _Optional[str] = ..., status: _Optional[_Union[UsageStatus, str]] = ..., attempts: _Optional[_Iterable[_Union[DeliveryAttempt, _Mapping]]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., settle_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., stage: _Optional[str] = ..., tendered_tokens: _Optional[int] = ..., settled_at_deadline: bool = ..., covered_tokens: _Optional[int] = ..., waited_us: _Optional[int] = ...) -> None: ...

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
    __slots__ = ("lot_id", "issuer_id", "cost_trade_id", "cost_price_micros", "tokens", "cost_micros")
    LOT_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUER_ID_FIELD_NUMBER: _ClassVar[int]
    COST_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    COST_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    lot_id: str
    issuer_id: str
    cost_trade_id: str
    cost_price_micros: int
    tokens: int
    cost_micros: int
    def __init__(self, lot_id: _Optional[str] = ..., issuer_id: _Optional[str] = ..., cost_trade_id: _Optional[str] = ..., cost_price_micros: _Optional[int] = ..., tokens: _Optional[int] = ..., cost_micros: _Optional[int] = ...) -> None: ...

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
