import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from thegrid.v1 import common_pb2 as _common_pb2
from thegrid.v1 import lots_pb2 as _lots_pb2
from thegrid.v1 import notices_pb2 as _notices_pb2
from thegrid.v1 import trading_pb2 as _trading_pb2
from thegrid.v1 import usage_pb2 as _usage_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TransferCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSFER_CAUSE_UNSPECIFIED: _ClassVar[TransferCause]
    TRANSFER_CAUSE_VOLUNTARY: _ClassVar[TransferCause]
    TRANSFER_CAUSE_ON_FILL: _ClassVar[TransferCause]
    TRANSFER_CAUSE_SWEEP: _ClassVar[TransferCause]
    TRANSFER_CAUSE_AUTO_BUY: _ClassVar[TransferCause]
TRANSFER_CAUSE_UNSPECIFIED: TransferCause
TRANSFER_CAUSE_VOLUNTARY: TransferCause
TRANSFER_CAUSE_ON_FILL: TransferCause
TRANSFER_CAUSE_SWEEP: TransferCause
TRANSFER_CAUSE_AUTO_BUY: TransferCause

class GetBalancesRequest(_message.Message):
    __slots__ = ("min_position",)
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    min_position: _common_pb2.Position
    def __init__(self, min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetBalancesResponse(_message.Message):
    __slots__ = ("cash", "units", "position")
    CASH_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    cash: CashBalance
    units: _containers.RepeatedCompositeFieldContainer[UnitBalance]
    position: _common_pb2.Position
    def __init__(self, cash: _Optional[_Union[CashBalance, _Mapping]] = ..., units: _Optional[_Iterable[_Union[UnitBalance, _Mapping]]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class CashBalance(_message.Message):
    __slots__ = ("available_micros", "held_micros", "escrow_micros", "withheld_micros", "collateral_micros")
    AVAILABLE_MICROS_FIELD_NUMBER: _ClassVar[int]
    HELD_MICROS_FIELD_NUMBER: _ClassVar[int]
    ESCROW_MICROS_FIELD_NUMBER: _ClassVar[int]
    WITHHELD_MICROS_FIELD_NUMBER: _ClassVar[int]
    COLLATERAL_MICROS_FIELD_NUMBER: _ClassVar[int]
    available_micros: int
    held_micros: int
    escrow_micros: int
    withheld_micros: int
    collateral_micros: int
    def __init__(self, available_micros: _Optional[int] = ..., held_micros: _Optional[int] = ..., escrow_micros: _Optional[int] = ..., withheld_micros: _Optional[int] = ..., collateral_micros: _Optional[int] = ...) -> None: ...

class UnitBalance(_message.Message):
    __slots__ = ("instrument_id", "symbol", "trading_tokens", "held_tokens", "lot_tokens", "reserved_tokens", "unsold_tokens", "consumed_tokens", "expired_tokens")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TRADING_TOKENS_FIELD_NUMBER: _ClassVar[int]
    HELD_TOKENS_FIELD_NUMBER: _ClassVar[int]
    LOT_TOKENS_FIELD_NUMBER: _ClassVar[int]
    RESERVED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    UNSOLD_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CONSUMED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    symbol: str
    trading_tokens: int
    held_tokens: int
    lot_tokens: int
    reserved_tokens: int
    unsold_tokens: int
    consumed_tokens: int
    expired_tokens: int
    def __init__(self, instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., trading_tokens: _Optional[int] = ..., held_tokens: _Optional[int] = ..., lot_tokens: _Optional[int] = ..., reserved_tokens: _Optional[int] = ..., unsold_tokens: _Optional[int] = ..., consumed_tokens: _Optional[int] = ..., expired_tokens: _Optional[int] = ...) -> None: ...

class CreateTransferRequest(_message.Message):
    __slots__ = ("request_id", "instrument", "quantity_units")
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    request_id: str
    instrument: str
    quantity_units: int
    def __init__(self, request_id: _Optional[str] = ..., instrument: _Optional[str] = ..., quantity_units: _Optional[int] = ...) -> None: ...

class CreateTransferResponse(_message.Message):
    __slots__ = ("transfer", "lot", "position")
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    LOT_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    transfer: Transfer
    lot: _lots_pb2.Lot
    position: _common_pb2.Position
    def __init__(self, transfer: _Optional[_Union[Transfer, _Mapping]] = ..., lot: _Optional[_Union[_lots_pb2.Lot, _Mapping]] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class Transfer(_message.Message):
    __slots__ = ("transfer_id", "instrument_id", "quantity_units", "cause", "lot_id", "sweep_id", "transfer_time")
    TRANSFER_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    LOT_ID_FIELD_NUMBER: _ClassVar[int]
    SWEEP_ID_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_TIME_FIELD_NUMBER: _ClassVar[int]
    transfer_id: str
    instrument_id: str
    quantity_units: int
    cause: TransferCause
    lot_id: str
    sweep_id: str
    transfer_time: _timestamp_pb2.Timestamp
    def __init__(self, transfer_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., quantity_units: _Optional[int] = ..., cause: _Optional[_Union[TransferCause, str]] = ..., lot_id: _Optional[str] = ..., sweep_id: _Optional[str] = ..., transfer_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListTransfersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "instrument", "min_position", "cause", "start_time", "end_time")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    instrument: str
    min_position: _common_pb2.Position
    cause: TransferCause
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., instrument: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., cause: _Optional[_Union[TransferCause, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListTransfersResponse(_message.Message):
    __slots__ = ("transfers", "next_page_token")
    TRANSFERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    transfers: _containers.RepeatedCompositeFieldContainer[Transfer]
    next_page_token: str
    def __init__(self, transfers: _Optional[_Iterable[_Union[Transfer, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetLotRequest(_message.Message):
    __slots__ = ("lot_id", "min_position")
    LOT_ID_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    lot_id: str
    min_position: _common_pb2.Position
    def __init__(self, lot_id: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetLotResponse(_message.Message):
    __slots__ = ("lot",)
    LOT_FIELD_NUMBER: _ClassVar[int]
    lot: _lots_pb2.Lot
    def __init__(self, lot: _Optional[_Union[_lots_pb2.Lot, _Mapping]] = ...) -> None: ...

class ListLotsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "instrument", "include_closed", "min_position", "state", "start_time", "end_time")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_CLOSED_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    instrument: str
    include_closed: bool
    min_position: _common_pb2.Position
    state: _lots_pb2.LotState
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., instrument: _Optional[str] = ..., include_closed: bool = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., state: _Optional[_Union[_lots_pb2.LotState, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListLotsResponse(_message.Message):
    __slots__ = ("lots", "next_page_token")
    LOTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    lots: _containers.RepeatedCompositeFieldContainer[_lots_pb2.Lot]
    next_page_token: str
    def __init__(self, lots: _Optional[_Iterable[_Union[_lots_pb2.Lot, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListPostingsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "asset", "start_time", "end_time", "min_position", "account", "reason")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    asset: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    account: str
    reason: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., asset: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ..., account: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class ListPostingsResponse(_message.Message):
    __slots__ = ("postings", "next_page_token")
    POSTINGS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    postings: _containers.RepeatedCompositeFieldContainer[Posting]
    next_page_token: str
    def __init__(self, postings: _Optional[_Iterable[_Union[Posting, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Posting(_message.Message):
    __slots__ = ("seq", "line", "asset", "account", "amount", "balance", "reason", "reference", "posting_time")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    LINE_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    BALANCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    POSTING_TIME_FIELD_NUMBER: _ClassVar[int]
    seq: int
    line: int
    asset: str
    account: str
    amount: int
    balance: int
    reason: str
    reference: str
    posting_time: _timestamp_pb2.Timestamp
    def __init__(self, seq: _Optional[int] = ..., line: _Optional[int] = ..., asset: _Optional[str] = ..., account: _Optional[str] = ..., amount: _Optional[int] = ..., balance: _Optional[int] = ..., reason: _Optional[str] = ..., reference: _Optional[str] = ..., posting_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class StreamAccountRequest(_message.Message):
    __slots__ = ("resume_token",)
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    resume_token: str
    def __init__(self, resume_token: _Optional[str] = ...) -> None: ...

class StreamAccountResponse(_message.Message):
    __slots__ = ("events",)
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[AccountEvent]
    def __init__(self, events: _Optional[_Iterable[_Union[AccountEvent, _Mapping]]] = ...) -> None: ...

class AccountEvent(_message.Message):
    __slots__ = ("sequence", "resume_token", "event_time", "snapshot", "order", "fill", "cash", "units", "transfer", "lot", "usage", "heartbeat", "stream_end", "notice", "dispute", "late_report")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    FILL_FIELD_NUMBER: _ClassVar[int]
    CASH_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    TRANSFER_FIELD_NUMBER: _ClassVar[int]
    LOT_FIELD_NUMBER: _ClassVar[int]
    USAGE_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    STREAM_END_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    DISPUTE_FIELD_NUMBER: _ClassVar[int]
    LATE_REPORT_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    resume_token: str
    event_time: _timestamp_pb2.Timestamp
    snapshot: AccountSnapshot
    order: _trading_pb2.Order
    fill: _trading_pb2.Fill
    cash: CashBalance
    units: UnitBalance
    transfer: Transfer
    lot: _lots_pb2.Lot
    usage: _usage_pb2.UsageRecord
    heartbeat: _common_pb2.Heartbeat
    stream_end: _common_pb2.StreamEnd
    notice: _notices_pb2.Notice
    dispute: _usage_pb2.UsageDispute
    late_report: _usage_pb2.LateReport
    def __init__(self, sequence: _Optional[int] = ..., resume_token: _Optional[str] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., snapshot: _Optional[_Union[AccountSnapshot, _Mapping]] = ..., order: _Optional[_Union[_trading_pb2.Order, _Mapping]] = ..., fill: _Optional[_Union[_trading_pb2.Fill, _Mapping]] = ..., cash: _Optional[_Union[CashBalance, _Mapping]] = ..., units: _Optional[_Union[UnitBalance, _Mapping]] = ..., transfer: _Optional[_Union[Transfer, _Mapping]] = ..., lot: _Optional[_Union[_lots_pb2.Lot, _Mapping]] = ..., usage: _Optional[_Union[_usage_pb2.UsageRecord, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., stream_end: _Optional[_Union[_common_pb2.StreamEnd, _Mapping]] = ..., notice: _Optional[_Union[_notices_pb2.Notice, _Mapping]] = ..., dispute: _Optional[_Union[_usage_pb2.UsageDispute, _Mapping]] = ..., late_report: _Optional[_Union[_usage_pb2.LateReport, _Mapping]] = ...) -> None: ...

class AccountSnapshot(_message.Message):
    __slots__ = ("orders", "cash", "units", "lots")
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    CASH_FIELD_NUMBER: _ClassVar[int]
    UNITS_FIELD_NUMBER: _ClassVar[int]
    LOTS_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[_trading_pb2.Order]
    cash: CashBalance
    units: _containers.RepeatedCompositeFieldContainer[UnitBalance]
    lots: _containers.RepeatedCompositeFieldContainer[_lots_pb2.Lot]
    def __init__(self, orders: _Optional[_Iterable[_Union[_trading_pb2.Order, _Mapping]]] = ..., cash: _Optional[_Union[CashBalance, _Mapping]] = ..., units: _Optional[_Iterable[_Union[UnitBalance, _Mapping]]] = ..., lots: _Optional[_Iterable[_Union[_lots_pb2.Lot, _Mapping]]] = ...) -> None: ...
