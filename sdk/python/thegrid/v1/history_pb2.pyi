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

class SweepState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SWEEP_STATE_UNSPECIFIED: _ClassVar[SweepState]
    SWEEP_STATE_RUNNING: _ClassVar[SweepState]
    SWEEP_STATE_FINISHED: _ClassVar[SweepState]
SWEEP_STATE_UNSPECIFIED: SweepState
SWEEP_STATE_RUNNING: SweepState
SWEEP_STATE_FINISHED: SweepState

class ListPositionsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "instrument", "open_only", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    OPEN_ONLY_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    instrument: str
    open_only: bool
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., instrument: _Optional[str] = ..., open_only: bool = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListPositionsResponse(_message.Message):
    __slots__ = ("positions", "next_page_token")
    POSITIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    positions: _containers.RepeatedCompositeFieldContainer[InstrumentPosition]
    next_page_token: str
    def __init__(self, positions: _Optional[_Iterable[_Union[InstrumentPosition, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class InstrumentPosition(_message.Message):
    __slots__ = ("instrument_id", "symbol", "quantity_units", "cost_micros", "average_cost_micros", "realised_micros", "consumption_cost_micros", "fees_micros", "bought_units", "bought_micros", "resold_units", "resold_micros", "transferred_units", "issued_units", "issued_micros", "bought_back_units", "bought_back_micros", "last_price_micros", "unrealised_micros", "update_time")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    AVERAGE_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    REALISED_MICROS_FIELD_NUMBER: _ClassVar[int]
    CONSUMPTION_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_UNITS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_MICROS_FIELD_NUMBER: _ClassVar[int]
    RESOLD_UNITS_FIELD_NUMBER: _ClassVar[int]
    RESOLD_MICROS_FIELD_NUMBER: _ClassVar[int]
    TRANSFERRED_UNITS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_UNITS_FIELD_NUMBER: _ClassVar[int]
    ISSUED_MICROS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_BACK_UNITS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_BACK_MICROS_FIELD_NUMBER: _ClassVar[int]
    LAST_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    UNREALISED_MICROS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    symbol: str
    quantity_units: int
    cost_micros: int
    average_cost_micros: int
    realised_micros: int
    consumption_cost_micros: int
    fees_micros: int
    bought_units: int
    bought_micros: int
    resold_units: int
    resold_micros: int
    transferred_units: int
    issued_units: int
    issued_micros: int
    bought_back_units: int
    bought_back_micros: int
    last_price_micros: int
    unrealised_micros: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., quantity_units: _Optional[int] = ..., cost_micros: _Optional[int] = ..., average_cost_micros: _Optional[int] = ..., realised_micros: _Optional[int] = ..., consumption_cost_micros: _Optional[int] = ..., fees_micros: _Optional[int] = ..., bought_units: _Optional[int] = ..., bought_micros: _Optional[int] = ..., resold_units: _Optional[int] = ..., resold_micros: _Optional[int] = ..., transferred_units: _Optional[int] = ..., issued_units: _Optional[int] = ..., issued_micros: _Optional[int] = ..., bought_back_units: _Optional[int] = ..., bought_back_micros: _Optional[int] = ..., last_price_micros: _Optional[int] = ..., unrealised_micros: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetStatisticsRequest(_message.Message):
    __slots__ = ("start_time", "end_time", "instrument", "min_position")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    instrument: str
    min_position: _common_pb2.Position
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., instrument: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetStatisticsResponse(_message.Message):
    __slots__ = ("start_time", "end_time", "instruments")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENTS_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    instruments: _containers.RepeatedCompositeFieldContainer[InstrumentStatistics]
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., instruments: _Optional[_Iterable[_Union[InstrumentStatistics, _Mapping]]] = ...) -> None: ...

class InstrumentStatistics(_message.Message):
    __slots__ = ("instrument_id", "symbol", "fills", "bought_units", "bought_micros", "sold_units", "sold_micros", "fees_micros", "calls", "billed_calls", "billed_tokens", "call_cost_micros")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    FILLS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_UNITS_FIELD_NUMBER: _ClassVar[int]
    BOUGHT_MICROS_FIELD_NUMBER: _ClassVar[int]
    SOLD_UNITS_FIELD_NUMBER: _ClassVar[int]
    SOLD_MICROS_FIELD_NUMBER: _ClassVar[int]
    FEES_MICROS_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    BILLED_CALLS_FIELD_NUMBER: _ClassVar[int]
    BILLED_TOKENS_FIELD_NUMBER: _ClassVar[int]
    CALL_COST_MICROS_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    symbol: str
    fills: int
    bought_units: int
    bought_micros: int
    sold_units: int
    sold_micros: int
    fees_micros: int
    calls: int
    billed_calls: int
    billed_tokens: int
    call_cost_micros: int
    def __init__(self, instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., fills: _Optional[int] = ..., bought_units: _Optional[int] = ..., bought_micros: _Optional[int] = ..., sold_units: _Optional[int] = ..., sold_micros: _Optional[int] = ..., fees_micros: _Optional[int] = ..., calls: _Optional[int] = ..., billed_calls: _Optional[int] = ..., billed_tokens: _Optional[int] = ..., call_cost_micros: _Optional[int] = ...) -> None: ...

class GetStatementRequest(_message.Message):
    __slots__ = ("start_time", "end_time", "asset", "page_size", "page_token", "min_position")
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    ASSET_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    asset: str
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., asset: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetStatementResponse(_message.Message):
    __slots__ = ("accounts", "next_page_token", "position")
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    accounts: _containers.RepeatedCompositeFieldContainer[AccountStatement]
    next_page_token: str
    position: _common_pb2.Position
    def __init__(self, accounts: _Optional[_Iterable[_Union[AccountStatement, _Mapping]]] = ..., next_page_token: _Optional[str] = ..., position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class AccountStatement(_message.Message):
    __slots__ = ("asset", "symbol", "account", "opening_balance", "entries", "closing_balance")
    ASSET_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    ACCOUNT_FIELD_NUMBER: _ClassVar[int]
    OPENING_BALANCE_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CLOSING_BALANCE_FIELD_NUMBER: _ClassVar[int]
    asset: str
    symbol: str
    account: str
    opening_balance: int
    entries: _containers.RepeatedCompositeFieldContainer[StatementEntry]
    closing_balance: int
    def __init__(self, asset: _Optional[str] = ..., symbol: _Optional[str] = ..., account: _Optional[str] = ..., opening_balance: _Optional[int] = ..., entries: _Optional[_Iterable[_Union[StatementEntry, _Mapping]]] = ..., closing_balance: _Optional[int] = ...) -> None: ...

class StatementEntry(_message.Message):
    __slots__ = ("reason", "postings", "amount")
    REASON_FIELD_NUMBER: _ClassVar[int]
    POSTINGS_FIELD_NUMBER: _ClassVar[int]
    AMOUNT_FIELD_NUMBER: _ClassVar[int]
    reason: str
    postings: int
    amount: int
    def __init__(self, reason: _Optional[str] = ..., postings: _Optional[int] = ..., amount: _Optional[int] = ...) -> None: ...

class ListSweepsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "market", "state", "own_only", "start_time", "end_time", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    OWN_ONLY_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    market: str
    state: SweepState
    own_only: bool
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., market: _Optional[str] = ..., state: _Optional[_Union[SweepState, str]] = ..., own_only: bool = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListSweepsResponse(_message.Message):
    __slots__ = ("sweeps", "next_page_token")
    SWEEPS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    sweeps: _containers.RepeatedCompositeFieldContainer[Sweep]
    next_page_token: str
    def __init__(self, sweeps: _Optional[_Iterable[_Union[Sweep, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class Sweep(_message.Message):
    __slots__ = ("sweep_id", "market_id", "symbol", "state", "slot_time", "begin_time", "finish_time", "members", "swept_units", "retired_units", "cancelled_orders", "share")
    SWEEP_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SLOT_TIME_FIELD_NUMBER: _ClassVar[int]
    BEGIN_TIME_FIELD_NUMBER: _ClassVar[int]
    FINISH_TIME_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    SWEPT_UNITS_FIELD_NUMBER: _ClassVar[int]
    RETIRED_UNITS_FIELD_NUMBER: _ClassVar[int]
    CANCELLED_ORDERS_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    sweep_id: str
    market_id: str
    symbol: str
    state: SweepState
    slot_time: _timestamp_pb2.Timestamp
    begin_time: _timestamp_pb2.Timestamp
    finish_time: _timestamp_pb2.Timestamp
    members: int
    swept_units: int
    retired_units: int
    cancelled_orders: int
    share: SweepShare
    def __init__(self, sweep_id: _Optional[str] = ..., market_id: _Optional[str] = ..., symbol: _Optional[str] = ..., state: _Optional[_Union[SweepState, str]] = ..., slot_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., begin_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., members: _Optional[int] = ..., swept_units: _Optional[int] = ..., retired_units: _Optional[int] = ..., cancelled_orders: _Optional[int] = ..., share: _Optional[_Union[SweepShare, _Mapping]] = ...) -> None: ...

class SweepShare(_message.Message):
    __slots__ = ("swept_units", "lot_ids", "retired_units")
    SWEPT_UNITS_FIELD_NUMBER: _ClassVar[int]
    LOT_IDS_FIELD_NUMBER: _ClassVar[int]
    RETIRED_UNITS_FIELD_NUMBER: _ClassVar[int]
    swept_units: int
    lot_ids: _containers.RepeatedScalarFieldContainer[str]
    retired_units: int
    def __init__(self, swept_units: _Optional[int] = ..., lot_ids: _Optional[_Iterable[str]] = ..., retired_units: _Optional[int] = ...) -> None: ...
