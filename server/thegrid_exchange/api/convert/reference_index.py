"""Reference indexes and the trades that went into them.

How an index is found is the engine's affair.
"""

from typing import Final

from thegrid.v1 import market_data_pb2
from thegrid_exchange.api.convert.common import time_of
from thegrid_exchange.engine.records import IndexInput, ReferenceIndex

_STATUS: Final = {
    "provisional": market_data_pb2.REFERENCE_INDEX_STATUS_PROVISIONAL,
    "final": market_data_pb2.REFERENCE_INDEX_STATUS_FINAL,
}


def index_message(index: ReferenceIndex, symbol: str) -> market_data_pb2.ReferenceIndex:
    """The index of one window."""
    return market_data_pb2.ReferenceIndex(
        instrument_id=index.instrument_id,
        symbol=symbol,
        window_start_time=time_of(index.window_start_us),
        window_end_time=time_of(index.window_end_us),
        price_micros=index.price_micros,
        trade_count=index.trade_count,
        volume_tokens=index.volume_tokens,
        status=_STATUS[index.status],
        method_version=index.method_version,
        update_time=time_of(index.set_at_us),
    )


def input_message(each: IndexInput) -> market_data_pb2.ReferenceIndexInput:
    """One trade of an index."""
    return market_data_pb2.ReferenceIndexInput(
        trade_id=each.trade_id, price_micros=each.price_micros, tokens=each.tokens
    )
