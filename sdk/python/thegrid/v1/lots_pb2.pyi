import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LotState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    LOT_STATE_UNSPECIFIED: _ClassVar[LotState]
    LOT_STATE_OPEN: _ClassVar[LotState]
    LOT_STATE_CONSUMED: _ClassVar[LotState]
    LOT_STATE_EXPIRED: _ClassVar[LotState]
LOT_STATE_UNSPECIFIED: LotState
LOT_STATE_OPEN: LotState
LOT_STATE_CONSUMED: LotState
LOT_STATE_EXPIRED: LotState

class Lot(_message.Message):
    __slots__ = ("lot_id", "instrument_id", "state", "tokens", "free_tokens", "reserved_tokens", "consumed_tokens", "expired_tokens", "refunded_tokens", "parcels", "mint_time", "expire_time")
    LOT_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    FREE_TOKENS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CONSUMED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    REFUNDED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    PARCELS_FIELD_NUMBER: _ClassVar[int]
    MINT_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    lot_id: str
    instrument_id: str
    state: LotState
    tokens: int
    free_tokens: int
    reserved_tokens: int
    consumed_tokens: int
    expired_tokens: int
    refunded_tokens: int
    parcels: _containers.RepeatedCompositeFieldContainer[LotParcel]
    mint_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, lot_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., state: _Optional[_Union[LotState, str]] = ..., tokens: _Optional[int] = ..., free_tokens: _Optional[int] = ..., reserved_tokens: _Optional[int] = ..., consumed_tokens: _Optional[int] = ..., expired_tokens: _Optional[int] = ..., refunded_tokens: _Optional[int] = ..., parcels: _Optional[_Iterable[_Union[LotParcel, _Mapping]]] = ..., mint_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LotParcel(_message.Message):
    __slots__ = ("tokens", "ended_tokens", "issuer_id", "issue_trade_id", "issue_price_micros", "cost_trade_id", "cost_price_micros")
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    ENDED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    ISSUER_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUE_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    ISSUE_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    COST_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    COST_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    tokens: int
    ended_tokens: int
    issuer_id: str
    issue_trade_id: str
    issue_price_micros: int
    cost_trade_id: str
    cost_price_micros: int
    def __init__(self, tokens: _Optional[int] = ..., ended_tokens: _Optional[int] = ..., issuer_id: _Optional[str] = ..., issue_trade_id: _Optional[str] = ..., issue_price_micros: _Optional[int] = ..., cost_trade_id: _Optional[str] = ..., cost_price_micros: _Optional[int] = ...) -> None: ...
