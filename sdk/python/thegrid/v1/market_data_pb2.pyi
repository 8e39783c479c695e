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

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_BOOK: _ClassVar[Channel]
    CHANNEL_TRADES: _ClassVar[Channel]
    CHANNEL_STATUS: _ClassVar[Channel]
    CHANNEL_AUCTION: _ClassVar[Channel]
    CHANNEL_BEST: _ClassVar[Channel]
    CHANNEL_TICKER: _ClassVar[Channel]
    CHANNEL_CANDLES: _ClassVar[Channel]
    CHANNEL_INDEX: _ClassVar[Channel]
    CHANNEL_ORDERS: _ClassVar[Channel]

class CandleInterval(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CANDLE_INTERVAL_UNSPECIFIED: _ClassVar[CandleInterval]
    CANDLE_INTERVAL_ONE_MINUTE: _ClassVar[CandleInterval]
    CANDLE_INTERVAL_FIVE_MINUTES: _ClassVar[CandleInterval]
    CANDLE_INTERVAL_FIFTEEN_MINUTES: _ClassVar[CandleInterval]
    CANDLE_INTERVAL_ONE_HOUR: _ClassVar[CandleInterval]
    CANDLE_INTERVAL_FOUR_HOURS: _ClassVar[CandleInterval]
    CANDLE_INTERVAL_ONE_DAY: _ClassVar[CandleInterval]

class AuctionCause(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUCTION_CAUSE_UNSPECIFIED: _ClassVar[AuctionCause]
    AUCTION_CAUSE_OPERATOR: _ClassVar[AuctionCause]
    AUCTION_CAUSE_MAX_MOVE: _ClassVar[AuctionCause]
    AUCTION_CAUSE_SWEEP: _ClassVar[AuctionCause]

class MarketState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MARKET_STATE_UNSPECIFIED: _ClassVar[MarketState]
    MARKET_STATE_OPEN: _ClassVar[MarketState]
    MARKET_STATE_CANCEL_ONLY: _ClassVar[MarketState]
    MARKET_STATE_HALTED: _ClassVar[MarketState]
    MARKET_STATE_AUCTION: _ClassVar[MarketState]
    MARKET_STATE_SWEEPING: _ClassVar[MarketState]

class ReferenceIndexStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFERENCE_INDEX_STATUS_UNSPECIFIED: _ClassVar[ReferenceIndexStatus]
    REFERENCE_INDEX_STATUS_PROVISIONAL: _ClassVar[ReferenceIndexStatus]
    REFERENCE_INDEX_STATUS_FINAL: _ClassVar[ReferenceIndexStatus]
CHANNEL_UNSPECIFIED: Channel
CHANNEL_BOOK: Channel
CHANNEL_TRADES: Channel
CHANNEL_STATUS: Channel
CHANNEL_AUCTION: Channel
CHANNEL_BEST: Channel
CHANNEL_TICKER: Channel
CHANNEL_CANDLES: Channel
CHANNEL_INDEX: Channel
CHANNEL_ORDERS: Channel
CANDLE_INTERVAL_UNSPECIFIED: CandleInterval
CANDLE_INTERVAL_ONE_MINUTE: CandleInterval
CANDLE_INTERVAL_FIVE_MINUTES: CandleInterval
CANDLE_INTERVAL_FIFTEEN_MINUTES: CandleInterval
CANDLE_INTERVAL_ONE_HOUR: CandleInterval
CANDLE_INTERVAL_FOUR_HOURS: CandleInterval
CANDLE_INTERVAL_ONE_DAY: CandleInterval
AUCTION_CAUSE_UNSPECIFIED: AuctionCause
AUCTION_CAUSE_OPERATOR: AuctionCause
AUCTION_CAUSE_MAX_MOVE: AuctionCause
AUCTION_CAUSE_SWEEP: AuctionCause
MARKET_STATE_UNSPECIFIED: MarketState
MARKET_STATE_OPEN: MarketState
MARKET_STATE_CANCEL_ONLY: MarketState
MARKET_STATE_HALTED: MarketState
MARKET_STATE_AUCTION: MarketState
MARKET_STATE_SWEEPING: MarketState
REFERENCE_INDEX_STATUS_UNSPECIFIED: ReferenceIndexStatus
REFERENCE_INDEX_STATUS_PROVISIONAL: ReferenceIndexStatus
REFERENCE_INDEX_STATUS_FINAL: ReferenceIndexStatus

class GetMarketRequest(_message.Message):
    __slots__ = ("market", "min_position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    market: str
    min_position: _common_pb2.Position
    def __init__(self, market: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetMarketResponse(_message.Message):
    __slots__ = ("market",)
    MARKET_FIELD_NUMBER: _ClassVar[int]
    market: Market
    def __init__(self, market: _Optional[_Union[Market, _Mapping]] = ...) -> None: ...

class ListMarketsRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListMarketsResponse(_message.Message):
    __slots__ = ("markets", "next_page_token")
    MARKETS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    markets: _containers.RepeatedCompositeFieldContainer[Market]
    next_page_token: str
    def __init__(self, markets: _Optional[_Iterable[_Union[Market, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class GetBookRequest(_message.Message):
    __slots__ = ("market", "depth_levels", "min_position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    DEPTH_LEVELS_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    market: str
    depth_levels: int
    min_position: _common_pb2.Position
    def __init__(self, market: _Optional[str] = ..., depth_levels: _Optional[int] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetBookResponse(_message.Message):
    __slots__ = ("book", "sequence")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    book: BookSnapshot
    sequence: int
    def __init__(self, book: _Optional[_Union[BookSnapshot, _Mapping]] = ..., sequence: _Optional[int] = ...) -> None: ...

class GetOrderBookRequest(_message.Message):
    __slots__ = ("market", "depth_orders", "min_position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    DEPTH_ORDERS_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    market: str
    depth_orders: int
    min_position: _common_pb2.Position
    def __init__(self, market: _Optional[str] = ..., depth_orders: _Optional[int] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetOrderBookResponse(_message.Message):
    __slots__ = ("book", "sequence")
    BOOK_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    book: OrderBookSnapshot
    sequence: int
    def __init__(self, book: _Optional[_Union[OrderBookSnapshot, _Mapping]] = ..., sequence: _Optional[int] = ...) -> None: ...

class GetTickerRequest(_message.Message):
    __slots__ = ("market", "min_position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    market: str
    min_position: _common_pb2.Position
    def __init__(self, market: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetTickerResponse(_message.Message):
    __slots__ = ("ticker",)
    TICKER_FIELD_NUMBER: _ClassVar[int]
    ticker: Ticker
    def __init__(self, ticker: _Optional[_Union[Ticker, _Mapping]] = ...) -> None: ...

class ListTickersRequest(_message.Message):
    __slots__ = ("page_size", "page_token", "min_position")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListTickersResponse(_message.Message):
    __slots__ = ("tickers", "next_page_token")
    TICKERS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    tickers: _containers.RepeatedCompositeFieldContainer[Ticker]
    next_page_token: str
    def __init__(self, tickers: _Optional[_Iterable[_Union[Ticker, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListCandlesRequest(_message.Message):
    __slots__ = ("market", "interval", "page_size", "page_token", "start_time", "end_time", "min_position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    market: str
    interval: CandleInterval
    page_size: int
    page_token: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, market: _Optional[str] = ..., interval: _Optional[_Union[CandleInterval, str]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListCandlesResponse(_message.Message):
    __slots__ = ("candles", "next_page_token")
    CANDLES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    candles: _containers.RepeatedCompositeFieldContainer[Candle]
    next_page_token: str
    def __init__(self, candles: _Optional[_Iterable[_Union[Candle, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListTradesRequest(_message.Message):
    __slots__ = ("market", "page_size", "page_token", "start_time", "end_time", "min_position")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    market: str
    page_size: int
    page_token: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, market: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListTradesResponse(_message.Message):
    __slots__ = ("trades", "next_page_token")
    TRADES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    trades: _containers.RepeatedCompositeFieldContainer[Trade]
    next_page_token: str
    def __init__(self, trades: _Optional[_Iterable[_Union[Trade, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class StreamMarketDataRequest(_message.Message):
    __slots__ = ("subscriptions",)
    SUBSCRIPTIONS_FIELD_NUMBER: _ClassVar[int]
    subscriptions: _containers.RepeatedCompositeFieldContainer[Subscription]
    def __init__(self, subscriptions: _Optional[_Iterable[_Union[Subscription, _Mapping]]] = ...) -> None: ...

class StreamMarketDataResponse(_message.Message):
    __slots__ = ("events", "lag_events", "lag_us")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    LAG_EVENTS_FIELD_NUMBER: _ClassVar[int]
    LAG_US_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[MarketEvent]
    lag_events: int
    lag_us: int
    def __init__(self, events: _Optional[_Iterable[_Union[MarketEvent, _Mapping]]] = ..., lag_events: _Optional[int] = ..., lag_us: _Optional[int] = ...) -> None: ...

class Subscription(_message.Message):
    __slots__ = ("market", "channel", "after_sequence", "depth_levels", "candle_interval")
    MARKET_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    AFTER_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    DEPTH_LEVELS_FIELD_NUMBER: _ClassVar[int]
    CANDLE_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    market: str
    channel: Channel
    after_sequence: int
    depth_levels: int
    candle_interval: CandleInterval
    def __init__(self, market: _Optional[str] = ..., channel: _Optional[_Union[Channel, str]] = ..., after_sequence: _Optional[int] = ..., depth_levels: _Optional[int] = ..., candle_interval: _Optional[_Union[CandleInterval, str]] = ...) -> None: ...

class MarketEvent(_message.Message):
    __slots__ = ("market_id", "channel", "prev_sequence", "sequence", "event_time", "conflated_from_sequence", "book_snapshot", "book_delta", "trade", "market", "heartbeat", "stream_end", "auction", "best_prices", "order_book_snapshot", "order_book_delta", "ticker", "candle", "reference_index", "gap_from_sequence", "gap_to_sequence")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    PREV_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    EVENT_TIME_FIELD_NUMBER: _ClassVar[int]
    CONFLATED_FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    BOOK_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    BOOK_DELTA_FIELD_NUMBER: _ClassVar[int]
    TRADE_FIELD_NUMBER: _ClassVar[int]
    MARKET_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    STREAM_END_FIELD_NUMBER: _ClassVar[int]
    AUCTION_FIELD_NUMBER: _ClassVar[int]
    BEST_PRICES_FIELD_NUMBER: _ClassVar[int]
    ORDER_BOOK_SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    ORDER_BOOK_DELTA_FIELD_NUMBER: _ClassVar[int]
    TICKER_FIELD_NUMBER: _ClassVar[int]
    CANDLE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_INDEX_FIELD_NUMBER: _ClassVar[int]
    GAP_FROM_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    GAP_TO_SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    market_id: str
    channel: Channel
    prev_sequence: int
    sequence: int
    event_time: _timestamp_pb2.Timestamp
    conflated_from_sequence: int
    book_snapshot: BookSnapshot
    book_delta: BookDelta
    trade: Trade
    market: Market
    heartbeat: _common_pb2.Heartbeat
    stream_end: _common_pb2.StreamEnd
    auction: Auction
    best_prices: BestPrices
    order_book_snapshot: OrderBookSnapshot
    order_book_delta: OrderBookDelta
    ticker: Ticker
    candle: Candle
    reference_index: ReferenceIndex
    gap_from_sequence: int
    gap_to_sequence: int
    def __init__(self, market_id: _Optional[str] = ..., channel: _Optional[_Union[Channel, str]] = ..., prev_sequence: _Optional[int] = ..., sequence: _Optional[int] = ..., event_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., conflated_from_sequence: _Optional[int] = ..., book_snapshot: _Optional[_Union[BookSnapshot, _Mapping]] = ..., book_delta: _Optional[_Union[BookDelta, _Mapping]] = ..., trade: _Optional[_Union[Trade, _Mapping]] = ..., market: _Optional[_Union[Market, _Mapping]] = ..., heartbeat: _Optional[_Union[_common_pb2.Heartbeat, _Mapping]] = ..., stream_end: _Optional[_Union[_common_pb2.StreamEnd, _Mapping]] = ..., auction: _Optional[_Union[Auction, _Mapping]] = ..., best_prices: _Optional[_Union[BestPrices, _Mapping]] = ..., order_book_snapshot: _Optional[_Union[OrderBookSnapshot, _Mapping]] = ..., order_book_delta: _Optional[_Union[OrderBookDelta, _Mapping]] = ..., ticker: _Optional[_Union[Ticker, _Mapping]] = ..., candle: _Optional[_Union[Candle, _Mapping]] = ..., reference_index: _Optional[_Union[ReferenceIndex, _Mapping]] = ..., gap_from_sequence: _Optional[int] = ..., gap_to_sequence: _Optional[int] = ...) -> None: ...

class BestPrices(_message.Message):
    __slots__ = ("bid", "ask")
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    bid: BookLevel
    ask: BookLevel
    def __init__(self, bid: _Optional[_Union[BookLevel, _Mapping]] = ..., ask: _Optional[_Union[BookLevel, _Mapping]] = ...) -> None: ...

class OrderBookSnapshot(_message.Message):
    __slots__ = ("bids", "asks", "checksum", "gap", "continued", "more")
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    CONTINUED_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    bids: _containers.RepeatedCompositeFieldContainer[BookOrder]
    asks: _containers.RepeatedCompositeFieldContainer[BookOrder]
    checksum: int
    gap: bool
    continued: bool
    more: bool
    def __init__(self, bids: _Optional[_Iterable[_Union[BookOrder, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookOrder, _Mapping]]] = ..., checksum: _Optional[int] = ..., gap: bool = ..., continued: bool = ..., more: bool = ...) -> None: ...

class OrderBookDelta(_message.Message):
    __slots__ = ("bids", "asks", "checksum")
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    bids: _containers.RepeatedCompositeFieldContainer[BookOrder]
    asks: _containers.RepeatedCompositeFieldContainer[BookOrder]
    checksum: int
    def __init__(self, bids: _Optional[_Iterable[_Union[BookOrder, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookOrder, _Mapping]]] = ..., checksum: _Optional[int] = ...) -> None: ...

class BookOrder(_message.Message):
    __slots__ = ("order_id", "price_micros", "quantity_units", "priority")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    order_id: str
    price_micros: int
    quantity_units: int
    priority: int
    def __init__(self, order_id: _Optional[str] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ..., priority: _Optional[int] = ...) -> None: ...

class Ticker(_message.Message):
    __slots__ = ("market_id", "symbol", "ticker_time", "bid", "ask", "last_price_micros", "last_quantity_units", "last_trade_time", "last_trade_id", "window_start_time", "open_price_micros", "high_price_micros", "low_price_micros", "change_micros", "change_bps", "volume_units", "turnover_micros", "trade_count")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    TICKER_TIME_FIELD_NUMBER: _ClassVar[int]
    BID_FIELD_NUMBER: _ClassVar[int]
    ASK_FIELD_NUMBER: _ClassVar[int]
    LAST_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    LAST_QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    LAST_TRADE_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_TIME_FIELD_NUMBER: _ClassVar[int]
    OPEN_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    HIGH_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    LOW_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CHANGE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CHANGE_BPS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_UNITS_FIELD_NUMBER: _ClassVar[int]
    TURNOVER_MICROS_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    market_id: str
    symbol: str
    ticker_time: _timestamp_pb2.Timestamp
    bid: BookLevel
    ask: BookLevel
    last_price_micros: int
    last_quantity_units: int
    last_trade_time: _timestamp_pb2.Timestamp
    last_trade_id: str
    window_start_time: _timestamp_pb2.Timestamp
    open_price_micros: int
    high_price_micros: int
    low_price_micros: int
    change_micros: int
    change_bps: int
    volume_units: int
    turnover_micros: int
    trade_count: int
    def __init__(self, market_id: _Optional[str] = ..., symbol: _Optional[str] = ..., ticker_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., bid: _Optional[_Union[BookLevel, _Mapping]] = ..., ask: _Optional[_Union[BookLevel, _Mapping]] = ..., last_price_micros: _Optional[int] = ..., last_quantity_units: _Optional[int] = ..., last_trade_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_trade_id: _Optional[str] = ..., window_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., open_price_micros: _Optional[int] = ..., high_price_micros: _Optional[int] = ..., low_price_micros: _Optional[int] = ..., change_micros: _Optional[int] = ..., change_bps: _Optional[int] = ..., volume_units: _Optional[int] = ..., turnover_micros: _Optional[int] = ..., trade_count: _Optional[int] = ...) -> None: ...

class Candle(_message.Message):
    __slots__ = ("market_id", "interval", "start_time", "end_time", "open_price_micros", "high_price_micros", "low_price_micros", "close_price_micros", "volume_units", "turnover_micros", "trade_count", "first_trade_id", "last_trade_id", "final")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    OPEN_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    HIGH_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    LOW_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    CLOSE_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_UNITS_FIELD_NUMBER: _ClassVar[int]
    TURNOVER_MICROS_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    FIRST_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    LAST_TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    FINAL_FIELD_NUMBER: _ClassVar[int]
    market_id: str
    interval: CandleInterval
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    open_price_micros: int
    high_price_micros: int
    low_price_micros: int
    close_price_micros: int
    volume_units: int
    turnover_micros: int
    trade_count: int
    first_trade_id: str
    last_trade_id: str
    final: bool
    def __init__(self, market_id: _Optional[str] = ..., interval: _Optional[_Union[CandleInterval, str]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., open_price_micros: _Optional[int] = ..., high_price_micros: _Optional[int] = ..., low_price_micros: _Optional[int] = ..., close_price_micros: _Optional[int] = ..., volume_units: _Optional[int] = ..., turnover_micros: _Optional[int] = ..., trade_count: _Optional[int] = ..., first_trade_id: _Optional[str] = ..., last_trade_id: _Optional[str] = ..., final: bool = ...) -> None: ...

class Auction(_message.Message):
    __slots__ = ("auction_id", "cause", "end_time", "reference_price_micros", "price_micros", "volume_units", "surplus_units", "finished")
    AUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    CAUSE_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    VOLUME_UNITS_FIELD_NUMBER: _ClassVar[int]
    SURPLUS_UNITS_FIELD_NUMBER: _ClassVar[int]
    FINISHED_FIELD_NUMBER: _ClassVar[int]
    auction_id: str
    cause: AuctionCause
    end_time: _timestamp_pb2.Timestamp
    reference_price_micros: int
    price_micros: int
    volume_units: int
    surplus_units: int
    finished: bool
    def __init__(self, auction_id: _Optional[str] = ..., cause: _Optional[_Union[AuctionCause, str]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., reference_price_micros: _Optional[int] = ..., price_micros: _Optional[int] = ..., volume_units: _Optional[int] = ..., surplus_units: _Optional[int] = ..., finished: bool = ...) -> None: ...

class BookSnapshot(_message.Message):
    __slots__ = ("bids", "asks", "checksum", "gap")
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    GAP_FIELD_NUMBER: _ClassVar[int]
    bids: _containers.RepeatedCompositeFieldContainer[BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[BookLevel]
    checksum: int
    gap: bool
    def __init__(self, bids: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., checksum: _Optional[int] = ..., gap: bool = ...) -> None: ...

class BookDelta(_message.Message):
    __slots__ = ("bids", "asks", "checksum")
    BIDS_FIELD_NUMBER: _ClassVar[int]
    ASKS_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    bids: _containers.RepeatedCompositeFieldContainer[BookLevel]
    asks: _containers.RepeatedCompositeFieldContainer[BookLevel]
    checksum: int
    def __init__(self, bids: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., asks: _Optional[_Iterable[_Union[BookLevel, _Mapping]]] = ..., checksum: _Optional[int] = ...) -> None: ...

class BookLevel(_message.Message):
    __slots__ = ("price_micros", "quantity_units", "order_count")
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    ORDER_COUNT_FIELD_NUMBER: _ClassVar[int]
    price_micros: int
    quantity_units: int
    order_count: int
    def __init__(self, price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ..., order_count: _Optional[int] = ...) -> None: ...

class Trade(_message.Message):
    __slots__ = ("trade_id", "market_id", "price_micros", "quantity_units", "taker_side", "trade_time", "auction_id", "affiliated")
    TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_UNITS_FIELD_NUMBER: _ClassVar[int]
    TAKER_SIDE_FIELD_NUMBER: _ClassVar[int]
    TRADE_TIME_FIELD_NUMBER: _ClassVar[int]
    AUCTION_ID_FIELD_NUMBER: _ClassVar[int]
    AFFILIATED_FIELD_NUMBER: _ClassVar[int]
    trade_id: str
    market_id: str
    price_micros: int
    quantity_units: int
    taker_side: _common_pb2.Side
    trade_time: _timestamp_pb2.Timestamp
    auction_id: str
    affiliated: bool
    def __init__(self, trade_id: _Optional[str] = ..., market_id: _Optional[str] = ..., price_micros: _Optional[int] = ..., quantity_units: _Optional[int] = ..., taker_side: _Optional[_Union[_common_pb2.Side, str]] = ..., trade_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., auction_id: _Optional[str] = ..., affiliated: bool = ...) -> None: ...

class Market(_message.Message):
    __slots__ = ("market_id", "instrument_id", "symbol", "state", "state_reason", "terms", "last_price_micros", "best_bid_micros", "best_ask_micros", "next_sweep_time", "policy", "auction")
    MARKET_ID_FIELD_NUMBER: _ClassVar[int]
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    STATE_REASON_FIELD_NUMBER: _ClassVar[int]
    TERMS_FIELD_NUMBER: _ClassVar[int]
    LAST_PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    BEST_BID_MICROS_FIELD_NUMBER: _ClassVar[int]
    BEST_ASK_MICROS_FIELD_NUMBER: _ClassVar[int]
    NEXT_SWEEP_TIME_FIELD_NUMBER: _ClassVar[int]
    POLICY_FIELD_NUMBER: _ClassVar[int]
    AUCTION_FIELD_NUMBER: _ClassVar[int]
    market_id: str
    instrument_id: str
    symbol: str
    state: MarketState
    state_reason: str
    terms: MarketTerms
    last_price_micros: int
    best_bid_micros: int
    best_ask_micros: int
    next_sweep_time: _timestamp_pb2.Timestamp
    policy: MarketPolicy
    auction: Auction
    def __init__(self, market_id: _Optional[str] = ..., instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., state: _Optional[_Union[MarketState, str]] = ..., state_reason: _Optional[str] = ..., terms: _Optional[_Union[MarketTerms, _Mapping]] = ..., last_price_micros: _Optional[int] = ..., best_bid_micros: _Optional[int] = ..., best_ask_micros: _Optional[int] = ..., next_sweep_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., policy: _Optional[_Union[MarketPolicy, _Mapping]] = ..., auction: _Optional[_Union[Auction, _Mapping]] = ...) -> None: ...

class MarketPolicy(_message.Message):
    __slots__ = ("max_move_bps", "max_move_window_us", "max_move_auction_us", "sweep_auction_us")
    MAX_MOVE_BPS_FIELD_NUMBER: _ClassVar[int]
    MAX_MOVE_WINDOW_US_FIELD_NUMBER: _ClassVar[int]
    MAX_MOVE_AUCTION_US_FIELD_NUMBER: _ClassVar[int]
    SWEEP_AUCTION_US_FIELD_NUMBER: _ClassVar[int]
    max_move_bps: int
    max_move_window_us: int
    max_move_auction_us: int
    sweep_auction_us: int
    def __init__(self, max_move_bps: _Optional[int] = ..., max_move_window_us: _Optional[int] = ..., max_move_auction_us: _Optional[int] = ..., sweep_auction_us: _Optional[int] = ...) -> None: ...

class MarketTerms(_message.Message):
    __slots__ = ("tick_size_micros", "quantity_min_units", "quantity_max_units", "maker_fee_bps", "taker_fee_bps", "quantity_step_units", "price_max_micros")
    TICK_SIZE_MICROS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MIN_UNITS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_MAX_UNITS_FIELD_NUMBER: _ClassVar[int]
    MAKER_FEE_BPS_FIELD_NUMBER: _ClassVar[int]
    TAKER_FEE_BPS_FIELD_NUMBER: _ClassVar[int]
    QUANTITY_STEP_UNITS_FIELD_NUMBER: _ClassVar[int]
    PRICE_MAX_MICROS_FIELD_NUMBER: _ClassVar[int]
    tick_size_micros: int
    quantity_min_units: int
    quantity_max_units: int
    maker_fee_bps: int
    taker_fee_bps: int
    quantity_step_units: int
    price_max_micros: int
    def __init__(self, tick_size_micros: _Optional[int] = ..., quantity_min_units: _Optional[int] = ..., quantity_max_units: _Optional[int] = ..., maker_fee_bps: _Optional[int] = ..., taker_fee_bps: _Optional[int] = ..., quantity_step_units: _Optional[int] = ..., price_max_micros: _Optional[int] = ...) -> None: ...

class ReferenceIndex(_message.Message):
    __slots__ = ("instrument_id", "symbol", "window_start_time", "window_end_time", "price_micros", "trade_count", "volume_tokens", "status", "method_version", "update_time")
    INSTRUMENT_ID_FIELD_NUMBER: _ClassVar[int]
    SYMBOL_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_TIME_FIELD_NUMBER: _ClassVar[int]
    WINDOW_END_TIME_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TRADE_COUNT_FIELD_NUMBER: _ClassVar[int]
    VOLUME_TOKENS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    METHOD_VERSION_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    instrument_id: str
    symbol: str
    window_start_time: _timestamp_pb2.Timestamp
    window_end_time: _timestamp_pb2.Timestamp
    price_micros: int
    trade_count: int
    volume_tokens: int
    status: ReferenceIndexStatus
    method_version: int
    update_time: _timestamp_pb2.Timestamp
    def __init__(self, instrument_id: _Optional[str] = ..., symbol: _Optional[str] = ..., window_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., window_end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., price_micros: _Optional[int] = ..., trade_count: _Optional[int] = ..., volume_tokens: _Optional[int] = ..., status: _Optional[_Union[ReferenceIndexStatus, str]] = ..., method_version: _Optional[int] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ReferenceIndexInput(_message.Message):
    __slots__ = ("trade_id", "price_micros", "tokens")
    TRADE_ID_FIELD_NUMBER: _ClassVar[int]
    PRICE_MICROS_FIELD_NUMBER: _ClassVar[int]
    TOKENS_FIELD_NUMBER: _ClassVar[int]
    trade_id: str
    price_micros: int
    tokens: int
    def __init__(self, trade_id: _Optional[str] = ..., price_micros: _Optional[int] = ..., tokens: _Optional[int] = ...) -> None: ...

class GetReferenceIndexRequest(_message.Message):
    __slots__ = ("instrument", "window_start_time", "min_position")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    window_start_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, instrument: _Optional[str] = ..., window_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class GetReferenceIndexResponse(_message.Message):
    __slots__ = ("index",)
    INDEX_FIELD_NUMBER: _ClassVar[int]
    index: ReferenceIndex
    def __init__(self, index: _Optional[_Union[ReferenceIndex, _Mapping]] = ...) -> None: ...

class ListReferenceIndexesRequest(_message.Message):
    __slots__ = ("instrument", "page_size", "page_token", "start_time", "end_time", "min_position")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    END_TIME_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    page_size: int
    page_token: str
    start_time: _timestamp_pb2.Timestamp
    end_time: _timestamp_pb2.Timestamp
    min_position: _common_pb2.Position
    def __init__(self, instrument: _Optional[str] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., end_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListReferenceIndexesResponse(_message.Message):
    __slots__ = ("indexes", "next_page_token")
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    indexes: _containers.RepeatedCompositeFieldContainer[ReferenceIndex]
    next_page_token: str
    def __init__(self, indexes: _Optional[_Iterable[_Union[ReferenceIndex, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ListReferenceIndexInputsRequest(_message.Message):
    __slots__ = ("instrument", "window_start_time", "page_size", "page_token", "min_position")
    INSTRUMENT_FIELD_NUMBER: _ClassVar[int]
    WINDOW_START_TIME_FIELD_NUMBER: _ClassVar[int]
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    MIN_POSITION_FIELD_NUMBER: _ClassVar[int]
    instrument: str
    window_start_time: _timestamp_pb2.Timestamp
    page_size: int
    page_token: str
    min_position: _common_pb2.Position
    def __init__(self, instrument: _Optional[str] = ..., window_start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., page_size: _Optional[int] = ..., page_token: _Optional[str] = ..., min_position: _Optional[_Union[_common_pb2.Position, _Mapping]] = ...) -> None: ...

class ListReferenceIndexInputsResponse(_message.Message):
    __slots__ = ("index", "inputs", "next_page_token")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    INPUTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    index: ReferenceIndex
    inputs: _containers.RepeatedCompositeFieldContainer[ReferenceIndexInput]
    next_page_token: str
    def __init__(self, index: _Optional[_Union[ReferenceIndex, _Mapping]] = ..., inputs: _Optional[_Iterable[_Union[ReferenceIndexInput, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...
