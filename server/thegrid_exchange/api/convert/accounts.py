"""Cash, Units, transfers, Lots and postings.

What the figures mean is said by the contract; how they come about, by the engine.
"""

from collections.abc import Iterable
from typing import Final

from thegrid.v1 import accounts_pb2, lots_pb2
from thegrid_exchange.api.convert.common import Names, time_of
from thegrid_exchange.engine.records import Lot, LotParcel, Transfer
from thegrid_exchange.views.accounts import Cash, PostedLine, Units

CAUSES: Final = Names(
    accounts_pb2.TransferCause,
    "TRANSFER_CAUSE",
    {
        "transfer": "VOLUNTARY",
        "auto_transfer": "ON_FILL",
        "sweep": "SWEEP",
        "auto_buy": "AUTO_BUY",
    },
)


def cash_message(cash: Cash) -> accounts_pb2.CashBalance:
    """A member's cash."""
    return accounts_pb2.CashBalance(
        available_micros=cash.available_micros,
        held_micros=cash.held_micros,
        escrow_micros=cash.escrow_micros,
        withheld_micros=cash.withheld_micros,
        collateral_micros=cash.collateral_micros,
    )


def units_message(units: Units, symbol: str) -> accounts_pb2.UnitBalance:
    """A member's Units of one instrument."""
    return accounts_pb2.UnitBalance(
        instrument_id=units.instrument_id,
        symbol=symbol,
        trading_tokens=units.trading_tokens,
        held_tokens=units.held_tokens,
        lot_tokens=units.lot_tokens,
        reserved_tokens=units.reserved_tokens,
        unsold_tokens=units.unsold_tokens,
        consumed_tokens=units.consumed_tokens,
        expired_tokens=units.expired_tokens,
    )


def transfer_message(transfer: Transfer, sweep_id: str = "") -> accounts_pb2.Transfer:
    """A move from Trading to Consumption."""
    return accounts_pb2.Transfer(
        transfer_id=transfer.transfer_id,
        instrument_id=transfer.instrument_id,
        quantity_units=transfer.quantity_units,
        cause=CAUSES.wire(transfer.origin),
        lot_id=transfer.lot_id,
        sweep_id=sweep_id,
        transfer_time=time_of(transfer.transferred_at_us),
    )


def lot_message(
    lot: Lot, parcels: Iterable[LotParcel], outage_us: int, now_us: int
) -> lots_pb2.Lot:
    """A Lot with its parcels; outages since it was minted have moved its expiry."""
    expires_at_us = lot.expires_at_us + outage_us - lot.outage_base_us
    return lots_pb2.Lot(
        lot_id=lot.lot_id,
        instrument_id=lot.instrument_id,
        state=_lot_state(lot, expires_at_us, now_us),
        tokens=lot.total_tokens,
        free_tokens=lot.free_tokens,
        reserved_tokens=lot.reserved_tokens,
        consumed_tokens=lot.consumed_tokens,
        expired_tokens=lot.expired_tokens,
        refunded_tokens=lot.refunded_tokens,
        parcels=[_parcel_message(parcel) for parcel in parcels],
        mint_time=time_of(lot.minted_at_us),
        expire_time=time_of(expires_at_us),
    )


def _lot_state(lot: Lot, expires_at_us: int, now_us: int) -> lots_pb2.LotState:
    if lot.consumed_tokens == lot.total_tokens:
        return lots_pb2.LOT_STATE_CONSUMED
    is_past = lot.expired_tokens + lot.refunded_tokens > 0 or now_us >= expires_at_us
    return lots_pb2.LOT_STATE_EXPIRED if is_past else lots_pb2.LOT_STATE_OPEN


def _parcel_message(parcel: LotParcel) -> lots_pb2.LotParcel:
    origin = parcel.parcel
    return lots_pb2.LotParcel(
        tokens=parcel.free_tokens + parcel.reserved_tokens + parcel.ended_tokens,
        ended_tokens=parcel.ended_tokens,
        issuer_id=origin.issuer_id,
        issue_trade_id=origin.issue_trade_id,
        issue_price_micros=origin.issue_price_micros,
        cost_trade_id=origin.cost_trade_id,
        cost_price_micros=origin.cost_price_micros,
    )


def posting_message(line: PostedLine) -> accounts_pb2.Posting:
    """One line of the ledger."""
    return accounts_pb2.Posting(
        seq=line.seq,
        line=line.line,
        asset=line.asset,
        account=line.account,
        amount=line.amount,
        balance=line.balance,
        reason=line.cause,
        reference=line.reference,
        posting_time=time_of(line.at_us),
    )
