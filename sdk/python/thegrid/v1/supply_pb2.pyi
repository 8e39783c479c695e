import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from thegrid.v1 import chat_pb2 as _chat_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from thegrid.v1 import delivery_pb2 as _delivery_pb2
from thegrid.v1 import embeddings_pb2 as _embeddings_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class SupplierFailureKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPPLIER_FAILURE_KIND_UNSPECIFIED: _ClassVar[SupplierFailureKind]
    SUPPLIER_FAILURE_KIND_REFUSED: _ClassVar[SupplierFailureKind]
    SUPPLIER_FAILURE_KIND_CLIENT_FAULT: _ClassVar[SupplierFailureKind]
    SUPPLIER_FAILURE_KIND_FAILED: _ClassVar[SupplierFailureKind]
SUPPLIER_FAILURE_KIND_UNSPECIFIED: SupplierFailureKind
SUPPLIER_FAILURE_KIND_REFUSED: SupplierFailureKind
SUPPLIER_FAILURE_KIND_CLIENT_FAULT: SupplierFailureKind
SUPPLIER_FAILURE_KIND_FAILED: SupplierFailureKind

class Offer(_message.Message):
    __slots__ = ("instrument_id", "symbol", "terms", "update_time", "spec_version", "shortfalls")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    SPEC_VERSION_FIELD_NUMBER: _ClassVar[int]
    SHORTFALLS_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    symbol: str
    terms: OfferTerms
    update_time: _timestamp_pb2.Timestamp
    spec_version: int
    shortfalls: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., terms: _Optional[_Union[OfferTerms, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., spec_version: _Optional[int] = ..., shortfalls: _Optional[_Iterable[str]] = ...) -> None: ...

class OfferTerms(_message.Message):
    __slots__ = ("model", "capabilities", "context_tokens", "output_tokens", "concurrent_deliveries", "throughput_tokens_per_second", "region", "data_policy", "quality_milli", "first_token_us", "honoured_fields", "embedding_space")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    CONTEXT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    THROUGHPUT_TOKENS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    REGION_FIELD_NUMBER: _ClassVar[int]
    DATA_POLICY_FIELD_NUMBER: _ClassVar[int]
    QUALITY_MILLI_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_US_FIELD_NUMBER: _ClassVar[int]
    HONOURED_FIELDS_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_SPACE_FIELD_NUMBER: _ClassVar[int]
    model: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    context_tokens: int
    output_tokens: int
    concurrent_deliveries: int
    throughput_tokens_per_second: int
    region: str
    data_policy: str
    quality_milli: int
    first_token_us: int
    honoured_fields: _containers.RepeatedScalarFieldContainer[str]
    embedding_space: str
    def __init__(self, model: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., context_tokens: _Optional[int] = ..., output_tokens: _Optional[int] = ..., concurrent_deliveries: _Optional[int] = ..., throughput_tokens_per_second: _Optional[int] = ..., region: _Optional[str] = ..., data_policy: _Optional[str] = ..., quality_milli: _Optional[int] = ..., first_token_us: _Optional[int] = ..., honoured_fields: _Optional[_Iterable[str]] = ..., embedding_space: _Optional[str] = ...) -> None: ...

class RegisterOfferRequest(_message.Message):
    __slots__ = ("request_id", "instrument", "terms")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    terms: OfferTerms
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ..., terms: _Optional[_Union[OfferTerms, _Mapping]] = ...) -> None: ...

class RegisterOfferResponse(_message.Message):
    __slots__ = ("offer", "position")
    OFFER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    offer: Offer
    position: _common_pb2.Position
    def __init__(self, offer: _Optional[_Union[Offer, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class WithdrawOfferRequest(_message.Message):
    __slots__ = ("request_id", "instrument")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ...) -> None: ...

class WithdrawOfferResponse(_message.Message):
    __slots__ = ("position",)
    POSITION_FIELD_NUMBER: _ClassVar[int]
    position: _common_pb2.Position
    def __init__(self, position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListOffersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListOffersResponse(_message.Message):
    __slots__ = ("offers", "next_page_token")
    OFFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    offers: _containers.RepeatedCompositeFieldContainer[Offer]
    next_page_token: str
    def __init__(self, offers: _Optional[_Iterable[_Union[Offer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class IssueUnitsRequest(_message.Message):
    __slots__ = ("request_id", "instrument", "quantity_units")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    quantity_units: int
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ..., quantity_units: _Optional[int] = ...) -> None: ...

class IssueUnitsResponse(_message.Message):
    __slots__ = ("supply", "position")
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    supply: SupplyPosition
    position: _common_pb2.Position
    def __init__(self, supply: _Optional[_Union[SupplyPosition, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class RetireUnitsRequest(_message.Message):
    __slots__ = ("request_id", "instrument", "quantity_units")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    quantity_units: int
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ..., quantity_units: _Optional[int] = ...) -> None: ...

class RetireUnitsResponse(_message.Message):
    __slots__ = ("supply", "position")
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    supply: SupplyPosition
    position: _common_pb2.Position
    def __init__(self, supply: _Optional[_Union[SupplyPosition, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetSupplyRequest(_message.Message):
    __slots__ = ("min_position", "member_id")
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    MEMBER_ID_FIELD_NUMBER: _ClassVar[int]
    min_position: _common_pb2.Position
    member_id: str
    def __init__(self, min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., member_id: _Optional[str] = ...) -> None: ...

class GetSupplyResponse(_message.Message):
    __slots__ = ("supplies", "collateral")
    SUPPLIES_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_FIELD_NUMBER: _ClassVar[int]
    supplies: _containers.RepeatedCompositeFieldContainer[SupplyPosition]
    collateral: Collateral
    def __init__(self, supplies: _Optional[_Iterable[_Union[SupplyPosition, _Mapping]]] = ..., collateral: _Optional[_Union[Collateral, _Mapping]] = ...) -> None: ...

class Collateral(_message.Message):
    __slots__ = ("required_micros", "posted_micros", "missing_micros", "escrow_micros", "guarantee_debt_micros", "uncovered_micros", "mark_time")
    REQUIRED_MICROS_FIELD_NUMBER: _ClassVar[int]
    POSTED_MICROS_FIELD_NUMBER: _ClassVar[int]
    MISSING_MICROS_FIELD_NUMBER: _ClassVar[int]
    ESCROW_MICROS_FIELD_NUMBER: _ClassVar[int]
    GUARANTEE_DEBT_MICROS_FIELD_NUMBER: _ClassVar[int]
    UNCOVERED_MICROS_FIELD_NUMBER: _ClassVar[int]
    MARK_TIME_FIELD_NUMBER: _ClassVar[int]
    required_micros: int
    posted_micros: int
    missing_micros: int
    escrow_micros: int
    guarantee_debt_micros: int
    uncovered_micros: int
    mark_time: _timestamp_pb2.Timestamp
    def __init__(self, required_micros: _Optional[int] = ..., posted_micros: _Optional[int] = ..., missing_micros: _Optional[int] = ..., escrow_micros: _Optional[int] = ..., guarantee_debt_micros: _Optional[int] = ..., uncovered_micros: _Optional[int] = ..., mark_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SetRenewalRequest(_message.Message):
    __slots__ = ("request_id", "instrument", "renews_unsold")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    RENEWS_UNSOLD_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    renews_unsold: bool
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ..., renews_unsold: bool = ...) -> None: ...

class SetRenewalResponse(_message.Message):
    __slots__ = ("supply", "position")
    SUPPLY_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    supply: SupplyPosition
    position: _common_pb2.Position
    def __init__(self, supply: _Optional[_Union[SupplyPosition, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class PostCollateralRequest(_message.Message):
    __slots__ = ("request_id", "amount_micros")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    amount_micros: int
    def __init__(self, request_id: _Optional[str] = ..., amount_micros: _Optional[int] = ...) -> None: ...

class PostCollateralResponse(_message.Message):
    __slots__ = ("collateral", "position")
    COLLATERAL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    collateral: Collateral
    position: _common_pb2.Position
    def __init__(self, collateral: _Optional[_Union[Collateral, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class WithdrawCollateralRequest(_message.Message):
    __slots__ = ("request_id", "amount_micros")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_MICROS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    amount_micros: int
    def __init__(self, request_id: _Optional[str] = ..., amount_micros: _Optional[int] = ...) -> None: ...

class WithdrawCollateralResponse(_message.Message):
    __slots__ = ("collateral", "position")
    COLLATERAL_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    collateral: Collateral
    position: _common_pb2.Position
    def __init__(self, collateral: _Optional[_Union[Collateral, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class SupplyPosition(_message.Message):
    __slots__ = ("instrument_id", "symbol", "issued_tokens", "retired_tokens", "unsold_tokens", "bought_back_tokens", "outstanding_tokens", "consumed_tokens", "expired_tokens", "refunded_tokens", "headroom_tokens", "escrow_micros", "index_price_micros", "renews_unsold")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ISSUED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    RETIRED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    UNSOLD_TOKENS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_BACK_TOKENS_FIELD_NUMBER: _ClassVar[int]
    OUTSTANDING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CONSUMED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    HEADROOM_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ESCROW_MICROS_FIELD_NUMBER: _ClassVar[int]
    INDEX_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    RENEWS_UNSOLD_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    symbol: str
    issued_tokens: int
    retired_tokens: int
    unsold_tokens: int
    bought_back_tokens: int
    outstanding_tokens: int
    consumed_tokens: int
    expired_tokens: int
    refunded_tokens: int
    headroom_tokens: int
    escrow_micros: int
    index_price_micros: int
    renews_unsold: bool
    def __init__(self, instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., issued_tokens: _Optional[int] = ..., retired_tokens: _Optional[int] = ..., unsold_tokens: _Optional[int] = ..., bought_back_tokens: _Optional[int] = ..., outstanding_tokens: _Optional[int] = ..., consumed_tokens: _Optional[int] = ..., expired_tokens: _Optional[int] = ..., refunded_tokens: _Optional[int] = ..., headroom_tokens: _Optional[int] = ..., escrow_micros: _Optional[int] = ..., index_price_micros: _Optional[int] = ..., renews_unsold: bool = ...) -> None: ...

class ServeRequest(_message.Message):
    __slots__ = ("hello", "events", "draining")
    HELLO_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    hello: ServeHello
    events: _containers.RepeatedCompositeFieldContainer[SupplierEvent]
    draining: bool
    def __init__(self, hello: _Optional[_Union[ServeHello, _Mapping]] = ..., events: _Optional[_Iterable[_Union[SupplierEvent, _Mapping]]] = ..., draining: bool = ...) -> None: ...

class ServeHello(_message.Message):
    __slots__ = ("agent", "instruments", "concurrent_deliveries")
    AGENT_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    CONCURRENT_DELIVERIES_FIELD_NUMBER: _ClassVar[int]
    agent: str
    instruments: _containers.RepeatedScalarFieldContainer[str]
    concurrent_deliveries: int
    def __init__(self, agent: _Optional[str] = ..., instruments: _Optional[_Iterable[str]] = ..., concurrent_deliveries: _Optional[int] = ...) -> None: ...

class ServeResponse(_message.Message):
    __slots__ = ("welcome", "commands", "draining")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    welcome: ServeWelcome
    commands: _containers.RepeatedCompositeFieldContainer[SupplierCommand]
    draining: bool
    def __init__(self, welcome: _Optional[_Union[ServeWelcome, _Mapping]] = ..., commands: _Optional[_Iterable[_Union[SupplierCommand, _Mapping]]] = ..., draining: bool = ...) -> None: ...

class ServeWelcome(_message.Message):
    __slots__ = ("supplier_id", "relay_addresses")
    SUPPLIER_ID_FIELD_NUMBER: _ClassVar[int]
    RELAY_ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    supplier_id: str
    relay_addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, supplier_id: _Optional[str] = ..., relay_addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class SupplierCommand(_message.Message):
    __slots__ = ("call", "open", "part", "window", "cancel")
    CALL_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    call: int
    open: SupplierOpen
    part: _delivery_pb2.RequestPart
    window: _delivery_pb2.WindowGrant
    cancel: _delivery_pb2.Cancel
    def __init__(self, call: _Optional[int] = ..., open: _Optional[_Union[SupplierOpen, _Mapping]] = ..., part: _Optional[_Union[_delivery_pb2.RequestPart, _Mapping]] = ..., window: _Optional[_Union[_delivery_pb2.WindowGrant, _Mapping]] = ..., cancel: _Optional[_Union[_delivery_pb2.Cancel, _Mapping]] = ...) -> None: ...

class SupplierOpen(_message.Message):
    __slots__ = ("delivery_id", "instrument_id", "symbol", "model", "request", "parts_bytes", "window_bytes", "first_token_ms", "max_output_tokens", "traceparent", "embedding", "parts_kind", "dimensions")
    DELIVERY_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    PARTS_BYTES_FIELD_NUMBER: _ClassVar[int]
    WINDOW_BYTES_FIELD_NUMBER: _ClassVar[int]
    FIRST_TOKEN_MS_FIELD_NUMBER: _ClassVar[int]
    MAX_OUTPUT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    TRACEPARENT_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    PARTS_KIND_FIELD_NUMBER: _ClassVar[int]
    DIMENSIONS_FIELD_NUMBER: _ClassVar[int]
    delivery_id: str
    instrument_id: str
    symbol: str
    model: str
    request: _chat_pb2.ChatRequest
    parts_bytes: int
    window_bytes: int
    first_token_ms: int
    max_output_tokens: int
    traceparent: str
    embedding: _embeddings_pb2.EmbeddingRequest
    parts_kind: _delivery_pb2.RequestKind
    dimensions: int
    def __init__(self, delivery_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., model: _Optional[str] = ..., request: _Optional[_Union[_chat_pb2.ChatRequest, _Mapping]] = ..., parts_bytes: _Optional[int] = ..., window_bytes: _Optional[int] = ..., first_token_ms: _Optional[int] = ..., max_output_tokens: _Optional[int] = ..., traceparent: _Optional[str] = ..., embedding: _Optional[_Union[_embeddings_pb2.EmbeddingRequest, _Mapping]] = ..., parts_kind: _Optional[_Union[_delivery_pb2.RequestKind, str]] = ..., dimensions: _Optional[int] = ...) -> None: ...

class SupplierEvent(_message.Message):
    __slots__ = ("call", "reply", "end", "failure", "window", "embedding")
    CALL_FIELD_NUMBER: _ClassVar[int]
    REPLY_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    EMBEDDING_FIELD_NUMBER: _ClassVar[int]
    call: int
    reply: _chat_pb2.ChatReply
    end: SupplierEnd
    failure: SupplierFailure
    window: _delivery_pb2.WindowGrant
    embedding: _embeddings_pb2.EmbeddingReply
    def __init__(self, call: _Optional[int] = ..., reply: _Optional[_Union[_chat_pb2.ChatReply, _Mapping]] = ..., end: _Optional[_Union[SupplierEnd, _Mapping]] = ..., failure: _Optional[_Union[SupplierFailure, _Mapping]] = ..., window: _Optional[_Union[_delivery_pb2.WindowGrant, _Mapping]] = ..., embedding: _Optional[_Union[_embeddings_pb2.EmbeddingReply, _Mapping]] = ...) -> None: ...

class SupplierEnd(_message.Message):
    __slots__ = ("usage",)
    USAGE_FIELD_NUMBER: _ClassVar[int]
    usage: _chat_pb2.ChatUsage
    def __init__(self, usage: _Optional[_Union[_chat_pb2.ChatUsage, _Mapping]] = ...) -> None: ...

class SupplierFailure(_message.Message):
    __slots__ = ("kind", "status")
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    kind: SupplierFailureKind
    status: _status_pb2.Status
    def __init__(self, kind: _Optional[_Union[SupplierFailureKind, str]] = ..., status: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...
