import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.rpc import status_pb2 as _status_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class OrderType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_TYPE_UNSPECIFIED: _ClassVar[OrderType]
    ORDER_TYPE_LIMIT: _ClassVar[OrderType]
    ORDER_TYPE_MARKET: _ClassVar[OrderType]

class TimeInForce(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TIME_IN_FORCE_UNSPECIFIED: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTC: _ClassVar[TimeInForce]
    TIME_IN_FORCE_IOC: _ClassVar[TimeInForce]
    TIME_IN_FORCE_FOK: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTD: _ClassVar[TimeInForce]
    TIME_IN_FORCE_GTS: _ClassVar[TimeInForce]

class PostOnlyMode(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POST_ONLY_MODE_UNSPECIFIED: _ClassVar[PostOnlyMode]
    POST_ONLY_MODE_REJECT: _ClassVar[PostOnlyMode]
    POST_ONLY_MODE_SLIDE: _ClassVar[PostOnlyMode]

class UnitSource(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNIT_SOURCE_UNSPECIFIED: _ClassVar[UnitSource]
    UNIT_SOURCE_TRADING: _ClassVar[UnitSource]
    UNIT_SOURCE_ISSUANCE: _ClassVar[UnitSource]

class SelfTradePrevention(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SELF_TRADE_PREVENTION_UNSPECIFIED: _ClassVar[SelfTradePrevention]
    SELF_TRADE_PREVENTION_CANCEL_NEWEST: _ClassVar[SelfTradePrevention]
    SELF_TRADE_PREVENTION_CANCEL_OLDEST: _ClassVar[SelfTradePrevention]
    SELF_TRADE_PREVENTION_CANCEL_BOTH: _ClassVar[SelfTradePrevention]
    SELF_TRADE_PREVENTION_DECREMENT: _ClassVar[SelfTradePrevention]

class OrderStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ORDER_STATUS_UNSPECIFIED: _ClassVar[OrderStatus]
    ORDER_STATUS_OPEN: _ClassVar[OrderStatus]
    ORDER_STATUS_CLOSED: _ClassVar[OrderStatus]

class ClosureReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CLOSURE_REASON_UNSPECIFIED: _ClassVar[ClosureReason]
    CLOSURE_REASON_FILLED: _ClassVar[ClosureReason]
    CLOSURE_REASON_CANCELLED: _ClassVar[ClosureReason]
    CLOSURE_REASON_NO_LIQUIDITY: _ClassVar[ClosureReason]
    CLOSURE_REASON_MAX_SLIPPAGE: _ClassVar[ClosureReason]
    CLOSURE_REASON_EXPIRED: _ClassVar[ClosureReason]
    CLOSURE_REASON_SWEPT: _ClassVar[ClosureReason]
    CLOSURE_REASON_SELF_TRADE: _ClassVar[ClosureReason]
    CLOSURE_REASON_HALTED: _ClassVar[ClosureReason]
    CLOSURE_REASON_WORK_LIMIT: _ClassVar[ClosureReason]
    CLOSURE_REASON_AVERAGE_PRICE: _ClassVar[ClosureReason]
    CLOSURE_REASON_SPEND_LIMIT: _ClassVar[ClosureReason]

class LiquidityRole(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LIQUIDITY_ROLE_UNSPECIFIED: _ClassVar[LiquidityRole]
    LIQUIDITY_ROLE_MAKER: _ClassVar[LiquidityRole]
    LIQUIDITY_ROLE_TAKER: _ClassVar[LiquidityRole]
    LIQUIDITY_ROLE_AUCTION: _ClassVar[LiquidityRole]
ORDER_TYPE_UNSPECIFIED: OrderType
ORDER_TYPE_LIMIT: OrderType
ORDER_TYPE_MARKET: OrderType
TIME_IN_FORCE_UNSPECIFIED: TimeInForce
TIME_IN_FORCE_GTC: TimeInForce
TIME_IN_FORCE_IOC: TimeInForce
TIME_IN_FORCE_FOK: TimeInForce
TIME_IN_FORCE_GTD: TimeInForce
TIME_IN_FORCE_GTS: TimeInForce
POST_ONLY_MODE_UNSPECIFIED: PostOnlyMode
POST_ONLY_MODE_REJECT: PostOnlyMode
POST_ONLY_MODE_SLIDE: PostOnlyMode
UNIT_SOURCE_UNSPECIFIED: UnitSource
UNIT_SOURCE_TRADING: UnitSource
UNIT_SOURCE_ISSUANCE: UnitSource
SELF_TRADE_PREVENTION_UNSPECIFIED: SelfTradePrevention
SELF_TRADE_PREVENTION_CANCEL_NEWEST: SelfTradePrevention
SELF_TRADE_PREVENTION_CANCEL_OLDEST: SelfTradePrevention
SELF_TRADE_PREVENTION_CANCEL_BOTH: SelfTradePrevention
SELF_TRADE_PREVENTION_DECREMENT: SelfTradePrevention
ORDER_STATUS_UNSPECIFIED: OrderStatus
ORDER_STATUS_OPEN: OrderStatus
ORDER_STATUS_CLOSED: OrderStatus
CLOSURE_REASON_UNSPECIFIED: ClosureReason
CLOSURE_REASON_FILLED: ClosureReason
CLOSURE_REASON_CANCELLED: ClosureReason
CLOSURE_REASON_NO_LIQUIDITY: ClosureReason
CLOSURE_REASON_MAX_SLIPPAGE: ClosureReason
CLOSURE_REASON_EXPIRED: ClosureReason
CLOSURE_REASON_SWEPT: ClosureReason
CLOSURE_REASON_SELF_TRADE: ClosureReason
CLOSURE_REASON_HALTED: ClosureReason
CLOSURE_REASON_WORK_LIMIT: ClosureReason
CLOSURE_REASON_AVERAGE_PRICE: ClosureReason
CLOSURE_REASON_SPEND_LIMIT: ClosureReason
LIQUIDITY_ROLE_UNSPECIFIED: LiquidityRole
LIQUIDITY_ROLE_MAKER: LiquidityRole
LIQUIDITY_ROLE_TAKER: LiquidityRole
LIQUIDITY_ROLE_AUCTION: LiquidityRole

class OrderTerms(_message.Message):
    __slots__ = ("market", "side", "type", "time_in_force", "quantity_units", "price_micros", "client_order_id", "post_only", "max_slippage_bps", "source", "expire_time", "auto_transfer", "self_trade_prevention", "valid_until_time", "tag", "post_only_mode", "max_average_price_micros", "max_spend_micros")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_FIELD_NUMBER: _ClassVar[int]
    MAX_SLIPPAGE_BPS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    AUTO_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    SELF_TRADE_PREVENTION_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_MODE_FIELD_NUMBER: _ClassVar[int]
    MAX_AVERAGE_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    MAX_SPEND_MICROS_FIELD_NUMBER: _ClassVar[int]
    market: str
    side: _common_pb2.Side
    type: OrderType
    time_in_force: TimeInForce
    quantity_units: int
    price_micros: int
    client_order_id: str
    post_only: bool
    max_slippage_bps: int
    source: UnitSource
    expire_time: _timestamp_pb2.Timestamp
    auto_transfer: bool
    self_trade_prevention: SelfTradePrevention
    valid_until_time: _timestamp_pb2.Timestamp
    tag: str
    post_only_mode: PostOnlyMode
    max_average_price_micros: int
    max_spend_micros: int
    def __init__(self, market: _Optional[str] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., type: _Optional[_Union[OrderType, str]] = ..., time_in_force: _Optional[_Union[TimeInForce, str]] = ..., quantity_units: _Optional[int] = ..., price_micros: _Optional[int] = ..., client_order_id: _Optional[str] = ..., post_only: bool = ..., max_slippage_bps: _Optional[int] = ..., source: _Optional[_Union[UnitSource, str]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., auto_transfer: bool = ..., self_trade_prevention: _Optional[_Union[SelfTradePrevention, str]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., tag: _Optional[str] = ..., post_only_mode: _Optional[_Union[PostOnlyMode, str]] = ..., max_average_price_micros: _Optional[int] = ..., max_spend_micros: _Optional[int] = ...) -> None: ...

class PlaceOrderRequest(_message.Message):
    __slots__ = ("request_id", "order", "validate_only")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    VALIDATE_ONLY_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order: OrderTerms
    validate_only: bool
    def __init__(self, request_id: _Optional[str] = ..., order: _Optional[_Union[OrderTerms, _Mapping]] = ..., validate_only: bool = ...) -> None: ...

class PlaceOrderResponse(_message.Message):
    __slots__ = ("order", "fills", "position")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    order: Order
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    position: _common_pb2.Position
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class OrderRef(_message.Message):
    __slots__ = ("order_id", "client_order_id")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    client_order_id: str
    def __init__(self, order_id: _Optional[str] = ..., client_order_id: _Optional[str] = ...) -> None: ...

class AmendOrderRequest(_message.Message):
    __slots__ = ("request_id", "order", "price_micros", "quantity_units")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order: OrderRef
    price_micros: int
    quantity_units: int
    def __init__(self, request_id: _Optional[str] = ..., order: _Optional[_Union[OrderRef, _Mapping]] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ...) -> None: ...

class AmendOrderResponse(_message.Message):
    __slots__ = ("order", "fills", "position")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    order: Order
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    position: _common_pb2.Position
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class CancelOrderRequest(_message.Message):
    __slots__ = ("request_id", "order")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    order: OrderRef
    def __init__(self, request_id: _Optional[str] = ..., order: _Optional[_Union[OrderRef, _Mapping]] = ...) -> None: ...

class CancelOrderResponse(_message.Message):
    __slots__ = ("order", "position")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    order: Order
    position: _common_pb2.Position
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class CancelOrdersRequest(_message.Message):
    __slots__ = ("request_id", "market", "tag")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    market: str
    tag: str
    def __init__(self, request_id: _Optional[str] = ..., market: _Optional[str] = ..., tag: _Optional[str] = ...) -> None: ...

class CancelOrdersResponse(_message.Message):
    __slots__ = ("order_ids", "continues", "position")
    ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    CONTINUES_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    order_ids: _containers.RepeatedScalarFieldContainer[str]
    continues: bool
    position: _common_pb2.Position
    def __init__(self, order_ids: _Optional[_Iterable[str]] = ..., continues: bool = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class BatchItem(_message.Message):
    __slots__ = ("place", "amend", "cancel")
    PLACE_FIELD_NUMBER: _ClassVar[int]
    AMEND_FIELD_NUMBER: _ClassVar[int]
    CANCEL_FIELD_NUMBER: _ClassVar[int]
    place: OrderTerms
    amend: Amend
    cancel: OrderRef
    def __init__(self, place: _Optional[_Union[OrderTerms, _Mapping]] = ..., amend: _Optional[_Union[Amend, _Mapping]] = ..., cancel: _Optional[_Union[OrderRef, _Mapping]] = ...) -> None: ...

class Amend(_message.Message):
    __slots__ = ("order", "price_micros", "quantity_units")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    order: OrderRef
    price_micros: int
    quantity_units: int
    def __init__(self, order: _Optional[_Union[OrderRef, _Mapping]] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ...) -> None: ...

class BatchResult(_message.Message):
    __slots__ = ("order", "fills", "error")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    order: Order
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    error: _status_pb2.Status
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ..., fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., error: _Optional[_Union[_status_pb2.Status, _Mapping]] = ...) -> None: ...

class BatchOrdersRequest(_message.Message):
    __slots__ = ("request_id", "items", "all_or_none")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    ALL_OR_NONE_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    items: _containers.RepeatedCompositeFieldContainer[BatchItem]
    all_or_none: bool
    def __init__(self, request_id: _Optional[str] = ..., items: _Optional[_Iterable[_Union[BatchItem, _Mapping]]] = ..., all_or_none: bool = ...) -> None: ...

class BatchOrdersResponse(_message.Message):
    __slots__ = ("results", "position")
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[BatchResult]
    position: _common_pb2.Position
    def __init__(self, results: _Optional[_Iterable[_Union[BatchResult, _Mapping]]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class Quote(_message.Message):
    __slots__ = ("side", "price_micros", "quantity_units", "client_order_id", "source", "post_only", "post_only_mode")
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_MODE_FIELD_NUMBER: _ClassVar[int]
    side: _common_pb2.Side
    price_micros: int
    quantity_units: int
    client_order_id: str
    source: UnitSource
    post_only: bool
    post_only_mode: PostOnlyMode
    def __init__(self, side: _Optional[_Union[_common_pb2.Side, str]] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ..., client_order_id: _Optional[str] = ..., source: _Optional[_Union[UnitSource, str]] = ..., post_only: bool = ..., post_only_mode: _Optional[_Union[PostOnlyMode, str]] = ...) -> None: ...

class ReplaceQuotesRequest(_message.Message):
    __slots__ = ("request_id", "market", "tag", "quotes", "time_in_force", "expire_time", "valid_until_time", "self_trade_prevention")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    VALID_UNTIL_TIME_FIELD_NUMBER: _ClassVar[int]
    SELF_TRADE_PREVENTION_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    market: str
    tag: str
    quotes: _containers.RepeatedCompositeFieldContainer[Quote]
    time_in_force: TimeInForce
    expire_time: _timestamp_pb2.Timestamp
    valid_until_time: _timestamp_pb2.Timestamp
    self_trade_prevention: SelfTradePrevention
    def __init__(self, request_id: _Optional[str] = ..., market: _Optional[str] = ..., tag: _Optional[str] = ..., quotes: _Optional[_Iterable[_Union[Quote, _Mapping]]] = ..., time_in_force: _Optional[_Union[TimeInForce, str]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., valid_until_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., self_trade_prevention: _Optional[_Union[SelfTradePrevention, str]] = ...) -> None: ...

class ReplaceQuotesResponse(_message.Message):
    __slots__ = ("cancelled_order_ids", "results", "position")
    CANCELLED_ORDER_IDS_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    cancelled_order_ids: _containers.RepeatedScalarFieldContainer[str]
    results: _containers.RepeatedCompositeFieldContainer[BatchResult]
    position: _common_pb2.Position
    def __init__(self, cancelled_order_ids: _Optional[_Iterable[str]] = ..., results: _Optional[_Iterable[_Union[BatchResult, _Mapping]]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class CancelAllAfterRequest(_message.Message):
    __slots__ = ("request_id", "span_us")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    SPAN_US_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    span_us: int
    def __init__(self, request_id: _Optional[str] = ..., span_us: _Optional[int] = ...) -> None: ...

class CancelAllAfterResponse(_message.Message):
    __slots__ = ("fire_time", "position")
    FIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    fire_time: _timestamp_pb2.Timestamp
    position: _common_pb2.Position
    def __init__(self, fire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetCancelAllAfterRequest(_message.Message):
    __slots__ = ("min_position",)
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    min_position: _common_pb2.Position
    def __init__(self, min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetCancelAllAfterResponse(_message.Message):
    __slots__ = ("fire_time", "span_us")
    FIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    SPAN_US_FIELD_NUMBER: _ClassVar[int]
    fire_time: _timestamp_pb2.Timestamp
    span_us: int
    def __init__(self, fire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., span_us: _Optional[int] = ...) -> None: ...

class GetOrderRequest(_message.Message):
    __slots__ = ("order", "min_position")
    ORDER_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    order: OrderRef
    min_position: _common_pb2.Position
    def __init__(self, order: _Optional[_Union[OrderRef, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetOrderResponse(_message.Message):
    __slots__ = ("order",)
    ORDER_FIELD_NUMBER: _ClassVar[int]
    order: Order
    def __init__(self, order: _Optional[_Union[Order, _Mapping]] = ...) -> None: ...

class ListOrdersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "market", "status", "min_position", "client_order_id", "tag", "start_time", "end_time")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    market: str
    status: OrderStatus
    min_position: _common_pb2.Position
    client_order_id: str
    tag: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., market: _Optional[str] = ..., status: _Optional[_Union[OrderStatus, str]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., client_order_id: _Optional[str] = ..., tag: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListOrdersResponse(_message.Message):
    __slots__ = ("orders", "next_page_token")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[Order]
    next_page_token: str
    def __init__(self, orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListFillsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "market", "order_id", "start_time", "end_time", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    market: str
    order_id: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., market: _Optional[str] = ..., order_id: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListFillsResponse(_message.Message):
    __slots__ = ("fills", "next_page_token")
    FILLS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    fills: _containers.RepeatedCompositeFieldContainer[Fill]
    next_page_token: str
    def __init__(self, fills: _Optional[_Iterable[_Union[Fill, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListPreventedMatchesRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "market", "start_time", "end_time", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    market: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., market: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListPreventedMatchesResponse(_message.Message):
    __slots__ = ("matches", "next_page_token")
    MATCHES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    matches: _containers.RepeatedCompositeFieldContainer[PreventedMatch]
    next_page_token: str
    def __init__(self, matches: _Optional[_Iterable[_Union[PreventedMatch, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class PreventedMatch(_message.Message):
    __slots__ = ("prevented_match_id", "market_id", "maker_order_id", "taker_order_id", "price_micros", "quantity_units", "mode", "role", "prevent_time")
    PREVENTED_MATCH_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    MAKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    TAKER_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    MODE_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    PREVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    prevented_match_id: str
    market_id: str
    maker_order_id: str
    taker_order_id: str
    price_micros: int
    quantity_units: int
    mode: SelfTradePrevention
    role: LiquidityRole
    prevent_time: _timestamp_pb2.Timestamp
    def __init__(self, prevented_match_id: _Optional[str] = ..., market_id: _Optional[str] = ..., maker_order_id: _Optional[str] = ..., taker_order_id: _Optional[str] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ..., mode: _Optional[_Union[SelfTradePrevention, str]] = ..., role: _Optional[_Union[LiquidityRole, str]] = ..., prevent_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Order(_message.Message):
    __slots__ = ("order_id", "client_order_id", "market_id", "side", "type", "time_in_force", "price_micros", "quantity_units", "filled_units", "filled_value_micros", "fee_micros", "status", "closure_reason", "post_only", "source", "auto_transfer", "tag", "expire_time", "create_time", "update_time", "post_only_mode", "max_average_price_micros", "max_spend_micros")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TIME_IN_FORCE_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    FILLED_UNITS_FIELD_NUMBER: _ClassVar[int]
    FILLED_VALUE_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CLOSURE_REASON_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    AUTO_TRANSFER_FIELD_NUMBER: _ClassVar[int]
    TAG_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    POST_ONLY_MODE_FIELD_NUMBER: _ClassVar[int]
    MAX_AVERAGE_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    MAX_SPEND_MICROS_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    client_order_id: str
    market_id: str
    side: _common_pb2.Side
    type: OrderType
    time_in_force: TimeInForce
    price_micros: int
    quantity_units: int
    filled_units: int
    filled_value_micros: int
    fee_micros: int
    status: OrderStatus
    closure_reason: ClosureReason
    post_only: bool
    source: UnitSource
    auto_transfer: bool
    tag: str
    expire_time: _timestamp_pb2.Timestamp
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    post_only_mode: PostOnlyMode
    max_average_price_micros: int
    max_spend_micros: int
    def __init__(self, order_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., market_id: _Optional[str] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., type: _Optional[_Union[OrderType, str]] = ..., time_in_force: _Optional[_Union[TimeInForce, str]] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ..., filled_units: _Optional[int] = ..., filled_value_micros: _Optional[int] = ..., fee_micros: _Optional[int] = ..., status: _Optional[_Union[OrderStatus, str]] = ..., closure_reason: _Optional[_Union[ClosureReason, str]] = ..., post_only: bool = ..., source: _Optional[_Union[UnitSource, str]] = ..., auto_transfer: bool = ..., tag: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., post_only_mode: _Optional[_Union[PostOnlyMode, str]] = ..., max_average_price_micros: _Optional[int] = ..., max_spend_micros: _Optional[int] = ...) -> None: ...

class Fill(_message.Message):
    __slots__ = ("trade_id", "order_id", "client_order_id", "market_id", "side", "price_micros", "quantity_units", "fee_micros", "role", "trade_time")
    TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    CLIENT_ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SIDE_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    FEE_MICROS_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TRADE_TIME_FIELD_NUMBER: _ClassVar[int]
    trade_id: str
    order_id: str
    client_order_id: str
    market_id: str
    side: _common_pb2.Side
    price_micros: int
    quantity_units: int
    fee_micros: int
    role: LiquidityRole
    trade_time: _timestamp_pb2.Timestamp
    def __init__(self, trade_id: _Optional[str] = ..., order_id: _Optional[str] = ..., client_order_id: _Optional[str] = ..., market_id: _Optional[str] = ..., side: _Optional[_Union[_common_pb2.Side, str]] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ..., fee_micros: _Optional[int] = ..., role: _Optional[_Union[LiquidityRole, str]] = ..., trade_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class OrderSessionRequest(_message.Message):
    __slots__ = ("logon", "commands")
    LOGON_FIELD_NUMBER: _ClassVar[int]
    COMMANDS_FIELD_NUMBER: _ClassVar[int]
    logon: OrderSessionLogon
    commands: _containers.RepeatedCompositeFieldContainer[OrderSessionCommand]
    def __init__(self, logon: _Optional[_Union[OrderSessionLogon, _Mapping]] = ..., commands: _Optional[_Iterable[_Union[OrderSessionCommand, _Mapping]]] = ...) -> None: ...

class OrderSessionLogon(_message.Message):
    __slots__ = ("session_id", "cancel_on_disconnect")
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    CANCEL_ON_DISCONNECT_FIELD_NUMBER: _ClassVar[int]
    session_id: str
    cancel_on_disconnect: bool
    def __init__(self, session_id: _Optional[str] = ..., cancel_on_disconnect: bool = ...) -> None: ...

class OrderSessionCommand(_message.Message):
    __slots__ = ("client_seq", "request_id", "item", "quotes")
    CLIENT_SEQ_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    ITEM_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    client_seq: int
    request_id: str
    item: BatchItem
    quotes: ReplaceQuotesRequest
    def __init__(self, client_seq: _Optional[int] = ..., request_id: _Optional[str] = ..., item: _Optional[_Union[BatchItem, _Mapping]] = ..., quotes: _Optional[_Union[ReplaceQuotesRequest, _Mapping]] = ...) -> None: ...

class OrderSessionResponse(_message.Message):
    __slots__ = ("ready", "results", "draining")
    READY_FIELD_NUMBER: _ClassVar[int]
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    DRAINING_FIELD_NUMBER: _ClassVar[int]
    ready: OrderSessionReady
    results: _containers.RepeatedCompositeFieldContainer[OrderSessionResult]
    draining: bool
    def __init__(self, ready: _Optional[_Union[OrderSessionReady, _Mapping]] = ..., results: _Optional[_Iterable[_Union[OrderSessionResult, _Mapping]]] = ..., draining: bool = ...) -> None: ...

class OrderSessionReady(_message.Message):
    __slots__ = ("open_orders",)
    OPEN_ORDERS_FIELD_NUMBER: _ClassVar[int]
    open_orders: _containers.RepeatedCompositeFieldContainer[Order]
    def __init__(self, open_orders: _Optional[_Iterable[_Union[Order, _Mapping]]] = ...) -> None: ...

class OrderSessionResult(_message.Message):
    __slots__ = ("client_seq", "result", "position", "quotes")
    CLIENT_SEQ_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    QUOTES_FIELD_NUMBER: _ClassVar[int]
    client_seq: int
    result: BatchResult
    position: _common_pb2.Position
    quotes: ReplaceQuotesResponse
    def __init__(self, client_seq: _Optional[int] = ..., result: _Optional[_Union[BatchResult, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., quotes: _Optional[_Union[ReplaceQuotesResponse, _Mapping]] = ...) -> None: ...
