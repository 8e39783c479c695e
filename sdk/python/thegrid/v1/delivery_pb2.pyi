import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.rpc import status_pb2 as _status_pb2
from thegrid.v1 import chat_pb2 as _chat_pb2
from thegrid.v1 import embeddings_pb2 as _embeddings_pb2
from thegrid.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RequestKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REQUEST_KIND_UNSPECIFIED: _ClassVar[RequestKind]
    REQUEST_KIND_CHAT: _ClassVar[RequestKind]
    REQUEST_KIND_EMBEDDING: _ClassVar[RequestKind]
REQUEST_KIND_UNSPECIFIED: RequestKind
REQUEST_KIND_CHAT: RequestKind
REQUEST_KIND_EMBEDDING: RequestKind

class CountTokensRequest(_message.Message):
    __slots__ = ("instrument", "request", "embedding")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    request: _chat_pb2.ChatRequest
    embedding: _embeddings_pb2.EmbeddingRequest
    def __init__(self, instrument: _Optional[str] = ..., request: _Optional[_Union[_chat_pb2.ChatRequest, _Mapping]] = ..., embedding: _Optional[_Union[_embeddings_pb2.EmbeddingRequest, _Mapping]] = ...) -> None: ...

class CountTokensResponse(_message.Message):
    __slots__ = ("prompt_tokens", "instrument_id", "spec_version", "metering_version", "tokenizer")
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_VERSION_FIELD_NUMBER: _ClassVar[int]
    METERING_VERSION_FIELD_NUMBER: _ClassVar[int]
    TOKENIZER_FIELD_NUMBER: _ClassVar[int]
    prompt_tokens: int
    instrument_id: str
    spec_version: int
    metering_version: int
    tokenizer: str
    def __init__(self, prompt_tokens: _Optional[int] = ..., instrument_id: _Optional[str] = ..., spec_version: _Optional[int] = ..., metering_version: _Optional[int] = ..., tokenizer: _Optional[str] = ...) -> None: ...

class CancelDeliveryRequest(_message.Message):
    __slots__ = ("request_id", "id")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    id: str
    def __init__(self, request_id: _Optional[str] = ..., id: _Optional[str] = ...) -> None: ...

class CancelDeliveryResponse(_message.Message):
    __slots__ = ("usage_id",)
    USAGE_ID_FIELD_NUMBER: _ClassVar[int]
    usage_id: str
    def __init__(self, usage_id: _Optional[str] = ...) -> None: ...

class DeliverRequest(_message.Message):
    __slots__ = ("open",)
    OPEN_FIELD_NUMBER: _ClassVar[int]
    open: Open
    def __init__(self, open: _Optional[_Union[Open, _Mapping]] = ...) -> None: ...

class DeliverResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[DeliveryEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[DeliveryEvent, _Mapping]]] = ...) -> None: ...

class DeliverySessionRequest(_message.Message):
    __slots__ = ("commands",)
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    commands: _containers.RepeatedCompositeFieldContainer[DeliveryCommand]
    def __init__(self, commands: _Optional[_Iterable[_Union[DeliveryCommand, _Mapping]]] = ...) -> None: ...

class DeliverySessionResponse(_message.Message):
    __slots__ = ("events", "draining")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[DeliveryEvent]
    draining: bool
    def __init__(self, events: _Optional[_Iterable[_Union[DeliveryEvent, _Mapping]]] = ..., draining: bool = ...) -> None: ...

class DeliveryCommand(_message.Message):
    __slots__ = ("call", "open", "part", "window", "cancel")
    CALL_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    call: int
    open: Open
    part: RequestPart
    window: WindowGrant
    cancel: Cancel
    def __init__(self, call: _Optional[int] = ..., open: _Optional[_Union[Open, _Mapping]] = ..., part: _Optional[_Union[RequestPart, _Mapping]] = ..., window: _Optional[_Union[WindowGrant, _Mapping]] = ..., cancel: _Optional[_Union[Cancel, _Mapping]] = ...) -> None: ...

class Open(_message.Message):
    __slots__ = ("delivery_id", "credential", "instrument", "request", "parts_bytes", "window_bytes", "preferences", "client_request_id", "include_usage", "traceparent", "embedding", "parts_kind", "request_digest")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    PARTS_BYTES_FIELD_NUMBER: _ClassVar[int]
    WINDOW_BYTES_FIELD_NUMBER: _ClassVar[int]
    PREFERENCES_FIELD_NUMBER: _ClassVar[int]
    CLIENT_REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_USAGE_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    PARTS_KIND_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    credential: str
    instrument: str
    request: _chat_pb2.ChatRequest
    parts_bytes: int
    window_bytes: int
    preferences: DeliveryPreferences
    client_request_id: str
    include_usage: bool
    traceparent: str
    embedding: _embeddings_pb2.EmbeddingRequest
    parts_kind: RequestKind
    request_digest: str
    def __init__(self, delivery_id: _Optional[str] = ..., credential: _Optional[str] = ..., instrument: _Optional[str] = ..., request: _Optional[_Union[_chat_pb2.ChatRequest, _Mapping]] = ..., parts_bytes: _Optional[int] = ..., window_bytes: _Optional[int] = ..., preferences: _Optional[_Union[DeliveryPreferences, _Mapping]] = ..., client_request_id: _Optional[str] = ..., include_usage: bool = ..., traceparent: _Optional[str] = ..., embedding: _Optional[_Union[_embeddings_pb2.EmbeddingRequest, _Mapping]] = ..., parts_kind: _Optional[_Union[RequestKind, str]] = ..., request_digest: _Optional[str] = ...) -> None: ...

class DeliveryPreferences(_message.Message):
    __slots__ = ("max_price_micros", "only_supplier_ids", "ignore_supplier_ids", "order_supplier_ids", "allow_fallbacks", "data_policies", "regions", "models", "hedge_after_percent")
    MAX_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    ONLY_SUPPLIER_IDS_FIELD_NUMBER: _ClassVar[int]
    IGNORE_SUPPLIER_IDS_FIELD_NUMBER: _ClassVar[int]
    ORDER_SUPPLIER_IDS_FIELD_NUMBER: _ClassVar[int]
    ALLOW_FALLBACKS_FIELD_NUMBER: _ClassVar[int]
    DATA_POLICIES_FIELD_NUMBER: _ClassVar[int]
    REGIONS_FIELD_NUMBER: _ClassVar[int]
    MODELS_FIELD_NUMBER: _ClassVar[int]
    HEDGE_AFTER_PERCENT_FIELD_NUMBER: _ClassVar[int]
    max_price_micros: int
    only_supplier_ids: _containers.RepeatedScalarFieldContainer[str]
    ignore_supplier_ids: _containers.RepeatedScalarFieldContainer[str]
    order_supplier_ids: _containers.RepeatedScalarFieldContainer[str]
    allow_fallbacks: bool
    data_policies: _containers.RepeatedScalarFieldContainer[str]
    regions: _containers.RepeatedScalarFieldContainer[str]
    models: _containers.RepeatedScalarFieldContainer[str]
    hedge_after_percent: int
    def __init__(self, max_price_micros: _Optional[int] = ..., only_supplier_ids: _Optional[_Iterable[str]] = ..., ignore_supplier_ids: _Optional[_Iterable[str]] = ..., order_supplier_ids: _Optional[_Iterable[str]] = ..., allow_fallbacks: bool = ..., data_policies: _Optional[_Iterable[str]] = ..., regions: _Optional[_Iterable[str]] = ..., models: _Optional[_Iterable[str]] = ..., hedge_after_percent: _Optional[int] = ...) -> None: ...

class RequestPart(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class WindowGrant(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: int
    def __init__(self, bytes: _Optional[int] = ...) -> None: ...

class Cancel(_message.Message):
    __slots__ = ("reason",)
    REASON_FIELD_NUMBER: _ClassVar[int]
    reason: str
    def __init__(self, reason: _Optional[str] = ...) -> None: ...

class DeliveryEvent(_message.Message):
    __slots__ = ("call", "started", "reply", "ended", "failed", "window", "embedding")
    CALL_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    ENDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    call: int
    started: DeliveryStarted
    reply: _chat_pb2.ChatReply
    ended: DeliveryEnded
    failed: DeliveryFailed
    window: WindowGrant
    embedding: _embeddings_pb2.EmbeddingReply
    def __init__(self, call: _Optional[int] = ..., started: _Optional[_Union[DeliveryStarted, _Mapping]] = ..., reply: _Optional[_Union[_chat_pb2.ChatReply, _Mapping]] = ..., ended: _Optional[_Union[DeliveryEnded, _Mapping]] = ..., failed: _Optional[_Union[DeliveryFailed, _Mapping]] = ..., window: _Optional[_Union[WindowGrant, _Mapping]] = ..., embedding: _Optional[_Union[_embeddings_pb2.EmbeddingReply, _Mapping]] = ...) -> None: ...

class DeliveryStarted(_message.Message):
    __slots__ = ("usage_id", "supplier_id", "serving_model", "instrument_id", "spec_version", "prompt_tokens", "requests_limit", "tokens_limit", "spend_limit")
    USAGE_ID_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    SERVING_MODEL_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SPEC_VERSION_FIELD_NUMBER: _ClassVar[int]
    PROMPT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_LIMIT_FIELD_NUMBER: _ClassVar[int]
    TOKENS_LIMIT_FIELD_NUMBER: _ClassVar[int]
    SPEND_LIMIT_FIELD_NUMBER: _ClassVar[int]
    usage_id: str
    supplier_id: str
    serving_model: str
    instrument_id: str
    spec_version: int
    prompt_tokens: int
    requests_limit: RateLimit
    tokens_limit: RateLimit
    spend_limit: RateLimit
    def __init__(self, usage_id: _Optional[str] = ..., supplier_id: _Optional[str] = ..., serving_model: _Optional[str] = ..., instrument_id: _Optional[str] = ..., spec_version: _Optional[int] = ..., prompt_tokens: _Optional[int] = ..., requests_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., tokens_limit: _Optional[_Union[RateLimit, _Mapping]] = ..., spend_limit: _Optional[_Union[RateLimit, _Mapping]] = ...) -> None: ...

class RateLimit(_message.Message):
    __slots__ = ("limit", "remaining", "reset_after")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    RESET_AFTER_FIELD_NUMBER: _ClassVar[int]
    limit: int
    remaining: int
    reset_after: _duration_pb2.Duration
    def __init__(self, limit: _Optional[int] = ..., remaining: _Optional[int] = ..., reset_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class DeliveryEnded(_message.Message):
    __slots__ = ("reply", "usage", "receipt")
    REPLY_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    reply: _chat_pb2.ChatReply
    usage: _usage_pb2.UsageRecord
    receipt: _usage_pb2.Receipt
    def __init__(self, reply: _Optional[_Union[_chat_pb2.ChatReply, _Mapping]] = ..., usage: _Optional[_Union[_usage_pb2.UsageRecord, _Mapping]] = ..., receipt: _Optional[_Union[_usage_pb2.Receipt, _Mapping]] = ...) -> None: ...

class DeliveryFailed(_message.Message):
    __slots__ = ("status", "usage", "receipt")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FIELD_NUMBER: _ClassVar[int]
    status: _status_pb2.Status
    usage: _usage_pb2.UsageRecord
    receipt: _usage_pb2.Receipt
    def __init__(self, status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ..., usage: _Optional[_Union[_usage_pb2.UsageRecord, _Mapping]] = ..., receipt: _Optional[_Union[_usage_pb2.Receipt, _Mapping]] = ...) -> None: ...
