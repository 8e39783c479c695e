"""Positions, statistics, statements and sweeps as messages.

What the figures mean is said by the contract; how they are summed, by the views.
"""

from typing import Final

from thegrid.v1 import history_pb2
from thegrid_exchange.api.convert.common import optional_time, time_of
from thegrid_exchange.engine.quantities import CASH
from thegrid_exchange.views.activity import Activity
from thegrid_exchange.views.positions import Position
from thegrid_exchange.views.statements import Account
from thegrid_exchange.views.sweeps import SweepRow

_RUNNING: Final = history_pb2.SWEEP_STATE_RUNNING
_FINISHED: Final = history_pb2.SWEEP_STATE_FINISHED

SWEEP_OPEN: Final = {_RUNNING: True, _FINISHED: False}


def position_message(
    instrument_id: str, symbol: str, position: Position, last_price_micros: int | None
) -> history_pb2.InstrumentPosition:
    """One position, valued at the market's last price."""
    figures = position._asdict()
    updated_at_us = figures.pop("updated_at_us")
    units, cost_micros = position.quantity_units, position.cost_micros
    unrealised = None if last_price_micros is None else last_price_micros * units - cost_micros
    return history_pb2.InstrumentPosition(
        instrument_id=instrument_id,
        symbol=symbol,
        average_cost_micros=cost_micros // units if units else 0,
        last_price_micros=last_price_micros,
        unrealised_micros=unrealised,
        update_time=time_of(updated_at_us),
        **figures,
    )


def statistics_message(
    instrument_id: str, symbol: str, activity: Activity
) -> history_pb2.InstrumentStatistics:
    """What was traded and used of one instrument."""
    return history_pb2.InstrumentStatistics(
        instrument_id=instrument_id, symbol=symbol, **activity._asdict()
    )


def account_message(account: Account, symbol: str) -> history_pb2.AccountStatement:
    """One account over a span."""
    return history_pb2.AccountStatement(
        asset=account.asset,
        symbol="" if account.asset == CASH else symbol,
        account=account.account,
        opening_balance=account.opening,
        entries=[
            history_pb2.StatementEntry(reason=reason, postings=entry.postings, amount=entry.amount)
            for reason, entry in sorted(account.entries.items())
        ],
        closing_balance=account.closing,
    )


def sweep_message(found: SweepRow, symbol: str) -> history_pb2.Sweep:
    """One sweep with the caller's share."""
    sweep, share = found
    return history_pb2.Sweep(
        sweep_id=sweep.sweep_id,
        market_id=sweep.market_id,
        symbol=symbol,
        state=_RUNNING if sweep.finished_at_us is None else _FINISHED,
        slot_time=time_of(sweep.slot_us),
        begin_time=time_of(sweep.started_at_us),
        finish_time=optional_time(sweep.finished_at_us),
        members=sweep.members,
        swept_units=sweep.swept_units,
        retired_units=sweep.retired_units,
        cancelled_orders=sweep.cancelled_orders,
        share=None if share is None else history_pb2.SweepShare(**share._asdict()),
    )
